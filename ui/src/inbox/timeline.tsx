import type { Chat, Message } from "@bothways/client";
import { ActionIcon, Center, Divider, Loader, Text } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useMessagesList } from "../feed/lists";
import { shown } from "../feed/messages";
import { useInbox } from "../feed/store";
import { Empty } from "../parts/empty";
import { Failure } from "../parts/failure";
import { Icon } from "../parts/icon";
import { dayName } from "../parts/time";
import { MessageRow } from "./message-row";
import { rowsOf, type Row } from "./rows";
import classes from "./timeline.module.css";

type Props = { chat: Chat; onReply: (message: Message) => void };

/** How many messages are drawn at first, and how many more each time the reader comes to the top. */
const DRAWN = 80;

/**
 * The messages of a chat. The box scrolls from its end, so that older messages come in above without
 * moving what is read, and a reader at the end stays there.
 */
export function Timeline({ chat, onReply }: Props) {
  const list = useMessagesList(chat.id);
  const held = useInbox(({ messages }) => messages.get(chat.id));
  const [drawn, setDrawn] = useState(DRAWN);
  const all = useMemo(() => (held ? shown(held) : []), [held]);
  const rows = useMemo(() => rowsOf(all.slice(-drawn)), [all, drawn]);
  const { box, away, toEnd, onScroll } = useEnd(() => setDrawn(DRAWN));

  const readOn = () => {
    if (drawn < all.length) setDrawn((before) => before + DRAWN);
    else if (list.hasNextPage && !list.isFetchingNextPage) {
      void list.fetchNextPage().then(() => setDrawn((before) => before + DRAWN));
    }
  };

  if (list.isError && all.length === 0) {
    return (
      <div className={classes.frame}>
        <Failure title="The messages cannot be read" error={list.error} onRetry={() => void list.refetch()} />
      </div>
    );
  }
  if (list.isPending) {
    return (
      <Center className={classes.frame}>
        <Loader aria-label="Loading messages" />
      </Center>
    );
  }
  if (all.length === 0) {
    return (
      <div className={classes.frame}>
        <Empty icon="inbox" title="No messages yet" />
      </div>
    );
  }
  const more = drawn < all.length || list.hasNextPage;
  return (
    <div className={classes.frame}>
      <div
        ref={box}
        className={classes.box}
        onScroll={onScroll}
        tabIndex={0}
        role="log"
        aria-label="Messages"
      >
        <div className={classes.rows}>
          {more && !list.isError && <Top key={`${drawn} of ${all.length}`} onSeen={readOn} />}
          {list.isError && (
            <Failure
              title="Older messages cannot be read"
              error={list.error}
              onRetry={() => void list.fetchNextPage()}
            />
          )}
          {rows.map((row) => (
            <RowView key={row.key} row={row} chat={chat} onReply={onReply} />
          ))}
        </div>
      </div>
      {away && (
        <ActionIcon className={classes.end} radius="xl" size="lg" aria-label="To the newest" onClick={toEnd}>
          <Icon name="arrowDown" />
        </ActionIcon>
      )}
    </div>
  );
}

function RowView({ row, chat, onReply }: { row: Row } & Props) {
  if (row.kind === "day") {
    return (
      <Divider my="sm" label={<Text size="xs">{dayName(row.at, new Date())}</Text>} role="presentation" />
    );
  }
  return (
    <MessageRow
      message={row.message}
      first={row.first}
      root={row.root}
      abilities={chat.abilities}
      onReply={onReply}
    />
  );
}

/** Asks for older messages when it comes into view. */
function Top({ onSeen }: { onSeen: () => void }) {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && onSeen(), {
      rootMargin: "400px",
    });
    if (mark.current) watch.observe(mark.current);
    return () => watch.disconnect();
  });
  return (
    <Center ref={mark} p="md">
      <Loader size="sm" aria-label="Loading older messages" />
    </Center>
  );
}

/** Whether the reader is away from the end, and the way back. */
function useEnd(onReached: () => void) {
  const box = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const onScroll = () => {
    const isAway = Math.abs(box.current?.scrollTop ?? 0) > 300;
    if (away && !isAway) onReached();
    setAway(isAway);
  };
  const toEnd = () => box.current?.scrollTo({ top: 0, behavior: "smooth" });
  return { box, away, toEnd, onScroll };
}

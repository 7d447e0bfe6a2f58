import type { Chat, Message } from "@bothways/client";
import { ActionIcon, Center, Loader, Text } from "@mantine/core";
import { useMemo, useRef, useState } from "react";
import { useMessagesList } from "../feed/lists";
import { shown } from "../feed/messages";
import { useInbox } from "../feed/store";
import { Empty } from "../parts/empty";
import { Failure } from "../parts/failure";
import { Icon } from "../parts/icon";
import { Day } from "./day";
import type { Manner } from "./mail-words";
import { MessageRow } from "./message-row";
import { Reached } from "./reached";
import { rowsOf, type Row } from "./rows";
import { useSought } from "./sought";
import classes from "./timeline.module.css";

type Props = { chat: Chat; onReply: (message: Message, manner?: Manner) => void };

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
  const sought = useSought(all, list);
  const count = Math.max(drawn, sought.reach);
  const rows = useMemo(() => rowsOf(all.slice(-count)), [all, count]);
  const { box, away, toEnd, onScroll } = useEnd(() => setDrawn(DRAWN));

  const readOn = () => {
    if (count < all.length) setDrawn(count + DRAWN);
    else if (list.hasNextPage && !list.isFetchingNextPage) {
      void list.fetchNextPage().then(() => setDrawn(count + DRAWN));
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
  const more = count < all.length || list.hasNextPage;
  return (
    <div className={classes.frame}>
      {sought.isTooFar && (
        <Text role="status" className={classes.note}>
          The message that you opened stands further back, or is gone.
        </Text>
      )}
      <div
        ref={box}
        className={classes.box}
        onScroll={onScroll}
        tabIndex={0}
        role="log"
        aria-label="Messages"
      >
        <div className={classes.rows}>
          {more && !list.isError && (
            <Reached key={`${count} of ${all.length}`} label="Loading older messages" onReached={readOn} />
          )}
          {list.isError && (
            <Failure
              title="Older messages cannot be read"
              error={list.error}
              onRetry={() => void list.fetchNextPage()}
            />
          )}
          {rows.map((row) => (
            <RowView key={row.key} row={row} sought={sought.id} chat={chat} onReply={onReply} />
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

function RowView({ row, sought, chat, onReply }: { row: Row; sought: string | null } & Props) {
  if (row.kind === "day") return <Day at={row.at} />;
  return (
    <MessageRow
      message={row.message}
      first={row.first}
      root={row.root}
      sought={row.message.id === sought}
      abilities={chat.abilities}
      onReply={onReply}
    />
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

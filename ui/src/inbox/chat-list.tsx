import type { Chat } from "@bothways/client";
import { ActionIcon, Group, Loader, Text, TextInput, Title, Tooltip } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useChatsList } from "../feed/lists";
import { useInbox } from "../feed/store";
import { useDialog } from "../parts/dialogs";
import { Icon } from "../parts/icon";
import { includesWords } from "../parts/search";
import { ChatRow } from "./chat-row";
import classes from "./inbox.module.css";
import { NewMailButton } from "./new-mail";

const ROW_HEIGHT = 68;

export function ChatList({ openId }: { openId?: string }) {
  const [search, setSearch] = useState("");
  const chats = useFoundChats(search);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = useChatsList();
  const canReadOn = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: chats.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => chats[index]?.id ?? index,
    overscan: 8,
  });
  const items = rows.getVirtualItems();
  const atEnd = (items.at(-1)?.index ?? -1) >= chats.length - 5;

  // A search reads on to the end, since only names that were read can be searched.
  useEffect(() => {
    if (canReadOn && (atEnd || search)) void fetchNextPage();
  }, [canReadOn, atEnd, search, fetchNextPage]);

  return (
    <section className={classes.column} aria-label="Chats">
      <header className={classes.listHead}>
        <Group justify="space-between" mb={8}>
          <Title order={1} size="h4">
            Inbox
          </Title>
          <Group gap={4}>
            <NewMailButton />
            <ImportButton />
          </Group>
        </Group>
        <TextInput
          size="xs"
          placeholder="Filter by name"
          aria-label="Filter by name"
          leftSection={<Icon name="search" size={15} />}
          value={search}
          onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      </header>
      <div ref={box} className={classes.scroll}>
        <ul className={classes.rows} style={{ height: rows.getTotalSize() }}>
          {items.map(({ key, index, start }) => {
            const chat = chats[index];
            return (
              chat && (
                <li key={key} className={classes.row} style={{ height: ROW_HEIGHT, top: start }}>
                  <ChatRow chat={chat} open={chat.id === openId} />
                </li>
              )
            );
          })}
        </ul>
        {isFetchingNextPage && <Loader size="sm" m="md" aria-label="Loading chats" />}
        {chats.length === 0 && !isFetchingNextPage && (
          <Text p="md" size="sm" c="dimmed">
            {search ? "No chat has this name." : "No chats yet."}
          </Text>
        )}
      </div>
    </section>
  );
}

function useFoundChats(search: string): Chat[] {
  const known = useInbox(({ chats }) => chats);
  const sorted = useMemo(() => [...known.values()].sort(newestFirst), [known]);
  return useMemo(() => sorted.filter(({ name }) => includesWords(name, search)), [sorted, search]);
}

function newestFirst(one: Chat, other: Chat): number {
  if (one.active_at !== other.active_at) return one.active_at < other.active_at ? 1 : -1;
  return one.id < other.id ? -1 : 1;
}

function ImportButton() {
  const only = useInbox(({ connections }) =>
    connections.size === 1 ? connections.keys().next().value : undefined,
  );
  const { openDialog } = useDialog();
  const label = "Import chats";
  if (!only) return null;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" aria-label={label} onClick={() => openDialog("import", only)}>
        <Icon name="import" />
      </ActionIcon>
    </Tooltip>
  );
}

import type { AvailableChat } from "@bothways/client";
import { Badge, Checkbox, Loader, Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { chatKinds } from "../parts/chat-kind";
import classes from "./connections.module.css";

type Props = {
  chats: AvailableChat[];
  picked: ReadonlySet<string>;
  loading: boolean;
  /** Only some of all chats are wanted. */
  narrowed: boolean;
  onPick: (externalId: string, on: boolean) => void;
  onEnd: () => void;
};

const ROW_HEIGHT = 44;

export function AvailableList({ chats, picked, loading, narrowed, onPick, onEnd }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: chats.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (chats.length > 0 && last >= chats.length - 5) onEnd();
  });

  return (
    <div ref={box} className={classes.chats} role="group" aria-label="Chats" aria-busy={loading}>
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {items.map(({ index, start }) => {
          const chat = chats[index];
          return (
            chat && (
              <div key={chat.external_id} style={{ position: "absolute", top: start, left: 0, right: 0 }}>
                <Row chat={chat} picked={picked.has(chat.external_id)} onPick={onPick} />
              </div>
            )
          );
        })}
      </div>
      {loading && <Loader size="sm" m="md" aria-label="Loading chats" />}
      {!loading && chats.length === 0 && (
        <Text p="md" c="dimmed" size="sm">
          {narrowed ? "No such chat is found." : "The platform shows no chat to this login."}
        </Text>
      )}
    </div>
  );
}

type RowProps = { chat: AvailableChat; picked: boolean; onPick: Props["onPick"] };

function Row({ chat, picked, onPick }: RowProps) {
  const imported = chat.state === "imported";
  return (
    <label className={classes.chat} style={{ height: ROW_HEIGHT }} data-imported={imported || undefined}>
      <Checkbox
        checked={picked || imported}
        disabled={imported}
        onChange={({ currentTarget }) => onPick(chat.external_id, currentTarget.checked)}
        aria-label={chat.name}
      />
      <Text span truncate flex={1} size="sm">
        {chat.name}
      </Text>
      {chat.archived && (
        <Badge variant="default" size="sm">
          Archived
        </Badge>
      )}
      {imported ? (
        <Badge variant="light" color="green" size="sm">
          Imported
        </Badge>
      ) : (
        <Text span size="xs" c="dimmed">
          {chatKinds[chat.kind]}
        </Text>
      )}
    </label>
  );
}

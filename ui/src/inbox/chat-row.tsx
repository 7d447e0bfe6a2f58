import type { Chat } from "@bothways/client";
import { ActionIcon, Badge, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { memo } from "react";
import { Link } from "wouter";
import { Icon } from "../parts/icon";
import { PersonAvatar } from "../parts/person-avatar";
import { PlatformBadge } from "../parts/platform-badge";
import { fullTime, shortTime } from "../parts/time";
import { DeleteChat } from "./delete-chat";
import classes from "./inbox.module.css";

export const ChatRow = memo(function ChatRow({ chat, open }: { chat: Chat; open: boolean }) {
  const [deleting, { open: ask, close }] = useDisclosure();
  const { last_message: last } = chat;
  return (
    <>
      <Link
        to={`/chats/${chat.id}`}
        className={classes.rowLink}
        data-open={open || undefined}
        aria-current={open || undefined}
      >
        <span className={classes.face}>
          <ChatFace chat={chat} />
          <span className={classes.faceBadge}>
            <PlatformBadge platform={chat.platform} size={16} />
          </span>
        </span>
        <span className={classes.rowWords}>
          <span className={classes.rowLine}>
            <Text span truncate fw={600} size="sm">
              {chat.name}
            </Text>
            {chat.archived && <span className={classes.archived}>archived</span>}
            <time className={classes.rowTime} dateTime={chat.active_at} title={fullTime(chat.active_at)}>
              {shortTime(last?.sent_at ?? chat.active_at, new Date())}
            </time>
          </span>
          <span className={classes.rowLine}>
            <Text span truncate size="xs" c="dimmed" display="block" flex={1}>
              {preview(chat)}
            </Text>
            <Unread count={open ? 0 : (chat.unread_count ?? 0)} />
          </span>
        </span>
      </Link>
      <Tooltip label="Delete chat">
        <ActionIcon
          className={classes.rowDelete}
          variant="default"
          aria-label={`Delete chat ${chat.name}`}
          onClick={ask}
        >
          <Icon name="trash" size={16} />
        </ActionIcon>
      </Tooltip>
      <DeleteChat chat={chat} opened={deleting} onClose={close} />
    </>
  );
});

function Unread({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <Badge size="sm" circle={count < 10} aria-label={`${count} unread`}>
      {count < 100 ? count : "99+"}
    </Badge>
  );
}

function ChatFace({ chat }: { chat: Chat }) {
  const others = chat.participants.filter(({ me }) => !me);
  const other = others[0];
  if (chat.kind === "channel") return <span className={classes.channel}>#</span>;
  return (
    <PersonAvatar
      name={other?.name ?? chat.name}
      url={others.length === 1 ? other?.avatar_url : null}
      size={40}
    />
  );
}

function preview({ last_message: last, kind }: Chat): string {
  if (!last) return "No messages yet";
  const text = last.preview || "A message without text";
  return last.sender_name && kind !== "direct" ? `${last.sender_name}: ${text}` : text;
}

import type { ChatHit, Hit } from "@bothways/client";
import { Text } from "@mantine/core";
import { Link } from "wouter";
import { messageAddress } from "../parts/addresses";
import { PersonAvatar } from "../parts/person-avatar";
import { PlatformBadge } from "../parts/platform-badge";
import { fullTime, shortTime } from "../parts/time";
import { Pieces } from "./pieces";
import classes from "./search.module.css";

export function MessageFound({ hit: { message, chat_name, snippet } }: { hit: Hit }) {
  const own = message.direction === "outgoing";
  const name = own ? "You" : (message.sender?.name ?? "Somebody");
  return (
    <li>
      <Link to={messageAddress(message)} className={classes.hit}>
        <PersonAvatar name={message.sender?.name ?? name} url={message.sender?.avatar_url} />
        <span className={classes.words}>
          <span className={classes.line}>
            <Text span truncate size="sm" fw={600}>
              {name}
            </Text>
            <Text span truncate size="xs" c="dimmed" className={classes.where}>
              <PlatformBadge platform={message.platform} size={14} /> {chat_name}
            </Text>
            <time className={classes.time} dateTime={message.sent_at} title={fullTime(message.sent_at)}>
              {shortTime(message.sent_at, new Date())}
            </time>
          </span>
          <span className={classes.snippet} dir="auto">
            {snippet.length > 0 ? <Pieces pieces={snippet} /> : <Files message={message} />}
          </span>
        </span>
      </Link>
    </li>
  );
}

/** A message without text was found by its files, or by who sent it. */
function Files({ message: { attachments } }: Pick<Hit, "message">) {
  return attachments.map(({ name }) => name).join(", ") || "A message without text";
}

export function ChatFound({ hit: { chat, name } }: { hit: ChatHit }) {
  const people = chat.participants.filter(({ me }) => !me).map((person) => person.name);
  return (
    <li>
      <Link to={`/chats/${chat.id}`} className={classes.hit}>
        <PlatformBadge platform={chat.platform} size={24} />
        <span className={classes.words}>
          <Text span truncate size="sm" fw={600} display="block">
            <Pieces pieces={name} />
          </Text>
          {people.length > 0 && (
            <Text span truncate size="xs" c="dimmed" display="block">
              {people.join(", ")}
            </Text>
          )}
        </span>
      </Link>
    </li>
  );
}

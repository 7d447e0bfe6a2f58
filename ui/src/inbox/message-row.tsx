import type { Abilities, Message } from "@bothways/client";
import { Text } from "@mantine/core";
import { memo, useState } from "react";
import { PersonAvatar } from "../parts/person-avatar";
import { clockTime, fullTime } from "../parts/time";
import { Bubble } from "./bubble";
import { EditForm } from "./edit-form";
import { MailHead } from "./mail-head";
import { sheetHtml } from "./mail-sheet";
import type { Manner } from "./mail-words";
import { MessageActions } from "./message-actions";
import classes from "./message.module.css";
import { Delivery } from "./delivery";
import { Reactions } from "./reactions";
import type { Root } from "./rows";

type Props = {
  message: Message;
  /** The first of several of one sender bears the name. */
  first: boolean;
  root: Root | null;
  /** The one that somebody came for. */
  sought?: boolean;
  abilities: Abilities;
  onReply: (message: Message, manner?: Manner) => void;
};

export const MessageRow = memo(function MessageRow(props: Props) {
  const { message, first, root, sought, abilities, onReply } = props;
  const [editing, setEditing] = useState(false);
  // Of this mail, until it is out of sight: nothing remembers it.
  const [remote, setRemote] = useState(false);
  if (message.direction === "system") return <SystemLine message={message} />;
  const own = message.direction === "outgoing";
  const name = message.sender?.name ?? (own ? "You" : "Somebody");
  return (
    <article
      id={message.id}
      className={classes.row}
      data-own={own || undefined}
      data-first={first || undefined}
      data-status={message.status}
      data-sought={sought || undefined}
      data-wide={sheetHtml(message) && !message.deleted_at ? true : undefined}
      aria-label={`${own ? "You" : name}, ${fullTime(message.sent_at)}`}
    >
      {!own && (
        <div className={classes.face}>
          {first && <PersonAvatar name={name} url={message.sender?.avatar_url} />}
        </div>
      )}
      <div className={classes.body}>
        {first && (
          <div className={classes.head}>
            {!own && (
              <Text span size="sm" fw={600} truncate>
                {name}
              </Text>
            )}
            <time dateTime={message.sent_at} title={fullTime(message.sent_at)}>
              {clockTime(message.sent_at)}
            </time>
          </div>
        )}
        {message.recipients && (
          <MailHead message={message} remote={remote} onRemote={() => setRemote(true)} />
        )}
        {editing ? (
          <EditForm message={message} limit={abilities.longest_edit} onDone={() => setEditing(false)} />
        ) : (
          <div className={classes.line} tabIndex={-1}>
            <Bubble message={message} root={root} remote={remote} />
            <MessageActions
              message={message}
              root={root}
              abilities={abilities}
              onReply={onReply}
              onEdit={() => setEditing(true)}
            />
          </div>
        )}
        <Reactions message={message} canReact={abilities.react} />
        <Delivery message={message} />
      </div>
    </article>
  );
});

function SystemLine({ message }: { message: Message }) {
  return (
    <p id={message.id} className={classes.system} title={fullTime(message.sent_at)}>
      {message.deleted_at ? "This message was deleted" : message.body.text}
    </p>
  );
}

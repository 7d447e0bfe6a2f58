import type { Chat, Message } from "@bothways/client";
import { CloseButton, Group, Text } from "@mantine/core";
import { Link } from "wouter";
import { useInbox } from "../feed/store";
import { takesMessages } from "../parts/connection-state";
import { Icon } from "../parts/icon";
import { useSend } from "./calls";
import { drafts, useDraft } from "./draft";
import classes from "./inbox.module.css";
import { MailComposer } from "./mail-composer";
import type { Manner } from "./mail-words";
import { WritingBox } from "./writing-box";

/** What is answered: in its thread, or as a mail in some manner. */
export type Reply = { message: Message; manner: Manner | undefined };

type Props = { chat: Chat; reply: Reply | null; onReplied: () => void };

export function Composer({ chat, reply, onReplied }: Props) {
  const connection = useInbox(({ connections }) => connections.get(chat.connection_id));
  if (!chat.abilities.send) {
    return (
      <Closed>{chat.archived ? "This chat is archived." : "Nothing can be written in this chat."}</Closed>
    );
  }
  if (!takesMessages(connection)) {
    return (
      <Closed>
        The connection is closed. <Link to="/connections">See what can be done</Link>
      </Closed>
    );
  }
  if (chat.abilities.mail) {
    const answering = reply && { message: reply.message, manner: reply.manner ?? "reply_all" };
    return <MailComposer chat={chat} answering={answering} onDone={onReplied} />;
  }
  return <Writing chat={chat} replyTo={reply?.message ?? null} onReplied={onReplied} />;
}

function Closed({ children }: { children: React.ReactNode }) {
  return (
    <Text size="sm" c="dimmed" ta="center" className={classes.composer}>
      {children}
    </Text>
  );
}

type WritingProps = { chat: Chat; replyTo: Message | null; onReplied: () => void };

function Writing({ chat, replyTo, onReplied }: WritingProps) {
  const text = useDraft(chat.id);
  const send = useSend(chat.id);
  return (
    <WritingBox
      abilities={chat.abilities}
      label={`Write to ${chat.name}`}
      placeholder={`Write to ${chat.name}`}
      text={text}
      focus={replyTo}
      canSend
      enterSends
      onWrite={(written) => drafts.write(chat.id, written)}
      onSend={(files, giveBack) => {
        send.mutate(drafts.take(chat.id, replyTo?.id, files), { onError: giveBack });
        onReplied();
      }}
      onEscape={onReplied}
      above={replyTo && <ReplyNote message={replyTo} onDrop={onReplied} />}
    />
  );
}

function ReplyNote({ message, onDrop }: { message: Message; onDrop: () => void }) {
  const name = message.direction === "outgoing" ? "yourself" : (message.sender?.name ?? "somebody");
  return (
    <Group className={classes.replyNote} gap="xs" wrap="nowrap">
      <Icon name="reply" size={15} />
      <Text size="xs" truncate flex={1}>
        In a thread, to <b>{name}</b>: {message.body.text}
      </Text>
      <CloseButton size="sm" aria-label="Do not reply in the thread" onClick={onDrop} />
    </Group>
  );
}

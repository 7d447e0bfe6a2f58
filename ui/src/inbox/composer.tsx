import type { Chat, Message } from "@bothways/client";
import { ActionIcon, CloseButton, Group, Text, Textarea } from "@mantine/core";
import { useEffect, useRef, type KeyboardEvent, type SyntheticEvent } from "react";
import { Link } from "wouter";
import { useInbox } from "../feed/store";
import { takesMessages } from "../parts/connection-state";
import { Icon } from "../parts/icon";
import { useSend } from "./calls";
import { drafts, useDraft } from "./draft";
import { fitOf } from "./fit";
import classes from "./inbox.module.css";
import { UploadList } from "./upload-list";
import { useUploads } from "./uploads";

type Props = { chat: Chat; replyTo: Message | null; onReplied: () => void };

export function Composer({ chat, replyTo, onReplied }: Props) {
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
  return <Writing chat={chat} replyTo={replyTo} onReplied={onReplied} />;
}

function Closed({ children }: { children: React.ReactNode }) {
  return (
    <Text size="sm" c="dimmed" ta="center" className={classes.composer}>
      {children}
    </Text>
  );
}

function Writing({ chat, replyTo, onReplied }: Props) {
  const text = useDraft(chat.id);
  const field = useRef<HTMLTextAreaElement>(null);
  const send = useSend(chat.id);
  const limit = chat.abilities.longest_text;
  const files = useUploads(chat.abilities);
  const chooser = useRef<HTMLInputElement>(null);
  const { left, near, ...fit } = fitOf(text, limit);
  const whole = files.uploads.every(({ id }) => id);
  const canSend = files.uploads.length > 0 ? whole && left >= 0 : fit.canSend;

  useEffect(() => {
    if (replyTo) field.current?.focus();
  }, [replyTo]);

  const submit = () => {
    if (!canSend) return;
    const taken = files.take();
    const ids = taken.flatMap(({ id }) => id ?? []);
    send.mutate(drafts.take(chat.id, replyTo?.id, ids), { onError: () => files.giveBack(taken) });
    onReplied();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onReplied();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };

  const attach = (event: SyntheticEvent, transfer: DataTransfer) => {
    if (!chat.abilities.files || transfer.files.length === 0) return;
    event.preventDefault();
    files.add([...transfer.files]);
  };

  return (
    <div
      className={classes.composer}
      onPaste={(event) => attach(event, event.clipboardData)}
      onDrop={(event) => attach(event, event.dataTransfer)}
      onDragOver={(event) => event.preventDefault()}
    >
      <UploadList uploads={files.uploads} onDrop={files.drop} />
      {replyTo && <ReplyNote message={replyTo} onDrop={onReplied} />}
      <Group gap="xs" align="flex-end" wrap="nowrap">
        {chat.abilities.files && (
          <>
            <ActionIcon
              size={36}
              variant="subtle"
              aria-label="Attach files"
              onClick={() => chooser.current?.click()}
            >
              <Icon name="plus" />
            </ActionIcon>
            <input
              ref={chooser}
              type="file"
              multiple
              hidden
              onChange={({ currentTarget }) => {
                files.add([...(currentTarget.files ?? [])]);
                currentTarget.value = "";
              }}
            />
          </>
        )}
        <Textarea
          ref={field}
          flex={1}
          autosize
          minRows={1}
          maxRows={8}
          placeholder={`Write to ${chat.name}`}
          aria-label={`Write to ${chat.name}`}
          value={text}
          error={left < 0}
          onChange={({ currentTarget }) => drafts.write(chat.id, currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <ActionIcon size={36} aria-label="Send" disabled={!canSend} onClick={submit}>
          <Icon name="send" />
        </ActionIcon>
      </Group>
      {near && (
        <Text size="xs" c={left < 0 ? "red" : "dimmed"} mt={4} role="status">
          {left < 0
            ? `${(-left).toLocaleString()} characters too many. The limit is ${limit.toLocaleString()}.`
            : `${left.toLocaleString()} of ${limit.toLocaleString()} characters left`}
        </Text>
      )}
    </div>
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

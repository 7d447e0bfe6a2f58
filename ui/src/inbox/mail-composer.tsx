import type { Chat, Message } from "@bothways/client";
import { ActionIcon, CloseButton, Text } from "@mantine/core";
import { useState } from "react";
import { useInbox } from "../feed/store";
import { Icon } from "../parts/icon";
import { AddressLines } from "./address-lines";
import { useSend } from "./calls";
import { drafts, useDraft, type SendingMail } from "./draft";
import { addressee, isAddress, linesOf, newestMail, typed, type Lines, type Manner } from "./mail-words";
import classes from "./mail.module.css";
import { SENDS, WritingBox } from "./writing-box";

export type Answering = { message: Message; manner: Manner };

type Props = { chat: Chat; answering: Answering | null; onDone: () => void };

const DEEDS: Record<Manner, string> = { reply_all: "Reply to all", reply: "Reply", forward: "Forward" };

/** Writes an answer, or hands a mail on. Its lines are what an answer has by itself, until somebody opens them. */
export function MailComposer({ chat, answering, onDone }: Props) {
  const newest = useInbox(({ messages }) => newestMail(messages.get(chat.id)?.all ?? []));
  const manner = answering?.manner ?? "reply_all";
  const about = answering?.message ?? newest;
  const [opened, setOpened] = useState<{ lines: Lines; of: string } | null>(null);
  const of = `${manner} ${about?.id ?? ""}`;
  const own = linesOf(about, manner);
  // Whom a forward goes to, nobody but its writer knows.
  const lines = opened?.of === of ? opened.lines : manner === "forward" ? own : null;
  const send = useSend(chat.id);
  const text = useDraft(chat.id);
  const shown = lines ?? own;
  const people = [...shown.to, ...shown.cc, ...shown.bcc];
  const addressed = lines === null || (people.length > 0 && people.every(isAddress));

  const submit = (files: readonly string[], giveBack: () => void) => {
    const mail: SendingMail = {
      manner,
      ...(answering && { about: answering.message.id }),
      ...(lines && {
        to: lines.to.map(addressee),
        cc: lines.cc.map(addressee),
        bcc: lines.bcc.map(addressee),
        subject: lines.subject,
      }),
    };
    send.mutate(drafts.take(chat.id, undefined, files, mail), { onError: giveBack });
    setOpened(null);
    onDone();
  };
  return (
    <WritingBox
      abilities={chat.abilities}
      label={`${DEEDS[manner]}: ${chat.name}`}
      placeholder={manner === "forward" ? "Say something about it" : `${DEEDS[manner]}…`}
      text={text}
      focus={manner === "forward" ? null : answering}
      canSend={addressed}
      onWrite={(written) => drafts.write(chat.id, written)}
      onSend={submit}
      onEscape={onDone}
      above={
        <>
          <div className={classes.envelope}>
            <Icon
              name={manner === "forward" ? "forward" : manner === "reply" ? "reply" : "replyAll"}
              size={15}
            />
            <button
              type="button"
              className={classes.summary}
              title={lines ? "Fold the lines away" : "Change to whom it goes, and its subject"}
              aria-expanded={lines !== null}
              onClick={() => setOpened(lines ? null : { lines: own, of })}
            >
              {DEEDS[manner]}
              {lines === null && summary(own)}
            </button>
            {lines === null && (
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label="Change to whom it goes, and its subject"
                onClick={() => setOpened({ lines: own, of })}
              >
                <Icon name="edit" size={14} />
              </ActionIcon>
            )}
            {answering && <CloseButton size="sm" aria-label="Answer to all instead" onClick={onDone} />}
          </div>
          {lines && (
            <AddressLines
              key={of}
              lines={lines}
              focus={manner === "forward"}
              suggestions={suggested(chat, people)}
              onChange={(changed) => setOpened({ lines: changed, of })}
            />
          )}
        </>
      }
      below={
        <Text span size="xs" c="dimmed">
          Enter makes a new line, {SENDS} sends.
        </Text>
      }
    />
  );
}

/** To whom it will go, without their addresses. */
function summary({ to, cc }: Lines): string {
  const names = (people: readonly string[]) =>
    people.map((one) => addressee(one).name ?? addressee(one).address).join(", ");
  return `${to.length > 0 ? `, to ${names(to)}` : ""}${cc.length > 0 ? ` · cc ${names(cc)}` : ""}`;
}

function suggested({ participants }: Chat, taken: readonly string[]): string[] {
  const known = new Set(taken.map((one) => addressee(one).address));
  const others = participants.filter(({ me, external_id }) => !me && !known.has(external_id));
  return others.map(({ name, external_id }) => typed({ name, address: external_id }));
}

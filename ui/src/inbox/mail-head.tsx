import type { Message } from "@bothways/client";
import { Tooltip } from "@mantine/core";
import { useState } from "react";
import { useInbox } from "../feed/store";
import { invitationLine } from "./invitation-words";
import { hasRemotePictures } from "./mail-sheet";
import { notesOf, ownSubject, recipientsLine } from "./mail-words";
import classes from "./mail.module.css";

type Props = {
  message: Message;
  /** Its pictures from elsewhere are shown. */
  remote: boolean;
  /** Somebody asks for them. */
  onRemote: () => void;
};

/** To whom a mail went, in one quiet line that opens to all addresses; and its subject, if that is its own. */
export function MailHead({ message, remote, onRemote }: Props) {
  const [open, setOpen] = useState(false);
  const chatName = useInbox(({ chats }) => chats.get(message.chat_id)?.name);
  const line = recipientsLine(message);
  const subject = ownSubject(message, chatName);
  const notes = message.deleted_at ? [] : notesOf(message, remote);
  const offered = !remote && !message.deleted_at && hasRemotePictures(message);
  const { invitation } = message;
  if (!line && !subject && !invitation && notes.length === 0) return null;
  return (
    <div className={classes.head}>
      {subject && <div className={classes.subject}>{subject}</div>}
      <div className={classes.line}>
        {line && (
          <button
            type="button"
            className={classes.recipients}
            aria-expanded={open}
            title={open ? "Fold the addresses away" : "Show all addresses"}
            onClick={() => setOpen(!open)}
          >
            {line}
          </button>
        )}
        {notes.map(({ words, why }) => (
          <Tooltip key={words} label={why} multiline maw={280}>
            <span className={classes.note} tabIndex={0}>
              {words}
            </span>
          </Tooltip>
        ))}
        {offered && (
          <button type="button" className={classes.recipients} onClick={onRemote}>
            Show pictures
          </button>
        )}
      </div>
      {open && <Addresses message={message} />}
      {invitation && <p className={classes.invitation}>{invitationLine(invitation)}</p>}
    </div>
  );
}

function Addresses({ message: { sender, recipients } }: { message: Message }) {
  if (!recipients) return null;
  const from = sender ? [{ name: sender.name, address: sender.external_id }] : [];
  const lines = [
    ["From", from],
    ["To", recipients.to],
    ["Cc", recipients.cc],
    ["Bcc", recipients.bcc],
    ["Answers to", recipients.reply_to],
  ] as const;
  return (
    <dl className={classes.addresses}>
      {lines.map(
        ([label, people]) =>
          people.length > 0 && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                {people.map(({ name, address }) => (
                  <span key={address}>{name && name !== address ? `${name} <${address}>` : address}</span>
                ))}
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}

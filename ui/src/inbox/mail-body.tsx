import type { Message } from "@bothways/client";
import { Tooltip } from "@mantine/core";
import { useState } from "react";
import { LinkedText } from "../parts/linked-text";
import { RichText } from "../parts/rich-text";
import { MailFrame } from "./mail-frame";
import { sheetHtml } from "./mail-sheet";
import classes from "./mail.module.css";

type Props = {
  message: Message;
  /** Somebody asked for its pictures from elsewhere. */
  remote: boolean;
};

/** What a mail says: as its own HTML where it has any, and the history that it quotes folded away. */
export function MailBody({ message, remote }: Props) {
  const { body, quoted, attachments } = message;
  const html = sheetHtml(message);
  const says = html ? (
    <MailFrame html={html} attachments={attachments} remote={remote} label="What the mail says" />
  ) : (
    body.text && <RichText body={body} />
  );
  return (
    <>
      {says}
      {quoted && <Quoted quoted={quoted} attachments={attachments} remote={remote} />}
    </>
  );
}

type QuotedProps = {
  quoted: NonNullable<Message["quoted"]>;
  attachments: Message["attachments"];
  remote: boolean;
};

function Quoted({ quoted, attachments, remote }: QuotedProps) {
  const [open, setOpen] = useState(false);
  const label = open ? "Fold the earlier mails away" : "Show the earlier mails";
  return (
    <>
      <Tooltip label={label}>
        <button
          type="button"
          className={classes.fold}
          aria-label={label}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          …
        </button>
      </Tooltip>
      {open &&
        (quoted.html ? (
          <MailFrame html={quoted.html} attachments={attachments} remote={remote} label="The earlier mails" />
        ) : (
          <div className={classes.history}>
            <LinkedText text={quoted.text} />
          </div>
        ))}
    </>
  );
}

import type { Message } from "@bothways/client";
import { RichText } from "../parts/rich-text";
import { fullTime } from "../parts/time";
import { File } from "./file";
import { MailBody } from "./mail-body";
import { filesBeside, sheetHtml } from "./mail-sheet";
import classes from "./message.module.css";
import type { Root } from "./rows";

type Props = {
  message: Message;
  root: Root | null;
  /** Somebody asked for its pictures from elsewhere. */
  remote: boolean;
};

export function Bubble({ message, root, remote }: Props) {
  const { pending_change: change, deleted_at, edited_at, attachments } = message;
  if (deleted_at) {
    return (
      <div className={classes.bubble} data-deleted>
        This message was deleted
      </div>
    );
  }
  const changing = change?.status === "pending" ? change : null;
  const body = changing?.body ?? message.body;
  const text = body.text;
  const html = sheetHtml(message);
  const files = filesBeside(html, attachments);
  const empty = !text && !html && !message.quoted && attachments.length === 0;
  return (
    <div
      className={classes.bubble}
      data-faint={changing !== null || message.status === "pending" || undefined}
      data-sheet={html ? true : undefined}
    >
      {root && <Quote root={root} />}
      {message.broadcast && <div className={classes.broadcast}>Also shown outside of its thread</div>}
      {(text || html || message.quoted) && (
        <div className={classes.text} dir="auto" data-struck={changing?.kind === "delete" || undefined}>
          {message.recipients ? <MailBody message={message} remote={remote} /> : <RichText body={body} />}
          {edited_at && !changing && (
            <span className={classes.edited} title={`Edited ${fullTime(edited_at)}`}>
              {" "}
              (edited)
            </span>
          )}
        </div>
      )}
      {files.map((file) => (
        <File key={file.id} file={file} platform={message.platform} />
      ))}
      {empty && <span className={classes.edited}>A message without text</span>}
    </div>
  );
}

/** What a reply answers to. */
function Quote({ root: { message: root } }: { root: Root }) {
  if (!root) return <div className={classes.quote}>In a thread</div>;
  const show = () => {
    const scroll = { block: "center", behavior: "smooth" } as const;
    document.getElementById(root.id)?.scrollIntoView(scroll);
  };
  return (
    <button
      type="button"
      className={classes.quote}
      onClick={show}
      title="Show the message that began the thread"
    >
      <b>{root.direction === "outgoing" ? "You" : (root.sender?.name ?? "Somebody")}</b>{" "}
      {root.deleted_at ? "This message was deleted" : root.body.text || "A message without text"}
    </button>
  );
}

import type { Emoji, Words } from "@bothways/client";
import { createElement, Fragment, type ReactNode } from "react";
import { EmojiPicture } from "./emoji-picture";
import { partsOf, type Element, type Part } from "./html";
import { LinkedText } from "./linked-text";
import classes from "./rich-text.module.css";

/** What a message says, with its looks. */
export function RichText({ body }: { body: Words }) {
  if (!body.html) return <LinkedText text={body.text} />;
  return <div className={classes.rich}>{drawn(partsOf(body.html), body.emoji ?? [])}</div>;
}

function drawn(parts: Part[], emoji: Emoji[]): ReactNode {
  return parts.map((part, at) =>
    typeof part === "string" ? part : <Fragment key={at}>{drawnElement(part, emoji)}</Fragment>,
  );
}

function drawnElement({ tag, parts, href, start, kind }: Element, emoji: Emoji[]): ReactNode {
  switch (tag) {
    case "br":
      return <br />;
    case "a":
      if (!href) return drawn(parts, emoji);
      return (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow">
          {drawn(parts, emoji)}
        </a>
      );
    case "ol":
      return <ol start={start}>{drawn(parts, emoji)}</ol>;
    case "span":
      return <span data-kind={kind}>{kind === "emoji" ? pictured(parts, emoji) : drawn(parts, emoji)}</span>;
    default:
      return createElement(tag, null, drawn(parts, emoji));
  }
}

/** The words of an emoji are its name between colons. */
function pictured(parts: Part[], emoji: Emoji[]): ReactNode {
  const [name] = parts;
  if (typeof name !== "string") return drawn(parts, emoji);
  return <EmojiPicture name={name} emoji={emoji.find((one) => `:${one.name}:` === name)} />;
}

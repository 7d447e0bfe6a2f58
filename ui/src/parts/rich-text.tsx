import type { Words } from "@bothways/client";
import { createElement, Fragment, type ReactNode } from "react";
import { partsOf, type Element, type Part } from "./html";
import { LinkedText } from "./linked-text";
import classes from "./rich-text.module.css";

/** What a message says, with its looks. */
export function RichText({ body }: { body: Words }) {
  if (!body.html) return <LinkedText text={body.text} />;
  return <div className={classes.rich}>{drawn(partsOf(body.html))}</div>;
}

function drawn(parts: Part[]): ReactNode {
  return parts.map((part, at) =>
    typeof part === "string" ? part : <Fragment key={at}>{drawnElement(part)}</Fragment>,
  );
}

function drawnElement({ tag, parts, href, start, kind }: Element): ReactNode {
  switch (tag) {
    case "br":
      return <br />;
    case "a":
      if (!href) return drawn(parts);
      return (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow">
          {drawn(parts)}
        </a>
      );
    case "ol":
      return <ol start={start}>{drawn(parts)}</ol>;
    case "span":
      return <span data-kind={kind}>{drawn(parts)}</span>;
    default:
      return createElement(tag, null, drawn(parts));
  }
}

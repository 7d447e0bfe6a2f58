import type { Attachment } from "@bothways/client";
import { useEffect, useRef, useState } from "react";
import { SANDBOX, sheetOf } from "./mail-sheet";
import classes from "./mail.module.css";

type Props = {
  html: string;
  attachments: readonly Attachment[];
  /** Somebody asked for its pictures from elsewhere. */
  remote: boolean;
  label: string;
};

/** Higher than this, a mail scrolls within its own sheet. */
const HIGHEST = 20_000;

/** A mail's own HTML on a white sheet, as high as it is. Nothing in it reaches the page. */
export function MailFrame({ html, attachments, remote, label }: Props) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(40);
  const [loaded, setLoaded] = useState(0);
  useEffect(() => {
    const sheet = frame.current?.contentDocument?.body;
    if (!sheet) return;
    const measure = () => setHeight(Math.min(Math.ceil(sheet.getBoundingClientRect().height), HIGHEST));
    const watch = new ResizeObserver(measure);
    watch.observe(sheet);
    return () => watch.disconnect();
  }, [loaded]);
  return (
    <iframe
      ref={frame}
      className={classes.sheet}
      title={label}
      sandbox={SANDBOX}
      referrerPolicy="no-referrer"
      srcDoc={sheetOf(html, attachments, remote)}
      style={{ height }}
      onLoad={() => setLoaded((before) => before + 1)}
    />
  );
}

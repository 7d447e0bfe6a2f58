/**
 * The page that a mail's own HTML is shown in. The server has cleaned it; this is the second wall: a frame of its own,
 * where no script runs and nothing is fetched but what the mail brings itself, and pictures once somebody asks for them.
 */
import type { Attachment, Message } from "@bothways/client";

/**
 * What the frame may do. No scripts; `allow-same-origin` is what lets us measure how high it is, and without scripts
 * nobody in it could use it.
 */
export const SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox";

/** Inline pictures are the mail's own files, which come from here. */
const OWN_PICTURES = "'self' data:";
const ALL_PICTURES = `${OWN_PICTURES} https: http:`;

const STYLE = `
  html { color-scheme: light; overflow-x: auto; overflow-y: hidden; }
  body {
    margin: 0; padding: 10px 14px; color: #1f2328; background: #fff;
    font: 14.5px/1.45 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
    overflow-wrap: anywhere;
  }
  body > :first-child { margin-top: 0; }
  body > :last-child { margin-bottom: 0; }
  img { max-width: 100%; height: auto; }
  img:not([src]) { display: none; }
  table { max-width: 100%; }
  pre { white-space: pre-wrap; }
  blockquote { margin: 8px 0; padding-left: 10px; border-left: 3px solid #d0d7de; color: #57606a; }
  a { color: #0969da; }
`;

/** The whole page; with its pictures from elsewhere only if somebody asked for them. */
export function sheetOf(html: string, attachments: readonly Attachment[], remote: boolean): string {
  const policy = `default-src 'none'; img-src ${remote ? ALL_PICTURES : OWN_PICTURES}; style-src 'unsafe-inline'`;
  const own = withPictures(html, attachments);
  return (
    `<!doctype html><html><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer">` +
    `<base target="_blank"><style>${STYLE}</style></head><body>${remote ? withRemotePictures(own) : own}</body></html>`
  );
}

/** A picture that is elsewhere bears its address where nothing fetches it. */
const REMOTE = /(<img\b[^>]*?) data-remote-src="(https?:\/\/[^"]*)"/gi;

export function withRemotePictures(html: string): string {
  return html.replace(REMOTE, '$1 src="$2"');
}

/** Whether a mail, or what it quotes, has pictures that somebody may ask for. */
export function hasRemotePictures({ mail_html, quoted }: Message): boolean {
  return [mail_html, quoted?.html].some((html) => html && withRemotePictures(html) !== html);
}

/**
 * Whether HTML only puts words into lines, as most programs write every mail. Then the words are shown like those of
 * any other message.
 */
export function isOnlyWords(html: string): boolean {
  return [...html.matchAll(/<[^>]*>/g)].every(([tag]) =>
    /^<\/?(div|p|br|span)( dir="\w+")?\s*\/?>$/.test(tag),
  );
}

/** What of a mail needs a sheet of its own; nothing where its words say all. */
export function sheetHtml({ mail_html, body }: Message): string | null {
  return mail_html && !(body.text && isOnlyWords(mail_html)) ? mail_html : null;
}

/** Fills in where the pictures are that the mail brings itself. One that is not among its files is left out. */
export function withPictures(html: string, attachments: readonly Attachment[]): string {
  return html.replace(/(<img\b[^>]*?) src="cid:([^"]*)"/gi, (_, before: string, name: string) => {
    const file = pictureNamed(decoded(name), attachments);
    return file ? `${before} src="/v1/attachments/${encodeURIComponent(file.id)}"` : before;
  });
}

/** Those of a mail's files that do not stand in its words already. */
export function filesBeside(
  html: string | null | undefined,
  attachments: readonly Attachment[],
): Attachment[] {
  if (!html) return [...attachments];
  const named = [...html.matchAll(/<img\b[^>]*? src="cid:([^"]*)"/gi)].map(([, name]) => decoded(name ?? ""));
  const within = new Set(named.map((name) => pictureNamed(name, attachments)?.id));
  return attachments.filter(({ id }) => !within.has(id));
}

function pictureNamed(name: string, attachments: readonly Attachment[]): Attachment | undefined {
  return attachments.find(
    ({ content_id, media_type, state }) =>
      content_id === name && media_type.startsWith("image/") && state === "available",
  );
}

function decoded(name: string): string {
  const text = name
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&")
    .trim();
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

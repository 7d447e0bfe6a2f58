/**
 * Reads the HTML of a message's body into parts. It knows the strict form that the server writes and
 * nothing else: another tag is only its words, and an address that is none of the web or of mail is no
 * address. Nothing here ever becomes HTML again; React draws the parts.
 */
const TAGS = [
  "p",
  "br",
  "strong",
  "em",
  "s",
  "code",
  "pre",
  "blockquote",
  "ol",
  "ul",
  "li",
  "a",
  "span",
] as const;

export type Tag = (typeof TAGS)[number];
export type Part = string | Element;
export type Element = { tag: Tag; parts: Part[]; href?: string; start?: number; kind?: string };

const TOKEN = /<(\/?)([a-z]+)((?: [a-z-]+="[^"<>]*")*)>|&(amp|lt|gt|quot|#39);|[^<&]+|[<&]/g;
const ATTRIBUTE = / ([a-z-]+)="([^"]*)"/g;
const LETTERS: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
/** Deeper than any message that the server writes. */
const DEEPEST = 100;

export function partsOf(html: string): Part[] {
  const all: Part[] = [];
  const open: { name: string; parts: Part[] }[] = [];
  const here = () => open.at(-1)?.parts ?? all;
  for (const [token, closing, name, attributes, letter] of html.matchAll(TOKEN)) {
    if (letter) say(here(), LETTERS[letter] ?? token);
    else if (!name) say(here(), token);
    else if (closing) {
      const at = open.findLastIndex((element) => element.name === name);
      if (at >= 0) open.length = at;
    } else {
      const tag = TAGS.find((known) => known === name);
      const element = tag && open.length < DEEPEST ? elementOf(tag, attributes ?? "") : null;
      if (element) here().push(element);
      if (name !== "br") open.push({ name, parts: element?.parts ?? here() });
    }
  }
  return all;
}

function say(parts: Part[], words: string) {
  const last = parts.at(-1);
  if (typeof last === "string") parts[parts.length - 1] = last + words;
  else parts.push(words);
}

function elementOf(tag: Tag, attributes: string): Element {
  const given = new Map(
    [...attributes.matchAll(ATTRIBUTE)].map(([, name, value]) => [name, plain(value ?? "")]),
  );
  const href = given.get("href");
  const start = Number(given.get("start"));
  const kind = given.get("data-kind");
  return {
    tag,
    parts: [],
    ...(tag === "a" && href && /^(https?:\/\/|mailto:)/i.test(href) && { href }),
    ...(tag === "ol" && given.has("start") && Number.isSafeInteger(start) && { start }),
    ...(tag === "span" && kind && { kind }),
  };
}

function plain(value: string): string {
  return value.replace(/&(amp|lt|gt|quot|#39);/g, (token, letter: string) => LETTERS[letter] ?? token);
}

import { partAtLinks } from "./links";

/** A person's words, as they wrote them; web addresses can be followed. */
export function LinkedText({ text }: { text: string }) {
  return partAtLinks(text).map(({ text: piece, href }, at) =>
    href ? (
      <a key={at} href={href} target="_blank" rel="noopener noreferrer nofollow">
        {piece}
      </a>
    ) : (
      piece
    ),
  );
}

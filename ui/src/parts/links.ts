export type Piece = { text: string; href?: string };

const ADDRESS = /https?:\/\/[^\s<>"]+/g;

/** Parts a text at its web addresses. Nothing but http and https ever becomes a link. */
export function partAtLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutTail(found);
    if (!URL.canParse(address)) continue;
    if (index > end) pieces.push({ text: text.slice(end, index) });
    pieces.push({ text: address, href: address });
    end = index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Punctuation after an address belongs to the sentence, and so does a bracket that it did not open. */
function withoutTail(address: string): string {
  let end = address.length;
  for (; end > 0; end--) {
    const last = address.charAt(end - 1);
    if (".,;:!?'*_".includes(last)) continue;
    if (last === ")" && !address.slice(0, end - 1).includes("(")) continue;
    break;
  }
  return address.slice(0, end);
}

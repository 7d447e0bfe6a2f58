import type { Completeness } from "@bothways/client";

/** How much of a chat is known whole, in words: "complete since 2 March 2026, one gap". Empty before anything is. */
export function completenessWords(known: Completeness | null | undefined): string {
  if (!known?.complete_since) return "";
  const since = new Date(known.complete_since);
  const words = since.getTime() === 0 ? "complete from the beginning" : `complete since ${day(since)}`;
  const gaps = known.gaps.length;
  return gaps === 0 ? words : `${words}, ${gaps === 1 ? "one gap" : `${gaps} gaps`}`;
}

function day(date: Date): string {
  return date.toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" });
}

/** The message that the address names: read back to, drawn, and brought into view once. */
import type { Message } from "@bothways/client";
import { useEffect, useRef } from "react";
import { useSearchParams } from "wouter";

/** How far back it is looked for. */
const MOST_PAGES = 20;
/** How many messages are drawn above it, so that it does not stand at the edge. */
const ABOVE = 20;

type List = {
  data?: { pages: readonly unknown[] } | undefined;
  isError: boolean;
  isFetchingNextPage: boolean;
  hasNextPage: boolean;
  fetchNextPage: () => unknown;
};

export type Sought = {
  id: string | null;
  /** How many messages must be drawn for it to be among them. */
  reach: number;
  /** It was not found as far back as it is looked for. */
  isTooFar: boolean;
};

/** Where a message stands among those that were read, oldest first. */
export function soughtIn(
  all: readonly Message[],
  id: string | null,
  list: List,
): Sought & { reads: boolean } {
  const at = id === null ? -1 : all.findLastIndex((message) => message.id === id);
  const missing = id !== null && at < 0;
  const mayRead = list.hasNextPage && !list.isError && (list.data?.pages.length ?? 0) < MOST_PAGES;
  return {
    id,
    reach: at < 0 ? 0 : all.length - at + ABOVE,
    reads: missing && mayRead && !list.isFetchingNextPage,
    isTooFar: missing && list.data !== undefined && !mayRead && !list.isFetchingNextPage && !list.isError,
  };
}

export function useSought(all: readonly Message[], list: List): Sought {
  const [params] = useSearchParams();
  const sought = soughtIn(all, params.get("message"), list);
  const { id, reach, reads } = sought;
  const { fetchNextPage } = list;
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (reads) void fetchNextPage();
  }, [reads, fetchNextPage, all.length]);
  useEffect(() => {
    if (id === null || reach === 0 || shown.current === id) return;
    shown.current = id;
    document.getElementById(id)?.scrollIntoView({ block: "center" });
  }, [id, reach]);
  return sought;
}

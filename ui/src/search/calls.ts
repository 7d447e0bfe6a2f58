/** The server seeks; the page asks for a page of what it finds, and again while its index is behind. */
import { answer, type SearchAnswer } from "@bothways/client";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { bothways } from "../feed/bothways";

const HITS_PER_PAGE = 30;
const LOOK_AGAIN_MS = 2_000;

export type Pages = { pages: readonly SearchAnswer[] };

export function useSearch(sought: string) {
  return useInfiniteQuery({
    queryKey: ["search", sought],
    enabled: sought !== "",
    initialPageParam: undefined as string | undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam: cursor, signal }) => {
      const query = { q: sought, limit: HITS_PER_PAGE, cursor };
      return answer(bothways.GET("/v1/search", { params: { query }, signal }));
    },
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    refetchInterval: ({ state }) => (state.data && isBehind(state.data) ? LOOK_AGAIN_MS : false),
  });
}

/** Whether something may be missing that was written, by the page that was answered first. */
export function isBehind({ pages: [first] }: Pages): boolean {
  return first !== undefined && (first.rebuilding || first.indexed_to_seq < first.as_of_seq);
}

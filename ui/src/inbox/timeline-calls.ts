/** The timeline as the server lists it, read again when the feed tells of something. */
import { answer, type TimelinePage } from "@bothways/client";
import { useThrottledValue } from "@mantine/hooks";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { bothways } from "../feed/bothways";
import { useInbox } from "../feed/store";

const MESSAGES_PER_PAGE = 50;
/** How many pages are read again by themselves. Whoever read further back is told instead. */
const PAGES_READ_AGAIN = 10;
/** News come in bursts, as from an import. */
const READ_AGAIN_MS = 2_000;

const key = ["timeline"] as const;

export type TimelinePages = { pages: readonly TimelinePage[] };

export function useTimeline() {
  const client = useQueryClient();
  const seq = useThrottledValue(
    useInbox((inbox) => inbox.seq),
    READ_AGAIN_MS,
  );
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor, signal }) => {
      const query = { limit: MESSAGES_PER_PAGE, cursor };
      return answer(bothways.GET("/v1/timeline", { params: { query }, signal }));
    },
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });
  const [first] = list.data?.pages ?? [];
  const isBehind = seq !== null && first !== undefined && first.as_of_seq < seq;
  const isLong = (list.data?.pages.length ?? 0) > PAGES_READ_AGAIN;
  // What is under way is not broken off, or a busy feed would never let it end.
  const readsAgain = isBehind && !isLong && !list.isFetching && !list.isError;
  useEffect(() => {
    if (readsAgain) void client.invalidateQueries({ queryKey: key });
  }, [client, readsAgain]);
  const beginAgain = () => void client.resetQueries({ queryKey: key });
  return { list, hasNews: isBehind && isLong, beginAgain };
}

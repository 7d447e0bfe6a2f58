/** The lists of the API, read once and folded into the inbox, which the feed then keeps in step. */
import { answer } from "@bothways/client";
import { useInfiniteQuery, useQuery, type QueryClient } from "@tanstack/react-query";
import { bothways } from "./bothways";
import { closeChat, foldChat, foldConnection, foldPage, foldSyncStatus, openChat } from "./fold";
import { changeInbox } from "./store";

const CHATS_PER_PAGE = 100;
const MESSAGES_PER_PAGE = 50;
/** The newest; older ones are over, and nobody asks for them here. */
const SYNC_STATUSES = 200;

/** The feed keeps what was read up to date, so nothing is read twice. */
const once = { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false } as const;

export function useConnectionsList() {
  return useQuery({
    ...once,
    gcTime: Infinity,
    queryKey: ["connections"],
    queryFn: async () => {
      const page = await answer(bothways.GET("/v1/connections"));
      changeInbox((inbox) => page.items.reduce(foldConnection, inbox));
      return { asOfSeq: page.as_of_seq };
    },
  });
}

export function useSyncStatusesList() {
  return useQuery({
    ...once,
    gcTime: Infinity,
    queryKey: ["sync-statuses"],
    queryFn: async () => {
      const page = await answer(
        bothways.GET("/v1/sync-statuses", { params: { query: { limit: SYNC_STATUSES } } }),
      );
      changeInbox((inbox) => page.items.reduce(foldSyncStatus, inbox));
      return { asOfSeq: page.as_of_seq };
    },
  });
}

export function useChatsList() {
  return useInfiniteQuery({
    ...once,
    gcTime: Infinity,
    queryKey: ["chats"],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor }) => {
      const query = { state: "imported" as const, limit: CHATS_PER_PAGE, cursor };
      const page = await answer(bothways.GET("/v1/chats", { params: { query } }));
      changeInbox((inbox) => page.items.reduce(foldChat, inbox));
      return { asOfSeq: page.as_of_seq, nextCursor: page.next_cursor };
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
}

export function useMessagesList(chatId: string) {
  return useInfiniteQuery({
    ...once,
    queryKey: ["messages", chatId],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor }) => {
      changeInbox((inbox) => openChat(inbox, chatId));
      const params = { path: { id: chatId }, query: { limit: MESSAGES_PER_PAGE, cursor } };
      const page = await answer(bothways.GET("/v1/chats/{id}/messages", { params }));
      changeInbox((inbox) => foldPage(inbox, chatId, page.items, Boolean(page.next_cursor)));
      return { nextCursor: page.next_cursor };
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
}

/** A chat that nobody looked at for a while is no longer held, and is read anew when it is opened. */
export function closeForgottenChats(client: QueryClient) {
  return client.getQueryCache().subscribe(({ type, query }) => {
    const [list, chatId] = query.queryKey;
    if (type === "removed" && list === "messages") {
      changeInbox((inbox) => closeChat(inbox, String(chatId)));
    }
  });
}

import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { fold, startAt } from "./fold";
import { closeForgottenChats, useChatsList, useConnectionsList, useSyncStatusesList } from "./lists";
import { changeInbox, clearInbox, inboxNow, setStream } from "./store";
import { browser, follow } from "./stream";

/** Reads the lists, then follows the feed. The page calls it once, when somebody is signed in. */
export function useFeed() {
  const client = useQueryClient();
  const connections = useConnectionsList();
  const chats = useChatsList();
  const syncStatuses = useSyncStatusesList();
  const lists = [connections, chats, syncStatuses];
  const seqs = [connections.data?.asOfSeq, chats.data?.pages[0]?.asOfSeq, syncStatuses.data?.asOfSeq];
  const ready = seqs.every((seq) => seq !== undefined);
  const oldest = ready ? Math.min(...seqs) : undefined;

  useEffect(() => closeForgottenChats(client), [client]);

  useEffect(() => {
    if (oldest === undefined) return;
    const stop = new AbortController();
    changeInbox((inbox) => startAt(inbox, [oldest]));
    const after = () => inboxNow().seq ?? oldest;
    const onEvents = (events: Parameters<typeof fold>[1][]) =>
      changeInbox((inbox) => events.reduce(fold, inbox));
    void follow({ after, onEvents, onState: setStream, signal: stop.signal }, browser).then((end) => {
      if (end === "signed_out") void client.invalidateQueries({ queryKey: ["session"] });
      if (end === "too_old") {
        clearInbox();
        void client.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
      }
    });
    return () => stop.abort();
  }, [client, oldest]);

  return {
    ready,
    error: lists.find(({ error }) => error)?.error ?? null,
    retry: () => lists.filter(({ isError }) => isError).forEach((list) => void list.refetch()),
  };
}

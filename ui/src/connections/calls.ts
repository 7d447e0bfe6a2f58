/** What a person does with connections and imports. The answers are folded in; the feed does the rest. */
import { answer, type Connection, type SyncStatus } from "@bothways/client";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { bothways } from "../feed/bothways";
import { foldConnection, foldSyncStatus } from "../feed/fold";
import { changeInbox } from "../feed/store";
import type { Selection } from "./choice";

export function useIntegrations() {
  return useQuery({
    queryKey: ["integrations"],
    queryFn: async () => (await answer(bothways.GET("/v1/integrations"))).items,
  });
}

/** What a platform can do at best, as it is offered here; undefined while nobody knows. */
export function useOffered(integration: string | undefined) {
  const { data, isPending } = useIntegrations();
  return { isPending, offered: data?.find((one) => one.integration === integration) };
}

type Connecting = { integration: string; pasted?: Record<string, string> };

/** Where a platform leads back to, with the new connection added: to pick chats next. */
const RETURN_TO = "/connections?dialog=import";

/** Connects by pasted tokens at once, or leads to the platform, which leads back here. */
export function useConnect(onConnected: (connectionId: string) => void) {
  return useMutation({
    mutationFn: (body: Connecting) =>
      answer(bothways.POST("/v1/connections", { body: { ...body, return_to: RETURN_TO } })),
    onSuccess: ({ connection, connect_url }) => {
      if (connection) {
        changeInbox((inbox) => foldConnection(inbox, connection));
        onConnected(connection.id);
      } else if (connect_url) {
        window.location.assign(connect_url);
      }
    },
  });
}

export function useDisconnect() {
  return useMutation({
    mutationFn: (id: string) => answer(bothways.DELETE("/v1/connections/{id}", { params: { path: { id } } })),
    onSuccess: (connection) => changeInbox((inbox) => foldConnection(inbox, connection)),
  });
}

/** What a person chooses of a connection. */
type Choices = { import_new_chats?: boolean; include_trash_and_spam?: boolean };

export function useChoose(id: string) {
  return useMutation({
    mutationFn: (body: Choices) =>
      answer(bothways.PATCH("/v1/connections/{id}", { params: { path: { id } }, body })),
    onSuccess: (connection) => changeInbox((inbox) => foldConnection(inbox, connection)),
  });
}

export function usePause(id: string) {
  return useMutation({
    mutationFn: (paused: boolean) =>
      answer(bothways.PATCH("/v1/connections/{id}", { params: { path: { id } }, body: { paused } })),
    onSuccess: (connection) => changeInbox((inbox) => foldConnection(inbox, connection)),
  });
}

/** The labels by which chats can be chosen; none where the platform has none. */
export function useLabels({ id, include_trash_and_spam }: Connection) {
  return useQuery({
    queryKey: ["labels", id, include_trash_and_spam],
    queryFn: async () =>
      (await answer(bothways.GET("/v1/connections/{id}/labels", { params: { path: { id } } }))).items,
  });
}

export function useAvailableChats(connection: Connection, selection: Selection) {
  const { id: connection_id, include_trash_and_spam } = connection;
  return useInfiniteQuery({
    queryKey: ["available-chats", connection_id, include_trash_and_spam, selection],
    staleTime: 0,
    gcTime: 0,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        bothways.GET("/v1/chats/available", {
          params: { query: { connection_id, ...selection, cursor } },
        }),
      ),
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });
}

/** Which chats: some by the platform's ids, or all that are selected. */
export type Picked = { chats: string[] } | ({ all: true } & Selection);

export function useImport(connectionId: string, onBegun: (statuses: SyncStatus[]) => void) {
  return useMutation({
    mutationFn: async (picked: Picked) => {
      const begun: SyncStatus[] = [];
      for (const part of inParts(picked)) {
        const body = { connection_id: connectionId, ...part };
        begun.push(...(await answer(bothways.POST("/v1/chats/import", { body }))).items);
      }
      return begun;
    },
    onSuccess: (items) => {
      changeInbox((inbox) => items.reduce(foldSyncStatus, inbox));
      onBegun(items);
    },
  });
}

/** One call takes no more. */
const CHATS_PER_CALL = 1000;

function inParts(picked: Picked): Picked[] {
  if ("all" in picked) return [picked];
  const count = Math.ceil(picked.chats.length / CHATS_PER_CALL);
  return Array.from({ length: count }, (_, at) => ({
    chats: picked.chats.slice(at * CHATS_PER_CALL, (at + 1) * CHATS_PER_CALL),
  }));
}

export function useSteerSync(id: string) {
  const params = { path: { id } };
  const onSuccess = (status: SyncStatus) => changeInbox((inbox) => foldSyncStatus(inbox, status));
  const cancel = useMutation({
    mutationFn: () => answer(bothways.POST("/v1/sync-statuses/{id}/cancel", { params })),
    onSuccess,
  });
  const retry = useMutation({
    mutationFn: () => answer(bothways.POST("/v1/sync-statuses/{id}/retry", { params })),
    onSuccess,
  });
  return { cancel, retry };
}

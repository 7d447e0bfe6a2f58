/** What a person does with connections and imports. The answers are folded in; the feed does the rest. */
import { answer, type SyncStatus } from "@bothways/client";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { bothways } from "../feed/bothways";
import { foldConnection, foldSyncStatus } from "../feed/fold";
import { changeInbox } from "../feed/store";

export function useIntegrations() {
  return useQuery({
    queryKey: ["integrations"],
    queryFn: async () => (await answer(bothways.GET("/v1/integrations"))).items,
  });
}

type Connecting = { integration: string; pasted?: Record<string, string> };

/** Connects by pasted tokens at once, or leads to the platform, which leads back here. */
export function useConnect(onConnected: (connectionId: string) => void) {
  return useMutation({
    mutationFn: (body: Connecting) =>
      answer(bothways.POST("/v1/connections", { body: { ...body, return_to: "/connections" } })),
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
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => bothways.DELETE("/v1/connections/{id}", { params: { path: { id } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["connections"] }),
  });
}

export function useAvailableChats(connectionId: string) {
  return useInfiniteQuery({
    queryKey: ["available-chats", connectionId],
    staleTime: 0,
    gcTime: 0,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      answer(
        bothways.GET("/v1/chats/available", { params: { query: { connection_id: connectionId, cursor } } }),
      ),
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });
}

/** Which chats: some by the platform's ids, or all. */
export type Picked = { chats: string[] } | { all: true };

export function useImport(connectionId: string, onBegun: (statuses: SyncStatus[]) => void) {
  return useMutation({
    mutationFn: (picked: Picked) =>
      answer(bothways.POST("/v1/chats/import", { body: { connection_id: connectionId, ...picked } })),
    onSuccess: ({ items }) => {
      changeInbox((inbox) => items.reduce(foldSyncStatus, inbox));
      onBegun(items);
    },
  });
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

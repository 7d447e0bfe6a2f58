import type { AvailableChat } from "@bothways/client";
import { Button, Checkbox, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useMemo, useState } from "react";
import { Failure } from "../parts/failure";
import { Icon } from "../parts/icon";
import { includesWords } from "../parts/search";
import { AvailableList } from "./available-list";
import { useAvailableChats, type Picked } from "./calls";

type Props = { connectionId: string; busy: boolean; onPick: (picked: Picked) => void };

/** The chats that the platform has, with their real names, to pick from. */
export function AvailableChats({ connectionId, busy, onPick }: Props) {
  const list = useAvailableChats(connectionId);
  const [search, setSearch] = useState("");
  const [sought] = useDebouncedValue(search, 150);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = list;

  // Only names that were read can be searched, so a search reads on to the end.
  useEffect(() => {
    if (sought && hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [sought, hasNextPage, isFetchingNextPage, isError, fetchNextPage]);

  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const found = useMemo(() => all.filter(({ name }) => includesWords(name, sought)), [all, sought]);
  const pickable = found.filter((chat) => !isImported(chat)).map(({ external_id }) => external_id);
  const allPicked = pickable.length > 0 && pickable.every((id) => picked.has(id));
  const pick = (ids: string[], on: boolean) =>
    setPicked((before) => {
      const next = new Set(before);
      for (const id of ids)
        if (on) next.add(id);
        else next.delete(id);
      return next;
    });

  if (isError && all.length === 0) {
    return (
      <Failure title="The chats cannot be listed" error={list.error} onRetry={() => void list.refetch()} />
    );
  }
  return (
    <Stack gap="sm">
      <TextInput
        placeholder="Search chats"
        aria-label="Search chats"
        leftSection={<Icon name="search" />}
        value={search}
        onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        data-autofocus
      />
      <Checkbox
        label={`All ${pickable.length.toLocaleString()}${hasNextPage ? " that are listed so far" : ""}`}
        checked={allPicked}
        indeterminate={!allPicked && pickable.some((id) => picked.has(id))}
        disabled={pickable.length === 0}
        onChange={({ currentTarget }) => pick(pickable, currentTarget.checked)}
      />
      <AvailableList
        chats={found}
        picked={picked}
        loading={list.isPending || isFetchingNextPage}
        sought={sought}
        onPick={(id, on) => pick([id], on)}
        onEnd={() => hasNextPage && !isFetchingNextPage && !isError && void fetchNextPage()}
      />
      {isError && (
        <Failure title="The list broke off" error={list.error} onRetry={() => void fetchNextPage()} />
      )}
      <Group justify="space-between">
        <Button variant="subtle" disabled={busy || all.length === 0} onClick={() => onPick({ all: true })}>
          Import all chats
        </Button>
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            {picked.size} picked
          </Text>
          <Button disabled={picked.size === 0} loading={busy} onClick={() => onPick({ chats: [...picked] })}>
            Import
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}

export function isImported({ state }: AvailableChat): boolean {
  return state === "imported";
}

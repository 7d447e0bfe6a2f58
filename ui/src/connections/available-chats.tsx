import type { AvailableChat, Connection } from "@bothways/client";
import { Button, Checkbox, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useMemo, useState } from "react";
import { Failure } from "../parts/failure";
import { Icon } from "../parts/icon";
import { includesWords } from "../parts/search";
import { AvailableList } from "./available-list";
import { useAvailableChats, type Picked } from "./calls";
import { ANYTHING, selectionOf, type Choice } from "./choice";
import { Choosing } from "./choosing";
import { TrashAndSpam } from "./trash-and-spam";

type Props = {
  connection: Connection;
  /** The platform itself searches, by words, label and time; else only names that were read are searched. */
  searches: boolean;
  /** The platform has a trash, which may be looked through as well. */
  hasTrash: boolean;
  busy: boolean;
  onPick: (picked: Picked) => void;
};

/** How long a platform's own search waits for the next letter. */
const SEARCH_REST_MS = 400;
const FILTER_REST_MS = 150;

/** The chats that the platform has, with their real names, to pick from. */
export function AvailableChats({ connection, searches, hasTrash, busy, onPick }: Props) {
  const [choice, setChoice] = useState(ANYTHING);
  const [words] = useDebouncedValue(choice.words, searches ? SEARCH_REST_MS : FILTER_REST_MS);
  const [now] = useState(() => new Date());
  const selection = searches ? selectionOf({ ...choice, words }, now) : {};
  const sought = searches ? "" : words;
  const list = useAvailableChats(connection, selection);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = list;
  const change = (part: Partial<Choice>) => setChoice((before) => ({ ...before, ...part }));

  // Only names that were read can be searched, so a search reads on to the end.
  useEffect(() => {
    if (sought && hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [sought, hasNextPage, isFetchingNextPage, isError, fetchNextPage]);

  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const found = useMemo(() => all.filter(({ name }) => includesWords(name, sought)), [all, sought]);
  const narrowed = Object.keys(selection).length > 0;
  // What is still being written would be left out of what is chosen.
  const settling = searches && words !== choice.words;
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

  if (isError && all.length === 0 && !narrowed) {
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
        value={choice.words}
        onChange={({ currentTarget }) => change({ words: currentTarget.value })}
        data-autofocus
      />
      {searches && <Choosing connection={connection} choice={choice} onChange={change} />}
      {hasTrash && <TrashAndSpam connection={connection} />}
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
        narrowed={narrowed || sought !== ""}
        onPick={(id, on) => pick([id], on)}
        onEnd={() => hasNextPage && !isFetchingNextPage && !isError && void fetchNextPage()}
      />
      {isError && (
        <Failure
          title="The list broke off"
          error={list.error}
          onRetry={() => void (all.length > 0 ? fetchNextPage() : list.refetch())}
        />
      )}
      <Group justify="space-between">
        <Button
          variant="subtle"
          disabled={busy || settling || all.length === 0}
          onClick={() => onPick({ all: true, ...selection })}
        >
          {narrowed ? "Import all that are found" : "Import all chats"}
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

import type { Connection, SyncStatus } from "@bothways/client";
import { Button, Group, Loader, Modal, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useInbox } from "../feed/store";
import { useDialog } from "../parts/dialogs";
import { AvailableChats } from "./available-chats";
import { useImport, useOffered } from "./calls";
import { isRunning } from "./progress";
import { SyncList } from "./sync-list";

export function ImportDialog() {
  const { dialog, connectionId, closeDialog } = useDialog();
  const connection = useInbox(({ connections }) =>
    connectionId ? connections.get(connectionId) : undefined,
  );
  const name = connection ? `Import chats from ${connection.account_name}` : "Import chats";
  return (
    <Modal
      opened={dialog === "import" && connectionId !== null}
      onClose={closeDialog}
      title={name}
      size="lg"
      centered
    >
      {connection && <ImportSteps connection={connection} />}
    </Modal>
  );
}

/** First the chats are picked, then their import is watched. */
function ImportSteps({ connection }: { connection: Connection }) {
  const [begun, setBegun] = useState<SyncStatus[] | null>(null);
  const start = useImport(connection.id, setBegun);
  const { offered, isPending } = useOffered(connection.integration);
  if (begun) return <Watching connectionId={connection.id} begun={begun} onMore={() => setBegun(null)} />;
  if (isPending) return <Loader size="sm" m="md" aria-label="Loading chats" />;
  return (
    <AvailableChats
      connection={connection}
      searches={offered?.searches ?? false}
      hasTrash={offered?.abilities.mail ?? false}
      busy={start.isPending}
      onPick={start.mutate}
    />
  );
}

type WatchingProps = { connectionId: string; begun: SyncStatus[]; onMore: () => void };

function Watching({ connectionId, begun, onMore }: WatchingProps) {
  const known = useInbox(({ syncStatuses }) => syncStatuses);
  const statuses = useMemo(() => watched(known, connectionId, begun), [known, connectionId, begun]);
  const { closeDialog } = useDialog();
  const [, navigate] = useLocation();
  const running = statuses.some(isRunning);
  const open = () => {
    const only = statuses.length === 1 ? statuses[0]?.chat_id : null;
    if (only) navigate(`/chats/${only}`);
    else navigate("/");
  };
  return (
    <Stack>
      <Text size="sm" c="dimmed" role="status">
        {running
          ? "The newest messages come first, so you can read and write already. The rest fills up behind."
          : "All that was picked has been read."}
      </Text>
      <div style={{ maxHeight: "50dvh", overflowY: "auto" }}>
        <SyncList statuses={statuses} />
      </div>
      <Group justify="space-between">
        <Button variant="subtle" onClick={onMore}>
          Import more
        </Button>
        <Group gap="xs">
          <Button variant="default" onClick={closeDialog}>
            Close
          </Button>
          <Button onClick={open}>
            {statuses.length === 1 && statuses[0]?.chat_id ? "Open the chat" : "Open the inbox"}
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}

/** What was begun, as it is by now, and where all chats were asked for, what that began in turn. */
function watched(
  known: ReadonlyMap<string, SyncStatus>,
  connectionId: string,
  begun: SyncStatus[],
): SyncStatus[] {
  const own = begun.map((status) => known.get(status.id) ?? status);
  const all = own.find(({ chat_id }) => !chat_id);
  if (!all) return own;
  const ids = new Set(own.map(({ id }) => id));
  const since = all.created_at;
  const followers = [...known.values()].filter(
    ({ id, connection_id, created_at }) =>
      connection_id === connectionId && created_at >= since && !ids.has(id),
  );
  return [...own, ...followers];
}

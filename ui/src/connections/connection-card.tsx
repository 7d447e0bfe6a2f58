import type { Connection } from "@bothways/client";
import { Alert, Anchor, Button, Card, Group, Stack, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMemo } from "react";
import { useInbox } from "../feed/store";
import { Confirm } from "../parts/confirm";
import { connectionStates, isOpen } from "../parts/connection-state";
import { useDialog } from "../parts/dialogs";
import { Icon } from "../parts/icon";
import { PlatformBadge, platformName } from "../parts/platform-badge";
import { useChoose, useDisconnect, useOffered, usePause } from "./calls";
import classes from "./connections.module.css";
import { SyncList } from "./sync-list";

export function ConnectionCard({ connection }: { connection: Connection }) {
  const { openDialog } = useDialog();
  const { words, color } = connectionStates[connection.state];
  const known = useInbox(({ syncStatuses }) => syncStatuses);
  const unfinished = useMemo(
    () =>
      [...known.values()].filter(
        ({ connection_id, state }) =>
          connection_id === connection.id && state !== "completed" && state !== "cancelled",
      ),
    [known, connection.id],
  );

  return (
    <Card withBorder padding="lg" component="article" aria-label={connection.account_name}>
      <Stack gap="md">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Group gap="md" wrap="nowrap">
            <PlatformBadge platform={connection.platform} size={36} />
            <div>
              <Text fw={600}>{connection.account_name}</Text>
              <Group gap={6}>
                <span className={classes.dot} style={{ "--dot": color } as React.CSSProperties} />
                <Text size="sm" c="dimmed">
                  {platformName(connection.platform)} · {words}
                </Text>
              </Group>
            </div>
          </Group>
          {isOpen(connection) && (
            <Button leftSection={<Icon name="import" />} onClick={() => openDialog("import", connection.id)}>
              Import chats
            </Button>
          )}
        </Group>
        {connection.reason && connection.state !== "active" && (
          <Alert variant="light" color={connection.state === "needs_login" ? "red" : "yellow"}>
            {connection.reason}
          </Alert>
        )}
        <ReadOnly connection={connection} />
        <Choices connection={connection} />
        <SyncList statuses={unfinished} />
        <Ending connection={connection} />
      </Stack>
    </Card>
  );
}

/** Less was granted than the platform allows: a person may have unticked it. */
function ReadOnly({ connection }: { connection: Connection }) {
  const { openDialog } = useDialog();
  const { offered } = useOffered(connection.integration);
  if (!offered?.abilities.send || connection.abilities.send) return null;
  return (
    <Text size="sm">
      Read only:{" "}
      <Anchor component="button" type="button" onClick={() => openDialog("connect")}>
        connect again
      </Anchor>{" "}
      and allow everything to write.
    </Text>
  );
}

function Choices({ connection }: { connection: Connection }) {
  const choosing = useChoose(connection.id);
  const { offered } = useOffered(connection.integration);
  return (
    <Stack gap="xs">
      <Switch
        label="Import new chats by themselves"
        checked={connection.import_new_chats}
        disabled={choosing.isPending}
        onChange={({ currentTarget }) => choosing.mutate({ import_new_chats: currentTarget.checked })}
      />
      {offered?.abilities.mail && (
        <Switch
          label="Import trash and spam, too"
          checked={connection.include_trash_and_spam}
          disabled={choosing.isPending}
          onChange={({ currentTarget }) => choosing.mutate({ include_trash_and_spam: currentTarget.checked })}
        />
      )}
    </Stack>
  );
}

function Ending({ connection }: { connection: Connection }) {
  const { openDialog } = useDialog();
  const [asking, { open, close }] = useDisclosure();
  const disconnect = useDisconnect();
  const pause = usePause(connection.id);
  const mayPause = connection.state !== "disconnected" && connection.state !== "needs_login";
  return (
    <Group gap="xs">
      {!mayPause && (
        <Button size="xs" variant="light" onClick={() => openDialog("connect")}>
          Connect again
        </Button>
      )}
      {mayPause && (
        <Button
          size="xs"
          variant="subtle"
          loading={pause.isPending}
          onClick={() => pause.mutate(!connection.paused)}
        >
          {connection.paused ? "Go on" : "Pause"}
        </Button>
      )}
      {connection.state !== "disconnected" && (
        <Button size="xs" variant="subtle" color="red" onClick={open}>
          Disconnect
        </Button>
      )}
      <Confirm
        opened={asking}
        title={`Disconnect ${connection.account_name}?`}
        action="Disconnect"
        busy={disconnect.isPending}
        onConfirm={() => disconnect.mutate(connection.id, { onSuccess: close })}
        onClose={close}
      >
        Nothing more is received or sent. What was imported stays here, and connecting again brings it back to
        life.
      </Confirm>
    </Group>
  );
}

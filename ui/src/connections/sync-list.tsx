import type { SyncStatus } from "@bothways/client";
import { ActionIcon, Group, Loader, Progress, Stack, Text, ThemeIcon, Tooltip } from "@mantine/core";
import { useInbox } from "../feed/store";
import { Icon } from "../parts/icon";
import { useSteerSync } from "./calls";
import { isRunning, progressInWords } from "./progress";

export function SyncList({ statuses }: { statuses: SyncStatus[] }) {
  if (statuses.length === 0) return null;
  return (
    <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: "none" }}>
      {statuses.map((status) => (
        <SyncRow key={status.id} status={status} />
      ))}
    </Stack>
  );
}

function SyncRow({ status }: { status: SyncStatus }) {
  const chat = useInbox(({ chats }) => (status.chat_id ? chats.get(status.chat_id) : undefined));
  const { cancel, retry } = useSteerSync(status.id);
  const running = isRunning(status);
  const name = status.chat_id ? (chat?.name ?? "A chat") : "All chats";
  const words = progressInWords(status);

  return (
    <li aria-label={`${name}: ${words}`} data-state={status.state}>
      <Group gap="sm" wrap="nowrap">
        <Sign status={status} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <Group justify="space-between" wrap="nowrap" gap="sm">
            <Text size="sm" fw={500} truncate>
              {name}
            </Text>
            <Text size="xs" c={status.state === "failed" ? "red" : "dimmed"} ta="right">
              {words}
            </Text>
          </Group>
          {running && (
            <Progress
              mt={4}
              size="sm"
              value={status.total ? (100 * status.done) / status.total : 100}
              animated={status.state === "running"}
              aria-label={`Progress of ${name}`}
            />
          )}
        </div>
        {running && (
          <Steer label="Cancel" icon="close" busy={cancel.isPending} onClick={() => cancel.mutate()} />
        )}
        {(status.state === "failed" || status.state === "cancelled") && (
          <Steer label="Try again" icon="retry" busy={retry.isPending} onClick={() => retry.mutate()} />
        )}
      </Group>
    </li>
  );
}

type SteerProps = { label: string; icon: "close" | "retry"; busy: boolean; onClick: () => void };

function Steer({ label, icon, busy, onClick }: SteerProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} loading={busy} onClick={onClick}>
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}

function Sign({ status }: { status: SyncStatus }) {
  if (isRunning(status)) return <Loader size={20} type={status.state === "running" ? "oval" : "dots"} />;
  const failed = status.state === "failed";
  const icon = failed ? "warning" : status.state === "cancelled" ? "close" : "check";
  return (
    <ThemeIcon
      size={20}
      radius="xl"
      variant="light"
      color={failed ? "red" : icon === "check" ? "green" : "gray"}
    >
      <Icon name={icon} size={13} />
    </ThemeIcon>
  );
}

import type { Integration } from "@bothways/client";
import { Alert, Center, Group, Loader, Modal, Stack, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useDialog } from "../parts/dialogs";
import { Failure } from "../parts/failure";
import { PlatformBadge } from "../parts/platform-badge";
import { useIntegrations } from "./calls";
import classes from "./connect.module.css";
import { WaysIn } from "./ways-in";

export function ConnectDialog() {
  const { dialog, closeDialog } = useDialog();
  return (
    <Modal
      opened={dialog === "connect"}
      onClose={closeDialog}
      title="Connect an integration"
      size="md"
      centered
    >
      <Choice />
    </Modal>
  );
}

function Choice() {
  const integrations = useIntegrations();
  const [picked, setPicked] = useState<string | null>(null);
  const { openDialog } = useDialog();

  if (integrations.isError) {
    return (
      <Failure
        title="The integrations cannot be read"
        error={integrations.error}
        onRetry={() => void integrations.refetch()}
      />
    );
  }
  if (integrations.isPending) {
    return (
      <Center p="xl">
        <Loader aria-label="Loading integrations" />
      </Center>
    );
  }
  const items = integrations.data;
  if (items.length === 0) return <Text c="dimmed">This server offers no integration yet.</Text>;
  const shown = picked ?? (items.length === 1 ? items[0]?.integration : null);
  return (
    <Stack gap="sm">
      {items.map((integration) => (
        <Offer
          key={integration.integration}
          integration={integration}
          picked={integration.integration === shown}
          onPick={() => setPicked(integration.integration)}
          onConnected={(id) => openDialog("import", id)}
        />
      ))}
    </Stack>
  );
}

type OfferProps = {
  integration: Integration;
  picked: boolean;
  onPick: () => void;
  onConnected: (connectionId: string) => void;
};

function Offer({ integration, picked, onPick, onConnected }: OfferProps) {
  return (
    <section className={classes.offer} data-picked={picked || undefined}>
      <UnstyledButton className={classes.head} aria-expanded={picked} onClick={onPick}>
        <Group gap="md" wrap="nowrap">
          <PlatformBadge platform={integration.platform} size={32} />
          <Text fw={600}>{integration.name}</Text>
        </Group>
      </UnstyledButton>
      {picked && (
        <Stack gap="md" px="md" pb="md">
          {integration.reason && (
            <Alert variant="light" color={integration.ready ? "blue" : "yellow"}>
              {integration.reason}
            </Alert>
          )}
          <WaysIn integration={integration} onConnected={onConnected} />
        </Stack>
      )}
    </section>
  );
}

import { Button, Container, Group, Stack, Title } from "@mantine/core";
import { useMemo } from "react";
import { useInbox } from "../feed/store";
import { useDialog } from "../parts/dialogs";
import { Icon } from "../parts/icon";
import { Onboarding } from "../parts/onboarding";
import { ConnectionCard } from "./connection-card";
import { ReturnNote } from "./return-note";
import classes from "./connections.module.css";

export function Connections() {
  const known = useInbox(({ connections }) => connections);
  const connections = useMemo(
    () => [...known.values()].sort((one, other) => one.created_at.localeCompare(other.created_at)),
    [known],
  );
  const { openDialog } = useDialog();
  if (connections.length === 0) {
    return (
      <>
        <ReturnNote />
        <Onboarding />
      </>
    );
  }
  return (
    <div className={classes.screen}>
      <Container size="sm" py="xl">
        <ReturnNote />
        <Stack>
          <Group justify="space-between">
            <Title order={2}>Connections</Title>
            <Button leftSection={<Icon name="plus" />} onClick={() => openDialog("connect")}>
              Connect another
            </Button>
          </Group>
          {connections.map((connection) => (
            <ConnectionCard key={connection.id} connection={connection} />
          ))}
        </Stack>
      </Container>
    </div>
  );
}

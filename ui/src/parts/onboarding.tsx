import { Button } from "@mantine/core";
import { useDialog } from "./dialogs";
import { Empty } from "./empty";
import { Icon } from "./icon";

/** Shown only once the connections are known to be none, so that it never flashes up while loading. */
export function Onboarding() {
  const { openDialog } = useDialog();
  return (
    <Empty
      icon="connections"
      title="Connect your first integration"
      action={
        <Button size="md" leftSection={<Icon name="plus" />} onClick={() => openDialog("connect")}>
          Connect an integration
        </Button>
      }
    >
      Bring the places where you talk into one inbox. What you write here appears there, and what is written
      there appears here, as it happens.
    </Empty>
  );
}

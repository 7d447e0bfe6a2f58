import { Button, Group, Modal, Text } from "@mantine/core";
import type { ReactNode } from "react";

type Props = {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** What the button says: the deed, not "OK". */
  action: string;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
};

export function Confirm({ opened, title, children, action, busy, onConfirm, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered>
      <Text size="sm">{children}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button color="red" loading={busy} onClick={onConfirm} data-autofocus>
          {action}
        </Button>
      </Group>
    </Modal>
  );
}

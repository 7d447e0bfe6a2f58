import type { Message } from "@bothways/client";
import { Button, Group, Text } from "@mantine/core";
import { useMessageCalls } from "./calls";
import { deliveryOf } from "./delivery-words";
import classes from "./message.module.css";

/** How far one's own message, or a change of it, has come; and what a person can do where it is stuck. */
export function Delivery({ message }: { message: Message }) {
  const { retry } = useMessageCalls(message);
  const delivery = deliveryOf(message);
  if (!delivery) return null;
  return (
    <div className={classes.delivery} role="status" data-trouble={delivery.trouble || undefined}>
      <Text span size="xs">
        {delivery.words}
      </Text>
      {delivery.choices.length > 0 && (
        <Group gap={4} component="span">
          {delivery.choices.map(({ label, resolution }) => (
            <Choice
              key={label}
              label={label}
              busy={retry.isPending}
              onClick={() => retry.mutate(resolution)}
            />
          ))}
        </Group>
      )}
    </div>
  );
}

function Choice({ label, busy, onClick }: { label: string; busy: boolean; onClick: () => void }) {
  return (
    <Button size="compact-xs" variant="light" color="red" disabled={busy} onClick={onClick}>
      {label}
    </Button>
  );
}

import { Divider, Text } from "@mantine/core";
import { dayName } from "../parts/time";

export function Day({ at }: { at: string }) {
  return <Divider my="sm" label={<Text size="xs">{dayName(at, new Date())}</Text>} role="presentation" />;
}

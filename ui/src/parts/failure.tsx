import { Alert, Button, Stack, Text } from "@mantine/core";
import { Icon } from "./icon";

/** Says what went wrong, in words for a person. */
export function inWords(error: unknown): string {
  if (error instanceof TypeError) return "The server cannot be reached. Is it running?";
  return error instanceof Error ? error.message : "Something went wrong.";
}

type Props = { title: string; error: unknown; onRetry?: () => void };

export function Failure({ title, error, onRetry }: Props) {
  return (
    <Alert role="alert" color="red" variant="light" title={title} icon={<Icon name="warning" />} m="md">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{inWords(error)}</Text>
        {onRetry && (
          <Button size="xs" color="red" variant="light" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

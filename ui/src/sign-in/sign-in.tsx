import { Button, Center, Code, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Icon } from "../parts/icon";

/** There are no passwords: whoever runs the server can read the address that signs in. */
export function SignIn() {
  const client = useQueryClient();
  return (
    <Center h="100%" p="md">
      <Paper withBorder p="xl" radius="lg" maw={460} shadow="sm">
        <Stack gap="md">
          <ThemeIcon size={48} radius="md">
            <Icon name="bothways" size={28} />
          </ThemeIcon>
          <Title order={2}>Sign in to Bothways</Title>
          <Text>
            Open the address that the server printed, or run <Code>bothways login-link</Code> for a new one.
            Each address works once.
          </Text>
          <Button
            variant="light"
            style={{ alignSelf: "flex-start" }}
            onClick={() => void client.invalidateQueries({ queryKey: ["session"] })}
          >
            I have opened it
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}

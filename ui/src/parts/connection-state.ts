import type { Connection } from "@bothways/client";

type State = Connection["state"];

/** What a connection's state is called, and in which colour it is shown. */
export const connectionStates: Record<State, { words: string; color: string }> = {
  connecting: { words: "Connecting…", color: "var(--mantine-color-blue-4)" },
  importing: { words: "Importing…", color: "var(--mantine-color-blue-4)" },
  active: { words: "Active", color: "var(--mantine-color-green-5)" },
  degraded: { words: "Degraded", color: "var(--mantine-color-yellow-5)" },
  needs_login: { words: "Needs a new login", color: "var(--mantine-color-red-5)" },
  paused: { words: "Paused", color: "var(--mantine-color-gray-5)" },
  disconnected: { words: "Disconnected", color: "var(--mantine-color-gray-5)" },
};

export function isOpen(connection: Connection | undefined): boolean {
  return connection !== undefined && !["disconnected", "needs_login", "paused"].includes(connection.state);
}

/** Whether what is written is taken: while it is paused it waits. */
export function takesMessages(connection: Connection | undefined): boolean {
  return isOpen(connection) || connection?.state === "paused";
}

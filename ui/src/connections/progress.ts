import type { SyncStatus } from "@bothways/client";
import { clockTime } from "../parts/time";

export function isRunning({ state }: SyncStatus): boolean {
  return state === "queued" || state === "running" || state === "waiting";
}

export function progressInWords(status: SyncStatus): string {
  const count = counted(status);
  switch (status.state) {
    case "queued":
      return "Waiting for its turn";
    case "running":
      return count;
    case "waiting":
      return waitingInWords(status, count);
    case "completed":
      return `Done, ${count}`;
    case "failed":
      return status.error?.detail ?? "It gave up";
    case "cancelled":
      return `Cancelled, ${count} stay`;
  }
}

function waitingInWords({ waiting_until, error }: SyncStatus, count: string): string {
  const until = waiting_until ? `goes on at ${clockTime(waiting_until)}` : "goes on soon";
  return error ? `${error.detail} It ${until}` : `${count}, ${until}`;
}

function counted({ done, total, chat_id }: SyncStatus): string {
  const [one, many] = chat_id ? ["message", "messages"] : ["chat", "chats"];
  const of = total ? ` of ${total.toLocaleString()}` : "";
  return `${done.toLocaleString()}${of} ${done === 1 && !total ? one : many}`;
}

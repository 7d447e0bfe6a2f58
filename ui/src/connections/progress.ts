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
      return count + leftInWords(status);
    case "waiting":
      return waitingInWords(status, count) + leftInWords(status);
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

/** An estimate, so no exact time. */
function leftInWords({ expected_end }: SyncStatus): string {
  if (!expected_end) return "";
  const minutes = Math.max(1, Math.ceil((Date.parse(expected_end) - Date.now()) / 60_000));
  if (minutes < 90) return `, about ${minutes} min left`;
  const hours = Math.ceil(minutes / 60);
  return hours < 48 ? `, about ${hours} hours left` : `, about ${Math.ceil(hours / 24)} days left`;
}

function counted({ done, total, chat_id }: SyncStatus): string {
  const [one, many] = chat_id ? ["message", "messages"] : ["chat", "chats"];
  const of = total ? ` of ${total.toLocaleString()}` : "";
  return `${done.toLocaleString()}${of} ${done === 1 && !total ? one : many}`;
}

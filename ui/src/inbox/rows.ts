/** What stands in a chat from top to bottom: days, and messages under the name of who wrote them. */
import type { Message } from "@bothways/client";
import { isSameDay } from "../parts/time";

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "message"; key: string; message: Message; first: boolean; root: Root | null };

/** The message that a thread began with; without it where it was not read yet. */
export type Root = { message?: Message };

/** Messages of one sender that follow each other within this time stand under one name. */
const TOGETHER_MS = 5 * 60_000;

export function rowsOf(messages: readonly Message[]): Row[] {
  const byExternalId = new Map(messages.map((message) => [message.external_id, message]));
  const rows: Row[] = [];
  let before: Message | undefined;
  for (const message of messages) {
    const newDay = !before || !isSameDay(before.sent_at, message.sent_at);
    if (newDay) rows.push({ kind: "day", key: `day before ${message.id}`, at: message.sent_at });
    const first = newDay || !before || !belongTogether(before, message);
    rows.push({ kind: "message", key: message.id, message, first, root: rootOf(message, byExternalId) });
    before = message;
  }
  return rows;
}

function rootOf(message: Message, byExternalId: Map<string | null | undefined, Message>): Root | null {
  const { thread_root, external_id } = message;
  // A thread's first message names itself.
  return !thread_root || thread_root === external_id ? null : { message: byExternalId.get(thread_root) };
}

function belongTogether(one: Message, other: Message): boolean {
  return (
    one.direction === other.direction &&
    one.direction !== "system" &&
    // Each mail says to whom it went.
    !one.recipients &&
    !other.recipients &&
    one.sender?.external_id === other.sender?.external_id &&
    (one.thread_root ?? null) === (other.thread_root ?? null) &&
    Math.abs(Date.parse(other.sent_at) - Date.parse(one.sent_at)) < TOGETHER_MS
  );
}

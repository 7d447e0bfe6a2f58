/** What stands in the timeline from top to bottom: the latest first, under days and the names of chats. */
import type { Sighting } from "@bothways/client";
import { isSameDay } from "../parts/time";

export type StreamRow = {
  key: string;
  /** The day that begins here. */
  day: string | null;
  /** Whether the message above stands in another chat. */
  chatIsNew: boolean;
  sighting: Sighting;
};

export function streamOf(sightings: readonly Sighting[]): StreamRow[] {
  const rows: StreamRow[] = [];
  const seen = new Set<string>();
  let above: Sighting["message"] | undefined;
  for (const sighting of sightings) {
    const { message } = sighting;
    // What came in between two pages moves the last rows of one into the next.
    if (seen.has(message.id)) continue;
    seen.add(message.id);
    const newDay = !above || !isSameDay(above.sent_at, message.sent_at);
    const chatIsNew = newDay || above?.chat_id !== message.chat_id;
    rows.push({ key: message.id, day: newDay ? message.sent_at : null, chatIsNew, sighting });
    above = message;
  }
  return rows;
}

/**
 * The messages that are held of one open chat, in order.
 *
 * Older ones are read page by page. What the feed tells of messages below the oldest page is kept for
 * when that page comes, since the page may have been read before; it is not shown until then.
 */
import type { Message } from "@bothways/client";

export type Messages = {
  /** By position. */
  all: readonly Message[];
  /** The oldest position that may be shown; null when all are here; undefined before the first page. */
  floor: string | null | undefined;
};

/** How many messages below the floor wait for their page. Far more than a page has. */
export const BELOW_FLOOR_LIMIT = 1000;

/** The messages that can be shown, without a hole, oldest first. */
export function shown({ all, floor }: Messages): readonly Message[] {
  if (floor === undefined) return [];
  return floor === null ? all : all.slice(firstAtOrAbove(all, floor));
}

export function held({ all }: Messages, id: string): Message | undefined {
  return all.findLast((message) => message.id === id);
}

/** Puts in a message, unless a newer revision of it is held. */
export function insert(messages: Messages, message: Message): Messages {
  const known = messages.all.findLastIndex(({ id }) => id === message.id);
  const before = messages.all[known];
  if (before && before.revision >= message.revision) return messages;
  const all = [...messages.all];
  if (before?.position === message.position) {
    all[known] = message;
    return { ...messages, all };
  }
  if (before) all.splice(known, 1);
  all.splice(placeOf(all, message), 0, message);
  return bounded({ ...messages, all });
}

export function remove(messages: Messages, id: string): Messages {
  return { ...messages, all: messages.all.filter((message) => message.id !== id) };
}

/** Lowers the floor to the oldest message of a page that was read. */
export function settle(messages: Messages, oldest: string | undefined, more: boolean): Messages {
  const { floor } = messages;
  if (floor === null || !more) return { ...messages, floor: null };
  if (oldest === undefined) return messages;
  return { ...messages, floor: floor === undefined || oldest < floor ? oldest : floor };
}

function bounded(messages: Messages): Messages {
  const { all, floor } = messages;
  const below = floor ? firstAtOrAbove(all, floor) : floor === undefined ? all.length : 0;
  return below > BELOW_FLOOR_LIMIT ? { ...messages, all: all.slice(below - BELOW_FLOOR_LIMIT) } : messages;
}

/** Most news are the newest, so the search begins at the end. */
function placeOf(all: readonly Message[], message: Message): number {
  return all.findLastIndex((other) => isBefore(other, message)) + 1;
}

function isBefore(one: Message, other: Message): boolean {
  if (one.position !== other.position) return one.position < other.position;
  return one.id < other.id;
}

function firstAtOrAbove(all: readonly Message[], floor: string): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle] as Message).position < floor) low = middle + 1;
    else high = middle;
  }
  return low;
}

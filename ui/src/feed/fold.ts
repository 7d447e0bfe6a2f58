/**
 * Folds the feed, and the lists and answers of the API, into what the page shows.
 *
 * Pure. Order and repeats do not matter: each thing bears a revision, an older one never replaces a
 * newer one, and what is gone is remembered with the revision at which it went.
 */
import type { Chat, Connection, Event, Message, SyncStatus } from "@bothways/client";
import { held, insert, remove, settle, shown, type Messages } from "./messages";

export type FeedEvent = Event;

export type Inbox = {
  /** The last event that was folded in; null until a list or an event told where the feed is. */
  seq: number | null;
  connections: ReadonlyMap<string, Connection>;
  /** Imported chats. */
  chats: ReadonlyMap<string, Chat>;
  /** By chat, for the chats that were opened. Messages of others are let pass. */
  messages: ReadonlyMap<string, Messages>;
  syncStatuses: ReadonlyMap<string, SyncStatus>;
  /** The revisions at which things went, so that a late list does not bring them back. */
  gone: ReadonlyMap<string, number>;
};

export const emptyInbox: Inbox = {
  seq: null,
  connections: new Map(),
  chats: new Map(),
  messages: new Map(),
  syncStatuses: new Map(),
  gone: new Map(),
};

/** Folds one event into what the page shows. Pure: the same events give the same inbox. */
export function fold(inbox: Inbox, event: FeedEvent): Inbox {
  if (inbox.seq !== null && event.seq <= inbox.seq) return inbox; // A repeat, after the stream reconnected.
  return { ...apply(inbox, event), seq: event.seq };
}

function apply(inbox: Inbox, event: FeedEvent): Inbox {
  switch (event.kind) {
    case "message.created":
    case "message.updated":
    case "message.deleted":
    case "reaction.added":
    case "reaction.removed":
      return event.object
        ? foldMessage(inbox, event.object)
        : forgetMessage(inbox, event.object_id, event.revision, event.chat_id);
    case "message.merged": {
      const without = event.from ? forgetMessage(inbox, event.from, Infinity, event.chat_id) : inbox;
      return event.object ? foldMessage(without, event.object) : without;
    }
    case "chat.created":
    case "chat.updated":
    case "chat.read":
    case "chat.deleted":
      return event.object
        ? foldChat(inbox, event.object)
        : forgetChat(inbox, event.object_id, event.revision);
    case "chat.merged": {
      const without = event.from ? forgetChat(inbox, event.from, Infinity) : inbox;
      return event.object ? foldChat(without, event.object) : without;
    }
    case "connection.updated":
      return event.object
        ? foldConnection(inbox, event.object)
        : forgetIn(inbox, "connections", event.object_id, event.revision);
    case "sync_status.updated":
      return event.object
        ? foldSyncStatus(inbox, event.object)
        : forgetIn(inbox, "syncStatuses", event.object_id, event.revision);
    case "gap.found":
    case "gap.filled":
      return event.object ? foldCompleteness(inbox, event.object) : inbox;
    case "user_platform.updated":
      return inbox; // The page shows nobody's other names yet.
  }
}

/**
 * The feed is followed from the oldest list: what came after it is told again, which does no harm.
 * Once the feed is followed, a list says nothing new about where it is.
 */
export function startAt(inbox: Inbox, asOfSeqs: readonly number[]): Inbox {
  return inbox.seq === null ? { ...inbox, seq: Math.min(...asOfSeqs) } : inbox;
}

/** Begins to keep a chat's messages. Comes before its list is asked for, so that no news are missed. */
export function openChat(inbox: Inbox, chatId: string): Inbox {
  if (inbox.messages.has(chatId)) return inbox;
  return { ...inbox, messages: put(inbox.messages, chatId, { all: [], floor: undefined }) };
}

export function closeChat(inbox: Inbox, chatId: string): Inbox {
  return inbox.messages.has(chatId) ? { ...inbox, messages: without(inbox.messages, chatId) } : inbox;
}

/** Folds in a page of an open chat's messages, newest first; `more` says that older ones exist. */
export function foldPage(inbox: Inbox, chatId: string, items: readonly Message[], more: boolean): Inbox {
  const folded = items.reduce(foldMessage, inbox);
  const kept = folded.messages.get(chatId);
  if (!kept) return folded;
  return { ...folded, messages: put(folded.messages, chatId, settle(kept, items.at(-1)?.position, more)) };
}

export function foldMessage(inbox: Inbox, message: Message): Inbox {
  if (message.merged_into) return forgetMessage(inbox, message.id, Infinity, message.chat_id);
  if (isGone(inbox, message)) return inbox;
  const kept = inbox.messages.get(message.chat_id);
  if (!kept) return noteLast(inbox, message);
  const next = insert(kept, message);
  if (next === kept) return inbox;
  return noteLast({ ...inbox, messages: put(inbox.messages, message.chat_id, next) }, message);
}

export function foldChat(inbox: Inbox, chat: Chat): Inbox {
  if (isGone(inbox, chat)) return inbox;
  // Where it is not imported, only its name is known; it is as good as deleted.
  if (chat.state !== "imported") return forgetChat(inbox, chat.id, chat.revision);
  return foldIn(inbox, "chats", chat);
}

/** How whole a chat is known changes without a new revision of the chat. */
function foldCompleteness(inbox: Inbox, chat: Chat): Inbox {
  const kept = inbox.chats.get(chat.id);
  if (!kept || !chat.completeness) return foldChat(inbox, chat);
  if ((kept.completeness?.revision ?? 0) >= chat.completeness.revision) return inbox;
  return { ...inbox, chats: put(inbox.chats, chat.id, { ...kept, completeness: chat.completeness }) };
}

export function foldConnection(inbox: Inbox, connection: Connection): Inbox {
  return isGone(inbox, connection) ? inbox : foldIn(inbox, "connections", connection);
}

export function foldSyncStatus(inbox: Inbox, status: SyncStatus): Inbox {
  return isGone(inbox, status) ? inbox : foldIn(inbox, "syncStatuses", status);
}

/** Forgets a chat with its messages and what ran for it. */
export function forgetChat(inbox: Inbox, id: string, revision: number): Inbox {
  const next = forgetIn(inbox, "chats", id, revision);
  if (next === inbox || next.chats.has(id)) return next;
  const syncStatuses = new Map([...next.syncStatuses].filter(([, status]) => status.chat_id !== id));
  const opened = next.messages.has(id);
  // An open chat stays open, though empty: whoever looks at it may see it imported again.
  const messages = opened ? put(next.messages, id, { all: [], floor: undefined }) : next.messages;
  return { ...next, syncStatuses, messages };
}

function forgetMessage(inbox: Inbox, id: string, revision: number, chatId?: string | null): Inbox {
  const gone = put(inbox.gone, id, Math.max(revision, inbox.gone.get(id) ?? 0));
  const kept = chatId ? inbox.messages.get(chatId) : undefined;
  const message = kept && held(kept, id);
  if (!kept || !chatId || !message || message.revision > revision) return { ...inbox, gone };
  return { ...inbox, gone, messages: put(inbox.messages, chatId, remove(kept, id)) };
}

type Table = "connections" | "chats" | "syncStatuses";

function forgetIn(inbox: Inbox, table: Table, id: string, revision: number): Inbox {
  const known = inbox[table].get(id);
  if (known && known.revision > revision) return inbox; // It came back since, and we know.
  const gone = put(inbox.gone, id, Math.max(revision, inbox.gone.get(id) ?? 0));
  return { ...inbox, gone, [table]: without<string, unknown>(inbox[table], id) };
}

function foldIn(inbox: Inbox, table: Table, thing: Chat | Connection | SyncStatus): Inbox {
  const known = inbox[table].get(thing.id);
  if (known && known.revision >= thing.revision) return inbox;
  return { ...inbox, [table]: put<string, unknown>(inbox[table], thing.id, thing) };
}

function isGone(inbox: Inbox, thing: { id: string; revision: number }): boolean {
  return (inbox.gone.get(thing.id) ?? -1) >= thing.revision;
}

/** Keeps a chat's preview in step with its messages, since no event of its own tells of that. */
function noteLast(inbox: Inbox, message: Message): Inbox {
  const chat = inbox.chats.get(message.chat_id);
  if (!chat) return inbox;
  const last = chat.last_message;
  const isLast = last?.id === message.id;
  const isNewer = !last || message.sent_at > last.sent_at;
  if (!isLast && (!isNewer || message.deleted_at)) return inbox;
  const next = message.deleted_at ? (newestThere(inbox, chat.id) ?? message) : message;
  const last_message = {
    id: next.id,
    preview: next.deleted_at ? "This message was deleted" : next.body.text,
    sender_name: next.sender?.name ?? null,
    sent_at: next.sent_at,
  };
  const active_at = message.sent_at > chat.active_at ? message.sent_at : chat.active_at;
  const unread_count = isNewer && !isLast && isUnread(chat, message) ? oneMore(chat) : chat.unread_count;
  return { ...inbox, chats: put(inbox.chats, chat.id, { ...chat, last_message, active_at, unread_count }) };
}

/** The server counts no further. */
const MOST_COUNTED = 100;

function isUnread(chat: Chat, message: Message): boolean {
  return message.direction === "incoming" && message.position > (chat.last_read ?? "");
}

function oneMore({ unread_count: count }: Chat): number | null {
  return count == null ? null : Math.min(count + 1, MOST_COUNTED);
}

function newestThere(inbox: Inbox, chatId: string): Message | undefined {
  const kept = inbox.messages.get(chatId);
  return kept && shown(kept).findLast(({ deleted_at }) => !deleted_at);
}

function put<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> {
  return new Map(map).set(key, value);
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

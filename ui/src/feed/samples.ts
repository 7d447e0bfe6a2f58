/** Things in the API's shape, for tests. */
import type { Abilities, Chat, Connection, Message, SyncStatus } from "@bothways/client";
import type { FeedEvent } from "./fold";

const NOON = "2026-03-02T12:00:00.000Z";

export const abilities: Abilities = {
  send: true,
  reply: true,
  edit: true,
  delete: true,
  react: true,
  mark_read: true,
  mail: false,
  read_back: true,
  longest_text: 40_000,
  longest_edit: 4_000,
  history: "pages",
  news: ["webhook"],
};

const common = {
  customer_id: "me",
  connection_id: "con_1",
  platform: "slack",
  created_at: NOON,
  updated_at: NOON,
};

export function message(id: string, rest: Partial<Message> = {}): Message {
  return {
    ...common,
    id,
    chat_id: "cht_1",
    external_id: `external ${id}`,
    direction: "incoming",
    body: { text: `text of ${id}` },
    attachments: [],
    reactions: [],
    broadcast: false,
    remote_images: false,
    automatic: false,
    changeable: false,
    position: id,
    sent_at: NOON,
    status: "sent",
    revision: 1,
    platform_data: {},
    ...rest,
  };
}

export function chat(id: string, rest: Partial<Chat> = {}): Chat {
  return {
    ...common,
    id,
    external_id: `external ${id}`,
    kind: "channel",
    name: id,
    state: "imported",
    archived: false,
    member: true,
    participants: [],
    abilities,
    revision: 1,
    active_at: NOON,
    platform_data: {},
    ...rest,
  };
}

export function connection(id: string, rest: Partial<Connection> = {}): Connection {
  const { customer_id, platform, created_at, updated_at } = common;
  return {
    id,
    customer_id,
    platform,
    created_at,
    updated_at,
    integration: "slack",
    external_account: "T1",
    account_name: "Acme",
    state: "active",
    scopes: [],
    abilities,
    import_new_chats: false,
    include_trash_and_spam: false,
    paused: false,
    revision: 1,
    ...rest,
  };
}

export function syncStatus(id: string, rest: Partial<SyncStatus> = {}): SyncStatus {
  return {
    id,
    customer_id: "me",
    connection_id: "con_1",
    kind: "import",
    state: "running",
    done: 0,
    revision: 1,
    created_at: NOON,
    ...rest,
  };
}

type Happening = Pick<FeedEvent, "kind" | "object"> & Partial<FeedEvent>;

/** An event about an object, or about one that is gone, by `object_id` and `revision`. */
export function event(seq: number, { object, ...rest }: Happening): FeedEvent {
  const known = object as { id?: string; revision?: number; chat_id?: string } | null | undefined;
  return {
    seq,
    position: seq,
    customer_id: "me",
    object_id: known?.id ?? "",
    revision: known?.revision ?? 0,
    chat_id: known?.chat_id ?? null,
    origin: "live",
    at: NOON,
    object: object ?? null,
    ...rest,
  } as FeedEvent;
}

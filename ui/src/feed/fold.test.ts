import type { Message } from "@bothways/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyInbox, fold, foldChat, foldPage, openChat, startAt, type FeedEvent, type Inbox } from "./fold";
import { BELOW_FLOOR_LIMIT, shown } from "./messages";
import { chat, connection, event, message, syncStatus } from "./samples";

const opened = openChat(foldChat(startAt(emptyInbox, [0]), chat("cht_1")), "cht_1");
const read = (items: Message[] = [], more = false) => foldPage(opened, "cht_1", items, more);
const after = (inbox: Inbox, ...events: FeedEvent[]) => events.reduce(fold, inbox);
const ids = (inbox: Inbox) => {
  const messages = inbox.messages.get("cht_1");
  return messages ? shown(messages).map(({ id }) => id) : undefined;
};
const texts = (inbox: Inbox) => inbox.messages.get("cht_1")?.all.map(({ body }) => body.text);
const says = (text: string) => ({ body: { text } });

describe("order and repeats", () => {
  test("a repeated event changes nothing, not even the inbox's identity", () => {
    const once = after(read(), event(1, { kind: "message.created", object: message("m1") }));
    expect(
      fold(once, event(1, { kind: "message.deleted", object: null, object_id: "m1", revision: 9 })),
    ).toBe(once);
  });

  test("an older revision never replaces a newer one", () => {
    const inbox = after(
      read(),
      event(1, { kind: "message.updated", object: message("m1", { revision: 3, ...says("new") }) }),
      event(2, { kind: "message.updated", object: message("m1", { revision: 2, ...says("old") }) }),
    );
    expect(texts(inbox)).toEqual(["new"]);
  });

  test("messages stand by position, and by id where the position is the same", () => {
    const inbox = after(
      read(),
      event(1, { kind: "message.created", object: message("m9", { position: "5" }) }),
      event(2, { kind: "message.created", object: message("m2", { position: "7" }) }),
      event(3, { kind: "message.created", object: message("m1", { position: "5" }) }),
    );
    expect(ids(inbox)).toEqual(["m1", "m9", "m2"]);
  });

  test("a message moves when it gets its place", () => {
    const inbox = after(
      read(),
      event(1, { kind: "message.created", object: message("mine", { position: "~1", status: "pending" }) }),
      event(2, { kind: "message.created", object: message("late", { position: "9" }) }),
      event(3, { kind: "message.updated", object: message("mine", { position: "8", revision: 2 }) }),
    );
    expect(ids(inbox)).toEqual(["mine", "late"]);
  });

  test("whatever the order of the same tellings, the same messages are held", () => {
    const telling = fc.record({
      id: fc.integer({ min: 0, max: 5 }),
      revision: fc.integer({ min: 1, max: 6 }),
    });
    const tellings = fc.array(telling, { maxLength: 30 });
    const replay = (told: { id: number; revision: number }[]) =>
      told.reduce((inbox, { id, revision }, at) => {
        // The state that belongs to a revision is always the same: gone at every fourth, moved at every other.
        const gone = revision % 4 === 0;
        const object = message(`m${id}`, {
          revision,
          position: `${(id * revision) % 7}`,
          ...says(`${revision}`),
        });
        const about = { object_id: `m${id}`, revision, chat_id: "cht_1" };
        return fold(
          inbox,
          event(at + 1, { kind: "message.updated", object: gone ? null : object, ...about }),
        );
      }, read());
    const twisted = tellings.chain((told) =>
      fc.tuple(fc.constant(told), fc.shuffledSubarray([...told, ...told], { minLength: told.length * 2 })),
    );
    fc.assert(
      fc.property(twisted, ([told, retold]) => {
        expect(replay(retold).messages).toEqual(replay(told).messages);
      }),
    );
  });
});

describe("what is gone", () => {
  test("a message that is gone does not come back with a late page", () => {
    const gone = event(1, {
      kind: "message.deleted",
      object: null,
      object_id: "m1",
      revision: 2,
      chat_id: "cht_1",
    });
    const inbox = foldPage(after(read([message("m1")]), gone), "cht_1", [message("m1")], false);
    expect(ids(inbox)).toEqual([]);
  });

  test("a deleted message that still has a state is kept, to say so", () => {
    const object = message("m1", { revision: 2, deleted_at: "2026-03-02T12:01:00.000Z", ...says("") });
    const inbox = after(read([message("m1")]), event(1, { kind: "message.deleted", object }));
    expect(inbox.messages.get("cht_1")?.all[0]?.deleted_at).toBeTruthy();
  });

  test("a merge removes the one that is no longer used, for good", () => {
    const into = message("real", { revision: 4 });
    const inbox = after(
      read([message("pending", { position: "~1" })]),
      event(1, { kind: "message.merged", object: into, from: "pending", into: "real" }),
      event(2, { kind: "message.updated", object: message("pending", { revision: 99 }) }),
    );
    expect(ids(inbox)).toEqual(["real"]);
  });

  test("a message that says itself that it was merged is not shown", () => {
    const object = message("pending", { revision: 2, merged_into: "real" });
    expect(ids(after(read([message("pending")]), event(1, { kind: "message.updated", object })))).toEqual([]);
  });

  test("a deleted chat goes with its messages and its import, and a late list does not bring it back", () => {
    const running = event(1, {
      kind: "sync_status.updated",
      object: syncStatus("syn_1", { chat_id: "cht_1" }),
    });
    const gone = event(2, { kind: "chat.deleted", object: null, object_id: "cht_1", revision: 2 });
    const inbox = foldChat(after(read([message("m1")]), running, gone), chat("cht_1", { revision: 1 }));
    expect([...inbox.chats, ...inbox.syncStatuses]).toEqual([]);
    expect(inbox.messages.get("cht_1")?.all).toEqual([]);
  });

  test("a chat that is told of as deleted goes too", () => {
    const object = chat("cht_1", { revision: 2, state: "deleted" });
    expect(after(read(), event(1, { kind: "chat.deleted", object })).chats.size).toBe(0);
  });

  test("a chat that was imported again since its deletion stays", () => {
    const again = foldChat(read(), chat("cht_1", { revision: 5 }));
    const gone = event(1, { kind: "chat.deleted", object: null, object_id: "cht_1", revision: 3 });
    expect(after(again, gone).chats.has("cht_1")).toBe(true);
  });

  test("a chat that only has a name is not shown until it is imported", () => {
    const named = after(
      emptyInbox,
      event(1, { kind: "chat.created", object: chat("c", { state: "available" }) }),
    );
    expect(named.chats.size).toBe(0);
    expect(
      after(named, event(2, { kind: "chat.updated", object: chat("c", { revision: 2 }) })).chats.size,
    ).toBe(1);
  });
});

describe("pages", () => {
  test("messages of a chat that was not opened are let pass", () => {
    const object = message("m1", { chat_id: "cht_2" });
    expect(after(read(), event(1, { kind: "message.created", object })).messages.has("cht_2")).toBe(false);
  });

  test("news that come before the first page are shown with it", () => {
    const early = after(opened, event(1, { kind: "message.created", object: message("m5") }));
    expect(ids(early)).toEqual([]);
    expect(ids(foldPage(early, "cht_1", [message("m4"), message("m3")], true))).toEqual(["m3", "m4", "m5"]);
  });

  test("older news wait for the page that they belong to, and do not tear a hole", () => {
    const first = read([message("m8"), message("m7")], true);
    const told = after(first, event(1, { kind: "message.created", object: message("m3") }));
    expect(ids(told)).toEqual(["m7", "m8"]);
    expect(ids(foldPage(told, "cht_1", [message("m5"), message("m2")], false))).toEqual([
      "m2",
      "m3",
      "m5",
      "m7",
      "m8",
    ]);
  });

  test("each page lowers the floor by what it read, and no further", () => {
    const told = after(
      read([message("m8")], true),
      event(1, { kind: "message.created", object: message("m2") }),
    );
    const second = foldPage(told, "cht_1", [message("m6"), message("m5")], true);
    expect(ids(second)).toEqual(["m5", "m6", "m8"]);
    expect(ids(foldPage(second, "cht_1", [], false))).toEqual(["m2", "m5", "m6", "m8"]);
  });

  test("only so many older news are kept", () => {
    const count = BELOW_FLOOR_LIMIT + 50;
    const news = Array.from({ length: count }, (_, at) =>
      event(at + 1, { kind: "message.created", object: message(`m${String(at).padStart(6, "0")}`) }),
    );
    const inbox = after(read([message("z")], true), ...news);
    expect(inbox.messages.get("cht_1")?.all).toHaveLength(BELOW_FLOOR_LIMIT + 1);
    expect(ids(inbox)).toEqual(["z"]);
  });
});

describe("the rest of the inbox", () => {
  test("a reaction shows on its message", () => {
    const object = message("m1", {
      revision: 2,
      reactions: [{ emoji: "🎉", count: 1, mine: false, names: ["Ada"] }],
    });
    const inbox = after(read([message("m1")]), event(1, { kind: "reaction.added", object }));
    expect(inbox.messages.get("cht_1")?.all[0]?.reactions[0]?.emoji).toBe("🎉");
  });

  test("a new message becomes its chat's preview, an older or deleted one does not", () => {
    const later = (minute: number, rest: Partial<Message> = {}) =>
      message(`m${minute}`, { sent_at: `2026-03-02T12:0${minute}:00.000Z`, ...rest });
    const inbox = after(
      read(),
      event(1, { kind: "message.created", object: later(5) }),
      event(2, { kind: "message.created", object: later(3) }),
      event(3, { kind: "message.created", object: later(7, { deleted_at: "2026-03-02T12:08:00.000Z" }) }),
    );
    expect(inbox.chats.get("cht_1")?.last_message?.id).toBe("m5");
    expect(inbox.chats.get("cht_1")?.active_at).toBe("2026-03-02T12:05:00.000Z");
  });

  test("a deleted preview gives way to the message before it, where that is known", () => {
    const [older, newer] = [message("m1"), message("m2", { sent_at: "2026-03-02T12:05:00.000Z" })];
    const gone = { ...newer, revision: 2, deleted_at: "2026-03-02T12:06:00.000Z", ...says("") };
    const preview = (inbox: Inbox) => inbox.chats.get("cht_1")?.last_message?.preview;
    const told = [
      event(1, { kind: "message.created", object: newer }),
      event(2, { kind: "message.deleted", object: gone }),
    ];
    expect(preview(after(read([older]), ...told))).toBe("text of m1");
    const unopened = foldChat(startAt(emptyInbox, [0]), chat("cht_1"));
    expect(preview(after(unopened, ...told))).toBe("This message was deleted");
  });

  test("what others write after the read mark counts as unread, once", () => {
    const read = chat("cht_1", { unread_count: 0, last_read: "m1" });
    const at = (minute: number) => `2026-03-02T12:0${minute}:00.000Z`;
    const written = (id: string, minute: number, rest = {}) => message(id, { sent_at: at(minute), ...rest });
    const told = (seq: number, object: ReturnType<typeof message>) =>
      event(seq, { kind: "message.created", object });
    const inbox = after(
      foldChat(startAt(emptyInbox, [0]), read),
      told(1, written("m2", 2)),
      told(2, written("m2", 2, { revision: 2 })),
      told(3, written("m3", 3, { direction: "outgoing" })),
      told(4, written("m4", 4)),
    );
    expect(inbox.chats.get("cht_1")?.unread_count).toBe(2);
    const marked = chat("cht_1", { unread_count: 0, last_read: "m4", revision: 2 });
    const after_it = after(inbox, event(5, { kind: "chat.read", object: marked }));
    expect(after_it.chats.get("cht_1")?.unread_count).toBe(0);
  });

  test("connections and imports follow their events", () => {
    const inbox = after(
      emptyInbox,
      event(1, { kind: "connection.updated", object: connection("con_1", { revision: 2 }) }),
      event(2, {
        kind: "connection.updated",
        object: connection("con_1", { revision: 1, state: "degraded" }),
      }),
      event(3, { kind: "sync_status.updated", object: syncStatus("syn_1", { done: 40 }) }),
      event(4, { kind: "sync_status.updated", object: null, object_id: "syn_1", revision: 2 }),
    );
    expect(inbox.connections.get("con_1")?.state).toBe("active");
    expect(inbox.syncStatuses.size).toBe(0);
  });

  test("the feed is followed from the oldest of the first lists, and later lists do not move it", () => {
    const started = startAt(emptyInbox, [7, 5, 9]);
    expect(started.seq).toBe(5);
    expect(startAt(fold(started, event(6, { kind: "user_platform.updated", object: null })), [50]).seq).toBe(
      6,
    );
  });
});

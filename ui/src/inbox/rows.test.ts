import type { Message, Participant } from "@bothways/client";
import { expect, test } from "vitest";
import { message } from "../feed/samples";
import { rowsOf } from "./rows";

const person = (name: string): Participant => ({
  external_id: name,
  name,
  emails: [],
  bot: false,
  me: false,
});
const at = (minute: number, day = 2) => new Date(2026, 2, day, 12, minute).toISOString();
const said = (id: string, name: string, minute: number, rest: Partial<Message> = {}) =>
  message(id, { sender: person(name), sent_at: at(minute), ...rest });
const shape = (messages: Message[]) =>
  rowsOf(messages).map((row) => (row.kind === "day" ? "day" : row.first ? `${row.key} first` : row.key));

test("a day begins with its name, and each day with the sender's", () => {
  const rows = [said("a", "Ada", 1), said("b", "Ada", 2), said("c", "Ada", 2, { sent_at: at(2, 3) })];
  expect(shape(rows)).toEqual(["day", "a first", "b", "day", "c first"]);
});

test("another sender, another thread or a pause begins anew", () => {
  const thread = { thread_root: "external a" };
  const rows = [
    said("a", "Ada", 1),
    said("b", "Ben", 1),
    said("c", "Ben", 3),
    said("d", "Ben", 9),
    said("e", "Ben", 9, thread),
    said("f", "Ben", 9, thread),
  ];
  expect(shape(rows)).toEqual(["day", "a first", "b first", "c", "d first", "e first", "f"]);
});

test("a reply names its root, even one that was not read; a root does not name itself", () => {
  const rows = rowsOf([
    said("a", "Ada", 1, { thread_root: "external a" }),
    said("b", "Ben", 2, { thread_root: "external a" }),
    said("c", "Ben", 3, { thread_root: "external z" }),
  ]);
  const roots = rows.flatMap((row) => (row.kind === "message" ? [row.root] : []));
  expect(roots.map((root) => root && (root.message?.id ?? "unread"))).toEqual([null, "a", "unread"]);
});

test("each mail says for itself to whom it went", () => {
  const recipients = { to: [], cc: [], bcc: [], reply_to: [] };
  const mails = [said("a", "Ada", 1, { recipients }), said("b", "Ada", 2, { recipients })];
  expect(shape(mails)).toEqual(["day", "a first", "b first"]);
});

import { expect, test } from "vitest";
import { abilities, message } from "../feed/samples";
import { permissionsOf } from "./permissions";

const all = { edit: true, remove: true, reply: true, answer: false, react: true, unread: false };
const none = { edit: false, remove: false, reply: false, answer: false, react: false, unread: false };
const own = { direction: "outgoing", changeable: true } as const;

test("one's own message can be changed, another's cannot", () => {
  expect(permissionsOf(message("m", own), abilities)).toEqual(all);
  expect(permissionsOf(message("m"), abilities)).toEqual({ ...all, edit: false, remove: false });
  // Written as somebody else that one is, too, for whom this connection cannot speak.
  const elsewhere = message("m", { direction: "outgoing" });
  expect(permissionsOf(elsewhere, abilities)).toEqual({ ...all, edit: false, remove: false });
});

test("what the platform cannot do is not offered", () => {
  const few = { ...abilities, edit: false, delete: false, reply: false, react: false };
  expect(permissionsOf(message("m", own), few)).toEqual(none);
  expect(permissionsOf(message("m"), { ...abilities, send: false }).reply).toBe(false);
});

test("nothing is offered for what is deleted, or was never said by anybody", () => {
  expect(permissionsOf(message("m", { ...own, deleted_at: "2026-03-02T12:00:00.000Z" }), abilities)).toEqual(
    none,
  );
  expect(permissionsOf(message("m", { direction: "system" }), abilities)).toEqual(none);
});

test("a message on its way can be changed, but nobody can answer or react to it yet", () => {
  const pending = message("m", { ...own, status: "pending", external_id: null });
  expect(permissionsOf(pending, abilities)).toEqual({ ...none, edit: true, remove: true });
});

test("one change at a time, and what failed is settled first", () => {
  const changing = message("m", { ...own, pending_change: { kind: "edit", status: "pending" } });
  expect(permissionsOf(changing, abilities)).toEqual({ ...all, edit: false, remove: false });
  expect(permissionsOf(message("m", { ...own, status: "uncertain" }), abilities).edit).toBe(false);
});

test("a mail is answered once it is there, and never where the platform has no mail", () => {
  const mail = { ...abilities, mail: true };
  expect(permissionsOf(message("m"), mail).answer).toBe(true);
  expect(permissionsOf(message("m", { external_id: null }), mail).answer).toBe(false);
  expect(permissionsOf(message("m"), { ...mail, send: false }).answer).toBe(false);
});

test("what others wrote can be called unread again, where the platform lets it be", () => {
  const able = { ...abilities, mark_unread: true };
  expect(permissionsOf(message("m"), able).unread).toBe(true);
  expect(permissionsOf(message("m", own), able).unread).toBe(false);
  expect(permissionsOf(message("m", { external_id: null }), able).unread).toBe(false);
  expect(permissionsOf(message("m"), abilities).unread).toBe(false);
});

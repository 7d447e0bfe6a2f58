import { expect, test } from "vitest";
import { message } from "../feed/samples";
import { deliveryOf } from "./delivery-words";

const own = { direction: "outgoing" } as const;
const error = { code: "not_in_channel", detail: "You left this channel." };

test("a message that is simply there says nothing, and others' never do", () => {
  expect(deliveryOf(message("m", own))).toBeNull();
  expect(deliveryOf(message("m", { status: "failed" }))).toBeNull();
});

test("a failure says why and can be tried again", () => {
  const delivery = deliveryOf(message("m", { ...own, status: "failed", error }));
  expect(delivery).toMatchObject({
    words: "Not sent: You left this channel.",
    choices: [{ label: "Try again" }],
  });
});

test("what is uncertain is for a person to decide, in three ways", () => {
  const delivery = deliveryOf(message("m", { ...own, status: "uncertain" }));
  expect(delivery?.choices.map(({ resolution }) => resolution)).toEqual([
    "it_was_sent",
    "send_again",
    "give_up",
  ]);
});

test("a change tells its own way once the message is sent, and waits its turn before", () => {
  const change = { kind: "edit", status: "failed", error } as const;
  expect(deliveryOf(message("m", { ...own, pending_change: change }))?.words).toMatch(/^Not changed/);
  expect(deliveryOf(message("m", { ...own, status: "pending", pending_change: change }))?.words).toBe(
    "Sending…",
  );
});

test("a deleted message has nothing to settle", () => {
  const deleted = { ...own, status: "failed", deleted_at: "2026-03-02T12:00:00.000Z" } as const;
  expect(deliveryOf(message("m", deleted))).toBeNull();
});

import type { Sighting } from "@bothways/client";
import { expect, test } from "vitest";
import { message } from "../feed/samples";
import { streamOf } from "./stream";

const sighting = (id: string, chat_id: string, sent_at: string): Sighting => ({
  message: message(id, { chat_id, sent_at }),
  chat_name: chat_id,
  connection_ids: ["con_1"],
});

test("days and chats are named where they begin", () => {
  const rows = streamOf([
    sighting("4", "b", "2026-03-03T12:00:00.000Z"),
    sighting("3", "a", "2026-03-03T11:00:00.000Z"),
    sighting("2", "a", "2026-03-03T10:00:00.000Z"),
    sighting("1", "a", "2026-03-01T12:00:00.000Z"),
  ]);
  expect(rows.map(({ key, day, chatIsNew }) => [key, day, chatIsNew])).toEqual([
    ["4", "2026-03-03T12:00:00.000Z", true],
    ["3", null, true],
    ["2", null, false],
    ["1", "2026-03-01T12:00:00.000Z", true],
  ]);
});

test("what two pages have is shown once", () => {
  const one = sighting("1", "a", "2026-03-01T12:00:00.000Z");
  expect(streamOf([one, one])).toHaveLength(1);
  expect(streamOf([])).toEqual([]);
});

import { expect, test } from "vitest";
import { syncStatus } from "../feed/samples";
import { progressInWords } from "./progress";

const words = (rest: Parameters<typeof syncStatus>[1]) =>
  progressInWords(syncStatus("syn_1", { chat_id: "cht_1", ...rest }));

test("what is counted is named, in its number", () => {
  expect(words({ done: 1 })).toBe("1 message");
  expect(words({ done: 2 })).toBe("2 messages");
  expect(words({ done: 1, total: 7 })).toBe("1 of 7 messages");
  expect(words({ done: 3, chat_id: null })).toBe("3 chats");
});

test("a failure says why, and a wait says until when", () => {
  expect(words({ state: "failed", error: { code: "x", detail: "Slack says no." } })).toBe("Slack says no.");
  expect(words({ state: "waiting", waiting_until: new Date(2026, 0, 1, 14, 5).toISOString() })).toMatch(
    /goes on at .*5/,
  );
});

test("an estimate is said roughly", () => {
  const left = (seconds: number) =>
    words({ done: 2, expected_end: new Date(Date.now() + seconds * 1000).toISOString() });
  expect(left(150)).toBe("2 messages, about 3 min left");
  expect(left(5 * 3600 - 30)).toBe("2 messages, about 5 hours left");
  expect(left(72 * 3600 - 30)).toBe("2 messages, about 3 days left");
  expect(left(-10)).toBe("2 messages, about 1 min left");
});

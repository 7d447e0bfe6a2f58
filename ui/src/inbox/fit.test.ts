import { expect, test } from "vitest";
import { fitOf } from "./fit";

test("empty text is not sent, and neither is one that is too long", () => {
  expect(fitOf(" \n\t", 10).canSend).toBe(false);
  expect(fitOf("a".repeat(100), 100).canSend).toBe(true);
  expect(fitOf("a".repeat(101), 100)).toMatchObject({ canSend: false, left: -1 });
});

test("an emoji is one character", () => {
  expect(fitOf("🎉".repeat(5), 5).canSend).toBe(true);
});

test("the limit is mentioned only when it is near", () => {
  expect(fitOf("hello", 4000).near).toBe(false);
  expect(fitOf("a".repeat(3700), 4000).near).toBe(true);
});

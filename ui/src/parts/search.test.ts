import { expect, test } from "vitest";
import { includesWords } from "./search";

test.each([
  ["Zoë Müller", "zoe", true],
  ["design-reviews", "rev des", true],
  ["design-reviews", "rev ops", false],
  ["general", "  ", true],
])("%j for %j: %j", (text, sought, found) => {
  expect(includesWords(text, sought)).toBe(found);
});

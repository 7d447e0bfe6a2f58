import { expect, test } from "vitest";
import { dayName, isSameDay, shortTime } from "./time";

const now = new Date(2026, 2, 11, 9, 30);
const local = (...at: [number, number, number, number]) => new Date(...at).toISOString();

test("days are counted by the calendar, not by hours", () => {
  expect(dayName(local(2026, 2, 11, 0), now)).toBe("Today");
  expect(dayName(local(2026, 2, 10, 23), now)).toBe("Yesterday");
  expect(dayName(local(2026, 2, 9, 23), now)).toContain("9");
});

test("only another year is named", () => {
  expect(dayName(local(2026, 0, 5, 12), now)).not.toContain("2026");
  expect(dayName(local(2025, 0, 5, 12), now)).toContain("2025");
});

test("a list shows as little as tells the time apart", () => {
  expect(shortTime(local(2026, 2, 11, 8), now)).toMatch(/08|8/);
  expect(shortTime(local(2026, 2, 10, 8), now)).toBe("Yesterday");
  expect(shortTime(local(2026, 2, 7, 8), now)).toBe(
    new Date(2026, 2, 7).toLocaleDateString(undefined, { weekday: "short" }),
  );
  expect(shortTime(local(2026, 1, 7, 8), now)).toContain("7");
});

test("a platform's clock that is ahead of ours still says the time", () => {
  expect(shortTime(local(2026, 2, 12, 1), now)).toMatch(/01|1/);
});

test("midnight parts the days", () => {
  expect(isSameDay(local(2026, 2, 10, 23), local(2026, 2, 11, 0))).toBe(false);
  expect(isSameDay(local(2026, 2, 11, 0), local(2026, 2, 11, 23))).toBe(true);
});

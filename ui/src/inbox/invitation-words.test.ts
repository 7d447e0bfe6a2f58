import type { Invitation } from "@bothways/client";
import { expect, test } from "vitest";
import { invitationLine } from "./invitation-words";

const at = (hour: number) => ({ at: new Date(2026, 0, 5, hour).toISOString() });
const plan: Invitation = {
  method: "invite",
  summary: "Plan",
  starts_at: at(10),
  ends_at: at(11),
  repeats: false,
  location: "Room 2",
};
const line = (rest: Partial<Invitation>) =>
  invitationLine({ ...plan, ...rest }, "en-GB")
    .replace(/[\s,]+/g, " ")
    .replace(/ ?– ?/g, "–");

test("a meeting is told by what it is, when, and where", () => {
  expect(line({})).toBe("Invitation: Plan · Mon 5 Jan 2026 10:00–11:00 · Room 2");
  expect(line({ method: "update", repeats: true })).toBe(
    "Changed invitation: Plan · Mon 5 Jan 2026 10:00–11:00 · repeats · Room 2",
  );
  expect(line({ method: "cancel", location: null })).toContain("Cancelled: Plan");
  expect(line({ summary: "", starts_at: null, location: null })).toBe("Invitation: a meeting");
  expect(line({ ends_at: null })).toContain("Mon 5 Jan 2026 10:00 ·");
});

test("days are days, and a time without a zone says so", () => {
  const days = { starts_at: { date: "2026-06-01" }, ends_at: { date: "2026-06-01" }, location: null };
  expect(line(days)).toBe("Invitation: Plan · Mon 1 Jun 2026");
  expect(line({ ...days, ends_at: { date: "2026-06-03" } })).toMatch(/Mon 1 .*–Wed 3 Jun 2026$/);
  const local = { starts_at: { local: "2026-01-05T10:00:00" }, ends_at: null };
  expect(line(local)).toBe("Invitation: Plan · Mon 5 Jan 2026 10:00 (no time zone) · Room 2");
});

test("an answer names who comes and who does not", () => {
  const by = { name: "Rui", address: "rui@x.example", me: false };
  const answer = (attendance: "accepted" | "tentative" | "declined", me = false) =>
    line({ method: "answer", answer: { by: { ...by, me }, attendance } });
  expect(answer("accepted")).toContain("Rui accepted: Plan");
  expect(answer("tentative")).toContain("Rui may come: Plan");
  expect(answer("declined")).toContain("Rui declined: Plan");
  expect(answer("accepted", true)).toContain("You accepted: Plan");
});

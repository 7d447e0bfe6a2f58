/** What a mail says of a meeting, in one line: what becomes of it, when it is by the reader's clock, and where. Pure. */
import type { Invitation, Moment } from "@bothways/client";

const SAYS = { accepted: "accepted", tentative: "may come", declined: "declined" } as const;

export function invitationLine(invitation: Invitation, locale?: string): string {
  const { summary, location, repeats } = invitation;
  const what = `${whatOf(invitation)}: ${summary || "a meeting"}`;
  return [what, spanOf(invitation, locale), repeats && "repeats", location].filter(Boolean).join(" · ");
}

function whatOf({ method, answer }: Invitation): string {
  switch (method) {
    case "invite":
      return "Invitation";
    case "update":
      return "Changed invitation";
    case "cancel":
      return "Cancelled";
    case "answer":
      if (!answer) return "Answer to an invitation";
      return `${answer.by.me ? "You" : answer.by.name} ${SAYS[answer.attendance]}`;
  }
}

const DAY = { weekday: "short", day: "numeric", month: "short", year: "numeric" } as const;
const CLOCK = { ...DAY, hour: "2-digit", minute: "2-digit" } as const;

function spanOf({ starts_at, ends_at }: Invitation, locale?: string): string {
  if (!starts_at) return "";
  const format = new Intl.DateTimeFormat(locale, "date" in starts_at ? DAY : CLOCK);
  const [start, end] = [dateOf(starts_at), dateOf(ends_at ?? starts_at)];
  if (Number.isNaN(start.getTime())) return "";
  const span = end > start ? format.formatRange(start, end) : format.format(start);
  return "local" in starts_at ? `${span} (no time zone)` : span;
}

/** A day begins, and a time without a zone is, by the reader's own clock. */
function dateOf(moment: Moment): Date {
  if ("at" in moment) return new Date(moment.at);
  return new Date("date" in moment ? `${moment.date}T00:00:00` : moment.local);
}

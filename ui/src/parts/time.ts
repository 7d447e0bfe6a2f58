/** Times as people say them, in the reader's own zone and language. `now` is given, so that tests are still. */

export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

export function fullTime(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
}

/** The day as a separator between messages. */
export function dayName(at: string, now: Date): string {
  const days = daysAgo(at, now);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const date = new Date(at);
  const year = date.getFullYear() === now.getFullYear() ? undefined : ("numeric" as const);
  return date.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long", year });
}

/** As short as a list of chats needs: the time today, the weekday this week, else the date. */
export function shortTime(at: string, now: Date): string {
  const days = daysAgo(at, now);
  if (days <= 0) return clockTime(at);
  if (days === 1) return "Yesterday";
  const date = new Date(at);
  if (days < 7) return date.toLocaleDateString(undefined, { weekday: "short" });
  const year = date.getFullYear() === now.getFullYear() ? undefined : ("2-digit" as const);
  return date.toLocaleDateString(undefined, { day: "numeric", month: "short", year });
}

export function isSameDay(one: string, other: string): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** Whole days by the calendar; rounded, because a day is not always 24 hours long. */
function daysAgo(at: string, now: Date): number {
  return Math.round((midnight(now) - midnight(new Date(at))) / 86_400_000);
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

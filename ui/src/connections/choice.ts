/** Which of a platform's chats a person wants to see and import, as its search takes it. Pure: `now` is given. */

export type Span = "any" | "week" | "month" | "year" | "date";

export type Choice = {
  words: string;
  /** The platform's id of a label; null for any. */
  label: string | null;
  span: Span;
  /** As the field of a date gives it: `2026-03-02`. Counts for the span `date` alone. */
  date: string;
};

/** What the API takes of it. */
export type Selection = { q?: string; label?: string; since?: string };

export const ANYTHING: Choice = { words: "", label: null, span: "any", date: "" };

export const SPANS: { value: Span; label: string }[] = [
  { value: "any", label: "Any time" },
  { value: "week", label: "Since last week" },
  { value: "month", label: "Since last month" },
  { value: "year", label: "Since last year" },
  { value: "date", label: "Since a date" },
];

export function selectionOf({ words, label, span, date }: Choice, now: Date): Selection {
  const since = begin(span, date, now);
  return {
    ...(words.trim() && { q: words.trim() }),
    ...(label && { label }),
    ...(since && { since: since.toISOString() }),
  };
}

/** The first moment of the day on which the span begins, so that it stays the same all day. */
function begin(span: Span, date: string, now: Date): Date | null {
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()];
  switch (span) {
    case "any":
      return null;
    case "week":
      return new Date(year, month, day - 7);
    case "month":
      return new Date(year, month, day - 30);
    case "year":
      return new Date(year - 1, month, day);
    case "date": {
      // Years come digit by digit.
      const named = /^[12]\d{3}-\d\d-\d\d$/.test(date) ? new Date(`${date}T00:00:00`) : null;
      return named && !Number.isNaN(named.getTime()) ? named : null;
    }
  }
}

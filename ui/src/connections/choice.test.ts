import { expect, test } from "vitest";
import { ANYTHING, selectionOf, type Choice, type Span } from "./choice";

const NOW = new Date(2026, 2, 31, 15, 30);

function of(choice: Partial<Choice>) {
  return selectionOf({ ...ANYTHING, ...choice }, NOW);
}

/** The day that it begins on, in the reader's own zone. */
function begins(span: Span, date = "") {
  const { since } = of({ span, date });
  return since && new Date(since).toString().slice(0, 24);
}

test("who chooses nothing gets everything", () => {
  expect(of({})).toEqual({});
  expect(of({ words: "  " })).toEqual({});
});

test("words and a label go to the platform's search", () => {
  expect(of({ words: " from:bruno roof ", label: "Label_7" })).toEqual({
    q: "from:bruno roof",
    label: "Label_7",
  });
});

test("a span begins with a day, also where no such day is in the month", () => {
  expect(begins("week")).toBe("Tue Mar 24 2026 00:00:00");
  expect(begins("month")).toBe("Sun Mar 01 2026 00:00:00");
  expect(begins("year")).toBe("Mon Mar 31 2025 00:00:00");
});

test("a date begins where the reader is, and one that is not written yet asks for nothing", () => {
  expect(begins("date", "2026-01-05")).toBe("Mon Jan 05 2026 00:00:00");
  for (const date of ["", "2026-01", "0020-01-05", "2026-02-40", "soon"])
    expect(of({ span: "date", date })).toEqual({});
  expect(of({ span: "any", date: "2026-01-05" })).toEqual({});
});

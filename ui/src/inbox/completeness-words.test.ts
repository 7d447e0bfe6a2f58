import { describe, expect, it } from "vitest";
import { completenessWords } from "./completeness-words";

const gap = {
  from: "2026-03-02T12:00:00.000Z",
  to: "2026-03-02T13:00:00.000Z",
  state: "fillable" as const,
  reason: { code: "server_was_down", detail: "The server was down for a while." },
};

describe("completenessWords", () => {
  it("says nothing before anything is known", () => {
    expect(completenessWords(undefined)).toBe("");
    expect(completenessWords({ complete_since: null, checked_at: null, gaps: [], revision: 1 })).toBe("");
  });

  it("says since when, and how many gaps there are", () => {
    const beginning = { complete_since: "1970-01-01T00:00:00.000Z", checked_at: null, gaps: [], revision: 2 };
    expect(completenessWords(beginning)).toBe("complete from the beginning");
    expect(completenessWords({ ...beginning, gaps: [gap] })).toBe("complete from the beginning, one gap");
    const later = { ...beginning, complete_since: "2026-03-02T12:00:00.000Z", gaps: [gap, gap] };
    expect(completenessWords(later)).toMatch(/^complete since .*2026.*, 2 gaps$/);
  });
});

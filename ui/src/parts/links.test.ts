import { expect, test } from "vitest";
import { partAtLinks } from "./links";

const links = (text: string) => partAtLinks(text).flatMap(({ href }) => href ?? []);

test.each([
  ["see https://example.com/a?b=c#d.", ["https://example.com/a?b=c#d"]],
  ["(https://example.com/x)", ["https://example.com/x"]],
  ["https://example.com/x_(y)", ["https://example.com/x_(y)"]],
  ["http://a.example, https://b.example!", ["http://a.example", "https://b.example"]],
  ["javascript:alert(1) javascript://x.example/%0aalert(1) ftp://a.example data:text/html,x", []],
  ["https:// and https://.", []],
])("in %j", (text, expected) => {
  expect(links(text)).toEqual(expected);
});

test("no character of the text is lost", () => {
  const text = "a https://example.com.\n\nb (http://x.example/) https://";
  expect(
    partAtLinks(text)
      .map((piece) => piece.text)
      .join(""),
  ).toBe(text);
});

import type { Hit, SearchAnswer } from "@bothways/client";
import { MantineProvider } from "@mantine/core";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Router } from "wouter";
import { chat, message } from "../feed/samples";
import { isBehind } from "./calls";
import { Results, type Found } from "./results";

const nothing: SearchAnswer = { items: [], chats: [], as_of_seq: 7, indexed_to_seq: 7, rebuilding: false };
const hit: Hit = {
  message: message("msg_1", { chat_id: "cht_9" }),
  chat_name: "general",
  connection_ids: ["con_1"],
  snippet: [
    { text: "Um ", hit: false },
    { text: "café", hit: true },
    { text: " <b>no</b> Zanzibar", hit: false },
  ],
};
const pages = (...pages: SearchAnswer[]) => ({ pages });

function shown(sought: string, rest: Partial<Found>): string {
  const found: Found = {
    error: null,
    hasNextPage: false,
    isFetchingNextPage: false,
    refetch: () => undefined,
    fetchNextPage: () => undefined,
    ...rest,
  };
  const children = createElement(MantineProvider, null, createElement(Results, { sought, found }));
  return renderToStaticMarkup(createElement(Router, { ssrPath: "/search", children }));
}

test("what was sought is set off, and nothing in a message becomes a part of the page", () => {
  const page = shown("cafe", { data: pages({ ...nothing, items: [hit] }) });
  expect(page).toMatch(/Um <\/span><mark[^>]*>café<\/mark><span> &lt;b&gt;no&lt;\/b&gt; Zanzibar/);
  expect(page).toContain('href="/chats/cht_9?message=msg_1"');
  expect(page).not.toContain("Nothing found");
});

test("chats stand above messages", () => {
  const name = [{ text: "general", hit: true }];
  const page = shown("gen", {
    data: pages({ ...nothing, chats: [{ chat: chat("cht_2"), name }], items: [hit] }),
  });
  expect(page.indexOf('href="/chats/cht_2"')).toBeGreaterThan(0);
  expect(page.indexOf('href="/chats/cht_2"')).toBeLessThan(page.indexOf('href="/chats/cht_9'));
});

test("it says that it waits for words, that it seeks, that nothing was found, and what went wrong", () => {
  expect(shown("", {})).toContain("What are you looking for?");
  expect(shown("x", {})).toContain('aria-label="Searching"');
  expect(shown("x", { data: pages(nothing) })).toContain("Nothing found");
  expect(shown("x", { error: new Error("It broke.") })).toContain("It broke.");
});

test("a page without hits is not the end while there is more", () => {
  const page = shown("x", { data: pages(nothing), hasNextPage: true });
  expect(page).toContain("Look further back");
  expect(page).not.toContain("Nothing found");
});

test("an index that is behind says so", () => {
  expect(isBehind(pages(nothing))).toBe(false);
  expect(shown("x", { data: pages({ ...nothing, indexed_to_seq: 6 }) })).toContain("may still be missing");
  expect(shown("x", { data: pages({ ...nothing, rebuilding: true }) })).toContain("made anew");
});

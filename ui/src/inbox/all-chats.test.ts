import { MantineProvider } from "@mantine/core";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Router } from "wouter";
import { Stream } from "./all-chats";

const shown = (rest: object) => {
  const list = {
    error: null,
    hasNextPage: false,
    isFetchingNextPage: false,
    refetch: () => undefined,
    fetchNextPage: () => undefined,
    ...rest,
  };
  const children = createElement(MantineProvider, null, createElement(Stream, { list }));
  return renderToStaticMarkup(createElement(Router, { ssrPath: "/timeline", children }));
};

test("the timeline says that it loads, that it is empty, and what went wrong", () => {
  expect(shown({})).toContain('aria-label="Loading the timeline"');
  expect(shown({ data: { pages: [{ items: [], as_of_seq: 1 }] } })).toContain("No messages yet");
  expect(shown({ error: new Error("It broke.") })).toContain("It broke.");
});

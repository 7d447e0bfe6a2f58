import { expect, test } from "vitest";
import { createDrafts } from "./draft";

function shelf() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => void kept.set(name, text),
    removeItem: (name: string) => void kept.delete(name),
  };
}

const written = (text: string) => {
  const kept = shelf();
  const drafts = createDrafts(() => kept);
  drafts.write("c", text);
  return drafts;
};

test("what is sent is no longer written, and other chats keep theirs", () => {
  const drafts = written("hello");
  drafts.write("other", "mine");
  expect(drafts.take("c").text).toBe("hello");
  expect([drafts.read("c"), drafts.read("other")]).toEqual(["", "mine"]);
});

test("a send that broke off is sent again with its key", () => {
  const drafts = written("hello");
  const first = drafts.take("c");
  drafts.giveBack("c", first, true);
  expect(drafts.take("c").key).toBe(first.key);
});

test("another text, another thread or a refusal gets another key", () => {
  const drafts = written("hello");
  const first = drafts.take("c");
  drafts.giveBack("c", first, true);
  drafts.write("c", "hello!");
  const second = drafts.take("c");
  drafts.giveBack("c", second, true);
  const third = drafts.take("c", "root");
  drafts.giveBack("c", third, false);
  const fourth = drafts.take("c", "root");
  expect(new Set([first.key, second.key, third.key, fourth.key]).size).toBe(4);
});

test("what came back stands before what was written meanwhile", () => {
  const drafts = written("first");
  const first = drafts.take("c");
  drafts.write("c", "second");
  drafts.giveBack("c", first, true);
  expect(drafts.read("c")).toBe("first\nsecond");
  expect(drafts.take("c").key).not.toBe(first.key);
});

test("the same words to somebody else get another key", () => {
  const drafts = written("hello");
  const to = (address: string) => ({ manner: "forward" as const, to: [{ address }] });
  const first = drafts.take("c", undefined, [], to("rui@x.example"));
  expect(first.mail).toEqual(to("rui@x.example"));
  drafts.giveBack("c", first, true);
  const second = drafts.take("c", undefined, [], to("tom@x.example"));
  expect(second.key).not.toBe(first.key);
  drafts.giveBack("c", second, true);
  expect(drafts.take("c", undefined, [], to("tom@x.example")).key).toBe(second.key);
});

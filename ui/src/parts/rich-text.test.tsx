import fc from "fast-check";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { partsOf, type Part } from "./html";
import { RichText } from "./rich-text";

const drawn = (html: string) => renderToStaticMarkup(<RichText body={{ text: "", html }} />);
const inner = (html: string) => /^<div[^>]*>(.*)<\/div>$/s.exec(drawn(html))?.[1];

test.each([
  "<p>a <strong>b</strong><br/>c</p><p><em><s>d</s></em></p>",
  '<ol start="3"><li>one<ul><li>two</li></ul></li></ol>',
  "<pre><code>let a = &lt;b&gt; &amp;&amp; c;\n</code></pre><blockquote><p>said</p></blockquote>",
  '<p><span data-kind="person">@Ana</span></p>',
])("it draws %j as it is", (html) => {
  expect(inner(html.replace("<br/>", "<br>"))).toBe(html);
});

test("a link opens elsewhere, and tells nobody where from", () => {
  const link = '<a href="https://x.org/?a=1&amp;b=2" rel="x">page</a>';
  expect(inner(link)).toBe(
    '<a href="https://x.org/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer nofollow">page</a>',
  );
});

test.each([
  ["<script>alert(1)</script>", "alert(1)"],
  ['<img src="x" onerror="alert(1)">hi', "hi"],
  ['<a href="javascript:alert(1)">x</a>', "x"],
  ["<p onclick='x'>a</p>", "&lt;p onclick=&#x27;x&#x27;&gt;a"],
  ['<p style="x" class="y">a</p>', "<p>a</p>"],
  ["a</p></div>b<", "ab&lt;"],
])("%j is only words", (html, expected) => {
  expect(inner(html)).toBe(expected);
});

test("words without looks stay as they are", () => {
  expect(renderToStaticMarkup(<RichText body={{ text: "<b> & *c*" }} />)).toBe("&lt;b&gt; &amp; *c*");
});

const KNOWN = ["p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ol", "ul", "li", "a", "span"];

test("whatever comes, nothing but the known parts is drawn", () => {
  const check = (parts: Part[]): boolean =>
    parts.every(
      (part) =>
        typeof part === "string" ||
        (KNOWN.includes(part.tag) &&
          (!part.href || /^(https?:|mailto:)/i.test(part.href)) &&
          check(part.parts)),
    );
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "<",
      ">",
      "</",
      '"',
      "&lt;",
      "&#39;",
      '<a href="',
      "javascript:",
      "<b>",
      "<p>",
      "</p>",
      "<script>",
    ),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const html = pieces.join("");
      expect(check(partsOf(html))).toBe(true);
      const tags = [...drawn(html).matchAll(/<\/?([a-zA-Z]+)/g)].map(([, tag]) => tag ?? "");
      expect(tags.every((tag) => [...KNOWN, "div"].includes(tag))).toBe(true);
    }),
  );
});

const parrot = '<p>a <span data-kind="emoji" data-value="parrot">:parrot:</span></p>';
const withEmoji = (picture_url: string | null, character: string | null) => {
  const emoji = [{ name: "parrot", picture_url, character }];
  return renderToStaticMarkup(<RichText body={{ text: "", html: parrot, emoji }} />);
};

test("an emoji of the account's own is its picture, which is told nothing of us", () => {
  const drawnPicture = withEmoji("https://x.org/a.gif", null);
  expect(drawnPicture).toContain('src="https://x.org/a.gif"');
  expect(drawnPicture).toContain('alt=":parrot:"');
  expect(drawnPicture).toContain('referrerPolicy="no-referrer"');
});

test.each([
  ["javascript:alert(1)", null, ":parrot:"],
  ["http://x.org/a.gif", null, ":parrot:"],
  [null, null, ":parrot:"],
  [null, "🦜", "🦜"],
])("with %j and %j it says %s", (url, character, said) => {
  expect(withEmoji(url, character)).toContain(`<span data-kind="emoji">${said}</span>`);
});

import type { Attachment } from "@bothways/client";
import { expect, test } from "vitest";
import { message } from "../feed/samples";
import { filesBeside, hasRemotePictures, isOnlyWords, SANDBOX, sheetOf, withPictures } from "./mail-sheet";

const file = (id: string, content_id: string | null, media_type = "image/png"): Attachment => ({
  id,
  content_id,
  media_type,
  name: id,
  state: "available",
});
const files = [
  file("att_1", "logo@x"),
  file("att_2", null, "application/pdf"),
  file("att_3", "page@x", "text/html"),
];

test("no script can run in the frame, whatever the mail says", () => {
  expect(SANDBOX).not.toContain("allow-scripts");
  expect(SANDBOX).not.toContain("allow-forms");
  for (const remote of [false, true]) {
    const sheet = sheetOf("<p>hello</p>", [], remote);
    expect(sheet).toContain("default-src 'none'");
    expect(sheet).not.toContain("script-src");
  }
});

test("pictures from elsewhere are fetched only once somebody asks for them", () => {
  const html =
    '<p>A <img alt="a &gt; b" data-remote-src="https://x.example/a.png?b&amp;c"> data-remote-src="https://no"' +
    '<img data-remote-src="http://x.example/b.png"><img data-remote-src="javascript:x"><img src="cid:logo@x"></p>';
  const before = sheetOf(html, files, false);
  expect(before).toContain("img-src 'self' data:;");
  expect(before.match(/ src="[^"]*"/g)).toEqual([' src="/v1/attachments/att_1"']);
  const after = sheetOf(html, files, true);
  expect(after).toContain("img-src 'self' data: https: http:;");
  expect(after).toContain(
    '<img alt="a &gt; b" src="https://x.example/a.png?b&amp;c"> data-remote-src="https://no"',
  );
  expect(after).toContain('<img src="http://x.example/b.png"><img data-remote-src="javascript:x">');
});

test("pictures are offered where there are some, also in what a mail quotes", () => {
  const remote = '<img data-remote-src="https://x.example/a.png">';
  expect(hasRemotePictures(message("m", { mail_html: remote }))).toBe(true);
  expect(hasRemotePictures(message("m", { quoted: { text: "x", html: remote } }))).toBe(true);
  expect(hasRemotePictures(message("m", { mail_html: "<img>", remote_images: true }))).toBe(false);
});

test("pictures that the mail brings itself are shown from here", () => {
  const html = '<p>A <img alt="logo" src="cid:logo@x"> and <img src="cid:gone@x"></p>';
  expect(withPictures(html, files)).toBe('<p>A <img alt="logo" src="/v1/attachments/att_1"> and <img></p>');
  expect(withPictures('<img src="cid:page@x">', files)).toBe("<img>");
});

test("a picture that stands in the words is not shown below them again", () => {
  const html = '<img src="cid:logo%40x">';
  expect(filesBeside(html, files).map(({ id }) => id)).toEqual(["att_2", "att_3"]);
  expect(filesBeside(null, files)).toEqual(files);
});

test("HTML without a look of its own is words", () => {
  expect(isOnlyWords('<div dir="ltr">Great news &lt;3<br></div><p>Ana</p>')).toBe(true);
  for (const html of [
    "<p>a <b>b</b></p>",
    '<a href="https://x.example">x</a>',
    '<p style="color:red">a</p>',
    "<img>",
  ]) {
    expect(isOnlyWords(html)).toBe(false);
  }
});

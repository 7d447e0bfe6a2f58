import type { Attachment } from "@bothways/client";
import { expect, test } from "vitest";
import { filesBeside, isOnlyWords, SANDBOX, sheetOf, withPictures } from "./mail-sheet";

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
  expect(sheetOf("<p>hello</p>", [])).toContain("default-src 'none'");
  expect(sheetOf("<p>hello</p>", [])).not.toContain("script-src");
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

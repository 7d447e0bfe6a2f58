import { expect, test } from "vitest";
import { fileSize } from "./file-size";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [48_200, "48 kB"],
  [2_340_000, "2.3 MB"],
  [7e15, "7000 TB"],
])("%d bytes", (bytes, words) => {
  expect(fileSize(bytes)).toBe(words);
});

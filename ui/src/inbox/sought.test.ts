import { expect, test } from "vitest";
import { message } from "../feed/samples";
import { soughtIn } from "./sought";

const all = Array.from({ length: 50 }, (_, at) => message(`m${at}`));
const list = (pages: number, rest = {}) => ({
  data: { pages: Array.from({ length: pages }) },
  isError: false,
  isFetchingNextPage: false,
  hasNextPage: true,
  fetchNextPage: () => undefined,
  ...rest,
});

test("a message that was read is drawn, with some above it", () => {
  expect(soughtIn(all, "m10", list(1))).toMatchObject({ reach: 60, reads: false, isTooFar: false });
  expect(soughtIn(all, "m49", list(1))).toMatchObject({ reach: 21, reads: false });
});

test("one that was not read is read back to, a page at a time, and not for ever", () => {
  expect(soughtIn(all, "older", list(1))).toMatchObject({ reach: 0, reads: true, isTooFar: false });
  expect(soughtIn(all, "older", list(1, { isFetchingNextPage: true })).reads).toBe(false);
  expect(soughtIn(all, "older", list(20))).toMatchObject({ reads: false, isTooFar: true });
  expect(soughtIn(all, "older", list(3, { hasNextPage: false }))).toMatchObject({
    reads: false,
    isTooFar: true,
  });
  expect(soughtIn(all, "older", list(3, { isError: true }))).toMatchObject({ reads: false, isTooFar: false });
});

test("nothing is read back to when nothing is sought", () => {
  expect(soughtIn(all, null, list(1))).toMatchObject({ id: null, reach: 0, reads: false, isTooFar: false });
});

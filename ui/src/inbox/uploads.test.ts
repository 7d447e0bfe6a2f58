import { expect, test } from "vitest";
import type { Abilities } from "@bothways/client";
import { refusal } from "./uploads";

const abilities = { largest_file_bytes: 1000, most_files: 2 } as Abilities;

test("a file that cannot be sent says why before it is uploaded", () => {
  expect(refusal({ size: 1000 }, 1, abilities)).toBeUndefined();
  expect(refusal({ size: 1001 }, 0, abilities)).toBe("Larger than 1.0 kB.");
  expect(refusal({ size: 0 }, 0, abilities)).toBe("This file is empty.");
  expect(refusal({ size: 1 }, 2, abilities)).toBe("At most 2 files go with one message.");
});

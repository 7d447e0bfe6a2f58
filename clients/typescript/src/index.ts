export {
  answer,
  createBothways,
  idempotencyKey,
  type Bothways,
  type Options,
} from "./client";
export { ProblemError } from "./problem";
export type { components, paths } from "./schema";
export type * from "./words";

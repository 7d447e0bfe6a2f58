import createClient, { type Client, type Middleware } from "openapi-fetch";
import { ProblemError } from "./problem";
import type { paths } from "./schema";

/** The API, with a typed method for each path. A refused call throws a `ProblemError`. */
export type Bothways = Client<paths>;

export type Options = {
  /** Where the server is. A page that the server itself serves needs none. */
  baseUrl?: string;
  /** An API key; a server of the app has one. */
  apiKey?: string;
  /** The customer whom the calls are about, by the app's own id. Goes with an API key. */
  customer?: string;
  /** Headers that each call bears. */
  headers?: Record<string, string>;
  /** Another `fetch`, as for a test. */
  fetch?: (request: Request) => Promise<Response>;
};

export function createBothways(options: Options = {}): Bothways {
  const { baseUrl = "", apiKey, customer, headers, fetch } = options;
  const client = createClient<paths>({
    baseUrl,
    ...(fetch && { fetch }),
    headers: {
      ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
      ...(customer && { "Bothways-Customer": customer }),
      ...headers,
    },
  });
  client.use(idempotent, refusing);
  return client;
}

/** What a call answered. */
export async function answer<Answered extends { data?: unknown }>(
  call: Promise<Answered>,
): Promise<NonNullable<Answered["data"]>> {
  const { data } = await call;
  if (data === undefined || data === null)
    throw new Error("The server's answer was empty.");
  return data;
}

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** An unsafe call that breaks off can be made again with the key it had, and takes effect once. */
const idempotent: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method) && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", idempotencyKey());
    }
  },
};

/** A key that no other call has. */
export function idempotencyKey(): string {
  // `crypto.randomUUID` is missing on a page that came over plain HTTP from another machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

const refusing: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await ProblemError.from(response);
  },
};

/**
 * Follows the feed for as long as it is wanted: resumes where it broke off, and says when that is
 * no longer possible. Decides nothing about what the events mean.
 */
import type { FeedEvent } from "./fold";
import { createReader } from "./sse";

export type StreamState = "connecting" | "live" | "lost";

export type World = {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Waits, or returns early when the signal is given. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

export type Following = {
  /** The last event that is known. */
  after: () => number;
  onEvents: (events: FeedEvent[]) => void;
  onState: (state: StreamState) => void;
  signal: AbortSignal;
};

/** Why the feed cannot be followed any further. */
export type End = "stopped" | "too_old" | "signed_out";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** The server sends heartbeats; a line that is silent for this long is dead, as after a laptop's sleep. */
const LONGEST_SILENCE_MS = 60_000;

export async function follow(following: Following, world: World): Promise<End> {
  const { onState, signal } = following;
  let waitMs = FIRST_WAIT_MS;
  onState("connecting");
  while (!signal.aborted) {
    const outcome = await readOnce(following, world);
    if (signal.aborted) break;
    if (outcome === "too_old" || outcome === "signed_out") return outcome;
    // The server ends each stream now and then. It is out of reach only if it cannot be had again.
    onState(outcome === "was_live" ? "connecting" : "lost");
    if (outcome === "was_live") waitMs = FIRST_WAIT_MS;
    await world.wait(waitMs, signal);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
  return "stopped";
}

type Outcome = "too_old" | "signed_out" | "was_live" | "refused";

async function readOnce(following: Following, world: World): Promise<Outcome> {
  const { after, onState, signal } = following;
  const line = new AbortController();
  const hangUp = () => line.abort();
  signal.addEventListener("abort", hangUp, { once: true });
  let wasLive = false;
  try {
    const seq = String(after());
    const response = await world.fetch(`/v1/events/stream?after=${seq}`, {
      headers: { Accept: "text/event-stream", "Last-Event-ID": seq },
      cache: "no-store",
      signal: line.signal,
    });
    if (response.status === 410) return "too_old";
    if (response.status === 401) return "signed_out";
    if (!response.ok || !response.body) return "refused";
    onState("live");
    wasLive = true;
    await readBody(response.body, following, world, line);
  } catch {
    // It broke off. The caller tries again.
  } finally {
    signal.removeEventListener("abort", hangUp);
    line.abort();
  }
  return wasLive ? "was_live" : "refused";
}

async function readBody(
  body: ReadableStream<Uint8Array>,
  { onEvents }: Following,
  world: World,
  line: AbortController,
): Promise<void> {
  const read = createReader();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const heard = new AbortController();
    void world.wait(LONGEST_SILENCE_MS, heard.signal).then(() => {
      if (!heard.signal.aborted) line.abort();
    });
    const { done, value } = await reader.read().finally(() => heard.abort());
    if (done) return;
    const events = read(decoder.decode(value, { stream: true })).map(
      ({ data }) => JSON.parse(data) as FeedEvent,
    );
    if (events.length > 0) onEvents(events);
  }
}

export const browser: World = {
  fetch: (url, init) => fetch(url, init),
  wait: (milliseconds, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      const stop = () => {
        clearTimeout(timer);
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    }),
};

import { expect, test } from "vitest";
import { event, message } from "./samples";
import { createReader } from "./sse";
import { follow, type StreamState, type World } from "./stream";

const frame = (seq: number) => {
  const data = JSON.stringify(event(seq, { kind: "message.created", object: message(`m${seq}`) }));
  return `id: ${seq}\nevent: message.created\ndata: ${data}\n\n`;
};

/** A server that gives the prepared answers, one per call, and then stops the reader. */
function serve(...answers: (() => Response | Promise<Response>)[]) {
  const stop = new AbortController();
  const asked: string[] = [];
  const waits: number[] = [];
  const states: StreamState[] = [];
  const seqs: number[] = [];
  const world: World = {
    fetch: async (url) => {
      asked.push(url);
      const next = answers.shift();
      if (next) return next();
      stop.abort();
      throw new TypeError("stopped");
    },
    // The watch for silence waits until it is called off; other waits are over at once.
    wait: (milliseconds, signal) => {
      if (milliseconds === 60_000)
        return new Promise((done) => signal.addEventListener("abort", () => done()));
      waits.push(milliseconds);
      return Promise.resolve();
    },
  };
  const following = {
    after: () => seqs.at(-1) ?? 4,
    onEvents: (events: { seq: number }[]) => void seqs.push(...events.map(({ seq }) => seq)),
    onState: (state: StreamState) => void states.push(state),
    signal: stop.signal,
  };
  return { run: () => follow(following, world), asked, waits, states, seqs };
}

test("it resumes behind the last event that it was told", async () => {
  const server = serve(
    () => new Response(frame(5) + frame(6)),
    () => new Response(frame(7)),
  );
  expect(await server.run()).toBe("stopped");
  expect(server.asked.map((url) => url.split("after=")[1])).toEqual(["4", "6", "7"]);
  expect(server.seqs).toEqual([5, 6, 7]);
});

test("an event that was cut off is told again, not in part", async () => {
  const server = serve(() => new Response(frame(5) + frame(6).slice(0, 60)));
  await server.run();
  expect(server.seqs).toEqual([5]);
});

test("it waits longer each time that the server does not answer, and not after it did", async () => {
  const down = () => Promise.reject(new TypeError("connection refused"));
  const server = serve(down, down, down, () => new Response(frame(5)), down);
  await server.run();
  expect(server.waits).toEqual([500, 1000, 2000, 500, 1000]);
  const outage = ["lost", "lost", "lost"];
  expect(server.states).toEqual(["connecting", ...outage, "live", "connecting", "lost"]);
});

test("it ends when the server no longer knows its place, or nobody is signed in", async () => {
  expect(await serve(() => new Response("", { status: 410 })).run()).toBe("too_old");
  expect(await serve(() => new Response("", { status: 401 })).run()).toBe("signed_out");
});

test("frames are read wherever they are cut, with any line ends, and heartbeats tell nothing", () => {
  const whole = ": beat\r\n\r\nid: 1\r\ndata: {\r\ndata: }\r\n\r\nid:2\ndata:x\n\n";
  for (let cut = 0; cut <= whole.length; cut++) {
    const read = createReader();
    expect([...read(whole.slice(0, cut)), ...read(whole.slice(cut))]).toEqual([
      { id: "1", data: "{\n}" },
      { id: "2", data: "x" },
    ]);
  }
});

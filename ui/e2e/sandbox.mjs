/** The emulated platforms, as a test drives them from outside. */

const PATIENCE_MS = 20_000;
const PAUSE_MS = 100;

/** What every emulated platform takes from outside. */
export class Control {
  constructor(url) {
    this.url = url.replace(/\/$/, "");
  }

  async call(path, init) {
    const response = await fetch(`${this.url}/control${path}`, init);
    if (!response.ok)
      throw new Error(`The sandbox answered ${response.status} to ${path}: ${await response.text()}`);
    return response.json();
  }

  /** Lets a person act, as in `act("U1", "post", { channel, text })`. */
  act(as, deed, rest) {
    const body = JSON.stringify({ as, do: deed, ...rest });
    return this.call("/act", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  }
}

/** The emulated Slack. */
export class Sandbox extends Control {
  async messages(channel) {
    return (await this.call(`/channels/${channel}`)).messages;
  }

  /** Waits until a channel has such a message, and gives it. */
  message(channel, isIt) {
    return until("the message is so in Slack", async () => (await this.messages(channel)).find(isIt));
  }

  /**
   * Finds a channel with history where one of `people` can talk with another person. `lastText` is the
   * newest message there whose text reads the same on both sides, without anything marked up.
   */
  async cast(people) {
    const persons = new Set(
      (await this.call("/users")).filter((user) => !user.is_bot && !user.deleted).map(({ id }) => id),
    );
    const { workspaces } = await this.call("/snapshot");
    const channels = Object.values(workspaces).flatMap((workspace) => Object.values(workspace.channels));
    for (const channel of channels.filter(
      ({ name, kind, is_archived }) => name && !is_archived && isNamed(kind),
    )) {
      const members = channel.members.filter((id) => persons.has(id));
      const me = members.find((id) => people.includes(id));
      const other = members.find((id) => id !== me);
      const plain = channel.messages.filter(
        ({ text, subtype }) => !subtype && /^[\p{L}\p{N} ,.!?']{4,}$/u.test(text),
      );
      const lastText = plain.at(-1)?.text;
      if (me && other && lastText)
        return { me, other, channel: { id: channel.id, name: channel.name, lastText } };
    }
    throw new Error("The sandbox has no channel where two people talk.");
  }
}

function isNamed(kind) {
  return kind === "public" || kind === "private";
}

/** Asks again and again, until it is so. */
export async function until(what, isSo) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const result = await isSo();
    if (result) return result;
    if (Date.now() > end) throw new Error(`Not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

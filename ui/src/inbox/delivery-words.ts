import type { Message, Resolution } from "@bothways/client";
import { platformName } from "../parts/platform-badge";

export type Delivery = { words: string; trouble: boolean; choices: Choice[] };
export type Choice = { label: string; resolution?: Resolution };

type Deed = "send" | "edit" | "delete";

const deeds: Record<Deed, { underWay: string; failed: string; done: string; unsure: string }> = {
  send: { underWay: "Sending…", failed: "Not sent", done: "It was sent", unsure: "has this message" },
  edit: { underWay: "Changing…", failed: "Not changed", done: "It was changed", unsure: "has this change" },
  delete: {
    underWay: "Deleting…",
    failed: "Not deleted",
    done: "It was deleted",
    unsure: "deleted this message",
  },
};

/** What there is to say of a message's own way, or of its change's; nothing once it is simply there. */
export function deliveryOf(message: Message): Delivery | null {
  if (message.direction !== "outgoing") return null;
  const { pending_change: change } = message;
  // A deletion that is done leaves nothing to settle, whatever became of the send.
  if (message.deleted_at) return null;
  if (message.status !== "sent") return say("send", message, message);
  return change ? say(change.kind, change, message) : null;
}

function say(deed: Deed, way: Pick<Message, "status" | "error">, { platform }: Message): Delivery | null {
  const words = deeds[deed];
  const name = platformName(platform);
  switch (way.status) {
    case "pending":
      return { words: words.underWay, trouble: false, choices: [] };
    case "failed": {
      const why = way.error ? `: ${way.error.detail}` : ".";
      return { words: `${words.failed}${why}`, trouble: true, choices: [{ label: "Try again" }] };
    }
    case "uncertain":
      return {
        words: `The answer was lost, so nobody can tell whether ${name} ${words.unsure}. Look there, then say:`,
        trouble: true,
        choices: [
          { label: words.done, resolution: "it_was_sent" },
          { label: "Try again", resolution: "send_again" },
          { label: "Give up", resolution: "give_up" },
        ],
      };
    case "sent":
      return null;
  }
}

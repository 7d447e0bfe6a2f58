import type { Abilities, Message } from "@bothways/client";

/** What can be done with a message now. What the platform cannot do is not offered. */
export type Permissions = {
  edit: boolean;
  remove: boolean;
  /** In a thread below it. */
  reply: boolean;
  /** As a mail: to all, to its author, or on to others. */
  answer: boolean;
  react: boolean;
  /** Be called unread again. */
  unread: boolean;
};

export function permissionsOf(message: Message, abilities: Abilities): Permissions {
  const { changeable, direction, deleted_at, external_id, status, pending_change } = message;
  const there = !deleted_at && direction !== "system";
  const known = there && Boolean(external_id);
  // A change that is under way has the say until its outcome is known.
  const settled = pending_change?.status !== "pending" && status !== "uncertain" && status !== "failed";
  const own = there && settled && changeable;
  return {
    edit: own && abilities.edit,
    remove: own && abilities.delete,
    reply: known && abilities.send && abilities.reply,
    answer: known && abilities.send && (abilities.mail ?? false),
    react: known && abilities.react,
    unread: known && direction === "incoming" && (abilities.mark_unread ?? false),
  };
}

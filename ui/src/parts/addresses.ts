import type { Message } from "@bothways/client";

/** A chat, opened where this message stands. */
export function messageAddress({ chat_id, id }: Pick<Message, "chat_id" | "id">): string {
  return `/chats/${chat_id}?${new URLSearchParams({ message: id })}`;
}

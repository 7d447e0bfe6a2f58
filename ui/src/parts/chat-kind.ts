import type { Chat } from "@bothways/client";

export const chatKinds: Record<Chat["kind"], string> = {
  direct: "Direct chat",
  group: "Group",
  channel: "Channel",
  email_thread: "Mail thread",
};

import type { Chat } from "@bothways/client";
import { useLocation } from "wouter";
import { Confirm } from "../parts/confirm";
import { platformName } from "../parts/platform-badge";
import { useDeleteChat } from "./calls";

type Props = { chat: Chat; opened: boolean; onClose: () => void };

export function DeleteChat({ chat, opened, onClose }: Props) {
  const [location, navigate] = useLocation();
  const remove = useDeleteChat(() => {
    onClose();
    if (location === `/chats/${chat.id}`) navigate("/", { replace: true });
  });
  return (
    <Confirm
      opened={opened}
      title={`Delete ${chat.name}?`}
      action="Delete chat"
      busy={remove.isPending}
      onConfirm={() => remove.mutate(chat)}
      onClose={onClose}
    >
      The chat and its messages are deleted here, and stay so until you import it again. On{" "}
      {platformName(chat.platform)} nothing changes.
    </Confirm>
  );
}

import type { Abilities, Message } from "@bothways/client";
import { ActionIcon, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useLocation } from "wouter";
import { Confirm } from "../parts/confirm";
import { Icon, type IconName } from "../parts/icon";
import { platformName } from "../parts/platform-badge";
import { useMarkUnread, useMessageCalls } from "./calls";
import { EmojiPicker } from "./emoji-picker";
import type { Manner } from "./mail-words";
import classes from "./message.module.css";
import { permissionsOf } from "./permissions";
import type { Root } from "./rows";

type Props = {
  message: Message;
  root: Root | null;
  abilities: Abilities;
  onReply: (message: Message, manner?: Manner) => void;
  onEdit: () => void;
};

/** Shown when the pointer or the keyboard is at the message. */
export function MessageActions({ message, root, abilities, onReply, onEdit }: Props) {
  const [asking, { open, close }] = useDisclosure();
  const { react, remove } = useMessageCalls(message);
  const unread = useMarkUnread(message);
  const [, goTo] = useLocation();
  const may = permissionsOf(message, abilities);
  const mail = message.recipients != null;
  if (!may.edit && !may.remove && !may.reply && !may.react && !may.answer && !may.unread) return null;
  return (
    <div className={classes.actions} role="group" aria-label="Actions">
      {may.react && <EmojiPicker onPick={(emoji) => react.mutate({ emoji, on: true })} />}
      {/* A thread is one level deep: whoever answers a reply answers in its thread. */}
      {may.reply && (
        <Action label="Reply in thread" icon="reply" onClick={() => onReply(root?.message ?? message)} />
      )}
      {may.answer && (
        <>
          <Action label="Reply all" icon="replyAll" onClick={() => onReply(message, "reply_all")} />
          <Action label="Reply" icon="reply" onClick={() => onReply(message, "reply")} />
          <Action label="Forward" icon="forward" onClick={() => onReply(message, "forward")} />
        </>
      )}
      {may.unread && (
        <Action
          label="Mark as unread"
          icon="mail"
          onClick={() => {
            goTo("/"); // Whoever still looks at the chat would read it at once.
            unread.mutate();
          }}
        />
      )}
      {may.edit && <Action label="Edit" icon="edit" onClick={onEdit} />}
      {may.remove && <Action label={mail ? "Move to trash" : "Delete"} icon="trash" onClick={open} />}
      <Confirm
        opened={asking}
        title={mail ? "Move this mail to the trash?" : "Delete this message?"}
        action={mail ? "Move to trash" : "Delete message"}
        busy={remove.isPending}
        onConfirm={() => remove.mutate(undefined, { onSuccess: close })}
        onClose={close}
      >
        {mail
          ? `It goes to the trash of ${platformName(message.platform)}. Others who have it keep it.`
          : `It is deleted for everybody, here and on ${platformName(message.platform)}.`}
      </Confirm>
    </div>
  );
}

function Action({ label, icon, onClick }: { label: string; icon: IconName; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
        <Icon name={icon} size={17} />
      </ActionIcon>
    </Tooltip>
  );
}

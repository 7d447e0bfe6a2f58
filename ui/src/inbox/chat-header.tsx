import type { Chat } from "@bothways/client";
import { ActionIcon, Group, Menu, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link } from "wouter";
import { useInbox } from "../feed/store";
import { chatKinds } from "../parts/chat-kind";
import { Icon } from "../parts/icon";
import { PlatformBadge, platformName } from "../parts/platform-badge";
import { useSyncChat } from "./calls";
import { completenessWords } from "./completeness-words";
import { DeleteChat } from "./delete-chat";
import classes from "./inbox.module.css";
import { participantsLine } from "./mail-words";

export function ChatHeader({ chat }: { chat: Chat }) {
  const [deleting, { open, close }] = useDisclosure();
  const sync = useSyncChat(chat.id);
  return (
    <header className={classes.chatHead}>
      <ActionIcon
        className={classes.back}
        component={Link}
        href="/"
        variant="subtle"
        aria-label="Back to the list"
      >
        <Icon name="back" />
      </ActionIcon>
      <PlatformBadge platform={chat.platform} size={28} />
      <div className={classes.rowWords}>
        <Title order={2} size="h5" lineClamp={1}>
          {chat.name}
        </Title>
        <Group gap={6} wrap="nowrap">
          <Text size="xs" c="dimmed" truncate>
            {participantsLine(chat) || chatKinds[chat.kind]} ·{" "}
            <Account connectionId={chat.connection_id} platform={chat.platform} />
          </Text>
          <WholeNote chat={chat} />
          <ImportNote chatId={chat.id} />
        </Group>
      </div>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label="More about this chat">
            <Icon name="more" size={22} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="compare" size={16} />} onClick={() => sync.mutate()}>
            Compare with {platformName(chat.platform)} now
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={open}>
            Delete chat
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <DeleteChat chat={chat} opened={deleting} onClose={close} />
    </header>
  );
}

function Account({ connectionId, platform }: { connectionId: string; platform: string }) {
  const name = useInbox(({ connections }) => connections.get(connectionId)?.account_name);
  return name ?? platformName(platform);
}

/** Says how much of the chat is known whole, and why a part of it is not. */
function WholeNote({ chat }: { chat: Chat }) {
  const words = completenessWords(chat.completeness);
  if (!words) return null;
  const reasons = chat.completeness?.gaps.map((gap) => gap.reason.detail).join(" ");
  return (
    <Text size="xs" c="dimmed" truncate title={reasons || undefined}>
      · {words}
    </Text>
  );
}

/** Says that older messages are still on their way. */
function ImportNote({ chatId }: { chatId: string }) {
  const status = useInbox(({ syncStatuses }) => {
    for (const one of syncStatuses.values()) {
      const open = one.state === "queued" || one.state === "running" || one.state === "waiting";
      if (one.chat_id === chatId && open) return one;
    }
    return undefined;
  });
  if (!status) return null;
  const words = status.kind === "import" ? "importing" : "comparing";
  return (
    <Text size="xs" c="blue" role="status" style={{ whiteSpace: "nowrap" }}>
      · {words}, {status.done.toLocaleString()}
      {status.total ? ` of ${status.total.toLocaleString()}` : ""} messages
    </Text>
  );
}

import type { Chat } from "@bothways/client";
import { Center, Loader } from "@mantine/core";
import { useState } from "react";
import { useInbox } from "../feed/store";
import { Empty } from "../parts/empty";
import { Failure } from "../parts/failure";
import { useChatLookUp, useMarkRead } from "./calls";
import { ChatHeader } from "./chat-header";
import { Composer, type Reply } from "./composer";
import classes from "./inbox.module.css";
import { Timeline } from "./timeline";

export function ChatPane({ id }: { id: string }) {
  const chat = useInbox(({ chats }) => chats.get(id));
  const lookUp = useChatLookUp(id, chat === undefined);
  if (chat) return <OpenChat chat={chat} />;
  if (lookUp.isPending) {
    return (
      <Center h="100%">
        <Loader aria-label="Loading the chat" />
      </Center>
    );
  }
  return lookUp.isError ? (
    <Failure title="The chat cannot be opened" error={lookUp.error} onRetry={() => void lookUp.refetch()} />
  ) : (
    <Empty icon="inbox" title="This chat is not here">
      It was deleted, or was never imported.
    </Empty>
  );
}

function OpenChat({ chat }: { chat: Chat }) {
  const [reply, setReply] = useState<Reply | null>(null);
  useMarkRead(chat);
  return (
    <section className={classes.column} aria-label={chat.name}>
      <ChatHeader chat={chat} />
      <Timeline chat={chat} onReply={(message, manner) => setReply({ message, manner })} />
      <Composer chat={chat} reply={reply} onReplied={() => setReply(null)} />
    </section>
  );
}

import { Button } from "@mantine/core";
import { useInbox } from "../feed/store";
import { useDialog } from "../parts/dialogs";
import { Empty } from "../parts/empty";
import { Icon } from "../parts/icon";
import { Onboarding } from "../parts/onboarding";
import { ChatList } from "./chat-list";
import { ChatPane } from "./chat-pane";
import classes from "./inbox.module.css";

/** The list of chats beside the open one; on a phone, one of the two. */
export function Inbox({ chatId }: { chatId?: string }) {
  const nothingConnected = useInbox(({ connections }) => connections.size === 0);
  const nothingImported = useInbox(({ chats }) => chats.size === 0);
  if (nothingConnected && nothingImported) return <Onboarding />;
  if (nothingImported && !chatId) return <NothingImported />;
  return (
    <div className={classes.panes} data-open={chatId ? true : undefined}>
      <div className={classes.list}>
        <ChatList openId={chatId} />
      </div>
      <div className={classes.chat}>
        {chatId ? (
          <ChatPane key={chatId} id={chatId} />
        ) : (
          <Empty icon="inbox" title="Pick a chat">
            Its messages show here, and stay in step with the platform.
          </Empty>
        )}
      </div>
    </div>
  );
}

function NothingImported() {
  const connectionId = useInbox(({ connections }) =>
    connections.size === 1 ? connections.keys().next().value : undefined,
  );
  const { openDialog } = useDialog();
  return (
    <Empty
      icon="import"
      title="No chats yet"
      action={
        connectionId ? (
          <Button leftSection={<Icon name="import" />} onClick={() => openDialog("import", connectionId)}>
            Import chats
          </Button>
        ) : (
          <Button component="a" href="/connections">
            See the connections
          </Button>
        )
      }
    >
      Pick the chats that you want here. Their history comes first, and from then on both sides stay in step.
    </Empty>
  );
}

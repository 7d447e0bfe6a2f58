import { Center, Loader } from "@mantine/core";
import { Redirect, Route, Switch } from "wouter";
import { ConnectDialog } from "./connections/connect-dialog";
import { Connections } from "./connections/connections";
import { ImportDialog } from "./connections/import-dialog";
import { useSession } from "./feed/session";
import { useFeed } from "./feed/use-feed";
import { Frame } from "./frame/frame";
import { AllChats } from "./inbox/all-chats";
import { Inbox } from "./inbox/inbox";
import { NewMailDialog } from "./inbox/new-mail";
import { Failure } from "./parts/failure";
import { Search } from "./search/search";
import { SignIn } from "./sign-in/sign-in";

export function App() {
  const session = useSession();
  if (session.isPending) return <Waiting />;
  if (session.isError) {
    return (
      <Failure title="The page cannot start" error={session.error} onRetry={() => void session.refetch()} />
    );
  }
  return session.data ? (
    <SignedIn appName={session.data.app_name} customer={session.data.customer_id} />
  ) : (
    <SignIn />
  );
}

function SignedIn({ appName, customer }: { appName: string; customer: string }) {
  const { ready, error, retry } = useFeed();
  if (error) return <Failure title="The inbox cannot be read" error={error} onRetry={retry} />;
  if (!ready) return <Waiting />;
  return (
    <Frame appName={appName} customer={customer}>
      <Switch>
        <Route path="/">
          <Inbox />
        </Route>
        <Route path="/chats/:id">{({ id }) => <Inbox chatId={id} />}</Route>
        <Route path="/timeline" component={AllChats} />
        <Route path="/search" component={Search} />
        <Route path="/connections" component={Connections} />
        <Redirect to="/" replace />
      </Switch>
      <ConnectDialog />
      <ImportDialog />
      <NewMailDialog />
    </Frame>
  );
}

function Waiting() {
  return (
    <Center h="100%">
      <Loader aria-label="Loading" />
    </Center>
  );
}

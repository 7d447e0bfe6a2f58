import { ActionIcon, Text, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useMemo } from "react";
import { Link, useRoute } from "wouter";
import { useSignOut } from "../feed/session";
import { useInbox } from "../feed/store";
import { useDialog } from "../parts/dialogs";
import { Icon, type IconName } from "../parts/icon";
import classes from "./frame.module.css";
import { SearchField } from "./search-field";
import { SidebarConnection } from "./sidebar-connection";

type Props = { appName: string; customer: string; onLeave: () => void };

export function Sidebar({ appName, customer, onLeave }: Props) {
  const known = useInbox(({ connections }) => connections);
  const connections = useMemo(
    () => [...known.values()].sort((one, other) => one.account_name.localeCompare(other.account_name)),
    [known],
  );
  const { openDialog } = useDialog();
  const [inChat] = useRoute("/chats/:id");
  const [atHome] = useRoute("/");
  const [atTimeline] = useRoute("/timeline");
  const [atConnections] = useRoute("/connections");

  return (
    <nav className={classes.sidebar} aria-label="Bothways">
      <div className={classes.brand}>
        <Icon name="bothways" size={22} />
        <Text span truncate inherit>
          {appName}
        </Text>
      </div>
      <SearchField onLeave={onLeave} />
      <ul className={classes.list}>
        <Entry to="/" icon="inbox" active={atHome || inChat} onLeave={onLeave}>
          Inbox
        </Entry>
        <Entry to="/timeline" icon="clock" active={atTimeline} onLeave={onLeave}>
          Timeline
        </Entry>
        <Entry to="/connections" icon="connections" active={atConnections} onLeave={onLeave}>
          Connections
        </Entry>
      </ul>
      <section>
        <div className={classes.heading}>
          Connected
          <Tooltip label="Connect an integration">
            <ActionIcon
              variant="transparent"
              c="white"
              aria-label="Connect an integration"
              onClick={() => {
                onLeave();
                openDialog("connect");
              }}
            >
              <Icon name="plus" />
            </ActionIcon>
          </Tooltip>
        </div>
        <ul className={classes.list}>
          {connections.map((connection) => (
            <SidebarConnection key={connection.id} connection={connection} />
          ))}
          {connections.length === 0 && <li className={classes.item}>Nothing yet</li>}
        </ul>
      </section>
      <div className={classes.foot}>
        <Text span truncate inherit title="You are signed in as this customer">
          {customer}
        </Text>
        <span className={classes.buttons}>
          <ColorSchemeButton />
          <SignOutButton />
        </span>
      </div>
    </nav>
  );
}

type EntryProps = { to: string; icon: IconName; active: boolean; children: string; onLeave: () => void };

function Entry({ to, icon, active, children, onLeave }: EntryProps) {
  return (
    <li>
      <Link
        to={to}
        className={classes.item}
        data-active={active || undefined}
        aria-current={active ? "page" : undefined}
        onClick={onLeave}
      >
        <Icon name={icon} />
        {children}
      </Link>
    </li>
  );
}

function SignOutButton() {
  const signOut = useSignOut();
  return (
    <Tooltip label="Sign out">
      <ActionIcon
        variant="transparent"
        c="white"
        aria-label="Sign out"
        loading={signOut.isPending}
        onClick={() => signOut.mutate()}
      >
        <Icon name="signOut" />
      </ActionIcon>
    </Tooltip>
  );
}

function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon
      variant="transparent"
      c="white"
      aria-label={`Use ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      <Icon name={other === "dark" ? "moon" : "sun"} />
    </ActionIcon>
  );
}

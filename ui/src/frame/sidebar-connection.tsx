import type { Connection } from "@bothways/client";
import { Text } from "@mantine/core";
import { Link } from "wouter";
import { connectionStates } from "../parts/connection-state";
import { PlatformBadge } from "../parts/platform-badge";
import classes from "./frame.module.css";

export function SidebarConnection({ connection }: { connection: Connection }) {
  const { words, color } = connectionStates[connection.state];
  const reason = connection.state === "active" ? null : (connection.reason ?? words);
  return (
    <li>
      <Link to="/connections" className={classes.item} title={reason ?? words}>
        <PlatformBadge platform={connection.platform} size={22} />
        <span className={classes.words}>
          <Text span truncate inherit display="block">
            {connection.account_name}
          </Text>
          {reason && <span className={classes.reason}>{reason}</span>}
        </span>
        <span
          className={classes.dot}
          style={{ "--dot": color } as React.CSSProperties}
          role="img"
          aria-label={words}
        />
      </Link>
    </li>
  );
}

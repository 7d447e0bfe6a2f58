import { Burger, Drawer, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useEffect, type ReactNode } from "react";
import { useLocation } from "wouter";
import { useStreamState } from "../feed/store";
import classes from "./frame.module.css";
import { Sidebar } from "./sidebar";

type Props = { appName: string; customer: string; children: ReactNode };

export function Frame({ appName, customer, children }: Props) {
  const [opened, { toggle, close }] = useDisclosure();
  const [location] = useLocation();
  const stream = useStreamState();
  useEffect(close, [location, close]);

  const sidebar = <Sidebar appName={appName} customer={customer} onLeave={close} />;
  return (
    <div className={classes.frame}>
      <header className={classes.bar}>
        <Group gap="sm">
          <Burger opened={opened} onClick={toggle} color="white" size="sm" aria-label="Menu" />
          <Text fw={700}>{appName}</Text>
        </Group>
      </header>
      <div className={classes.side}>{sidebar}</div>
      <Drawer
        opened={opened}
        onClose={close}
        size={280}
        withCloseButton={false}
        padding={0}
        classNames={{ body: classes.drawer }}
      >
        {sidebar}
      </Drawer>
      <main className={classes.main}>
        {stream === "lost" && (
          <Text role="status" className={classes.lost}>
            The server is out of reach. What you see may be old; trying again…
          </Text>
        )}
        <div className={classes.screen}>{children}</div>
      </main>
    </div>
  );
}

import type { Connection } from "@bothways/client";
import { ActionIcon, Modal, Select, Text, Tooltip } from "@mantine/core";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useInbox } from "../feed/store";
import { takesMessages } from "../parts/connection-state";
import { useDialog } from "../parts/dialogs";
import { Icon } from "../parts/icon";
import { AddressLines } from "./address-lines";
import { useBeginThread } from "./calls";
import { drafts, useDraft } from "./draft";
import { addressee, emptyLines, isAddress } from "./mail-words";
import classes from "./mail.module.css";
import { SENDS, WritingBox } from "./writing-box";

/** Where the words of a mail are kept that belongs to no chat yet. */
const SHELF = "new mail";

/** Offers to begin a thread of mail, where a connection has mail. */
export function NewMailButton() {
  const { openDialog } = useDialog();
  const able = useMailConnections().length > 0;
  const label = "New mail";
  if (!able) return null;
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" aria-label={label} onClick={() => openDialog("mail")}>
        <Icon name="mail" />
      </ActionIcon>
    </Tooltip>
  );
}

export function NewMailDialog() {
  const { dialog, closeDialog } = useDialog();
  const connections = useMailConnections();
  return (
    <Modal opened={dialog === "mail"} onClose={closeDialog} title="New mail" size="lg">
      {connections.length > 0 ? (
        <NewMail connections={connections} />
      ) : (
        <Text size="sm">No connection can begin a thread of mail now.</Text>
      )}
    </Modal>
  );
}

function NewMail({ connections }: { connections: readonly Connection[] }) {
  const [picked, setPicked] = useState<string | null>(null);
  const [lines, setLines] = useState(emptyLines);
  const [, goTo] = useLocation();
  const text = useDraft(SHELF);
  const begin = useBeginThread((chatId) => goTo(`/chats/${chatId}`));
  const connection = connections.find(({ id }) => id === picked) ?? connections[0];
  const people = [...lines.to, ...lines.cc, ...lines.bcc];
  if (!connection) return null;
  return (
    <WritingBox
      bare
      abilities={connection.abilities}
      label="What the mail says"
      placeholder="Write"
      minRows={8}
      text={text}
      canSend={people.length > 0 && people.every(isAddress) && !begin.isPending}
      onWrite={(written) => drafts.write(SHELF, written)}
      onSend={(files, giveBack) => {
        const mail = {
          to: lines.to.map(addressee),
          cc: lines.cc.map(addressee),
          bcc: lines.bcc.map(addressee),
          subject: lines.subject,
        };
        const sending = drafts.take(SHELF, connection.id, files, mail);
        begin.mutate({ ...sending, shelf: SHELF, connectionId: connection.id, mail }, { onError: giveBack });
      }}
      above={
        <>
          {connections.length > 1 && (
            <div className={classes.labelled} style={{ marginBottom: 6 }}>
              <label>From</label>
              <Select
                size="xs"
                aria-label="From"
                allowDeselect={false}
                data={connections.map(({ id, account_name }) => ({ value: id, label: account_name }))}
                value={connection.id}
                onChange={setPicked}
              />
            </div>
          )}
          <AddressLines lines={lines} suggestions={[]} focus onChange={setLines} />
        </>
      }
      below={
        <Text span size="xs" c="dimmed">
          Enter makes a new line, {SENDS} sends
          {connections.length === 1 && ` as ${connection.account_name}`}.
        </Text>
      }
    />
  );
}

function useMailConnections(): readonly Connection[] {
  const connections = useInbox(({ connections }) => connections);
  return useMemo(
    () => [...connections.values()].filter((one) => one.abilities.mail && takesMessages(one)),
    [connections],
  );
}

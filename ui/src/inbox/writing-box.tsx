import type { Abilities } from "@bothways/client";
import { ActionIcon, Group, Text, Textarea } from "@mantine/core";
import { useEffect, useRef, type KeyboardEvent, type ReactNode, type SyntheticEvent } from "react";
import { Icon } from "../parts/icon";
import { fitOf } from "./fit";
import classes from "./inbox.module.css";
import { UploadList } from "./upload-list";
import { useUploads } from "./uploads";

/** The keys that send where Enter makes a new line. */
export const SENDS = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "⌘ Enter" : "Ctrl+Enter";

type Props = {
  abilities: Abilities;
  label: string;
  placeholder: string;
  text: string;
  /** Something new here takes the keyboard. */
  focus?: unknown;
  /** Whether all beside words and files is there. */
  canSend: boolean;
  /** Whether Enter sends; otherwise it makes a new line. */
  enterSends?: boolean;
  /** Whether it stands at the foot of a chat, or within a dialog. */
  bare?: boolean;
  minRows?: number;
  above?: ReactNode;
  below?: ReactNode;
  onWrite: (text: string) => void;
  /** Sends it with these files; gives them back where it was not sent. */
  onSend: (files: readonly string[], giveBack: () => void) => void;
  onEscape?: () => void;
};

/** Where words are written and files are put, with the button that sends them. */
export function WritingBox(props: Props) {
  const { abilities, text, above, below, bare, onWrite } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const files = useUploads(abilities);
  const limit = abilities.longest_text;
  const { left, near, ...fit } = fitOf(text, limit);
  const whole = files.uploads.every(({ id }) => id);
  const canSend = props.canSend && (files.uploads.length > 0 ? whole && left >= 0 : fit.canSend);

  useEffect(() => {
    if (props.focus) field.current?.focus();
  }, [props.focus]);

  const submit = () => {
    if (!canSend) return;
    const taken = files.take();
    props.onSend(
      taken.flatMap(({ id }) => id ?? []),
      () => files.giveBack(taken),
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") props.onEscape?.();
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    const sends = props.enterSends ? !event.shiftKey : event.ctrlKey || event.metaKey;
    if (!sends) return;
    event.preventDefault();
    submit();
  };
  const attach = (event: SyntheticEvent, transfer: DataTransfer) => {
    if (!abilities.files || transfer.files.length === 0) return;
    event.preventDefault();
    files.add([...transfer.files]);
  };
  return (
    <div
      className={bare ? undefined : classes.composer}
      onPaste={(event) => attach(event, event.clipboardData)}
      onDrop={(event) => attach(event, event.dataTransfer)}
      onDragOver={(event) => event.preventDefault()}
    >
      <UploadList uploads={files.uploads} onDrop={files.drop} />
      {above}
      <Group gap="xs" align="flex-end" wrap="nowrap">
        {abilities.files && <Attach onPick={files.add} />}
        <Textarea
          ref={field}
          flex={1}
          autosize
          minRows={props.minRows ?? 1}
          maxRows={props.enterSends ? 8 : 14}
          placeholder={props.placeholder}
          aria-label={props.label}
          value={text}
          error={left < 0}
          onChange={({ currentTarget }) => onWrite(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <ActionIcon size={36} aria-label="Send" disabled={!canSend} onClick={submit}>
          <Icon name="send" />
        </ActionIcon>
      </Group>
      {near && (
        <Text size="xs" c={left < 0 ? "red" : "dimmed"} mt={4} role="status">
          {left < 0
            ? `${(-left).toLocaleString()} characters too many. The limit is ${limit.toLocaleString()}.`
            : `${left.toLocaleString()} of ${limit.toLocaleString()} characters left`}
        </Text>
      )}
      {below}
    </div>
  );
}

function Attach({ onPick }: { onPick: (files: Iterable<File>) => void }) {
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <>
      <ActionIcon
        size={36}
        variant="subtle"
        aria-label="Attach files"
        onClick={() => chooser.current?.click()}
      >
        <Icon name="plus" />
      </ActionIcon>
      <input
        ref={chooser}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          onPick([...(currentTarget.files ?? [])]);
          currentTarget.value = "";
        }}
      />
    </>
  );
}

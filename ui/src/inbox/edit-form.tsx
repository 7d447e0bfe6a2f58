import type { Message } from "@bothways/client";
import { Button, Group, Text, Textarea } from "@mantine/core";
import { useState, type KeyboardEvent } from "react";
import { useMessageCalls } from "./calls";
import { fitOf } from "./fit";
import classes from "./message.module.css";

type Props = { message: Message; limit: number; onDone: () => void };

export function EditForm({ message, limit, onDone }: Props) {
  const written = message.body.markdown ?? message.body.text;
  const [text, setText] = useState(written);
  const { edit } = useMessageCalls(message);
  const { canSend, left, near } = fitOf(text, limit);
  const save = () => {
    if (!canSend || edit.isPending) return;
    if (text === written) onDone();
    else edit.mutate(text, { onSuccess: onDone });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onDone();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    save();
  };
  return (
    <div className={classes.edit}>
      <Textarea
        autosize
        autoFocus
        maxRows={12}
        aria-label="Edit the message"
        value={text}
        error={left < 0}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <Group gap="xs" mt={6} justify="flex-end">
        {near && (
          <Text size="xs" c={left < 0 ? "red" : "dimmed"}>
            {left.toLocaleString()} of {limit.toLocaleString()} characters left
          </Text>
        )}
        <Button size="compact-sm" variant="default" onClick={onDone}>
          Cancel
        </Button>
        <Button size="compact-sm" disabled={!canSend} loading={edit.isPending} onClick={save}>
          Save
        </Button>
      </Group>
    </div>
  );
}

import type { Connection } from "@bothways/client";
import { Group, Select, TextInput } from "@mantine/core";
import { useLabels } from "./calls";
import { SPANS, type Choice, type Span } from "./choice";

/** More labels than this are found by writing. */
const LABELS_SHOWN = 100;

type Props = { connection: Connection; choice: Choice; onChange: (change: Partial<Choice>) => void };

/** Narrows a platform's chats by label and time, where it has a search. */
export function Choosing({ connection, choice, onChange }: Props) {
  const { data: labels = [], isError } = useLabels(connection);
  return (
    <Group gap="sm" grow preventGrowOverflow={false}>
      {(labels.length > 0 || isError) && (
        <Select
          aria-label="Label"
          placeholder={isError ? "The labels cannot be listed" : "Any label"}
          disabled={isError}
          data={labels.map(({ id, name }) => ({ value: id, label: name }))}
          value={choice.label}
          onChange={(label) => onChange({ label })}
          limit={LABELS_SHOWN}
          searchable
          clearable
        />
      )}
      <Select
        aria-label="Time"
        data={SPANS}
        value={choice.span}
        onChange={(span) => onChange({ span: (span ?? "any") as Span })}
        allowDeselect={false}
      />
      {choice.span === "date" && (
        <TextInput
          type="date"
          aria-label="Since"
          value={choice.date}
          onChange={({ currentTarget }) => onChange({ date: currentTarget.value })}
        />
      )}
    </Group>
  );
}

import { TagsInput, TextInput } from "@mantine/core";
import { useId, useState } from "react";
import { isAddress, type Lines } from "./mail-words";
import classes from "./mail.module.css";

type Props = {
  lines: Lines;
  suggestions: readonly string[];
  focus?: boolean;
  onChange: (lines: Lines) => void;
};

/** Whom a mail goes to, and what it is about. */
export function AddressLines({ lines, suggestions, focus, onChange }: Props) {
  const field = (name: "to" | "cc" | "bcc") => ({
    people: lines[name],
    suggestions,
    onChange: (people: string[]) => onChange({ ...lines, [name]: people }),
  });
  const id = useId();
  return (
    <div className={classes.lines}>
      <People label="To" autoFocus={focus ?? false} {...field("to")} />
      <People label="Cc" {...field("cc")} />
      <People label="Bcc" {...field("bcc")} />
      <div className={classes.labelled}>
        <label htmlFor={id}>Subject</label>
        <TextInput
          id={id}
          size="xs"
          value={lines.subject}
          onChange={({ currentTarget }) => onChange({ ...lines, subject: currentTarget.value })}
        />
      </div>
    </div>
  );
}

type PeopleProps = {
  label: string;
  people: string[];
  suggestions: readonly string[];
  autoFocus?: boolean;
  onChange: (people: string[]) => void;
};

function People({ label, people, suggestions, autoFocus = false, onChange }: PeopleProps) {
  const id = useId();
  const [typing, setTyping] = useState("");
  const bad = people.find((one) => !isAddress(one));
  return (
    <div className={classes.labelled}>
      <label htmlFor={id}>{label}</label>
      <TagsInput
        id={id}
        autoFocus={autoFocus}
        size="xs"
        data-autofocus={autoFocus || undefined}
        data={[...suggestions]}
        value={people}
        searchValue={typing}
        onSearchChange={setTyping}
        splitChars={[",", ";"]}
        acceptValueOnBlur
        onChange={onChange}
        error={bad && `${bad} is no address.`}
      />
    </div>
  );
}

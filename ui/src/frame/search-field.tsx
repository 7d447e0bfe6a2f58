import { TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useRef, useState, type FormEvent } from "react";
import { useLocation, useRoute, useSearchParams } from "wouter";
import { Icon } from "../parts/icon";
import classes from "./frame.module.css";

/** As many letters as the server takes. */
const LONGEST_QUESTION = 200;

/** Seeks on Enter, and from then on while somebody types. The words stand in the address. */
export function SearchField({ onLeave }: { onLeave: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const [atSearch] = useRoute("/search");
  const [params, setParams] = useSearchParams();
  const [, goTo] = useLocation();
  const words = atSearch ? (params.get("q") ?? "") : typed;

  const reach = () => {
    field.current?.focus();
    field.current?.select();
  };
  useHotkeys([["/", reach]]);
  useHotkeys([["mod+K", reach]], []); // Also from within another field.

  const change = (text: string) => {
    setTyped(text);
    if (atSearch) setParams({ q: text }, { replace: true });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (words.trim() === "") return;
    onLeave();
    if (!atSearch) goTo(`/search?${new URLSearchParams({ q: words })}`);
  };
  return (
    <form role="search" onSubmit={submit}>
      <TextInput
        ref={field}
        type="search"
        size="sm"
        classNames={{ input: classes.search, section: classes.searchIcon }}
        placeholder="Search  /"
        aria-label="Search messages and chats"
        aria-keyshortcuts="/ Control+K Meta+K"
        maxLength={LONGEST_QUESTION}
        leftSection={<Icon name="search" size={16} />}
        value={words}
        onChange={({ currentTarget }) => change(currentTarget.value)}
      />
    </form>
  );
}

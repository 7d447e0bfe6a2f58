/**
 * What is being written, by chat. It outlives a look at another chat and a reload, and what could not
 * be sent comes back to it.
 */
import { idempotencyKey } from "@bothways/client";
import { useSyncExternalStore } from "react";
import type { Addressee, Manner } from "./mail-words";

/** What stands on a mail, where it is not what an answer has by itself. */
export type SendingMail = {
  /** None where it begins a thread. */
  manner?: Manner;
  about?: string;
  to?: Addressee[];
  cc?: Addressee[];
  bcc?: Addressee[];
  subject?: string;
};

export type Sending = {
  text: string;
  threadRoot?: string;
  files?: readonly string[];
  mail?: SendingMail;
  key: string;
};

type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function createDrafts(shelf: () => Shelf) {
  const listeners = new Set<() => void>();
  /** Sends that broke off. They may have arrived, so the same text is sent with the same key. */
  const broken = new Map<string, Sending>();
  const nameOf = (chatId: string) => `draft ${chatId}`;
  const read = (chatId: string) => shelf().getItem(nameOf(chatId)) ?? "";

  function write(chatId: string, text: string) {
    if (text) shelf().setItem(nameOf(chatId), text);
    else shelf().removeItem(nameOf(chatId));
    for (const listener of listeners) listener();
  }

  return {
    read,
    write,
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Takes what is written, to send it. */
    take(chatId: string, threadRoot?: string, files: readonly string[] = [], mail?: SendingMail): Sending {
      const text = read(chatId);
      const before = broken.get(chatId);
      broken.delete(chatId);
      write(chatId, "");
      const same = before && before.text === text && before.threadRoot === threadRoot;
      const sameFiles = same && (before.files ?? []).join() === files.join();
      const alike = sameFiles && JSON.stringify(before.mail) === JSON.stringify(mail);
      const key = alike ? before.key : idempotencyKey();
      return { text, threadRoot, ...(files.length > 0 && { files }), ...(mail && { mail }), key };
    },
    /** Gives back what was not sent, before what was written meanwhile. */
    giveBack(chatId: string, sending: Sending, mayHaveArrived: boolean) {
      const meanwhile = read(chatId);
      if (mayHaveArrived && !meanwhile) broken.set(chatId, sending);
      write(chatId, meanwhile ? `${sending.text}\n${meanwhile}` : sending.text);
    },
  };
}

export const drafts = createDrafts(() => sessionStorage);

export function useDraft(chatId: string): string {
  return useSyncExternalStore(drafts.subscribe, () => drafts.read(chatId));
}

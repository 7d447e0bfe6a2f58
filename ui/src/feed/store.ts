import { useSyncExternalStore } from "react";
import { emptyInbox, openChat, type Inbox } from "./fold";
import type { StreamState } from "./stream";

type State = { inbox: Inbox; stream: StreamState };

let state: State = { inbox: emptyInbox, stream: "connecting" };
const listeners = new Set<() => void>();

function become(next: State) {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function inboxNow(): Inbox {
  return state.inbox;
}

export function changeInbox(change: (inbox: Inbox) => Inbox) {
  const inbox = change(state.inbox);
  if (inbox !== state.inbox) become({ ...state, inbox });
}

export function setStream(stream: StreamState) {
  if (stream !== state.stream) become({ ...state, stream });
}

/** Starts from nothing, with the same chats open. */
export function clearInbox() {
  changeInbox((inbox) => [...inbox.messages.keys()].reduce(openChat, emptyInbox));
}

/** A part of the inbox. It must be one that the inbox holds, not one made anew each time. */
export function useInbox<Part>(part: (inbox: Inbox) => Part): Part {
  return useSyncExternalStore(subscribe, () => part(state.inbox));
}

export function useStreamState(): StreamState {
  return useSyncExternalStore(subscribe, () => state.stream);
}

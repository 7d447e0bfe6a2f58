/** What a mail says of itself beside its words: to whom, about what, and where it came from. Pure. */
import type { Chat, Message, Participant } from "@bothways/client";

export type Manner = "reply_all" | "reply" | "forward";

type Person = { name: string; me: boolean };

/** How many people are named before the rest is a number. */
const MOST_NAMED = 3;

export function namesOf(people: readonly Person[], most = MOST_NAMED): string {
  const names = people.map(({ name, me }) => (me ? "me" : name));
  const more = names.length - most;
  return more > 1 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}

/** To whom a mail goes, in one line; nothing where nobody is named. */
export function recipientsLine({ recipients }: Message): string {
  if (!recipients) return "";
  const { to, cc, bcc } = recipients;
  const parts = [to.length > 0 && `to ${namesOf(to)}`, cc.length > 0 && `cc ${namesOf(cc)}`];
  return [...parts, bcc.length > 0 && `bcc ${namesOf(bcc)}`].filter(Boolean).join(" · ");
}

const MARK = /^\s*(re|aw|antw|sv|vs|fwd?|wg|rv|tr|enc)(\[\d+\])?\s*:\s*/i;

/** A subject without the marks of answers and forwards. */
export function baseSubject(subject: string): string {
  let rest = subject.trim();
  for (let mark = MARK.exec(rest); mark && mark[0].length < rest.length; mark = MARK.exec(rest)) {
    rest = rest.slice(mark[0].length).trim();
  }
  return rest;
}

/** The subject of a mail, where it is another one than that of its chat. */
export function ownSubject({ subject }: Message, chatName: string | undefined): string | null {
  if (!subject || chatName === undefined) return null;
  const words = (text: string) => baseSubject(text).split(/\s+/).join(" ").toLowerCase();
  return words(subject) === words(chatName) ? null : subject;
}

/** Who takes part in a thread, the customer last. */
export function participantsLine({ kind, participants }: Chat): string {
  if (kind !== "email_thread" || participants.length === 0) return "";
  const others = participants.filter(({ me }) => !me);
  return others.length === 0 ? "Only me" : namesOf(others, 4);
}

/** What is worth knowing of where a mail came from, each with the reason for it. */
export function notesOf(
  { list, automatic, remote_images }: Message,
  remoteShown: boolean,
): { words: string; why: string }[] {
  const notes = [];
  if (list) notes.push({ words: "mailing list", why: `It came through the list ${list}.` });
  else if (automatic) notes.push({ words: "automatic", why: "A program sent it by itself." });
  if (remote_images && !remoteShown) {
    const why =
      "Pictures from elsewhere are not fetched unless you ask for them: that tells their owner that you read this mail.";
    notes.push({ words: "without pictures from elsewhere", why });
  }
  return notes;
}

/** An address as it is typed and shown: `Rui <rui@x.example>`, or the address alone. */
export type Addressee = { address: string; name?: string };

export function typed({ name, address }: { name?: string | null; address: string }): string {
  return name && name !== address ? `${name.replace(/[<>,;]/g, " ").trim()} <${address}>` : address;
}

export function addressee(text: string): Addressee {
  const named = /^(.*)<([^<>]*)>\s*$/s.exec(text.trim());
  if (!named) return { address: text.trim() };
  const name = (named[1] ?? "").trim().replace(/^"(.*)"$/, "$1");
  return { address: (named[2] ?? "").trim(), ...(name && { name }) };
}

/** Whether it looks like an address; the server looks closer. */
export function isAddress(text: string): boolean {
  return /^[^\s@<>,;"()]+@[^\s@<>,;"()]+$/.test(addressee(text).address);
}

/** What stands on an answer by itself, so that a person sees it and can change it. */
export type Lines = { to: string[]; cc: string[]; bcc: string[]; subject: string };

export const emptyLines: Lines = { to: [], cc: [], bcc: [], subject: "" };

export function linesOf(about: Message | undefined, manner: Manner): Lines {
  if (!about) return emptyLines;
  const subject = marked(about.subject ?? "", manner === "forward" ? "Fwd:" : "Re:");
  if (manner === "forward" || !about.recipients) return { ...emptyLines, subject };
  const { to, cc, reply_to } = about.recipients;
  const others = (people: typeof to) => people.filter(({ me }) => !me);
  const own = about.direction === "outgoing";
  const answered = own
    ? others(to).length > 0
      ? others(to)
      : to
    : reply_to.length > 0
      ? reply_to
      : author(about.sender);
  const reached = new Set(answered.map(({ address }) => address));
  const more = manner === "reply" ? [] : own ? others(cc) : others([...to, ...cc]);
  return {
    to: answered.map(typed),
    cc: more.filter(({ address }) => !reached.has(address)).map(typed),
    bcc: [],
    subject,
  };
}

function author(sender: Participant | null | undefined) {
  return sender ? [{ name: sender.name, address: sender.external_id }] : [];
}

function marked(subject: string, mark: string): string {
  return subject.toLowerCase().startsWith(mark.toLowerCase()) ? subject : `${mark} ${subject}`.trim();
}

/** The mail that an answer is about where none is picked: the newest at the platform, else the newest on its way. */
export function newestMail(messages: readonly Message[]): Message | undefined {
  const mails = messages.filter(({ recipients, deleted_at }) => recipients && !deleted_at);
  return mails.findLast(({ external_id }) => external_id) ?? mails.at(-1);
}

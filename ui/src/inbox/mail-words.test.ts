import { expect, test } from "vitest";
import { chat, message } from "../feed/samples";
import {
  addressee,
  baseSubject,
  isAddress,
  linesOf,
  newestMail,
  notesOf,
  ownSubject,
  participantsLine,
  recipientsLine,
  typed,
} from "./mail-words";

const person = (name: string, me = false) => ({ name, address: `${name.toLowerCase()}@x.example`, me });
const [ana, rui, tom, eva] = [person("Ana", true), person("Rui"), person("Tom"), person("Eva")];
const sender = {
  external_id: rui.address,
  name: "Rui",
  emails: [],
  bot: false,
  me: false,
};
const recipients = { to: [ana, tom], cc: [eva], bcc: [], reply_to: [] };
const mail = message("m", { subject: "The roof", sender, recipients });

test("to whom a mail goes is one line, whoever they are", () => {
  expect(recipientsLine(mail)).toBe("to me, Tom · cc Eva");
  const many = [rui, tom, eva, person("Leo"), person("Mia")];
  const crowd = message("m", { recipients: { ...recipients, to: many, cc: [] } });
  expect(recipientsLine(crowd)).toBe("to Rui, Tom, Eva and 2 more");
  expect(recipientsLine(message("m"))).toBe("");
});

test("a subject shows only where it is another one than the chat's", () => {
  for (const alike of ["The roof", "Re: The roof", "RE: Fwd: AW:  the  roof", "Re[2]: The roof"]) {
    expect(ownSubject({ ...mail, subject: alike }, "The roof")).toBeNull();
  }
  expect(ownSubject({ ...mail, subject: "Re: The cellar" }, "The roof")).toBe("Re: The cellar");
  expect(ownSubject(message("m"), "general")).toBeNull();
  expect(baseSubject("Re:")).toBe("Re:");
});

test("a thread names its people, and a channel none", () => {
  const people = [
    { external_id: ana.address, emails: [], bot: false, ...ana },
    { external_id: rui.address, emails: [], bot: false, ...rui },
  ];
  expect(participantsLine(chat("c", { kind: "email_thread", participants: people }))).toBe("Rui");
  expect(participantsLine(chat("c", { kind: "channel", participants: people }))).toBe("");
});

test("a list says more than that a program sent it", () => {
  const notes = notesOf({ ...mail, list: "boats.x", automatic: true, remote_images: true }, false);
  expect(notes.map(({ words }) => words)).toEqual(["mailing list", "without pictures from elsewhere"]);
  expect(notesOf({ ...mail, automatic: true }, false)[0]?.words).toBe("automatic");
  expect(notesOf(mail, false)).toEqual([]);
  expect(notesOf({ ...mail, remote_images: true }, true)).toEqual([]);
});

test("what is typed is an address with or without a name", () => {
  expect(addressee("Rui Silva <rui@x.example>")).toEqual({ name: "Rui Silva", address: "rui@x.example" });
  expect(addressee(' "Silva, Rui" <rui@x.example> ')).toEqual({
    name: "Silva, Rui",
    address: "rui@x.example",
  });
  expect(addressee("rui@x.example")).toEqual({ address: "rui@x.example" });
  expect(addressee(typed({ name: "Silva, <Rui>", address: "rui@x.example" })).address).toBe("rui@x.example");
  expect(["rui@x.example", "Rui <rui@x.example>"].every(isAddress)).toBe(true);
  expect(["rui", "rui@", "a@b@c", "a b@c", "Rui <>"].some(isAddress)).toBe(false);
});

test("an answer knows by itself to whom it goes and what it is about", () => {
  const all = linesOf(mail, "reply_all");
  expect(all).toEqual({
    to: ["Rui <rui@x.example>"],
    cc: ["Tom <tom@x.example>", "Eva <eva@x.example>"],
    bcc: [],
    subject: "Re: The roof",
  });
  expect(linesOf(mail, "reply")).toEqual({ ...all, cc: [] });
  expect(linesOf(mail, "forward")).toEqual({ to: [], cc: [], bcc: [], subject: "Fwd: The roof" });
  const own = { ...mail, direction: "outgoing" } as const;
  expect(linesOf(own, "reply_all")).toMatchObject({
    to: ["Tom <tom@x.example>"],
    cc: ["Eva <eva@x.example>"],
  });
  const elsewhere = { ...mail, subject: "RE: The roof", recipients: { ...recipients, reply_to: [eva] } };
  expect(linesOf(elsewhere, "reply_all")).toMatchObject({
    to: ["Eva <eva@x.example>"],
    subject: "RE: The roof",
  });
});

test("an answer is about the newest mail that is there", () => {
  const pending = message("p", { recipients, external_id: null });
  const deleted = message("d", { recipients, deleted_at: "2026-03-02T12:00:00.000Z" });
  expect(newestMail([mail, deleted, pending])?.id).toBe("m");
  expect(newestMail([deleted, pending])?.id).toBe("p");
  expect(newestMail([message("s")])).toBeUndefined();
});

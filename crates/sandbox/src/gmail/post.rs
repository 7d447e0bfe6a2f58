//! The post: what becomes of a mail between those who write and those who get it.
//!
//! What leaves by the API gets a new `Message-ID`, a new `Date` and an own address in `From`, whatever it said.

use super::change::Change;
use super::head::Head;
use super::mailbox::{Mailbox, Message, Raw};
use super::mime::addresses::{self, Address};
use super::mime::words;
use super::mime::write::Letter;
use super::mime::{self, find};
use super::state::{Later, State, micros};
use super::world::Sent;
use crate::calendar::mail_date;

const DAY_MICROS: i64 = 86_400_000_000;
/// How many people one mail may go to.
pub const MOST_RECIPIENTS: usize = 500;
const DAEMON: &str = "mailer-daemon@googlemail.com";

/// A mail on its way to one mailbox.
pub struct Carried {
    pub mailbox: String,
    /// The address that it was sent to.
    pub address: String,
    pub raw: Vec<u8>,
}

/// A mail that comes back to its sender.
pub struct Bounce {
    pub mailbox: String,
    /// The sender's copy of the failed mail.
    pub message: String,
    pub address: String,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    NoSuchPerson,
    NoSuchDomain,
    TooManySent,
}

/// Where a message is put, and how.
#[derive(Default)]
pub struct Place {
    pub labels: Vec<String>,
    pub thread: Option<String>,
    pub draft: Option<String>,
    /// Other than what the mail's date says.
    pub internal_millis: Option<i64>,
}

impl Place {
    pub fn labelled(labels: &[&str]) -> Place {
        Place { labels: labels.iter().map(|label| (*label).to_owned()).collect(), ..Place::default() }
    }
}

impl State {
    /// Puts a mail into a mailbox. Gives its id.
    pub fn file(&mut self, now_micros: i64, mailbox: &str, raw: Vec<u8>, place: Place) -> String {
        let head = Head::of(&raw);
        let id = self.next_message_id(mailbox, now_micros);
        let history_id = self.next_history(mailbox);
        let internal_millis = place
            .internal_millis
            .or_else(|| head.date_secs.map(|secs| secs * 1000))
            .unwrap_or(now_micros.div_euclid(1_000_000) * 1000);
        let joined = || {
            let most = self.config.thread_most;
            self.world.mailbox(mailbox).and_then(|mailbox| mailbox.thread_for(&head, internal_millis, most))
        };
        let thread = place.thread.or_else(joined).unwrap_or_else(|| id.clone());
        let is_away = place.labels.iter().any(|label| matches!(label.as_str(), "TRASH" | "SPAM"));
        let message = Box::new(Message {
            id: id.clone(),
            thread,
            labels: place.labels,
            raw: Raw(raw.into()),
            internal_millis,
            arrived_micros: now_micros,
            away_micros: is_away.then_some(now_micros),
            history_id,
            head,
        });
        let (mailbox, draft) = (mailbox.to_owned(), place.draft);
        self.record(Change::Filed { mailbox: mailbox.clone(), message, draft, at_micros: now_micros });
        self.tell(now_micros, &mailbox);
        if self.chance(self.config.history_noise) {
            self.relabel(now_micros, &mailbox, std::slice::from_ref(&id), &[], &[]);
        }
        id
    }

    /// Sends a mail from a mailbox. Gives the id of the sender's copy.
    pub fn send(&mut self, now_micros: i64, mailbox: &str, raw: &[u8], thread: Option<String>, by_api: bool) -> String {
        let raw = self.rewritten(now_micros, mailbox, raw, if by_api { 2 } else { 0 });
        let head = Head::of(&raw);
        // A mail to oneself is one message, not two.
        let to_self = head.everybody_told().any(|person| self.is_of(mailbox, &person.address));
        let labels: &[&str] = if to_self { &["UNREAD", "SENT", "INBOX"] } else { &["SENT"] };
        let id = self.file(now_micros, mailbox, raw.clone(), Place { thread, ..Place::labelled(labels) });
        self.give_out(now_micros, mailbox, &id, &raw, by_api);
        id
    }

    fn is_of(&self, mailbox: &str, address: &str) -> bool {
        self.world.mailbox_at(address).is_some_and(|found| found.address == mailbox)
    }

    /// Brings a mail that stands in a mailbox to all others that it names.
    pub fn give_out(&mut self, now_micros: i64, mailbox: &str, id: &str, raw: &[u8], by_api: bool) {
        let head = Head::of(raw);
        self.note_sent(now_micros, mailbox, Some(id), &head, by_api);
        let too_many = self.sent_within(mailbox, now_micros - DAY_MICROS) > self.config.sends_a_day as usize;
        let mut told = Vec::new();
        for person in head.everybody_told() {
            let key = addresses::key(&person.address);
            if told.contains(&key) || self.is_of(mailbox, &person.address) {
                continue;
            }
            told.push(key);
            if too_many {
                self.fail(now_micros, mailbox, id, &person.address, Why::TooManySent);
            } else {
                self.carry(now_micros, raw, &person.address, Some((mailbox, id)));
            }
        }
    }

    fn note_sent(&mut self, now_micros: i64, by: &str, id: Option<&str>, head: &Head, by_api: bool) {
        let people = |list: &[Address]| -> Vec<String> { list.iter().map(|person| person.address.clone()).collect() };
        let sent = Sent {
            at_micros: now_micros,
            by: by.to_owned(),
            id: id.map(str::to_owned),
            message_id: head.message_id.clone().unwrap_or_default(),
            subject: head.subject.clone(),
            recipients: [people(&head.to), people(&head.cc)].concat(),
            bcc: people(&head.bcc),
            by_api,
        };
        self.record(Change::Sent { sent });
    }

    fn sent_within(&self, mailbox: &str, since_micros: i64) -> usize {
        let recent = self.world.sent.iter().rev().take_while(|sent| sent.at_micros > since_micros);
        recent.filter(|sent| sent.by == mailbox).count()
    }

    /// A mail from outside, as SMTP brings it: it stays as it is. Gives how many mailboxes it is for.
    pub fn take_from_outside(&mut self, now_micros: i64, by: &str, raw: &[u8]) -> usize {
        let head = Head::of(raw);
        self.note_sent(now_micros, by, None, &head, false);
        let everybody: Vec<String> = head.everybody_told().map(|person| person.address.clone()).collect();
        for address in &everybody {
            self.carry(now_micros, raw, address, None);
        }
        everybody.iter().filter(|address| self.world.mailbox_at(address).is_some()).count()
    }

    /// Brings a mail to an address, or back to its sender where nobody is there.
    fn carry(&mut self, now_micros: i64, raw: &[u8], address: &str, sender: Option<(&str, &str)>) {
        if let Some(mailbox) = self.world.mailbox_at(address).map(|mailbox| mailbox.address.clone()) {
            let carried = Carried { mailbox, address: address.to_owned(), raw: raw.to_vec() };
            match micros(self.config.arrives_after) {
                0 => self.arrive(now_micros, &carried),
                after => self.schedule_in(now_micros, after, Later::Arrive(Box::new(carried))),
            }
            return;
        }
        let Some((mailbox, id)) = sender else { return };
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        if self.world.hosts(domain) {
            self.fail(now_micros, mailbox, id, address, Why::NoSuchPerson);
        } else if domain.ends_with(".invalid") {
            self.fail(now_micros, mailbox, id, address, Why::NoSuchDomain);
        }
        // Every other domain is outside: its mail has left.
    }

    fn fail(&mut self, now_micros: i64, mailbox: &str, message: &str, address: &str, why: Why) {
        let bounce = Bounce { mailbox: mailbox.into(), message: message.into(), address: address.into(), why };
        let after = micros(self.config.bounces_after);
        self.schedule_in(now_micros, after, Later::Bounce(Box::new(bounce)));
    }

    pub fn arrive(&mut self, now_micros: i64, carried: &Carried) {
        let (mailbox, raw) = (carried.mailbox.as_str(), &carried.raw);
        let sender = Head::of(raw).from.first().map(|person| person.address.clone()).unwrap_or_default();
        let date = mail_date(now_micros);
        let stamp = self.new_letters("received", 16).to_lowercase();
        let lines = format!(
            "Delivered-To: {}\r\nReceived: by 2002:a05:6402:1f10:0:0:0:0 with SMTP id {stamp}; {date}\r\n\
             Return-Path: <{sender}>\r\nReceived: from mail-sor-f41.google.com (mail-sor-f41.google.com. [209.85.220.41])\
             \r\n        by mx.google.com with SMTPS id {stamp}\r\n        for <{}>; {date}\r\n\
             Authentication-Results: mx.google.com; spf=pass smtp.mailfrom={sender}\r\n",
            carried.address, carried.address
        );
        let mut whole = lines.into_bytes();
        whole.extend(without(raw, &["Bcc"]));
        let id = self.file(now_micros, mailbox, whole, Place::labelled(&["UNREAD", "CATEGORY_PERSONAL", "INBOX"]));
        if self.config.people {
            let (mailbox, after) = (mailbox.to_owned(), super::people::REPLY_AFTER_MICROS);
            self.schedule_in(now_micros, after, Later::Reply { mailbox, message: id });
        }
    }

    /// Tells the sender that a mail did not arrive, in the thread of that mail.
    pub fn bounce(&mut self, now_micros: i64, bounce: &Bounce) {
        let Some(failed) = self.world.mailbox(&bounce.mailbox).and_then(|held| held.messages.get(&bounce.message))
        else {
            return;
        };
        let (code, words) = match bounce.why {
            Why::NoSuchPerson => ("5.1.1", "The email account that you tried to reach does not exist."),
            Why::NoSuchDomain => ("5.1.2", "The domain of that address could not be found."),
            Why::TooManySent => ("5.4.5", "You have reached a limit for sending mail. Your message was not sent."),
        };
        let (thread, head) = (failed.thread.clone(), failed.head.clone());
        let of = format!("<{}>", head.message_id.unwrap_or_default());
        let letter = Letter {
            from: Some(Address::new("Mail Delivery Subsystem", DAEMON)),
            to: vec![Address::new("", &bounce.mailbox)],
            subject: "Delivery Status Notification (Failure)".into(),
            date: mail_date(now_micros),
            message_id: format!("<{}.GMR@mx.google.com>", self.new_letters("bounce", 24)),
            in_reply_to: Some(of.clone()),
            references: vec![of],
            ..Letter::default()
        };
        let raw = report(&letter, &bounce.address, code, words, &head.subject);
        let place = Place { thread: Some(thread), ..Place::labelled(&["UNREAD", "CATEGORY_UPDATES", "INBOX"]) };
        self.file(now_micros, &bounce.mailbox, raw, place);
    }

    /// A mail as it leaves: the post's headers in place of the writer's. `hops` is how often it passed through the API.
    pub fn rewritten(&self, now_micros: i64, mailbox: &str, raw: &[u8], hops: usize) -> Vec<u8> {
        let (headers, _) = mime::headers(raw);
        let sender =
            self.world.mailbox(mailbox).map(|mailbox| sender(mailbox, find(&headers, "From").unwrap_or_default()));
        let date = mail_date(now_micros);
        let project = &self.config.app.project_number;
        let hop = format!("Received: from {project} named unknown by gmailapi.google.com with HTTPREST; {date}\r\n");
        let mut out = hop.repeat(hops);
        out.push_str(&format!("From: {}\r\n", sender.map(|sender| sender.written()).unwrap_or_default()));
        if find(&headers, "MIME-Version").is_none() {
            out.push_str("MIME-Version: 1.0\r\n");
        }
        out.push_str(&format!("Date: {date}\r\nMessage-ID: <CA{}@mail.gmail.com>\r\n", self.new_letters("mail", 50)));
        let mut whole = out.into_bytes();
        whole.extend(garbled(&without(raw, &["From", "Date", "Message-ID", "Received", "Return-Path"])));
        whole
    }
}

/// Whom a mail is from: what it says, if that is an own address, else the mailbox's.
fn sender(mailbox: &Mailbox, from: &str) -> Address {
    let said = addresses::read(from).into_iter().next();
    let own = said.filter(|said| {
        let alias = mailbox.aliases.iter().find(|alias| alias.address.eq_ignore_ascii_case(&said.address));
        said.address.eq_ignore_ascii_case(&mailbox.address) || alias.is_some_and(|alias| alias.accepted)
    });
    own.unwrap_or_else(|| Address::new(&mailbox.name, &mailbox.address))
}

/// A mail without some of its headers.
fn without(raw: &[u8], names: &[&str]) -> Vec<u8> {
    let (mut out, mut at, mut dropped) = (Vec::with_capacity(raw.len()), 0, false);
    while at < raw.len() {
        let end = raw[at..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |length| at + length + 1);
        let line = &raw[at..end];
        if matches!(line, b"\n" | b"\r\n") {
            out.extend(&raw[at..]);
            return out;
        }
        if !matches!(line[0], b' ' | b'\t') {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            dropped = names.iter().any(|one| one.as_bytes().eq_ignore_ascii_case(name.trim_ascii()));
        }
        if !dropped {
            out.extend(line);
        }
        at = end;
    }
    out
}

/// Raw bytes in headers come out as what they look like in Latin-1.
fn garbled(raw: &[u8]) -> Vec<u8> {
    let (_, begin) = mime::headers(raw);
    if raw[..begin].is_ascii() {
        return raw.to_vec();
    }
    let mut out = Vec::with_capacity(raw.len());
    for line in raw[..begin].split_inclusive(|byte| *byte == b'\n') {
        if line.is_ascii() {
            out.extend(line);
            continue;
        }
        let letters: String = line.iter().map(|byte| char::from(*byte)).collect();
        let (name, value) = letters.split_once(':').unwrap_or(("X-Garbled", &letters));
        out.extend(format!("{name}: {}\r\n", words::encode(value.trim())).into_bytes());
    }
    out.extend(&raw[begin..]);
    out
}

fn report(letter: &Letter, address: &str, code: &str, words: &str, subject: &str) -> Vec<u8> {
    let head = Letter { text: String::new(), ..letter.clone() }.bytes();
    let head = String::from_utf8_lossy(&head).into_owned();
    let head = head.split("Content-Type:").next().unwrap_or_default().to_owned();
    let boundary = "000000000000report";
    format!(
        "{head}X-Failed-Recipients: {address}\r\nAuto-Submitted: auto-replied\r\n\
         Content-Type: multipart/report; boundary=\"{boundary}\"; report-type=delivery-status\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=\"UTF-8\"\r\n\r\n\
         ** Message not delivered **\r\n\r\nYour message to {address} was not delivered. {words}\r\n\r\n\
         --{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; googlemail.com\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\n\
         Status: {code}\r\nDiagnostic-Code: smtp; 550-{code} {words}\r\n\r\n\
         --{boundary}\r\nContent-Type: message/rfc822\r\n\r\n\
         Subject: {}\r\n{}\r\n--{boundary}--\r\n",
        words::encode(subject),
        letter.in_reply_to.as_ref().map(|id| format!("Message-ID: {id}\r\n")).unwrap_or_default(),
    )
    .into_bytes()
}

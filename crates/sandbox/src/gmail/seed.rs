//! Makes a world from a seed: people with names in several scripts, and threads between them that lie before the
//! start, with people outside, attachments, newsletters and drafts among them.

use std::collections::BTreeSet;

use super::config::WorldSize;
use super::head::Head;
use super::mailbox::{Alias, Label, Mailbox, Message, Raw};
use super::mime::addresses::{self, Address};
use super::mime::write::{File, Letter};
use super::people::{ANSWERS, MATTERS};
use super::world::World;
use crate::calendar::mail_date;
use crate::dice::Dice;

/// Handle, whole name. The first half of them is at a company, the others at Gmail itself.
const PEOPLE: &[(&str, &str, &str)] = &[
    ("ana", "Ana Silva", "acme.example"),
    ("bruno", "Bruno Müller", "acme.example"),
    ("chiyo.tanaka", "田中 千代", "gmail.com"),
    ("dmitri", "Дмитрий Орлов", "acme.example"),
    ("eleni.p", "Ελένη Παπαδοπούλου", "gmail.com"),
    ("grace", "Grace O'Connor", "acme.example"),
    ("karl-heinz", "Groß, Karl-Heinz", "acme.example"),
    ("ines.davila", "Inês d'Ávila", "gmail.com"),
];

/// People whose mail is kept elsewhere.
const OUTSIDE: &[(&str, &str)] = &[
    ("Guilherme Dias", "guilherme@customer.example"),
    ("Support", "support@vendor.example"),
    ("FooCorp, Inc.", "billing@foocorp.example"),
];

const DAY_SECS: i64 = 86_400;

struct Maker<'a> {
    dice: Dice,
    size: &'a WorldSize,
    start_secs: i64,
    end_secs: i64,
    count: u64,
}

/// Fills an empty world. The same arguments give the same world.
pub fn fill(world: &mut World, seed: u64, size: &WorldSize, at_micros: i64) {
    world.seed = seed;
    let end_secs = at_micros.div_euclid(1_000_000);
    let start_secs = end_secs - i64::from(size.days) * DAY_SECS;
    let mut maker = Maker { dice: Dice::new(seed), size, start_secs, end_secs, count: 0 };
    for index in 0..size.people {
        let mailbox = maker.person(index);
        world.mailboxes.insert(mailbox.address.clone(), mailbox);
    }
    let everybody: Vec<Address> =
        world.mailboxes.values().map(|mailbox| Address::new(&mailbox.name, &mailbox.address)).collect();
    let mut letters = maker.threads(&everybody);
    letters.sort_by_key(|(secs, letter)| (*secs, letter.message_id.clone()));
    for (secs, letter) in letters {
        maker.post(world, secs, &letter);
    }
}

impl Maker<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.dice.below(i64::try_from(limit).unwrap_or(i64::MAX))).unwrap_or(0)
    }

    fn person(&mut self, index: usize) -> Mailbox {
        let (handle, name, domain) = PEOPLE[index % PEOPLE.len()];
        let round = index / PEOPLE.len();
        let suffix = if round == 0 { String::new() } else { (round + 1).to_string() };
        let history_id = 10_000 + self.dice.below(90_000).unsigned_abs();
        let mut mailbox = Mailbox {
            address: format!("{handle}{suffix}@{domain}"),
            name: format!("{name}{suffix}"),
            sub: format!("1{:020}", 8_812_000 + index),
            history_id,
            forgotten: history_id,
            ..Mailbox::default()
        };
        let is_first = index == 0;
        if is_first {
            let alias =
                |address: &str, accepted| Alias { address: address.into(), name: "Acme Sales".into(), accepted };
            mailbox.aliases = vec![alias("sales@acme.example", true), alias("ana@private.example", false)];
        }
        let label = Label {
            id: "Label_1".into(),
            name: "Customers/Porto".into(),
            label_list_visibility: "labelShow".into(),
            message_list_visibility: "show".into(),
            color: None,
        };
        mailbox.labels.insert(label.id.clone(), label);
        mailbox
    }

    /// All letters that were written before the start, with their times.
    fn threads(&mut self, everybody: &[Address]) -> Vec<(i64, Letter)> {
        let mut letters = Vec::new();
        for person in everybody {
            for index in 0..self.size.threads_per_person {
                let others: Vec<&Address> = everybody.iter().filter(|other| other.address != person.address).collect();
                let mut people = vec![person.clone()];
                let outside = self.below(3) == 0 || others.is_empty();
                if outside {
                    let (name, address) = OUTSIDE[self.below(OUTSIDE.len())];
                    people.push(Address::new(name, address));
                }
                for _ in 0..1 + self.below(2) {
                    if let Some(other) = others.get(self.below(others.len().max(1)))
                        && !people.contains(other)
                    {
                        people.push((*other).clone());
                    }
                }
                letters.extend(self.thread(&people, index));
            }
        }
        letters
    }

    fn thread(&mut self, people: &[Address], index: usize) -> Vec<(i64, Letter)> {
        let (matter, text) = MATTERS[self.below(MATTERS.len())];
        let span = (self.end_secs - self.start_secs - DAY_SECS).max(1);
        let mut at = self.start_secs + self.dice.below(span);
        let (mut letters, mut references) = (Vec::new(), Vec::new());
        let length = 1 + self.below(self.size.messages_per_thread.max(1));
        // Numbered, so that two threads about one matter are two.
        let subject = format!("{matter} ({})", self.count + 1);
        for turn in 0..length {
            self.count += 1;
            let from = if turn == 0 { people[0].clone() } else { people[self.below(people.len())].clone() };
            let to: Vec<Address> = people.iter().filter(|one| **one != from).cloned().collect();
            let domain = from.address.rsplit_once('@').map_or("example", |(_, domain)| domain);
            let message_id = format!("<seed-{}-{}@{domain}>", self.count, index);
            let said = if turn == 0 { text } else { ANSWERS[self.below(ANSWERS.len())] };
            let html = (self.below(3) == 0)
                .then(|| format!("<div dir=\"ltr\">{}</div>", crate::answers::escape(said).replace('\n', "<br>")));
            let files = if self.below(6) == 0 { vec![self.file()] } else { Vec::new() };
            let letter = Letter {
                from: Some(from),
                to: to[..1].to_vec(),
                cc: to[1..].to_vec(),
                subject: if turn == 0 { subject.clone() } else { format!("Re: {subject}") },
                date: mail_date(at * 1_000_000),
                message_id: message_id.clone(),
                in_reply_to: references.last().cloned(),
                references: references.clone(),
                text: said.to_owned(),
                html,
                files,
                ..Letter::default()
            };
            letters.push((at, letter));
            references.push(message_id);
            at = (at + 120 + self.dice.below(4 * 3_600)).min(self.end_secs - 60);
        }
        letters
    }

    fn file(&mut self) -> File {
        let (name, kind) =
            [("plan.pdf", "application/pdf"), ("Übersicht.csv", "text/csv"), ("photo.jpg", "image/jpeg")]
                [self.below(3)];
        let bytes = (0..400 + self.below(4_000)).map(|index| u8::try_from(index * 31 % 251).unwrap_or(0)).collect();
        File { name: name.into(), kind: kind.into(), bytes }
    }

    /// Puts a letter into the mailboxes of all that it names.
    fn post(&mut self, world: &mut World, secs: i64, letter: &Letter) {
        let raw = letter.bytes();
        let is_old = self.end_secs - secs > 2 * DAY_SECS;
        let sender = letter.from.as_ref().map(|from| addresses::key(&from.address)).unwrap_or_default();
        let mut seen = BTreeSet::new();
        for person in letter.from.iter().chain(&letter.to).chain(&letter.cc) {
            let key = addresses::key(&person.address);
            if !seen.insert(key.clone()) {
                continue;
            }
            let Some(mailbox) = world.mailboxes.values_mut().find(|mailbox| mailbox.answers_to(&key)) else { continue };
            let labels: &[&str] = match (key == sender, is_old) {
                (true, _) => &["SENT"],
                (false, true) => &["CATEGORY_PERSONAL", "INBOX"],
                (false, false) => &["UNREAD", "CATEGORY_PERSONAL", "INBOX"],
            };
            let raw = if key == sender { raw.clone() } else { delivered(&person.address, &raw) };
            self.file_into(mailbox, secs, raw, labels);
        }
    }

    fn file_into(&mut self, mailbox: &mut Mailbox, secs: i64, raw: Vec<u8>, labels: &[&str]) {
        let head = Head::of(&raw);
        let mut number = (secs * 1000).unsigned_abs() << 20 | self.dice.below(1 << 20).unsigned_abs();
        while mailbox.messages.contains_key(&format!("{number:x}")) {
            number += 1;
        }
        let id = format!("{number:x}");
        let thread = mailbox.thread_for(&head, secs * 1000, usize::MAX).unwrap_or_else(|| id.clone());
        let history_id = mailbox.history_id + 1 + self.dice.below(40).unsigned_abs();
        let message = Message {
            id,
            thread,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            raw: Raw(raw.into()),
            internal_millis: secs * 1000,
            arrived_micros: secs * 1_000_000,
            away_micros: None,
            history_id,
            head,
        };
        mailbox.file(message, secs * 1_000_000);
    }
}

fn delivered(address: &str, raw: &[u8]) -> Vec<u8> {
    let mut out = format!("Delivered-To: {address}\r\n").into_bytes();
    out.extend_from_slice(raw);
    out
}

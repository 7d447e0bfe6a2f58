//! What must hold of mail at every step.

use super::Mail;
use crate::world::World;
use model::{chat::Chat, id::MessageId};
use sandbox::gmail::Sent;
use std::collections::{BTreeMap, BTreeSet};

/// The header that our mails bear, as the emulator shows it.
const MARK: &str = "x-bothways-mark";

/// What was seen of mail in the course of the run.
#[derive(Default)]
pub struct Seen {
    /// Somebody took their grant back, so that logins may be lost.
    pub revoked: bool,
    /// All messages and threads that ever stood in each mailbox.
    messages: BTreeMap<String, BTreeSet<String>>,
    threads: BTreeMap<String, BTreeSet<String>>,
    /// How many sends took effect, and how many mails left, when somebody last looked.
    sends: u64,
    mails: usize,
}

impl Mail {
    /// Remembers what stands in the mailboxes, before anybody can delete it for good.
    pub fn note_all(&mut self) {
        for address in self.gmail.addresses() {
            for (message, thread) in self.gmail.places(&address) {
                self.seen.messages.entry(address.clone()).or_default().insert(message);
                self.seen.threads.entry(address.clone()).or_default().insert(thread);
            }
        }
    }
}

impl Mail {
    /// What the app sent since somebody last looked.
    fn new_sends(&mut self) -> Vec<Sent> {
        let sends = self.gmail.calls().get("messages.send").copied().unwrap_or(0);
        if sends == self.seen.sends {
            return Vec::new();
        }
        let mut sent = self.gmail.sent();
        let new = sent.split_off(self.seen.mails.min(sent.len()));
        (self.seen.sends, self.seen.mails) = (sends, sent.len() + new.len());
        new.into_iter().filter(|one| one.by_api).collect()
    }
}

impl World {
    /// Whether logins of Gmail may have been lost by no fault of ours.
    pub fn is_mail_revoked(&self) -> bool {
        self.mail.as_ref().is_some_and(|mail| mail.seen.revoked)
    }

    /// P6: one send is at most one mail in the world, through the mailbox of whoever sent it.
    pub fn check_mails_sent(&mut self) -> Result<(), String> {
        let new = self.mail.as_mut().map(Mail::new_sends).unwrap_or_default();
        new.iter().try_for_each(|sent| self.check_mail_sent(sent))
    }

    fn check_mail_sent(&mut self, sent: &Sent) -> Result<(), String> {
        let id = sent.id.as_deref().unwrap_or_default();
        let there = self.gmail().and_then(|gmail| gmail.mailbox(&sent.by)?.message(id).cloned());
        let there = there.ok_or_else(|| format!("nobody has {id} that {} sent", sent.by))?;
        let Some(mark) = there.extra.get(MARK) else {
            return Err(format!("P6: {} sent {id} without a mark: {}", sent.by, there.text));
        };
        self.say(|| format!("{id} of {} leaves the mailbox of {} for {:?}", there.thread, sent.by, sent.recipients));
        self.seen.appeared(mark, (&sent.by, id), &there.text)?;
        self.check_letter(sent, &there)?;
        let row = mark.split_once('.').and_then(|(id, _)| id.parse::<MessageId>().ok());
        let row = self.memory.all_messages().into_iter().find(|held| Some(held.id) == row);
        let owner =
            row.and_then(|row| self.everybody().into_iter().find(|party| party.connection == row.connection_id));
        match owner.filter(|owner| owner.user != sent.by) {
            Some(owner) => Err(format!("P11: {} sent {id} through the mailbox of {}", owner.customer, sent.by)),
            None => Ok(()),
        }
    }

    /// P11: no row is of another mailbox.
    pub fn check_mail_rows(&mut self) -> Result<(), String> {
        let Some(mail) = &mut self.mail else { return Ok(()) };
        mail.note_all();
        let none = BTreeSet::new();
        for party in mail.parties.iter().chain(&self.leaving) {
            let messages = mail.seen.messages.get(&party.user).unwrap_or(&none);
            let threads = mail.seen.threads.get(&party.user).unwrap_or(&none);
            let rows = self.memory.all_messages().into_iter().filter(|row| row.connection_id == party.connection);
            let stray = rows.filter_map(|row| row.external_id).find(|id| !messages.contains(id.as_str()));
            if let Some(id) = stray.filter(|_| party.integration == super::integration()) {
                return Err(format!("P11: {} has {id}, which never stood in {}", party.customer, party.user));
            }
            let mine = |chat: &Chat| chat.connection_id == party.connection && !chat.begun_here;
            let chats = self.memory.all_chats().into_iter().filter(mine);
            let stray = chats.map(|chat| chat.external_id).find(|id| !threads.contains(id.as_str()));
            if let Some(id) = stray.filter(|_| party.integration == super::integration()) {
                return Err(format!("P11: {} has the thread {id}, which {} never had", party.customer, party.user));
            }
        }
        Ok(())
    }
}

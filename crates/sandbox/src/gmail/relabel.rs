//! What people and apps do with messages that are there: label, trash, delete, and the labels themselves.

use super::change::Change;
use super::mailbox::Label;
use super::post::Place;
use super::state::State;

/// At most one of these is on a message.
const EXCLUSIVE: [&str; 3] = ["INBOX", "SPAM", "TRASH"];

impl State {
    pub fn relabel(&mut self, now_micros: i64, mailbox: &str, ids: &[String], add: &[String], remove: &[String]) {
        let Some(held) = self.world.mailbox(mailbox) else { return };
        let mut remove = remove.to_vec();
        if add.iter().any(|label| EXCLUSIVE.contains(&label.as_str())) {
            let others = EXCLUSIVE.iter().filter(|label| !add.iter().any(|added| added == *label));
            remove.extend(others.map(|label| (*label).to_owned()));
        }
        let remove: Vec<String> = remove.into_iter().filter(|label| !add.contains(label)).collect();
        let count = held.relabel_records(ids, add, &remove);
        let mut history = Vec::new();
        let mut last = 0;
        for _ in 0..count {
            // Each is a step above the one before.
            last = self.next_history(mailbox).max(last + 1 + self.below(7).unsigned_abs());
            history.push(last);
        }
        let (ids, add, mailbox) = (ids.to_vec(), add.to_vec(), mailbox.to_owned());
        self.record(Change::Relabelled { mailbox: mailbox.clone(), ids, add, remove, history, at_micros: now_micros });
        self.tell(now_micros, &mailbox);
    }

    pub fn trash(&mut self, now_micros: i64, mailbox: &str, ids: &[String]) {
        self.relabel(now_micros, mailbox, ids, &["TRASH".to_owned()], &[]);
    }

    /// Out of the trash, but not back into the inbox.
    pub fn untrash(&mut self, now_micros: i64, mailbox: &str, ids: &[String]) {
        self.relabel(now_micros, mailbox, ids, &[], &["TRASH".to_owned()]);
    }

    /// Deletes for good.
    pub fn purge(&mut self, now_micros: i64, mailbox: &str, ids: &[String]) {
        let history = self.next_history(mailbox);
        let (ids, mailbox) = (ids.to_vec(), mailbox.to_owned());
        self.record(Change::Purged { mailbox: mailbox.clone(), ids, history, at_micros: now_micros });
        self.tell(now_micros, &mailbox);
    }

    pub fn make_label(&mut self, mailbox: &str, name: &str) -> String {
        let taken = self.world.mailbox(mailbox).map_or(0, |mailbox| mailbox.labels.len());
        let number = self.world.serial * 100 + taken as u64 + 1;
        let label = Label {
            id: format!("Label_{number}"),
            name: name.to_owned(),
            label_list_visibility: "labelShow".into(),
            message_list_visibility: "show".into(),
            color: None,
        };
        let id = label.id.clone();
        self.record(Change::LabelPut { mailbox: mailbox.to_owned(), label });
        id
    }

    /// Makes a new draft, or puts other words into one: its message is another one each time.
    pub fn put_draft(
        &mut self,
        now_micros: i64,
        mailbox: &str,
        draft: Option<&str>,
        raw: Vec<u8>,
        thread: Option<String>,
    ) -> String {
        let held = self.world.mailbox(mailbox);
        let before = draft.and_then(|draft| held?.drafts.get(draft)).cloned();
        let old_thread = before.as_ref().and_then(|id| Some(held?.messages.get(id)?.thread.clone()));
        let id = match draft {
            Some(draft) => draft.to_owned(),
            None => {
                let number = (now_micros << 10) + self.below(1 << 10);
                if self.below(2) == 0 { format!("r-{number}") } else { format!("r{number}") }
            }
        };
        let place = Place { thread: thread.or(old_thread), draft: Some(id.clone()), ..Place::labelled(&["DRAFT"]) };
        let raw = self.rewritten(now_micros, mailbox, &raw, 1);
        self.file(now_micros, mailbox, raw, place);
        if let Some(before) = before {
            self.purge(now_micros, mailbox, &[before]);
        }
        id
    }
}

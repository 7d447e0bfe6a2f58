//! Where a channel keeps its messages, and their threads.

use super::world::{Channel, Message, Reaction};
use std::collections::BTreeSet;

pub(super) fn react(message: &mut Message, user: &str, name: &str) {
    match message.reactions.iter_mut().find(|reaction| reaction.name == name) {
        Some(reaction) => {
            if !reaction.users.iter().any(|other| other == user) {
                reaction.users.push(user.to_owned());
            }
        }
        None => message.reactions.push(Reaction { name: name.to_owned(), users: vec![user.to_owned()] }),
    }
}

pub(super) fn unreact(message: &mut Message, user: &str, name: &str) {
    for reaction in message.reactions.iter_mut().filter(|reaction| reaction.name == name) {
        reaction.users.retain(|other| other != user);
    }
    message.reactions.retain(|reaction| !reaction.users.is_empty());
}

impl Channel {
    /// Puts a message where it belongs, and its thread's first message into its role.
    pub fn put(&mut self, message: Message) {
        if let Some(thread) = message.thread_ts.clone().filter(|thread| *thread != message.ts) {
            if let Some(parent) = self.messages.get_mut(&thread).filter(|parent| parent.thread_ts.is_none()) {
                parent.thread_ts = Some(thread.clone());
            }
            self.threads.entry(thread).or_default().insert(message.ts.clone());
        }
        self.messages.insert(message.ts.clone(), message);
    }

    /// Removes a message. The first of a thread stays as a tombstone while it has replies, and goes
    /// with the last of them.
    pub(super) fn remove(&mut self, ts: &str) {
        let Some(message) = self.messages.get_mut(ts) else { return };
        self.deleted.push(ts.to_owned());
        if self.threads.get(ts).is_some_and(|replies: &BTreeSet<String>| !replies.is_empty()) {
            *message = Message {
                ts: ts.to_owned(),
                user: "USLACKBOT".into(),
                subtype: Some("tombstone".into()),
                text: "This message was deleted.".into(),
                thread_ts: Some(ts.to_owned()),
                ..Message::default()
            };
            return;
        }
        let thread = message.thread_ts.clone().filter(|thread| thread != ts);
        self.messages.remove(ts);
        let Some(thread) = thread else { return };
        let Some(replies) = self.threads.get_mut(&thread) else { return };
        replies.remove(ts);
        if replies.is_empty() {
            self.threads.remove(&thread);
            match self.messages.get_mut(&thread) {
                Some(parent) if parent.subtype.as_deref() == Some("tombstone") => {
                    self.messages.remove(&thread);
                }
                Some(parent) => parent.thread_ts = None,
                None => {}
            }
        }
    }
}

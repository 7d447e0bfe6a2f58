//! Compares what a platform lists of a chat with what is stored of it. Pure: it neither asks nor writes.
//!
//! A listing tells what is there, never what is gone: a stored message that it lacks is only *suspect*, and
//! is looked up by itself before it is called deleted.

use crate::{
    chat::Chat,
    facets::{Facet, Presence},
    id::{Cursor, ExternalId},
    message::{Message, PendingChange, Status},
    time::{Timestamp, exact, exact_if_any},
    update::Update,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// For how long news may be on their way. What is younger is not listed by checks in the background, and
/// never called missed.
pub const ON_ITS_WAY: Duration = Duration::from_secs(60);

/// A stretch of one line of a chat, by the positions of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The thread, by its first message, which is not in it. None for the main line.
    pub thread: Option<ExternalId>,
    /// From this position on.
    pub from: String,
    /// Up to, and without, this position.
    pub before: String,
}

impl Stretch {
    /// Whether a message stands in it.
    pub fn holds(&self, message: &Message) -> bool {
        message.facets.thread() == self.thread.as_ref()
            && *self.from <= *message.position
            && *message.position < *self.before
    }
}

/// A comparison under way: which part of the chat, how far it has come, and what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// From this time on.
    #[serde(with = "exact_if_any")]
    pub from: Option<Timestamp>,
    /// Up to this time.
    #[serde(with = "exact_if_any")]
    pub to: Option<Timestamp>,
    /// When it began.
    #[serde(with = "exact")]
    pub begun_at: Timestamp,
    /// The page that comes next.
    pub cursor: Option<Cursor>,
    /// Threads that are left to be read by themselves, since the main line does not lead to them. None while
    /// the main line is being read.
    pub threads: Option<Vec<ExternalId>>,
    /// Messages that the last page lacked, and that nobody could be asked about yet.
    #[serde(default)]
    pub suspects: Vec<ExternalId>,
    /// How many messages were compared.
    pub checked: u64,
    /// How many of them were found otherwise than they were told.
    pub missed: u64,
}

impl Check {
    /// Of a part of a chat; nothing of it is read yet.
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp) -> Self {
        let suspects = Vec::new();
        Self { from, to, begun_at: now, cursor: None, threads: None, suspects, checked: 0, missed: 0 }
    }
}

impl Check {
    /// Whether nothing of it is read yet.
    pub fn is_at_its_start(&self) -> bool {
        self.cursor.is_none() && self.threads.is_none() && self.suspects.is_empty()
    }

    /// Whether nothing of it is left.
    pub fn is_done(&self) -> bool {
        self.threads.as_ref().is_some_and(Vec::is_empty) && self.suspects.is_empty()
    }
}

/// A page of a listing, and when it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// What it shows.
    pub updates: &'a [Update],
    /// What it vouches for.
    pub whole: &'a [Stretch],
    /// When it was asked for, by our clock.
    pub asked_at: Timestamp,
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What is to be taken in: what the stored rows do not say yet.
    pub news: Vec<Update>,
    /// Messages to look up by themselves.
    pub suspects: Vec<ExternalId>,
    /// How many messages were compared.
    pub checked: u64,
    /// How many of them should have been told, and were not.
    pub missed: u64,
}

/// Compares a page with the stored messages that it names, and with those of its stretches.
pub fn compare(listing: &Listing<'_>, stored: &BTreeMap<ExternalId, Message>) -> Comparison {
    let mut listed: BTreeMap<&ExternalId, Vec<&Update>> = BTreeMap::new();
    let mut beside = Vec::new();
    for update in listing.updates {
        match update.message() {
            Some(message) => listed.entry(message).or_default().push(update),
            None => beside.push(update),
        }
    }
    let mut found = Comparison { checked: listed.len() as u64, ..Comparison::default() };
    for (name, told) in &listed {
        let row = stored.get(name);
        if !differs(row, told) {
            continue;
        }
        found.news.extend(told.iter().map(|update| (*update).clone()));
        match row {
            // What was committed after the question may be newer than the answer: it is asked for again.
            Some(row) if row.updated_at >= listing.asked_at => found.suspects.push((*name).clone()),
            row => found.missed += u64::from(is_missed(row, told, listing.asked_at)),
        }
    }
    let gone = stored.iter().filter(|(name, row)| !listed.contains_key(name) && is_suspect(row, listing.whole));
    found.suspects.extend(gone.map(|(name, _)| name.clone()));
    found.checked += (found.suspects.len()) as u64;
    if !found.news.is_empty() {
        found.news.splice(0..0, beside.into_iter().cloned());
    }
    found
}

/// Whether a message that was found gone should have been called deleted before.
pub fn is_missed_deletion(row: &Message, asked_at: Timestamp) -> bool {
    row.updated_at + ON_ITS_WAY < asked_at
}

/// The chat's rows that a listing names, as `compare` wants them.
pub fn by_name(chat: &Chat, rows: impl IntoIterator<Item = Message>) -> BTreeMap<ExternalId, Message> {
    let here = rows.into_iter().filter(|row| row.chat_id == chat.id);
    here.filter_map(|row| Some((row.external_id.clone()?, row))).collect()
}

/// Whether a reader would see a difference.
fn differs(row: Option<&Message>, told: &[&Update]) -> bool {
    let Some(row) = row else { return true };
    let mut facets = row.facets.clone();
    let mut position = &row.position;
    for update in told {
        match update {
            Update::Message(message) => {
                position = &message.position;
                facets.tell_content(Facet::new(message.version, message.content.clone()));
            }
            Update::Restored { version, .. } => facets.tell_restored(*version),
            Update::Deleted { version, .. } => facets.tell_deleted(*version),
            Update::Undelivered { failure, version, .. } => {
                Facet::tell(&mut facets.undelivered, Facet::new(*version, failure.clone()));
            }
            Update::Reacted { actor, emoji, present, version, .. } => {
                facets.reactions.tell(emoji, actor, Presence { version: *version, present: *present });
            }
            Update::Reactions { set, version, .. } => facets.reactions.see(*version, set.clone()),
            Update::Chat { .. }
            | Update::Person { .. }
            | Update::Emoji { .. }
            | Update::EmojiListed { .. }
            | Update::Member { .. }
            | Update::ChatGone { .. }
            | Update::Read { .. }
            | Update::ChatMoved { .. }
            | Update::LoginLost { .. } => {}
        }
    }
    let living = !facets.is_deleted();
    facets.shown() != row.facets.shown()
        || facets.failure() != row.facets.failure()
        || living == row.facets.is_deleted()
        || living && facets.reactions.now() != row.facets.reactions.now()
        || *position != row.position
}

/// Whether a platform that tells all would have told it by now. What it listed of our own sends is their
/// answer's business.
fn is_missed(row: Option<&Message>, told: &[&Update], asked_at: Timestamp) -> bool {
    let own = |message: &crate::update::RemoteMessage| row.is_none() && message.mark.is_some();
    let happened = |update: &&&Update| match update {
        Update::Message(message) if !own(message) => {
            let content = &message.content;
            content.edited_at.max(Some(content.sent_at))
        }
        // Nothing tells when they happened, but not before their message did.
        Update::Deleted { .. }
        | Update::Restored { .. }
        | Update::Undelivered { .. }
        | Update::Reacted { .. }
        | Update::Reactions { .. } => None,
        Update::Message(_)
        | Update::Chat { .. }
        | Update::Person { .. }
        | Update::Emoji { .. }
        | Update::EmojiListed { .. }
        | Update::Member { .. }
        | Update::ChatGone { .. }
        | Update::Read { .. }
        | Update::ChatMoved { .. }
        | Update::LoginLost { .. } => Some(asked_at),
    };
    let latest = told.iter().filter_map(|update| happened(&update)).max();
    let written = row.and_then(|row| row.facets.content.as_ref()).map(|content| content.value.sent_at);
    latest.or(written).is_some_and(|latest| latest + ON_ITS_WAY < asked_at)
}

fn is_suspect(row: &Message, whole: &[Stretch]) -> bool {
    row.is_shown()
        && !row.facets.is_deleted()
        && !row.pending_change.as_ref().is_some_and(is_own_deletion)
        && whole.iter().any(|stretch| stretch.holds(row))
}

/// Our own deletion is under way: its answer says what became of it.
fn is_own_deletion(change: &PendingChange) -> bool {
    change.body.is_none() && change.status == Status::Pending
}

/// Threads that a window does not lead to: their first message stands before it, or is gone.
pub fn left_threads(
    threads: Vec<ExternalId>,
    roots: &BTreeMap<ExternalId, Message>,
    from: Option<&Stretch>,
) -> Vec<ExternalId> {
    let met: BTreeSet<&ExternalId> = roots
        .iter()
        .filter(|(_, row)| !row.facets.is_deleted() && from.is_none_or(|stretch| stretch.from <= row.position))
        .map(|(name, _)| name)
        .collect();
    threads.iter().filter(|thread| !met.contains(thread)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        body::Body,
        customer::CustomerId,
        facets::{Content, Facets, ReactionSet, Version},
        id::{ChatId, CommandId, ConnectionId, MessageId, uuid_v7},
        message::Direction,
        update::RemoteMessage,
    };
    use uuid::Uuid;

    const MINUTE: i64 = 60_000_000;
    /// When all listings here are asked for.
    const ASKED: Timestamp = Timestamp::from_micros(1_000 * MINUTE);

    fn uuid(number: i64) -> Uuid {
        uuid_v7(Timestamp::from_millis(number), [0; 10])
    }

    fn name(minute: i64) -> ExternalId {
        ExternalId(format!("M{minute}"))
    }

    fn content(minute: i64, text: &str) -> Content {
        Content {
            sender: Some(ExternalId::from("U1")),
            body: Body::plain(text),
            sent_at: Timestamp::from_micros(minute * MINUTE),
            edited_at: None,
            thread_root: None,
            broadcast: false,
            system: false,
            attachments: Vec::new(),
            letter: None,
            platform_data: serde_json::Value::Null,
        }
    }

    /// A message of a minute, stored right when it was written.
    fn row(minute: i64, text: &str) -> Message {
        let mut facets = Facets::default();
        facets.tell_content(Facet::new(Version(minute * MINUTE), content(minute, text)));
        Message {
            id: MessageId::from(uuid(minute)),
            customer_id: CustomerId::new("ada").unwrap(),
            connection_id: ConnectionId::from(uuid(1)),
            chat_id: ChatId::from(uuid(1)),
            revision: 1,
            external_id: Some(name(minute)),
            position: format!("{minute:04}"),
            direction: Direction::Incoming,
            facets,
            status: Status::Sent,
            error: None,
            pending_change: None,
            merged_into: None,
            created_at: Timestamp::from_micros(minute * MINUTE),
            updated_at: Timestamp::from_micros(minute * MINUTE),
        }
    }

    fn seen(minute: i64, text: &str) -> Update {
        Update::Message(RemoteMessage {
            chat: ExternalId::from("C1"),
            id: name(minute),
            position: format!("{minute:04}"),
            content: content(minute, text),
            version: Version(ASKED.micros() - 2_000_000),
            mark: None,
        })
    }

    fn reactions(minute: i64, emoji: &[&str]) -> Update {
        let actors = || BTreeSet::from([ExternalId::from("U2")]);
        let set: ReactionSet = emoji.iter().map(|emoji| ((*emoji).to_owned(), actors())).collect();
        let version = Version(ASKED.micros() - 2_000_000);
        Update::Reactions { chat: ExternalId::from("C1"), message: name(minute), set, version }
    }

    fn against(updates: &[Update], from: i64, rows: impl IntoIterator<Item = Message>) -> Comparison {
        let whole = [Stretch { thread: None, from: format!("{from:04}"), before: "9999".to_owned() }];
        let stored = rows.into_iter().map(|row| (row.external_id.clone().unwrap(), row)).collect();
        compare(&Listing { updates, whole: &whole, asked_at: ASKED }, &stored)
    }

    fn counts(found: &Comparison) -> (usize, u64, u64) {
        (found.news.len(), found.checked, found.missed)
    }

    #[test]
    fn what_says_the_same_is_no_news() {
        let found = against(&[seen(5, "hi"), reactions(5, &[])], 0, [row(5, "hi")]);
        assert_eq!((counts(&found), found.suspects), ((0, 1, 0), vec![]));
    }

    #[test]
    fn what_was_not_told_is_news_and_missed() {
        let found = against(&[seen(5, "hi"), seen(6, "new"), reactions(5, &["👍"])], 0, [row(5, "hi")]);
        assert_eq!(counts(&found), (3, 2, 2), "a message with its reaction, and one that nobody told of");
        let found = against(&[seen(5, "edited")], 0, [row(5, "hi")]);
        assert_eq!(counts(&found), (1, 1, 1));
    }

    #[test]
    fn what_may_be_on_its_way_is_news_and_not_missed() {
        let found = against(&[seen(999, "just now")], 0, []);
        assert_eq!(counts(&found), (1, 1, 0));
        let mut edited = seen(5, "just edited");
        if let Update::Message(message) = &mut edited {
            message.content.edited_at = Some(ASKED);
        }
        assert_eq!(counts(&against(&[edited], 0, [row(5, "hi")])), (1, 1, 0));
        let mut own = seen(5, "ours");
        if let Update::Message(message) = &mut own {
            message.mark = Some("mark".to_owned());
        }
        assert_eq!(counts(&against(&[own], 0, [])), (1, 1, 0), "a send tells of itself");
    }

    #[test]
    fn what_is_older_than_the_row_changes_nothing() {
        let mut newer = row(5, "newer");
        newer.facets.tell_content(Facet::new(Version(ASKED.micros()), content(5, "newer")));
        newer.updated_at = ASKED;
        assert_eq!(counts(&against(&[seen(5, "hi")], 0, [newer])), (0, 1, 0));
    }

    #[test]
    fn what_was_committed_since_the_question_is_asked_for_again() {
        let mut meanwhile = row(5, "hi");
        meanwhile.updated_at = ASKED;
        let found = against(&[seen(5, "edited")], 0, [meanwhile]);
        assert_eq!((found.missed, found.suspects), (0, vec![name(5)]));
    }

    #[test]
    fn only_a_living_message_of_a_stretch_is_suspect() {
        let mut deleted = row(6, "gone");
        deleted.facets.tell_deleted(Version(i64::MAX));
        let mut reply = row(7, "a reply");
        reply.facets = Facets::default();
        let in_thread = Content { thread_root: Some(name(5)), ..content(7, "a reply") };
        reply.facets.tell_content(Facet::new(Version(1), in_thread));
        let mut pending = row(8, "ours");
        let command = CommandId::from(uuid(1));
        pending.pending_change = Some(PendingChange { command, body: None, status: Status::Pending, error: None });
        let mut unknown = row(9, "");
        unknown.facets = Facets::default();
        let rows = [row(4, "before"), row(5, "suspect"), deleted, reply, pending, unknown, row(10, "listed")];
        let found = against(&[seen(10, "listed")], 5, rows);
        assert_eq!((counts(&found), found.suspects), ((0, 2, 0), vec![name(5)]));
    }

    #[test]
    fn people_are_told_of_only_with_news() {
        let person = Update::Person {
            ids: vec![ExternalId::from("U1")],
            facts: crate::participant::PersonFacts::default(),
            version: Version(1),
        };
        assert_eq!(against(&[person.clone(), seen(5, "hi")], 0, [row(5, "hi")]).news, []);
        assert_eq!(against(&[person.clone(), seen(5, "hi")], 0, []).news, [person, seen(5, "hi")]);
    }

    #[test]
    fn threads_are_left_where_the_main_line_does_not_lead_to_them() {
        let mut gone = row(6, "gone");
        gone.facets.tell_deleted(Version(i64::MAX));
        let roots = [row(2, "before"), row(5, "met"), gone].map(|row| (row.external_id.clone().unwrap(), row));
        let main = Stretch { thread: None, from: "0004".to_owned(), before: "9999".to_owned() };
        let threads = vec![name(2), name(5), name(6), name(7)];
        assert_eq!(left_threads(threads, &roots.into(), Some(&main)), [name(2), name(6), name(7)]);
    }
}

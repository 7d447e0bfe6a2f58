//! Decides what updates change. Pure: what is known goes in, what is to be written comes out.
//!
//! Rows are guarded by their revision, so a decision on stale knowledge is refused by the store and
//! made anew. Events come from comparing what a reader saw before with what they see after; hence
//! nothing is announced when nothing changed.

mod announce;
mod message;
mod moved;
mod people;
mod work;

#[cfg(test)]
mod laws;

use crate::{
    changes::Changes,
    chat::Chat,
    command::{Command, Progress},
    connection::Connection,
    event::Origin,
    id::{ExternalId, MessageId},
    message::Message,
    participant::Participant,
    time::Timestamp,
    update::Update,
};
pub use message::direction_of;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use uuid::Uuid;
use work::Work;

/// How long news of an own message with an unknown id wait for the open sends of its chat.
pub const ASIDE_FOR: Duration = Duration::from_secs(2 * 60);
/// How many such news one chat may have; more are taken in at once, and merged later if need be.
pub const MOST_ASIDES: usize = 100;

/// What is stored of the things that the updates are about.
#[derive(Clone, Debug)]
pub struct Known {
    /// The connection that the news came through.
    pub connection: Connection,
    /// The people whose writing is this customer's own: the customer, and nobody that another customer is
    /// connected as.
    pub own: BTreeSet<ExternalId>,
    /// The chat. All updates of one decision are about it, or about no chat.
    pub chat: Option<Chat>,
    /// The chat that it is to be merged with, where the update says so.
    pub other_chat: Option<Chat>,
    /// The messages that the updates or the open commands name.
    pub messages: Vec<Message>,
    /// What the ledger has for the messages' external ids.
    pub names: BTreeMap<ExternalId, MessageId>,
    /// The people that the updates name.
    pub participants: Vec<Participant>,
    /// The open commands of the chat.
    pub open: Vec<Command>,
    /// Marks on the updates whose MAC holds for this connection and chat, and what they stand for.
    pub marks: BTreeMap<String, MessageId>,
    /// Files on the updates that a command of this connection made, and the messages that they are for.
    pub files: BTreeMap<ExternalId, MessageId>,
    /// How many news of the chat are set aside already.
    pub asides: usize,
}

impl Known {
    /// Nothing but the connection.
    pub fn nothing(connection: Connection) -> Self {
        Self {
            own: connection.own_ids().cloned().collect(),
            connection,
            chat: None,
            other_chat: None,
            messages: Vec::new(),
            names: BTreeMap::new(),
            participants: Vec::new(),
            open: Vec::new(),
            marks: BTreeMap::new(),
            files: BTreeMap::new(),
            asides: 0,
        }
    }
}

/// Under which circumstances it is decided.
pub struct Context<'a> {
    /// The time by now.
    pub now: Timestamp,
    /// What brought the updates.
    pub origin: Origin,
    /// Makes ids.
    pub ids: &'a dyn Fn() -> Uuid,
    /// When the platform was asked for the updates; none for those that it told by itself.
    pub asked_at: Option<Timestamp>,
    /// The updates list the chats in which the person of the connection is.
    pub lists_own_chats: bool,
    /// With these updates begins the reading of the chat's history.
    pub begins_import: bool,
    /// A chat that is not known yet is imported by this news.
    pub import_new_chat: bool,
    /// News that were set aside are decided now, whatever is open.
    pub no_asides: bool,
}

/// What came of a command, decided together with the updates that its answer brought.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The command, as it is stored.
    pub command: Command,
    /// How far it has come by now.
    pub progress: Progress,
}

/// Decides what updates change.
pub fn decide(known: Known, updates: &[Update], settled: Option<Settled>, context: &Context<'_>) -> Changes {
    let answered = settled.as_ref().filter(|settled| settled.progress == Progress::Done);
    let bind = answered.filter(|settled| settled.command.is_send()).map(|settled| settled.command.message_id);
    let mut work = Work::new(known, context);
    for update in updates {
        work.take(update, bind);
    }
    if let Some(settled) = settled {
        work.settle(settled);
    }
    work.finish()
}

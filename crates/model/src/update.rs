//! What a platform says happened. It may come twice, late, and in any order.

use crate::{
    chat::{ChatFacts, ReadMark},
    emoji::Picture,
    facets::{Content, ReactionSet, Version},
    id::{ExternalAccount, ExternalId},
    message::Problem,
    participant::PersonFacts,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// One piece of news, or one thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Update {
    /// A message says this.
    Message(RemoteMessage),
    /// A message is gone.
    Deleted {
        /// Its chat.
        chat: ExternalId,
        /// Which.
        message: ExternalId,
        /// As of when.
        version: Version,
    },
    /// A message is there, whatever was told of its deletion before. What it says is told beside.
    Restored {
        /// Its chat.
        chat: ExternalId,
        /// Which.
        message: ExternalId,
        /// As of when.
        version: Version,
    },
    /// Somebody reacted, or took a reaction back.
    Reacted {
        /// The chat.
        chat: ExternalId,
        /// The message.
        message: ExternalId,
        /// Who.
        actor: ExternalId,
        /// A Unicode emoji, or `:name:`.
        emoji: String,
        /// Whether the reaction is there.
        present: bool,
        /// As of when.
        version: Version,
    },
    /// All reactions to a message, as they were seen.
    Reactions {
        /// The chat.
        chat: ExternalId,
        /// The message.
        message: ExternalId,
        /// Who reacted how.
        set: ReactionSet,
        /// As of when.
        version: Version,
    },
    /// A message that was sent did not arrive, or not with all for whom it was.
    Undelivered {
        /// Its chat.
        chat: ExternalId,
        /// Which.
        message: ExternalId,
        /// With whom not, and why.
        failure: Problem,
        /// As of when.
        version: Version,
    },
    /// A chat is like this.
    Chat {
        /// Which.
        chat: ExternalId,
        /// What the platform says of it.
        facts: ChatFacts,
        /// As of when.
        version: Version,
    },
    /// The customer has read a chat this far.
    Read {
        /// Which.
        chat: ExternalId,
        /// Up to where.
        mark: ReadMark,
        /// Who says so.
        said: Said,
    },
    /// The platform deleted a chat for good.
    ChatGone {
        /// Which.
        chat: ExternalId,
        /// As of when.
        version: Version,
    },
    /// A person is like this.
    Person {
        /// The platform's ids of them.
        ids: Vec<ExternalId>,
        /// What the platform says of them.
        facts: PersonFacts,
        /// As of when.
        version: Version,
    },
    /// An emoji of the account is like this.
    Emoji {
        /// Its name, without colons.
        name: String,
        /// What stands for it; none once it is gone.
        picture: Option<Picture>,
        /// As of when.
        version: Version,
    },
    /// All emoji of the account were listed: what was told before and is not among them is gone.
    EmojiListed {
        /// As of when.
        version: Version,
    },
    /// Somebody is in a chat by now, or no longer.
    Member {
        /// The chat.
        chat: ExternalId,
        /// Who.
        person: ExternalId,
        /// Whether they are in it.
        member: bool,
        /// As of when.
        version: Version,
    },
    /// A chat bears another id by now.
    ChatMoved {
        /// The id that it had.
        from: ExternalId,
        /// The id that it has.
        into: ExternalId,
        /// As of when.
        version: Version,
    },
    /// The platform says that it no longer accepts a login. It may be late, so it is asked before it is believed.
    LoginLost {
        /// For which account.
        account: ExternalAccount,
    },
}

/// Who says how far a chat is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Nobody: it is only taken for read here.
    Nobody,
    /// The platform, where marks only grow.
    There,
    /// The platform, as of a version; a later one may lie before it.
    AsOf(Version),
}

/// A message as a platform shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteMessage {
    /// Its chat.
    pub chat: ExternalId,
    /// Its id.
    pub id: ExternalId,
    /// Its place among the messages of its chat, as text that sorts.
    pub position: String,
    /// What it says.
    pub content: Content,
    /// As of when it says so.
    pub version: Version,
    /// Our mark, if it bears one. It counts only once its MAC was checked.
    pub mark: Option<String>,
}

impl Update {
    /// The chat that it is about, if it is about one.
    pub fn chat(&self) -> Option<&ExternalId> {
        match self {
            Self::Message(message) => Some(&message.chat),
            Self::Deleted { chat, .. }
            | Self::Restored { chat, .. }
            | Self::Undelivered { chat, .. }
            | Self::Reacted { chat, .. }
            | Self::Reactions { chat, .. }
            | Self::Chat { chat, .. }
            | Self::ChatGone { chat, .. }
            | Self::Read { chat, .. }
            | Self::Member { chat, .. } => Some(chat),
            Self::ChatMoved { from, .. } => Some(from),
            Self::Person { .. } | Self::Emoji { .. } | Self::EmojiListed { .. } | Self::LoginLost { .. } => None,
        }
    }

    /// The message that it is about, if it is about one.
    pub fn message(&self) -> Option<&ExternalId> {
        match self {
            Self::Message(message) => Some(&message.id),
            Self::Deleted { message, .. }
            | Self::Restored { message, .. }
            | Self::Undelivered { message, .. }
            | Self::Reacted { message, .. }
            | Self::Reactions { message, .. } => Some(message),
            Self::Chat { .. }
            | Self::ChatGone { .. }
            | Self::Read { .. }
            | Self::Person { .. }
            | Self::Emoji { .. }
            | Self::EmojiListed { .. }
            | Self::Member { .. }
            | Self::ChatMoved { .. }
            | Self::LoginLost { .. } => None,
        }
    }
}

/// When the newest of the messages that are told was sent.
pub fn newest(updates: &[Update]) -> Option<Timestamp> {
    let sent = updates.iter().filter_map(|update| match update {
        Update::Message(message) => Some(message.content.sent_at),
        _ => None,
    });
    sent.max()
}

//! A message's facets, each versioned alone, and how two tellings of one become one.
//!
//! Every facet is the greatest of what was told, so that repeats and order cannot matter: `tell` is
//! commutative, associative and idempotent. The laws stand as properties in `decide`.

use crate::{
    attachment::Attachment,
    body::Body,
    id::ExternalId,
    letter::Letter,
    message::Problem,
    time::{Timestamp, exact, exact_if_any},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A place in the platform's own order of a facet: microseconds, a history number, a count of edits.
///
/// An event bears the platform's order; a sighting bears the time at which the platform answered,
/// less a margin, on the same scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

/// What a message says and who says it. It is replaced whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Who wrote it; none where the platform does not say.
    pub sender: Option<ExternalId>,
    /// The text.
    pub body: Body,
    /// When it was written, by the platform's clock.
    #[serde(with = "exact")]
    pub sent_at: Timestamp,
    /// When a person last changed it.
    #[serde(with = "exact_if_any")]
    pub edited_at: Option<Timestamp>,
    /// The first message of the thread that it belongs to.
    pub thread_root: Option<ExternalId>,
    /// It answers in a thread, and stands in the chat's main line as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broadcast: bool,
    /// Whether the platform wrote it about the chat (somebody joined, a topic changed).
    pub system: bool,
    /// Files, as links at the platform.
    pub attachments: Vec<Attachment>,
    /// What only mail has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<Box<Letter>>,
    /// What only this platform has, as it came.
    pub platform_data: serde_json::Value,
}

impl Content {
    /// Whether somebody of these wrote it. Where the platform knows who sent a mail, what the mail says of it counts
    /// for nothing.
    pub fn is_by(&self, people: impl Fn(&ExternalId) -> bool) -> bool {
        let sent = self.letter.as_ref().and_then(|letter| letter.sent);
        sent.unwrap_or_else(|| self.sender.as_ref().is_some_and(people))
    }
}

/// A value with the version that it was told with. The later wins, a tie goes by the value's hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet<T> {
    /// When it was so.
    pub version: Version,
    /// What was so.
    pub value: T,
    /// The hash of the value as it was told, which outlives the words when they are erased.
    hash: String,
}

impl<T: Serialize + DeserializeOwned> Facet<T> {
    /// What was told, and as of when.
    pub fn new(version: Version, value: T) -> Self {
        let json = serde_json::to_vec(&value).expect("facets hold plain data, which always serialises");
        let hash = hex::encode(&Sha256::digest(json)[..8]);
        Self { version, value, hash }
    }

    fn rank(&self) -> (Version, &str) {
        (self.version, &self.hash)
    }

    /// Takes in another telling of the same facet.
    pub fn tell(slot: &mut Option<Self>, told: Self) {
        if slot.as_ref().is_none_or(|held| held.rank() < told.rank()) {
            *slot = Some(told);
        }
    }
}

/// Whether an actor's reaction is there, and since which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Presence {
    /// When it was so.
    pub version: Version,
    /// Whether the reaction was there.
    pub present: bool,
}

/// Who reacted how: emoji (Unicode, or `:name:`), then actors.
pub type ReactionSet = BTreeMap<String, BTreeSet<ExternalId>>;

/// All reactions to a message: single news on top of the last whole set that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactions {
    /// The last whole set that the platform showed.
    seen: Option<Facet<ReactionSet>>,
    /// News that are later than it.
    news: BTreeMap<String, BTreeMap<ExternalId, Presence>>,
}

impl Reactions {
    /// Takes in that an actor's reaction came or went.
    pub fn tell(&mut self, emoji: &str, actor: &ExternalId, told: Presence) {
        if self.seen.as_ref().is_some_and(|seen| told.version <= seen.version) {
            return;
        }
        let held = self.news.entry(emoji.to_owned()).or_default().entry(actor.clone()).or_insert(told);
        *held = told.max(*held);
    }

    /// Takes in a whole set, as the platform showed it.
    pub fn see(&mut self, version: Version, set: ReactionSet) {
        Facet::tell(&mut self.seen, Facet::new(version, set));
        let Some(seen) = &self.seen else { return };
        for actors in self.news.values_mut() {
            actors.retain(|_, presence| presence.version > seen.version);
        }
        self.news.retain(|_, actors| !actors.is_empty());
    }

    /// Who reacts how by now.
    pub fn now(&self) -> ReactionSet {
        let mut set = self.seen.as_ref().map(|seen| seen.value.clone()).unwrap_or_default();
        for (emoji, actors) in &self.news {
            for (actor, presence) in actors {
                if presence.present {
                    set.entry(emoji.clone()).or_default().insert(actor.clone());
                } else if let Some(held) = set.get_mut(emoji) {
                    held.remove(actor);
                }
            }
        }
        set.retain(|_, actors| !actors.is_empty());
        set
    }

    fn join(&mut self, other: Self) {
        if let Some(Facet { version, value: set, .. }) = other.seen {
            self.see(version, set);
        }
        for (emoji, actors) in other.news {
            for (actor, presence) in actors {
                self.tell(&emoji, &actor, presence);
            }
        }
    }
}

/// All that platforms told of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// What it says. None until anybody said it, so that news may overtake their message.
    pub content: Option<Facet<Content>>,
    /// The latest deletion.
    pub deleted: Option<Version>,
    /// The latest explicit restoration.
    pub restored: Option<Version>,
    /// Who reacted.
    pub reactions: Reactions,
    /// With whom it did not arrive after it was sent, as the last report says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<Facet<Problem>>,
}

impl Facets {
    /// Takes in what a message says.
    pub fn tell_content(&mut self, told: Facet<Content>) {
        Facet::tell(&mut self.content, told);
        self.erase();
    }

    /// Takes in a deletion.
    pub fn tell_deleted(&mut self, version: Version) {
        self.deleted = self.deleted.max(Some(version));
        self.erase();
    }

    /// Takes in an explicit restoration, which is the only thing that lifts a deletion.
    pub fn tell_restored(&mut self, version: Version) {
        self.restored = self.restored.max(Some(version));
    }

    /// Takes in all that was told of the same message under another name.
    pub fn join(&mut self, other: Self) {
        if let Some(content) = other.content {
            Facet::tell(&mut self.content, content);
        }
        self.deleted = self.deleted.max(other.deleted);
        self.restored = self.restored.max(other.restored);
        self.reactions.join(other.reactions);
        if let Some(undelivered) = other.undelivered {
            Facet::tell(&mut self.undelivered, undelivered);
        }
        self.erase();
    }

    /// Whether anything but its deletion is known of it.
    pub fn is_known(&self) -> bool {
        self.content.is_some()
    }

    /// Whether it is deleted: a deletion stands that nothing newer lifted.
    pub fn is_deleted(&self) -> bool {
        self.deleted.is_some() && self.deleted >= self.restored
    }

    /// The first message of the thread that it stands in; none in the main line, or while nobody knows.
    pub fn thread(&self) -> Option<&ExternalId> {
        self.content.as_ref()?.value.thread_root.as_ref()
    }

    /// With whom it did not arrive, unless it is deleted.
    pub fn failure(&self) -> Option<&Problem> {
        self.undelivered.as_ref().filter(|_| !self.is_deleted()).map(|told| &told.value)
    }

    /// What it says, unless it is deleted or not known yet.
    pub fn shown(&self) -> Option<&Content> {
        self.content.as_ref().filter(|_| !self.is_deleted()).map(|content| &content.value)
    }

    /// Words that were deleted are not kept. What was written later than the deletion is, since only a
    /// restoration that has not arrived yet can explain it.
    fn erase(&mut self) {
        if let Some(content) = &mut self.content
            && self.deleted.is_some_and(|deleted| content.version <= deleted)
        {
            let value = &mut content.value;
            value.body = Body::default();
            value.attachments.clear();
            value.letter = None;
            value.platform_data = serde_json::Value::Null;
        }
    }
}

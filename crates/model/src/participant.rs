//! A person or bot that writes or reads in a chat.

use crate::{
    customer::CustomerId,
    facets::Facet,
    id::{ConnectionId, ExternalId, ParticipantId},
    time::{Timestamp, exact},
};
use serde::{Deserialize, Serialize};

/// What a platform says of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonFacts {
    /// The name that people see.
    pub name: String,
    /// The name that mentions use, if it is another one.
    pub handle: Option<String>,
    /// Their mail addresses.
    pub emails: Vec<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
    /// A program, not a person.
    pub bot: bool,
    /// They left; they stay the author of what they wrote.
    pub gone: bool,
}

/// A person or bot as one connection sees them, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Our id.
    pub id: ParticipantId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection they are seen.
    pub connection_id: ConnectionId,
    /// Raised by one with every write.
    pub revision: u64,
    /// The platform's ids of them, oldest first. A bot may have one as a user and one as a bot.
    pub external_ids: Vec<ExternalId>,
    /// What the platform says of them. None while nobody could tell.
    pub facts: Option<Facet<PersonFacts>>,
    /// When the platform was last asked about them.
    #[serde(with = "exact")]
    pub asked_at: Timestamp,
}

impl Participant {
    /// The name to show, if it is known.
    pub fn name(&self) -> Option<&str> {
        self.facts.as_ref().map(|facts| facts.value.name.as_str()).filter(|name| !name.is_empty())
    }
}

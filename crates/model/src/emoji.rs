//! Emoji that only one account has: what stands for a `:name:`.
//!
//! They are told one by one and listed whole. The later telling of a name wins, so order and repeats do not
//! matter.

use crate::{customer::CustomerId, facets::Version, id::ConnectionId};
use serde::{Deserialize, Serialize};

/// How many names lead to each other before it is given up.
pub const MOST_ALIASES: usize = 4;

/// What stands for a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Picture {
    /// A picture at this address, https only.
    Address(String),
    /// A Unicode emoji.
    Character(String),
    /// Whatever stands for another name.
    Alias(String),
}

/// One emoji of a connection's account, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emoji {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection it is seen.
    pub connection_id: ConnectionId,
    /// Its name, without colons. Unique for the connection.
    pub name: String,
    /// What stands for it; none once it is gone.
    pub picture: Option<Picture>,
    /// As of when.
    pub version: Version,
}

impl Emoji {
    /// Whether this was told later than the other. A tie goes by what was told.
    pub fn is_later_than(&self, held: &Self) -> bool {
        (self.version, &self.picture) > (held.version, &held.picture)
    }
}

/// The name in `:name:`; none for a Unicode emoji.
pub fn custom_name(emoji: &str) -> Option<&str> {
    emoji.strip_prefix(':')?.strip_suffix(':').filter(|name| !name.is_empty())
}

//! What there is in the emulated Gmail: mailboxes, what people allowed, and what waits for delivery.
//!
//! Plain data and questions to it. It changes only through `World::apply`, so a journal can replay it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::config::Subscription;
use super::mailbox::Mailbox;
use super::mime::addresses;

#[derive(Debug, Clone, Default)]
pub struct World {
    /// How many changes were applied; ids are made from it, so none is given twice.
    pub serial: u64,
    pub seed: u64,
    /// By lower-case address.
    pub mailboxes: BTreeMap<String, Mailbox>,
    pub tokens: BTreeMap<String, Token>,
    pub refreshes: BTreeMap<String, Refresh>,
    pub codes: BTreeMap<String, Code>,
    pub subscriptions: BTreeMap<String, Subscription>,
    pub parcels: BTreeMap<u64, Parcel>,
    /// Every mail that left a mailbox, in that order.
    pub sent: Vec<Sent>,
}

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub token: String,
    /// Whose mailbox it opens, or the service account that it stands for.
    pub owner: String,
    pub scopes: BTreeSet<String>,
    pub expires_micros: i64,
    /// What it was made with.
    pub refresh: Option<String>,
    pub revoked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    pub token: String,
    pub owner: String,
    pub scopes: BTreeSet<String>,
    pub given_micros: i64,
    /// When it ends by itself.
    pub expires_micros: Option<i64>,
    pub revoked: bool,
}

/// What a person allowed and the app has not fetched yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    pub code: String,
    pub owner: String,
    pub redirect_uri: String,
    pub scopes: BTreeSet<String>,
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    /// Whether a refresh token comes with it.
    pub offline: bool,
    pub expires_micros: i64,
    pub used: bool,
}

/// A mail that left a mailbox: by the API, from the page, or by SMTP from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub at_micros: i64,
    /// The mailbox, or the address outside.
    pub by: String,
    /// Its id in the sender's mailbox.
    pub id: Option<String>,
    pub message_id: String,
    pub subject: String,
    /// To whom it was addressed, without those in `bcc`.
    pub recipients: Vec<String>,
    pub bcc: Vec<String>,
    pub by_api: bool,
}

/// A notice on its way through one subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parcel {
    pub id: u64,
    pub subscription: String,
    /// The same in a parcel that is told twice.
    pub message_id: String,
    pub data: Value,
    pub published_micros: i64,
    pub due_micros: i64,
    pub attempt: u32,
    /// Handed out and not reported back yet. Forgotten by a restart, so it is tried again.
    #[serde(skip)]
    pub taken: bool,
}

impl World {
    /// The mailbox that an address leads to: its own, an alias, with a tag, or with dots at Gmail itself.
    pub fn mailbox_at(&self, address: &str) -> Option<&Mailbox> {
        let key = addresses::key(address);
        self.mailboxes.values().find(|mailbox| mailbox.answers_to(&key))
    }

    pub fn mailbox(&self, address: &str) -> Option<&Mailbox> {
        self.mailboxes.get(address)
    }

    /// Whether a domain's mail is kept here, so that an address which nobody has is known to be wrong.
    pub fn hosts(&self, domain: &str) -> bool {
        let of = |address: &str| address.rsplit_once('@').is_some_and(|(_, at)| at.eq_ignore_ascii_case(domain));
        self.mailboxes.values().any(|mailbox| of(&mailbox.address))
    }

    pub fn topics_subscriptions(&self, topic: &str) -> Vec<String> {
        self.subscriptions.values().filter(|one| one.topic == topic).map(|one| one.name.clone()).collect()
    }
}

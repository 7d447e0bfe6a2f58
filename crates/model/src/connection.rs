//! A customer's link to a platform, and the logins that it stands on.

use crate::{
    abilities::Abilities,
    customer::CustomerId,
    id::{ConnectionId, ExternalAccount, ExternalId, Integration, LoginId},
    standing::Standing,
    time::{Timestamp, exact, exact_if_any},
};
use serde::{Deserialize, Serialize};

/// What a connection is doing. Every state says in words what a person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// The people and chats are being learnt.
    Connecting,
    /// The history of chats is being read. All else goes on.
    Importing,
    /// All is well.
    Active,
    /// Something is slow or missing; it mends itself.
    Degraded,
    /// The platform no longer accepts the login. Only a person can bring it back.
    NeedsLogin,
    /// A person paused it: news and commands wait.
    Paused,
    /// Ended here. Connecting again revives it, with its chats.
    Disconnected,
}

/// A customer's link to a login, as it is stored. Unique on customer, integration and account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Our id.
    pub id: ConnectionId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// At which integration.
    pub integration: Integration,
    /// Raised by one with every write.
    pub revision: u64,
    /// The account that the customer authorized.
    pub account: ExternalAccount,
    /// What people call it: the workspace, the mailbox.
    pub account_name: String,
    /// The accounts whose news concern it: its own, and the workspace around it.
    pub listens_to: Vec<ExternalAccount>,
    /// The logins that it stands on.
    pub logins: Vec<LoginId>,
    /// What it is doing.
    pub state: ConnectionState,
    /// Why, in words for a person.
    pub reason: Option<String>,
    /// Who the customer is there: news are for those chats in which this is a member.
    pub person: Vec<ExternalId>,
    /// Other ids that the customer writes under there, as was stated and not proven. What they write is
    /// shown as the customer's own; they open no chat.
    #[serde(default)]
    pub linked: Vec<ExternalId>,
    /// Raised by one whenever others are linked.
    #[serde(default)]
    pub identity: u64,
    /// As whom our commands appear there: the person, or the app's bot.
    pub senders: Vec<ExternalId>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// What can be done through it.
    pub abilities: Abilities,
    /// What its state follows from.
    #[serde(default)]
    pub standing: Standing,
    /// New chats are imported by themselves.
    pub import_new_chats: bool,
    /// What the platform holds in its trash, or takes for spam, is imported as well, and is not deleted by lying there.
    #[serde(default)]
    pub include_trash_and_spam: bool,
    /// When it was made.
    #[serde(with = "exact")]
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(with = "exact")]
    pub updated_at: Timestamp,
}

impl Connection {
    /// Whether news are taken in and commands are performed.
    pub fn is_open(&self) -> bool {
        match self.state {
            ConnectionState::Connecting
            | ConnectionState::Importing
            | ConnectionState::Active
            | ConnectionState::Degraded => true,
            ConnectionState::NeedsLogin | ConnectionState::Paused | ConnectionState::Disconnected => false,
        }
    }

    /// Whether commands are accepted. While it is paused they wait.
    pub fn takes_commands(&self) -> bool {
        self.is_open() || self.state == ConnectionState::Paused
    }

    /// All ids that the customer writes under there, proven or stated.
    pub fn own_ids(&self) -> impl Iterator<Item = &ExternalId> {
        self.person.iter().chain(&self.linked)
    }

    /// Whether news are queued for it. Those that a lost login cannot read wait for the next one.
    pub fn takes_news(&self) -> bool {
        self.is_open() || self.state == ConnectionState::NeedsLogin
    }
}

/// Bytes that only the holder of the key can read, bound to their table, row and owner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sealed")
    }
}

/// The authorization for one external account, as it is stored. Unique on integration and account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Our id.
    pub id: LoginId,
    /// At which integration.
    pub integration: Integration,
    /// For which account.
    pub account: ExternalAccount,
    /// Raised by one with every write: tokens are compared and swapped.
    pub revision: u64,
    /// The tokens, encrypted.
    pub secret: Sealed,
    /// What was granted.
    pub scopes: Vec<String>,
    /// What its connector needs to know beside the secret (ids of the bot, of the app).
    pub facts: serde_json::Value,
    /// The platform said that it no longer accepts it.
    pub lost: bool,
    /// When its tokens end by themselves; none where they do not.
    #[serde(default, with = "exact_if_any")]
    pub expires_at: Option<Timestamp>,
    /// When upkeep refreshes its tokens, or tries again; none where there is nothing to refresh.
    #[serde(default, with = "exact_if_any")]
    pub refresh_at: Option<Timestamp>,
    /// How often in a row they could not be refreshed.
    #[serde(default)]
    pub failures: u32,
    /// When it last changed.
    #[serde(with = "exact")]
    pub updated_at: Timestamp,
}

impl Login {
    /// Whether its tokens have ended by `now`.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// When upkeep has to look at it.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.refresh_at.filter(|_| !self.lost)
    }
}

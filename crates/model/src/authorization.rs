//! What a person brings back from a platform, and the logins that it turns out to be.

use crate::{
    abilities::Abilities,
    id::{Cursor, ExternalAccount, ExternalId},
    time::Timestamp,
    world::Secret,
};
use std::collections::BTreeMap;

/// What a person brings back from a platform.
#[derive(Clone, Debug)]
pub enum Grant {
    /// The code of an OAuth redirect.
    Code {
        /// The code.
        code: Secret,
        /// The address that it came back to.
        redirect_uri: String,
    },
    /// Tokens that were pasted, by the names of the description's fields.
    Pasted(BTreeMap<String, Secret>),
}

/// What an authorization turned out to be.
#[derive(Clone, Debug)]
pub struct Authorized {
    /// The account that was authorized.
    pub account: ExternalAccount,
    /// What people call it.
    pub account_name: String,
    /// The accounts whose news concern it.
    pub listens_to: Vec<ExternalAccount>,
    /// The logins that it gives.
    pub logins: Vec<NewLogin>,
    /// Who the customer is there.
    pub person: Vec<ExternalId>,
    /// As whom commands will appear there.
    pub senders: Vec<ExternalId>,
    /// Name and addresses of the customer there.
    pub identity: Identity,
    /// What can be done with what was granted.
    pub abilities: Abilities,
    /// What was granted.
    pub scopes: Vec<String>,
    /// Where the line of its news ends by now, where the platform keeps one.
    pub cursor: Option<Cursor>,
}

/// Name and addresses of a customer at a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Their name.
    pub name: String,
    /// Their mail addresses.
    pub emails: Vec<String>,
}

/// A login that an authorization gives.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// For which account.
    pub account: ExternalAccount,
    /// The tokens, in a form that only the connector reads.
    pub secret: Secret,
    /// When the tokens end by themselves; none where they do not.
    pub expires_at: Option<Timestamp>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// What the connector needs to know beside the secret.
    pub facts: serde_json::Value,
}

/// A login's new tokens, in place of those that end.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The tokens, in a form that only the connector reads.
    pub secret: Secret,
    /// When they end by themselves.
    pub expires_at: Option<Timestamp>,
}

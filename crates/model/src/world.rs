//! Time, chance and secrets, given from outside so that a test can choose them.

use crate::{connection::Sealed, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time by now.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes. Ids, jitter and secrets are made of them.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A text that must appear in no log: it is shown to nobody who merely prints it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Bytes were changed, moved to another row, or sealed with a key that is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be read with the configured key")]
pub struct CannotOpen;

/// Encrypts what is stored. `place` names table, row and owner, and must be the same when opening.
pub trait Vault: Send + Sync {
    /// Encrypts.
    fn seal(&self, place: &str, secret: &Secret) -> Sealed;
    /// Decrypts.
    fn open(&self, place: &str, sealed: &Sealed) -> Result<Secret, CannotOpen>;
    /// A MAC over `text`, for marks that come back to us through others' hands. Lower-case hex.
    fn mac(&self, text: &str) -> String;
    /// The MACs under all configured keys, the newest first: what an old key signed is still ours.
    fn macs(&self, text: &str) -> Vec<String> {
        vec![self.mac(text)]
    }
}

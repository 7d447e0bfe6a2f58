//! A user of the app, named by the app's own id.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::fmt;

/// The app's own id of a user. Never empty, never longer than [`CustomerId::LONGEST_BYTES`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct CustomerId(String);

/// Why a text cannot name a customer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a customer id has 1 to {} bytes and no control characters", CustomerId::LONGEST_BYTES)]
pub struct NotACustomerId;

impl CustomerId {
    /// How long a customer's id may be.
    pub const LONGEST_BYTES: usize = 200;

    /// Takes an id as the app gave it.
    pub fn new(text: impl Into<String>) -> Result<Self, NotACustomerId> {
        let text = text.into();
        let fits = !text.is_empty() && text.len() <= Self::LONGEST_BYTES && !text.contains(char::is_control);
        fits.then_some(Self(text)).ok_or(NotACustomerId)
    }

    /// The app's own id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CustomerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for CustomerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

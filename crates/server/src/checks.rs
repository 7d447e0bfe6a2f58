//! The part of the configuration that says how often chats are compared with their platform.

use crate::bounds::number;
use model::{completeness::Pace, connector::Settings};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::time::Duration;

/// How often chats are compared with their platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checks {
    /// The pause after something was missed.
    #[serde(deserialize_with = "number")]
    pub shortest_seconds: u64,
    /// The pause of a chat that is silent and misses nothing.
    #[serde(deserialize_with = "number")]
    pub longest_seconds: u64,
    /// For how long the server must have been down until all chats are compared at once.
    #[serde(deserialize_with = "number")]
    pub outage_seconds: u64,
    /// How often a lively chat is asked for news where the platform cannot reach this server.
    #[serde(deserialize_with = "number")]
    pub poll_seconds: u64,
    /// Whether platforms can reach this server. Without it: whether there is a `public_url`, or the platform is
    /// on this computer.
    #[serde(deserialize_with = "flag")]
    pub pushed: Option<bool>,
}

impl Default for Checks {
    fn default() -> Self {
        let pace = Pace::default();
        Self {
            shortest_seconds: pace.shortest.as_secs(),
            longest_seconds: pace.longest.as_secs(),
            outage_seconds: pace.outage.as_secs(),
            poll_seconds: pace.poll.as_secs(),
            pushed: None,
        }
    }
}

impl Checks {
    /// The same, as the engine takes it.
    pub fn pace(&self) -> Pace {
        let (shortest, longest) =
            (Duration::from_secs(self.shortest_seconds), Duration::from_secs(self.longest_seconds));
        let default = Pace::default();
        Pace {
            shortest,
            longest,
            longest_if_active: default.longest_if_active.clamp(shortest.min(longest), longest),
            outage: Duration::from_secs(self.outage_seconds),
            poll: Duration::from_secs(self.poll_seconds),
            ..default
        }
    }

    /// Whether the platform can reach us.
    pub fn is_pushed(&self, public: bool, settings: &Settings) -> bool {
        let here = settings
            .get("base_url")
            .is_some_and(|url| ["://127.0.0.1", "://localhost", "://[::1]"].iter().any(|host| url.contains(host)));
        self.pushed.unwrap_or(public || here)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FlagOrText {
    Flag(bool),
    Text(String),
}

/// True or false, or the text of it, as variables bear it.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<FlagOrText>::deserialize(deserializer) {
        Ok(None) => Ok(None),
        Ok(Some(FlagOrText::Flag(flag))) => Ok(Some(flag)),
        Ok(Some(FlagOrText::Text(text))) => {
            text.trim().parse().map(Some).map_err(|_| D::Error::custom("true or false is wanted"))
        }
        Err(_) => Err(D::Error::custom("true or false is wanted")),
    }
}

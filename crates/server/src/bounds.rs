//! The part of the configuration that says how much is taken at once, and how long things are kept.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Bounds of the API.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The largest body of a request.
    #[serde(deserialize_with = "number")]
    pub body_bytes: u64,
    /// How long a request may take.
    #[serde(deserialize_with = "number")]
    pub request_seconds: u64,
    /// How many requests are answered at once; more get 503.
    #[serde(deserialize_with = "number")]
    pub requests_at_once: u64,
    /// How many streams of events one customer may hold open.
    #[serde(deserialize_with = "number")]
    pub streams_per_customer: u64,
    /// How many files are on their way at once, up and down; more get 429.
    #[serde(deserialize_with = "number")]
    pub transfers_at_once: u64,
    /// How many sockets are held of each app that tells its news so.
    #[serde(deserialize_with = "number")]
    pub sockets_per_app: u64,
    /// How many requests of platforms, or parts of them, wait to be read; more get 503.
    #[serde(deserialize_with = "number")]
    pub intake: u64,
    /// How many commands of one customer wait to be done; more get 429.
    #[serde(deserialize_with = "number")]
    pub outbox_per_customer: u64,
    /// The largest file that can be uploaded.
    #[serde(deserialize_with = "number")]
    pub attachment_bytes: u64,
    /// How many bytes of a customer's uploads may wait to be sent.
    #[serde(deserialize_with = "number")]
    pub uploads_bytes_per_customer: u64,
    /// How long an upload may take.
    #[serde(deserialize_with = "number")]
    pub upload_seconds: u64,
    /// How long a stop waits for what is in hand.
    #[serde(deserialize_with = "number")]
    pub stop_seconds: u64,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Raw requests of platforms.
    #[serde(deserialize_with = "number")]
    pub raw_days: u64,
    /// Events of the feed.
    #[serde(deserialize_with = "number")]
    pub events_days: u64,
    /// What could not be read, with its raw requests.
    #[serde(deserialize_with = "number")]
    pub parked_days: u64,
    /// Runs that ended.
    #[serde(deserialize_with = "number")]
    pub runs_days: u64,
    /// What was sent, as it was asked for.
    #[serde(deserialize_with = "number")]
    pub done_days: u64,
    /// Uploaded files that no message has, or whose message failed.
    #[serde(deserialize_with = "number")]
    pub uploads_hours: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 4 * 1024 * 1024,
            request_seconds: 30,
            requests_at_once: 512,
            streams_per_customer: 16,
            transfers_at_once: 64,
            sockets_per_app: 2,
            intake: 200_000,
            outbox_per_customer: 10_000,
            attachment_bytes: 100 * 1024 * 1024,
            uploads_bytes_per_customer: 1024 * 1024 * 1024,
            upload_seconds: 600,
            stop_seconds: 20,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_days: 7, events_days: 30, parked_days: 30, runs_days: 30, done_days: 30, uploads_hours: 24 }
    }
}

impl Limits {
    /// The largest body of a request.
    pub fn body(&self) -> usize {
        usize::try_from(self.body_bytes).unwrap_or(usize::MAX)
    }
}

impl Retention {
    /// The same, as the engine takes it.
    pub fn kept(&self) -> engine::Retention {
        let days = |days: u64| DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX));
        engine::Retention {
            raw: days(self.raw_days),
            events: days(self.events_days),
            parked: days(self.parked_days),
            runs: days(self.runs_days),
            done: days(self.done_days),
        }
    }

    /// How long uploads wait that no message has.
    pub fn uploads(&self) -> Duration {
        HOUR.saturating_mul(u32::try_from(self.uploads_hours).unwrap_or(u32::MAX))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

/// A number, or the text of one, as variables bear it.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match NumberOrText::deserialize(deserializer) {
        Ok(NumberOrText::Number(number)) => Ok(number),
        Ok(NumberOrText::Text(text)) => text.trim().parse().map_err(|_| D::Error::custom("a whole number is wanted")),
        Err(_) => Err(D::Error::custom("a whole number is wanted")),
    }
}

//! The bounds of the API, as configured.

use crate::config::number;
use serde::{Deserialize, Serialize};

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
    /// How many requests of platforms, or parts of them, wait to be read; more get 503.
    #[serde(deserialize_with = "number")]
    pub intake: u64,
    /// How many commands of one customer wait to be done; more get 429.
    #[serde(deserialize_with = "number")]
    pub outbox_per_customer: u64,
    /// How long a stop waits for what is in hand.
    #[serde(deserialize_with = "number")]
    pub stop_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 4 * 1024 * 1024,
            request_seconds: 30,
            requests_at_once: 512,
            streams_per_customer: 16,
            transfers_at_once: 64,
            intake: 200_000,
            outbox_per_customer: 10_000,
            stop_seconds: 20,
        }
    }
}

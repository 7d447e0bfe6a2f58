//! How often a platform may be called, by whom first, and when to come again.
//!
//! Pure: a bucket is told what is asked and the time, and says whether the call may leave. It waits for
//! nobody and calls nobody. A call that was refused here did not happen.

mod bucket;
#[cfg(test)]
mod laws;

pub use bucket::Bucket;

use crate::{customer::CustomerId, id::Integration, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, time::Duration};

/// How long a bucket rests after a refusal of the platform that names no time.
pub const PAUSE_UNLESS_TOLD: Duration = Duration::from_secs(10);
/// The longest rest that a platform is believed.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How many buckets there may be before those at rest are cleared away.
const MANY: usize = 4_096;

/// What a call is for, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Somebody waits for it: a send, its proof, a look-up, a list on the page.
    Asked,
    /// The platform told something, and it is read.
    News,
    /// News that were missed are fetched.
    Gaps,
    /// History is read for the first time.
    Import,
    /// What is stored is compared with the platform. It waits behind all others, but never for ever.
    Reconciliation,
}

impl Purpose {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 5] = [Self::Asked, Self::News, Self::Gaps, Self::Import, Self::Reconciliation];
}

/// What a platform allows: so many calls in any span of this length. All of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// How many calls.
    pub most: u32,
    /// In any span so long.
    pub per: Duration,
}

impl Rule {
    /// So many calls in any minute.
    pub const fn a_minute(most: u32) -> Self {
        Self { most, per: Duration::from_secs(60) }
    }

    /// So many calls in any span of so many seconds.
    pub const fn in_seconds(most: u32, seconds: u64) -> Self {
        Self { most, per: Duration::from_secs(seconds) }
    }

    /// The time between two calls that are spread evenly.
    pub fn pace(&self) -> Duration {
        self.per / self.most.max(1)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = if self.most == 1 { "call" } else { "calls" };
        match self.per.as_secs() {
            60 => write!(formatter, "{} {calls} a minute", self.most),
            1 => write!(formatter, "{} {calls} a second", self.most),
            seconds => write!(formatter, "{} {calls} in {seconds} seconds", self.most),
        }
    }
}

/// What a platform says of one of its methods; for people, and for tests that hold us to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodLimit {
    /// The method, as the platform calls it.
    pub method: &'static str,
    /// How often it may be called.
    pub rule: Rule,
    /// What it is counted by: `workspace`, `channel`, `mailbox`.
    pub counted_by: &'static str,
}

/// What one call counts against. The connector names it on each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The method, as the platform calls it.
    pub method: String,
    /// What it is counted by: the workspace, the mailbox.
    pub key: String,
    /// How often.
    pub rule: Rule,
    /// As how many it counts: 1, but where a platform gives its methods weights.
    pub units: u32,
}

/// The name of a bucket. All servers count in the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BucketName {
    /// At which integration.
    pub integration: Integration,
    /// Of which method.
    pub method: String,
    /// Counted by what.
    pub key: String,
}

/// A call that wants to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// To which integration.
    pub integration: Integration,
    /// For whom; none for what is done for a login that several stand on.
    pub customer: Option<CustomerId>,
    /// What for.
    pub purpose: Purpose,
    /// All that it counts against, the widest first. It leaves only if all have room.
    pub wanted: Vec<Wanted>,
    /// The time by now.
    pub now: Timestamp,
}

/// One of the buckets that a call counts against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which, and its rule.
    pub quota: Quota,
    /// How many units the same errand has had out of it. What was begun is finished: such a call passes
    /// those who wait, though never the rule.
    pub begun: u32,
}

/// Whether a call may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It may, now, and is counted.
    Granted,
    /// Not now. Nothing is counted, and the asker has a place among those who wait.
    ComeAgain {
        /// When there should be room.
        at: Timestamp,
        /// What there is no room in.
        quota: Quota,
    },
}

/// All buckets of a store.
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    held: BTreeMap<BucketName, Bucket>,
}

impl Buckets {
    /// Whether a call may leave: all of its buckets have room, or none is touched.
    pub fn ask(&mut self, ask: &Ask) -> Permit {
        if self.held.len() >= MANY {
            self.held.retain(|_, bucket| !bucket.is_at_rest(ask.now));
        }
        let mut latest: Option<(Timestamp, Quota)> = None;
        for wanted in &ask.wanted {
            let bucket = self.held.entry(name(ask, &wanted.quota)).or_default();
            let Err(at) = bucket.look(&wanted.quota, ask, wanted.begun) else { continue };
            let at = bucket.wait(&wanted.quota.rule, ask, at);
            if latest.as_ref().is_none_or(|(latest, _)| *latest < at) {
                latest = Some((at, wanted.quota.clone()));
            }
        }
        if let Some((at, quota)) = latest {
            return Permit::ComeAgain { at, quota };
        }
        for wanted in &ask.wanted {
            self.held.entry(name(ask, &wanted.quota)).or_default().take(ask, wanted.quota.units);
        }
        Permit::Granted
    }

    /// The platform asked for a rest of this bucket, and of no other.
    pub fn pause(&mut self, name: BucketName, until: Timestamp) {
        self.held.entry(name).or_default().pause(until);
    }

    /// One bucket, if anything is known of it.
    pub fn bucket(&self, name: &BucketName) -> Option<&Bucket> {
        self.held.get(name)
    }
}

fn name(ask: &Ask, quota: &Quota) -> BucketName {
    quota.bucket(&ask.integration)
}

impl Quota {
    /// The bucket that it counts in.
    pub fn bucket(&self, integration: &Integration) -> BucketName {
        BucketName { integration: integration.clone(), method: self.method.clone(), key: self.key.clone() }
    }
}

/// How long a platform's refusal asks to wait, out of its `Retry-After`.
pub fn asked_pause(retry_after: Option<&str>) -> Duration {
    let seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok());
    seconds.map_or(PAUSE_UNLESS_TOLD, Duration::from_secs).min(LONGEST_PAUSE)
}

//! Keys that platforms publish and change, by which their requests are checked.
//!
//! Kept in memory alone: they are fetched when a request cannot be judged without newer ones, and not more often
//! than now and then, so that nobody makes us fetch them by forging requests.

use crate::{Engine, EngineError, Offered};
use bytes::Bytes;
use model::{
    connector::{Admission, Trust},
    id::Integration,
    intake::RawRequest,
    limits::Purpose,
    time::Timestamp,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How often keys are fetched at most.
const FETCH_EVERY: Duration = Duration::from_secs(30);

/// The keys of all integrations.
#[derive(Default)]
pub(crate) struct Keyring {
    held: Mutex<BTreeMap<Integration, Held>>,
}

#[derive(Clone, Default)]
struct Held {
    keys: Option<Bytes>,
    asked_at: Option<Timestamp>,
}

impl Keyring {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Integration, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, integration: &Integration) -> Option<Bytes> {
        self.held().get(integration)?.keys.clone()
    }

    /// Whether they may be fetched now; then nobody else may, for a while.
    fn may_fetch(&self, integration: &Integration, now: Timestamp) -> bool {
        let mut held = self.held();
        let held = held.entry(integration.clone()).or_default();
        if held.asked_at.is_some_and(|at| now.since(at) < FETCH_EVERY) {
            return false;
        }
        held.asked_at = Some(now);
        true
    }

    fn put(&self, integration: &Integration, keys: Bytes) {
        self.held().entry(integration.clone()).or_default().keys = Some(keys);
    }
}

impl Engine {
    /// What to do with a request, with the newest keys where older ones do not do. While keys cannot be had, the
    /// request is not judged, and the platform brings it again.
    pub(crate) async fn judge(
        &self,
        offered: &Offered,
        integration: &Integration,
        request: &RawRequest,
    ) -> Result<Admission, EngineError> {
        let judged = |keys: Option<Bytes>| {
            let trust = Trust { settings: &offered.settings, now: self.now(), keys: keys.as_deref() };
            offered.connector.admit(request, &trust)
        };
        let held = self.keyring.of(integration);
        let first = judged(held.clone());
        if first != Admission::NeedsKeys {
            return Ok(first);
        }
        if !self.keyring.may_fetch(integration, self.now()) {
            // Without any keys yet, somebody is fetching the first ones, or could not.
            return held.map_or(Err(EngineError::Busy(FETCH_EVERY)), |_| Ok(first));
        }
        let wire = self.wire_for(offered, integration, None, Purpose::News);
        let keys = offered.connector.keys(&self.threshold(offered, &wire)).await?;
        self.keyring.put(integration, keys.clone());
        Ok(judged(Some(keys)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fetched_now_and_then_and_not_at_everybodys_bidding() {
        let (keyring, gmail) = (Keyring::default(), Integration("gmail".to_owned()));
        let at = |second: i64| Timestamp::from_millis(second * 1_000);
        assert!(keyring.may_fetch(&gmail, at(1)));
        assert!(!keyring.may_fetch(&gmail, at(30)), "whoever forges requests does not make us ask");
        assert!(keyring.may_fetch(&Integration("other".to_owned()), at(30)));
        assert!(keyring.may_fetch(&gmail, at(31)));
        assert_eq!(keyring.of(&gmail), None);
        keyring.put(&gmail, Bytes::from_static(b"{}"));
        assert_eq!(keyring.of(&gmail), Some(Bytes::from_static(b"{}")));
    }
}

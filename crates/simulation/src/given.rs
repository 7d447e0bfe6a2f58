//! What a server is given of this world: its clock, its vault, and an ear for commits that checks them.

use crate::world::{Shared, lock};
use engine::{Announcer, Loop};
use model::{
    connection::Sealed,
    customer::CustomerId,
    store::Committed,
    time::Timestamp,
    world::{CannotOpen, Clock, Secret, Vault},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use store::memory::Memory;

/// A clock that the world moves. Servers may be ahead of Slack, or behind.
pub struct SimClock {
    pub micros: Arc<AtomicI64>,
    pub skew_micros: i64,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::Relaxed) + self.skew_micros)
    }
}

impl sandbox::clock::Clock for SimClock {
    fn now_micros(&self) -> i64 {
        self.now().micros()
    }
}

/// Seals nothing, but binds to the place, so that a row in the wrong place does not open.
pub struct PlainVault;

impl Vault for PlainVault {
    fn seal(&self, place: &str, secret: &Secret) -> Sealed {
        Sealed(format!("{place}|{}", secret.0))
    }

    fn open(&self, place: &str, sealed: &Sealed) -> Result<Secret, CannotOpen> {
        let open = sealed.0.strip_prefix(place).and_then(|rest| rest.strip_prefix('|'));
        open.map(|secret| Secret(secret.to_owned())).ok_or(CannotOpen)
    }

    fn mac(&self, text: &str) -> String {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"simulation").expect("any length is a key");
        mac.update(text.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..16])
    }
}

/// Checks, at every commit, that what is announced is on disk.
pub struct Checking {
    pub memory: Arc<Memory>,
    pub wrong: Shared<Vec<String>>,
    /// Whose events were on disk when they were told of some.
    pub told: Shared<BTreeSet<CustomerId>>,
}

impl Announcer for Checking {
    fn committed(&self, customer: &CustomerId, committed: &Committed) {
        let Some(last) = committed.events.last() else { return };
        let synced = self.memory.synced_events();
        if synced.iter().any(|event| event.customer_id == *customer) {
            lock(&self.told).insert(customer.clone());
        } else if lock(&self.told).contains(customer) {
            return; // They were erased between the commit and this, while the server stood still.
        }
        if !synced.iter().any(|event| event.customer_id == *customer && event.seq == last.seq && event == last) {
            lock(&self.wrong).push(format!("P1: event {} of {customer} was announced before it was synced", last.seq));
        }
    }

    fn work(&self, _: &BTreeSet<Loop>) {}
}

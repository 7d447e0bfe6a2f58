//! Wakes those who wait: streams when something was committed for their customer, loops when there
//! may be work.
//!
//! A wake-up is a hint and may be lost or doubled; the store is the truth. Nothing here grows with
//! what is announced, only with who listens.

use engine::{Announcer, Loop};
use model::{customer::CustomerId, store::Committed};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// Whose feed is followed: one customer's, or with none, all of them.
pub type Whose = Option<CustomerId>;

/// Wakes streams and loops.
#[derive(Default)]
pub struct Wakers {
    feeds: Mutex<HashMap<Whose, watch::Sender<u64>>>,
    loops: Mutex<Vec<(Loop, Arc<Notify>)>>,
}

/// All seats of a feed are taken.
#[derive(Debug)]
pub struct NoSeat;

/// A seat at a feed. It is free again once this is dropped.
pub struct Seat {
    wakers: Arc<Wakers>,
    whose: Whose,
    news: Option<watch::Receiver<u64>>,
}

impl Wakers {
    /// Takes a seat at a feed, if it has fewer than `seats` taken.
    pub fn sit(self: &Arc<Self>, whose: Whose, seats: usize) -> Result<Seat, NoSeat> {
        let mut feeds = held(&self.feeds);
        let sender = feeds.entry(whose.clone()).or_insert_with(|| watch::channel(0).0);
        if sender.receiver_count() >= seats {
            return Err(NoSeat);
        }
        Ok(Seat { wakers: Arc::clone(self), whose, news: Some(sender.subscribe()) })
    }

    /// How many streams are open.
    pub fn seats_taken(&self) -> usize {
        held(&self.feeds).values().map(watch::Sender::receiver_count).sum()
    }

    /// Adds a kind of loop. One of its workers is woken when there may be work.
    pub fn add_loop(&self, kind: Loop) -> Arc<Notify> {
        let bell = Arc::new(Notify::new());
        held(&self.loops).push((kind, Arc::clone(&bell)));
        bell
    }
}

impl Seat {
    /// Waits until something may be new.
    pub async fn news(&mut self) {
        let heard = match &mut self.news {
            Some(news) => news.changed().await.is_ok(),
            None => false,
        };
        if !heard {
            // Nobody will ring again; whoever waits here has a clock beside it.
            std::future::pending().await
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.news = None;
        let mut feeds = held(&self.wakers.feeds);
        if feeds.get(&self.whose).is_some_and(|sender| sender.receiver_count() == 0) {
            feeds.remove(&self.whose);
        }
    }
}

impl Announcer for Wakers {
    fn committed(&self, customer: &CustomerId, committed: &Committed) {
        if committed.events.is_empty() {
            return;
        }
        let feeds = held(&self.feeds);
        for whose in [Some(customer.clone()), None] {
            if let Some(sender) = feeds.get(&whose) {
                sender.send_modify(|rung| *rung = rung.wrapping_add(1));
            }
        }
    }

    fn work(&self, loops: &BTreeSet<Loop>) {
        let bells = held(&self.loops);
        bells.iter().filter(|(kind, _)| loops.contains(kind)).for_each(|(_, bell)| bell.notify_one());
    }
}

/// Locks, also after a holder panicked: the tables are whole between any two lines here.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_has_a_named_number_of_seats_and_a_seat_is_given_back() {
        let wakers = Arc::new(Wakers::default());
        let whose = Some(CustomerId::new("ana").unwrap());
        let first = wakers.sit(whose.clone(), 1).unwrap();
        assert!(wakers.sit(whose.clone(), 1).is_err());
        assert!(wakers.sit(None, 1).is_ok());
        drop(first);
        assert!(wakers.sit(whose, 1).is_ok());
        assert!(held(&wakers.feeds).is_empty());
    }
}

//! Keeps everything in memory, and tells what is visible from what is synced.
//!
//! For tests and the simulation: sorted tables only, so that the same calls give the same answers, and
//! no runtime, so that any executor may wait for it.

mod checks;
mod erase;
mod followings;
mod index;
mod intake;
mod keys;
mod read;
mod state;
mod store;
mod stream;
mod table;
mod write;

pub use index::MemoryIndex;

use model::{
    changes::Aside,
    chat::Chat,
    command::Command,
    completeness::Completeness,
    connection::{Connection, Login},
    emoji::Emoji,
    event::Event,
    intake::{Intake, QueuedPart, UnclaimedPart},
    limits::Buckets,
    message::Message,
    participant::Participant,
    store::StoreError,
    sync_status::SyncStatus,
    upload::Upload,
    user_platform::UserPlatform,
};
use state::State;
use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard},
    task::{Poll, Waker},
};

/// A store in memory.
pub struct Memory {
    inner: Mutex<Inner>,
    /// Calls that platforms were asked for; counted, and never synced.
    buckets: Mutex<Buckets>,
    held_back: bool,
    forgetful: bool,
}

struct Inner {
    visible: State,
    /// What a power failure leaves. Stays empty while writes are synced at once.
    synced: State,
    /// What is visible and not synced, in order.
    log: Vec<Applied>,
}

struct Applied {
    again: Box<dyn Fn(&mut State) + Send>,
    fate: Arc<Mutex<Fate>>,
}

/// What became of a write.
enum Fate {
    Waiting(Option<Waker>),
    Synced,
    Lost,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    /// An empty store that syncs each write at once.
    pub fn new() -> Self {
        Self::with(false)
    }

    /// An empty store that syncs only when it is told to. A write is visible at once, and its future
    /// waits until it is synced.
    pub fn held_back() -> Self {
        Self::with(true)
    }

    /// An empty store that takes requests in and keeps none of them: what is left of a server without its disk.
    pub fn forgetful() -> Self {
        Self { forgetful: true, ..Self::new() }
    }

    fn with(held_back: bool) -> Self {
        let inner = Inner { visible: State::default(), synced: State::default(), log: Vec::new() };
        Self { inner: Mutex::new(inner), buckets: Mutex::default(), held_back, forgetful: false }
    }

    /// Syncs all that was written so far, and lets those who wait for it go on.
    pub fn sync(&self) {
        let mut inner = self.inner();
        let Inner { synced, log, .. } = &mut *inner;
        let settled = std::mem::take(log);
        for applied in &settled {
            (applied.again)(synced);
            synced.keep();
        }
        drop(inner);
        settled.iter().for_each(|applied| settle(&applied.fate, Fate::Synced));
    }

    /// How many writes are visible and not synced.
    pub fn unsynced(&self) -> usize {
        self.inner().log.len()
    }

    /// Drops all that was not synced. Those who wait for it are told that nothing was written.
    pub fn power_failure(&self) {
        let mut inner = self.inner();
        let lost = std::mem::take(&mut inner.log);
        if !lost.is_empty() {
            inner.visible = inner.synced.clone();
        }
        let kept: Vec<_> = inner.visible.pauses.iter().map(|(name, until)| (name.clone(), *until)).collect();
        drop(inner);
        // The machine forgets what it had counted, and keeps what platforms asked for.
        *held(&self.buckets) = Buckets::default();
        kept.into_iter().for_each(|(name, until)| held(&self.buckets).pause(name, until));
        lost.iter().for_each(|applied| settle(&applied.fate, Fate::Lost));
    }

    /// Applies a write to what is visible, and returns once it is synced.
    async fn write<T>(
        &self,
        change: impl Fn(&mut State) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let fate = Arc::new(Mutex::new(Fate::Waiting(None)));
        let answer = {
            let mut inner = self.inner();
            let answer = change(&mut inner.visible).inspect_err(|_| inner.visible.take_back())?;
            let changed = inner.visible.keep();
            // One that changed nothing still waits for those before it: what it found may yet be lost.
            if !self.held_back || (!changed && inner.log.is_empty()) {
                return Ok(answer);
            }
            let again = Box::new(move |state: &mut State| drop(change(state)));
            inner.log.push(Applied { again, fate: Arc::clone(&fate) });
            answer
        };
        poll_fn(|context| match &mut *held(&fate) {
            Fate::Synced => Poll::Ready(Ok(())),
            Fate::Lost => Poll::Ready(Err(StoreError::Unavailable("the power failed".to_owned()))),
            Fate::Waiting(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await?;
        Ok(answer)
    }

    /// Reads what is visible.
    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.inner().visible)
    }

    fn read_synced<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let inner = self.inner();
        look(if self.held_back { &inner.synced } else { &inner.visible })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        held(&self.inner)
    }
}

/// What a test or the simulation looks at: everything, over all customers, in the order of the keys.
impl Memory {
    /// All messages, shown or not.
    pub fn all_messages(&self) -> Vec<Message> {
        self.read(|state| state.messages.rows().cloned().collect())
    }

    /// All chats, in any state.
    pub fn all_chats(&self) -> Vec<Chat> {
        self.read(|state| state.chats.rows().map(|row| row.chat.clone()).collect())
    }

    /// All commands, open or not.
    pub fn all_commands(&self) -> Vec<Command> {
        self.read(|state| state.commands.rows().cloned().collect())
    }

    /// All events, in the order of the app's log.
    pub fn all_events(&self) -> Vec<Event> {
        self.read(|state| state.events.rows().cloned().collect())
    }

    /// All parts, waiting and parked.
    pub fn all_parts(&self) -> Vec<QueuedPart> {
        self.read(|state| state.parts.rows().cloned().collect())
    }

    /// All parts that nobody claims.
    pub fn all_unclaimed(&self) -> Vec<UnclaimedPart> {
        self.read(|state| state.unclaimed.rows().cloned().collect())
    }

    /// All news that were set aside.
    pub fn all_asides(&self) -> Vec<Aside> {
        self.read(|state| state.asides.rows().cloned().collect())
    }

    /// All raw requests that are kept.
    pub fn all_intakes(&self) -> Vec<Intake> {
        self.read(|state| state.intakes.rows().map(|row| row.intake.clone()).collect())
    }

    /// All connections.
    pub fn all_connections(&self) -> Vec<Connection> {
        self.read(|state| state.connections.rows().cloned().collect())
    }

    /// All logins.
    pub fn all_logins(&self) -> Vec<Login> {
        self.read(|state| state.logins.rows().cloned().collect())
    }

    /// All emoji that only one account has, gone or not.
    pub fn all_emoji(&self) -> Vec<Emoji> {
        self.read(|state| state.emoji.rows().cloned().collect())
    }

    /// All people and bots.
    pub fn all_participants(&self) -> Vec<Participant> {
        self.read(|state| state.participants.rows().cloned().collect())
    }

    /// Who the customers are.
    pub fn all_user_platforms(&self) -> Vec<UserPlatform> {
        self.read(|state| state.user_platforms.rows().cloned().collect())
    }

    /// All uploads.
    pub fn all_uploads(&self) -> Vec<Upload> {
        self.read(|state| state.uploads.rows().cloned().collect())
    }

    /// All runs of reading.
    pub fn all_sync_statuses(&self) -> Vec<SyncStatus> {
        self.read(|state| state.sync_statuses.rows().cloned().collect())
    }

    /// How whole all chats are known.
    pub fn all_completeness(&self) -> Vec<Completeness> {
        self.read(|state| state.completeness.rows().cloned().collect())
    }

    /// All events that a power failure would leave.
    pub fn synced_events(&self) -> Vec<Event> {
        self.read_synced(|state| state.events.rows().cloned().collect())
    }

    /// All raw requests that a power failure would leave.
    pub fn synced_intakes(&self) -> Vec<Intake> {
        self.read_synced(|state| state.intakes.rows().map(|row| row.intake.clone()).collect())
    }
}

fn settle(fate: &Mutex<Fate>, settled: Fate) {
    let before = std::mem::replace(&mut *held(fate), settled);
    if let Fate::Waiting(Some(waker)) = before {
        waker.wake();
    }
}

/// Locks, also after a holder panicked: a test that failed elsewhere is to show its own failure.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::samples::*;
    use model::{
        changes::Write,
        store::{Committed, Store},
    };
    use std::{pin::pin, task::Context};

    type Answer = Result<Committed, StoreError>;

    fn poll(write: &mut (impl Future<Output = Answer> + Unpin)) -> Poll<Answer> {
        std::pin::Pin::new(write).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_write_is_visible_at_once_and_answered_when_synced() {
        let store = Memory::held_back();
        let mut write = pin!(store.commit(told(&ada(), 1, 1)));
        assert!(poll(&mut write).is_pending());
        assert_eq!((store.all_events().len(), store.synced_events().len(), store.unsynced()), (1, 0, 1));
        assert!(poll(&mut write).is_pending());
        store.sync();
        assert_eq!((store.synced_events().len(), store.unsynced()), (1, 0));
        assert!(matches!(poll(&mut write), Poll::Ready(Ok(done)) if done.events.len() == 1));
    }

    #[test]
    fn a_power_failure_tells_those_who_wait() {
        let store = Memory::held_back();
        let mut kept = pin!(store.commit(told(&ada(), 1, 1)));
        assert!(poll(&mut kept).is_pending());
        store.sync();
        let mut lost = pin!(store.commit(told(&ada(), 1, 1)));
        assert!(poll(&mut lost).is_pending());
        store.power_failure();
        assert!(matches!(poll(&mut kept), Poll::Ready(Ok(_))));
        assert!(matches!(poll(&mut lost), Poll::Ready(Err(StoreError::Unavailable(_)))));
        assert_eq!(store.all_events(), store.synced_events());
    }

    #[test]
    fn a_repeat_waits_until_the_first_is_synced() {
        let store = Memory::held_back();
        let queue = || rows(&ada(), [Write::QueuePart(part(&ada(), 1, None, 1))]);
        let (mut one, mut two) = (pin!(store.commit(queue())), pin!(store.commit(queue())));
        assert!(poll(&mut one).is_pending());
        assert!(poll(&mut two).is_pending(), "what it found may yet be lost");
        store.power_failure();
        assert!(matches!(poll(&mut two), Poll::Ready(Err(StoreError::Unavailable(_)))));
        assert_eq!(store.all_parts(), []);
    }

    #[test]
    fn a_stale_commit_is_told_at_once() {
        let store = Memory::held_back();
        let stale = rows(&ada(), [Write::Chat(chat(&ada(), 1).next())]);
        assert!(matches!(poll(&mut pin!(store.commit(stale))), Poll::Ready(Err(StoreError::Stale))));
        assert_eq!(store.unsynced(), 0);
    }
}

//! An emulated Gmail: mailboxes in memory behind the Gmail API, Google's sign-in, and Cloud Pub/Sub.
//!
//! `Gmail::router` is the whole of it as an axum router; `Gmail::take_due` hands out the pushes that
//! are due; `Gmail::act_as` lets people act. `serve::run` puts all that on a port.
//!
//! Mail is read here by a small reader of its own (`mime`), and written by a small writer, so that the emulator can
//! disagree with the library that the connector reads and writes mail with.
//!
//! | module | what |
//! | --- | --- |
//! | `config` | what is decided before the start |
//! | `world`, `mailbox`, `head`, `change` | what there is, how it changes, which thread a mail belongs to |
//! | `state`, `post`, `relabel`, `acts`, `answer` | the rules: what becomes of a mail, what people and apps may do |
//! | `mime` | mail as bytes, and back |
//! | `api` | the Gmail API, one file per family of methods; batches, uploads, errors; Pub/Sub |
//! | `grants`, `oauth`, `keys` | consent, tokens, signatures |
//! | `push` | watches, and what is told of them |
//! | `meter` | what calls cost |
//! | `control`, `page` | driving the emulator, writing as a person |
//! | `faults` | what goes wrong on demand |
//! | `seed`, `people` | a world out of a number, and those who write in it |

pub mod api;
pub mod config;
pub mod control;
pub mod faults;
mod serve;
pub mod snapshot;

mod acts;
mod answer;
mod change;
mod grants;
mod head;
mod keys;
mod mailbox;
mod meter;
mod mime;
mod oauth;
mod page;
mod people;
mod post;
mod push;
mod relabel;
mod seed;
mod state;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use self::acts::{Act, Attached, Deed, Refusal, Writing};
pub use self::api::methods::{METHODS, Method};
pub use self::config::{App, CallChaos, Config, PushChaos, Quota, Subscription, WorldSize};
pub use self::faults::{Fault, FaultKind, FaultName};
pub use self::grants::Granted;
pub use self::keys::signed;
pub use self::push::{Delivery, Outcome};
pub use self::snapshot::{MailboxSnapshot, MessageSnapshot, Snapshot};
pub use self::world::Sent;
pub use crate::answers::{AfterEvents, AnswerLost, Slow};

use self::change::Change;
use self::state::State;
use crate::clock::Clock;

/// One emulated Gmail. Cheap to clone; all clones are the same world.
#[derive(Clone)]
pub struct Gmail {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Wakes the deliverer: something was queued.
    queued: Notify,
    /// Wakes answers that wait for their pushes: something was delivered.
    settled: Notify,
}

impl Gmail {
    /// Makes a world, or reads it from the journal.
    ///
    /// # Panics
    /// If the journal cannot be used; `open` gives the error instead.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Gmail {
        Gmail::open(config, clock).expect("the sandbox's journal must be readable and writable")
    }

    pub fn open(config: Config, clock: Arc<dyn Clock>) -> io::Result<Gmail> {
        let config = Arc::new(config);
        let state = Mutex::new(State::open(Arc::clone(&config), clock.now_micros())?);
        let inner = Inner { config, clock, state, queued: Notify::new(), settled: Notify::new() };
        Ok(Gmail { inner: Arc::new(inner) })
    }

    /// Everything over HTTP, whichever of Google's hosts it stands on there: `/gmail/v1/…` with `/upload` and `/batch`,
    /// `/o/oauth2/…`, `/token`, `/revoke`, `/oauth2/v3/certs`, `/v1/projects/…`; and `/control/…` and the page at `/`.
    pub fn router(&self) -> axum::Router {
        axum::Router::new()
            .merge(api::routes())
            .merge(oauth::routes())
            .nest("/control", control::routes())
            .merge(page::routes())
            .with_state(self.clone())
    }

    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    pub fn now_micros(&self) -> i64 {
        self.inner.clock.now_micros()
    }

    /// Changes how often calls and pushes go wrong by themselves.
    pub fn set_chaos(&self, calls: CallChaos, pushes: PushChaos) {
        let mut state = self.lock();
        (state.call_chaos, state.push_chaos) = (calls, pushes);
    }

    /// Enforces another quota from now on; what was used so far is forgotten.
    pub fn set_quota(&self, quota: Quota) {
        self.lock().meter.set(quota);
    }

    /// Pushes whose time has come. They leave the queue until `delivered` says how it went.
    pub fn take_due(&self) -> Vec<Delivery> {
        self.act(|state, now| state.take_due(now))
    }

    /// When the next push is due, or the next thing happens by itself.
    pub fn next_due_micros(&self) -> Option<i64> {
        self.lock().next_due_micros()
    }

    /// Says how an attempt ended. A failure is tried again, after a pause that grows, for seven days.
    pub fn delivered(&self, delivery: &Delivery, outcome: Outcome) {
        self.act(|state, now| state.delivered(now, delivery, outcome));
        self.inner.settled.notify_waiters();
    }

    /// Notices that were not acknowledged yet, due or not, pushed or to be pulled.
    pub fn pending_pushes(&self) -> usize {
        self.lock().world.parcels.len()
    }

    /// Notices that nobody was ever told, because a mailbox had one in the same second.
    pub fn crowded_out(&self) -> u64 {
        self.lock().crowded_out
    }

    /// Lets the calls take effect now whose answers were lost and that were to happen later.
    pub fn run_late_effects(&self) {
        self.act(State::run_late_calls);
    }

    /// Makes or changes a subscription, such as where it pushes to.
    pub fn set_subscription(&self, subscription: Subscription) {
        self.act(|state, _| state.record(Change::SubscriptionPut { subscription }));
    }

    pub fn faults(&self) -> Faults {
        Faults { gmail: self.clone() }
    }

    /// How often a call was refused because it was one too many, by method.
    pub fn refused_calls(&self) -> BTreeMap<String, u64> {
        self.lock().meter.refused.clone()
    }

    /// The units that a person used in the last minute, where a quota is enforced.
    pub fn units_used(&self, address: &str) -> u64 {
        self.act(|state, now| state.meter.units(address, now))
    }

    /// Lets a person allow the app something, without the pages. Scopes are separated by spaces.
    pub fn grant(&self, address: &str, scopes: &str) -> Result<Granted, Refusal> {
        let scopes = grants::scopes(scopes);
        self.act(|state, now| {
            let owner = state.world.mailbox_at(address).ok_or("no_such_mailbox")?.address.clone();
            Ok(state.grant(now, &owner, &scopes))
        })
    }

    /// A person takes back everything that they allowed the app.
    pub fn revoke(&self, address: &str) {
        self.act(|state, _| state.revoke_owner(&address.to_lowercase()));
    }

    /// Ends access tokens at once, of one person or of all.
    pub fn expire_tokens(&self, address: Option<&str>) {
        self.act(|state, now| state.expire(now, address));
    }

    /// Forgets a mailbox's history up to now: whoever is behind has to read everything anew.
    pub fn expire_history(&self, address: &str) {
        let mailbox = address.to_lowercase();
        self.act(|state, _| {
            if let Some(up_to) = state.world.mailbox(&mailbox).map(|held| held.history_id) {
                state.record(Change::HistoryForgotten { mailbox, up_to });
            }
        });
    }

    /// Lets the watch on a mailbox lapse, as if its week were over.
    pub fn expire_watch(&self, address: &str) {
        let mailbox = address.to_lowercase();
        self.act(|state, _| state.record(Change::Watched { mailbox, watch: None }));
    }

    /// Every mail that left a mailbox or came from outside, in that order.
    pub fn sent(&self) -> Vec<Sent> {
        self.lock().world.sent.clone()
    }

    /// The file of the service account that may pull, as Google hands it out.
    pub fn service_account_file(&self, token_uri: &str) -> serde_json::Value {
        keys::service_account_file(&self.inner.config.app, token_uri)
    }

    pub fn snapshot(&self) -> Snapshot {
        snapshot::take(&self.lock().world)
    }

    pub fn mailbox(&self, address: &str) -> Option<MailboxSnapshot> {
        self.lock().world.mailbox_at(address).map(snapshot::mailbox)
    }

    /// The thread of each message in a mailbox, drafts included.
    pub fn places(&self, address: &str) -> BTreeMap<String, String> {
        let state = self.lock();
        let messages = state.world.mailbox_at(address).into_iter().flat_map(|mailbox| mailbox.messages.values());
        messages.map(|message| (message.id.clone(), message.thread.clone())).collect()
    }

    /// A message's bytes, as `format=raw` gives them.
    pub fn raw(&self, address: &str, message: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        state.world.mailbox_at(address)?.messages.get(message).map(|message| message.raw.0.to_vec())
    }

    /// The mailboxes' addresses.
    pub fn addresses(&self) -> Vec<String> {
        self.lock().world.mailboxes.keys().cloned().collect()
    }

    /// How often each method took effect, whether or not its answer arrived.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something happen at the present time, after all that was to happen before.
    fn act<T>(&self, act: impl FnOnce(&mut State, i64) -> T) -> T {
        let now_micros = self.now_micros();
        let mut state = self.lock();
        let before = state.world.serial;
        state.run_later(now_micros);
        let result = act(&mut state, now_micros);
        let changed = state.world.serial != before;
        drop(state);
        if changed {
            self.inner.queued.notify_one();
        }
        result
    }
}

/// The faults of one emulated Gmail.
pub struct Faults {
    gmail: Gmail,
}

impl Faults {
    pub fn push(&self, fault: Fault) {
        self.gmail.lock().faults.waiting.push(fault);
    }

    /// Orders that something goes wrong once, for a method or for any.
    pub fn once(&self, method: Option<&str>, kind: FaultKind) {
        self.push(Fault { method: method.map(str::to_owned), kind, times: 1 });
    }

    /// Takes back all that has not fired yet.
    pub fn clear(&self) {
        self.gmail.lock().faults.waiting.clear();
    }

    pub fn waiting(&self) -> Vec<Fault> {
        self.gmail.lock().faults.waiting.clone()
    }

    /// How often each kind of fault fired, ordered or by chance.
    pub fn fired(&self) -> BTreeMap<FaultName, u64> {
        self.gmail.lock().faults.fired.clone()
    }
}

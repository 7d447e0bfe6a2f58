//! An emulated Slack: a world in memory behind Slack's Web API, OAuth pages and Events API.
//!
//! `Slack::router` is the whole of it as an axum router; `Slack::take_due` hands out the events that
//! are due; the `act_…` functions let people act. `serve::run` puts all that on a port.
//!
//! | module | what |
//! | --- | --- |
//! | `config` | what is decided before the start |
//! | `world`, `change` | what there is, how it changes |
//! | `state`, `acts`, `places`, `install` | the rules: what people and apps may do, and what follows |
//! | `api` | the Web API, one file per family of methods |
//! | `reach` | organizations, channels that workspaces share |
//! | `oauth`, `control`, `page` | the pages: installing, driving the emulator, acting as a person |
//! | `files`, `file_host` | files, and the host that takes their bytes and hands them out |
//! | `events`, `delivery` | what Slack tells, and how it brings it to the app |
//! | `sockets`, `link` | the same through sockets that the app opens, and how they stand on a port |
//! | `faults` | what goes wrong on demand |
//! | `seed`, `people` | a world out of a number, and those who write in it |

pub mod api;
pub mod config;
pub mod control;
pub mod faults;
mod serve;
pub mod snapshot;

mod acts;
mod change;
mod delivery;
mod emoji;
mod events;
mod file_host;
mod files;
mod install;
mod link;
mod oauth;
mod page;
mod people;
mod persons;
mod pictures;
mod places;
mod reach;
mod render;
mod rotation;
mod seed;
mod shelf;
mod sockets;
mod state;
mod text;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Extract};
use axum::http::{HeaderMap, Method};
use axum::response::IntoResponse;
use axum::routing::any;
use tokio::sync::Notify;

pub use self::acts::Refusal;
pub use self::config::{ALL_EVENTS, App, CallChaos, Config, EventChaos, RateLimits, Rotation, WorldSize};
pub use self::delivery::{Delivery, Outcome, Reason, sign};
pub use self::faults::{Fault, FaultKind, FaultName};
pub use self::files::NewFile;
pub use self::install::Installed;
pub use self::snapshot::{ChannelSnapshot, FileSnapshot, MessageSnapshot, Snapshot, UserSnapshot, WorkspaceSnapshot};
pub use self::sockets::{Goodbye, MOST_SOCKETS, Outgoing};
pub use self::world::ChannelKind;

use self::change::Change;
use self::state::State;
pub use crate::answers::{AfterEvents, AnswerLost, Slow};
use crate::clock::Clock;

/// One emulated Slack. Cheap to clone; all clones are the same world.
#[derive(Clone)]
pub struct Slack {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Wakes the deliverer: something was queued.
    queued: Notify,
    /// Wakes answers that wait for their events: something was delivered.
    settled: Notify,
    /// Wakes the sockets: something may be theirs to say.
    lines: Notify,
}

impl Slack {
    /// Makes a world, or reads it from the journal.
    ///
    /// # Panics
    /// If the journal cannot be used; `open` gives the error instead.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Slack {
        Slack::open(config, clock).expect("the sandbox's journal must be readable and writable")
    }

    pub fn open(config: Config, clock: Arc<dyn Clock>) -> io::Result<Slack> {
        let config = Arc::new(config);
        let state = State::open(Arc::clone(&config), clock.now_micros())?;
        let state = Mutex::new(state);
        Ok(Slack {
            inner: Arc::new(Inner {
                config,
                clock,
                state,
                queued: Notify::new(),
                settled: Notify::new(),
                lines: Notify::new(),
            }),
        })
    }

    /// Everything over HTTP: `/api/…`, `/oauth/…`, `/control/…`, `/avatars/…`, and the page at `/`.
    pub fn router(&self) -> axum::Router {
        axum::Router::new()
            .route("/api/{method}", any(web_api))
            .merge(oauth::routes())
            .nest("/control", control::routes().merge(link::control()))
            .merge(link::routes())
            .merge(file_host::routes())
            .merge(page::routes())
            .with_state(self.clone())
    }

    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    pub fn now_micros(&self) -> i64 {
        self.inner.clock.now_micros()
    }

    /// Changes how often calls and events go wrong by themselves.
    pub fn set_chaos(&self, calls: CallChaos, events: EventChaos) {
        let mut state = self.lock();
        (state.call_chaos, state.event_chaos) = (calls, events);
    }

    /// Events whose time has come. They leave the queue until `delivered` says how it went.
    pub fn take_due(&self) -> Vec<Delivery> {
        self.act(|state, now| state.take_due(now))
    }

    /// When the next event is due, or the next thing happens by itself.
    pub fn next_due_micros(&self) -> Option<i64> {
        self.lock().next_due_micros()
    }

    /// Says how an attempt ended. A failure is tried again at once, after a minute, after five.
    pub fn delivered(&self, delivery: &Delivery, outcome: Outcome) {
        self.act(|state, now| state.delivered(now, delivery, outcome));
        self.inner.settled.notify_waiters();
    }

    /// Whether the app ever set a person's read mark back.
    pub fn is_set_back(&self, channel: &str, user: &str) -> bool {
        self.lock().set_back.contains(&(channel.to_owned(), user.to_owned()))
    }

    /// Events that were given up after the last retry.
    pub fn dropped_events(&self) -> u64 {
        self.lock().dropped_events
    }

    /// Events that were not acknowledged yet, due or not.
    pub fn pending_events(&self) -> usize {
        self.lock().world.pending.len()
    }

    /// Lets the calls take effect now whose answers were lost and that were to happen later.
    pub fn run_late_effects(&self) {
        self.act(State::run_late_calls);
    }

    pub fn set_events_url(&self, url: Option<String>) {
        self.act(|state, _| state.record(Change::EventsUrl { url }));
    }

    /// Queues a URL check; the deliverer sends it like an event.
    pub fn send_url_verification(&self) -> Option<u64> {
        self.act(State::challenge)
    }

    /// Judges what the app answered to a URL check.
    pub fn url_verification_answered(&self, delivery: &Delivery, answer: &[u8]) -> bool {
        let sent: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
        let answer = String::from_utf8_lossy(answer);
        let json: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        let challenge = sent["challenge"].as_str().unwrap_or("none was sent");
        let right = answer.trim() == challenge
            || answer.trim().strip_prefix("challenge=") == Some(challenge)
            || json["challenge"].as_str() == Some(challenge);
        self.lock().url_verified = Some(right);
        right
    }

    /// What the last URL check found; `None` while there was none.
    pub fn url_verified(&self) -> Option<bool> {
        self.lock().url_verified
    }

    pub fn faults(&self) -> Faults {
        Faults { slack: self.clone() }
    }

    /// How often a call was refused because it was one too many, by method.
    pub fn refused_calls(&self) -> BTreeMap<&'static str, u64> {
        self.lock().limits.refused().clone()
    }

    /// The id of the organization, where the workspaces are one.
    pub fn organization(&self) -> Option<String> {
        self.lock().world.organizations.keys().next().cloned()
    }

    /// Installs the app for a person, without the pages. No scopes, no token of that kind.
    pub fn install(&self, user: &str, bot_scopes: &[&str], user_scopes: &[&str]) -> Result<Installed, Refusal> {
        let set = |scopes: &[&str]| -> BTreeSet<String> { scopes.iter().map(|scope| (*scope).to_owned()).collect() };
        self.act(|state, now| {
            let team = state.world.workspace_of(user).ok_or("user_not_found")?.id.clone();
            state.install(now, &team, user, &set(bot_scopes), &set(user_scopes))
        })
    }

    /// Takes the app out of a workspace: all its tokens are dead.
    pub fn uninstall(&self, team: &str) {
        self.act(|state, now| state.uninstall(now, team));
    }

    /// A person takes back what they granted for themself.
    pub fn revoke_person(&self, user: &str) {
        self.act(|state, now| {
            let own = |token: &&world::Token| token.user == user && !token.is_bot && !token.revoked;
            let tokens: Vec<_> = state.world.tokens.values().filter(own).map(|one| one.token.clone()).collect();
            if !tokens.is_empty() {
                state.change(now, Change::TokensRevoked { tokens, uninstalled: false });
            }
        });
    }

    pub fn revoke_token(&self, token: &str) {
        let tokens = vec![token.to_owned()];
        self.act(|state, now| state.change(now, Change::TokensRevoked { tokens, uninstalled: false }));
    }

    /// Lets the app's tokens end from now on.
    pub fn set_rotation(&self, rotation: Rotation) {
        self.act(|state, _| state.record(Change::RotationOn { rotation }));
    }

    /// Ends access tokens at once, of one workspace or of all, where tokens rotate.
    pub fn expire_tokens(&self, team: Option<&str>) {
        self.act(|state, now| state.expire(now, team));
    }

    pub fn snapshot(&self) -> Snapshot {
        snapshot::take(&self.lock().world)
    }

    /// The snapshot without its messages, which is cheap however long the history is.
    pub fn outline(&self) -> Snapshot {
        snapshot::outline(&self.lock().world)
    }

    pub fn channel(&self, id: &str) -> Option<ChannelSnapshot> {
        let state = self.lock();
        state.world.channel(id).map(|channel| snapshot::channel(&state.world, channel))
    }

    /// A channel by its name, in the first workspace that has one.
    pub fn channel_named(&self, name: &str) -> Option<ChannelSnapshot> {
        self.channels().into_iter().find(|channel| channel.name == name)
    }

    pub fn channels(&self) -> Vec<ChannelSnapshot> {
        let state = self.lock();
        let channels = state.world.workspaces.values().flat_map(|team| team.channels.values());
        channels.map(|channel| snapshot::channel(&state.world, channel)).collect()
    }

    /// How many times a file was put into a message.
    pub fn shares(&self) -> u64 {
        self.lock().calls.get("share").copied().unwrap_or(0)
    }

    pub fn users(&self) -> Vec<UserSnapshot> {
        snapshot::users(&self.lock().world)
    }

    /// How often each method of the Web API took effect, whether or not its answer arrived.
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
            self.wake();
        }
        result
    }

    fn wake(&self) {
        self.inner.queued.notify_one();
        self.inner.lines.notify_waiters();
    }
}

/// The faults of one emulated Slack.
pub struct Faults {
    slack: Slack,
}

impl Faults {
    pub fn push(&self, fault: Fault) {
        self.slack.lock().faults.waiting.push(fault);
    }

    /// Takes back all that has not fired yet.
    pub fn clear(&self) {
        self.slack.lock().faults.waiting.clear();
    }

    pub fn waiting(&self) -> Vec<Fault> {
        self.slack.lock().faults.waiting.clone()
    }

    /// How often each kind of fault fired, ordered or by chance.
    pub fn fired(&self) -> BTreeMap<FaultName, u64> {
        self.slack.lock().faults.fired.clone()
    }
}

async fn web_api(
    Extract(slack): Extract<Slack>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    http_method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    slack.answer(&name, &http_method, &headers, query.as_deref(), &body)
}

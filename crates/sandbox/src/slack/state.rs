//! The world with all that surrounds it: journal, faults, what happens later, counters.
//!
//! Everything that happens goes through `State::change`, which writes it down, applies it, and
//! queues the events that tell of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::acts::Posting;
use super::api::limits::Limits;
use super::api::request::Request;
use super::change::Change;
use super::config::{CallChaos, Config, EventChaos};
use super::events;
use super::faults::FaultBook;
use super::files::Blobs;
use super::sockets::Sockets;
use super::world::World;
use super::{api, people};
use crate::dice::Dice;
use crate::journal::Journal;

pub struct State {
    /// How often calls and events go wrong by themselves, from the configuration at first.
    pub call_chaos: CallChaos,
    pub event_chaos: EventChaos,
    pub config: Arc<Config>,
    pub world: World,
    pub faults: FaultBook,
    /// The sockets that the app holds open.
    pub sockets: Sockets,
    pub calls: BTreeMap<String, u64>,
    pub limits: Limits,
    /// Marks that an app set back, by channel and person: Slack takes any, and gives no means to compare first.
    pub set_back: BTreeSet<(String, String)>,
    /// Events that were given up after the last retry.
    pub dropped_events: u64,
    /// The event that waits for its follower, to be told after it.
    pub held: Option<u64>,
    /// The events queued since somebody last asked.
    pub caused: Vec<u64>,
    /// What the last URL check found.
    pub url_verified: Option<bool>,
    dice: Dice,
    later: BTreeMap<(i64, u64), Later>,
    later_count: u64,
    journal: Option<Journal>,
    pub blobs: Blobs,
}

/// What happens at a later time.
pub enum Later {
    /// A call whose answer was lost takes effect.
    Call(Box<Request>),
    /// Slack has fetched the links of a message.
    Unfurl { channel: String, ts: String },
    /// A file is handed out from now on.
    FileReady { file: String },
    /// An upload that was completed appears in its channel.
    Share { channel: String, files: Vec<String>, posting: Box<Posting> },
    /// Somebody writes something, and the next one after that.
    Chatter,
    /// Somebody answers what the app asked.
    Reply { channel: String, ts: String, thread: Option<String> },
}

impl State {
    pub fn open(config: Arc<Config>, now_micros: i64) -> io::Result<State> {
        let (journal, past) = match &config.journal {
            Some(folder) => {
                let (journal, past) = Journal::open(folder, "slack.jsonl")?;
                (Some(journal), past)
            }
            None => (None, Vec::new()),
        };
        let mut world = World::default();
        for change in &past {
            world.apply(change);
        }
        let dice = Dice::new(config.seed ^ world.serial.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut state = State {
            world,
            faults: FaultBook::default(),
            sockets: Sockets::default(),
            calls: BTreeMap::new(),
            limits: Limits::default(),
            set_back: BTreeSet::new(),
            dropped_events: 0,
            held: None,
            caused: Vec::new(),
            url_verified: None,
            dice,
            later: BTreeMap::new(),
            later_count: 0,
            journal,
            blobs: Blobs::open(config.journal.as_ref())?,
            call_chaos: config.call_chaos.clone(),
            event_chaos: config.event_chaos.clone(),
            config: Arc::clone(&config),
        };
        if past.is_empty() {
            state.record(Change::Seeded { seed: config.seed, size: config.world.clone(), at_micros: now_micros });
        }
        if config.app.events_url.is_some() && state.world.events_url != config.app.events_url {
            state.record(Change::EventsUrl { url: config.app.events_url.clone() });
        }
        if config.app.socket_mode && !state.world.socket_mode {
            state.record(Change::SocketMode { on: true });
        }
        if let Some(rotation) = config.app.rotation.filter(|wanted| state.world.rotation != Some(*wanted)) {
            state.record(Change::RotationOn { rotation });
        }
        if config.people {
            state.schedule_in(now_micros, people::CHATTER_EVERY_MICROS, Later::Chatter);
        }
        Ok(state)
    }

    /// Writes a change down and applies it, without telling anybody.
    pub fn record(&mut self, change: Change) {
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.append(&change)
        {
            tracing::error!(%error, "The sandbox's journal could not be written");
        }
        self.world.apply(&change);
    }

    /// Lets something happen, and queues the events that tell of it.
    pub fn change(&mut self, now_micros: i64, change: Change) {
        let before = events::before(&self.world, &self.config, &change);
        self.record(change.clone());
        for news in events::after(&self.world, &self.config, &change, before) {
            self.queue(now_micros, news);
        }
    }

    /// Lets happen what was to happen until now.
    pub fn run_later(&mut self, now_micros: i64) {
        while let Some(entry) = self.later.first_entry() {
            if entry.key().0 > now_micros {
                return;
            }
            match entry.remove() {
                Later::Call(request) => {
                    api::take_effect(self, now_micros, &request);
                }
                Later::Unfurl { channel, ts } => self.unfurl(now_micros, &channel, &ts),
                Later::FileReady { file } => self.change(now_micros, Change::FileReady { file }),
                Later::Share { channel, files, posting } => {
                    // Whoever cannot write there by now shares nothing, and nobody is told.
                    if let Err(error) = self.share_files(now_micros, &channel, &files, *posting) {
                        tracing::info!(error, "An upload was not shared");
                    }
                }
                Later::Chatter => {
                    people::chat(self, now_micros);
                    let pause = people::CHATTER_EVERY_MICROS / 2 + self.below(people::CHATTER_EVERY_MICROS);
                    self.schedule_in(now_micros, pause, Later::Chatter);
                }
                Later::Reply { channel, ts, thread } => people::reply(self, now_micros, &channel, &ts, thread),
            }
        }
    }

    /// Lets the lost calls take effect that were to do so later, without waiting for their time.
    pub fn run_late_calls(&mut self, now_micros: i64) {
        let (calls, others) =
            std::mem::take(&mut self.later).into_iter().partition(|(_, later)| matches!(later, Later::Call(_)));
        self.later = others;
        let calls: BTreeMap<_, _> = calls;
        for later in calls.into_values() {
            if let Later::Call(request) = later {
                api::take_effect(self, now_micros, &request);
            }
        }
    }

    pub fn schedule_in(&mut self, now_micros: i64, after_micros: i64, later: Later) {
        self.later_count += 1;
        self.later.insert((now_micros + after_micros.max(0), self.later_count), later);
    }

    pub fn next_later_micros(&self) -> Option<i64> {
        self.later.keys().next().map(|(due, _)| *due)
    }

    /// A number from 0 up to, not including, `limit`.
    pub fn below(&mut self, limit: i64) -> i64 {
        self.dice.below(limit)
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.dice.chance(probability)
    }

    /// An id that this world has not given before. `label` tells ids of the same moment apart.
    pub fn new_id(&self, prefix: &str, label: &str, length: usize) -> String {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
        let digest = self.digest(label);
        let tail = digest.iter().take(length).map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        format!("{prefix}{}", tail.collect::<String>())
    }

    pub fn digest(&self, label: &str) -> [u8; 32] {
        Sha256::digest(format!("{}:{}:{label}", self.world.seed, self.world.serial)).into()
    }
}

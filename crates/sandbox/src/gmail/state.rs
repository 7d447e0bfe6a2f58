//! The world with all that surrounds it: journal, faults, what happens later, counters.
//!
//! Everything that happens goes through `State::record`, which writes it down and applies it. What concerns a mailbox
//! is told to whoever watches it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::api::request::Request;
use super::api::upload::Upload;
use super::change::Change;
use super::config::{CallChaos, Config, PushChaos};
use super::faults::FaultBook;
use super::mailbox::{Mailbox, Record};
use super::meter::Meter;
use super::post::{Bounce, Carried};
use super::world::World;
use super::{api, people};
use crate::dice::Dice;
use crate::journal::Journal;

/// The widest step between two numbers of a mailbox's history.
const HISTORY_STEP: i64 = 40;

/// How often the trash is looked through.
const SWEEP_EVERY_MICROS: i64 = 3_600_000_000;

pub struct State {
    /// How often calls and pushes go wrong by themselves, from the configuration at first.
    pub call_chaos: CallChaos,
    pub push_chaos: PushChaos,
    pub config: Arc<Config>,
    pub world: World,
    pub faults: FaultBook,
    /// How often each method took effect.
    pub calls: BTreeMap<String, u64>,
    pub meter: Meter,
    pub uploads: BTreeMap<String, Upload>,
    /// When each mailbox was last told of.
    pub told: BTreeMap<String, i64>,
    /// The push that waits for its follower, to be told after it.
    pub held: Option<u64>,
    /// The pushes queued since somebody last asked.
    pub caused: Vec<u64>,
    /// Pushes that were never told, because there was more than one in a second.
    pub crowded_out: u64,
    /// Counts what is given out only once, such as attachment ids.
    pub given: u64,
    /// When the trash was last looked through.
    swept_micros: i64,
    dice: Dice,
    later: BTreeMap<(i64, u64), Later>,
    later_count: u64,
    journal: Option<Journal>,
}

/// What happens at a later time.
pub enum Later {
    /// A call whose answer was lost takes effect.
    Call(Box<Request>),
    /// A mail arrives.
    Arrive(Box<Carried>),
    /// A mail comes back.
    Bounce(Box<Bounce>),
    /// Somebody writes something, and the next one after that.
    Chatter,
    /// Somebody answers a mail in their mailbox.
    Reply { mailbox: String, message: String },
}

impl State {
    pub fn open(config: Arc<Config>, now_micros: i64) -> io::Result<State> {
        let (journal, past): (_, Vec<Change>) = match &config.journal {
            Some(folder) => {
                let (journal, past) = Journal::open(folder, "gmail.jsonl")?;
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
            calls: BTreeMap::new(),
            meter: Meter::new(config.quota),
            uploads: BTreeMap::new(),
            told: BTreeMap::new(),
            held: None,
            caused: Vec::new(),
            crowded_out: 0,
            given: 0,
            swept_micros: now_micros,
            dice,
            later: BTreeMap::new(),
            later_count: 0,
            journal,
            call_chaos: config.call_chaos.clone(),
            push_chaos: config.push_chaos.clone(),
            config: Arc::clone(&config),
        };
        if past.is_empty() {
            state.record(Change::Seeded { seed: config.seed, size: config.world.clone(), at_micros: now_micros });
        }
        for subscription in &config.app.subscriptions {
            if state.world.subscriptions.get(&subscription.name) != Some(subscription) {
                state.record(Change::SubscriptionPut { subscription: subscription.clone() });
            }
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

    /// Lets happen what was to happen until now.
    pub fn run_later(&mut self, now_micros: i64) {
        while let Some(entry) = self.later.first_entry() {
            let due_micros = entry.key().0;
            if due_micros > now_micros {
                break;
            }
            match entry.remove() {
                Later::Call(request) => {
                    // Nobody hears what came of it.
                    let _ = api::take_effect(self, now_micros, &request);
                }
                Later::Arrive(carried) => self.arrive(due_micros, &carried),
                Later::Bounce(bounce) => self.bounce(due_micros, &bounce),
                Later::Chatter => {
                    people::chat(self, now_micros);
                    let pause = people::CHATTER_EVERY_MICROS / 2 + self.below(people::CHATTER_EVERY_MICROS);
                    self.schedule_in(now_micros, pause, Later::Chatter);
                }
                Later::Reply { mailbox, message } => people::reply(self, now_micros, &mailbox, &message),
            }
        }
        self.forget(now_micros);
        self.empty_trash(now_micros);
    }

    /// Lets the lost calls take effect that were to do so later, without waiting for their time.
    pub fn run_late_calls(&mut self, now_micros: i64) {
        let (calls, others) =
            std::mem::take(&mut self.later).into_iter().partition(|(_, later)| matches!(later, Later::Call(_)));
        self.later = others;
        let calls: BTreeMap<_, _> = calls;
        for later in calls.into_values() {
            if let Later::Call(request) = later {
                let _ = api::take_effect(self, now_micros, &request);
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

    /// What has been in the trash or spam for long is deleted for good.
    fn empty_trash(&mut self, now_micros: i64) {
        if now_micros < self.swept_micros + SWEEP_EVERY_MICROS {
            return;
        }
        self.swept_micros = now_micros;
        let oldest = now_micros - micros(self.config.trash_life);
        let stale = |mailbox: &Mailbox| -> Vec<String> {
            let away = mailbox.messages.values().filter(|message| message.away_micros.is_some_and(|at| at < oldest));
            away.map(|message| message.id.clone()).collect()
        };
        let found: Vec<_> = self.world.mailboxes.iter().map(|(address, held)| (address.clone(), stale(held))).collect();
        for (mailbox, ids) in found.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            self.purge(now_micros, &mailbox, &ids);
        }
    }

    /// History records that are too old are no longer kept.
    fn forget(&mut self, now_micros: i64) {
        let oldest = now_micros - micros(self.config.history_life);
        let stale = |records: &VecDeque<Record>| {
            records.iter().take_while(|record| record.at_micros < oldest).last().map(|record| record.id)
        };
        let found: Vec<(String, u64)> = self
            .world
            .mailboxes
            .iter()
            .filter_map(|(address, mailbox)| Some((address.clone(), stale(&mailbox.records)?)))
            .collect();
        for (mailbox, up_to) in found {
            self.record(Change::HistoryForgotten { mailbox, up_to });
        }
    }

    /// The next number of a mailbox's history. They rise in steps that say nothing.
    pub fn next_history(&mut self, mailbox: &str) -> u64 {
        let step = 1 + self.below(HISTORY_STEP).unsigned_abs();
        self.world.mailbox(mailbox).map_or(0, |mailbox| mailbox.history_id) + step
    }

    /// A message id that a mailbox has not given before: the time in its upper bits.
    pub fn next_message_id(&mut self, mailbox: &str, now_micros: i64) -> String {
        let mut id = (now_micros / 1000).unsigned_abs() << 20 | self.below(1 << 20).unsigned_abs();
        let held = self.world.mailbox(mailbox);
        let taken = |id: &str| held.is_some_and(|held| held.messages.contains_key(id) || held.threads.contains_key(id));
        while taken(&format!("{id:x}")) {
            id += 1;
        }
        format!("{id:x}")
    }

    /// A number from 0 up to, not including, `limit`.
    pub fn below(&mut self, limit: i64) -> i64 {
        self.dice.below(limit)
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.dice.chance(probability)
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        self.dice.pick(items)
    }

    /// Letters that this world has not given before. `label` tells those of the same moment apart.
    pub fn new_letters(&self, label: &str, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut out = String::new();
        let mut round = 0;
        while out.len() < length {
            let digest =
                Sha256::digest(format!("{}:{}:{}:{round}:{label}", self.world.seed, self.world.serial, self.given));
            out.extend(digest.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])));
            round += 1;
        }
        out.truncate(length);
        out
    }

    /// The next of the numbers that are given out once.
    pub fn next_given(&mut self) -> u64 {
        self.given += 1;
        self.given
    }
}

pub fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

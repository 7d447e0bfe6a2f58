//! One simulated world: Slack and its people, in some of them mail as well, customers, servers on one store, and fate.

use crate::files::MemoryFiles;
use crate::{
    Plan, Report,
    asks::Asks,
    chance::Chance,
    check::Seen,
    executor::Executor,
    flights::Flight,
    given::SimClock,
    mail::Mail,
    slack::{call_chaos, config, event_chaos},
};
use engine::Engine;
use model::{
    customer::CustomerId,
    id::{ConnectionId, Integration},
    time::Timestamp,
    world::Clock,
};
use sandbox::slack::{CallChaos, EventChaos, Slack};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use store::memory::{Memory, MemoryIndex};

/// Every kind of fault. A batch of runs in which one never fired proves nothing of it.
pub const FAULTS: &[&str] = &[
    "answer_lost",
    "answer_lost_late",
    "call_lost",
    "rate_limited",
    "server_error",
    "token_expired",
    "slow_call",
    "event_duplicate",
    "event_duplicate_new_id",
    "event_late",
    "event_reordered",
    "event_before_answer",
    "delivery_failed",
    "server_killed",
    "server_paused",
    "long_outage",
    "event_dropped",
    "power_failed",
    "index_lost",
    "disk_full",
    "limits_bite",
    "intake_full",
    "outbox_full",
    "clock_skewed",
    "socket_lost",
    "acknowledgement_lost",
    "killed_before_acknowledging",
    "socket_goodbye",
    "sockets_crowded",
];

/// When a simulated world begins: 2026-01-05.
const BEGIN_MICROS: i64 = 1_767_600_000_000_000;
/// How many lines of what happened last are kept.
const TRACE_LINES: usize = 120;
pub const REDIRECT: &str = "https://bothways.invalid/oauth/callback";

pub type Shared<T> = Arc<Mutex<T>>;

pub fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A customer, with the person that they are at one platform.
#[derive(Clone, Debug)]
pub struct Party {
    pub customer: CustomerId,
    pub integration: Integration,
    /// Their id at Slack, or their address.
    pub user: String,
    pub connection: ConnectionId,
    /// They allowed the app with a token of their own.
    pub own_token: bool,
    /// When they asked to be erased, by a server's clock.
    pub left_at: Option<Timestamp>,
}

/// A server process.
pub struct Server {
    pub engine: Option<Engine>,
    /// When a server that is down comes back, or one that stands still goes on.
    pub back_at: Timestamp,
    pub paused: bool,
}

pub struct World {
    pub plan: Plan,
    pub chance: Arc<Chance>,
    pub micros: Arc<AtomicI64>,
    pub clock: Arc<SimClock>,
    pub memory: Arc<Memory>,
    pub index: Arc<MemoryIndex>,
    pub files: MemoryFiles,
    pub slack: Slack,
    pub mail: Option<Mail>,
    pub executor: Executor,
    pub servers: Vec<Server>,
    /// Who is connected to Slack.
    pub parties: Vec<Party>,
    /// Who asked to be erased.
    pub leaving: Vec<Party>,
    pub flights: Vec<Flight>,
    pub asks: Shared<Asks>,
    pub seen: Seen,
    pub wrong: Shared<Vec<String>>,
    pub report: Report,
    pub calm: bool,
    /// Since when all goes well, by a server's clock.
    pub recovered_at: Timestamp,
    pub texts: u64,
    pub may_fail: Arc<AtomicBool>,
    pub slow: Arc<AtomicU64>,
    pub filled: Arc<AtomicU64>,
    pub held_off: Arc<AtomicU64>,
    /// How often too much waited here already, by what was full, and sockets broke, by how.
    pub turned_away: Shared<BTreeMap<&'static str, u64>>,
    /// When servers open sockets again.
    pub socket_waits: Shared<Vec<Timestamp>>,
    pub started: u64,
    pub seed: u64,
    trace: VecDeque<String>,
    pub server_clock: Arc<SimClock>,
}

impl World {
    pub fn new(seed: u64, plan: Plan) -> Self {
        let chance = Arc::new(Chance::new(seed));
        let micros = Arc::new(AtomicI64::new(BEGIN_MICROS));
        let clock = Arc::new(SimClock { micros: Arc::clone(&micros), skew_micros: 0 });
        let skew_micros = if chance.one_in(3) { chance.below(40_000_000) as i64 - 20_000_000 } else { 0 };
        let server_clock = Arc::new(SimClock { micros: Arc::clone(&micros), skew_micros });
        let slack = Slack::new(config(seed), Arc::clone(&clock) as Arc<dyn sandbox::clock::Clock>);
        let mail = Mail::of(seed, &clock);
        let count = 1 + chance.below(2);
        let down = || Server { engine: None, back_at: Timestamp::default(), paused: false };
        let mut world = Self {
            plan,
            chance,
            micros,
            clock,
            memory: Arc::new(Memory::held_back()),
            index: Arc::default(),
            files: MemoryFiles::default(),
            slack,
            mail,
            executor: Executor::default(),
            servers: (0..count).map(|_| down()).collect(),
            parties: Vec::new(),
            leaving: Vec::new(),
            flights: Vec::new(),
            asks: Arc::default(),
            seen: Seen::default(),
            wrong: Arc::default(),
            report: Report::default(),
            calm: true,
            recovered_at: Timestamp::default(),
            texts: 0,
            may_fail: Arc::new(AtomicBool::new(false)),
            slow: Arc::default(),
            filled: Arc::default(),
            held_off: Arc::default(),
            turned_away: Arc::default(),
            socket_waits: Arc::default(),
            started: 0,
            seed,
            trace: VecDeque::new(),
            server_clock,
        };
        if skew_micros != 0 {
            world.count_fault("clock_skewed");
        }
        world
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, span: Duration) {
        self.micros.fetch_add(i64::try_from(span.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }

    /// Syncs the store; with it the index, which knows of nothing that the store could still lose.
    pub fn sync(&self) {
        self.memory.sync();
        self.index.sync();
    }

    pub fn say(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{} {}", self.now(), line());
        if self.plan.loud {
            println!("{line}");
        }
        self.trace.push_back(line);
        if self.trace.len() > TRACE_LINES {
            self.trace.pop_front();
        }
    }

    pub fn trace(&self) -> Vec<String> {
        self.trace.iter().cloned().collect()
    }

    pub fn count_fault(&mut self, kind: &str) {
        *self.report.faults.entry(kind.to_owned()).or_default() += 1;
    }

    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        report.steps = self.executor.steps;
        for (kind, count) in self.slack.faults().fired() {
            *report.faults.entry(kind.to_string()).or_default() += count;
        }
        report.faults.extend(self.mail_faults());
        for (kind, count) in lock(&self.turned_away).iter() {
            *report.faults.entry((*kind).to_owned()).or_default() += count;
        }
        for (kind, count) in [("slow_call", &self.slow), ("disk_full", &self.filled), ("limits_bite", &self.held_off)] {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                *report.faults.entry(kind.to_owned()).or_default() += count;
            }
        }
        report
    }

    /// Turns faults on or off.
    pub fn set_calm(&mut self, calm: bool) {
        self.calm = calm;
        self.may_fail.store(!calm, Ordering::Relaxed);
        self.slack.set_chaos(
            if calm { CallChaos::default() } else { call_chaos(self.seed) },
            if calm { EventChaos::default() } else { event_chaos() },
        );
        self.set_mail_calm(calm);
    }

    /// Whoever is connected, at any platform.
    pub fn everybody(&self) -> Vec<Party> {
        self.parties.iter().chain(self.mail.iter().flat_map(|mail| &mail.parties)).cloned().collect()
    }

    /// How many were ever connected to a platform.
    pub fn everybody_ever(&self, integration: &Integration) -> usize {
        let all = self.everybody();
        all.iter().chain(&self.leaving).filter(|party| party.integration == *integration).count()
    }

    /// People, apps and fate do what they do, until all planned actions are done.
    pub fn live(&mut self) -> Result<(), String> {
        for number in 0..self.servers.len() {
            self.start(number);
        }
        self.connect_parties()?;
        self.connect_mailboxes()?;
        self.set_calm(false);
        let mut done = 0;
        while done < self.plan.actions {
            if self.chance.one_in(12) && self.act() {
                done += 1;
            }
            self.tick()?;
        }
        Ok(())
    }

    /// One step of everything that goes on by itself.
    pub fn tick(&mut self) -> Result<(), String> {
        self.pass(Duration::from_micros(self.chance.below(6_000) as u64));
        // Time flies mostly when Slack waits for no answer: it does not wait for long.
        if !self.calm && self.chance.one_in(if self.flights.is_empty() { 500 } else { 4_000 }) {
            let longest = [2_000, 2_000, 30_000, 900_000];
            let longest = self.chance.pick(&longest).copied().unwrap_or_default();
            self.pass(Duration::from_millis(self.chance.below(longest) as u64));
        }
        self.fate();
        self.bring_back();
        self.deliver();
        self.hold_sockets();
        self.send_asks();
        self.start_turns();
        for _ in 0..=self.executor.len() / 6 {
            self.executor.step(&self.chance);
        }
        if self.chance.one_in(4) {
            self.sync();
        }
        self.check_step()
    }

    /// Ends all faults that are still going on.
    pub fn recover(&mut self) {
        self.set_calm(true);
        for server in &mut self.servers {
            server.back_at = Timestamp::default();
        }
        self.bring_back();
    }
}

pub fn integration() -> Integration {
    Integration::from("slack")
}

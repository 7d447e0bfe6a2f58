//! One simulated world: Slack and its people, customers, servers on one store, and fate.

use crate::{
    Plan, Report, acts,
    chance::Chance,
    check::Seen,
    executor::{Executor, Owner},
    pace::Paced,
    wire::Wire,
};
use engine::{Announcer, Engine, Offered, Parts, Retention, Turn};
use model::{
    connection::Sealed,
    connector::Refusal,
    customer::CustomerId,
    id::{ConnectionId, Integration},
    intake::RawRequest,
    store::Committed,
    time::Timestamp,
    world::{CannotOpen, Clock, Secret, Vault},
};
use sandbox::slack::{CallChaos, Config, Delivery, EventChaos, Outcome, Reason, Slack, WorldSize};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use store::memory::Memory;

/// Every kind of fault. A batch of runs in which one never fired proves nothing of it.
pub const FAULTS: &[&str] = &[
    "answer_lost",
    "answer_lost_late",
    "call_lost",
    "rate_limited",
    "server_error",
    "slow_call",
    "event_duplicate",
    "event_duplicate_new_id",
    "event_late",
    "event_reordered",
    "event_before_answer",
    "delivery_failed",
    "server_killed",
    "server_paused",
    "power_failed",
    "disk_full",
    "clock_skewed",
];

/// When a simulated world begins: 2026-01-05.
const BEGIN_MICROS: i64 = 1_767_600_000_000_000;
/// How long Slack waits for an answer to an event.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);
/// A signature that is older than about five minutes is refused; clocks differ a little.
const STALE_AFTER: Duration = Duration::from_secs(270);
/// How many lines of what happened last are kept.
const TRACE_LINES: usize = 120;
pub const REDIRECT: &str = "https://bothways.invalid/oauth/callback";

/// A clock that the world moves. Servers may be ahead of Slack, or behind.
pub struct SimClock {
    micros: Arc<AtomicI64>,
    skew_micros: i64,
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
struct PlainVault;

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
struct Checking {
    memory: Arc<Memory>,
    wrong: Shared<Vec<String>>,
}

impl Announcer for Checking {
    fn committed(&self, customer: &CustomerId, committed: &Committed) {
        let Some(last) = committed.events.last() else { return };
        let synced = self.memory.synced_events();
        if !synced.iter().any(|event| event.customer_id == *customer && event.seq == last.seq && event == last) {
            lock(&self.wrong).push(format!("P1: event {} of {customer} was announced before it was synced", last.seq));
        }
    }

    fn work(&self) {}
}

pub type Shared<T> = Arc<Mutex<T>>;

pub fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A customer, with the person that they are at Slack.
#[derive(Clone, Debug)]
pub struct Party {
    pub customer: CustomerId,
    pub user: String,
    pub connection: ConnectionId,
}

/// A server process.
pub struct Server {
    pub engine: Option<Engine>,
    /// When a server that is down comes back, or one that stands still goes on.
    pub back_at: Timestamp,
    pub paused: bool,
}

/// An event that is on its way to a server.
pub struct Flight {
    pub delivery: Delivery,
    pub owner: Owner,
    pub since: Timestamp,
    pub landed: Shared<Option<bool>>,
}

pub struct World {
    pub plan: Plan,
    pub chance: Arc<Chance>,
    pub micros: Arc<AtomicI64>,
    pub clock: Arc<SimClock>,
    pub memory: Arc<Memory>,
    pub slack: Slack,
    pub executor: Executor,
    pub servers: Vec<Server>,
    pub parties: Vec<Party>,
    pub flights: Vec<Flight>,
    pub asks: Shared<acts::Asks>,
    pub seen: Seen,
    pub wrong: Shared<Vec<String>>,
    pub report: Report,
    pub calm: bool,
    pub texts: u64,
    may_fail: Arc<AtomicBool>,
    slow: Arc<AtomicU64>,
    filled: Arc<AtomicU64>,
    started: u64,
    seed: u64,
    trace: VecDeque<String>,
    server_clock: Arc<SimClock>,
}

impl World {
    pub fn new(seed: u64, plan: Plan) -> Self {
        let chance = Arc::new(Chance::new(seed));
        let micros = Arc::new(AtomicI64::new(BEGIN_MICROS));
        let clock = Arc::new(SimClock { micros: Arc::clone(&micros), skew_micros: 0 });
        let skew_micros = if chance.one_in(3) { chance.below(40_000_000) as i64 - 20_000_000 } else { 0 };
        let server_clock = Arc::new(SimClock { micros: Arc::clone(&micros), skew_micros });
        let slack = Slack::new(config(seed), Arc::clone(&clock) as Arc<dyn sandbox::clock::Clock>);
        let count = 1 + chance.below(2);
        let down = || Server { engine: None, back_at: Timestamp::default(), paused: false };
        let mut world = Self {
            plan,
            chance,
            micros,
            clock,
            memory: Arc::new(Memory::held_back()),
            slack,
            executor: Executor::default(),
            servers: (0..count).map(|_| down()).collect(),
            parties: Vec::new(),
            flights: Vec::new(),
            asks: Arc::default(),
            seen: Seen::default(),
            wrong: Arc::default(),
            report: Report::default(),
            calm: true,
            texts: 0,
            may_fail: Arc::new(AtomicBool::new(false)),
            slow: Arc::default(),
            filled: Arc::default(),
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
        for (kind, count) in [("slow_call", &self.slow), ("disk_full", &self.filled)] {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                *report.faults.entry(kind.to_owned()).or_default() += count;
            }
        }
        report
    }

    /// Starts a server process on the common store. It knows nothing but what is stored.
    pub fn start(&mut self, number: usize) {
        self.started += 1;
        let chance = Arc::new(Chance::new(self.seed.wrapping_mul(1_000).wrapping_add(self.started)));
        let offered = Offered {
            connector: Arc::new(connectors::slack::Slack),
            settings: self.settings(),
            http: Arc::new(Wire {
                router: self.slack.router(),
                clock: Arc::clone(&self.server_clock),
                chance: Arc::clone(&chance),
                may_fail: Arc::clone(&self.may_fail),
                slow: Arc::clone(&self.slow),
            }),
        };
        let store = Paced {
            memory: Arc::clone(&self.memory),
            chance: Arc::clone(&chance),
            may_fill: Arc::clone(&self.may_fail),
            filled: Arc::clone(&self.filled),
        };
        let announcer = Checking { memory: Arc::clone(&self.memory), wrong: Arc::clone(&self.wrong) };
        self.servers[number] = Server {
            engine: Some(Engine::new(Parts {
                store: Arc::new(store),
                clock: Arc::clone(&self.server_clock) as Arc<dyn Clock>,
                random: chance,
                vault: Arc::new(PlainVault),
                announcer: Arc::new(announcer),
                integrations: BTreeMap::from([(integration(), offered)]),
                retention: Retention::default(),
                holder: format!("server-{number}-{}", self.started),
            })),
            back_at: Timestamp::default(),
            paused: false,
        };
    }

    fn settings(&self) -> model::connector::Settings {
        let app = &self.slack.config().app;
        let values = [
            ("client_id", app.client_id.as_str()),
            ("client_secret", app.client_secret.as_str()),
            ("signing_secret", app.signing_secret.as_str()),
            ("base_url", "http://slack.invalid"),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), Secret(value.to_owned())));
        model::connector::Settings { values: values.into_iter().collect() }
    }

    /// A server that is up, if there is one.
    pub fn any_server(&self) -> Option<(Owner, Engine)> {
        let up = |(number, server): (usize, &Server)| Some((Owner(number), server.engine.clone()?, server.paused));
        let up: Vec<_> = self.servers.iter().enumerate().filter_map(up).filter(|(_, _, paused)| !paused).collect();
        self.chance.pick(&up).map(|(owner, engine, _)| (*owner, engine.clone()))
    }

    /// Turns faults on or off.
    pub fn set_calm(&mut self, calm: bool) {
        self.calm = calm;
        self.may_fail.store(!calm, Ordering::Relaxed);
        self.slack.set_chaos(if calm { CallChaos::default() } else { call_chaos() }, if calm { EventChaos::default() } else { event_chaos() });
    }

    /// People, apps and fate do what they do, until all planned actions are done.
    pub fn live(&mut self) -> Result<(), String> {
        for number in 0..self.servers.len() {
            self.start(number);
        }
        self.connect_parties()?;
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
        self.send_asks();
        self.start_turns();
        for _ in 0..=self.executor.len() / 6 {
            self.executor.step(&self.chance);
        }
        if self.chance.one_in(4) {
            self.memory.sync();
        }
        self.check_step()
    }

    /// Begins turns of the loops, as a server's tasks do.
    fn start_turns(&mut self) {
        let Some((owner, engine)) = self.any_server() else { return };
        let turns = ["route", "read", "import", "outbound", "upkeep"];
        let Some(name) = self.chance.pick(&turns).copied() else { return };
        if self.executor.count(owner, name) >= 2 {
            return;
        }
        self.executor.spawn(owner, name, async move {
            let turned = match name {
                "route" => engine.route_turn().await,
                "read" => engine.read_turn().await,
                "import" => engine.import_turn().await,
                "outbound" => engine.outbound_turn().await,
                _ => engine.upkeep_turn().await,
            };
            // What a turn could not do now, it finds again: the store was full, or somebody was faster.
            let _: Result<Turn, engine::EngineError> = turned;
        });
    }

    /// Slack brings its events, to whichever server answers.
    fn deliver(&mut self) {
        let mut flying = Vec::new();
        for flight in std::mem::take(&mut self.flights) {
            let landed = *lock(&flight.landed);
            match landed {
                Some(true) => self.slack.delivered(&flight.delivery, Outcome::Acked),
                Some(false) => self.fail_delivery(&flight.delivery, Reason::HttpError),
                None if self.now().since(flight.since) > DELIVERY_TIMEOUT => {
                    self.fail_delivery(&flight.delivery, Reason::HttpTimeout);
                }
                None => flying.push(flight),
            }
        }
        self.flights = flying;
        if self.flights.len() < 8 && (self.calm || self.chance.one_in(3)) {
            for delivery in self.slack.take_due() {
                self.fly(delivery);
            }
        }
    }

    pub fn fail_delivery(&mut self, delivery: &Delivery, reason: Reason) {
        self.count_fault("delivery_failed");
        self.slack.delivered(delivery, Outcome::Failed(reason));
    }

    fn fly(&mut self, delivery: Delivery) {
        let Some((owner, engine)) = self.any_server() else {
            return self.fail_delivery(&delivery, Reason::ConnectionFailed);
        };
        let landed = Arc::new(Mutex::new(None));
        let (outcome, memory, wrong) = (Arc::clone(&landed), Arc::clone(&self.memory), Arc::clone(&self.wrong));
        let request = RawRequest {
            headers: delivery.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
            body: delivery.body.clone().into(),
            received_at: self.server_clock.now(),
        };
        let body = request.body.clone();
        let (clock, since) = (Arc::clone(&self.server_clock), self.server_clock.now());
        // A server that stood still for so long rightly takes the signature for an old one.
        let stale = move || clock.now().since(since) > STALE_AFTER;
        self.flights.push(Flight { delivery, owner, since: self.now(), landed });
        self.executor.spawn(owner, "admit", async move {
            match engine.admit(&integration(), request).await {
                Ok(engine::Admitted::Kept) => {
                    if !memory.synced_intakes().iter().any(|intake| intake.request.body == body) {
                        lock(&wrong).push("P1: a webhook was answered before it was on disk".to_owned());
                    }
                    *lock(&outcome) = Some(true);
                }
                Ok(engine::Admitted::Refused(Refusal::Untrusted)) if stale() => *lock(&outcome) = Some(false),
                Ok(other) => {
                    lock(&wrong).push(format!("a signed event was not kept: {other:?}"));
                    *lock(&outcome) = Some(false);
                }
                Err(_) => *lock(&outcome) = Some(false), // No room: Slack tells it again.
            }
        });
    }

    /// Fate: servers die, stand still, or lose their power together.
    fn fate(&mut self) {
        if self.calm || !self.chance.one_in(600) {
            return;
        }
        let number = self.chance.below(self.servers.len());
        match self.chance.below(5) {
            0 | 1 => self.kill(number),
            2 | 3 => self.stand_still(number),
            _ => {
                for number in 0..self.servers.len() {
                    self.kill(number);
                }
                self.memory.power_failure();
                self.count_fault("power_failed");
                self.say(|| "the power failed".to_owned());
            }
        }
    }

    pub fn kill(&mut self, number: usize) {
        if self.servers[number].engine.take().is_none() {
            return;
        }
        let owner = Owner(number);
        self.executor.kill(owner);
        self.servers[number].paused = false;
        self.servers[number].back_at = self.now() + Duration::from_millis(self.chance.below(20_000) as u64);
        let (lost, flying) = std::mem::take(&mut self.flights).into_iter().partition(|flight| flight.owner == owner);
        self.flights = flying;
        let lost: Vec<Flight> = lost;
        for flight in lost {
            // The answer may have left just before the end.
            match *lock(&flight.landed) {
                Some(true) => self.slack.delivered(&flight.delivery, Outcome::Acked),
                Some(false) | None => self.fail_delivery(&flight.delivery, Reason::ConnectionFailed),
            }
        }
        lock(&self.asks).lost(owner);
        self.count_fault("server_killed");
        self.say(|| format!("server {number} was killed"));
    }

    fn stand_still(&mut self, number: usize) {
        if self.servers[number].engine.is_none() || self.servers[number].paused {
            return;
        }
        self.executor.pause(Owner(number));
        self.servers[number].paused = true;
        self.servers[number].back_at = self.now() + Duration::from_millis(self.chance.below(90_000) as u64);
        self.count_fault("server_paused");
        self.say(|| format!("server {number} stands still"));
    }

    fn bring_back(&mut self) {
        for number in 0..self.servers.len() {
            if self.servers[number].back_at > self.now() {
                continue;
            }
            if self.servers[number].engine.is_none() {
                self.start(number);
                self.say(|| format!("server {number} is up"));
            } else if self.servers[number].paused {
                self.executor.resume(Owner(number));
                self.servers[number].paused = false;
                self.say(|| format!("server {number} goes on"));
            }
        }
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

fn config(seed: u64) -> Config {
    let mut config = Config {
        seed,
        world: WorldSize {
            workspaces: 1,
            people: 4,
            bots: 0,
            public_channels: 2,
            private_channels: 2,
            direct_chats: 3,
            group_chats: 0,
            messages_per_channel: 6,
            messages_per_chat: 3,
            threads_per_channel: 1,
            replies_per_thread: 3,
            days: 3,
        },
        history_page_max: 4,
        ..Config::default()
    };
    config.app.events_url = Some("https://bothways.invalid/hooks/slack".to_owned());
    config
}

fn call_chaos() -> CallChaos {
    CallChaos {
        answer_lost: 0.04,
        answer_lost_late: 0.03,
        late_max_micros: 20_000_000,
        call_lost: 0.02,
        rate_limited: 0.02,
        retry_after_secs: 7,
        server_error: 0.02,
    }
}

fn event_chaos() -> EventChaos {
    EventChaos {
        duplicate_same: 0.1,
        duplicate_new: 0.1,
        late: 0.15,
        delay_max_micros: 90_000_000,
        reorder: 0.15,
        drop: 0.0,
        before_answer: 0.3,
    }
}

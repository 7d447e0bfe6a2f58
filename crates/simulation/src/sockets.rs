//! Sockets between a server and the emulated Slack, without a socket: what they bring, and how they break.

use crate::{
    chance::Chance,
    executor::{Owner, pause},
    flights::turned_away,
    given::SimClock,
    world::{Shared, World, integration, lock},
};
use async_trait::async_trait;
use bytes::Bytes;
use engine::{Engine, EngineError, Taken};
use model::{
    http::HttpError,
    sockets::{Socket, SocketAddress, SocketError, Sockets},
    time::Timestamp,
    world::Clock,
};
use sandbox::slack::{Goodbye, MOST_SOCKETS, Slack};
use serde_json::{Value, value::RawValue};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use store::memory::Memory;

/// How many sockets each server holds.
const HELD: usize = 2;
/// A silent socket is taken for dead after so long.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);
/// How many steps others may take while an acknowledgement leaves.
const LONGEST_SEND: usize = 12;
/// The pause before another socket is opened.
const REST: Duration = Duration::from_secs(1);

/// Whether Slack brings its events through sockets in the world of this seed.
pub fn listens(seed: u64) -> bool {
    seed % 5 == 1 || seed % 5 == 3
}

/// The sockets of one server.
pub struct VirtualSockets(pub Arc<Wires>);

/// What all sockets of one server go through.
pub struct Wires {
    pub slack: Slack,
    pub clock: Arc<SimClock>,
    pub server_clock: Arc<SimClock>,
    pub chance: Arc<Chance>,
    pub may_fail: Arc<AtomicBool>,
    pub memory: Arc<Memory>,
    pub faults: Shared<BTreeMap<&'static str, u64>>,
    pub wrong: Shared<Vec<String>>,
}

#[async_trait]
impl Sockets for VirtualSockets {
    async fn open(&self, address: &SocketAddress, deadline: Timestamp) -> Result<Box<dyn Socket>, HttpError> {
        pause().await;
        let wires = &self.0;
        if wires.server_clock.now() >= deadline {
            return Err(HttpError::NotSent("the deadline has passed".to_owned()));
        }
        let ticket = address.0.0.split_once("ticket=").and_then(|(_, rest)| rest.split('&').next()).unwrap_or_default();
        let line = wires.slack.open_socket(ticket, false).map_err(|error| HttpError::Broken(error.to_owned()))?;
        let (wires, inbox, bodies) = (Arc::clone(wires), VecDeque::new(), BTreeMap::new());
        Ok(Box::new(Line { wires, line, inbox, bodies, dead_since: None, closed: false }))
    }
}

/// One socket.
struct Line {
    wires: Arc<Wires>,
    line: u64,
    inbox: VecDeque<String>,
    /// What each envelope holds, to see whether it is on disk when it is acknowledged.
    bodies: BTreeMap<String, Bytes>,
    dead_since: Option<Timestamp>,
    closed: bool,
}

impl Line {
    fn happens(&self, fault: &'static str, once_in: usize) -> bool {
        let happens = self.wires.may_fail.load(Ordering::Relaxed) && self.wires.chance.one_in(once_in);
        if happens {
            *lock(&self.wires.faults).entry(fault).or_default() += 1;
        }
        happens
    }

    /// Nothing passes any more, and neither side is told.
    fn die(&mut self) {
        self.wires.slack.lose_socket(self.line);
        self.dead_since = Some(self.wires.clock.now());
    }

    fn remember(&mut self, frame: &str) {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(frame).unwrap_or_default();
        let envelope = fields.get("envelope_id").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
        if let (Some(envelope), Some(payload)) = (envelope, fields.get("payload")) {
            self.bodies.insert(envelope, Bytes::from(payload.get().to_owned()));
        }
    }
}

#[async_trait]
impl Socket for Line {
    async fn next(&mut self) -> Result<Bytes, SocketError> {
        loop {
            pause().await;
            if let Some(frame) = self.inbox.pop_front() {
                self.remember(&frame);
                return Ok(Bytes::from(frame));
            }
            if let Some(since) = self.dead_since {
                if self.wires.clock.now().since(since) >= SILENT_AT_MOST {
                    return Err(SocketError::Silent);
                }
                continue;
            }
            if self.happens("socket_lost", 1_000) {
                self.die();
                continue;
            }
            let outgoing = self.wires.slack.take_frames(self.line);
            self.inbox.extend(outgoing.frames);
            if outgoing.closed && self.inbox.is_empty() {
                self.closed = true;
                return Err(SocketError::Closed);
            }
        }
    }

    async fn send(&mut self, frame: Bytes) -> Result<(), SocketError> {
        let cut_off = CutOff(&self.wires.faults);
        for _ in 0..=self.wires.chance.below(LONGEST_SEND) {
            pause().await;
        }
        std::mem::forget(cut_off);
        let text = String::from_utf8_lossy(&frame).into_owned();
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let body = said["envelope_id"].as_str().and_then(|envelope| self.bodies.remove(envelope));
        let kept = |body: &Bytes| self.wires.memory.synced_intakes().iter().any(|held| held.request.body == *body);
        if !body.is_some_and(|body| kept(&body)) {
            lock(&self.wires.wrong).push(format!("P1: {text} was sent before its news were on disk"));
        }
        if self.dead_since.is_none() && self.happens("acknowledgement_lost", 15) {
            self.die();
        }
        if self.dead_since.is_none() {
            self.wires.slack.hear_frame(&text);
        }
        Ok(())
    }

    async fn close(&mut self) {
        self.closed = true;
        self.wires.slack.close_socket(self.line);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        match self.closed || self.wires.chance.one_in(2) {
            true => self.wires.slack.close_socket(self.line),
            // A machine that lost its power says no goodbye.
            false => self.wires.slack.lose_socket(self.line),
        }
    }
}

/// Counts a server that was killed between keeping news and acknowledging them.
struct CutOff<'a>(&'a Shared<BTreeMap<&'static str, u64>>);

impl Drop for CutOff<'_> {
    fn drop(&mut self) {
        *lock(self.0).entry("killed_before_acknowledging").or_default() += 1;
    }
}

/// A time that a server waits for.
struct Wait<'a> {
    waits: &'a Shared<Vec<Timestamp>>,
    until: Timestamp,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut waits = lock(self.waits);
        if let Some(place) = waits.iter().position(|until| *until == self.until) {
            waits.remove(place);
        }
    }
}

impl World {
    /// Lets servers hold their sockets, as their tasks do.
    pub fn hold_sockets(&mut self) {
        if !listens(self.seed) {
            return;
        }
        for number in 0..self.servers.len() {
            let owner = Owner(number);
            let Some(engine) = self.servers[number].engine.clone() else { continue };
            if self.executor.count(owner, "socket") < HELD {
                let (waits, full) = (Arc::clone(&self.socket_waits), Arc::clone(&self.turned_away));
                let clock = Arc::clone(&self.clock);
                self.executor.spawn(owner, "socket", async move {
                    let until = clock.now() + attend(&engine, &full).await;
                    lock(&waits).push(until);
                    let _wait = Wait { waits: &waits, until };
                    while clock.now() < until {
                        pause().await;
                    }
                });
            }
        }
    }

    /// Fate of sockets: Slack ends them, or others of the app take all the room.
    pub fn end_sockets(&mut self) {
        if self.chance.one_in(4) {
            self.slack.crowd_sockets(MOST_SOCKETS);
            self.count_fault("sockets_crowded");
            return self.say(|| "others of the app hold all sockets".to_owned());
        }
        let why = if self.chance.one_in(2) { Goodbye::Warning } else { Goodbye::RefreshRequested };
        self.slack.end_sockets(why);
        self.count_fault("socket_goodbye");
        self.say(|| format!("Slack ends all sockets: {why:?}"));
    }
}

/// One socket, from its opening to its end. How long to wait before the next one.
async fn attend(engine: &Engine, full: &Shared<BTreeMap<&'static str, u64>>) -> Duration {
    let mut ear = match engine.open_socket(&integration()).await {
        Ok(ear) => ear,
        Err(EngineError::Busy(after)) => return after.max(REST),
        Err(_) => return REST,
    };
    while let Ok(frame) = ear.next().await {
        match engine.take_frame(&integration(), &mut ear, frame).await {
            Ok(Taken::Welcomed | Taken::Kept | Taken::Ignored | Taken::Closing) => {}
            Ok(Taken::Unacknowledged | Taken::Crowded | Taken::Stopped) => break,
            Err(error) => turned_away(full, &error), // It comes again.
        }
    }
    ear.close().await;
    REST
}

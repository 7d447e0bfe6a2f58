//! Socket Mode: events go through sockets that the app opened, in place of requests to its address.
//!
//! A state machine without a clock or a socket of its own, so that a test or a simulation can turn it; `link`
//! puts it on a port. Each event goes to one of the sockets, by chance, and comes again, perhaps on another one,
//! if it is not acknowledged in time. Where no socket is open, it is tried again as often as an event whose
//! address does not answer; Slack's documentation says nothing of that case.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::acts::Refusal;
use super::api::{Call, Refused};
use super::change::Change;
use super::delivery::{Outcome, Reason};
use super::state::State;

/// How many sockets an app may have open.
pub const MOST_SOCKETS: usize = 10;
/// How long the app may take to acknowledge an event.
const ACKNOWLEDGE_WITHIN_MICROS: i64 = 3_000_000;
/// How long a ticket is good; it must be used at once.
const TICKET_LIFE_MICROS: i64 = 30_000_000;
/// How long a socket lives, and how long where the app asks for it to try out what comes then.
const LIFE_SECS: i64 = 18_060;
const DEBUG_LIFE_SECS: i64 = 360;
/// How long before its end a socket is told of it.
const WARNED_BEFORE_MICROS: i64 = 10_000_000;
/// How long it takes until it is noticed that nobody is there any more.
const LOST_AFTER_MICROS: i64 = 60_000_000;

/// Why Slack ends a socket, as it says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goodbye {
    /// It will be closed in a moment.
    Warning,
    /// It is closed now, and another one can be opened.
    RefreshRequested,
    /// Socket Mode was switched off.
    LinkDisabled,
    TooManyWebsockets,
}

impl Goodbye {
    fn as_str(self) -> &'static str {
        match self {
            Goodbye::Warning => "warning",
            Goodbye::RefreshRequested => "refresh_requested",
            Goodbye::LinkDisabled => "link_disabled",
            Goodbye::TooManyWebsockets => "too_many_websockets",
        }
    }
}

/// What is to be sent through a socket.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    pub frames: Vec<String>,
    /// It is closed after these.
    pub closed: bool,
}

/// The sockets of the app. They end with the program, so no journal keeps them.
#[derive(Debug, Default)]
pub struct Sockets {
    /// Tickets that nobody has used, and until when they are good.
    tickets: BTreeMap<String, i64>,
    lines: BTreeMap<u64, Line>,
    /// What waits to be acknowledged, by its envelope.
    unanswered: BTreeMap<String, Unanswered>,
    opened: u64,
    told: u64,
}

#[derive(Debug)]
struct Line {
    ends_micros: i64,
    warned: bool,
    closed: bool,
    /// Since when nobody is there any more, which Slack has not noticed yet.
    lost_micros: Option<i64>,
    frames: VecDeque<String>,
}

#[derive(Debug)]
struct Unanswered {
    event: u64,
    attempt: u32,
    until_micros: i64,
}

impl Line {
    fn say_goodbye(&mut self, why: Goodbye) {
        let debug_info = json!({ "host": "applink-sandbox" });
        let frame = json!({ "type": "disconnect", "reason": why.as_str(), "debug_info": debug_info });
        self.frames.push_back(frame.to_string());
        self.warned = true;
        self.closed |= why != Goodbye::Warning;
    }
}

/// `apps.connections.open`, with the token of the app itself.
pub fn connections_open(call: &mut Call<'_>) -> Result<Value, Refused> {
    let Some(given) = call.given.as_deref() else { return Err("not_authed".into()) };
    if given != call.state.config.app.app_token {
        let known = call.state.world.tokens.contains_key(given);
        return Err(if known { "not_allowed_token_type" } else { "invalid_auth" }.into());
    }
    let state = &mut call.state;
    state.sockets.told += 1;
    let ticket = hex::encode(&state.digest(&format!("ticket {}", state.sockets.told))[..16]);
    let url = format!("{}/link/?ticket={ticket}&app_id={}", state.config.socket_base, state.config.app.app_id);
    state.sockets.tickets.insert(ticket, call.now_micros + TICKET_LIFE_MICROS);
    Ok(json!({ "url": url }))
}

impl State {
    /// Opens a socket with a ticket, which is good once.
    pub fn open_socket(&mut self, now_micros: i64, ticket: &str, debug_reconnects: bool) -> Result<u64, Refusal> {
        self.turn_sockets(now_micros);
        self.sockets.tickets.remove(ticket).filter(|until| now_micros <= *until).ok_or("invalid_ticket")?;
        let life_secs = if debug_reconnects { DEBUG_LIFE_SECS } else { LIFE_SECS };
        let open = self.sockets_open();
        let mut line = Line {
            ends_micros: now_micros + life_secs * 1_000_000,
            warned: false,
            closed: false,
            lost_micros: None,
            frames: VecDeque::new(),
        };
        if !self.world.socket_mode {
            line.say_goodbye(Goodbye::LinkDisabled);
        } else if open >= MOST_SOCKETS {
            line.say_goodbye(Goodbye::TooManyWebsockets);
        } else {
            let hello = json!({
                "type": "hello", "num_connections": open + 1,
                "connection_info": { "app_id": self.config.app.app_id },
                "debug_info": {
                    "host": "applink-sandbox", "build_number": 1, "approximate_connection_time": life_secs,
                },
            });
            line.frames.push_back(hello.to_string());
        }
        self.sockets.opened += 1;
        self.sockets.lines.insert(self.sockets.opened, line);
        Ok(self.sockets.opened)
    }

    /// How many sockets are open, those included of which nobody has noticed that they are not.
    pub fn sockets_open(&self) -> usize {
        self.sockets.lines.values().filter(|line| !line.closed).count()
    }

    /// How many events wait to be acknowledged.
    pub fn unanswered(&self) -> usize {
        self.sockets.unanswered.len()
    }

    /// What a socket is to be sent now.
    pub fn take_frames(&mut self, now_micros: i64, line: u64) -> Outgoing {
        self.turn_sockets(now_micros);
        let Some(line) = self.sockets.lines.get_mut(&line) else {
            return Outgoing { frames: Vec::new(), closed: true };
        };
        Outgoing { frames: line.frames.drain(..).collect(), closed: line.closed }
    }

    /// The app sent a frame: it acknowledges an event, or says something that is of no use.
    pub fn hear_frame(&mut self, now_micros: i64, frame: &str) {
        self.turn_sockets(now_micros);
        let said: Value = serde_json::from_str(frame).unwrap_or_default();
        let known = said["envelope_id"].as_str().and_then(|envelope| self.sockets.unanswered.remove(envelope));
        if let Some(answered) = known {
            self.tried(now_micros, answered.event, answered.attempt, Outcome::Acked);
        }
    }

    /// A socket is closed. What was on its way comes again when its time is over.
    pub fn close_socket(&mut self, line: u64) {
        self.sockets.lines.remove(&line);
    }

    /// Nobody is at the other end any more, and nobody said so.
    pub fn lose_socket(&mut self, now_micros: i64, line: u64) {
        if let Some(line) = self.sockets.lines.get_mut(&line) {
            line.lost_micros.get_or_insert(now_micros);
        }
    }

    /// Others of the app open sockets, as many as there is room for, and are gone.
    pub fn crowd_sockets(&mut self, now_micros: i64, most: usize) {
        self.turn_sockets(now_micros);
        for _ in self.sockets_open()..most.min(MOST_SOCKETS) {
            let ends_micros = now_micros + LIFE_SECS * 1_000_000;
            let lost_micros = Some(now_micros);
            let line = Line { ends_micros, warned: false, closed: false, lost_micros, frames: VecDeque::new() };
            self.sockets.opened += 1;
            self.sockets.lines.insert(self.sockets.opened, line);
        }
    }

    /// Says goodbye on every open socket.
    pub fn end_sockets(&mut self, now_micros: i64, why: Goodbye) {
        for line in self.sockets.lines.values_mut().filter(|line| !line.closed) {
            line.ends_micros = line.ends_micros.min(now_micros + WARNED_BEFORE_MICROS);
            line.say_goodbye(why);
        }
    }

    /// Switches between sockets and the app's address.
    pub fn set_socket_mode(&mut self, now_micros: i64, on: bool) {
        self.record(Change::SocketMode { on });
        if !on {
            self.end_sockets(now_micros, Goodbye::LinkDisabled);
        }
    }

    /// Lets happen what is due: sockets end, what was not acknowledged fails, and events are handed to sockets.
    pub fn turn_sockets(&mut self, now_micros: i64) {
        self.sockets.tickets.retain(|_, until| now_micros <= *until);
        for line in self.sockets.lines.values_mut().filter(|line| !line.closed) {
            if now_micros >= line.ends_micros {
                line.say_goodbye(Goodbye::RefreshRequested);
            } else if !line.warned && now_micros >= line.ends_micros - WARNED_BEFORE_MICROS {
                line.say_goodbye(Goodbye::Warning);
            }
        }
        let gone =
            |line: &Line| line.lost_micros.is_some_and(|since| line.closed || now_micros >= since + LOST_AFTER_MICROS);
        self.sockets.lines.retain(|_, line| !gone(line));
        let late: Vec<_> = self.sockets.unanswered.iter().filter(|(_, one)| one.until_micros <= now_micros).collect();
        let late: Vec<_> = late.into_iter().map(|(envelope, _)| envelope.clone()).collect();
        for envelope in late {
            if let Some(late) = self.sockets.unanswered.remove(&envelope) {
                self.tried(now_micros, late.event, late.attempt, Outcome::Failed(Reason::Timeout));
            }
        }
        if self.world.socket_mode {
            for (_, event) in self.due(now_micros) {
                self.tell_through_a_socket(now_micros, event);
            }
        }
    }

    fn tell_through_a_socket(&mut self, now_micros: i64, id: u64) {
        let open: Vec<u64> =
            self.sockets.lines.iter().filter(|(_, line)| !line.closed).map(|(number, _)| *number).collect();
        let chosen = usize::try_from(self.below(i64::try_from(open.len()).unwrap_or(1))).unwrap_or(0);
        self.release(id);
        let Some(event) = self.world.pending.get_mut(&id) else { return };
        let attempt = event.attempt;
        let Some(line) = open.get(chosen).and_then(|number| self.sockets.lines.get_mut(number)) else {
            return self.tried(now_micros, id, attempt, Outcome::Failed(Reason::ConnectionFailed));
        };
        event.taken = true;
        self.sockets.told += 1;
        let envelope = envelope_id(self.world.seed, self.sockets.told);
        let frame = json!({
            "envelope_id": envelope, "type": "events_api", "payload": event.body, "accepts_response_payload": false,
            "retry_attempt": attempt, "retry_reason": event.retry_reason.clone().unwrap_or_default(),
        });
        line.frames.push_back(frame.to_string());
        let until_micros = now_micros + ACKNOWLEDGE_WITHIN_MICROS;
        self.sockets.unanswered.insert(envelope, Unanswered { event: id, attempt, until_micros });
    }

    /// When the next event counts as not acknowledged.
    pub fn next_unanswered_micros(&self) -> Option<i64> {
        self.sockets.unanswered.values().map(|one| one.until_micros).min()
    }

    /// When the next socket is warned, or ends.
    pub fn next_goodbye_micros(&self) -> Option<i64> {
        let next = |line: &Line| if line.warned { line.ends_micros } else { line.ends_micros - WARNED_BEFORE_MICROS };
        self.sockets.lines.values().filter(|line| !line.closed).map(next).min()
    }
}

/// A name in the form of a UUID.
fn envelope_id(seed: u64, number: u64) -> String {
    use sha2::{Digest, Sha256};
    let hex = hex::encode(Sha256::digest(format!("{seed} envelope {number}")));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

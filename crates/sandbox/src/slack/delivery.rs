//! Brings events to the app's address: envelopes, signatures, the queue and its retries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::change::Change;
use super::events::{Audience, News};
use super::faults::FaultKind;
use super::state::State;
use super::world::{Pending, Token};

/// After the first try: at once, after a minute, after five minutes. Then the event is given up.
const RETRY_AFTER_MICROS: [i64; 3] = [0, 60_000_000, 300_000_000];

/// How long an event waits for the one that is to overtake it.
const HELD_AT_MOST_MICROS: i64 = 5_000_000;

/// One attempt to bring an event to the app, signed and ready to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: u64,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// 0 for the first try, then the number of the retry.
    pub attempt: u32,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The app answered 2xx in time.
    Acked,
    Failed(Reason),
    /// The app answered with `X-Slack-No-Retry: 1`.
    NoRetry,
}

/// Why an attempt failed, as `X-Slack-Retry-Reason` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    HttpTimeout,
    TooManyRedirects,
    ConnectionFailed,
    SslError,
    HttpError,
    UnknownError,
    /// Nobody acknowledged it on its socket.
    Timeout,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::HttpTimeout => "http_timeout",
            Reason::TooManyRedirects => "too_many_redirects",
            Reason::ConnectionFailed => "connection_failed",
            Reason::SslError => "ssl_error",
            Reason::HttpError => "http_error",
            Reason::UnknownError => "unknown_error",
            Reason::Timeout => "timeout",
        }
    }
}

/// Slack's signature, version 0, over the raw body.
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

impl State {
    /// Puts an event into the queue, if anybody is to hear of it, with the faults that are due.
    pub fn queue(&mut self, now_micros: i64, mut news: News) {
        if news.at_micros == 0 {
            news.at_micros = now_micros;
        }
        let Some(url) = self.destination() else { return };
        let Some(authorization) = self.authorization(&news) else { return };
        let kind = news.event["type"].as_str().unwrap_or_default().to_owned();
        let chaos = self.event_chaos.clone();
        let mut due_micros = now_micros;
        let fault = self.event_fault(&kind);
        if matches!(fault, Some(FaultKind::EventDropped)) {
            return;
        }
        if let Some(FaultKind::EventLate { after_micros }) = fault {
            due_micros += after_micros;
        }
        let id = self.enqueue(due_micros, &url, self.envelope(&news, &authorization));
        let again = now_micros + self.below(chaos.delay_max_micros.max(1));
        match fault {
            Some(FaultKind::EventDuplicate) => {
                let same = self.world.pending[&id].body.clone();
                self.enqueue(again, &url, same);
            }
            Some(FaultKind::EventDuplicateNewId) => {
                let another = self.envelope(&news, &authorization);
                self.enqueue(again, &url, another);
            }
            _ => {}
        }
        self.release_held(due_micros);
        if matches!(fault, Some(FaultKind::EventReordered)) {
            self.postpone(id, now_micros + HELD_AT_MOST_MICROS);
            self.held = Some(id);
        }
    }

    /// The address that events go to; empty where they go through sockets.
    fn destination(&self) -> Option<String> {
        if self.world.socket_mode { Some(String::new()) } else { self.world.events_url.clone() }
    }

    /// A fault that was ordered comes first, else the dice decide.
    fn event_fault(&mut self, kind: &str) -> Option<FaultKind> {
        if let Some(fault) = self.faults.take_event(kind) {
            return Some(fault);
        }
        let chaos = self.event_chaos.clone();
        let fault = if self.chance(chaos.drop) {
            FaultKind::EventDropped
        } else if self.chance(chaos.duplicate_same) {
            FaultKind::EventDuplicate
        } else if self.chance(chaos.duplicate_new) {
            FaultKind::EventDuplicateNewId
        } else if self.chance(chaos.late) {
            FaultKind::EventLate { after_micros: self.below(chaos.delay_max_micros.max(1)) }
        } else if self.chance(chaos.reorder) {
            FaultKind::EventReordered
        } else {
            return None;
        };
        self.faults.count(&fault);
        Some(fault)
    }

    fn enqueue(&mut self, due_micros: i64, url: &str, body: Value) -> u64 {
        let id = self.world.serial;
        let event = Pending { id, due_micros, url: url.to_owned(), body, attempt: 0, retry_reason: None, taken: false };
        self.record(Change::Queued { event });
        self.caused.push(id);
        id
    }

    fn postpone(&mut self, id: u64, due_micros: i64) {
        self.record(Change::Postponed { id, due_micros, attempt: 0, reason: None });
    }

    fn release_held(&mut self, after_micros: i64) {
        if let Some(held) = self.held.take().filter(|held| self.world.pending.get(held).is_some_and(|p| !p.taken)) {
            self.postpone(held, after_micros + 1);
        }
    }

    /// The installation that an event is told for: the bot's, if it may hear of it, else a person's.
    fn authorization(&self, news: &News) -> Option<Value> {
        let app = &self.config.app;
        let subscribed = |token: &Token| if token.is_bot { &app.bot_events } else { &app.user_events };
        let told = |installation: &str, user: &str, is_bot: bool| {
            let wide = self.world.organizations.contains_key(installation);
            let organization = self.world.organization_of(installation).map(|held| held.id.as_str());
            json!({
                "enterprise_id": organization.or(wide.then_some(installation)),
                "team_id": (!wide).then_some(installation), "user_id": user, "is_bot": is_bot,
                "is_enterprise_install": wide,
            })
        };
        if let Audience::App { user } = &news.audience {
            let wanted = app.bot_events.iter().chain(&app.user_events).any(|name| *name == news.name);
            return wanted
                .then(|| told(&news.team, user, self.world.app_bot(&news.team).is_some_and(|bot| bot.user == *user)));
        }
        let mut tokens: Vec<&Token> =
            self.world.tokens.values().filter(|token| self.concerns(&token.team, news)).collect();
        tokens.sort_by_key(|token| (!token.is_bot, &token.user));
        let entitled = tokens.into_iter().find(|token| {
            !token.revoked
                && news.scope.as_ref().is_none_or(|scope| token.scopes.contains(scope))
                && subscribed(token).contains(&news.name)
                && self.may_see(&token.user, &news.audience)
        })?;
        Some(told(&entitled.team, &entitled.user, entitled.is_bot))
    }

    /// Whether news are of an installation's workspaces. Those of a shared channel are of all that see it.
    fn concerns(&self, installation: &str, news: &News) -> bool {
        let own = || self.world.workspaces_of(installation).any(|team| team.id == news.team);
        match &news.audience {
            Audience::Members { channel, .. } => {
                own() || self.world.channel(channel).is_some_and(|channel| self.world.reaches(installation, channel))
            }
            Audience::Workspace | Audience::One(_) | Audience::App { .. } => installation == news.team || own(),
        }
    }

    fn may_see(&self, user: &str, audience: &Audience) -> bool {
        match audience {
            Audience::Members { channel, and } => {
                and.as_deref() == Some(user)
                    || self.world.channel(channel).is_some_and(|channel| channel.members.contains(user))
            }
            Audience::Workspace => true,
            Audience::One(one) | Audience::App { user: one } => one == user,
        }
    }

    fn envelope(&self, news: &News, authorization: &Value) -> Value {
        let channel = match &news.audience {
            Audience::Members { channel, .. } => channel.as_str(),
            _ => "",
        };
        let context = json!({
            "et": news.event["type"], "tid": news.team, "aid": self.config.app.app_id, "cid": channel,
        });
        // The context is that of the channel's host or of the writer, whoever is told of it.
        let writer = news.event["user_team"].as_str().or(news.event["message"]["user_team"].as_str());
        let team = writer.unwrap_or(&news.team);
        let organization = self.world.organization_of(team).map(|held| held.id.as_str());
        let is_ext_shared = self.world.channel(channel).is_some_and(|channel| self.world.is_ext_shared(channel));
        json!({
            "token": "deprecated", "team_id": team, "context_team_id": team, "enterprise_id": organization,
            "context_enterprise_id": organization, "api_app_id": self.config.app.app_id, "event": news.event,
            "type": "event_callback", "event_id": self.new_id("Ev0", "event", 10),
            "event_time": news.at_micros / 1_000_000, "authorizations": [authorization],
            "is_ext_shared_channel": is_ext_shared,
            "event_context": format!("4-{}", STANDARD_NO_PAD.encode(context.to_string())),
        })
    }

    /// Asks the app's address whether it is the app's, as Slack does when the address is entered.
    pub fn challenge(&mut self, now_micros: i64) -> Option<u64> {
        let url = self.world.events_url.clone().filter(|_| !self.world.socket_mode)?;
        let challenge = self.new_id("", "challenge", 32);
        self.url_verified = None;
        let body = json!({ "token": "deprecated", "challenge": challenge, "type": "url_verification" });
        Some(self.enqueue(now_micros, &url, body))
    }

    /// Hands out what is due for the app's address, in the order in which it became due.
    pub fn take_due(&mut self, now_micros: i64) -> Vec<Delivery> {
        self.turn_sockets(now_micros);
        if self.world.socket_mode {
            return Vec::new();
        }
        self.due(now_micros).into_iter().filter_map(|(_, id)| self.take(now_micros, id)).collect()
    }

    /// What is due, in that order.
    pub fn due(&self, now_micros: i64) -> Vec<(i64, u64)> {
        let mut due: Vec<(i64, u64)> = self
            .world
            .pending
            .values()
            .filter(|event| !event.taken && event.due_micros <= now_micros)
            .map(|event| (event.due_micros, event.id))
            .collect();
        due.sort_unstable();
        due
    }

    /// An event goes on its way, so it waits for no other one.
    pub fn release(&mut self, id: u64) {
        if self.held == Some(id) {
            self.held = None;
        }
    }

    fn take(&mut self, now_micros: i64, id: u64) -> Option<Delivery> {
        self.release(id);
        let url = self.world.events_url.clone();
        let event = self.world.pending.get_mut(&id)?;
        if event.url.is_empty() {
            // It was to go through a socket, before the app chose otherwise.
            let Some(url) = url else {
                self.record(Change::Settled { id });
                return None;
            };
            event.url = url;
        }
        event.taken = true;
        let body = event.body.to_string().into_bytes();
        let timestamp = now_micros.div_euclid(1_000_000).to_string();
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("User-Agent".to_owned(), "Slackbot 1.0 (+https://api.slack.com/robots)".to_owned()),
            ("X-Slack-Signature".to_owned(), sign(&self.config.app.signing_secret, &timestamp, &body)),
            ("X-Slack-Request-Timestamp".to_owned(), timestamp),
        ];
        if event.attempt > 0 {
            headers.push(("X-Slack-Retry-Num".to_owned(), event.attempt.to_string()));
            let reason = event.retry_reason.clone().unwrap_or_else(|| "unknown_error".to_owned());
            headers.push(("X-Slack-Retry-Reason".to_owned(), reason));
        }
        Some(Delivery { id, url: event.url.clone(), headers, body, attempt: event.attempt })
    }

    pub fn next_due_micros(&self) -> Option<i64> {
        let queued = self.world.pending.values().filter(|event| !event.taken).map(|event| event.due_micros).min();
        queued.into_iter().chain(self.next_later_micros()).chain(self.next_unanswered_micros()).min()
    }

    /// Takes note of how an attempt ended; a failure is tried again until the retries are used up.
    pub fn delivered(&mut self, now_micros: i64, delivery: &Delivery, outcome: Outcome) {
        self.tried(now_micros, delivery.id, delivery.attempt, outcome);
    }

    /// The same, whichever way it was tried.
    pub fn tried(&mut self, now_micros: i64, id: u64, attempt: u32, outcome: Outcome) {
        if self.world.pending.get(&id).is_none_or(|event| event.attempt != attempt) {
            return;
        }
        let Outcome::Failed(reason) = outcome else { return self.record(Change::Settled { id }) };
        match RETRY_AFTER_MICROS.get(attempt as usize) {
            Some(after_micros) => self.record(Change::Postponed {
                id,
                due_micros: now_micros + after_micros,
                attempt: attempt + 1,
                reason: Some(reason.as_str().to_owned()),
            }),
            None => {
                self.dropped_events += 1;
                self.record(Change::Settled { id });
            }
        }
    }
}

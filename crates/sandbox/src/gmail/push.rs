//! Watches and Cloud Pub/Sub: what Gmail tells of a mailbox, and how that is pushed or pulled.
//!
//! A notice says only whose mailbox has changed and how far its history goes. At least once, in any order, and no
//! more than one in a second for each mailbox: what is more is never told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::change::Change;
use super::faults::FaultKind;
use super::keys;
use super::mailbox::{Entry, Watch};
use super::state::State;
use super::world::Parcel;
use crate::calendar::rfc3339;

const SECOND_MICROS: i64 = 1_000_000;
const WATCH_MICROS: i64 = 7 * 86_400 * SECOND_MICROS;
/// How long Pub/Sub keeps what nobody takes.
const RETENTION_MICROS: i64 = 7 * 86_400 * SECOND_MICROS;
const LONGEST_PAUSE_SECS: i64 = 600;
const TOKEN_SECS: i64 = 3_600;
/// How long a push waits for the one that is to overtake it.
const HELD_AT_MOST_MICROS: i64 = 5 * SECOND_MICROS;

/// One attempt to bring a push to the app, signed and ready to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: u64,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub attempt: u32,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The app answered 102, 200, 201, 202 or 204 in time.
    Acked,
    Failed,
}

impl Outcome {
    pub fn of_status(status: u16) -> Outcome {
        if matches!(status, 102 | 200 | 201 | 202 | 204) { Outcome::Acked } else { Outcome::Failed }
    }
}

impl State {
    /// Begins or renews a watch, and tells of it once.
    pub fn watch(&mut self, now_micros: i64, mailbox: &str, topic: &str, labels: Vec<String>, excludes: bool) -> i64 {
        let expires_micros = now_micros + WATCH_MICROS;
        let watch = Some(Watch { topic: topic.to_owned(), labels, excludes, expires_micros });
        self.record(Change::Watched { mailbox: mailbox.to_owned(), watch });
        self.told.remove(mailbox);
        self.publish(now_micros, mailbox, topic);
        expires_micros
    }

    /// Something has changed in a mailbox: whoever watches it is told.
    pub fn tell(&mut self, now_micros: i64, mailbox: &str) {
        let Some(held) = self.world.mailbox(mailbox) else { return };
        let Some(watch) = held.watch.as_ref().filter(|watch| watch.expires_micros > now_micros) else { return };
        if !watch.labels.is_empty() {
            let last = held.records.back().into_iter().flat_map(|record| &record.entries);
            let named = |entry: &Entry| entry.labels.iter().any(|label| watch.labels.contains(label));
            if !last.into_iter().any(|entry| named(entry) != watch.excludes) {
                return;
            }
        }
        let topic = watch.topic.clone();
        self.publish(now_micros, mailbox, &topic);
    }

    fn publish(&mut self, now_micros: i64, mailbox: &str, topic: &str) {
        if self.told.get(mailbox).is_some_and(|at| now_micros < at + SECOND_MICROS) {
            self.crowded_out += 1;
            return;
        }
        self.told.insert(mailbox.to_owned(), now_micros);
        let history = self.world.mailbox(mailbox).map_or(0, |held| held.history_id);
        let data = json!({ "emailAddress": mailbox, "historyId": history });
        for subscription in self.world.topics_subscriptions(topic) {
            self.queue(now_micros, &subscription, &data);
        }
    }

    /// Puts a notice on its way, with the faults that are due.
    fn queue(&mut self, now_micros: i64, subscription: &str, data: &Value) {
        let chaos = self.push_chaos.clone();
        let fault = self.push_fault();
        let mut due_micros = now_micros;
        match fault {
            Some(FaultKind::PushDropped) => return,
            Some(FaultKind::PushLate { after_micros }) => due_micros += after_micros,
            _ => {}
        }
        let number =
            2_000_000_000_000_000 + now_micros % 1_000_000_000_000_000 + i64::try_from(self.next_given()).unwrap_or(0);
        let parcel = Parcel {
            id: self.world.serial,
            subscription: subscription.to_owned(),
            message_id: number.to_string(),
            data: data.clone(),
            published_micros: now_micros,
            due_micros,
            attempt: 0,
            taken: false,
        };
        let id = parcel.id;
        self.enqueue(parcel.clone());
        if matches!(fault, Some(FaultKind::PushDuplicate)) {
            let due_micros = now_micros + self.below(chaos.delay_max_micros.max(1));
            self.enqueue(Parcel { id: self.world.serial, due_micros, ..parcel });
        }
        if let Some(held) = self.held.take().filter(|held| self.world.parcels.get(held).is_some_and(|one| !one.taken)) {
            self.record(Change::Postponed { id: held, due_micros: due_micros + 1, attempt: 0 });
        }
        if matches!(fault, Some(FaultKind::PushReordered)) {
            self.record(Change::Postponed { id, due_micros: now_micros + HELD_AT_MOST_MICROS, attempt: 0 });
            self.held = Some(id);
        }
    }

    fn enqueue(&mut self, parcel: Parcel) {
        self.caused.push(parcel.id);
        self.record(Change::Queued { parcel });
    }

    /// A fault that was ordered comes first, else the dice decide.
    fn push_fault(&mut self) -> Option<FaultKind> {
        if let Some(fault) = self.faults.take_event("push") {
            return Some(fault);
        }
        let chaos = self.push_chaos.clone();
        let fault = if self.chance(chaos.drop) {
            FaultKind::PushDropped
        } else if self.chance(chaos.duplicate) {
            FaultKind::PushDuplicate
        } else if self.chance(chaos.late) {
            FaultKind::PushLate { after_micros: self.below(chaos.delay_max_micros.max(1)) }
        } else if self.chance(chaos.reorder) {
            FaultKind::PushReordered
        } else {
            return None;
        };
        self.faults.count(&fault);
        Some(fault)
    }

    /// What waits at a subscription, the longest waiting first.
    fn due(&self, now_micros: i64, subscription: Option<&str>) -> Vec<u64> {
        let is_wanted = |parcel: &&Parcel| match subscription {
            Some(name) => parcel.subscription == name,
            None => self.world.subscriptions.get(&parcel.subscription).is_some_and(|one| one.push_endpoint.is_some()),
        };
        let waiting = self.world.parcels.values().filter(|parcel| !parcel.taken && parcel.due_micros <= now_micros);
        let mut due: Vec<(i64, u64)> = waiting.filter(is_wanted).map(|parcel| (parcel.due_micros, parcel.id)).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// Hands out what is to be pushed now.
    pub fn take_due(&mut self, now_micros: i64) -> Vec<Delivery> {
        self.give_up(now_micros);
        self.due(now_micros, None).into_iter().filter_map(|id| self.take(now_micros, id)).collect()
    }

    /// What nobody took for so long is no longer kept.
    fn give_up(&mut self, now_micros: i64) {
        let old = self.world.parcels.values().filter(|parcel| parcel.published_micros + RETENTION_MICROS < now_micros);
        for id in old.map(|parcel| parcel.id).collect::<Vec<_>>() {
            self.record(Change::Settled { id });
        }
    }

    fn take(&mut self, now_micros: i64, id: u64) -> Option<Delivery> {
        if self.held == Some(id) {
            self.held = None;
        }
        let parcel = self.world.parcels.get_mut(&id)?;
        let subscription = self.world.subscriptions.get(&parcel.subscription)?;
        let url = subscription.push_endpoint.clone()?;
        parcel.taken = true;
        let token = push_token(now_micros, subscription.audience.as_deref().unwrap_or(&url), &subscription.pusher);
        let body = json!({ "message": message(parcel), "subscription": subscription.name });
        let headers = vec![
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("From".to_owned(), "noreply@google.com".to_owned()),
            (
                "User-Agent".to_owned(),
                "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)".to_owned(),
            ),
            ("Authorization".to_owned(), format!("Bearer {token}")),
        ];
        Some(Delivery { id, url, headers, body: body.to_string().into_bytes(), attempt: parcel.attempt })
    }

    /// Takes note of how an attempt ended; a failure is tried again after a pause that grows.
    pub fn delivered(&mut self, now_micros: i64, delivery: &Delivery, outcome: Outcome) {
        let (id, attempt) = (delivery.id, delivery.attempt);
        if self.world.parcels.get(&id).is_none_or(|parcel| parcel.attempt != attempt) {
            return;
        }
        match outcome {
            Outcome::Acked => self.record(Change::Settled { id }),
            Outcome::Failed => {
                let pause = (1_i64 << attempt.min(10)).min(LONGEST_PAUSE_SECS) * SECOND_MICROS;
                self.record(Change::Postponed { id, due_micros: now_micros + pause, attempt: attempt + 1 });
            }
        }
    }

    /// Lets somebody pull. What is not acknowledged in time comes again.
    pub fn pull(&mut self, now_micros: i64, subscription: &str, most: usize) -> Vec<Value> {
        self.give_up(now_micros);
        let deadline = self.world.subscriptions.get(subscription).map_or(10, |one| one.ack_deadline_secs);
        let due_micros = now_micros + i64::from(deadline) * SECOND_MICROS;
        let mut received = Vec::new();
        for id in self.due(now_micros, Some(subscription)).into_iter().take(most) {
            let Some(parcel) = self.world.parcels.get(&id) else { continue };
            let attempt = parcel.attempt + 1;
            let ack = STANDARD.encode(format!("{subscription}:{id}:{attempt}"));
            received.push(json!({ "ackId": ack, "message": message(parcel) }));
            self.record(Change::Postponed { id, due_micros, attempt });
        }
        received
    }

    /// Settles what was pulled, or says when it is to come again. An id that is not ours means nothing.
    pub fn acknowledge(&mut self, subscription: &str, ack: &str, again_micros: Option<i64>) {
        let text = STANDARD.decode(ack).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let id =
            text.strip_prefix(subscription).and_then(|rest| rest.strip_prefix(':')?.split(':').next()?.parse().ok());
        let Some(parcel) = id.and_then(|id: u64| self.world.parcels.get(&id)) else { return };
        let (id, attempt) = (parcel.id, parcel.attempt);
        self.record(match again_micros {
            None => Change::Settled { id },
            Some(due_micros) => Change::Postponed { id, due_micros, attempt },
        });
    }

    pub fn next_due_micros(&self) -> Option<i64> {
        let pushed = |parcel: &&Parcel| {
            self.world.subscriptions.get(&parcel.subscription).is_some_and(|one| one.push_endpoint.is_some())
        };
        let waiting = self.world.parcels.values().filter(|parcel| !parcel.taken).filter(pushed);
        waiting.map(|parcel| parcel.due_micros).chain(self.next_later_micros()).min()
    }
}

fn message(parcel: &Parcel) -> Value {
    let published = rfc3339(parcel.published_micros);
    json!({
        "data": STANDARD.encode(parcel.data.to_string()),
        "messageId": parcel.message_id, "message_id": parcel.message_id,
        "publishTime": published, "publish_time": published,
    })
}

/// The token of a push, as Google signs it for a service account.
fn push_token(now_micros: i64, audience: &str, pusher: &str) -> String {
    let begun = now_micros.div_euclid(SECOND_MICROS);
    keys::signed(&json!({
        "aud": audience, "azp": "113774264463038321964", "email": pusher, "email_verified": true,
        "exp": begun + TOKEN_SECS, "iat": begun, "iss": "https://accounts.google.com", "sub": "113774264463038321964",
    }))
}

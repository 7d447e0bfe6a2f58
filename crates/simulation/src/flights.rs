//! News on their way: what a platform brings to whichever server answers, and what comes back of it.

use crate::{
    executor::Owner,
    mail,
    world::{Shared, World, integration, lock},
};
use bytes::Bytes;
use engine::{Admitted, Backlogged, EngineError};
use model::{connector::Refusal, id::Integration, intake::RawRequest, time::Timestamp, world::Clock};
use sandbox::{
    gmail,
    slack::{self, Reason},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// How long Slack waits for an answer to an event.
const SLACK_WAITS: Duration = Duration::from_secs(3);
/// How long Pub/Sub does, by default.
const MAIL_WAITS: Duration = Duration::from_secs(10);
/// A signature that is older than about five minutes is refused; clocks differ a little.
const STALE_AFTER: Duration = Duration::from_secs(270);
/// How many are under way at once.
const MOST_FLIGHTS: usize = 8;

/// What a platform tells, ready to be sent as it is.
pub enum Notice {
    Slack(slack::Delivery),
    Mail(gmail::Delivery),
}

/// News that are on their way to a server.
pub struct Flight {
    pub news: Notice,
    pub owner: Owner,
    pub since: Timestamp,
    pub landed: Shared<Option<bool>>,
}

impl Notice {
    fn integration(&self) -> Integration {
        match self {
            Self::Slack(_) => integration(),
            Self::Mail(_) => mail::integration(),
        }
    }

    fn waits(&self) -> Duration {
        match self {
            Self::Slack(_) => SLACK_WAITS,
            Self::Mail(_) => MAIL_WAITS,
        }
    }

    fn request(&self, received_at: Timestamp) -> RawRequest {
        let (headers, body) = match self {
            Self::Slack(delivery) => (&delivery.headers, Bytes::from(delivery.body.clone())),
            Self::Mail(delivery) => (&delivery.headers, Bytes::from(delivery.body.clone())),
        };
        let headers = headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
        RawRequest { headers, body, received_at }
    }
}

impl World {
    /// The platforms bring their news, to whichever server answers.
    pub fn deliver(&mut self) {
        let mut flying = Vec::new();
        for flight in std::mem::take(&mut self.flights) {
            let landed = *lock(&flight.landed);
            match landed {
                Some(true) => self.acked(&flight.news),
                Some(false) => self.failed(&flight.news, Reason::HttpError),
                None if self.now().since(flight.since) > flight.news.waits() => {
                    self.failed(&flight.news, Reason::HttpTimeout);
                }
                None => flying.push(flight),
            }
        }
        self.flights = flying;
        if self.flights.len() < MOST_FLIGHTS && (self.calm || self.chance.one_in(3)) {
            for delivery in self.slack.take_due() {
                self.fly(Notice::Slack(delivery));
            }
            for delivery in self.gmail().iter().flat_map(gmail::Gmail::take_due).collect::<Vec<_>>() {
                self.fly(Notice::Mail(delivery));
            }
        }
    }

    /// The platform hears that its news are taken.
    pub fn acked(&mut self, news: &Notice) {
        match news {
            Notice::Slack(delivery) => self.slack.delivered(delivery, slack::Outcome::Acked),
            Notice::Mail(delivery) => {
                self.gmail().iter().for_each(|gmail| gmail.delivered(delivery, gmail::Outcome::Acked));
            }
        }
    }

    /// The platform hears that they are not, and tells them again.
    pub fn failed(&mut self, news: &Notice, why: Reason) {
        match news {
            Notice::Slack(delivery) => {
                self.count_fault("delivery_failed");
                self.slack.delivered(delivery, slack::Outcome::Failed(why));
            }
            Notice::Mail(delivery) => {
                self.count_fault("mail_push_failed");
                self.gmail().iter().for_each(|gmail| gmail.delivered(delivery, gmail::Outcome::Failed));
            }
        }
    }

    fn fly(&mut self, news: Notice) {
        let Some((owner, engine)) = self.any_server() else {
            return self.failed(&news, Reason::ConnectionFailed);
        };
        let landed = Arc::new(Mutex::new(None));
        let (outcome, memory, wrong) = (Arc::clone(&landed), Arc::clone(&self.memory), Arc::clone(&self.wrong));
        let (integration, request) = (news.integration(), news.request(self.server_clock.now()));
        let (body, full) = (request.body.clone(), Arc::clone(&self.turned_away));
        let (clock, since) = (Arc::clone(&self.server_clock), self.server_clock.now());
        // A server that stood still for so long rightly takes the signature for an old one.
        let stale = move || clock.now().since(since) > STALE_AFTER;
        self.flights.push(Flight { news, owner, since: self.now(), landed });
        self.executor.spawn(owner, "admit", async move {
            match engine.admit(&integration, request).await {
                Ok(Admitted::Kept) => {
                    if !memory.synced_intakes().iter().any(|intake| intake.request.body == body) {
                        lock(&wrong).push("P1: a webhook was answered before it was on disk".to_owned());
                    }
                    *lock(&outcome) = Some(true);
                }
                Ok(Admitted::Hinted) => *lock(&outcome) = Some(true),
                Ok(Admitted::Refused(Refusal::Untrusted)) if stale() => *lock(&outcome) = Some(false),
                Ok(other) => {
                    lock(&wrong).push(format!("a signed event was not kept: {other:?}"));
                    *lock(&outcome) = Some(false);
                }
                Err(error) => {
                    turned_away(&full, &error);
                    *lock(&outcome) = Some(false); // No room: it is told again.
                }
            }
        });
    }
}

/// Counts what was refused because too much waits already.
pub fn turned_away(counts: &Mutex<BTreeMap<&'static str, u64>>, error: &EngineError) {
    let full = match error {
        EngineError::Full(Backlogged::Intake) => "intake_full",
        EngineError::Full(Backlogged::Outbox) => "outbox_full",
        _ => return,
    };
    *lock(counts).entry(full).or_default() += 1;
}

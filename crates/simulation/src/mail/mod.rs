//! Mail, in some of the worlds: an emulated Gmail beside Slack, on the same clock and the same wires. The first
//! customer is connected to both, and in some worlds the second one to a mailbox that the first one's mails reach.

mod acts;
mod check;
mod compare;
mod connect;
mod letters;

pub use acts::ACTS;
pub use letters::Letter;

use crate::{
    chance::Chance,
    given::SimClock,
    world::{Party, World},
};
use check::Seen;
use engine::Offered;
use model::{connector::Settings, customer::CustomerId, id::Integration, world::Secret};
use sandbox::gmail::{CallChaos, Config, FaultKind, Gmail, PushChaos, Quota, Subscription, WorldSize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Every kind of fault that befalls mail.
pub const FAULTS: &[&str] = &[
    "mail_answer_lost",
    "mail_answer_lost_late",
    "mail_call_lost",
    "mail_rate_limited",
    "mail_server_error",
    "mail_token_expired",
    "mail_not_found",
    "mail_too_many_at_once",
    "mail_history_expired",
    "mail_watch_expired",
    "mail_push_before_answer",
    "mail_push_duplicate",
    "mail_push_late",
    "mail_push_reordered",
    "mail_push_dropped",
    "mail_push_failed",
];

/// How long Gmail's access tokens live here: short enough that they end several times.
const ACCESS_LIFE: Duration = Duration::from_secs(1_200);

/// Where Gmail publishes what is new, where that is pushed to, and in whose name.
const SUBSCRIPTION: &str = "projects/bothways-sandbox/subscriptions/gmail-push";
const ENDPOINT: &str = "https://bothways.invalid/hooks/gmail";
const PUSHER: &str = "pusher@bothways-sandbox.iam.gserviceaccount.com";

/// The emulated Gmail of a world, and who is connected to it.
pub struct Mail {
    pub gmail: Gmail,
    /// Each is known by their address.
    pub parties: Vec<Party>,
    /// When the mailboxes were connected, by Gmail's clock.
    connected_millis: i64,
    /// Drafts that wait, with their writers.
    drafts: Vec<(String, String)>,
    seen: Seen,
}

/// Whether an emulated Gmail stands beside Slack in the world of this seed.
fn has_mail(seed: u64) -> bool {
    seed % 3 == 2
}

/// Whether the second customer has a mailbox as well.
fn is_between_customers(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

/// Whether Gmail says by itself that there is something new; elsewhere it is asked.
fn pushes(seed: u64) -> bool {
    (seed / 3).is_multiple_of(2)
}

/// Most mailboxes have today's quota, some that of older projects; speed shows in the others.
fn quota(seed: u64) -> Quota {
    match seed % 4 {
        0 => Quota::Off,
        1 => Quota::Old,
        _ => Quota::New,
    }
}

fn config(seed: u64) -> Config {
    let mut config = Config {
        seed,
        world: WorldSize { people: 3, threads_per_person: 2, messages_per_thread: 3, days: 1 },
        quota: quota(seed),
        arrives_after: if seed % 5 < 2 { Duration::from_millis(1_500) } else { Duration::ZERO },
        history_noise: 0.1,
        ..Config::default()
    };
    config.app.access_life = ACCESS_LIFE;
    config.app.subscriptions = pushes(seed)
        .then(|| Subscription {
            pusher: PUSHER.to_owned(),
            ..Subscription::push(SUBSCRIPTION, &config.app.topics[0], ENDPOINT)
        })
        .into_iter()
        .collect();
    config
}

fn push_chaos() -> PushChaos {
    PushChaos {
        duplicate: 0.15,
        late: 0.15,
        delay_max_micros: 90_000_000,
        reorder: 0.15,
        drop: 0.1,
        before_answer: 0.2,
    }
}

fn call_chaos() -> CallChaos {
    CallChaos {
        answer_lost: 0.06,
        answer_lost_late: 0.06,
        late_max_micros: 30_000_000,
        call_lost: 0.03,
        rate_limited: 0.03,
        retry_after_secs: 7,
        server_error: 0.03,
        tokens_expired: 0.01,
        not_found_fresh: 0.3,
    }
}

pub fn integration() -> Integration {
    Integration::from("gmail")
}

impl Mail {
    pub fn of(seed: u64, clock: &Arc<SimClock>) -> Option<Self> {
        let clock = Arc::clone(clock) as Arc<dyn sandbox::clock::Clock>;
        has_mail(seed).then(|| Self {
            gmail: Gmail::new(config(seed), clock),
            parties: Vec::new(),
            connected_millis: 0,
            drafts: Vec::new(),
            seen: Seen::default(),
        })
    }

    /// A customer leaves. What they were connected to.
    pub fn leave(&mut self, customer: &CustomerId) -> Vec<Party> {
        let (gone, stay) = std::mem::take(&mut self.parties).into_iter().partition(|one| one.customer == *customer);
        self.parties = stay;
        gone
    }
}

impl World {
    /// The emulated Gmail, in a world that has one.
    pub fn gmail(&self) -> Option<Gmail> {
        self.mail.as_ref().map(|mail| mail.gmail.clone())
    }

    /// Gmail as servers offer it.
    pub fn offered_mail(&self, chance: &Arc<Chance>) -> Option<Offered> {
        let gmail = self.gmail()?;
        let app = &gmail.config().app;
        let values = [
            ("client_id", app.client_id.as_str()),
            ("client_secret", app.client_secret.as_str()),
            ("base_url", "http://gmail.invalid"),
        ];
        let told = [
            ("pubsub_topic", app.topics[0].as_str()),
            ("pubsub_subscription", SUBSCRIPTION),
            ("pubsub_audience", ENDPOINT),
            ("pubsub_service_account", PUSHER),
        ];
        let told = told.into_iter().filter(|_| pushes(self.seed));
        let older = (gmail.config().quota == Quota::Old).then_some(("older_quota", "true"));
        let values = values.into_iter().chain(told).chain(older);
        let values = values.map(|(name, value)| (name.to_owned(), Secret(value.to_owned())));
        Some(Offered {
            connector: Arc::new(connectors::gmail::Gmail),
            settings: Settings { values: values.collect() },
            http: Arc::new(self.wire(gmail.router(), chance)),
            pushed: true,
            ears: None,
        })
    }

    /// Turns the faults of mail on or off.
    pub fn set_mail_calm(&mut self, calm: bool) {
        if let Some(gmail) = self.gmail() {
            gmail.set_chaos(
                if calm { CallChaos::default() } else { call_chaos() },
                if calm { PushChaos::default() } else { push_chaos() },
            );
            if calm {
                gmail.faults().clear();
            }
        }
    }

    /// What befalls mail only: more calls at once than Gmail likes, and sign-ins that break off.
    pub fn mail_fate(&mut self) {
        let Some(gmail) = self.gmail().filter(|_| !self.calm) else { return };
        if !self.chance.one_in(400) {
            return;
        }
        match self.chance.below(5) {
            0 | 1 => gmail.faults().once(None, FaultKind::TooManyAtOnce),
            2 => self.lose_history(&gmail),
            3 => gmail.faults().once(Some("token"), FaultKind::AnswerLost),
            _ => gmail.faults().once(Some("token"), FaultKind::ServerError { status: 503 }),
        }
    }

    /// Gmail forgets what became of a mailbox so far, or that somebody watches it.
    fn lose_history(&mut self, gmail: &Gmail) {
        let addresses = gmail.addresses();
        let Some(address) = self.chance.pick(&addresses) else { return };
        if self.chance.one_in(2) {
            gmail.expire_history(address);
            self.count_fault("mail_history_expired");
            self.say(|| format!("Gmail forgets the history of {address}"));
        } else if pushes(self.seed) {
            gmail.expire_watch(address);
            self.count_fault("mail_watch_expired");
        }
    }

    /// How often each kind of fault befell mail.
    pub fn mail_faults(&self) -> BTreeMap<String, u64> {
        let fired = self.gmail().map(|gmail| gmail.faults().fired()).unwrap_or_default();
        fired.into_iter().map(|(name, count)| (format!("mail_{name}"), count)).collect()
    }
}

//! What a person or a test decides about an emulated Gmail before it starts.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::keys;

/// Everything that is decided before the start. The default is a small quiet world without faults.
#[derive(Debug, Clone)]
pub struct Config {
    /// The same seed gives the same world, the same ids and the same chaos.
    pub seed: u64,
    pub world: WorldSize,
    pub app: App,
    /// A folder in which all that happens is kept as `gmail.jsonl`, and read again at the start.
    pub journal: Option<PathBuf>,
    pub push_chaos: PushChaos,
    pub call_chaos: CallChaos,
    /// Which of the published quotas is enforced.
    pub quota: Quota,
    /// How many calls of one person may be under way at once. Only slow answers take time.
    pub calls_at_once: usize,
    /// Whether the pushes that a call causes are always delivered before its answer.
    pub pushes_before_answer: bool,
    /// Whether people write now and then, and answer what they are asked.
    pub people: bool,
    /// How long history records are kept.
    pub history_life: Duration,
    /// How often a mail that comes leaves a second record, which tells nothing: a probability.
    pub history_noise: f64,
    /// How long a message stays in the trash or in spam.
    pub trash_life: Duration,
    /// How long an attachment's id may be used after the answer that it stood in.
    pub attachment_id_life: Duration,
    /// How long a mail is on its way to the others.
    pub arrives_after: Duration,
    /// How long it takes until a mail comes back that nobody is there for.
    pub bounces_after: Duration,
    /// How many mails a person may send in a day; what is more comes back.
    pub sends_a_day: u32,
    /// At how many messages a thread goes on in another one.
    pub thread_most: usize,
    /// What the addresses of this API begin with, as upload addresses name them.
    pub base: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            seed: 1,
            world: WorldSize::default(),
            app: App::default(),
            journal: None,
            push_chaos: PushChaos::default(),
            call_chaos: CallChaos::default(),
            quota: Quota::Off,
            calls_at_once: 10,
            pushes_before_answer: false,
            people: false,
            history_life: Duration::from_secs(7 * 86_400),
            history_noise: 0.0,
            trash_life: Duration::from_secs(30 * 86_400),
            attachment_id_life: Duration::from_secs(3_600),
            arrives_after: Duration::ZERO,
            bounces_after: Duration::from_secs(2),
            sends_a_day: 2_000,
            thread_most: 100,
            base: "https://gmail.googleapis.com".into(),
        }
    }
}

/// Which units a call costs, and how many a person may use in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quota {
    Off,
    /// For projects that began in May 2026 or later: 6,000 a minute.
    New,
    /// For older projects: 15,000 a minute.
    Old,
}

/// How large the world is that the seed makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldSize {
    /// How many people have a mailbox.
    pub people: usize,
    /// How many threads each of them began.
    pub threads_per_person: usize,
    /// The longest of these threads.
    pub messages_per_thread: usize,
    /// How many days before the start the history begins.
    pub days: u32,
}

impl Default for WorldSize {
    fn default() -> WorldSize {
        WorldSize { people: 4, threads_per_person: 8, messages_per_thread: 6, days: 60 }
    }
}

/// The one app that is registered at this Google, as its project's pages would show it.
#[derive(Debug, Clone)]
pub struct App {
    pub name: String,
    pub project: String,
    pub project_number: String,
    pub client_id: String,
    pub client_secret: String,
    /// Where a person may be sent after consenting, exactly. An empty list lets any address pass,
    /// which Google itself would not.
    pub redirect_uris: Vec<String>,
    /// Whether the consent page is in testing: refresh tokens live for seven days.
    pub testing: bool,
    pub access_life: Duration,
    /// The topics of the project, by their whole names.
    pub topics: Vec<String>,
    pub subscriptions: Vec<Subscription>,
    /// Who may pull from the subscriptions, and whose key that is.
    pub service_account: String,
}

impl Default for App {
    fn default() -> App {
        let topic = "projects/bothways-sandbox/topics/gmail".to_owned();
        App {
            name: "Bothways".into(),
            project: "bothways-sandbox".into(),
            project_number: "734015622871".into(),
            client_id: "734015622871-k2v7qf0sandbox.apps.googleusercontent.com".into(),
            client_secret: "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".into(),
            redirect_uris: Vec::new(),
            testing: false,
            access_life: Duration::from_secs(3_599),
            subscriptions: vec![Subscription::pull("projects/bothways-sandbox/subscriptions/gmail", &topic)],
            topics: vec![topic],
            service_account: keys::SERVICE_ACCOUNT.into(),
        }
    }
}

/// Where what is published on a topic goes: to an address, or to whoever pulls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub name: String,
    pub topic: String,
    /// The address that it is pushed to; without one it waits to be pulled.
    #[serde(default)]
    pub push_endpoint: Option<String>,
    /// What the token of a push is meant for; by default the address.
    #[serde(default)]
    pub audience: Option<String>,
    /// In whose name the token of a push is signed.
    #[serde(default)]
    pub pusher: String,
    #[serde(default = "ten")]
    pub ack_deadline_secs: u32,
}

fn ten() -> u32 {
    10
}

impl Subscription {
    pub fn pull(name: &str, topic: &str) -> Subscription {
        Subscription {
            name: name.into(),
            topic: topic.into(),
            push_endpoint: None,
            audience: None,
            pusher: "pusher@bothways-sandbox.iam.gserviceaccount.com".into(),
            ack_deadline_secs: ten(),
        }
    }

    pub fn push(name: &str, topic: &str, endpoint: &str) -> Subscription {
        Subscription { push_endpoint: Some(endpoint.into()), ..Subscription::pull(name, topic) }
    }
}

/// How often pushes go wrong by themselves: probabilities between 0 and 1.
#[derive(Debug, Clone, Default)]
pub struct PushChaos {
    pub duplicate: f64,
    pub late: f64,
    /// How late a late or repeated push may be.
    pub delay_max_micros: i64,
    /// Told after the push that follows it.
    pub reorder: f64,
    /// Never told.
    pub drop: f64,
    /// Told before the call that caused it is answered.
    pub before_answer: f64,
}

/// How often calls go wrong by themselves: probabilities between 0 and 1.
#[derive(Debug, Clone, Default)]
pub struct CallChaos {
    /// The call takes effect; its answer is lost.
    pub answer_lost: f64,
    /// The answer is lost and the call takes effect later.
    pub answer_lost_late: f64,
    pub late_max_micros: i64,
    /// The call is lost before it takes effect.
    pub call_lost: f64,
    pub rate_limited: f64,
    pub retry_after_secs: u64,
    pub server_error: f64,
    /// All access tokens end just before the call.
    pub tokens_expired: f64,
    /// A message that has just come is not found yet.
    pub not_found_fresh: f64,
}

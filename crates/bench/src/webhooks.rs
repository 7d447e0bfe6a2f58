//! Tells the server of messages as Slack would, over many connections or one.

use crate::place::{Customer, Place};
use sandbox::slack::sign;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// What a told message says, before its number.
pub const WORDS: &str = "How far are we with offer";

/// Where the messages are written.
#[derive(Clone)]
pub struct Channel {
    pub workspace: String,
    pub person: String,
    pub channel: String,
}

impl Channel {
    /// In a workspace that nobody is connected to.
    pub fn of_nobody() -> Self {
        let [workspace, person, channel] = ["T0BENCH0001", "U0BENCH0001", "C0BENCH0001"].map(str::to_owned);
        Self { workspace, person, channel }
    }
}

impl From<&Customer> for Channel {
    fn from(customer: &Customer) -> Self {
        let Customer { workspace, person, channel, .. } = customer.clone();
        Self { workspace, person, channel }
    }
}

/// How many messages are told, and how fast.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many connections there are. Each tells the next message once the one before is answered.
    pub connections: usize,
    pub messages: usize,
    /// The first message's number.
    pub first: usize,
    /// How many a second; as many as are answered without it.
    pub pace: Option<u32>,
}

/// What was told.
pub struct Told {
    pub began: Instant,
    /// When each message left, by its number.
    pub left: Vec<Instant>,
    /// How long its answer took.
    pub took: Vec<Duration>,
}

/// Tells messages, each channel in turn.
pub async fn tell(place: &Place, channels: &[Channel], load: Load) -> anyhow::Result<Told> {
    let next = Arc::new(AtomicUsize::new(0));
    let channels: Arc<[Channel]> = channels.into();
    let began = Instant::now();
    let senders = (0..load.connections).map(|_| {
        let (client, secret) = (place.client.clone(), place.signing_secret.clone());
        let (next, channels) = (Arc::clone(&next), Arc::clone(&channels));
        let url = format!("{}/hooks/slack", place.base);
        tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= load.messages {
                    return anyhow::Ok(times);
                }
                if let Some(pace) = load.pace {
                    let due = began + Duration::from_secs(1) * u32::try_from(number)? / pace;
                    tokio::time::sleep_until(due.into()).await;
                }
                let (timestamp, body) = webhook(&channels[number % channels.len()], load.first + number);
                let asked = Instant::now();
                let answer = client
                    .post(&url)
                    .header("content-type", "application/json")
                    .header("x-slack-request-timestamp", &timestamp)
                    .header("x-slack-signature", sign(&secret, &timestamp, body.as_bytes()))
                    .body(body)
                    .send()
                    .await?;
                anyhow::ensure!(answer.status().is_success(), "{}", answer.status());
                answer.bytes().await?;
                times.push((number, asked, asked.elapsed()));
            }
        })
    });
    let mut times = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        times.extend(sender.await??);
    }
    times.sort_unstable();
    let (left, took) = times.into_iter().map(|(_, left, took)| (left, took)).unzip();
    Ok(Told { began, left, took })
}

/// The words of one message. The stop at the end keeps one number from being the beginning of another.
pub fn words(number: usize) -> String {
    format!("{WORDS} {number}?")
}

/// A new message, as Slack sends it.
fn webhook(channel: &Channel, number: usize) -> (String, String) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ts = format!("{}.{number:06}", now.as_secs());
    let Channel { workspace, person, channel } = channel;
    let event = json!({
        "type": "message", "channel": channel, "user": person, "text": words(number), "ts": ts, "event_ts": ts,
        "channel_type": "channel", "team": workspace, "client_msg_id": format!("bench-{number}"),
    });
    let body = json!({
        "token": "unused", "team_id": workspace, "api_app_id": "A0BENCH0001", "type": "event_callback",
        "event_id": format!("Ev{number:010}"), "event_time": now.as_secs(), "event": event,
        "is_ext_shared_channel": false,
        "authorizations": [{ "enterprise_id": null, "team_id": workspace, "user_id": person, "is_bot": true }],
    });
    (now.as_secs().to_string(), body.to_string())
}

//! From a platform's webhook to a reader of the feed.

use crate::{
    place::{CUSTOMER, Place},
    table::{Table, Times, ratio},
};
use anyhow::{Context, anyhow};
use futures_util::StreamExt;
use reqwest::Method;
use sandbox::slack::WorldSize;
use serde_json::json;
use std::time::{Duration, Instant};

const MESSAGES: usize = 500;
/// A message that takes longer does not come.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Somebody writes at Slack; an open event stream shows it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let size = WorldSize { messages_per_channel: 20, messages_per_chat: 5, ..WorldSize::default() };
    let place = Place::open(size, None).await?;
    let connection = place.connect().await?;
    let person = place.slack.users().into_iter().find(|user| user.email.is_some()).context("there are people")?;
    let channel = place.slack.channels().into_iter().find(|one| one.members.contains(&person.id) && !one.is_archived);
    let channel = channel.context("there is a channel")?.id;
    crate::import::run(&place, &connection, json!({ "connection_id": connection, "chats": [channel] })).await?;

    let mut stream = Stream::open(&place).await?;
    let mut times = Vec::new();
    for number in 0..MESSAGES {
        let words = format!("bench message {number}.");
        let began = Instant::now();
        let posted = place.slack.act_post(&person.id, &channel, &words, None);
        posted.map_err(|refusal| anyhow!("the emulator refuses: {refusal:?}"))?;
        let shown = tokio::time::timeout(LONGEST_WAIT, stream.until(&words)).await;
        shown.with_context(|| format!("message {number} of {MESSAGES} did not show within {LONGEST_WAIT:?}"))??;
        times.push(began.elapsed());
    }
    let bare = round_trips(&place).await?;
    let times = Times::of(times);
    let limit = format!("two round trips of HTTP: {}", bare.told());
    table.row(
        "from Slack's webhook to the event stream",
        times.told(),
        limit,
        ratio(times.within(0.5), bare.within(0.5)),
    );
    place.close().await?;
    Ok(())
}

/// The webhook and its news each cross the loopback once; that much nobody can save.
async fn round_trips(place: &Place) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for _ in 0..MESSAGES {
        let began = Instant::now();
        for _ in 0..2 {
            place.client.get(format!("{}/healthz", place.base)).send().await?.bytes().await?;
        }
        times.push(began.elapsed());
    }
    Ok(Times::of(times))
}

/// An open event stream of the customer.
struct Stream {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>>>>,
    held: Vec<u8>,
}

impl Stream {
    async fn open(place: &Place) -> anyhow::Result<Self> {
        let events = place.ask(Method::GET, "/v1/events?limit=1", None).await?;
        let after = events["as_of_seq"].as_u64().unwrap_or(0);
        let answer =
            place.asking(Method::GET, &format!("/v1/events/stream?after={after}")).timeout(Duration::from_secs(600));
        let answer = answer.send().await?;
        anyhow::ensure!(answer.status().is_success(), "{CUSTOMER} may read: {}", answer.status());
        Ok(Self { bytes: Box::pin(answer.bytes_stream()), held: Vec::new() })
    }

    async fn until(&mut self, words: &str) -> anyhow::Result<()> {
        loop {
            if let Some(at) = self.held.windows(words.len()).position(|window| window == words.as_bytes()) {
                self.held.drain(..at + words.len());
                return Ok(());
            }
            self.held.extend(self.bytes.next().await.context("the stream goes on")??);
        }
    }
}

//! Live messages, from a platform's webhook to an open stream of the feed: how many a second, and how soon.

use crate::{
    intake,
    place::{Customer, Place},
    stream::Stream,
    table::{Table, Times, rate, ratio},
    webhooks::{Channel, Load, WORDS, tell},
};
use anyhow::{Context, anyhow};
use reqwest::Method;
use sandbox::slack::WorldSize;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How many customers write and read, each in a workspace of their own.
const CUSTOMERS: usize = 32;
const MESSAGES: usize = 10_000;
const WARM_UP: usize = 500;
/// How many a second a server that is busy, and not full, is told.
const PACE: u32 = 500;
/// How many of somebody who writes one after the other.
const ONE_BY_ONE: usize = 500;
/// A message that takes longer does not come.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// News that may be older than the beginning of an import are looked up one by one, within Slack's limits.
/// Once an import has lasted so long, there are none.
const IMPORT_HAS_BEGUN: Duration = Duration::from_secs(5);

/// What was told and shown.
struct Shown {
    rate: f64,
    times: Times,
}

/// Many customers at once, one customer, and one message at a time.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let size = WorldSize {
        workspaces: CUSTOMERS,
        people: 4,
        bots: 0,
        public_channels: 1,
        private_channels: 0,
        direct_chats: 0,
        group_chats: 0,
        messages_per_channel: 20,
        threads_per_channel: 0,
        ..WorldSize::default()
    };
    let place = Place::open(size, None).await?;
    let customers = place.connect_all().await?;
    place.import_all(&customers).await?;
    tokio::time::sleep(IMPORT_HAS_BEGUN).await;
    one_by_one(table, &place, &customers[0]).await?;

    let channels: Vec<Channel> = customers.iter().map(Channel::from).collect();
    let mut first = 0;
    let mut load = |messages, pace| {
        let load = Load { connections: 32, messages, first, pace };
        first += messages;
        load
    };
    follow(&place, &channels, load(WARM_UP, None)).await?;
    let (bare, _) = intake::load(&place, 32).await?;
    let many = follow(&place, &channels, load(MESSAGES, None)).await?;
    let limit = format!("webhooks on disk, for nobody: {bare:.0}/s");
    table.row("live messages in the feed, 32 customers", format!("{:.0}/s", many.rate), limit, Some(many.rate / bare));
    let one = follow(&place, &channels[..1], load(MESSAGES, None)).await?;
    let limit = format!("32 customers: {:.0}/s", many.rate);
    table.row("live messages in the feed, one chat", format!("{:.0}/s", one.rate), limit, Some(one.rate / many.rate));
    let paced = follow(&place, &channels, load(MESSAGES / 2, Some(PACE))).await?;
    let what = format!("from webhook to event stream, 32 customers, {PACE}/s");
    table.row(&what, paced.times.told(), "—".to_owned(), None);
    place.close().await?;
    Ok(())
}

/// Somebody writes at Slack, and goes on once a stream of the customer shows it.
async fn one_by_one(table: &mut Table, place: &Place, customer: &Customer) -> anyhow::Result<()> {
    let mut stream = Stream::open(place.asking(&customer.name, Method::GET, "/v1/events/stream")).await?;
    let mut times = Vec::new();
    for number in 0..ONE_BY_ONE {
        let words = format!("One by one {number}.");
        let began = Instant::now();
        let posted = place.slack.act_post(&customer.person, &customer.channel, &words, None);
        posted.map_err(|refusal| anyhow!("the emulator refuses: {refusal:?}"))?;
        let shown = tokio::time::timeout(LONGEST_WAIT, async {
            while !stream.next().await?.contains(&words) {}
            anyhow::Ok(began.elapsed())
        });
        let shown = shown.await.with_context(|| format!("message {number} did not show within {LONGEST_WAIT:?}"))?;
        times.push(shown?);
    }
    let bare = round_trips(place).await?;
    let times = Times::of(times);
    let limit = format!("two round trips of HTTP: {}", bare.told());
    let ratio = ratio(times.within(0.5), bare.within(0.5));
    table.row("from webhook to event stream, one by one", times.told(), limit, ratio);
    Ok(())
}

/// The webhook and its news each cross the loopback once; that much nobody can save.
async fn round_trips(place: &Place) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for _ in 0..ONE_BY_ONE {
        let began = Instant::now();
        for _ in 0..2 {
            place.client.get(format!("{}/healthz", place.base)).send().await?.bytes().await?;
        }
        times.push(began.elapsed());
    }
    Ok(Times::of(times))
}

/// Tells messages, and follows the feed of the whole app until it has shown all of them.
async fn follow(place: &Place, channels: &[Channel], load: Load) -> anyhow::Result<Shown> {
    let stream = Stream::open(place.asking_for_all(Method::GET, "/v1/events/stream")).await?;
    let listening = tokio::spawn(tokio::time::timeout(LONGEST_WAIT, shown(stream, load)));
    let told = tell(place, channels, load).await?;
    let shown = listening.await?.with_context(|| format!("not all was shown within {LONGEST_WAIT:?}"))??;
    let last = shown.iter().max().context("something was told")?;
    let rate = rate(load.messages, last.duration_since(told.began));
    let times = shown.iter().zip(&told.left).map(|(shown, left)| shown.duration_since(*left)).collect();
    Ok(Shown { rate, times: Times::of(times) })
}

/// When each message was shown.
async fn shown(mut stream: Stream, load: Load) -> anyhow::Result<Vec<Instant>> {
    let mut shown = vec![None; load.messages];
    let mut left = load.messages;
    while left > 0 {
        let event: Value = serde_json::from_str(&stream.next().await?)?;
        let text = event["object"]["body"]["text"].as_str().unwrap_or_default();
        let Some(number) = text.strip_prefix(WORDS).and_then(|rest| rest.trim().strip_suffix('?')) else { continue };
        let number: usize = number.parse()?;
        if let Some(place) = number.checked_sub(load.first).and_then(|at| shown.get_mut(at))
            && place.replace(Instant::now()).is_none()
        {
            left -= 1;
        }
    }
    shown.into_iter().collect::<Option<_>>().context("all were shown")
}

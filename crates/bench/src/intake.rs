//! How many webhooks a second are on disk before they are answered, against the same server without a disk.

use crate::{
    place::Place,
    table::{Table, Times, rate},
};
use sandbox::slack::{WorldSize, sign};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use store::memory::Memory;

const REQUESTS: usize = 20_000;
const WARM_UP: usize = 1_000;

/// Many connections at once, and one.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    for connections in [32, 1] {
        let size = || WorldSize { messages_per_channel: 1, messages_per_chat: 1, ..WorldSize::default() };
        let durable = Place::open(size(), None).await?;
        let kept = load(&durable, connections).await?;
        durable.close().await?;
        let bare = Place::open(size(), Some(Arc::new(Memory::forgetful()))).await?;
        let dropped = load(&bare, connections).await?;
        bare.close().await?;
        let what = match connections {
            1 => "webhook taken in, one connection".to_owned(),
            more => format!("webhooks taken in, {more} connections"),
        };
        let told = |(rate, times): &(f64, Times)| format!("{rate:.0}/s, {}", times.told());
        table.row(&what, told(&kept), format!("storing off: {}", told(&dropped)), Some(kept.0 / dropped.0));
    }
    Ok(())
}

async fn load(place: &Place, connections: usize) -> anyhow::Result<(f64, Times)> {
    send(place, connections, WARM_UP).await?;
    let requests = if connections == 1 { REQUESTS / 5 } else { REQUESTS };
    let began = Instant::now();
    let times = send(place, connections, requests).await?;
    Ok((rate(requests, began.elapsed()), Times::of(times)))
}

/// Each connection sends its next request once the one before is answered.
async fn send(place: &Place, connections: usize, requests: usize) -> anyhow::Result<Vec<Duration>> {
    let next = Arc::new(AtomicUsize::new(0));
    let senders = (0..connections).map(|_| {
        let (client, secret, next) = (place.client.clone(), place.signing_secret.clone(), Arc::clone(&next));
        let url = format!("{}/hooks/slack", place.base);
        tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return anyhow::Ok(times);
                }
                let (timestamp, body) = webhook(number);
                let began = Instant::now();
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
                times.push(began.elapsed());
            }
        })
    });
    let mut times = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        times.extend(sender.await??);
    }
    Ok(times)
}

/// A message of a workspace that nobody is connected to, as Slack sends it.
fn webhook(number: usize) -> (String, String) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ts = format!("{}.{number:06}", now.as_secs());
    let event = json!({
        "type": "message", "channel": "C0BENCH0001", "user": "U0BENCH0001", "text": "How far are we with the offer?",
        "ts": ts, "event_ts": ts, "channel_type": "channel", "team": "T0BENCH0001", "client_msg_id": format!("bench-{number}"),
    });
    let body = json!({
        "token": "unused", "team_id": "T0BENCH0001", "api_app_id": "A0BENCH0001", "type": "event_callback",
        "event_id": format!("Ev{number:010}"), "event_time": now.as_secs(), "event": event, "is_ext_shared_channel": false,
        "authorizations": [{ "enterprise_id": null, "team_id": "T0BENCH0001", "user_id": "U0BENCH0001", "is_bot": true }],
    });
    (now.as_secs().to_string(), body.to_string())
}

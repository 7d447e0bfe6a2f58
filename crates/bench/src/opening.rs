//! How long a list and a chat take to open, and how that grows with what is stored.

use crate::{
    place::Place,
    process,
    program::Program,
    table::{Table, Times, rate, ratio, told},
};
use anyhow::Context;
use reqwest::Method;
use rusqlite::{Connection, params};
use sandbox::slack::WorldSize;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const CALLS: usize = 200;

/// Fills a customer's chats up to a size, and opens them.
pub async fn measure(table: &mut Table, program: &Path, size: u64) -> anyhow::Result<()> {
    let world =
        || WorldSize { messages_per_channel: 20, messages_per_chat: 5, threads_per_channel: 0, ..WorldSize::default() };
    let place = Place::open(world(), None).await?;
    let customers = place.connect_all().await?;
    place.import_all(&customers).await?;
    let folder = place.close().await?;
    multiply(&folder.path().join("bothways.db"), size)?;
    // What was not told by the feed is found by an index that is made anew.
    for name in ["search.db", "search.db-wal", "search.db-shm"] {
        let _is_there = std::fs::remove_file(folder.path().join(name));
    }
    let place = Place::open_in(folder, world(), None).await?;
    let taken = place.until_indexed(&customers).await?;
    let each = format!("{}, {:.0}/s", told(taken), rate(usize::try_from(size)?, taken));
    table.row(&format!("making the index anew, {size} messages stored"), each, "—".to_owned(), None);
    let customer = &customers[0].name;
    let chats = place.ask(customer, Method::GET, "/v1/chats", None).await?;
    let chat = chats["items"][0]["id"].as_str().context("there is a chat")?.to_owned();
    let bare = times(&place, customer, "/healthz").await?;
    let paths = [
        ("the list of chats", "/v1/chats".to_owned()),
        ("a chat", format!("/v1/chats/{chat}/messages")),
        ("the timeline", "/v1/timeline".to_owned()),
        ("a search of a common word", "/v1/search?q=the".to_owned()),
        ("a search of words that are nowhere", "/v1/search?q=zyzzyva".to_owned()),
    ];
    for (what, path) in paths {
        let found = times(&place, customer, &path).await?;
        let what = format!("{what}, {size} messages stored");
        let limit = format!("an empty answer: {}", bare.told());
        table.row(&what, found.told(), limit, ratio(found.within(0.5), bare.within(0.5)));
    }
    let folder = place.close().await?;
    let ready = process::starts(program, folder.path()).await?;
    table.row(&format!("start-up to ready, {size} messages stored"), ready.told(), "—".to_owned(), None);
    let started = Program::start(program, folder.path(), &[])?;
    let rest = process::resting(&started).await?;
    table.row(&format!("memory at rest, {size} messages stored"), format!("{rest} MiB"), "—".to_owned(), None);
    started.stop()
}

async fn times(place: &Place, customer: &str, path: &str) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let began = Instant::now();
        let answer = place.asking(customer, Method::GET, path).send().await?;
        anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await?;
        times.push(began.elapsed());
    }
    Ok(Times::of(times))
}

/// Copies messages that are there until so many are stored: the same documents, under ids and places of their own.
fn multiply(file: &Path, size: u64) -> anyhow::Result<()> {
    let db = Connection::open(file)?;
    db.busy_timeout(Duration::from_secs(60))?;
    let columns =
        "customer_id, id, revision, connection_id, external_id, chat_id, position, visibility, document, thread";
    let samples: Vec<(String, String, String, String)> = db
        .prepare("select customer_id, connection_id, chat_id, document from messages where visibility = 2")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    anyhow::ensure!(!samples.is_empty(), "there are messages");
    let insert = format!("insert into messages ({columns}) values (?1, ?2, 1, ?3, ?4, ?5, ?6, 2, ?7, '')");
    let mut number = samples.len() as u64;
    while number < size {
        let transaction = db.unchecked_transaction()?;
        {
            let mut insert = transaction.prepare_cached(&insert)?;
            for _ in 0..10_000.min(size - number) {
                let place = usize::try_from(number)? % samples.len();
                let (customer, connection, chat, document) = &samples[place];
                let mut held: Value = serde_json::from_str(document)?;
                let id = format!("msg_{:032x}", (0x0190_0000_0000_7000_8000_u128 << 48) + u128::from(number));
                let external = format!("bench:{number}");
                held["id"] = json!(id);
                held["external_id"] = json!(external);
                // Each was sent at a time of its own, a second before the last.
                let sent_at = &mut held["facets"]["content"]["value"]["sent_at"];
                let micros = sent_at.as_u64().context("a time")? - number * 1_000_000;
                *sent_at = json!(micros);
                let position = format!("{:013}.{:06}", micros / 1_000_000, micros % 1_000_000);
                held["position"] = json!(position);
                insert.execute(params![customer, id, connection, external, chat, position, held.to_string()])?;
                number += 1;
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

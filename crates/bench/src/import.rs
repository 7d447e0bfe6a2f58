//! How fast history comes in, fetched from the emulated Slack, against SQLite alone writing the same rows.

use crate::{
    place::Place,
    table::{Table, rate, ratio, told},
};
use anyhow::Context;
use reqwest::Method;
use rusqlite::{Connection, params_from_iter, types::Value as Cell};
use sandbox::slack::WorldSize;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const CHANNELS: usize = 10;
/// How long an import may take: the limits of the platform hold for the emulated one as well.
const LONGEST_RUN: Duration = Duration::from_secs(60 * 60);
/// How many rows SQLite alone writes in one transaction: as many as a page of history brings.
const ROWS_AT_ONCE: usize = 1_000;

/// Imports everything that one person can see.
pub async fn measure(table: &mut Table, messages: usize) -> anyhow::Result<()> {
    let size = WorldSize {
        people: 8,
        public_channels: CHANNELS,
        private_channels: 0,
        direct_chats: 0,
        group_chats: 0,
        messages_per_channel: messages / CHANNELS,
        threads_per_channel: 0,
        ..WorldSize::default()
    };
    let place = Place::open(size, None).await?;
    let connection = place.connect().await?;
    let began = Instant::now();
    run(&place, &connection, json!({ "connection_id": connection, "all": true })).await?;
    let taken = began.elapsed();
    let folder = place.close().await?;
    let file = folder.path().join("bothways.db");
    let held = Connection::open(&file)?;
    let count: i64 = held.query_row("select count(*) from messages", [], |row| row.get(0))?;
    let count = usize::try_from(count)?;
    let bare = fill(&held, &folder.path().join("bare.db"))?;
    let what = format!("import of {count} messages");
    let measured = format!("{}, {:.0}/s", told(taken), rate(count, taken));
    let limit = format!("SQLite alone, the same rows: {}, {:.0}/s", told(bare), rate(count, bare));
    table.row(&what, measured, limit, ratio(taken, bare));
    Ok(())
}

/// Begins an import, and waits for the end of it.
pub async fn run(place: &Place, connection: &str, wish: Value) -> anyhow::Result<()> {
    place.ask(Method::POST, "/v1/chats/import", Some(wish)).await?;
    let began = Instant::now();
    loop {
        anyhow::ensure!(began.elapsed() < LONGEST_RUN, "the import did not end within {LONGEST_RUN:?}");
        let runs =
            place.ask(Method::GET, &format!("/v1/sync-statuses?connection_id={connection}&limit=100"), None).await?;
        let items = runs["items"].as_array().context("runs are listed")?;
        if items.iter().all(|run| run["finished_at"].is_string()) {
            let failed = items.iter().find(|run| run["state"] != "completed");
            anyhow::ensure!(failed.is_none(), "a run failed: {failed:?}");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Writes the same rows into the same tables with the same indexes, and nothing else.
fn fill(held: &Connection, into: &Path) -> anyhow::Result<Duration> {
    let mut bare = Connection::open(into)?;
    bare.pragma_update(None, "journal_mode", "wal")?;
    bare.pragma_update(None, "synchronous", "full")?;
    let mut spent = Duration::ZERO;
    for table in ["messages", "names", "events"] {
        let shapes = "select sql from sqlite_master where tbl_name = ?1 and sql is not null order by type desc";
        let shapes: Vec<String> =
            held.prepare(shapes)?.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for shape in shapes {
            bare.execute(&shape, [])?;
        }
        let mut rows = held.prepare(&format!("select * from {table}"))?;
        let columns = rows.column_count();
        let insert = format!("insert into {table} values ({})", vec!["?"; columns].join(", "));
        let mut rows = rows.query([])?;
        loop {
            let mut page: Vec<Vec<Cell>> = Vec::with_capacity(ROWS_AT_ONCE);
            while page.len() < ROWS_AT_ONCE
                && let Some(row) = rows.next()?
            {
                page.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?);
            }
            if page.is_empty() {
                break;
            }
            let began = Instant::now();
            let transaction = bare.transaction()?;
            {
                let mut insert = transaction.prepare_cached(&insert)?;
                for row in page {
                    insert.execute(params_from_iter(row))?;
                }
            }
            transaction.commit()?;
            spent += began.elapsed();
        }
    }
    Ok(spent)
}

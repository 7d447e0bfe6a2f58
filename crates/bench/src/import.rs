//! How fast history comes in, fetched from the emulated Slack, against SQLite alone writing the same rows.

use crate::{
    place::{Place, one_channel_each},
    table::{Table, rate, ratio, told},
};
use rusqlite::{Connection, params_from_iter, types::Value as Cell};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// How many messages each customer imports, out of a workspace of their own. Slack's limits hold, and are counted
/// by workspace: so many messages may be read there at once, so the machine is what is measured.
const MESSAGES_EACH: usize = 5_000;
/// How many rows SQLite alone writes in one transaction. More make it no faster.
const ROWS_AT_ONCE: usize = 1_000;

/// Imports everything that the customers can see.
pub async fn measure(table: &mut Table, messages: usize) -> anyhow::Result<()> {
    let size = one_channel_each(messages.div_ceil(MESSAGES_EACH), MESSAGES_EACH.min(messages));
    let place = Place::open(size, None).await?;
    let customers = place.connect_all().await?;
    let taken = place.import_all(&customers).await?;
    let lag = place.until_indexed(&customers).await?;
    let folder = place.close().await?;
    let held = Connection::open(folder.path().join("bothways.db"))?;
    let index = Connection::open(folder.path().join("search.db"))?;
    let count: i64 = held.query_row("select count(*) from messages", [], |row| row.get(0))?;
    let count = usize::try_from(count)?;
    let rows = ["messages", "names", "events"].map(|table| (table, format!("select * from {table}"), None));
    let stored = fill(&held, &folder.path().join("bare.db"), &rows)?;
    let entries = [
        ("entries", "select * from entries".to_owned(), None),
        // The index keeps no copy of what it is given, so it is read where it came from.
        ("texts", "select place, words, marks from entries".to_owned(), Some("rowid, words, marks")),
    ];
    let found = fill(&index, &folder.path().join("bare-search.db"), &entries)?;
    let each = |time| format!("{}, {:.0}/s", told(time), rate(count, time));
    let what = format!("import of {count} messages, until they are stored");
    table.row(&what, each(taken), format!("SQLite alone, the same rows: {}", each(stored)), ratio(taken, stored));
    let (all, bare) = (taken + lag, stored + found);
    let limit = format!("SQLite alone, with the same words in FTS5: {}", each(bare));
    let measured = format!("{}; the search came {} later", each(all), told(lag));
    table.row("the same, until the search finds them", measured, limit, ratio(all, bare));
    Ok(())
}

/// A table, where its rows come from, and its columns unless they are all of them.
type Filled = (&'static str, String, Option<&'static str>);

/// Writes the same rows into the same tables with the same indexes, and nothing else.
fn fill(held: &Connection, into: &Path, tables: &[Filled]) -> anyhow::Result<Duration> {
    let mut bare = Connection::open(into)?;
    bare.pragma_update(None, "journal_mode", "wal")?;
    bare.pragma_update(None, "synchronous", "full")?;
    let mut spent = Duration::ZERO;
    for (table, rows, names) in tables {
        let shapes = "select sql from sqlite_master where tbl_name = ?1 and sql is not null order by type desc";
        let shapes: Vec<String> =
            held.prepare(shapes)?.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for shape in shapes {
            bare.execute(&shape, [])?;
        }
        let mut rows = held.prepare(rows)?;
        let columns = rows.column_count();
        let names = names.map(|names| format!("({names})")).unwrap_or_default();
        let insert = format!("insert into {table} {names} values ({})", vec!["?"; columns].join(", "));
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

//! What is written to the index.

use super::{
    super::{
        failure::{Failure, Outcome},
        rows::{change, document, find, find_document},
    },
    key, thing_text, written,
};
use crate::place;
use model::{
    customer::CustomerId,
    index::{Entry, Indexing, Progress},
};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// An entry as it stands in the file.
struct Row {
    customer: i64,
    id: String,
    chat_id: String,
    bears: String,
    words: String,
    marks: String,
}

/// What becomes of one place.
#[derive(Default)]
struct Step {
    gone: Option<Row>,
    new: Option<Row>,
}

pub(super) fn progress(db: &Connection) -> Outcome<Progress> {
    Ok(find_document(db, "select document from progress where one = 1", [])?.unwrap_or_default())
}

/// Changes entries and moves on, in one transaction. What was taken out is then wiped from the log, too.
pub(super) fn apply(db: &mut Connection, before: &Progress, after: &Progress, changes: Vec<Indexing>) -> Outcome<()> {
    let transaction = db.transaction()?;
    if progress(&transaction)? != *before {
        return Err(Failure::stale());
    }
    let mut wipes = false;
    let mut last: BTreeMap<(CustomerId, String), Option<Entry>> = BTreeMap::new();
    for change in changes {
        match change {
            Indexing::Put(entry) => drop(last.insert((entry.customer.clone(), thing_text(entry.thing)), Some(entry))),
            Indexing::Remove(customer, thing) => drop(last.insert((customer, thing_text(thing)), None)),
            Indexing::Clear => {
                last.clear();
                clear(&transaction)?;
                wipes = true;
            }
        }
    }
    // In the order of places, since the index gathers words only as long as places grow.
    for (place, step) in steps(&transaction, last)? {
        wipes |= step.gone.is_some();
        take(&transaction, place, &step)?;
    }
    change(
        &transaction,
        "insert into progress (one, document) values (1, ?1) on conflict do update set document = excluded.document",
        [document(after)?],
    )?;
    transaction.commit()?;
    if wipes {
        db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    }
    Ok(())
}

fn clear(db: &Connection) -> Outcome<()> {
    change(db, "insert into texts (texts) values ('delete-all')", [])?;
    change(db, "delete from entries", [])?;
    change(db, "delete from customers", [])?;
    Ok(())
}

fn steps(db: &Connection, last: BTreeMap<(CustomerId, String), Option<Entry>>) -> Outcome<BTreeMap<i64, Step>> {
    let mut steps: BTreeMap<i64, Step> = BTreeMap::new();
    for ((owner, id), entry) in last {
        let customer = number(db, &owner, entry.is_some())?;
        let Some(customer) = customer else { continue };
        let held = held(db, customer, &id)?;
        let Some(entry) = entry else {
            if let Some((place, row)) = held {
                steps.entry(place).or_default().gone = Some(row);
            }
            continue;
        };
        let new = row(customer, id, &entry);
        let wanted = place::wanted(&entry);
        match held {
            Some((place, row)) if place == wanted || is_beside(place, wanted) => {
                if !is_same(&row, &new) {
                    let step = steps.entry(place).or_default();
                    (step.gone, step.new) = (Some(row), Some(new));
                }
            }
            Some((place, row)) => {
                steps.entry(place).or_default().gone = Some(row);
                let free = free(db, &steps, wanted)?;
                steps.entry(free).or_default().new = Some(new);
            }
            None => {
                let free = free(db, &steps, wanted)?;
                steps.entry(free).or_default().new = Some(new);
            }
        }
    }
    Ok(steps)
}

/// Whether a place is where one goes that wants `wanted` and finds it taken.
fn is_beside(place: i64, wanted: i64) -> bool {
    (0..64).contains(&place.saturating_sub(wanted))
}

fn is_same(one: &Row, other: &Row) -> bool {
    one.words == other.words && one.marks == other.marks && one.chat_id == other.chat_id && one.bears == other.bears
}

/// The first free place from `wanted` on.
fn free(db: &Connection, steps: &BTreeMap<i64, Step>, wanted: i64) -> Outcome<i64> {
    let mut place = wanted;
    loop {
        let taken = find(db, "select 1 from entries where place = ?1", [place], |_| Ok(()))?.is_some();
        let waits = steps.get(&place).is_some_and(|step| step.new.is_some());
        if !waits && !taken {
            return Ok(place);
        }
        place += 1;
    }
}

/// The number of a customer; a new one if it is wanted.
fn number(db: &Connection, customer: &CustomerId, wanted: bool) -> Outcome<Option<i64>> {
    let held = known(db, customer)?;
    if held.is_some() || !wanted {
        return Ok(held);
    }
    change(db, "insert into customers (customer_id) values (?1)", [customer.as_str()])?;
    Ok(Some(db.last_insert_rowid()))
}

/// The number of a customer who has entries.
pub(super) fn known(db: &Connection, customer: &CustomerId) -> Outcome<Option<i64>> {
    find(db, "select number from customers where customer_id = ?1", [customer.as_str()], |row| Ok(row.get(0)?))
}

fn held(db: &Connection, customer: i64, id: &str) -> Outcome<Option<(i64, Row)>> {
    let sql = "select place, chat_id, bears, words, marks from entries where customer = ?1 and id = ?2";
    find(db, sql, (customer, id), |row| {
        let held = Row {
            customer,
            id: id.to_owned(),
            chat_id: row.get(1)?,
            bears: row.get(2)?,
            words: row.get(3)?,
            marks: row.get(4)?,
        };
        Ok((row.get(0)?, held))
    })
}

fn row(customer: i64, id: String, entry: &Entry) -> Row {
    Row {
        customer,
        id,
        chat_id: entry.chat.map_or_else(String::new, |chat| chat.to_string()),
        bears: entry.bears.join(" "),
        words: entry.words.join(" "),
        marks: entry.marks.join(" "),
    }
}

fn take(db: &Connection, place: i64, step: &Step) -> Outcome<()> {
    if let Some(row) = &step.gone {
        let (words, marks) = texts(row);
        let sql = "insert into texts (texts, rowid, words, marks) values ('delete', ?1, ?2, ?3)";
        change(db, sql, (place, words, marks))?;
        change(db, "delete from entries where place = ?1", [place])?;
    }
    if let Some(row) = &step.new {
        let (words, marks) = texts(row);
        change(db, "insert into texts (rowid, words, marks) values (?1, ?2, ?3)", (place, words, marks))?;
        change(
            db,
            "insert into entries (place, customer, id, chat_id, bears, words, marks) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (place, row.customer, &row.id, &row.chat_id, &row.bears, &row.words, &row.marks),
        )?;
    }
    Ok(())
}

fn texts(row: &Row) -> (String, String) {
    let key = key(row.customer);
    let prefixed = |tokens: &str| {
        let tokens: Vec<_> =
            tokens.split(' ').filter(|token| !token.is_empty()).map(|token| written(&key, token)).collect();
        tokens.join(" ")
    };
    (prefixed(&row.words), prefixed(&row.marks))
}

//! What is read from the index.

use super::{
    super::{
        failure::{Failure, Outcome},
        rows::{id, int, list},
    },
    apply::known,
    key, written,
};
use crate::place;
use model::{
    changes::Thing,
    customer::CustomerId,
    id::{ChatId, MessageId},
    index::{Field, Found, Lookup, Needle},
    store::NamedKind,
};
use rusqlite::Connection;

/// Entries that hold what is sought, the latest first.
pub(super) fn find(db: &Connection, lookup: &Lookup) -> Outcome<Vec<Found>> {
    let places = place::sought(lookup);
    let Some(customer) = known(db, &lookup.customer)?.filter(|_| !places.is_empty()) else { return Ok(Vec::new()) };
    let Some(sought) = expression(&key(customer), &lookup.clauses) else { return Ok(Vec::new()) };
    let sql = "select entries.place, entries.id, entries.bears from texts
               join entries on entries.place = texts.rowid
               where texts match ?1 and texts.rowid >= ?2 and texts.rowid <= ?3
               order by texts.rowid desc limit ?4";
    let kind = lookup.kind;
    list(db, sql, (sought, places.start(), places.end(), int(lookup.limit)), move |row| {
        let bears: String = row.get(2)?;
        let thing = match kind {
            NamedKind::Chat => Thing::Chat(id(row, 1)?),
            NamedKind::Message => Thing::Message(id(row, 1)?),
            NamedKind::Participant => Thing::Participant(id(row, 1)?),
        };
        Ok::<_, Failure>(Found {
            place: row.get(0)?,
            thing,
            bears: bears.split_whitespace().map(str::to_owned).collect(),
        })
    })
}

/// What is sought, in the words of the full-text table. None where nothing can be found.
fn expression(key: &str, clauses: &[Vec<Needle>]) -> Option<String> {
    let clauses: Option<Vec<_>> = clauses.iter().map(|clause| any_of(key, clause)).collect();
    clauses.filter(|clauses| !clauses.is_empty()).map(|clauses| clauses.join(" AND "))
}

fn any_of(key: &str, clause: &[Needle]) -> Option<String> {
    let needles: Vec<_> =
        clause.iter().filter(|needle| !needle.tokens.is_empty()).map(|one| needle(key, one)).collect();
    (!needles.is_empty()).then(|| format!("({})", needles.join(" OR ")))
}

fn needle(key: &str, needle: &Needle) -> String {
    let field = match needle.field {
        Field::Words => "words",
        Field::Marks => "marks",
    };
    let tokens: Vec<_> = needle.tokens.iter().map(|token| written(key, token)).collect();
    let begins = if needle.begins { " *" } else { "" };
    format!("{field} : \"{}\"{begins}", tokens.join(" "))
}

pub(super) fn of_chat(db: &Connection, customer: &CustomerId, chat: ChatId, limit: usize) -> Outcome<Vec<MessageId>> {
    let Some(customer) = known(db, customer)? else { return Ok(Vec::new()) };
    let sql = "select id from entries where customer = ?1 and chat_id = ?2 and chat_id <> '' order by id limit ?3";
    list(db, sql, (customer, chat.to_string(), int(limit)), |row| id(row, 0))
}

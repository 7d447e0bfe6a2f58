//! How rows become columns and come back: ids as texts, times as microseconds, the rest as a document.

use super::failure::{Failure, Outcome};
use model::{
    changes::Thing, chat::ChatState, customer::CustomerId, id::ExternalId, message::Message, store::NamedKind,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};
use serde::{Serialize, de::DeserializeOwned};
use std::str::FromStr;

/// A number as SQLite keeps it. Greater ones than it has would never be reached.
pub(super) fn int(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A number as it comes back.
pub(super) fn number(row: &Row<'_>, column: usize) -> Outcome<u64> {
    let held: i64 = row.get(column)?;
    u64::try_from(held).map_err(|_| Failure::Row("a number below zero".to_owned()))
}

/// A row as a document.
pub(super) fn document(row: &impl Serialize) -> Outcome<String> {
    Ok(serde_json::to_string(row)?)
}

/// A text that is none where it is empty.
pub(super) fn optional(id: Option<&ExternalId>) -> &str {
    id.map_or("", ExternalId::as_str)
}

/// A statement, kept ready for the next time.
pub(super) fn prepare<'a>(db: &'a Connection, sql: &str) -> Outcome<CachedStatement<'a>> {
    #[cfg(test)]
    super::plans::check(db, sql);
    Ok(db.prepare_cached(sql)?)
}

/// Changes rows; how many.
pub(super) fn change(db: &Connection, sql: &str, values: impl Params) -> Outcome<usize> {
    Ok(prepare(db, sql)?.execute(values)?)
}

/// Looks for one row.
pub(super) fn find<T>(
    db: &Connection,
    sql: &str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> Outcome<T>,
) -> Outcome<Option<T>> {
    let mut statement = prepare(db, sql)?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(read).transpose()
}

/// Lists rows.
pub(super) fn list<T>(
    db: &Connection,
    sql: &str,
    values: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    let mut statement = prepare(db, sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Looks for one document.
pub(super) fn find_document<T: DeserializeOwned>(
    db: &Connection,
    sql: &str,
    values: impl Params,
) -> Outcome<Option<T>> {
    find(db, sql, values, |row| parse(row, 0))
}

/// Lists documents.
pub(super) fn list_documents<T: DeserializeOwned>(db: &Connection, sql: &str, values: impl Params) -> Outcome<Vec<T>> {
    list(db, sql, values, |row| parse(row, 0))
}

/// A document as it comes back.
pub(super) fn parse<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| Failure::Row(error.to_string()))?;
    Ok(serde_json::from_str(text)?)
}

/// An id of ours as it comes back.
pub(super) fn id<T: FromStr>(row: &Row<'_>, column: usize) -> Outcome<T>
where
    T::Err: std::fmt::Display,
{
    let text = row.get_ref(column)?.as_str().map_err(|error| Failure::Row(error.to_string()))?;
    text.parse().map_err(|error: T::Err| Failure::Row(error.to_string()))
}

/// A customer as it comes back.
pub(super) fn customer(row: &Row<'_>, column: usize) -> Outcome<CustomerId> {
    CustomerId::new(row.get::<_, String>(column)?).map_err(|error| Failure::Row(error.to_string()))
}

/// What the ledger has for a name.
pub(super) fn thing(
    db: &Connection,
    customer: &CustomerId,
    connection: &str,
    kind: NamedKind,
    external_id: &ExternalId,
) -> Outcome<Option<Thing>> {
    let sql =
        "select thing from names where customer_id = ?1 and connection_id = ?2 and kind = ?3 and external_id = ?4";
    let values = (customer.as_str(), connection, kind_text(kind), external_id.as_str());
    find(db, sql, values, |row| {
        Ok(match kind {
            NamedKind::Chat => Thing::Chat(id(row, 0)?),
            NamedKind::Message => Thing::Message(id(row, 0)?),
            NamedKind::Participant => Thing::Participant(id(row, 0)?),
        })
    })
}

/// The id of a thing, as text.
pub(super) fn thing_text(thing: Thing) -> String {
    match thing {
        Thing::Chat(id) => id.to_string(),
        Thing::Message(id) => id.to_string(),
        Thing::Participant(id) => id.to_string(),
    }
}

/// A kind of thing, as text.
pub(super) fn kind_text(kind: NamedKind) -> &'static str {
    match kind {
        NamedKind::Chat => "chat",
        NamedKind::Message => "message",
        NamedKind::Participant => "participant",
    }
}

/// A chat's state, as text.
pub(super) fn state_text(state: ChatState) -> &'static str {
    match state {
        ChatState::Available => "available",
        ChatState::Imported => "imported",
        ChatState::Deleted => "deleted",
    }
}

/// Who may see a message: 0 nobody, 1 as deleted, 2 everybody.
pub(super) fn visibility(message: &Message) -> i64 {
    match (message.is_shown(), message.facets.is_deleted()) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    }
}

/// A single number, if there is one.
pub(super) fn find_int(db: &Connection, sql: &str, values: impl Params) -> Outcome<Option<i64>> {
    Ok(prepare(db, sql)?.query_row(values, |row| row.get(0)).optional()?)
}

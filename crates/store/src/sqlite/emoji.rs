//! Emoji that only one account has.

use super::{
    failure::Outcome,
    rows::{document, find_document, int, list_documents},
    write::done,
};
use model::{customer::CustomerId, emoji::Emoji, facets::Version, id::ConnectionId};
use rusqlite::{Connection, params};

pub(super) fn named(
    db: &Connection,
    customer: &CustomerId,
    connection: ConnectionId,
    names: &[String],
) -> Outcome<Vec<Emoji>> {
    let sql = "select document from emoji where customer_id = ?1 and connection_id = ?2 and name = ?3";
    let connection = connection.to_string();
    let find = |name: &String| find_document(db, sql, (customer.as_str(), &connection, name)).transpose();
    names.iter().filter_map(find).collect()
}

/// Writes an emoji, unless it was told later already.
pub(super) fn put(db: &Connection, row: &Emoji) -> Outcome<()> {
    let held = named(db, &row.customer_id, row.connection_id, std::slice::from_ref(&row.name))?;
    if held.first().is_some_and(|held| !row.is_later_than(held)) {
        return Ok(());
    }
    done(
        db,
        "insert into emoji (customer_id, connection_id, name, version, gone, document)
         values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict do update set version = excluded.version, gone = excluded.gone, document = excluded.document",
        params![
            row.customer_id.as_str(),
            row.connection_id.to_string(),
            row.name,
            row.version.0,
            int(u64::from(row.picture.is_none())),
            document(row)?
        ],
    )
}

/// All were listed: those that were told before are gone.
pub(super) fn listed(db: &Connection, customer: &CustomerId, connection: ConnectionId, at: Version) -> Outcome<()> {
    let sql = "select document from emoji
               where customer_id = ?1 and connection_id = ?2 and version < ?3 and gone = 0";
    let before: Vec<Emoji> = list_documents(db, sql, (customer.as_str(), connection.to_string(), at.0))?;
    for row in before {
        put(db, &Emoji { picture: None, version: at, ..row })?;
    }
    Ok(())
}

//! What is due, in turns of the customers: from the one after `after` on, and round again.

use super::{
    failure::Outcome,
    read::first_of_each,
    rows::{customer, find, id, int, list, list_documents},
};
use crate::turns::in_turns;
use model::{
    customer::CustomerId,
    id::{ChatId, ExternalId},
    store::Lane,
    sync_status::SyncStatus,
    time::Timestamp,
};
use rusqlite::{Connection, Row};

/// The lanes of the parts that are due. It stops reading as soon as it has enough of them.
pub(super) fn part_lanes(db: &Connection, now: Timestamp, after: &str, limit: usize) -> Outcome<Vec<Lane>> {
    let next = "select customer_id from parts where waiting = 1 and customer_id > ?1 and due_at <= ?2
                order by customer_id limit 1";
    let own = "select connection_id, chat from parts where waiting = 1 and customer_id = ?1 and due_at <= ?2
               order by due_at, intake_id, number, connection_id";
    of_each_customer(db, next, now, after, limit, |customer| {
        first_of_each(db, own, (customer.as_str(), now.micros()), limit, |row| {
            let chat = row.get::<_, String>(1)?;
            let chat = Some(ExternalId(chat)).filter(|chat| !chat.as_str().is_empty());
            Ok(Lane { customer_id: customer.clone(), connection_id: id(row, 0)?, chat })
        })
    })
}

/// Chats whose first open command is due; later ones wait behind it.
pub(super) fn due_chats(
    db: &Connection,
    now: Timestamp,
    after: &str,
    limit: usize,
) -> Outcome<Vec<(CustomerId, ChatId)>> {
    let next = "select customer_id from commands where open = 1 and customer_id > ?1 and due_at <= ?2
                order by customer_id limit 1";
    let own = "select chat_id from commands as first where open = 1 and customer_id = ?1 and due_at <= ?2
               and not exists (select 1 from commands as earlier where earlier.open = 1
                   and earlier.customer_id = first.customer_id and earlier.chat_id = first.chat_id
                   and earlier.number < first.number)
               order by due_at, chat_id limit ?3";
    of_each_customer(db, next, now, after, limit, |customer| {
        let read = |row: &Row<'_>| Ok((customer.clone(), id(row, 0)?));
        list(db, own, (customer.as_str(), now.micros(), int(limit)), read)
    })
}

/// Runs that are due.
pub(super) fn due_syncs(db: &Connection, now: Timestamp, after: &str, limit: usize) -> Outcome<Vec<SyncStatus>> {
    let next = "select customer_id from sync_statuses where open = 1 and customer_id > ?1 and due_at <= ?2
                order by customer_id limit 1";
    let own = "select document from sync_statuses where open = 1 and customer_id = ?1 and due_at <= ?2
               order by due_at, id limit ?3";
    of_each_customer(db, next, now, after, limit, |customer| {
        list_documents(db, own, (customer.as_str(), now.micros(), int(limit)))
    })
}

/// Goes from customer to customer, so that nobody's many rows are read to find another one's.
fn of_each_customer<T>(
    db: &Connection,
    next: &str,
    now: Timestamp,
    after: &str,
    limit: usize,
    own: impl Fn(&CustomerId) -> Outcome<Vec<T>>,
) -> Outcome<Vec<T>> {
    let (mut of_each, mut last, mut again) = (Vec::new(), after.to_owned(), false);
    while of_each.len() < limit {
        let found = find(db, next, (&last, now.micros()), |row| customer(row, 0))?;
        match found.filter(|found| !again || found.as_str() <= after) {
            Some(customer) => {
                let rows = own(&customer)?;
                of_each.extend((!rows.is_empty()).then_some(rows));
                last = customer.as_str().to_owned();
            }
            None if again || after.is_empty() => break,
            None => (last, again) = (String::new(), true),
        }
    }
    Ok(in_turns(of_each, limit))
}

//! The lines of a chat: its main line and its threads, by position.

use super::{
    failure::Outcome,
    rows::{int, list, list_documents, optional},
};
use model::{
    compare::Stretch,
    customer::CustomerId,
    id::{ChatId, ExternalId},
    message::Message,
};
use rusqlite::Connection;

/// The messages of these stretches that can be read.
pub(super) fn messages_in(
    db: &Connection,
    owner: &CustomerId,
    chat: ChatId,
    stretches: &[Stretch],
    limit: usize,
) -> Outcome<Vec<Message>> {
    let mut found = Vec::new();
    for stretch in stretches {
        let wanted = int(limit.saturating_sub(found.len()));
        let place = (owner.as_str(), chat.to_string(), &stretch.from, &stretch.before);
        found.extend(match &stretch.thread {
            None => list_documents(
                db,
                "select document from messages where customer_id = ?1 and chat_id = ?2
                 and position >= ?3 and position < ?4 and visibility = 2 and thread = ''
                 order by position, id limit ?5",
                (place.0, place.1, place.2, place.3, wanted),
            ),
            thread => list_documents(
                db,
                "select document from messages where customer_id = ?1 and chat_id = ?2 and thread <> ''
                 and thread = ?6 and position >= ?3 and position < ?4 and visibility = 2
                 order by position, id limit ?5",
                (place.0, place.1, place.2, place.3, wanted, optional(thread.as_ref())),
            ),
        }?);
    }
    Ok(found)
}

/// Threads that have a reply from this position on which can be read.
pub(super) fn threads_in(
    db: &Connection,
    owner: &CustomerId,
    chat: ChatId,
    from: &str,
    limit: usize,
) -> Outcome<Vec<ExternalId>> {
    list(
        db,
        "select thread from messages where customer_id = ?1 and chat_id = ?2 and thread <> '' and visibility = 2
         group by thread having max(position) >= ?3 limit ?4",
        (owner.as_str(), chat.to_string(), from, int(limit)),
        |row| Ok(ExternalId(row.get(0)?)),
    )
}

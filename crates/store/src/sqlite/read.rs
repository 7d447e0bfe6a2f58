//! What is read from the tables. Each function sees one state of the file.

use super::{
    failure::{Failure, Outcome},
    rows::{
        customer, find, find_document, find_int, id, int, list, list_documents, number, parse, prepare, state_text,
        thing,
    },
};
use crate::order::{self, Place, Start};
use bytes::Bytes;
use model::{
    changes::Thing,
    chat::{Chat, ChatState},
    customer::CustomerId,
    event::Event,
    id::{ChatId, ConnectionId, ExternalId, IntakeId, Integration, MessageId, ParticipantId, SyncStatusId},
    intake::{Intake, PartId, QueuedPart, RawRequest},
    message::Message,
    participant::Participant,
    store::{ApiKey, ChatFilter, Lane, ListedChat, NamedKind, Paging, Slice, Ticket, UNREAD_COUNTED},
    sync_status::SyncStatus,
    time::Timestamp,
    upload::Held,
};
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;
use std::{cmp::Reverse, collections::BTreeSet};

const INTAKE: &str = "id, integration, headers, body, received_at, connection_id";

pub(super) fn unrouted(db: &Connection, limit: usize) -> Outcome<Vec<Intake>> {
    let sql = format!("select {INTAKE} from intakes where routed = 0 order by id limit ?1");
    list(db, &sql, [int(limit)], intake)
}

pub(super) fn intakes(db: &Connection, ids: &[IntakeId]) -> Outcome<Vec<Intake>> {
    let sql = format!("select {INTAKE} from intakes where id = ?1");
    let ids = order::once(ids.iter().copied()).into_iter();
    ids.filter_map(|id| find(db, &sql, [id.to_string()], intake).transpose()).collect()
}

/// Routed requests in the order in which they came.
pub(super) fn routed(db: &Connection, since: Timestamp, after: Option<IntakeId>, limit: usize) -> Outcome<Vec<Intake>> {
    let sql = "select received_at from intakes where id = ?1";
    let came = match after {
        Some(id) => find(db, sql, [id.to_string()], |row| Ok(row.get::<_, i64>(0)?))?.unwrap_or(id.came_at().micros()),
        None => since.micros(),
    };
    let sql = format!(
        "select {INTAKE} from intakes where routed = 1 and (received_at, id) > (?1, ?2)
         order by received_at, id limit ?3"
    );
    list(db, &sql, (came.max(since.micros()), after.map(|id| id.to_string()).unwrap_or_default(), int(limit)), intake)
}

pub(super) fn part(db: &Connection, owner: &CustomerId, part: PartId) -> Outcome<Option<QueuedPart>> {
    let sql = "select document from parts
               where customer_id = ?1 and intake_id = ?2 and number = ?3 and connection_id = ?4";
    let values = (owner.as_str(), part.intake_id.to_string(), int(part.number), part.connection_id.to_string());
    find_document(db, sql, values)
}

pub(super) fn parked(db: &Connection, owner: &CustomerId, paging: &Paging) -> Outcome<Slice<QueuedPart>> {
    let (intake, number, connection) = match order::start::<u8, PartId>(paging) {
        Start::Nowhere => return Ok(order::nothing()),
        Start::First => ("~".to_owned(), 0, String::new()),
        Start::After(place) => (place.id.intake_id.to_string(), place.id.number, place.id.connection_id.to_string()),
    };
    let sql = "select document from parts where waiting = 0 and customer_id = ?1
               and (intake_id, number, connection_id) < (?2, ?3, ?4)
               order by intake_id desc, number desc, connection_id desc limit ?5";
    let wanted = int(paging.limit.saturating_add(1));
    let items = list_documents(db, sql, (owner.as_str(), intake, int(number), connection, wanted))?;
    Ok(order::slice(items, paging.limit, |row: &QueuedPart| Place { key: 0_u8, id: row.id() }.text()))
}

fn intake(row: &Row<'_>) -> Outcome<Intake> {
    let body = row.get_ref(3)?.as_blob().map_err(|error| Failure::Row(error.to_string()))?;
    let request = RawRequest {
        headers: parse(row, 2)?,
        body: Bytes::copy_from_slice(body),
        received_at: Timestamp::from_micros(row.get(4)?),
    };
    let only: String = row.get(5)?;
    let connection_id = if only.is_empty() { None } else { Some(id(row, 5)?) };
    Ok(Intake { id: id(row, 0)?, integration: Integration(row.get(1)?), connection_id, request })
}

pub(super) fn due_marks(db: &Connection, now: Timestamp, limit: usize) -> Outcome<Vec<(CustomerId, ChatId)>> {
    let sql = "select customer_id, id from chats where mark_due_at > 0 and mark_due_at <= ?1
               order by mark_due_at, customer_id, id limit ?2";
    list(db, sql, (now.micros(), int(limit)), |row| Ok((customer(row, 0)?, id(row, 1)?)))
}

/// The chats that have something due.
pub(super) fn due_asides(db: &Connection, now: Timestamp, limit: usize) -> Outcome<Vec<(CustomerId, ChatId)>> {
    let sql = "select customer_id, chat_id from asides where until <= ?1 order by until, customer_id, chat_id";
    first_of_each(db, sql, [now.micros()], limit, |row| Ok((customer(row, 0)?, id(row, 1)?)))
}

pub(super) fn first_of_each<T: Ord + Clone>(
    db: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    limit: usize,
    read: impl Fn(&Row<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    let mut statement = prepare(db, sql)?;
    let mut rows = statement.query(values)?;
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let item = read(row)?;
        if seen.insert(item.clone()) {
            found.push(item);
        }
    }
    Ok(found)
}

// The plus keeps SQLite from reading by time what it is to give in the order of arrival.
pub(super) fn parts(db: &Connection, lane: &Lane, now: Timestamp, limit: usize) -> Outcome<Vec<QueuedPart>> {
    list_documents(
        db,
        "select document from parts
         where waiting = 1 and customer_id = ?1 and connection_id = ?2 and chat = ?3 and +due_at <= ?4
         order by intake_id, number limit ?5",
        (
            lane.customer_id.as_str(),
            lane.connection_id.to_string(),
            lane.chat.as_ref().map_or("", ExternalId::as_str),
            now.micros(),
            int(limit),
        ),
    )
}

/// The rows behind names, each once, in the order of the names.
pub(super) fn named<T: DeserializeOwned>(
    db: &Connection,
    owner: &CustomerId,
    connection: ConnectionId,
    kind: NamedKind,
    ids: &[ExternalId],
) -> Outcome<Vec<T>> {
    let connection = connection.to_string();
    let things: Result<Vec<_>, _> =
        ids.iter().filter_map(|id| thing(db, owner, &connection, kind, id).transpose()).collect();
    let rows = order::once(things?).into_iter().map(|thing| match thing {
        Thing::Chat(id) => {
            let sql = "select document from chats where customer_id = ?1 and id = ?2";
            find_document(db, sql, (owner.as_str(), id.to_string()))
        }
        Thing::Message(id) => {
            let sql = "select document from messages where customer_id = ?1 and id = ?2";
            find_document(db, sql, (owner.as_str(), id.to_string()))
        }
        Thing::Participant(id) => {
            let sql = "select document from participants where customer_id = ?1 and id = ?2";
            find_document(db, sql, (owner.as_str(), id.to_string()))
        }
    });
    rows.filter_map(Result::transpose).collect()
}

pub(super) fn people(
    db: &Connection,
    owner: &CustomerId,
    connection: ConnectionId,
    text: &str,
    paging: &Paging,
) -> Outcome<Slice<Participant>> {
    let (key, last) = match order::start::<String, ParticipantId>(paging) {
        Start::Nowhere => return Ok(order::nothing()),
        Start::First => (String::new(), String::new()),
        Start::After(place) => (place.key, place.id.to_string()),
    };
    let items = list_documents(
        db,
        "select document from participants
         where customer_id = ?1 and connection_id = ?2 and known = 1 and (name, id) > (?3, ?4)
         and instr(search, ?5) > 0 order by name, id limit ?6",
        (owner.as_str(), connection.to_string(), key, last, order::folded(text), int(paging.limit.saturating_add(1))),
    )?;
    Ok(order::slice(items, paging.limit, |row: &Participant| Place { key: order::name_key(row), id: row.id }.text()))
}

/// Of chats: those that have an unread message.
const UNREAD: &str = "and read_position <> '' and exists (select 1 from messages
    where messages.customer_id = chats.customer_id and messages.chat_id = chats.id and visibility = 2
    and json_extract(messages.document, '$.direction') = 'incoming' and position > read_position)";

/// A chat's row and when it was last active.
type Active = (Timestamp, Chat);

pub(super) fn chats(
    db: &Connection,
    owner: &CustomerId,
    filter: &ChatFilter,
    paging: &Paging,
) -> Outcome<Slice<ListedChat>> {
    let (at, last) = match order::start::<i64, ChatId>(paging) {
        Start::Nowhere => return Ok(order::nothing()),
        // No id begins with it, and it is greater than all that one begins with.
        Start::First => (i64::MAX, "~".to_owned()),
        Start::After(place) => (place.key, place.id.to_string()),
    };
    let wanted = int(paging.limit.saturating_add(1));
    let read = |row: &Row<'_>| Ok((Timestamp::from_micros(row.get(0)?), parse(row, 1)?));
    let unread = if filter.unread { UNREAD } else { "" };
    let mut found: Vec<Active> = Vec::new();
    // One index serves all filters: a list of all states is the merge of three lists of one.
    for state in [ChatState::Available, ChatState::Imported, ChatState::Deleted] {
        if filter.state.is_some_and(|wanted| wanted != state) {
            continue;
        }
        let state = state_text(state);
        found.extend(match filter.connection {
            None => list(
                db,
                &format!(
                    "select active_at, document from chats
                     where customer_id = ?1 and state = ?2 and (active_at, id) < (?3, ?4) {unread}
                     order by active_at desc, id desc limit ?5"
                ),
                (owner.as_str(), state, at, &last, wanted),
                read,
            ),
            Some(connection) => list(
                db,
                &format!(
                    "select active_at, document from chats
                     where customer_id = ?1 and connection_id = ?6 and state = ?2 and (active_at, id) < (?3, ?4) {unread}
                     order by active_at desc, id desc limit ?5"
                ),
                (owner.as_str(), state, at, &last, wanted, connection.to_string()),
                read,
            ),
        }?);
    }
    found.sort_by_key(|(active_at, chat)| Reverse((*active_at, chat.id)));
    found.truncate(paging.limit.saturating_add(1));
    let items: Outcome<Vec<_>> = found.into_iter().map(|row| listed(db, row)).collect();
    Ok(order::slice(items?, paging.limit, |row| Place { key: row.active_at.micros(), id: row.chat.id }.text()))
}

pub(super) fn listed_chat(db: &Connection, owner: &CustomerId, chat: ChatId) -> Outcome<Option<ListedChat>> {
    let sql = "select active_at, document from chats where customer_id = ?1 and id = ?2";
    let found = find(db, sql, (owner.as_str(), chat.to_string()), |row| {
        Ok((Timestamp::from_micros(row.get(0)?), parse(row, 1)?))
    })?;
    found.map(|row| listed(db, row)).transpose()
}

fn listed(db: &Connection, (active_at, chat): Active) -> Outcome<ListedChat> {
    let last_message = find_document(
        db,
        "select document from messages where customer_id = ?1 and chat_id = ?2 and visibility = 2
         order by position desc, id desc limit 1",
        (chat.customer_id.as_str(), chat.id.to_string()),
    )?;
    let unread_count = match &chat.read {
        None => None,
        Some(mark) => find_int(
            db,
            "select count(*) from (select 1 from messages where customer_id = ?1 and chat_id = ?2 and visibility = 2
             and json_extract(document, '$.direction') = 'incoming' and position > ?3 limit ?4)",
            (chat.customer_id.as_str(), chat.id.to_string(), &mark.position, int(UNREAD_COUNTED)),
        )?,
    };
    let unread_count = unread_count.and_then(|count| u32::try_from(count).ok());
    Ok(ListedChat { chat, active_at, last_message, unread_count })
}

pub(super) fn messages_of(
    db: &Connection,
    owner: &CustomerId,
    chat: ChatId,
    paging: &Paging,
) -> Outcome<Slice<Message>> {
    let wanted = int(paging.limit.saturating_add(1));
    let items = match order::start::<String, MessageId>(paging) {
        Start::Nowhere => return Ok(order::nothing()),
        Start::First => list_documents(
            db,
            "select document from messages where customer_id = ?1 and chat_id = ?2 and visibility > 0
             order by position desc, id desc limit ?3",
            (owner.as_str(), chat.to_string(), wanted),
        ),
        Start::After(place) => list_documents(
            db,
            "select document from messages where customer_id = ?1 and chat_id = ?2 and visibility > 0
             and (position, id) < (?4, ?5) order by position desc, id desc limit ?3",
            (owner.as_str(), chat.to_string(), wanted, place.key, place.id.to_string()),
        ),
    }?;
    Ok(order::slice(items, paging.limit, |row: &Message| Place { key: row.position.clone(), id: row.id }.text()))
}

pub(super) fn uploads_held(db: &Connection, customer: &CustomerId) -> Outcome<Held> {
    let sql = "select count(*), coalesce(sum(size_bytes), 0) from uploads where customer_id = ?1";
    let held = find(db, sql, [customer.as_str()], |row| Ok(Held { uploads: number(row, 0)?, bytes: number(row, 1)? }))?;
    Ok(held.unwrap_or_default())
}

pub(super) fn sync_statuses(
    db: &Connection,
    owner: &CustomerId,
    connection: Option<ConnectionId>,
    paging: &Paging,
) -> Outcome<Slice<SyncStatus>> {
    let (at, last) = match order::start::<i64, SyncStatusId>(paging) {
        Start::Nowhere => return Ok(order::nothing()),
        Start::First => (i64::MAX, "~".to_owned()),
        Start::After(place) => (place.key, place.id.to_string()),
    };
    let wanted = int(paging.limit.saturating_add(1));
    let items = match connection {
        None => list_documents(
            db,
            "select document from sync_statuses where customer_id = ?1 and (created_at, id) < (?2, ?3)
             order by created_at desc, id desc limit ?4",
            (owner.as_str(), at, last, wanted),
        ),
        Some(connection) => list_documents(
            db,
            "select document from sync_statuses
             where customer_id = ?1 and connection_id = ?5 and (created_at, id) < (?2, ?3)
             order by created_at desc, id desc limit ?4",
            (owner.as_str(), at, last, wanted, connection.to_string()),
        ),
    }?;
    Ok(order::slice(items, paging.limit, |row: &SyncStatus| Place { key: row.created_at.micros(), id: row.id }.text()))
}

pub(super) fn events(db: &Connection, owner: &CustomerId, after: u64, limit: usize) -> Outcome<Vec<Event>> {
    let sql = "select seq, position, customer_id, document from events
               where customer_id = ?1 and seq > ?2 order by seq limit ?3";
    list(db, sql, (owner.as_str(), int(after), int(limit)), event)
}

pub(super) fn log(db: &Connection, after: u64, limit: usize) -> Outcome<Vec<Event>> {
    let sql = "select seq, position, customer_id, document from events where position > ?1 order by position limit ?2";
    list(db, sql, (int(after), int(limit)), event)
}

fn event(row: &Row<'_>) -> Outcome<Event> {
    Ok(Event { seq: number(row, 0)?, position: number(row, 1)?, customer_id: customer(row, 2)?, event: parse(row, 3)? })
}

pub(super) fn api_keys(db: &Connection) -> Outcome<Vec<ApiKey>> {
    let sql = "select id, name, hash, created_at from api_keys order by created_at, id";
    list(db, sql, [], |row| {
        let created_at = Timestamp::from_micros(row.get(3)?);
        Ok(ApiKey { id: row.get(0)?, name: row.get(1)?, hash: row.get(2)?, created_at })
    })
}

pub(super) fn ticket(row: &Row<'_>) -> Outcome<Ticket> {
    let expires_at = Timestamp::from_micros(row.get(3)?);
    Ok(Ticket { kind: row.get(0)?, hash: row.get(1)?, document: parse(row, 2)?, expires_at })
}

/// The earliest time at which something is due: of a chat's commands only the first one counts.
pub(super) fn next_due(db: &Connection) -> Outcome<Option<Timestamp>> {
    let mut earliest: Option<i64> = None;
    for sql in [
        "select due_at from parts where waiting = 1 order by due_at limit 1",
        "select due_at from commands as first where open = 1
         and not exists (select 1 from commands as earlier where earlier.open = 1
             and earlier.customer_id = first.customer_id and earlier.chat_id = first.chat_id
             and earlier.number < first.number)
         order by due_at limit 1",
        "select due_at from sync_statuses where open = 1 order by due_at limit 1",
        "select until from asides order by until limit 1",
        "select mark_due_at from chats where mark_due_at > 0 order by mark_due_at limit 1",
        "select due_at from connections where due_at < 9223372036854775807 order by due_at limit 1",
        "select due_at from completeness order by due_at limit 1",
        "select due_at from followings order by due_at limit 1",
        "select due_at from logins where due_at < 9223372036854775807 order by due_at limit 1",
    ] {
        let found = find_int(db, sql, [])?;
        earliest = [earliest, found].into_iter().flatten().min();
    }
    Ok(earliest.map(Timestamp::from_micros))
}

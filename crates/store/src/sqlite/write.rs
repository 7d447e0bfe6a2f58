//! What a commit does to the tables. Each function runs within the writer's transaction.

use super::{
    checks, emoji, erase,
    failure::{Failure, Outcome},
    followings, intake, put,
    rows::{change, document, find, find_int, int, kind_text, number, thing, thing_text},
};
use crate::admission::Admitted;
use model::{
    changes::{Aside, Changes, Naming, Write},
    customer::CustomerId,
    event::Event,
    id::ChatId,
    store::Committed,
};
use rusqlite::{Connection, params};

/// Writes a commit, and numbers its events.
pub(super) fn commit(db: &Connection, changes: &Changes) -> Outcome<Committed> {
    let admitted = Admitted::check(changes)?;
    if let Some(customer) = &changes.customer
        && erase::is_under_way(db, customer)?
    {
        return Err(Failure::stale());
    }
    for row in &changes.writes {
        write(db, &admitted, row)?;
    }
    if changes.events.is_empty() {
        return Ok(Committed::default());
    }
    let customer = admitted.customer()?;
    let count = changes.events.len();
    let last_seq = counter(
        db,
        "insert into feeds (customer_id, last_seq, forgotten_seq) values (?1, ?2, 0)
         on conflict do update set last_seq = last_seq + ?2 returning last_seq",
        (customer.as_str(), int(count)),
    )?;
    let last_position =
        counter(db, "update log set last_position = last_position + ?1 returning last_position", [int(count)])?;
    let mut events = Vec::with_capacity(count);
    for (place, event) in changes.events.iter().enumerate() {
        let before_last = (count - 1 - place) as u64;
        let event = Event {
            seq: last_seq - before_last,
            position: last_position - before_last,
            customer_id: customer.clone(),
            event: event.clone(),
        };
        change(
            db,
            "insert into events (position, customer_id, seq, at, document) values (?1, ?2, ?3, ?4, ?5)",
            params![
                int(event.position),
                customer.as_str(),
                int(event.seq),
                event.event.at.micros(),
                document(&event.event)?
            ],
        )?;
        events.push(event);
    }
    Ok(Committed { events })
}

/// Raises a counter, and returns what it is by now.
fn counter(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Outcome<u64> {
    let raised = find(db, sql, values, |row| number(row, 0))?;
    raised.ok_or_else(|| Failure::Row("a counter is missing".to_owned()))
}

fn write(db: &Connection, admitted: &Admitted<'_>, write: &Write) -> Outcome<()> {
    match write {
        Write::Connection(row) => put::connection(db, row),
        Write::Login(row) => put::login(db, row),
        Write::UserPlatform(row) => put::user_platform(db, row),
        Write::Chat(row) => put::chat(db, row),
        Write::Participant(row) => put::participant(db, row),
        Write::Emoji(row) => emoji::put(db, row),
        Write::EmojiListed { connection_id, version } => {
            emoji::listed(db, admitted.customer()?, *connection_id, *version)
        }
        Write::Message(row) => put::message(db, row),
        Write::Command(row) => put::command(db, row),
        Write::SyncStatus(row) => put::sync_status(db, row),
        Write::Completeness(row) => checks::put(db, row),
        Write::CheckSoon { connection_id, at } => checks::check_soon(db, admitted.customer()?, *connection_id, *at),
        Write::CheckAll { connection_id, at, lost } => {
            checks::check_all(db, admitted.customer()?, *connection_id, *at, *lost)
        }
        Write::Following(row) => followings::put(db, row),
        Write::FollowSoon { connection_id, at } => followings::soon(db, admitted.customer()?, *connection_id, *at),
        Write::Upload(row) => put::upload(db, row),
        Write::RemoveUpload { id, revision } => fresh(
            db,
            "delete from uploads where customer_id = ?1 and id = ?2 and revision = ?3",
            (admitted.customer()?.as_str(), id.to_string(), int(*revision)),
        ),
        Write::Name(naming) => name(db, admitted.customer()?, naming),
        Write::Rename(naming) => rename(db, admitted.customer()?, naming),
        Write::QueuePart(part) => intake::queue_part(db, part),
        Write::UpdatePart(part) => intake::update_part(db, part),
        Write::RemovePart { connection_id, intake_id, number } => {
            intake::remove_part(db, admitted.customer()?, *connection_id, *intake_id, *number)
        }
        Write::Routed(id) => done(db, "update intakes set routed = 1 where id = ?1 and routed = 0", [id.to_string()]),
        Write::Unclaimed(part) => intake::unclaimed(db, part),
        Write::SetAside(aside) => set_aside(db, admitted.customer()?, aside),
        Write::TakeUp { chat_id, external_id, version } => done(
            db,
            "delete from asides where customer_id = ?1 and chat_id = ?2 and external_id = ?3
             and json_extract(document, '$.version') <= ?4",
            (admitted.customer()?.as_str(), chat_id.to_string(), external_id.as_str(), version.0),
        ),
        Write::Active { chat_id, at } => done(
            db,
            "update chats set active_at = ?3 where customer_id = ?1 and id = ?2 and active_at < ?3",
            (admitted.customer()?.as_str(), chat_id.to_string(), at.micros()),
        ),
        Write::EmptyChat(chat) => empty_chat(db, admitted.customer()?, *chat),
        Write::Quiet(chat) => {
            let sql = "select 1 from commands where customer_id = ?1 and chat_id = ?2 and open = 1 limit 1";
            let open = find_int(db, sql, (admitted.customer()?.as_str(), chat.to_string()))?;
            if open.is_none() { Ok(()) } else { Err(Failure::stale()) }
        }
        Write::Remember(answer) => fresh(
            db,
            "insert into remembered (customer_id, key, until, document) values (?1, ?2, ?3, ?4) on conflict do nothing",
            (admitted.customer()?.as_str(), &answer.key, answer.until.micros(), document(answer)?),
        ),
        Write::Identity { connection_id, identity } => {
            let sql = "select coalesce(json_extract(document, '$.identity'), 0) from connections
                       where customer_id = ?1 and id = ?2";
            let held = find_int(db, sql, (admitted.customer()?.as_str(), connection_id.to_string()))?;
            if held == Some(int(*identity)) { Ok(()) } else { Err(Failure::stale()) }
        }
        Write::Expect { chat_id, generation } => {
            let sql = "select generation from chats where customer_id = ?1 and id = ?2";
            let held = find_int(db, sql, (admitted.customer()?.as_str(), chat_id.to_string()))?;
            if held == Some(int(*generation)) { Ok(()) } else { Err(Failure::stale()) }
        }
    }
}

/// Changes rows, whether or not there are any.
pub(super) fn done(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Outcome<()> {
    change(db, sql, values).map(drop)
}

/// Changes what must be as it was known.
fn fresh(db: &Connection, sql: &str, values: impl rusqlite::Params) -> Outcome<()> {
    if change(db, sql, values)? == 0 { Err(Failure::stale()) } else { Ok(()) }
}

fn name(db: &Connection, customer: &CustomerId, naming: &Naming) -> Outcome<()> {
    let connection = naming.connection_id.to_string();
    let written = change(
        db,
        "insert into names (customer_id, connection_id, kind, external_id, thing)
         values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
        (
            customer.as_str(),
            &connection,
            kind_text(naming.thing.kind()),
            naming.external_id.as_str(),
            thing_text(naming.thing),
        ),
    )?;
    if written == 1 {
        return Ok(());
    }
    let held = thing(db, customer, &connection, naming.thing.kind(), &naming.external_id)?;
    if held == Some(naming.thing) { Ok(()) } else { Err(Failure::stale()) }
}

fn rename(db: &Connection, customer: &CustomerId, naming: &Naming) -> Outcome<()> {
    done(
        db,
        "insert into names (customer_id, connection_id, kind, external_id, thing) values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set thing = excluded.thing",
        (
            customer.as_str(),
            naming.connection_id.to_string(),
            kind_text(naming.thing.kind()),
            naming.external_id.as_str(),
            thing_text(naming.thing),
        ),
    )
}

fn set_aside(db: &Connection, customer: &CustomerId, aside: &Aside) -> Outcome<()> {
    done(
        db,
        "insert into asides (customer_id, chat_id, external_id, until, document) values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set until = excluded.until, document = excluded.document
         where json_extract(asides.document, '$.version') <= json_extract(excluded.document, '$.version')",
        (
            customer.as_str(),
            aside.chat_id.to_string(),
            aside.external_id.as_str(),
            aside.until.micros(),
            document(aside)?,
        ),
    )
}

fn empty_chat(db: &Connection, customer: &CustomerId, chat: ChatId) -> Outcome<()> {
    for sql in [
        "delete from names where customer_id = ?1 and thing in
         (select id from messages where customer_id = ?1 and chat_id = ?2)",
        "delete from messages where customer_id = ?1 and chat_id = ?2",
        "delete from commands where customer_id = ?1 and chat_id = ?2",
        "delete from asides where customer_id = ?1 and chat_id = ?2",
        "delete from completeness where customer_id = ?1 and chat_id = ?2",
    ] {
        done(db, sql, (customer.as_str(), chat.to_string()))?;
    }
    Ok(())
}

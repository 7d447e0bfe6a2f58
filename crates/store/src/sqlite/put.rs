//! Rows with a revision: each is written only over the revision before it.

use super::{
    failure::{Failure, Outcome},
    rows::{change, document, find_int, int, optional, state_text, visibility},
};
use crate::order;
use model::{
    chat::Chat,
    command::Command,
    connection::{Connection, Login},
    message::Message,
    participant::Participant,
    sync_status::SyncStatus,
    time::Timestamp,
    upload::Upload,
    user_platform::UserPlatform,
};
use rusqlite::{Connection as Db, Params, params};

/// The due time of what waits for nothing.
pub(super) const NEVER: i64 = i64::MAX;

/// Inserts a first revision, or updates the one before. Both take the same values, and neither writes
/// anything where the row, or what is unique about it, is another one by now.
fn guarded(db: &Db, revision: u64, insert: &str, update: &str, values: impl Params) -> Outcome<()> {
    let sql = if revision == 1 { insert } else { update };
    if change(db, sql, values)? == 0 { Err(Failure::stale()) } else { Ok(()) }
}

pub(super) fn connection(db: &Db, row: &Connection) -> Outcome<()> {
    let (customer, id) = (row.customer_id.as_str(), row.id.to_string());
    guarded(
        db,
        row.revision,
        "insert into connections (customer_id, id, revision, integration, account, created_at, due_at, document)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing",
        "update or ignore connections
         set revision = ?3, integration = ?4, account = ?5, created_at = ?6, due_at = ?7, document = ?8
         where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            customer,
            id,
            int(row.revision),
            row.integration.as_str(),
            row.account.as_str(),
            row.created_at.micros(),
            row.standing.check_at.map_or(NEVER, Timestamp::micros),
            document(row)?
        ],
    )?;
    change(db, "delete from listeners where customer_id = ?1 and connection_id = ?2", (customer, &id))?;
    for account in &row.listens_to {
        change(
            db,
            "insert into listeners (integration, account, customer_id, connection_id)
             values (?1, ?2, ?3, ?4) on conflict do nothing",
            (row.integration.as_str(), account.as_str(), customer, &id),
        )?;
    }
    change(db, "delete from persons where customer_id = ?1 and connection_id = ?2", (customer, &id))?;
    for person in &row.person {
        change(
            db,
            "insert into persons (integration, external_id, customer_id, connection_id)
             values (?1, ?2, ?3, ?4) on conflict do nothing",
            (row.integration.as_str(), person.as_str(), customer, &id),
        )?;
    }
    change(db, "delete from standings where customer_id = ?1 and connection_id = ?2", (customer, &id))?;
    for login in &row.logins {
        change(
            db,
            "insert into standings (login_id, customer_id, connection_id) values (?1, ?2, ?3) on conflict do nothing",
            (login.to_string(), customer, &id),
        )?;
    }
    Ok(())
}

pub(super) fn login(db: &Db, row: &Login) -> Outcome<()> {
    guarded(
        db,
        row.revision,
        "insert into logins (id, revision, integration, account, due_at, document)
         values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing",
        "update or ignore logins set revision = ?2, integration = ?3, account = ?4, due_at = ?5, document = ?6
         where id = ?1 and revision = ?2 - 1",
        params![
            row.id.to_string(),
            int(row.revision),
            row.integration.as_str(),
            row.account.as_str(),
            row.due_at().map_or(NEVER, Timestamp::micros),
            document(row)?
        ],
    )
}

pub(super) fn user_platform(db: &Db, row: &UserPlatform) -> Outcome<()> {
    guarded(
        db,
        row.revision,
        "insert into user_platforms (customer_id, id, revision, connection_id, document)
         values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
        "update or ignore user_platforms set revision = ?3, connection_id = ?4, document = ?5
         where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            row.customer_id.as_str(),
            row.id.to_string(),
            int(row.revision),
            row.connection_id.to_string(),
            document(row)?
        ],
    )
}

pub(super) fn participant(db: &Db, row: &Participant) -> Outcome<()> {
    let search = order::search_lines(row);
    let changed =
        find_int(db, "update log set people_changes = people_changes + 1 where one = 1 returning people_changes", [])?;
    guarded(
        db,
        row.revision,
        "insert into participants (customer_id, id, revision, connection_id, known, name, search, document, changed)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict do nothing",
        "update or ignore participants
         set revision = ?3, connection_id = ?4, known = ?5, name = ?6, search = ?7, document = ?8, changed = ?9
         where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            row.customer_id.as_str(),
            row.id.to_string(),
            int(row.revision),
            row.connection_id.to_string(),
            search.is_some(),
            order::name_key(row),
            search.unwrap_or_default(),
            document(row)?,
            changed.unwrap_or_default()
        ],
    )
}

pub(super) fn chat(db: &Db, row: &Chat) -> Outcome<()> {
    guarded(
        db,
        row.revision,
        "insert into chats (customer_id, id, revision, connection_id, state, generation, active_at, document,
         read_position, mark_due_at) values (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9) on conflict do nothing",
        "update or ignore chats set revision = ?3, connection_id = ?4, state = ?5, generation = ?6, document = ?7,
         read_position = ?8, mark_due_at = ?9 where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            row.customer_id.as_str(),
            row.id.to_string(),
            int(row.revision),
            row.connection_id.to_string(),
            state_text(row.state),
            int(row.generation),
            document(row)?,
            row.read.as_ref().map_or("", |mark| mark.position.as_str()),
            row.mark_due_at.map_or(0, |due| due.micros().max(1)),
        ],
    )
}

pub(super) fn message(db: &Db, row: &Message) -> Outcome<()> {
    guarded(
        db,
        row.revision,
        "insert into messages
         (customer_id, id, revision, connection_id, external_id, chat_id, position, visibility, thread, document,
          sent_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) on conflict do nothing",
        "update or ignore messages set revision = ?3, connection_id = ?4, external_id = ?5, chat_id = ?6,
         position = ?7, visibility = ?8, thread = ?9, document = ?10, sent_at = ?11
         where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            row.customer_id.as_str(),
            row.id.to_string(),
            int(row.revision),
            row.connection_id.to_string(),
            optional(row.external_id.as_ref()),
            row.chat_id.to_string(),
            row.position,
            visibility(row),
            optional(row.facets.thread()),
            document(row)?,
            row.sent_at().micros()
        ],
    )
}

pub(super) fn command(db: &Db, row: &Command) -> Outcome<()> {
    guarded(
        db,
        row.revision,
        "insert into commands (customer_id, id, revision, chat_id, message_id, number, open, due_at, document)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict do nothing",
        "update or ignore commands
         set revision = ?3, chat_id = ?4, message_id = ?5, number = ?6, open = ?7, due_at = ?8, document = ?9
         where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            row.customer_id.as_str(),
            row.id.to_string(),
            int(row.revision),
            row.chat_id.to_string(),
            row.message_id.to_string(),
            int(row.number),
            row.is_open(),
            row.due_at.micros(),
            document(row)?
        ],
    )
}

pub(super) fn upload(db: &Db, row: &Upload) -> Outcome<()> {
    guarded(
        db,
        row.revision,
        "insert into uploads (customer_id, id, revision, size_bytes, due_at, document)
         values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing",
        "update or ignore uploads set revision = ?3, size_bytes = ?4, due_at = ?5, document = ?6
         where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            row.customer_id.as_str(),
            row.id.to_string(),
            int(row.revision),
            int(row.size_bytes),
            row.due_at.micros(),
            document(row)?
        ],
    )
}

pub(super) fn sync_status(db: &Db, row: &SyncStatus) -> Outcome<()> {
    guarded(
        db,
        row.revision,
        "insert into sync_statuses (customer_id, id, revision, connection_id, open, due_at, created_at, document)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing",
        "update or ignore sync_statuses
         set revision = ?3, connection_id = ?4, open = ?5, due_at = ?6, created_at = ?7, document = ?8
         where customer_id = ?1 and id = ?2 and revision = ?3 - 1",
        params![
            row.customer_id.as_str(),
            row.id.to_string(),
            int(row.revision),
            row.connection_id.to_string(),
            row.is_open(),
            row.due_at.micros(),
            row.created_at.micros(),
            document(row)?
        ],
    )
}

//! Raw requests and their parts, as the writer keeps them.

use super::{
    failure::Outcome,
    rows::{document, int, optional},
    write::done,
};
use model::{
    customer::CustomerId,
    id::{ConnectionId, IntakeId},
    intake::{Intake, PartState, QueuedPart, UnclaimedPart},
};
use rusqlite::{Connection, params};

pub(super) fn append(db: &Connection, intake: &Intake) -> Outcome<()> {
    done(
        db,
        "insert into intakes (id, integration, headers, body, received_at, routed)
         values (?1, ?2, ?3, ?4, ?5, 0) on conflict do nothing",
        params![
            intake.id.to_string(),
            intake.integration.as_str(),
            document(&intake.request.headers)?,
            &intake.request.body[..],
            intake.request.received_at.micros()
        ],
    )
}

pub(super) fn queue_part(db: &Connection, part: &QueuedPart) -> Outcome<()> {
    done(
        db,
        "insert into parts (customer_id, intake_id, number, connection_id, chat, waiting, due_at, document)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing",
        params![
            part.customer_id.as_str(),
            part.intake_id.to_string(),
            int(part.number),
            part.connection_id.to_string(),
            optional(part.chat.as_ref()),
            part.state == PartState::Waiting,
            part.due_at.micros(),
            document(part)?
        ],
    )
}

pub(super) fn update_part(db: &Connection, part: &QueuedPart) -> Outcome<()> {
    done(
        db,
        "update parts set chat = ?5, waiting = ?6, due_at = ?7, document = ?8
         where customer_id = ?1 and intake_id = ?2 and number = ?3 and connection_id = ?4",
        params![
            part.customer_id.as_str(),
            part.intake_id.to_string(),
            int(part.number),
            part.connection_id.to_string(),
            optional(part.chat.as_ref()),
            part.state == PartState::Waiting,
            part.due_at.micros(),
            document(part)?
        ],
    )
}

pub(super) fn remove_part(
    db: &Connection,
    customer: &CustomerId,
    connection: ConnectionId,
    intake: IntakeId,
    number: u32,
) -> Outcome<()> {
    done(
        db,
        "delete from parts where customer_id = ?1 and intake_id = ?2 and number = ?3 and connection_id = ?4",
        (customer.as_str(), intake.to_string(), int(number), connection.to_string()),
    )
}

pub(super) fn unclaimed(db: &Connection, part: &UnclaimedPart) -> Outcome<()> {
    done(
        db,
        "insert into unclaimed (intake_id, number, integration, account, until, document)
         values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing",
        params![
            part.intake_id.to_string(),
            int(part.number),
            part.integration.as_str(),
            part.account.as_str(),
            part.until.micros(),
            document(part)?
        ],
    )
}

//! Raw requests and the parts of them that wait.

use super::{
    Sqlite,
    failure::Outcome,
    read,
    rows::{document, int, list_documents, optional},
    turns,
    write::done,
};
use async_trait::async_trait;
use model::{
    customer::CustomerId,
    id::{ConnectionId, ExternalAccount, ExternalId, IntakeId, Integration},
    intake::{Intake, PartId, PartState, QueuedPart, UnclaimedPart},
    store::{Intakes, Lane, Paging, Slice, StoreError},
    time::Timestamp,
};
use rusqlite::{Connection, params};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Intakes for Sqlite {
    async fn append(&self, intake: Intake) -> Answer<()> {
        self.write(move |db| append(db, &intake)).await
    }

    async fn unrouted(&self, limit: usize) -> Answer<Vec<Intake>> {
        self.read(move |db| read::unrouted(db, limit)).await
    }

    async fn intakes(&self, ids: &[IntakeId]) -> Answer<Vec<Intake>> {
        let ids = ids.to_vec();
        self.read(move |db| read::intakes(db, &ids)).await
    }

    async fn sharers(
        &self,
        integration: &Integration,
        chat: &ExternalId,
    ) -> Answer<Vec<model::connection::Connection>> {
        let values = (integration.0.clone(), chat.0.clone());
        self.read(move |db| {
            let sql = "select document from names join connections
                       on connections.customer_id = names.customer_id and connections.id = connection_id
                       where external_id = ?2 and kind = 'chat' and integration = ?1
                       order by names.customer_id, connection_id";
            list_documents(db, sql, values)
        })
        .await
    }

    async fn unclaimed(
        &self,
        integration: &Integration,
        account: &ExternalAccount,
        after: Option<(IntakeId, u32)>,
        limit: usize,
    ) -> Answer<Vec<UnclaimedPart>> {
        let (intake, number) = after.map_or_else(|| (String::new(), 0), |(id, number)| (id.to_string(), number));
        let values = (integration.0.clone(), account.0.clone(), intake, int(number), int(limit));
        self.read(move |db| {
            let sql = "select document from unclaimed
                       where integration = ?1 and account = ?2 and (intake_id, number) > (?3, ?4)
                       order by intake_id, number limit ?5";
            list_documents(db, sql, values)
        })
        .await
    }

    async fn part_lanes(&self, now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Answer<Vec<Lane>> {
        let after = after.map_or_else(String::new, |after| after.as_str().to_owned());
        self.read(move |db| turns::part_lanes(db, now, &after, limit)).await
    }

    async fn parts(&self, lane: &Lane, now: Timestamp, limit: usize) -> Answer<Vec<QueuedPart>> {
        let lane = lane.clone();
        self.read(move |db| read::parts(db, &lane, now, limit)).await
    }

    async fn part(&self, customer: &CustomerId, id: PartId) -> Answer<Option<QueuedPart>> {
        let customer = customer.clone();
        self.read(move |db| read::part(db, &customer, id)).await
    }

    async fn parked(&self, customer: &CustomerId, paging: &Paging) -> Answer<Slice<QueuedPart>> {
        let (customer, paging) = (customer.clone(), paging.clone());
        self.read(move |db| read::parked(db, &customer, &paging)).await
    }

    async fn routed(&self, since: Timestamp, after: Option<IntakeId>, limit: usize) -> Answer<Vec<Intake>> {
        self.read(move |db| read::routed(db, since, after, limit)).await
    }
}

pub(super) fn append(db: &Connection, intake: &Intake) -> Outcome<()> {
    done(
        db,
        "insert into intakes (id, integration, headers, body, received_at, routed, connection_id)
         values (?1, ?2, ?3, ?4, ?5, 0, ?6) on conflict do nothing",
        params![
            intake.id.to_string(),
            intake.integration.as_str(),
            document(&intake.request.headers)?,
            &intake.request.body[..],
            intake.request.received_at.micros(),
            intake.connection_id.map_or_else(String::new, |id| id.to_string())
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

//! Raw requests and the parts of them that wait.

use super::Memory;
use async_trait::async_trait;
use model::{
    connection::Connection,
    customer::CustomerId,
    id::{ExternalAccount, ExternalId, IntakeId, Integration},
    intake::{Intake, PartId, QueuedPart, UnclaimedPart},
    store::{Intakes, Lane, NamedKind, Paging, Slice, StoreError},
    time::Timestamp,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Intakes for Memory {
    async fn append(&self, intake: Intake) -> Answer<()> {
        if self.forgetful {
            return Ok(());
        }
        self.write(move |state| {
            state.append(&intake);
            Ok(())
        })
        .await
    }

    async fn unrouted(&self, limit: usize) -> Answer<Vec<Intake>> {
        Ok(self.read(|state| {
            let ids: Vec<_> = state.unrouted.iter().map(|(id, ())| *id).take(limit).collect();
            state.intakes_of(&ids)
        }))
    }

    async fn intakes(&self, ids: &[IntakeId]) -> Answer<Vec<Intake>> {
        Ok(self.read(|state| state.intakes_of(ids)))
    }

    async fn sharers(&self, integration: &Integration, chat: &ExternalId) -> Answer<Vec<Connection>> {
        Ok(self.read(|state| {
            let knows = |row: &&Connection| {
                let name = (row.customer_id.clone(), row.id, NamedKind::Chat, chat.clone());
                row.integration == *integration && state.names.has(&name)
            };
            state.connections.rows().filter(knows).cloned().collect()
        }))
    }

    async fn unclaimed(
        &self,
        integration: &Integration,
        account: &ExternalAccount,
        after: Option<(IntakeId, u32)>,
        limit: usize,
    ) -> Answer<Vec<UnclaimedPart>> {
        Ok(self.read(|state| {
            let rows = state.unclaimed.rows();
            let rows = rows.filter(|row| row.integration == *integration && row.account == *account);
            let rows = rows.filter(|row| after.is_none_or(|after| (row.intake_id, row.number) > after));
            rows.take(limit).cloned().collect()
        }))
    }

    async fn part_lanes(&self, now: Timestamp, after: Option<&CustomerId>, limit: usize) -> Answer<Vec<Lane>> {
        Ok(self.read(|state| state.part_lanes(now, after, limit)))
    }

    async fn parts(&self, lane: &Lane, now: Timestamp, limit: usize) -> Answer<Vec<QueuedPart>> {
        Ok(self.read(|state| state.parts_of(lane, now, limit)))
    }

    async fn part(&self, customer: &CustomerId, id: PartId) -> Answer<Option<QueuedPart>> {
        Ok(self.read(|state| state.part(customer, id)))
    }

    async fn parked(&self, customer: &CustomerId, paging: &Paging) -> Answer<Slice<QueuedPart>> {
        Ok(self.read(|state| state.parked(customer, paging)))
    }

    async fn routed(&self, since: Timestamp, after: Option<IntakeId>, limit: usize) -> Answer<Vec<Intake>> {
        Ok(self.read(|state| state.routed_since(since, after, limit)))
    }
}

//! Erases a customer with everything: what is shown, what is kept to be read again, and what stands in between.
//!
//! The connections end first and are erased last, since they say which raw requests were for nobody else. What is
//! committed for the customer meanwhile is refused, so nothing comes back. The index has no list of what is whose,
//! so it is made anew.

use crate::{Engine, EngineError, Turn};
use model::{
    connection::{Connection, ConnectionState},
    customer::CustomerId,
    erasure::{Erasure, Through},
    intake::Intake,
    store::StoreError,
    time::Timestamp,
};

/// How many erasures one turn looks at.
const ERASURES_AT_ONCE: usize = 8;
/// How many rows go in one commit.
const ROWS_AT_ONCE: usize = 1_000;
/// How many raw requests one turn looks through. Each may be as large as a request's body may be.
const REQUESTS_AT_ONCE: usize = 64;

impl Engine {
    /// Begins to erase a customer. Returns once their connections are closed and the rest is sure to follow.
    pub async fn erase(&self, customer: &CustomerId) -> Result<(), EngineError> {
        for connection in self.store().connections(customer).await? {
            if connection.state != ConnectionState::Disconnected {
                self.disconnect(customer, connection.id).await?;
            }
        }
        Ok(self.store().begin_erasure(customer, self.now()).await?)
    }

    /// Erases some of what is left of somebody.
    pub async fn erase_turn(&self) -> Result<Turn, EngineError> {
        for erasure in self.store().erasures(ERASURES_AT_ONCE).await? {
            let name = format!("erase/{}", erasure.customer_id);
            match self.alone(&name, self.erase_some(&erasure)).await? {
                None => continue,
                Some(Ok(()) | Err(EngineError::Store(StoreError::Stale))) => return Ok(Turn::Worked),
                Some(Err(error)) => return Err(error),
            }
        }
        Ok(Turn::Idle)
    }

    async fn erase_some(&self, erasure: &Erasure) -> Result<(), EngineError> {
        let (store, customer) = (self.store(), &erasure.customer_id);
        // Bytes go before the rows that lead to them.
        for upload in store.uploads_of(customer, ROWS_AT_ONCE).await? {
            self.remove_file(upload.id).await?;
        }
        if store.erase_rows(customer, ROWS_AT_ONCE).await? > 0 {
            return Ok(());
        }
        let Through::UpTo(after) = erasure.requests else {
            self.renew_index().await?;
            return Ok(store.end_erasure(customer).await?);
        };
        let connections = store.connections(customer).await?;
        let found = store.routed(Timestamp::default(), after, REQUESTS_AT_ONCE).await?;
        let mut theirs = Vec::new();
        for intake in &found {
            if self.was_for_them_alone(intake, customer, &connections).await? {
                theirs.push(intake.id);
            }
        }
        let is_last = found.len() < REQUESTS_AT_ONCE;
        let through = if is_last { Through::All } else { Through::UpTo(found.last().map(|intake| intake.id)) };
        Ok(store.erase_requests(customer, &theirs, through).await?)
    }

    /// Whether one of the connections heard of a request, and nobody else's did. What others heard as well is
    /// theirs too, and goes when its time is over.
    async fn was_for_them_alone(
        &self,
        intake: &Intake,
        customer: &CustomerId,
        connections: &[Connection],
    ) -> Result<bool, EngineError> {
        if let Some(asked) = intake.connection_id {
            return Ok(connections.iter().any(|connection| connection.id == asked));
        }
        let parts = self.parts_of(intake);
        if self.sharers(intake, &parts).await?.iter().any(|other| other.customer_id != *customer) {
            return Ok(false);
        }
        let mut heard = false;
        for part in parts {
            let is_theirs = |connection: &Connection| {
                connection.integration == intake.integration && connection.listens_to.contains(&part.account)
            };
            heard |= connections.iter().any(is_theirs);
            let listeners = self.store().listeners(&intake.integration, &part.account).await?;
            if listeners.iter().any(|other| other.customer_id != *customer) {
                return Ok(false);
            }
        }
        Ok(heard)
    }
}

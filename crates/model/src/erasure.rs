//! Erasing a customer with everything that is kept of them, a few rows at a time.

use crate::{
    customer::CustomerId,
    id::IntakeId,
    store::StoreError,
    time::{Timestamp, exact},
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// An erasure under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Whose everything goes.
    pub customer_id: CustomerId,
    /// When it began.
    #[serde(with = "exact")]
    pub begun_at: Timestamp,
    /// How far the raw requests were looked through.
    pub requests: Through,
}

/// How far raw requests were looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// Up to this one; none of them yet.
    UpTo(Option<IntakeId>),
    /// All of them.
    All,
}

/// Erases customers. From the beginning of an erasure to its end, every commit of the customer is stale.
#[async_trait]
pub trait Erasures: Send + Sync {
    /// Begins an erasure. One that is under way goes on.
    async fn begin_erasure(&self, customer: &CustomerId, now: Timestamp) -> Result<(), StoreError>;
    /// Erasures under way, the oldest first.
    async fn erasures(&self, limit: usize) -> Result<Vec<Erasure>, StoreError>;
    /// Erases rows of the customer, at most `limit`; how many. Its connections stay.
    async fn erase_rows(&self, customer: &CustomerId, limit: usize) -> Result<usize, StoreError>;
    /// Erases raw requests, and notes how far they were looked through.
    async fn erase_requests(
        &self,
        customer: &CustomerId,
        requests: &[IntakeId],
        through: Through,
    ) -> Result<(), StoreError>;
    /// Erases the customer's connections, and the logins on which nobody else stands. The erasure is at its
    /// end with that.
    async fn end_erasure(&self, customer: &CustomerId) -> Result<(), StoreError>;
}

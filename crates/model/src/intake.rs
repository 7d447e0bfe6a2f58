//! Raw requests as they came from a platform, and the pieces of them that wait for a connection.

use crate::{
    customer::CustomerId,
    id::{ConnectionId, ExternalAccount, ExternalId, IntakeId, Integration, NotAnId},
    time::{Timestamp, exact},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A request that a platform made, before anybody looked into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRequest {
    /// Headers as they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes that the signature covers.
    pub body: Bytes,
    /// When it arrived.
    pub received_at: Timestamp,
}

impl RawRequest {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

/// A verified request that was taken in. Kept for a named time, without authorization headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake {
    /// Our id; later ones are greater.
    pub id: IntakeId,
    /// For which integration.
    pub integration: Integration,
    /// For which connection, where one asked for it by itself; none where the platform told it to all who listen.
    pub connection_id: Option<ConnectionId>,
    /// The request.
    pub request: RawRequest,
}

/// A piece of a raw request, addressed to an account. The connector finds it again by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which piece, counted from 0.
    pub number: u32,
    /// Whose news it is.
    pub account: ExternalAccount,
    /// The chat that it is about, if it is about one.
    pub chat: Option<ExternalId>,
    /// The chat by which connections to other accounts may know of it too, because the accounts share it.
    pub shared: Option<ExternalId>,
    /// The piece itself.
    pub payload: Bytes,
}

/// What became of a part so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PartState {
    /// Waits to be read.
    Waiting,
    /// Could not be read. Kept with its error, and blocks nobody.
    Parked {
        /// Why.
        error: String,
    },
}

/// Names a queued part: out of which request, which piece of it, for which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartId {
    /// Out of which request.
    pub intake_id: IntakeId,
    /// Which piece of it.
    pub number: u32,
    /// For which connection.
    pub connection_id: ConnectionId,
}

impl fmt::Display for PartId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-{}", self.intake_id, self.number, self.connection_id)
    }
}

impl FromStr for PartId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut pieces = text.splitn(3, '-');
        let mut piece = || pieces.next().ok_or(NotAnId { prefix: IntakeId::PREFIX });
        let intake_id = piece()?.parse()?;
        let number = piece()?.parse().map_err(|_| NotAnId { prefix: IntakeId::PREFIX })?;
        Ok(Self { intake_id, number, connection_id: piece()?.parse()? })
    }
}

impl Serialize for PartId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl utoipa::PartialSchema for PartId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
        text.examples(["in_01890a5d…-0-con_01890a5d…"]).into()
    }
}

impl utoipa::ToSchema for PartId {}

/// A part queued for one connection. Unique on intake, number and connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedPart {
    /// Whose it is.
    pub customer_id: CustomerId,
    /// For which connection.
    pub connection_id: ConnectionId,
    /// Out of which request.
    pub intake_id: IntakeId,
    /// Which piece of it.
    pub number: u32,
    /// The chat that it is about. Parts of one chat are read one after another.
    pub chat: Option<ExternalId>,
    /// What became of it.
    pub state: PartState,
    /// How often it was tried.
    pub attempts: u32,
    /// When to look at it next.
    #[serde(with = "exact")]
    pub due_at: Timestamp,
}

impl QueuedPart {
    /// What names it.
    pub fn id(&self) -> PartId {
        PartId { intake_id: self.intake_id, number: self.number, connection_id: self.connection_id }
    }
}

/// A part that no connection reads now, or not every one that listens. Whoever appears until `until` claims it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnclaimedPart {
    /// At which integration.
    pub integration: Integration,
    /// For which account.
    pub account: ExternalAccount,
    /// Out of which request.
    pub intake_id: IntakeId,
    /// Which piece of it.
    pub number: u32,
    /// The chat that it is about.
    pub chat: Option<ExternalId>,
    /// How long it is kept.
    #[serde(with = "exact")]
    pub until: Timestamp,
}

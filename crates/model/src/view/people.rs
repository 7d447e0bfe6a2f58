//! People as they are shown: those of a connection, and who the customer is among them.

use crate::{
    customer::CustomerId,
    id::{ConnectionId, ExternalId, ParticipantId, UserPlatformId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person or bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Participant {
    /// Our id; none while the platform only named them.
    pub id: Option<ParticipantId>,
    /// The platform's id.
    pub external_id: ExternalId,
    /// The name to show.
    pub name: String,
    /// The name that mentions use, if it is another one.
    pub handle: Option<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// A program, not a person.
    pub bot: bool,
    /// The customer themself, on this connection.
    pub me: bool,
}

/// Who a customer is on a platform, by connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserPlatform {
    /// Our id.
    pub id: UserPlatformId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Where.
    pub platform: String,
    /// The platform's ids of them. What these write is the customer's own.
    pub external_user_ids: Vec<ExternalId>,
    /// Those of them that the authorization proved. They cannot be taken away.
    pub proven_user_ids: Vec<ExternalId>,
    /// Their name there.
    pub name: String,
    /// Their mail addresses there.
    pub emails: Vec<String>,
    /// Grows with every change.
    pub revision: u64,
}

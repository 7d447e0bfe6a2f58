//! Ids: ours, each with a type of its own, and the platform's, which only its connector reads.

use crate::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// A text that is not an id of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id that begins with {prefix}")]
pub struct NotAnId {
    /// What the id should have begun with.
    pub prefix: &'static str,
}

/// Makes a UUIDv7 out of a time and ten random bytes, both given from outside.
pub fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text of such an id begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id without its prefix.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix($prefix)
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or(NotAnId { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .examples([concat!($prefix, "01890a5d…")])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// A chat of ours.
    ChatId = "chat_";
    /// A command in the outbox.
    CommandId = "cmd_";
    /// A customer's link to a login.
    ConnectionId = "con_";
    /// A raw request, as it was taken in.
    IntakeId = "in_";
    /// An authorization at a platform.
    LoginId = "login_";
    /// A message of ours.
    MessageId = "msg_";
    /// A person or bot in a chat.
    ParticipantId = "par_";
    /// A run of import, export or reconciliation.
    SyncStatusId = "sync_";
    /// A file that was uploaded here. The API shows it as the id of an attachment.
    UploadId = "att_";
    /// Who a customer is on a platform.
    UserPlatformId = "up_";
}

impl IntakeId {
    /// When the request came.
    pub fn came_at(&self) -> Timestamp {
        let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |at| at.to_unix());
        Timestamp::from_millis(i64::try_from(seconds).unwrap_or(0) * 1_000 + i64::from(nanos) / 1_000_000)
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String)]
        pub struct $name(pub String);

        impl $name {
            /// The text as it is.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, formatter)
            }
        }
    )*};
}

texts! {
    /// The platform's own id of a thing, unique within the connection. Opaque to all but its connector.
    ExternalId;
    /// The platform's name of what a login is for: a workspace, a person in it, a mailbox, a number.
    ExternalAccount;
    /// Where we are in a platform's history. Only its connector reads it.
    Cursor;
    /// A platform as this installation offers it, by the name it has in the configuration.
    Integration;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_another_kind_is_refused() {
        let id = MessageId::from(uuid_v7(Timestamp::from_millis(1), [7; 10]));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<ChatId>().is_err());
        assert!("msg_".parse::<MessageId>().is_err());
    }

    #[test]
    fn later_ids_sort_later() {
        let early = uuid_v7(Timestamp::from_millis(1), [255; 10]);
        let late = uuid_v7(Timestamp::from_millis(2), [0; 10]);
        assert!(MessageId::from(early).to_string() < MessageId::from(late).to_string());
    }
}

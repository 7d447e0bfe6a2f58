//! A file of a message: a link at its platform, streamed when somebody asks for it.

use crate::id::{ExternalId, MessageId, NotAnId, UploadId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Names a file in the API. One of a message is made of the message's id and of the platform's name of
/// the file, so it is the same however often the message is told, and needs no row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttachmentId {
    /// A file of a message.
    Of {
        /// The message.
        message: MessageId,
        /// A hash of the platform's name of the file.
        file: u64,
    },
    /// A file that was uploaded here and is not sent yet.
    Upload(UploadId),
}

impl AttachmentId {
    /// The id of a message's file.
    pub fn of(message: MessageId, file: &ExternalId) -> Self {
        let hash = Sha256::digest(file.as_str());
        let first = hash.first_chunk().expect("a hash is longer than a number");
        Self::Of { message, file: u64::from_be_bytes(*first) }
    }
}

impl fmt::Display for AttachmentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of { message, file } => {
                write!(formatter, "{}{}{file:016x}", UploadId::PREFIX, message.uuid().simple())
            }
            Self::Upload(upload) => upload.fmt(formatter),
        }
    }
}

impl FromStr for AttachmentId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if let Ok(upload) = text.parse() {
            return Ok(Self::Upload(upload));
        }
        let wrong = NotAnId { prefix: UploadId::PREFIX };
        let digits = text.strip_prefix(UploadId::PREFIX).filter(|digits| digits.len() == 48 && digits.is_ascii());
        let (message, file) = digits.ok_or(wrong.clone())?.split_at(32);
        let message = Uuid::try_parse(message).map_err(|_| wrong.clone())?;
        let file = u64::from_str_radix(file, 16).map_err(|_| wrong)?;
        Ok(Self::Of { message: MessageId::from(message), file })
    }
}

impl Serialize for AttachmentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AttachmentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for AttachmentId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .examples(["att_01890a5d…"])
            .into()
    }
}

impl utoipa::ToSchema for AttachmentId {}

/// Whether a file can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It can be downloaded.
    #[default]
    Available,
    /// The platform has it, and does not hand it out yet.
    Processing,
    /// It is only named: the platform has to be asked for the rest. A download does that.
    Unknown,
    /// It stands elsewhere, at `link`, and is not the platform's to hand out.
    Elsewhere,
    /// It was deleted, or the platform's plan hides it.
    Gone,
}

/// A small picture of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Preview {
    /// Its width in pixels, where the platform says.
    pub width: Option<u32>,
    /// Its height in pixels, where the platform says.
    pub height: Option<u32>,
}

/// A file of a message, still at its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The platform's id of the file; for one that waits here to be sent, our own.
    pub external_id: ExternalId,
    /// Its name.
    pub name: String,
    /// Its media type, as the platform says.
    pub media_type: String,
    /// Its size, if the platform says.
    pub size_bytes: Option<u64>,
    /// Whether it can be had.
    #[serde(default)]
    pub state: FileState,
    /// Where a person finds it, at the platform or elsewhere.
    #[serde(default)]
    pub link: Option<String>,
    /// A small picture of it, if the platform has one.
    #[serde(default)]
    pub preview: Option<Preview>,
    /// The name by which a mail's own HTML shows it, as `cid:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    /// What its connector needs to fetch it. Nobody else looks inside, and no reader sees it.
    #[serde(default)]
    pub source: serde_json::Value,
}

/// How a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendition {
    /// As it is.
    Whole,
    /// Its small picture.
    Preview,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::uuid_v7, time::Timestamp};

    #[test]
    fn an_id_reads_back_and_says_what_it_names() {
        let message = MessageId::from(uuid_v7(Timestamp::from_millis(1), [7; 10]));
        let of = AttachmentId::of(message, &ExternalId::from("F111"));
        assert_eq!(of.to_string().parse(), Ok(of));
        assert_eq!(of, AttachmentId::of(message, &ExternalId::from("F111")));
        assert_ne!(of, AttachmentId::of(message, &ExternalId::from("F112")));
        let upload = AttachmentId::Upload(UploadId::from(uuid_v7(Timestamp::from_millis(1), [8; 10])));
        assert_eq!(upload.to_string().parse(), Ok(upload));
        for text in ["", "att_", "att_x", &message.to_string(), &format!("{of}0"), &of.to_string()[..51]] {
            assert!(text.parse::<AttachmentId>().is_err(), "{text}");
        }
    }
}

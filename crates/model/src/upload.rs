//! A file that was uploaded here and waits to be sent.
//!
//! Its row is written before its bytes and removed after them. So whatever crashes when, every byte that is
//! kept has a row that leads to it, and is sent or forgotten.

use crate::{
    attachment::{Attachment, FileState},
    customer::CustomerId,
    id::{ExternalId, MessageId, UploadId},
    time::{Timestamp, exact},
};
use serde::{Deserialize, Serialize};

/// How far an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum UploadState {
    /// Its bytes are coming in, or were when the server stopped.
    Receiving,
    /// All of it is here, and no message has it.
    Ready,
    /// It is a file of this message.
    Taken {
        /// Which.
        message: MessageId,
    },
    /// It is not wanted any more: its bytes go, then its row.
    Forgotten,
}

/// An upload, as it is stored. Its bytes are kept elsewhere, under its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Our id.
    pub id: UploadId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Raised by one with every write.
    pub revision: u64,
    /// Its name.
    pub name: String,
    /// Its media type, as whoever uploaded it says.
    pub media_type: String,
    /// Its size; while it comes in, how large it may become.
    pub size_bytes: u64,
    /// How far it has come.
    pub state: UploadState,
    /// When to look whether it is still wanted.
    #[serde(with = "exact")]
    pub due_at: Timestamp,
    /// When it began to come in.
    #[serde(with = "exact")]
    pub created_at: Timestamp,
}

impl Upload {
    /// The same, as a file of a message that has not reached its platform.
    pub fn attachment(&self) -> Attachment {
        Attachment {
            external_id: ExternalId(self.id.to_string()),
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            size_bytes: Some(self.size_bytes),
            state: FileState::Available,
            link: None,
            preview: None,
            content_id: None,
            source: serde_json::Value::Null,
        }
    }

    /// What a command needs to know of it.
    pub fn sent(&self) -> SentFile {
        SentFile {
            upload: self.id,
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            size_bytes: self.size_bytes,
        }
    }
}

/// A file that goes out with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// Under which id its bytes are kept.
    pub upload: UploadId,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size, exactly.
    pub size_bytes: u64,
}

/// What a customer's uploads take up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// How many there are.
    pub uploads: u64,
    /// How many bytes they have, or may come to have.
    pub bytes: u64,
}

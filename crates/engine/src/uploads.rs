//! Uploads: files that come in from the app or the page, wait to be sent, and are forgotten when nobody
//! wants them any more.
//!
//! The row is written before the bytes and removed after them, so that a crash leaves nothing behind that
//! is not found again.

use crate::{Engine, EngineError};
use model::{
    changes::{Changes, Write},
    customer::CustomerId,
    files::FilesError,
    http::Chunks,
    id::UploadId,
    message::Status,
    store::StoreError,
    time::Timestamp,
    upload::{Held, Upload, UploadState},
};
use std::{collections::BTreeSet, time::Duration};

/// How many uploads one turn looks at.
const UPLOADS_AT_ONCE: usize = 64;
/// How many uploads may be there for strays to be looked for.
const MOST_KEPT: usize = 100_000;
/// How long an upload may come in.
const RECEIVED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// When to look again whether a message still wants its file.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);

/// How much may be uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadBounds {
    /// The largest file.
    pub file_bytes: u64,
    /// All files of a customer that wait.
    pub customer_bytes: u64,
    /// How many files of a customer may wait.
    pub customer_files: u64,
    /// How long a file waits that no message has, or whose message failed.
    pub kept: Duration,
}

impl Default for UploadBounds {
    fn default() -> Self {
        Self {
            file_bytes: 100 * 1024 * 1024,
            customer_bytes: 1024 * 1024 * 1024,
            customer_files: 1_000,
            kept: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Engine {
    /// Takes a file in, piece by piece. It is kept, and can be sent, when this returns. `said_bytes` is how
    /// large it is said to be.
    pub async fn upload(
        &self,
        customer: &CustomerId,
        name: String,
        media_type: String,
        said_bytes: Option<u64>,
        chunks: &mut dyn Chunks,
    ) -> Result<Upload, EngineError> {
        let bounds = self.parts.uploads;
        let most_bytes = said_bytes.unwrap_or(bounds.file_bytes).min(bounds.file_bytes);
        if said_bytes.is_some_and(|said| said > bounds.file_bytes) {
            return Err(EngineError::FileTooLarge(bounds.file_bytes));
        }
        let Held { uploads, bytes } = self.store().uploads_held(customer).await?;
        if uploads >= bounds.customer_files || bytes.saturating_add(most_bytes) > bounds.customer_bytes {
            return Err(EngineError::refused(
                "uploads_full",
                "Too many uploaded files wait to be sent. Send them, or wait until they are forgotten.",
            ));
        }
        let now = self.now();
        let upload = Upload {
            id: UploadId::from(self.uuid()),
            customer_id: customer.clone(),
            revision: 1,
            name,
            media_type,
            size_bytes: most_bytes,
            state: UploadState::Receiving,
            due_at: now + RECEIVED_WITHIN,
            created_at: now,
        };
        self.put_upload(upload.clone()).await?;
        let upload = match self.parts.files.put(upload.id, chunks, most_bytes).await {
            Ok(0) => {
                self.drop_upload(upload).await?;
                return Err(EngineError::refused("empty_file", "The file is empty."));
            }
            Ok(size_bytes) => Upload { size_bytes, ..upload },
            Err(error) => {
                self.drop_upload(upload).await?;
                return Err(refused(error));
            }
        };
        let due_at = self.now() + bounds.kept;
        let upload = Upload { state: UploadState::Ready, due_at, revision: upload.revision + 1, ..upload };
        if let Err(error) = self.put_upload(upload.clone()).await {
            // Nothing leads to the bytes any more: the customer was erased, or it took too long.
            if matches!(error, EngineError::Store(StoreError::Stale)) {
                self.remove_file(upload.id).await?;
            }
            return Err(error);
        }
        Ok(upload)
    }

    /// Forgets uploads that nobody wants any more. Whether there were any.
    pub(crate) async fn forget_uploads(&self) -> Result<usize, EngineError> {
        let due = self.store().due_uploads(self.now(), UPLOADS_AT_ONCE).await?;
        let mut looked_at = 0;
        for upload in due {
            match self.look_at_upload(upload).await {
                Ok(()) => looked_at += 1,
                Err(EngineError::Store(StoreError::Stale)) => {} // A message took it meanwhile.
                Err(error) => return Err(error),
            }
        }
        Ok(looked_at)
    }

    /// Removes bytes that no row leads to: those of uploads that came after a backup which was put back. Called
    /// once, at start. The rows are read after the bytes are listed, so what is coming in has one.
    pub async fn remove_stray_files(&self) -> Result<usize, EngineError> {
        let mut strays = self.parts.files.kept().await.map_err(refused)?;
        if strays.is_empty() {
            return Ok(0);
        }
        let rows = self.store().due_uploads(Timestamp::from_micros(i64::MAX), MOST_KEPT).await?;
        if rows.len() == MOST_KEPT {
            return Ok(0); // There may be more rows, and what they lead to must stay.
        }
        let known: BTreeSet<_> = rows.iter().map(|row| row.id).collect();
        strays.retain(|id| !known.contains(id));
        for id in &strays {
            self.remove_file(*id).await?;
        }
        Ok(strays.len())
    }

    async fn look_at_upload(&self, upload: Upload) -> Result<(), EngineError> {
        match upload.state {
            UploadState::Receiving | UploadState::Ready => self.drop_upload(upload).await,
            UploadState::Taken { message } => {
                let held = self.store().message(&upload.customer_id, message).await?;
                let status = held.as_ref().map(|message| message.status);
                let wanted = match (held, status) {
                    (Some(message), Some(Status::Pending)) => !message.facets.is_deleted(),
                    // It may be sent again.
                    (Some(message), Some(Status::Failed | Status::Uncertain)) => {
                        let until = upload.created_at.max(message.updated_at) + self.parts.uploads.kept;
                        !message.facets.is_deleted() && self.now() < until
                    }
                    (_, Some(Status::Sent) | None) | (None, Some(_)) => false,
                };
                if !wanted {
                    return self.drop_upload(upload).await;
                }
                let due_at = self.now() + LOOK_AGAIN_AFTER;
                self.put_upload(Upload { due_at, revision: upload.revision + 1, ..upload }).await
            }
            UploadState::Forgotten => self.remove_upload(&upload).await,
        }
    }

    /// Forgets an upload: first no message can take it any more, then its bytes go, then its row.
    async fn drop_upload(&self, upload: Upload) -> Result<(), EngineError> {
        let due_at = self.now();
        let upload = Upload { state: UploadState::Forgotten, due_at, revision: upload.revision + 1, ..upload };
        self.put_upload(upload.clone()).await?;
        self.remove_upload(&upload).await
    }

    async fn remove_upload(&self, upload: &Upload) -> Result<(), EngineError> {
        self.remove_file(upload.id).await?;
        let mut changes = Changes::of(&upload.customer_id);
        changes.writes.push(Write::RemoveUpload { id: upload.id, revision: upload.revision });
        Ok(self.commit(changes).await.map(drop)?)
    }

    pub(crate) async fn remove_file(&self, id: UploadId) -> Result<(), EngineError> {
        self.parts.files.remove(id).await.map_err(refused)
    }

    async fn put_upload(&self, upload: Upload) -> Result<(), EngineError> {
        let mut changes = Changes::of(&upload.customer_id);
        changes.writes.push(Write::Upload(upload));
        Ok(self.commit(changes).await.map(drop)?)
    }

    /// The uploads that a new message takes along, in the order in which they were named.
    pub(crate) async fn uploads(&self, customer: &CustomerId, ids: &[UploadId]) -> Result<Vec<Upload>, EngineError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let upload = self.store().upload(customer, *id).await?;
            let upload = upload.filter(|upload| upload.state != UploadState::Forgotten).ok_or(EngineError::NotFound)?;
            match upload.state {
                UploadState::Ready if !found.contains(&upload) => found.push(upload),
                UploadState::Receiving => {
                    return Err(EngineError::refused("upload_not_ready", "A file is still coming in."));
                }
                UploadState::Ready | UploadState::Taken { .. } | UploadState::Forgotten => {
                    let detail = "A file can be sent with one message only. Upload it again.";
                    return Err(EngineError::refused("upload_taken", detail));
                }
            }
        }
        Ok(found)
    }
}

fn refused(error: FilesError) -> EngineError {
    match error {
        FilesError::TooLarge(most_bytes) => EngineError::FileTooLarge(most_bytes),
        FilesError::BrokenOff => EngineError::refused("upload_broken_off", "The upload broke off. Try it again."),
        FilesError::NotFound => EngineError::NotFound,
        FilesError::Unavailable(why) => EngineError::Store(StoreError::Unavailable(why)),
    }
}

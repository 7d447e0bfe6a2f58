//! Where the bytes of uploads are kept: a folder, memory, or a store of objects. Given from outside.

use crate::{http::Chunks, id::UploadId};
use async_trait::async_trait;

/// Why bytes were not kept, or cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// There are none under this id.
    #[error("there is no such file")]
    NotFound,
    /// There are more than were allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// They did not all come.
    #[error("the upload broke off")]
    BrokenOff,
    /// There is no room, or the place cannot be reached. It may work later.
    #[error("files cannot be kept now: {0}")]
    Unavailable(String),
}

/// Keeps the bytes of uploads.
#[async_trait]
pub trait Files: Send + Sync {
    /// Keeps what comes, piece by piece, and returns how many bytes there were once they would survive a
    /// power failure. What is not kept whole is not kept.
    async fn put(&self, id: UploadId, chunks: &mut dyn Chunks, most_bytes: u64) -> Result<u64, FilesError>;
    /// What was kept, piece by piece.
    async fn open(&self, id: UploadId) -> Result<Box<dyn Chunks>, FilesError>;
    /// Keeps it no longer, nor what came of it in part. That it is gone already is no error.
    async fn remove(&self, id: UploadId) -> Result<(), FilesError>;
    /// Under which ids anything is kept.
    async fn kept(&self) -> Result<Vec<UploadId>, FilesError>;
}

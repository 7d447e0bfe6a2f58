//! Files of a simulated world: in memory, and known again by their bytes.

use crate::{
    executor::pause,
    wire::{Pieces, gathered},
    world::{Shared, lock},
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{
    files::{Files, FilesError},
    http::Chunks,
    id::UploadId,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What a file of this name says. No two have the same.
pub fn content(name: &str) -> String {
    format!("the bytes of {name}, and some more")
}

/// SHA-256, in hex.
pub fn digest(content: &str) -> String {
    hex::encode(Sha256::digest(content))
}

/// Uploads in memory, which all servers of a world share. What was put is there after a power failure.
#[derive(Clone, Default)]
pub struct MemoryFiles(Shared<BTreeMap<UploadId, Bytes>>);

#[async_trait]
impl Files for MemoryFiles {
    async fn put(&self, id: UploadId, chunks: &mut dyn Chunks, most_bytes: u64) -> Result<u64, FilesError> {
        let bytes = gathered(chunks).await.map_err(|_| FilesError::BrokenOff)?;
        let size = bytes.len() as u64;
        if size > most_bytes {
            return Err(FilesError::TooLarge(most_bytes));
        }
        pause().await;
        lock(&self.0).insert(id, bytes);
        pause().await;
        Ok(size)
    }

    async fn open(&self, id: UploadId) -> Result<Box<dyn Chunks>, FilesError> {
        pause().await;
        let bytes = lock(&self.0).get(&id).cloned().ok_or(FilesError::NotFound)?;
        Ok(Box::new(Pieces(bytes)))
    }

    async fn kept(&self) -> Result<Vec<UploadId>, FilesError> {
        Ok(lock(&self.0).keys().copied().collect())
    }

    async fn remove(&self, id: UploadId) -> Result<(), FilesError> {
        pause().await;
        lock(&self.0).remove(&id);
        Ok(())
    }
}

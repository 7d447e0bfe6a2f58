//! Uploads in a folder: one file for each, under its id.
//!
//! Bytes are written as they come, under another name first, so that what bears its own name is whole. They are
//! not encrypted: who can read the folder can read the messages beside it, too.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use model::{
    files::{Files, FilesError},
    http::{BrokenOff, Chunks},
    id::UploadId,
};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt, AsyncWriteExt},
};

/// How many bytes are read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Keeps uploads in a folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder, which is made if it is not there. What came in only in part goes.
    pub fn open(path: PathBuf) -> std::io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        for entry in std::fs::read_dir(&path)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == PART) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(Self(path))
    }

    fn place(&self, id: UploadId) -> PathBuf {
        self.0.join(id.to_string())
    }
}

/// The ending of what has not come in whole.
const PART: &str = "part";

fn unavailable(error: &std::io::Error) -> FilesError {
    match error.kind() {
        ErrorKind::NotFound => FilesError::NotFound,
        _ => FilesError::Unavailable(error.to_string()),
    }
}

async fn write(path: &Path, chunks: &mut dyn Chunks, most_bytes: u64) -> Result<u64, FilesError> {
    let failed = |error: std::io::Error| FilesError::Unavailable(error.to_string());
    let mut file = File::create(path).await.map_err(failed)?;
    let mut size = 0;
    while let Some(bytes) = chunks.next().await.map_err(|_| FilesError::BrokenOff)? {
        size += bytes.len() as u64;
        if size > most_bytes {
            return Err(FilesError::TooLarge(most_bytes));
        }
        file.write_all(&bytes).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    Ok(size)
}

#[async_trait]
impl Files for Folder {
    async fn put(&self, id: UploadId, chunks: &mut dyn Chunks, most_bytes: u64) -> Result<u64, FilesError> {
        let place = self.place(id);
        let part = place.with_extension(PART);
        let outcome = match write(&part, chunks, most_bytes).await {
            Ok(size) => fs::rename(&part, &place).await.map(|()| size).map_err(|error| unavailable(&error)),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            // If this fails as well, the next start does it.
            let _ = fs::remove_file(&part).await;
        }
        let size = outcome?;
        // The name itself must survive a power failure.
        let folder = File::open(&self.0).await.map_err(|error| unavailable(&error))?;
        folder.sync_all().await.map_err(|error| unavailable(&error))?;
        Ok(size)
    }

    async fn open(&self, id: UploadId) -> Result<Box<dyn Chunks>, FilesError> {
        let file = File::open(self.place(id)).await.map_err(|error| unavailable(&error))?;
        Ok(Box::new(Reading(file)))
    }

    async fn remove(&self, id: UploadId) -> Result<(), FilesError> {
        let place = self.place(id);
        for path in [place.with_extension(PART), place] {
            match fs::remove_file(path).await.map_err(|error| unavailable(&error)) {
                Err(FilesError::NotFound) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn kept(&self) -> Result<Vec<UploadId>, FilesError> {
        let mut kept = Vec::new();
        let mut entries = fs::read_dir(&self.0).await.map_err(|error| unavailable(&error))?;
        while let Some(entry) = entries.next_entry().await.map_err(|error| unavailable(&error))? {
            // What bears no id of ours is not ours to remove.
            let path = entry.path();
            let id = path.file_stem().and_then(|name| name.to_str()?.parse::<UploadId>().ok());
            kept.extend(id);
        }
        Ok(kept)
    }
}

struct Reading(File);

#[async_trait]
impl Chunks for Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        let read = self.0.read_buf(&mut piece).await.map_err(|error| BrokenOff(error.to_string()))?;
        Ok((read > 0).then(|| piece.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{id::uuid_v7, time::Timestamp};

    /// Pieces that are made when they are asked for; nobody ever holds two of them here.
    struct Made {
        left: u64,
        breaks_off: bool,
    }

    const MADE_BYTES: u64 = 1024 * 1024;

    #[async_trait]
    impl Chunks for Made {
        async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
            if self.left == 0 {
                return if self.breaks_off { Err(BrokenOff("gone".to_owned())) } else { Ok(None) };
            }
            self.left -= 1;
            Ok(Some(Bytes::from(vec![7; MADE_BYTES as usize])))
        }
    }

    fn id(number: u8) -> UploadId {
        UploadId::from(uuid_v7(Timestamp::from_millis(1), [number; 10]))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_large_file_goes_in_and_out_in_small_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let files = Folder::open(folder.path().to_owned()).unwrap();
        let mut made = Made { left: 50, breaks_off: false };
        assert_eq!(files.put(id(1), &mut made, u64::MAX).await, Ok(50 * MADE_BYTES));
        let mut chunks = files.open(id(1)).await.unwrap();
        let (mut size, mut largest) = (0, 0);
        while let Some(piece) = chunks.next().await.unwrap() {
            assert!(piece.iter().all(|byte| *byte == 7));
            (size, largest) = (size + piece.len(), largest.max(piece.len()));
        }
        assert_eq!(size as u64, 50 * MADE_BYTES);
        assert!(largest <= PIECE_BYTES, "{largest}");
        files.remove(id(1)).await.unwrap();
        files.remove(id(1)).await.unwrap();
        assert!(matches!(files.open(id(1)).await, Err(FilesError::NotFound)));
    }

    #[tokio::test]
    async fn what_is_too_large_or_breaks_off_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let files = Folder::open(folder.path().to_owned()).unwrap();
        let mut large = Made { left: 3, breaks_off: false };
        assert_eq!(files.put(id(1), &mut large, 2 * MADE_BYTES).await, Err(FilesError::TooLarge(2 * MADE_BYTES)));
        assert_eq!(large.left, 0, "it stops at the bound");
        let mut broken = Made { left: 1, breaks_off: true };
        assert_eq!(files.put(id(1), &mut broken, u64::MAX).await, Err(FilesError::BrokenOff));
        assert_eq!(names(folder.path()), Vec::<String>::new());
        std::fs::write(folder.path().join(format!("{}.{PART}", id(2))), "half").unwrap();
        Folder::open(folder.path().to_owned()).unwrap();
        assert_eq!(names(folder.path()), Vec::<String>::new(), "a start removes what came in only in part");
        std::fs::write(folder.path().join(format!("{}.{PART}", id(2))), "half").unwrap();
        std::fs::write(folder.path().join("a note of somebody's"), "").unwrap();
        assert_eq!(files.kept().await, Ok(vec![id(2)]));
        files.remove(id(2)).await.unwrap();
        assert_eq!(names(folder.path()), ["a note of somebody's"]);
    }
}

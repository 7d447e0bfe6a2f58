//! Why a piece of work on the file failed, and the sentence that a person reads.

use model::store::StoreError;
use rusqlite::ErrorCode;
use std::path::Path;

/// Why a piece of work on the file failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is the caller's to handle.
    Store(StoreError),
    /// SQLite said so.
    Sqlite(rusqlite::Error),
    /// A row is not what this program writes.
    Row(String),
}

pub(super) type Outcome<T> = Result<T, Failure>;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Row(error.to_string())
    }
}

impl Failure {
    /// Decided on stale knowledge.
    pub(super) fn stale() -> Self {
        Self::Store(StoreError::Stale)
    }

    /// The failure as its caller handles it.
    pub(super) fn at(self, path: &Path) -> StoreError {
        let path = path.display();
        match self {
            Self::Store(error) => error,
            Self::Row(reason) => {
                StoreError::Broken(format!("a row of {path} cannot be read ({reason}); restore a backup"))
            }
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => {
                    StoreError::Unavailable(format!("the disk that holds {path} is full; make room"))
                }
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                    StoreError::Unavailable(format!("{path} is locked by another program; close that program"))
                }
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                    StoreError::Unavailable(format!(
                        "{path} cannot be opened for writing; check the folder's permissions"
                    ))
                }
                Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory) => {
                    StoreError::Unavailable(format!("reading or writing {path} failed ({error}); check the disk"))
                }
                Some(ErrorCode::DatabaseCorrupt) => {
                    StoreError::Broken(format!("{path} is damaged ({error}); restore a backup"))
                }
                Some(ErrorCode::NotADatabase) => {
                    StoreError::Broken(format!("{path} is damaged, or no database of Bothways; restore a backup"))
                }
                _ => StoreError::Broken(format!("{path} cannot be used ({error})")),
            },
        }
    }
}

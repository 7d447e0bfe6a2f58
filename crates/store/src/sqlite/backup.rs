//! Copies the file while a server writes to it. Never changes the file, and never waits for the writer.

use super::{
    Sqlite,
    failure::{Failure, Outcome},
    inspect,
    migrate::beside,
    open,
};
use model::store::StoreError;
use rusqlite::Connection;
use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// How large the copy is.
    pub bytes: u64,
    /// The version of the schema that it has.
    pub schema: usize,
}

impl Sqlite {
    /// Copies the file at `path` into `target`, as it is at one moment, also while a server writes to it. What
    /// was answered before this began is in the copy. Nothing is overwritten.
    pub fn back_up(path: &Path, target: &Path) -> Result<Backup, StoreError> {
        let taken =
            |file: &Path| StoreError::Broken(format!("{} is there already; choose another name", file.display()));
        if target.exists() {
            return Err(taken(target));
        }
        inspect::present(path)?;
        let copied = || {
            let db = open::reader(path)?;
            let schema = inspect::schema(&db, path)?;
            let unfinished = beside(target, ".part");
            copy(&db, &unfinished)?;
            put(&unfinished, target).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => taken(target).into(),
                _ => failed(target, &error),
            })?;
            let bytes = fs::metadata(target).map_err(|error| failed(target, &error))?.len();
            Ok(Backup { bytes, schema })
        };
        copied().map_err(|failure: Failure| failure.at(path))
    }
}

/// Writes all that a connection sees into a new file, and returns once that is on disk.
pub(super) fn copy(db: &Connection, into: &Path) -> Outcome<()> {
    let name = into.to_str().ok_or_else(|| {
        let sentence = format!("the name of {} is not UTF-8; choose another", into.display());
        Failure::Store(StoreError::Broken(sentence))
    })?;
    open::create_private(into).map_err(|error| failed(into, &error))?;
    let written = db.execute("vacuum into ?1", [name]).map_err(Failure::from);
    let synced = written.and_then(|_| {
        let file = fs::File::open(into).map_err(|error| failed(into, &error))?;
        file.sync_all().map_err(|error| failed(into, &error))
    });
    if synced.is_err() {
        // Half a copy is of no use to anybody, and its name would be in the way of the next one.
        drop(fs::remove_file(into));
    }
    synced
}

/// Gives a finished file its name, unless there is one of that name by now.
fn put(unfinished: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(unfinished, target) {
        Ok(()) => fs::remove_file(unfinished)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(unfinished)?;
            return Err(error);
        }
        // Not every disk knows links.
        Err(_) => fs::rename(unfinished, target)?,
    }
    sync_folder(target)
}

/// Without its folder's entry on disk, a file would be gone after a power failure.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

pub(super) fn failed(target: &Path, error: &io::Error) -> Failure {
    let sentence = match error.kind() {
        ErrorKind::AlreadyExists => format!(
            "{} is there: another copy is being written, or one was interrupted. Remove it if nobody writes it",
            target.display()
        ),
        _ => format!("cannot write {} ({error})", target.display()),
    };
    StoreError::Unavailable(sentence).into()
}

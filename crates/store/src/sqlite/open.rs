//! Opens the file: alone, privately, and in the way that keeps what was answered.

use super::{
    failure::{Failure, Outcome},
    migrate::{MIGRATIONS, beside, migrate},
};
use model::store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    time::Duration,
};

/// How long another program's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many statements each connection keeps ready; more than there are.
const STATEMENTS: usize = 160;
/// How large the write-ahead log may stay after a burst.
const WAL_BYTES: i64 = 64 << 20;
/// After how many pages the log is written back into the file.
const CHECKPOINT_PAGES: i64 = 4_000;
/// What the writer keeps of the file, in KiB.
const WRITER_CACHE_KIB: i64 = 8 << 10;
/// What a reader keeps of the file, in KiB.
const READER_CACHE_KIB: i64 = 2 << 10;

/// The right to use the file. No other server has it while this lives.
pub(super) struct Lock {
    _file: File,
}

/// Takes the file for this server alone.
pub(super) fn lock(path: &Path) -> Outcome<Lock> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder).map_err(|error| cannot("create the folder", folder, &error))?;
    }
    let place = beside(path, ".lock");
    let file = open_private(&place).map_err(|error| cannot("write", &place, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => {
            let sentence = format!("{} is in use by another server; stop that one first", path.display());
            Err(StoreError::Broken(sentence).into())
        }
        Err(TryLockError::Error(error)) => Err(cannot("lock", &place, &error)),
    }
}

/// Opens the connection that writes, and brings the file to the schema of this program.
pub(super) fn writer(path: &Path) -> Outcome<Connection> {
    match create_private(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cannot("write", path, &error)),
        _ => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags)?;
    prepare(&db, WRITER_CACHE_KIB)?;
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        let sentence = format!("the disk that holds {} cannot be shared safely; use a local one", path.display());
        return Err(StoreError::Broken(sentence).into());
    }
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    migrate(&mut db, path, MIGRATIONS)?;
    Ok(db)
}

/// Opens a file that can be made anew, to write: what it loses with the power, it follows again. What is
/// taken out of it is overwritten.
pub(super) fn side_file(path: &Path) -> Outcome<Connection> {
    match create_private(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cannot("write", path, &error)),
        _ => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    prepare(&db, WRITER_CACHE_KIB)?;
    db.query_row("pragma journal_mode = wal", [], |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "normal")?;
    db.pragma_update(None, "secure_delete", "on")?;
    db.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    Ok(db)
}

/// Opens a connection that reads. The file is there already.
pub(super) fn reader(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    prepare(&db, READER_CACHE_KIB)?;
    Ok(db)
}

fn prepare(db: &Connection, cache_kib: i64) -> Outcome<()> {
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.pragma_update(None, "cache_size", -cache_kib)?;
    db.pragma_update(None, "temp_store", "memory")?;
    Ok(())
}

/// Makes a file that only its owner can read. Fails if there is one.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    private().write(true).create_new(true).open(path)
}

fn open_private(path: &Path) -> io::Result<File> {
    private().write(true).create(true).truncate(false).open(path)
}

#[cfg(unix)]
fn private() -> fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> fs::OpenOptions {
    fs::OpenOptions::new()
}

#[cfg(unix)]
fn create_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    StoreError::Unavailable(format!("cannot {what} {} ({error})", path.display())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let db = writer(&folder.path().join("store.db")).unwrap();
        let full: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!((full, mode.as_str()), (2, "wal"));
    }
}

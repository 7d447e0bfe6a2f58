//! Puts a copy in the place of the file, and keeps the file that was there.
//!
//! The copy is from an earlier time. What the server did since then is unknown to it: so every command that
//! was open is looked for at its platform before it is sent, and every feed goes on at numbers that nobody
//! has seen, so that whoever followed it begins anew.

use super::{
    Sqlite, backup,
    failure::Outcome,
    inspect,
    migrate::{MIGRATIONS, apply, beside},
    open, put,
    rows::int,
};
use model::{command::Command, store::StoreError, time::Timestamp};
use rusqlite::{Connection, OpenFlags};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Feeds go on at the next multiple of this: more events than a feed had since the copy was made.
const FEED_LEAP: u64 = 1_000_000_000_000;

/// What SQLite keeps beside a file, in the order in which it may go: a log must never meet another file.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// How many commands were open, and are looked for before they are sent.
    pub open_commands: usize,
    /// Where the file is that was there before.
    pub kept: Option<PathBuf>,
}

impl Sqlite {
    /// Puts the copy at `backup` in the place of the file at `path`, which no server may be using. Where the
    /// marks on what was sent cannot be read any more, nothing is `provable`: then open commands become
    /// uncertain.
    pub fn restore(path: &Path, backup: &Path, now: Timestamp, provable: bool) -> Result<Restored, StoreError> {
        Self::try_restore(path, backup, now, provable).map_err(|failure| failure.at(backup))
    }

    fn try_restore(path: &Path, backup: &Path, now: Timestamp, provable: bool) -> Outcome<Restored> {
        inspect::present(backup)?;
        let _lock = open::lock(path)?;
        let unfinished = beside(path, ".restoring");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(backup::failed(&unfinished, &error)),
            _ => {}
        }
        let from = open::reader(backup)?;
        let schema = inspect::schema(&from, backup)?;
        backup::copy(&from, &unfinished)?;
        let prepared = prepare(&unfinished, schema, now, provable);
        if prepared.is_err() {
            drop(fs::remove_file(&unfinished));
        }
        let open_commands = prepared?;
        let kept = exchange(path, &unfinished, now).map_err(|error| backup::failed(path, &error))?;
        Ok(Restored { open_commands, kept })
    }
}

/// Brings the copy to this program's schema, and lets it know that it is from an earlier time.
fn prepare(file: &Path, schema: usize, now: Timestamp, provable: bool) -> Outcome<usize> {
    let mut db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "synchronous", "full")?;
    inspect::check(&db, file)?;
    if schema < MIGRATIONS.len() {
        // No copy is kept of what was before, since the backup itself is that.
        apply(&mut db, schema, MIGRATIONS)?;
    }
    let transaction = db.transaction()?;
    let commands: Vec<Command> = inspect::documents(&transaction, "select document from commands where open = 1")?;
    let open_commands = commands.len();
    for command in commands {
        put::command(&transaction, &command.put_back(now, provable))?;
    }
    transaction.execute("delete from events", [])?;
    transaction.execute("update log set last_position = (last_position / ?1 + 1) * ?1", [int(FEED_LEAP)])?;
    transaction.execute(
        "update feeds set last_seq = (last_seq / ?1 + 1) * ?1, forgotten_seq = (last_seq / ?1 + 1) * ?1",
        [int(FEED_LEAP)],
    )?;
    transaction.commit()?;
    Ok(open_commands)
}

/// Moves the file that was there aside, with its log, and the new one in its place.
fn exchange(path: &Path, new: &Path, now: Timestamp) -> io::Result<Option<PathBuf>> {
    if !path.exists() {
        fs::rename(new, path)?;
        backup::sync_folder(path)?;
        return Ok(None);
    }
    // A file that is whole needs no log beside it. A damaged one takes its log along.
    if let Ok(db) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        let _written_back = db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    }
    let kept = beside(path, &format!(".before-restore-{}", now.millis() / 1_000));
    for suffix in BESIDE {
        match fs::rename(beside(path, suffix), beside(&kept, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, &kept)?;
    fs::rename(new, path)?;
    backup::sync_folder(path)?;
    Ok(Some(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_leaps_over_every_number_that_anybody_has_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(Sqlite::open(&path).unwrap());
        let db = Connection::open(&path).unwrap();
        db.execute_batch("insert into feeds values ('a', 7, 2); update log set last_position = 1000000000009").unwrap();
        drop(db);
        prepare(&path, MIGRATIONS.len(), Timestamp::from_millis(0), true).unwrap();
        let db = Connection::open(&path).unwrap();
        let feed = |column: &str| -> i64 {
            db.query_row(&format!("select {column} from feeds"), [], |row| row.get(0)).unwrap()
        };
        assert_eq!((feed("last_seq"), feed("forgotten_seq")), (1_000_000_000_000, 1_000_000_000_000));
        let position: i64 = db.query_row("select last_position from log", [], |row| row.get(0)).unwrap();
        assert_eq!(position, 2_000_000_000_000);
    }
}

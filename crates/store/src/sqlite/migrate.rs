//! Brings a file to the schema that this program knows, and keeps a copy of what it was.
//!
//! A migration that has landed never changes; what it got wrong, the next one mends.

use super::{
    backup::{self, sync_folder},
    failure::Outcome,
};
use model::store::StoreError;
use rusqlite::Connection;
use std::{fs, path::Path};

/// All migrations, in order. The schema's version is how many of them were applied.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_ground.sql"),
    include_str!("migrations/0002_logins.sql"),
    include_str!("migrations/0003_lines.sql"),
    include_str!("migrations/0004_standing.sql"),
    include_str!("migrations/0005_completeness.sql"),
    include_str!("migrations/0006_limits.sql"),
    include_str!("migrations/0007_stream.sql"),
    include_str!("migrations/0008_erasures.sql"),
    include_str!("migrations/0009_read_marks.sql"),
    include_str!("migrations/0010_uploads.sql"),
    include_str!("migrations/0011_emoji.sql"),
    include_str!("migrations/0012_retention.sql"),
    include_str!("migrations/0013_sharers.sql"),
    include_str!("migrations/0014_persons.sql"),
    include_str!("migrations/0015_followings.sql"),
];

/// Marks a file as ours: "Both".
pub(super) const APPLICATION_ID: i64 = 0x426f_7468;

/// Applies the migrations that are missing, after a backup if there is something to lose.
pub(super) fn migrate(db: &mut Connection, path: &Path, migrations: &[&str]) -> Outcome<()> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = db.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let fresh = version == 0 && owner == 0 && tables == 0;
    if !fresh && owner != APPLICATION_ID {
        let sentence = format!("{} is a database of another program; choose another file", path.display());
        return Err(StoreError::Broken(sentence).into());
    }
    let known = migrations.len();
    let held = usize::try_from(version).unwrap_or(usize::MAX);
    if held > known {
        return Err(StoreError::Broken(format!(
            "{} was written by a newer Bothways (schema {version}, this one knows {known}); start the newer one",
            path.display()
        ))
        .into());
    }
    if held == known {
        return Ok(());
    }
    if !fresh {
        back_up(db, path, known)?;
    }
    apply(db, held, migrations)
}

/// Applies what follows the first `held` migrations: all of it, or nothing.
pub(super) fn apply(db: &mut Connection, held: usize, migrations: &[&str]) -> Outcome<()> {
    let transaction = db.transaction()?;
    for migration in &migrations[held..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i64::try_from(migrations.len()).unwrap_or(i64::MAX))?;
    transaction.commit()?;
    Ok(())
}

/// Copies the file as it is to `<file>.before-<version>`.
fn back_up(db: &Connection, path: &Path, version: usize) -> Outcome<()> {
    let copy = beside(path, &format!(".before-{version}"));
    let unfinished = beside(path, &format!(".before-{version}.part"));
    // What an interrupted upgrade left is a copy of the same rows, so it may be written anew.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(backup::failed(&unfinished, &error)),
        _ => {}
    }
    backup::copy(db, &unfinished)?;
    let placed = fs::rename(&unfinished, &copy).and_then(|()| sync_folder(&copy));
    placed.map_err(|error| backup::failed(&copy, &error))
}

/// The path of a file that stands beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "create table notes (text text not null) strict; insert into notes values ('kept');";
    const SECOND: &str = "alter table notes add column read integer not null default 0;";

    fn notes(db: &Connection) -> Vec<String> {
        let mut statement = db.prepare("select text from notes").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn version(db: &Connection) -> i64 {
        db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_file_is_upgraded_after_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut db = Connection::open(&path).unwrap();
        migrate(&mut db, &path, &[FIRST]).unwrap();
        assert!(!beside(&path, ".before-1").exists(), "a new file has nothing to lose");
        // What an interrupted upgrade left is in nobody's way.
        fs::write(beside(&path, ".before-2.part"), "half").unwrap();
        migrate(&mut db, &path, &[FIRST, SECOND]).unwrap();
        migrate(&mut db, &path, &[FIRST, SECOND]).unwrap();
        assert_eq!((version(&db), notes(&db)), (2, vec!["kept".to_owned()]));

        let backup = Connection::open(beside(&path, ".before-2")).unwrap();
        assert_eq!((version(&backup), notes(&backup)), (1, vec!["kept".to_owned()]));
        assert!(!beside(&path, ".before-2.part").exists());
        assert!(backup.prepare("select read from notes").is_err(), "it is as it was");
    }

    #[test]
    fn an_upgrade_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut db = Connection::open(&path).unwrap();
        migrate(&mut db, &path, &[FIRST]).unwrap();
        assert!(migrate(&mut db, &path, &[FIRST, SECOND, "not sql"]).is_err());
        assert_eq!((version(&db), notes(&db)), (1, vec!["kept".to_owned()]));
        assert!(db.prepare("select read from notes").is_err());
        migrate(&mut db, &path, &[FIRST, SECOND]).unwrap();
        assert_eq!(version(&db), 2);
    }
}

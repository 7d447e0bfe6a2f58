//! Looks at a file without changing it: whose it is, how old, whole or damaged, and how its connections do.

use super::{
    Sqlite,
    failure::{Failure, Outcome},
    migrate::{APPLICATION_ID, MIGRATIONS},
    open,
};
use model::{
    connection::{Connection, Login},
    store::StoreError,
};
use rusqlite::Connection as Db;
use serde::de::DeserializeOwned;
use std::path::Path;

/// What a file holds.
#[derive(Debug)]
pub struct Inspection {
    /// The version of the schema that it has.
    pub schema: usize,
    /// Its size.
    pub bytes: u64,
    /// All its logins.
    pub logins: Vec<Login>,
    /// All its connections.
    pub connections: Vec<Connection>,
}

impl Sqlite {
    /// Looks at a file, also while a server uses it. Fails with a sentence if it is no file of ours, newer
    /// than this program, or damaged.
    pub fn inspect(path: &Path) -> Result<Inspection, StoreError> {
        present(path)?;
        let looked = || {
            let db = open::reader(path)?;
            let schema = schema(&db, path)?;
            check(&db, path)?;
            let bytes =
                db.query_row("select page_count * page_size from pragma_page_count, pragma_page_size", [], |row| {
                    row.get::<_, i64>(0)
                })?;
            Ok(Inspection {
                schema,
                bytes: u64::try_from(bytes).unwrap_or(0),
                logins: documents(&db, "select document from logins")?,
                connections: documents(&db, "select document from connections")?,
            })
        };
        looked().map_err(|failure: Failure| failure.at(path))
    }
}

pub(super) fn present(path: &Path) -> Result<(), StoreError> {
    if path.is_file() { Ok(()) } else { Err(StoreError::Broken(format!("there is no file {}", path.display()))) }
}

/// The version of the schema, if the file is ours and not newer than this program.
pub(super) fn schema(db: &Db, path: &Path) -> Outcome<usize> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let broken = |sentence: String| Failure::Store(StoreError::Broken(sentence));
    if owner != APPLICATION_ID {
        return Err(broken(format!("{} is no file of Bothways", path.display())));
    }
    let (held, known) = (usize::try_from(version).unwrap_or(usize::MAX), MIGRATIONS.len());
    if held > known {
        return Err(broken(format!(
            "{} was written by a newer Bothways (schema {held}, this one knows {known}); use the newer one",
            path.display()
        )));
    }
    Ok(held)
}

/// Fails if anything in the file is not as SQLite left it.
pub(super) fn check(db: &Db, path: &Path) -> Outcome<()> {
    let found: String = db.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    let sentence = format!("{} is damaged ({}); use another copy", path.display(), found.replace('\n', " "));
    Err(StoreError::Broken(sentence).into())
}

/// All documents that a statement finds, however many.
pub(super) fn documents<T: DeserializeOwned>(db: &Db, sql: &str) -> Outcome<Vec<T>> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(super::rows::parse(row, 0)?);
    }
    Ok(found)
}

//! The search index in a file of its own, beside the store's: it may be dropped, backups leave it out,
//! and what it writes does not wait in the store's line.
//!
//! Holds tokens, and no text. A token begins with its customer's number, so that one customer's question
//! never meets another's lists.

mod apply;
mod find;
#[cfg(test)]
mod tests;
mod thread;

use super::{
    failure::{Failure, Outcome},
    open,
    readers::Readers,
};
use async_trait::async_trait;
use model::{
    changes::Thing,
    customer::CustomerId,
    id::{ChatId, MessageId},
    index::{Found, Index, Indexing, Lookup, Progress},
    store::StoreError,
};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use thread::Thread;

/// The version of the file. One of another version is dropped and made anew.
const VERSION: i64 = 1;
const SCHEMA: &str = include_str!("schema.sql");

/// An index in a file.
pub struct SqliteIndex {
    path: PathBuf,
    writer: Thread,
    readers: Readers,
    _lock: open::Lock,
}

impl SqliteIndex {
    /// Opens a file, and makes it if it is missing, damaged, or of another version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Self::try_open(path).map_err(|failure| told(failure, path))
    }

    fn try_open(path: &Path) -> Outcome<Self> {
        let lock = open::lock(path)?;
        let held = open::side_file(path).and_then(|db| if is_ours(&db)? { Ok(Some(db)) } else { Ok(None) });
        let db = match held {
            Ok(Some(db)) => db,
            Ok(None) | Err(Failure::Sqlite(_)) => fresh(path)?,
            Err(failure) => return Err(failure),
        };
        Ok(Self { path: path.to_owned(), writer: Thread::start(db)?, readers: Readers::start(path)?, _lock: lock })
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.look(look).await?.map_err(|failure| told(failure, &self.path))
    }
}

fn is_ours(db: &Connection) -> Outcome<bool> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version == VERSION)
}

/// A new file in the place of what is there.
fn fresh(path: &Path) -> Outcome<Connection> {
    for suffix in ["", "-wal", "-shm"] {
        let file = super::migrate::beside(path, suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let sentence = format!("cannot replace the search index {} ({error})", file.display());
                return Err(StoreError::Unavailable(sentence).into());
            }
            _ => {}
        }
    }
    let mut db = open::side_file(path)?;
    let transaction = db.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(db)
}

/// What a person reads: nothing is lost with an index.
fn told(failure: Failure, path: &Path) -> StoreError {
    match failure.at(path) {
        StoreError::Broken(_) => {
            let path = path.display();
            StoreError::Broken(format!(
                "the search index {path} cannot be used; stop the server, delete the file, and it is made anew"
            ))
        }
        other => other,
    }
}

/// The beginning of all tokens of a customer: always as long.
fn key(customer: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digit = |power: u32| char::from(DIGITS[usize::try_from(customer / 36_i64.pow(power) % 36).unwrap_or(0)]);
    (0..5).rev().map(digit).collect()
}

/// A token as the file's tokenizer leaves it whole: to it, no sign but letters and digits belongs to a word.
fn written(key: &str, token: &str) -> String {
    let sign = |letter: char| match letter {
        letter if letter.is_ascii() && !letter.is_ascii_alphanumeric() => {
            char::from_u32(0xe100 + u32::from(letter)).unwrap_or('\u{fffd}')
        }
        letter => letter,
    };
    key.chars().chain(token.chars().map(sign)).collect()
}

fn thing_text(thing: Thing) -> String {
    super::rows::thing_text(thing)
}

#[async_trait]
impl Index for SqliteIndex {
    async fn progress(&self) -> Result<Progress, StoreError> {
        self.read(apply::progress).await
    }

    async fn apply(&self, before: &Progress, after: Progress, changes: Vec<Indexing>) -> Result<(), StoreError> {
        let before = before.clone();
        let done = self.writer.run(move |db| apply::apply(db, &before, &after, changes)).await?;
        done.map_err(|failure| told(failure, &self.path))
    }

    async fn find(&self, lookup: Lookup) -> Result<Vec<Found>, StoreError> {
        self.read(move |db| find::find(db, &lookup)).await
    }

    async fn of_chat(&self, customer: &CustomerId, chat: ChatId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        let customer = customer.clone();
        self.read(move |db| find::of_chat(db, &customer, chat, limit)).await
    }
}

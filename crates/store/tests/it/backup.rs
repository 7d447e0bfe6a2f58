//! Copies that are made while somebody writes, and what is put back from them.

use crate::rows::{check_log, commit, customer, held, message_id, write_all};
use model::{
    store::{Store, StoreError},
    time::Timestamp,
};
use rusqlite::Connection;
use std::{fs, path::Path, sync::Arc};
use store::sqlite::Sqlite;
use tempfile::TempDir;

const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn sentence(error: StoreError) -> String {
    match error {
        StoreError::Broken(sentence) | StoreError::Unavailable(sentence) => sentence,
        StoreError::Stale => panic!("nobody decided anything"),
    }
}

fn folder() -> (TempDir, std::path::PathBuf, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("store.db"), folder.path().join("copy.db"));
    (folder, path, backup)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_holds_what_was_answered_before_it_and_no_commit_by_half() {
    let (_folder, path, backup) = folder();
    let store = Arc::new(Sqlite::open(&path).unwrap());
    let owner = customer(1);
    let before: Vec<_> = (0..300).map(|number| (number, "before".to_owned())).collect();
    assert!(write_all(&store, &owner, before).await.iter().all(|well| *well));
    let (busy, during) = (Arc::clone(&store), customer(1));
    let writing = tokio::spawn(async move {
        write_all(&busy, &during, (300..3_000).map(|number| (number, "during".to_owned())).collect()).await
    });
    let (from, to) = (path.clone(), backup.clone());
    let made = tokio::task::spawn_blocking(move || Sqlite::back_up(&from, &to)).await.unwrap().unwrap();
    assert!(writing.await.unwrap().iter().all(|well| *well), "the writer was held up");
    assert_eq!((made.schema, made.bytes), (Sqlite::schema_version(), fs::metadata(&backup).unwrap().len()));

    let copied = Sqlite::open(&backup).unwrap();
    check_log(&copied).await;
    let there = held(&copied, &owner).await;
    assert!((0..300).all(|number| there.contains(&message_id(number))), "{} are there", there.len());
    assert!(there.len() < 3_000, "it was made before all was written");
}

#[tokio::test]
async fn a_backup_is_private_and_overwrites_nothing() {
    let (_folder, path, backup) = folder();
    drop(Sqlite::open(&path).unwrap());
    Sqlite::back_up(&path, &backup).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let held = fs::read(&backup).unwrap();
    assert!(sentence(Sqlite::back_up(&path, &backup).unwrap_err()).contains("is there already"));
    assert_eq!(fs::read(&backup).unwrap(), held);
    let elsewhere = path.with_file_name("none.db");
    assert!(
        sentence(Sqlite::back_up(&elsewhere, &path.with_file_name("new")).unwrap_err()).contains("there is no file")
    );
    let into = path.with_file_name("no folder").join("copy.db");
    assert!(sentence(Sqlite::back_up(&path, &into).unwrap_err()).contains("cannot write"));
}

#[tokio::test]
async fn a_restore_keeps_what_was_there_and_begins_the_feed_anew() {
    let (_folder, path, backup) = folder();
    let owner = customer(1);
    let store = Sqlite::open(&path).unwrap();
    store.commit(commit(&owner, 1, "before")).await.unwrap();
    Sqlite::back_up(&path, &backup).unwrap();
    store.commit(commit(&owner, 2, "after")).await.unwrap();
    let told = store.last_seq(&owner).await.unwrap();
    let position = store.last_position().await.unwrap();
    let in_use = Sqlite::restore(&path, &backup, AT, true).unwrap_err();
    assert!(sentence(in_use).contains("in use by another server"));
    drop(store);

    let restored = Sqlite::restore(&path, &backup, AT, true).unwrap();
    let kept = Sqlite::open(restored.kept.unwrap()).unwrap();
    assert!(kept.message(&owner, message_id(2)).await.unwrap().is_some());
    let store = Sqlite::open(&path).unwrap();
    assert!(store.message(&owner, message_id(1)).await.unwrap().is_some());
    assert!(store.message(&owner, message_id(2)).await.unwrap().is_none());
    // Nobody who has seen an event of the time that is lost may take a new one for it.
    assert!(store.forgotten_seq(&owner).await.unwrap() > told && store.last_position().await.unwrap() > position);
    let committed = store.commit(commit(&owner, 3, "anew")).await.unwrap();
    assert_eq!(committed.events[0].seq, store.forgotten_seq(&owner).await.unwrap() + 1);
    assert_eq!(store.log(0, 1).await.unwrap()[0].position, committed.events[0].position);
}

#[tokio::test]
async fn what_is_damaged_foreign_or_newer_is_not_restored() {
    let (_folder, path, backup) = folder();
    let store = Sqlite::open(&path).unwrap();
    store.commit(commit(&customer(1), 1, "kept")).await.unwrap();
    drop(store);
    let refused = |file: &Path| sentence(Sqlite::restore(&path, file, AT, true).unwrap_err());
    assert!(refused(&backup).contains("there is no file"));
    fs::write(&backup, "a letter").unwrap();
    assert!(refused(&backup).contains("damaged"), "{}", refused(&backup));
    fs::remove_file(&backup).unwrap();
    Connection::open(&backup).unwrap().execute_batch("create table notes (text text)").unwrap();
    assert!(refused(&backup).contains("no file of Bothways"));
    fs::remove_file(&backup).unwrap();
    Sqlite::back_up(&path, &backup).unwrap();
    Connection::open(&backup).unwrap().pragma_update(None, "user_version", 999).unwrap();
    assert!(refused(&backup).contains("newer Bothways (schema 999"));
    Connection::open(&backup).unwrap().pragma_update(None, "user_version", Sqlite::schema_version() as i64).unwrap();
    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xa5);
    fs::write(&backup, bytes).unwrap();
    assert!(refused(&backup).contains("damaged"), "{}", refused(&backup));

    let store = Sqlite::open(&path).unwrap();
    assert!(store.message(&customer(1), message_id(1)).await.unwrap().is_some(), "what is there stays");
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("restor")), "{names:?}");
}

//! A full disk, a damaged or foreign file, a second server: a clear sentence, and nothing lost.

use crate::rows;
use model::store::{Store, StoreError};
use rusqlite::Connection;
use std::{fs, path::Path, sync::Arc};
use store::sqlite::Sqlite;

/// The sentence of a refusal that a person must act on.
fn broken<T>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Broken(sentence)) => sentence,
        Err(other) => panic!("another refusal: {other}"),
        Ok(_) => panic!("it was accepted"),
    }
}

/// The sentence of a refusal that may pass.
fn unavailable<T>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(sentence)) => sentence,
        Err(other) => panic!("another refusal: {other}"),
        Ok(_) => panic!("it was accepted"),
    }
}

async fn filled(file: &Path, count: u64) {
    let store = Sqlite::open(file).unwrap();
    for number in 0..count {
        store.commit(rows::commit(&rows::customer(1), number, "text")).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_writing_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path().join("store.db")).unwrap();
    let owner = rows::customer(1);
    store.limit_pages(300).await.unwrap();
    let text = "x".repeat(30_000);
    let mut answered = 0;
    let refusal = loop {
        match store.commit(rows::commit(&owner, answered, &text)).await {
            Ok(_) => answered += 1,
            refused => break unavailable(refused),
        }
    };
    assert!(refusal.contains("is full; make room"), "{refusal}");
    assert!(answered > 3, "only {answered} fitted");
    assert_eq!(rows::held(&store, &owner).await.len() as u64, answered);
    unavailable(store.commit(rows::commit(&owner, answered, &text)).await);

    store.limit_pages(10_000).await.unwrap();
    for number in answered..answered + 20 {
        store.commit(rows::commit(&owner, number, &text)).await.unwrap();
    }
    assert_eq!(rows::held(&store, &owner).await.len() as u64, answered + 20);
    rows::check_log(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(folder.path().join("store.db")).unwrap());
    let owner = rows::customer(1);
    store.limit_pages(300).await.unwrap();
    let large = "x".repeat(2_000_000);
    for round in 0..10 {
        let all = (0..10).map(|turn| {
            let text = if turn % 3 == 1 { large.clone() } else { "small".to_owned() };
            (round * 10 + turn, text)
        });
        let answers = rows::write_all(&store, &owner, all.collect()).await;
        assert_eq!(answers, (0..10).map(|turn| turn % 3 != 1).collect::<Vec<_>>());
    }
    assert_eq!(rows::held(store.as_ref(), &owner).await.len(), 70);
}

#[tokio::test]
async fn a_second_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let first = Sqlite::open(&file).unwrap();
    let sentence = broken(Sqlite::open(&file));
    assert!(sentence.contains("is in use by another server; stop that one first"), "{sentence}");
    first.commit(rows::commit(&rows::customer(1), 1, "text")).await.unwrap();
    drop(first);
    let second = Sqlite::open(&file).unwrap();
    assert_eq!(rows::held(&second, &rows::customer(1)).await.len(), 1);
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    filled(&file, 3).await;
    let version = Sqlite::schema_version() + 1;
    Connection::open(&file).unwrap().pragma_update(None, "user_version", version as i64).unwrap();
    let sentence = broken(Sqlite::open(&file));
    assert!(sentence.contains("was written by a newer Bothways"), "{sentence}");
    assert!(sentence.contains(&format!("schema {version}, this one knows {}", version - 1)), "{sentence}");
    Connection::open(&file).unwrap().pragma_update(None, "user_version", version as i64 - 1).unwrap();
    assert_eq!(rows::held(&Sqlite::open(&file).unwrap(), &rows::customer(1)).await.len(), 3);
}

#[tokio::test]
async fn a_file_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    Connection::open(&file).unwrap().execute_batch("create table theirs (x); insert into theirs values (1)").unwrap();
    assert!(broken(Sqlite::open(&file)).contains("is a database of another program"));
    let theirs: i64 = Connection::open(&file).unwrap().query_row("select x from theirs", [], |row| row.get(0)).unwrap();
    assert_eq!(theirs, 1);

    let file = folder.path().join("letter.db");
    let letter = "Dear Ada, ".repeat(500);
    fs::write(&file, &letter).unwrap();
    assert!(broken(Sqlite::open(&file)).contains("is damaged, or no database of Bothways"));
    assert_eq!(fs::read_to_string(&file).unwrap(), letter);
}

#[tokio::test]
async fn a_damaged_file_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    filled(&file, 200).await;
    let sound = fs::read(&file).unwrap();
    let mut told = 0;
    for (turn, start) in (0..sound.len()).step_by(4096 * 7).enumerate() {
        let mut damaged = sound.clone();
        match turn % 3 {
            0 => damaged.truncate(start + 100),
            1 => damaged[start..].fill(0x5a),
            _ => damaged[start..start + 4096].fill(0),
        }
        fs::write(&file, &damaged).unwrap();
        let _wal = fs::remove_file(folder.path().join("store.db-wal"));
        let owner = rows::customer(1);
        let answer = async {
            let store = Sqlite::open(&file)?;
            store.events(&owner, 0, usize::MAX).await?;
            let paging = model::store::Paging { after: None, limit: usize::MAX };
            let chat = "chat_00000000000170008000000000000000".parse().unwrap();
            store.messages_of(&owner, chat, &paging).await?;
            for number in 0..200 {
                store.message(&owner, rows::message_id(number)).await?;
                store
                    .named(
                        &owner,
                        "con_00000000000170008000000000000000".parse().unwrap(),
                        model::store::NamedKind::Message,
                        &rows::external_id(number),
                    )
                    .await?;
            }
            store.commit(rows::commit(&owner, 1_000, "more")).await?;
            Ok::<_, StoreError>(())
        };
        match answer.await {
            Ok(()) => {}
            refused => {
                let sentence = broken(refused);
                assert!(sentence.contains("restore a backup"), "{sentence}");
                told += 1;
            }
        }
    }
    assert!(told > 5, "only {told} of the damages were noticed");
}

#[tokio::test]
async fn a_file_that_another_program_locks_is_busy_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let store = Sqlite::open(&file).unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let sentence = unavailable(store.commit(rows::commit(&rows::customer(1), 1, "text")).await);
    assert!(sentence.contains("is locked by another program; close that program"), "{sentence}");
    assert_eq!(store.last_seq(&rows::customer(1)).await.unwrap(), 0, "reading goes on");
    other.execute_batch("rollback").unwrap();
    store.commit(rows::commit(&rows::customer(1), 1, "text")).await.unwrap();
    assert_eq!(rows::held(&store, &rows::customer(1)).await.len(), 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let sentence = unavailable(Sqlite::open(in_the_way.join("store.db")));
    assert!(sentence.starts_with("cannot "), "{sentence}");
    assert!(sentence.contains("file"), "{sentence}");
}

#[tokio::test]
async fn a_closed_store_is_one_tidy_private_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/folder/store.db");
    let store = Arc::new(Sqlite::open(&file).unwrap());
    let owner = rows::customer(1);
    let all = (0..50).map(|number| (number, "text".to_owned())).collect();
    assert!(rows::write_all(&store, &owner, all).await.into_iter().all(|answered| answered));
    store.close().await;
    store.close().await;
    assert_eq!(unavailable(store.commit(rows::commit(&owner, 90, "late")).await), "the store is closed");
    let copy = folder.path().join("copy.db");
    fs::copy(&file, &copy).unwrap();
    assert_eq!(rows::held(&Sqlite::open(&copy).unwrap(), &owner).await.len(), 50, "the file alone is everything");
    #[cfg(unix)]
    for entry in fs::read_dir(file.parent().unwrap()).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?} can be read by others", entry.path());
    }
}

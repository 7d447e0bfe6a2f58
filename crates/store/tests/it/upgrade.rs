//! A file that the first version wrote, and was killed over, is still read.

use model::{
    command::Progress,
    customer::CustomerId,
    message::Status,
    store::{ChatFilter, Intakes, Keys, Paging, Store},
    time::Timestamp,
};
use rusqlite::Connection;
use std::path::Path;
use store::sqlite::Sqlite;

/// Written by the program at schema 1, at work with an emulated Slack. As text, so that it can be read.
const FIRST: &str = include_str!("../fixtures/schema-1.sql");

fn written_by_the_first(path: &Path) {
    Connection::open(path).unwrap().execute_batch(FIRST).unwrap();
}

fn all() -> Paging {
    Paging { after: None, limit: 100 }
}

#[tokio::test]
async fn a_file_of_the_first_version_is_upgraded_after_a_backup_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    written_by_the_first(&path);
    let store = Sqlite::open(&path).unwrap();
    let before = folder.path().join(format!("store.db.before-{}", Sqlite::schema_version()));
    assert_eq!(before.exists(), Sqlite::schema_version() > 1, "there is a copy of what was");

    let ana = CustomerId::new("ana").unwrap();
    let connections = store.connections(&ana).await.unwrap();
    let [connection] = &connections[..] else { panic!("{connections:?}") };
    assert_eq!(store.logins(&connection.logins).await.unwrap().len(), connection.logins.len());
    assert_eq!(store.user_platforms(&ana).await.unwrap().len(), 1);
    assert!(store.people(&ana, connection.id, "", &all()).await.unwrap().items.len() > 5);
    assert_eq!(store.sync_statuses(&ana, None, &all()).await.unwrap().items.len(), 3);
    assert_eq!(store.api_keys().await.unwrap().len(), 1);
    let chats = store.chats(&ana, &ChatFilter::default(), &all()).await.unwrap().items;
    assert_eq!(chats.len(), 9);
    let imported: Vec<_> = chats.iter().filter(|listed| listed.chat.is_imported()).collect();
    let [listed] = &imported[..] else { panic!("one chat was imported") };

    let messages = store.messages_of(&ana, listed.chat.id, &all()).await.unwrap().items;
    let told: Vec<_> = messages.iter().map(|one| (one.status, one.facets.is_deleted())).collect();
    let (sent, pending) = ((Status::Sent, false), (Status::Pending, false));
    assert_eq!(told, [pending, sent, sent, (Status::Sent, true), sent]);
    let commands = store.open_commands(&ana, listed.chat.id).await.unwrap();
    assert!(matches!(commands[0].progress, Progress::Attempting(_)) && commands[1].progress == Progress::Waiting);
    assert!(store.remembered(&ana, "first").await.unwrap().is_some());
    let last = store.last_seq(&ana).await.unwrap();
    assert_eq!(store.events(&ana, 0, 500).await.unwrap().len() as u64, last);
    assert!(store.unrouted(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_backup_of_the_first_version_is_restored_with_its_commands_as_attempts() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("store.db"), folder.path().join("copy.db"));
    written_by_the_first(&backup);
    let now = Timestamp::from_millis(1_800_000_000_000);
    let restored = Sqlite::restore(&path, &backup, now, true).unwrap();
    assert_eq!((restored.open_commands, restored.kept), (2, None));
    let store = Sqlite::open(&path).unwrap();
    let (customer, chat) = store.due_chats(now, None, 10).await.unwrap().pop().expect("its commands are due");
    for command in store.open_commands(&customer, chat).await.unwrap() {
        assert!(matches!(command.progress, Progress::Attempting(attempt) if attempt.deadline == now));
    }
}

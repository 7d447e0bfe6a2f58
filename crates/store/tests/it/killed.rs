//! A server that is killed while it writes keeps all that it answered, and nothing by half.

use crate::rows;
use model::{
    changes::Write,
    store::{Store, StoreError},
};
use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};
use store::sqlite::Sqlite;

const FILE: &str = "BOTHWAYS_TEST_FILE";
const ROUND: &str = "BOTHWAYS_TEST_ROUND";
const ROUNDS: u64 = 8;
const WRITERS: u64 = 8;
/// More than a writer ever gets to before it is killed.
const ROUND_NUMBERS: u64 = 10_000_000;

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let mut answered: Vec<BTreeSet<_>> = vec![BTreeSet::new(); WRITERS as usize];
    for round in 0..ROUNDS {
        // Spread over starting up, a few commits and many; the same in every run.
        let patience = (round * round * 37) as usize;
        for (writer, number) in killed_after(&file, round, patience) {
            answered[writer as usize].insert(rows::message_id(number));
        }
        let store = Sqlite::open(&file).unwrap();
        for (writer, answered) in (0..).zip(&answered) {
            let held = rows::held(&store, &rows::customer(writer)).await;
            let lost: Vec<_> = answered.difference(&held).collect();
            assert!(lost.is_empty(), "round {round}: {lost:?} were answered and are gone");
        }
        rows::check_log(&store).await;
        store.close().await;
    }
    let all: usize = answered.iter().map(BTreeSet::len).sum();
    assert!(all > 1_000, "only {all} commits were answered, which shows little");
}

/// Starts a server on the file, kills it after so many answers, and returns what it had answered.
fn killed_after(file: &Path, round: u64, patience: usize) -> Vec<(u64, u64)> {
    let mut server = Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::server_that_is_killed", "--ignored", "--nocapture"])
        .env(FILE, file)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answered = Vec::new();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut note = |line: String| {
        // The last line may be cut off; only what ends with a full stop was said whole.
        let said = line.strip_prefix("answered ").and_then(|rest| rest.strip_suffix('.'));
        if let Some((writer, number)) = said.and_then(|said| said.split_once(' ')) {
            answered.push((writer.parse().unwrap(), number.parse().unwrap()));
        }
        answered.len()
    };
    while let Some(Ok(line)) = lines.next() {
        if note(line) >= patience {
            break;
        }
    }
    server.kill().unwrap();
    lines.map_while(Result::ok).for_each(|line| {
        note(line);
    });
    server.wait().unwrap();
    answered
}

/// Not a test of its own: the server that the test above starts, and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs until it is killed"]
async fn server_that_is_killed() {
    let (Ok(file), Ok(round)) = (env::var(FILE), env::var(ROUND)) else { return };
    let round: u64 = round.parse().unwrap();
    let store = Arc::new(Sqlite::open(file).unwrap());
    println!();
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in round * ROUND_NUMBERS.. {
                let owner = rows::customer(writer);
                if number % 5 == 4 {
                    // It shares a commit with the others, and is refused alone.
                    let mut stale = rows::commit(&owner, number, "stale");
                    stale
                        .writes
                        .extend(stale.writes.clone().into_iter().filter(|row| matches!(row, Write::Message(_))));
                    assert!(matches!(store.commit(stale).await, Err(StoreError::Stale)));
                } else {
                    store.commit(rows::commit(&owner, number, "kept")).await.unwrap();
                    println!("answered {writer} {number}.");
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

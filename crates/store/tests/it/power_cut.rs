//! After a power cut the file opens to what was answered before some moment, and never to less than
//! what had reached the disk.

use crate::rows;
use model::store::Store;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use store::sqlite::Sqlite;

/// The file as a power cut could leave it: the log beside it, cut or filled with nothing after `length`.
fn cut(file: &Path, folder: &Path, length: usize, zeroed: bool) -> PathBuf {
    let copy = folder.join("copy.db");
    let mut log = fs::read(wal(file)).unwrap();
    if zeroed {
        log[length..].fill(0);
    } else {
        log.truncate(length);
    }
    fs::copy(file, &copy).unwrap();
    fs::write(wal(&copy), log).unwrap();
    copy
}

fn wal(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

#[tokio::test]
async fn a_log_cut_anywhere_opens_to_what_it_holds_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let owner = rows::customer(1);
    // The first half is in the file by the time of the cut, the second only in the log.
    let store = Sqlite::open(&file).unwrap();
    for number in 0..10 {
        store.commit(rows::commit(&owner, number, "early")).await.unwrap();
    }
    store.close().await;
    drop(store);
    let store = Sqlite::open(&file).unwrap();
    let mut ends = Vec::new();
    for number in 10..30 {
        store.commit(rows::commit(&owner, number, &"late".repeat(number as usize * 20))).await.unwrap();
        ends.push(fs::metadata(wal(&file)).unwrap().len() as usize);
    }
    let whole = *ends.last().unwrap();
    let near_ends = ends.iter().flat_map(|end| [end - 1, *end, (end + 1).min(whole)]);
    let lengths: BTreeSet<usize> = (0..whole).step_by(whole / 23).chain([31, 32, 33]).chain(near_ends).collect();
    for (turn, length) in lengths.into_iter().enumerate() {
        let scratch = tempfile::tempdir().unwrap();
        let copy = Sqlite::open(cut(&file, scratch.path(), length, turn % 2 == 0)).unwrap();
        let synced = 10 + ends.iter().filter(|end| **end <= length).count() as u64;
        let wanted: BTreeSet<_> = (0..synced).map(rows::message_id).collect();
        assert_eq!(rows::held(&copy, &owner).await, wanted, "cut at {length} of {whole}");
        rows::check_log(&copy).await;
        // What was lost can be written again.
        copy.commit(rows::commit(&owner, synced, "again")).await.unwrap();
    }
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_a_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let _store = Sqlite::open(&file).unwrap();
    let whole = fs::metadata(wal(&file)).unwrap().len() as usize;
    for length in (0..whole).step_by(whole / 9) {
        let scratch = tempfile::tempdir().unwrap();
        let copy = Sqlite::open(cut(&file, scratch.path(), length, false)).unwrap();
        copy.commit(rows::commit(&rows::customer(1), 1, "first")).await.unwrap();
        assert_eq!(rows::held(&copy, &rows::customer(1)).await.len(), 1);
    }
}

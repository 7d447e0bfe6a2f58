//! Read marks that bear a version: the platform's latest word stands, unless ours is still to be told.

use super::*;
use crate::{chat::ReadMark, update::Said};

fn mark(position: &str) -> ReadMark {
    ReadMark { position: position.to_owned(), message: "C:1".into() }
}

fn read(position: &str, version: i64) -> Update {
    Update::Read { chat: "C".into(), mark: mark(position), said: Said::AsOf(Version(version)) }
}

#[test]
fn the_latest_word_stands_in_whatever_order_it_comes_and_may_go_back() {
    for told in [[read("5", 1), read("2", 2)], [read("2", 2), read("5", 1)]] {
        let mut held = Held::new();
        held.take(&told, None, &[], false);
        assert_eq!((&held.chat.read, &held.chat.read_there), (&Some(mark("2")), &Some(mark("2"))));
    }
}

#[test]
fn what_is_seen_otherwise_of_the_same_is_told_last() {
    let mut held = Held::new();
    held.take(&[read("2", 1), read("5", 1)], None, &[], false);
    assert_eq!(held.chat.read, Some(mark("5")), "mails were put out of sight, and nothing happened there");
    held.take(&[read("2", 1)], None, &[], false);
    assert_eq!(held.chat.read, Some(mark("2")));
}

#[test]
fn a_mark_that_is_still_to_be_told_is_not_undone() {
    let mut held = Held::new();
    (held.chat.read, held.chat.mark_due_at) = (Some(mark("7")), Some(Timestamp::default()));
    held.take(&[read("3", 1)], None, &[], false);
    assert_eq!((&held.chat.read, &held.chat.read_there), (&Some(mark("7")), &Some(mark("3"))));
    assert!(held.chat.mark_due_at.is_some(), "the platform has not heard of it yet");
}

#[test]
fn what_is_read_here_stays_so_where_nothing_of_it_can_be_told() {
    for told in [[read("5", 1), read("2", 2)], [read("2", 2), read("5", 1)]] {
        let mut held = Held::new();
        held.connection.abilities.mark_read = false;
        held.chat.read = Some(mark("4"));
        held.take(&told, None, &[], false);
        assert_eq!((&held.chat.read, &held.chat.read_there), (&Some(mark("5")), &Some(mark("2"))));
    }
}

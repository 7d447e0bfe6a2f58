//! The lines of a chat: stretches of them, and the threads that are active.

use super::{keep, samples::*};
use model::{changes::Write, compare::Stretch, id::MessageId, message::Message, store::Store};

fn stretch(thread: Option<&str>, from: i64, before: i64) -> Stretch {
    Stretch { thread: thread.map(ext), from: format!("{from:08}"), before: format!("{before:08}") }
}

/// A main line of 1, 2 and 9, a thread under 1 and one under 2, and what nobody can read.
async fn lines(store: &dyn Store) {
    let mut merged = message(&ada(), 1, 12);
    merged.merged_into = Some(message_id(1));
    let mut pending = message(&ada(), 1, 13);
    pending.position = Message::pending_position(at(1));
    let writes = [
        message(&ada(), 1, 1),
        message(&ada(), 1, 2),
        reply(message(&ada(), 1, 3), "M1"),
        reply(message(&ada(), 1, 4), "M2"),
        reply(message(&ada(), 1, 5), "M1"),
        deleted(reply(message(&ada(), 1, 6), "M1")),
        deleted(message(&ada(), 1, 7)),
        unknown(message(&ada(), 1, 8)),
        message(&ada(), 1, 9),
        reply(message(&ada(), 2, 10), "M1"),
        message(&ada(), 2, 11),
        merged,
        pending,
    ];
    keep(store, rows(&ada(), writes.map(Write::Message))).await;
}

pub(crate) async fn stretches_hold_one_line_each(store: &dyn Store) {
    lines(store).await;
    let held = async |stretches: &[Stretch], limit| {
        let found = store.messages_in(&ada(), chat_id(1), stretches, limit).await.unwrap();
        let mut ids: Vec<MessageId> = found.iter().map(|row| row.id).collect();
        ids.sort();
        ids
    };
    let ids = |numbers: &[i64]| numbers.iter().map(|number| message_id(*number)).collect::<Vec<_>>();
    assert_eq!(held(&[stretch(None, 0, 99)], 99).await, ids(&[1, 2, 9]), "the main line has no replies");
    assert_eq!(held(&[stretch(None, 2, 9)], 99).await, ids(&[2]), "its end is not in it");
    assert_eq!(held(&[stretch(Some("M1"), 0, 99)], 99).await, ids(&[3, 5]));
    assert_eq!(held(&[stretch(Some("M1"), 4, 99), stretch(Some("M2"), 0, 99)], 99).await, ids(&[4, 5]));
    assert_eq!(held(&[stretch(Some("M9"), 0, 99)], 99).await, ids(&[]));
    assert_eq!(held(&[], 99).await, ids(&[]));
    assert_eq!(held(&[stretch(None, 0, 99), stretch(Some("M1"), 0, 99)], 4).await.len(), 4);
    let others = store.messages_in(&bob(), chat_id(1), &[stretch(None, 0, 99)], 99).await.unwrap();
    assert_eq!(others, [], "another customer's chat has nothing");
}

pub(crate) async fn threads_are_found_by_their_newest_reply(store: &dyn Store) {
    lines(store).await;
    let threads = async |from: i64, limit| {
        let mut found = store.threads_in(&ada(), chat_id(1), &format!("{from:08}"), limit).await.unwrap();
        found.sort();
        found
    };
    assert_eq!(threads(0, 9).await, [ext("M1"), ext("M2")]);
    assert_eq!(threads(5, 9).await, [ext("M1")]);
    assert_eq!(threads(6, 9).await, [], "a deleted reply is none");
    assert_eq!(threads(0, 1).await.len(), 1);
    assert_eq!(store.threads_in(&bob(), chat_id(1), "", 9).await.unwrap(), []);
    let mut moved = reply(message(&ada(), 1, 4).next(), "M1");
    moved.position = format!("{:08}", 14);
    keep(store, rows(&ada(), [Write::Message(moved)])).await;
    assert_eq!(threads(0, 9).await, [ext("M1")], "a reply that turned out to be elsewhere");
}

//! Work of all customers: nobody's many rows hold up another one's.

use super::{keep, samples::*};
use model::{
    changes::Write,
    customer::CustomerId,
    intake::QueuedPart,
    store::{Lane, Store},
    sync_status::SyncState,
};
use std::slice::from_ref;

fn lane(part: &QueuedPart) -> Lane {
    Lane { customer_id: part.customer_id.clone(), connection_id: part.connection_id, chat: part.chat.clone() }
}

pub(crate) async fn customers_have_their_runs_in_turns(store: &dyn Store) {
    // Ada's runs are all older, and more than anybody looks at.
    let many = (1..=40).map(|number| Write::SyncStatus(sync(&ada(), number, SyncState::Queued, number)));
    keep(store, rows(&ada(), many)).await;
    keep(store, rows(&bob(), [Write::SyncStatus(sync(&bob(), 50, SyncState::Queued, 60))])).await;
    let whose = async |after: Option<&CustomerId>, limit| {
        let due = store.due_syncs(at(99), after, limit).await.unwrap();
        due.into_iter().map(|run| (run.customer_id, run.due_at)).collect::<Vec<_>>()
    };
    let (first, second, other) = ((ada(), at(1)), (ada(), at(2)), (bob(), at(60)));
    assert_eq!(whose(None, 3).await, [first.clone(), other.clone(), second.clone()]);
    assert_eq!(whose(Some(&ada()), 3).await, [other.clone(), first.clone(), second.clone()]);
    assert_eq!(whose(Some(&ada()), 1).await, from_ref(&other));
    assert_eq!(whose(Some(&bob()), 2).await, [first.clone(), other]);
    assert_eq!(store.due_syncs(at(59), None, 2).await.unwrap().len(), 2, "whoever is alone has all the turns");
    assert_eq!(whose(Some(&bob()), 0).await, []);
}

pub(crate) async fn customers_have_their_chats_and_lanes_in_turns(store: &dyn Store) {
    // All that Ada has waits longer, and is more than anybody looks at.
    let many = (1..=40).flat_map(|number| {
        let in_chat = format!("C{number}");
        [
            Write::Command(command(&ada(), number, number, number)),
            Write::QueuePart(part(&ada(), number, Some(&in_chat), number)),
        ]
    });
    keep(store, rows(&ada(), many)).await;
    let last = part(&bob(), 50, Some("C1"), 60);
    keep(store, rows(&bob(), [Write::Command(command(&bob(), 1, 1, 60)), Write::QueuePart(last.clone())])).await;

    let (first, second, other) = ((ada(), chat_id(1)), (ada(), chat_id(2)), (bob(), chat_id(1)));
    let chats = async |after: Option<&CustomerId>, limit| store.due_chats(at(99), after, limit).await.unwrap();
    assert_eq!(chats(None, 3).await, [first.clone(), other.clone(), second.clone()]);
    assert_eq!(chats(Some(&ada()), 3).await, [other.clone(), first.clone(), second]);
    assert_eq!(chats(Some(&ada()), 1).await, from_ref(&other));
    assert_eq!(chats(Some(&bob()), 2).await, [first, other]);

    let of_ada = |number| lane(&part(&ada(), number, Some(&format!("C{number}")), number));
    let lanes = async |after: Option<&CustomerId>, limit| store.part_lanes(at(99), after, limit).await.unwrap();
    assert_eq!(lanes(None, 3).await, [of_ada(1), lane(&last), of_ada(2)]);
    assert_eq!(lanes(Some(&ada()), 3).await, [lane(&last), of_ada(1), of_ada(2)]);
    assert_eq!(lanes(Some(&ada()), 1).await, [lane(&last)]);
    assert_eq!(lanes(Some(&bob()), 2).await, [of_ada(1), lane(&last)]);
}

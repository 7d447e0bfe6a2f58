//! Lines of news: how far each is read, which are due, and hints that come while one is being read.

use super::{is_stale, keep, samples::*};
use model::{
    changes::Write,
    following::Following,
    id::{ConnectionId, Cursor},
    store::Store,
};

fn following(number: i64, due: i64) -> Following {
    let new = Following::new(ada(), connection_id(number), Cursor("1".to_owned()), at(1));
    Following { due_at: at(due), ..new }
}

fn ids(rows: &[Following]) -> Vec<ConnectionId> {
    rows.iter().map(|row| row.connection_id).collect()
}

pub(crate) async fn lines_are_due_and_guarded(store: &dyn Store) {
    keep(store, rows(&ada(), [following(1, 50), following(2, 40), following(3, 60)].map(Write::Following))).await;
    assert_eq!(ids(&store.due_followings(at(50), 9).await.unwrap()), [2, 1].map(connection_id));
    assert_eq!(ids(&store.due_followings(at(60), 1).await.unwrap()), [connection_id(2)]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(40)));
    assert_eq!(store.following(&ada(), connection_id(1)).await.unwrap(), Some(following(1, 50)));
    assert_eq!(store.following(&bob(), connection_id(1)).await.unwrap(), None);
    let next = Following { revision: 2, cursor: None, ..following(1, 70) };
    keep(store, rows(&ada(), [Write::Following(next.clone())])).await;
    assert_eq!(store.following(&ada(), connection_id(1)).await.unwrap(), Some(next.clone()));
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Following(next)])).await));
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Following(following(1, 1))])).await), "there is one");
}

pub(crate) async fn a_hint_overtakes_whoever_reads_the_line(store: &dyn Store) {
    keep(store, rows(&ada(), [following(1, 50), following(2, 50)].map(Write::Following))).await;
    let read = Following { revision: 2, ..following(1, 90) };
    keep(store, rows(&ada(), [Write::FollowSoon { connection_id: connection_id(1), at: at(20) }])).await;
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Following(read)])).await), "it may have been read before");
    assert_eq!(ids(&store.due_followings(at(20), 9).await.unwrap()), [connection_id(1)]);
    // Whoever is due earlier stays so.
    keep(store, rows(&ada(), [Write::FollowSoon { connection_id: connection_id(1), at: at(30) }])).await;
    let held = store.following(&ada(), connection_id(1)).await.unwrap().unwrap();
    assert_eq!((held.due_at, held.told, held.revision), (at(20), true, 3));
    keep(store, rows(&ada(), [Write::FollowSoon { connection_id: connection_id(9), at: at(1) }])).await;
    keep(store, rows(&bob(), [Write::FollowSoon { connection_id: connection_id(2), at: at(1) }])).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(20)), "nobody else's is touched");
}

//! The numbers of the feed and the log.

use super::{is_stale, keep, samples::*};
use model::{changes::Write, store::Store};

pub(crate) async fn a_feed_has_no_gaps(store: &dyn Store) {
    assert_eq!((store.last_seq(&ada()).await.unwrap(), store.last_position().await.unwrap()), (0, 0));
    let mut answered = Vec::new();
    for (customer, count) in [(ada(), 2), (bob(), 1), (ada(), 3), (bob(), 2)] {
        answered.extend(keep(store, told(&customer, count, 1)).await.events);
    }
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1))])).await;
    let positions: Vec<_> = answered.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=8).collect::<Vec<_>>());
    assert_eq!(store.log(0, 99).await.unwrap(), answered);
    assert_eq!(store.log(3, 2).await.unwrap(), answered[3..5]);
    assert_eq!(store.last_position().await.unwrap(), 8);

    let of_ada = store.events(&ada(), 0, 99).await.unwrap();
    let numbers: Vec<_> = of_ada.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert!(of_ada.iter().all(|event| event.customer_id == ada()));
    assert_eq!(store.events(&ada(), 2, 2).await.unwrap(), of_ada[2..4]);
    assert_eq!(store.events(&ada(), 5, 9).await.unwrap(), []);
    assert_eq!(store.events(&ada(), u64::MAX, 9).await.unwrap(), []);
    assert_eq!(store.events(&ada(), 0, 0).await.unwrap(), []);
    assert_eq!(store.log(u64::MAX, usize::MAX).await.unwrap(), []);
    assert_eq!((store.last_seq(&ada()).await.unwrap(), store.last_seq(&bob()).await.unwrap()), (5, 3));
}

pub(crate) async fn a_stale_commit_takes_no_number(store: &dyn Store) {
    keep(store, told(&ada(), 1, 1)).await;
    let mut stale = told(&ada(), 3, 1);
    stale.writes.push(Write::Chat(chat(&ada(), 1).next()));
    assert!(is_stale(&store.commit(stale).await));
    let next = keep(store, told(&ada(), 1, 1)).await.events;
    assert_eq!((next[0].seq, next[0].position), (2, 2));
}

pub(crate) async fn events_are_forgotten_from_the_beginning(store: &dyn Store) {
    for (customer, millis) in [(ada(), 1), (bob(), 2), (ada(), 9), (ada(), 3), (bob(), 4)] {
        keep(store, told(&customer, 1, millis)).await;
    }
    assert_eq!(store.forgotten_seq(&ada()).await.unwrap(), 0);
    assert_eq!(store.forget_events(at(5), 1).await.unwrap(), 1);
    assert_eq!(store.forgotten_seq(&ada()).await.unwrap(), 1);
    assert_eq!(store.forget_events(at(5), 0).await.unwrap(), 0);
    assert_eq!(store.forget_events(at(5), 9).await.unwrap(), 1, "an older one behind a younger one stays");
    let kept: Vec<_> = store.log(0, 9).await.unwrap().iter().map(|event| event.position).collect();
    assert_eq!(kept, [3, 4, 5]);
    assert_eq!((store.forgotten_seq(&ada()).await.unwrap(), store.forgotten_seq(&bob()).await.unwrap()), (1, 1));

    assert_eq!(store.forget_events(at(99), 9).await.unwrap(), 3);
    assert_eq!((store.forgotten_seq(&ada()).await.unwrap(), store.last_seq(&ada()).await.unwrap()), (3, 3));
    assert_eq!(store.last_position().await.unwrap(), 5);
    let next = keep(store, told(&ada(), 1, 1)).await.events;
    assert_eq!((next[0].seq, next[0].position), (4, 6), "numbers are never used again");
}

pub(crate) async fn commits_at_once_are_numbered_one_by_one(store: &dyn Store) {
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1))])).await;
    let next = chat(&ada(), 1).next();
    // All know the same revision, so one is taken and the others share nothing with it but the disk:
    // what they wrote before they turned out to be stale goes.
    let all = (0..20).map(|turn| {
        let mut changes = told(&ada(), 1, 1);
        changes.writes.extend([Write::Remember(remember(&turn.to_string(), 9)), Write::Chat(next.clone())]);
        store.commit(changes)
    });
    let told_only = (0..20).map(|_| store.commit(told(&ada(), 2, 1)));
    let answers = futures_util::future::join_all(all.chain(told_only)).await;
    assert_eq!(answers.iter().filter(|answer| is_stale(answer)).count(), 19);
    let mut numbers: Vec<_> =
        answers.into_iter().flatten().flat_map(|done| done.events).map(|event| event.seq).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=41).collect::<Vec<_>>());
    let held: Vec<_> = store.events(&ada(), 0, 99).await.unwrap().iter().map(|event| event.seq).collect();
    assert_eq!(held, numbers);
    let mut remembered = 0;
    for turn in 0..20 {
        remembered += usize::from(store.remembered(&ada(), &turn.to_string()).await.unwrap().is_some());
    }
    assert_eq!(remembered, 1);
}

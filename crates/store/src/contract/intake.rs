//! Raw requests, their parts, leases, tickets and keys.

use super::{keep, samples::*};
use model::{
    changes::{Changes, Write},
    intake::QueuedPart,
    store::{ApiKey, Lane, Paging, Slice, Store},
    time::Timestamp,
};
use std::slice::from_ref;

fn lane(part: &QueuedPart) -> Lane {
    Lane { customer_id: part.customer_id.clone(), connection_id: part.connection_id, chat: part.chat.clone() }
}

pub(crate) async fn what_was_taken_in_waits_until_it_is_routed(store: &dyn Store) {
    for number in [2, 1, 3] {
        store.append(intake(number)).await.unwrap();
    }
    store.append(intake(1)).await.unwrap();
    assert_eq!(store.unrouted(9).await.unwrap(), [intake(1), intake(2), intake(3)]);
    assert_eq!(store.unrouted(2).await.unwrap(), [intake(1), intake(2)]);
    assert_eq!(store.unrouted(0).await.unwrap(), []);

    let routed = [Write::Routed(intake_id(1)), Write::Routed(intake_id(9))];
    keep(store, Changes::of_nobody(routed.to_vec())).await;
    keep(store, rows(&ada(), [Write::Routed(intake_id(2))])).await;
    assert_eq!(store.unrouted(9).await.unwrap(), [intake(3)]);
    store.append(intake(1)).await.unwrap();
    assert_eq!(store.unrouted(9).await.unwrap(), [intake(3)], "a repeat is not routed again");
    let ids = [intake_id(3), intake_id(9), intake_id(1), intake_id(3)];
    assert_eq!(store.intakes(&ids).await.unwrap(), [intake(3), intake(1)]);
}

pub(crate) async fn a_part_queued_twice_stays_the_first(store: &dyn Store) {
    let held = part(&ada(), 1, Some("C1"), 5);
    let again = QueuedPart { attempts: 3, due_at: at(1), ..held.clone() };
    keep(store, rows(&ada(), [Write::QueuePart(held.clone())])).await;
    keep(store, rows(&ada(), [Write::QueuePart(again.clone())])).await;
    assert_eq!(store.parts(&lane(&held), at(9), 9).await.unwrap(), from_ref(&held));

    // For another connection, piece or customer it is another part.
    let others = [
        Write::QueuePart(QueuedPart { connection_id: connection_id(2), ..held.clone() }),
        Write::QueuePart(QueuedPart { number: 1, ..held.clone() }),
    ];
    keep(store, rows(&ada(), others)).await;
    keep(store, rows(&bob(), [Write::QueuePart(part(&bob(), 1, Some("C1"), 5))])).await;
    assert_eq!(store.part_lanes(at(9), None, 9).await.unwrap().len(), 3);
    assert_eq!(store.parts(&lane(&held), at(9), 9).await.unwrap().len(), 2);
}

pub(crate) async fn parts_wait_in_lanes(store: &dyn Store) {
    let late = part(&ada(), 1, Some("C1"), 30);
    let soon = part(&ada(), 2, Some("C2"), 10);
    let later = part(&ada(), 3, Some("C1"), 20);
    let no_chat = part(&ada(), 4, None, 20);
    let all = [&late, &soon, &later, &no_chat];
    keep(store, rows(&ada(), all.map(|part| Write::QueuePart(part.clone())))).await;

    assert_eq!(store.part_lanes(at(9), None, 9).await.unwrap(), []);
    assert_eq!(store.part_lanes(at(10), None, 9).await.unwrap(), [lane(&soon)]);
    let lanes = [lane(&soon), lane(&later), lane(&no_chat)];
    assert_eq!(store.part_lanes(at(30), None, 9).await.unwrap(), lanes);
    assert_eq!(store.part_lanes(at(30), None, 2).await.unwrap(), lanes[..2]);
    assert_eq!(store.part_lanes(at(30), None, 0).await.unwrap(), []);

    assert_eq!(store.parts(&lane(&late), at(20), 9).await.unwrap(), from_ref(&later));
    assert_eq!(store.parts(&lane(&late), at(30), 9).await.unwrap(), [late.clone(), later]);
    assert_eq!(store.parts(&lane(&late), at(30), 1).await.unwrap(), [late]);
    assert_eq!(store.parts(&lane(&no_chat), at(30), 9).await.unwrap(), [no_chat]);
}

pub(crate) async fn parked_parts_are_not_due(store: &dyn Store) {
    let parts: Vec<_> = (1..=3).map(|number| part(&ada(), number, Some("C1"), 1)).collect();
    keep(store, rows(&ada(), parts.iter().cloned().map(Write::QueuePart))).await;
    let unreadable = [Write::UpdatePart(parked(parts[0].clone())), Write::UpdatePart(parked(parts[2].clone()))];
    keep(store, rows(&ada(), unreadable)).await;
    assert_eq!(store.parts(&lane(&parts[0]), at(9), 9).await.unwrap(), parts[1..2]);
    let newest_first = [parked(parts[2].clone()), parked(parts[0].clone())];
    let page = |after: Option<String>, limit| Paging { after, limit };
    assert_eq!(store.parked(&ada(), &page(None, 9)).await.unwrap(), Slice { items: newest_first.to_vec(), next: None });
    let first = store.parked(&ada(), &page(None, 1)).await.unwrap();
    assert_eq!(first.items, newest_first[..1]);
    assert_eq!(store.parked(&ada(), &page(first.next, 1)).await.unwrap().items, newest_first[1..]);
    assert_eq!(store.parked(&ada(), &page(None, 0)).await.unwrap().items, []);
    assert_eq!(store.parked(&ada(), &page(Some("nonsense".to_owned()), 9)).await.unwrap().items, []);
    assert_eq!(store.part(&ada(), newest_first[0].id()).await.unwrap(), Some(newest_first[0].clone()));
    assert_eq!(store.part(&bob(), newest_first[0].id()).await.unwrap(), None, "another customer's");
    let read = Write::RemovePart { connection_id: connection_id(1), intake_id: intake_id(2), number: 0 };
    keep(store, rows(&ada(), [read])).await;
    assert_eq!(store.part_lanes(at(9), None, 9).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
    keep(store, rows(&ada(), [Write::UpdatePart(parts[0].clone())])).await;
    assert_eq!(store.part_lanes(at(9), None, 9).await.unwrap(), [lane(&parts[0])], "a replay");
}

pub(crate) async fn parts_that_are_gone_stay_gone(store: &dyn Store) {
    let gone = Write::RemovePart { connection_id: connection_id(1), intake_id: intake_id(1), number: 0 };
    keep(store, rows(&ada(), [gone, Write::UpdatePart(part(&ada(), 1, None, 1))])).await;
    assert_eq!(store.part_lanes(at(9), None, 9).await.unwrap(), []);
}

pub(crate) async fn unclaimed_parts_wait_for_their_account(store: &dyn Store) {
    let first = unclaimed(1, 50);
    let again = unclaimed(1, 90);
    let second = unclaimed(2, 40);
    let writes = [&second, &first, &again].map(|part| Write::Unclaimed(part.clone()));
    keep(store, Changes::of_nobody(writes.to_vec())).await;
    let found = store.unclaimed(&slack(), &account("T1"), None, 9).await.unwrap();
    assert_eq!(found, [first.clone(), second.clone()], "oldest first, and the first of two stays");
    assert_eq!(store.unclaimed(&slack(), &account("T1"), None, 1).await.unwrap(), *from_ref(&first));
    let after = Some((first.intake_id, first.number));
    assert_eq!(store.unclaimed(&slack(), &account("T1"), after, 9).await.unwrap(), *from_ref(&second));
    let after = Some((second.intake_id, second.number));
    assert_eq!(store.unclaimed(&slack(), &account("T1"), after, 9).await.unwrap(), []);
    assert_eq!(store.unclaimed(&slack(), &account("T2"), None, 9).await.unwrap(), []);
    assert_eq!(store.unclaimed(&"other".into(), &account("T1"), None, 9).await.unwrap(), []);
}

pub(crate) async fn what_is_referred_to_is_not_forgotten(store: &dyn Store) {
    for number in 1..=5 {
        store.append(intake(number)).await.unwrap();
    }
    let routed = (1..=4).map(|number| Write::Routed(intake_id(number)));
    let held = [Write::QueuePart(parked(part(&ada(), 1, None, 1))), Write::Unclaimed(unclaimed(2, 50))];
    keep(store, rows(&ada(), routed.chain(held))).await;

    assert_eq!(store.forget(raw(4), at(50), 9).await.unwrap(), 1, "the third: the fourth is not old enough");
    let ids: Vec<_> = (1..=5).map(intake_id).collect();
    let kept: Vec<_> = store.intakes(&ids).await.unwrap().into_iter().map(|intake| intake.id).collect();
    assert_eq!(kept, [1, 2, 4, 5].map(intake_id));

    assert_eq!(store.forget(raw(99), at(51), 9).await.unwrap(), 3, "the unclaimed part goes, and its request with it");
    let kept: Vec<_> = store.intakes(&ids).await.unwrap().into_iter().map(|intake| intake.id).collect();
    assert_eq!(kept, [1, 5].map(intake_id), "one has a part, the other is not routed");
}

pub(crate) async fn routed_requests_are_found_in_the_order_in_which_they_came(store: &dyn Store) {
    for number in [3, 1, 2, 5, 4] {
        store.append(intake(number)).await.unwrap();
    }
    keep(store, Changes::of_nobody([1, 2, 4, 5].map(|number| Write::Routed(intake_id(number))).to_vec())).await;
    let found = async |since, after: Option<i64>, limit| {
        let found = store.routed(at(since), after.map(intake_id), limit).await.unwrap();
        found.into_iter().map(|intake| intake.id).collect::<Vec<_>>()
    };
    assert_eq!(found(0, None, 9).await, [1, 2, 4, 5].map(intake_id), "the third is not routed");
    assert_eq!(found(2, None, 9).await, [2, 4, 5].map(intake_id), "that very time is meant as well");
    assert_eq!(found(0, Some(2), 1).await, [4].map(intake_id));
    assert_eq!(found(5, Some(1), 9).await, [5].map(intake_id));
    assert_eq!(found(0, Some(5), 9).await, []);
}

pub(crate) async fn what_has_ended_is_forgotten(store: &dyn Store) {
    for number in 1..=3 {
        store.put_ticket(ticket(&format!("t{number}"), number)).await.unwrap();
        keep(store, rows(&ada(), [Write::Remember(remember(&format!("k{number}"), number))])).await;
        keep(store, rows(&ada(), [Write::Unclaimed(unclaimed(number, number))])).await;
    }
    assert_eq!(store.forget(raw(0), at(3), 0).await.unwrap(), 0);
    assert_eq!(store.forget(raw(0), at(3), 1).await.unwrap(), 3, "one of each");
    assert_eq!(store.remembered(&ada(), "k1").await.unwrap(), None);
    assert!(store.remembered(&ada(), "k2").await.unwrap().is_some());
    assert_eq!(store.forget(raw(0), at(3), 9).await.unwrap(), 3);
    assert_eq!(store.forget(raw(0), at(3), 9).await.unwrap(), 0, "what ends now has not ended before");
    assert!(store.remembered(&ada(), "k3").await.unwrap().is_some());
    assert!(store.ticket("connect", "t3", at(2)).await.unwrap().is_some());
    keep(store, rows(&ada(), [Write::Remember(remember("k1", 9))])).await;
}

pub(crate) async fn a_lease_has_one_holder(store: &dyn Store) {
    assert!(store.lease("work", "one", at(0), at(10)).await.unwrap());
    assert!(!store.lease("work", "two", at(9), at(20)).await.unwrap());
    assert!(store.lease("other", "two", at(9), at(20)).await.unwrap());
    assert!(store.lease("work", "one", at(9), at(15)).await.unwrap(), "a holder renews");
    assert!(!store.lease("work", "two", at(14), at(20)).await.unwrap());
    assert!(store.lease("work", "two", at(15), at(20)).await.unwrap(), "it ended");
    store.release("work", "one").await.unwrap();
    assert!(!store.lease("work", "one", at(16), at(30)).await.unwrap(), "only its holder gives it back");
    store.release("work", "two").await.unwrap();
    assert!(store.lease("work", "one", at(16), at(30)).await.unwrap());
}

pub(crate) async fn a_ticket_is_taken_once(store: &dyn Store) {
    store.put_ticket(ticket("hash", 10)).await.unwrap();
    assert_eq!(store.ticket("connect", "hash", at(1)).await.unwrap(), Some(ticket("hash", 10)));
    assert_eq!(store.ticket("session", "hash", at(1)).await.unwrap(), None);
    assert_eq!(store.take_ticket("session", "hash", at(1)).await.unwrap(), None);
    let (one, two) =
        tokio::join!(store.take_ticket("connect", "hash", at(1)), store.take_ticket("connect", "hash", at(1)),);
    let taken: Vec<_> = [one.unwrap(), two.unwrap()].into_iter().flatten().collect();
    assert_eq!(taken, [ticket("hash", 10)]);
    assert_eq!(store.ticket("connect", "hash", at(1)).await.unwrap(), None);
}

pub(crate) async fn a_ticket_ends(store: &dyn Store) {
    store.put_ticket(ticket("hash", 10)).await.unwrap();
    assert_eq!(store.ticket("connect", "hash", at(10)).await.unwrap(), None);
    assert_eq!(store.take_ticket("connect", "hash", at(10)).await.unwrap(), None);
    store.put_ticket(ticket("hash", 20)).await.unwrap();
    assert_eq!(store.take_ticket("connect", "hash", at(10)).await.unwrap(), Some(ticket("hash", 20)), "put again");
}

pub(crate) async fn api_keys_come_and_go(store: &dyn Store) {
    let key = |id: &str, micros| ApiKey {
        id: id.to_owned(),
        name: "server".to_owned(),
        hash: format!("hash of {id}"),
        created_at: Timestamp::from_micros(micros),
    };
    for key in [key("b", 2_001), key("a", 3_000), key("c", 1_000)] {
        store.put_api_key(key).await.unwrap();
    }
    assert_eq!(store.api_keys().await.unwrap(), [key("c", 1_000), key("b", 2_001), key("a", 3_000)]);
    assert!(store.remove_api_key("b").await.unwrap());
    assert!(!store.remove_api_key("b").await.unwrap());
    assert_eq!(store.api_keys().await.unwrap(), [key("c", 1_000), key("a", 3_000)]);
}

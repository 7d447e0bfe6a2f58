//! Lists over chats and over customers.

use super::{all_pages, keep, samples::*};
use model::{
    changes::Write,
    customer::CustomerId,
    id::{ConnectionId, MessageId},
    message::Message,
    store::{Paging, Store},
};

/// A message of a connection, in the chat of the same number, that was sent at a time.
fn sent(customer: &CustomerId, connection: i64, number: i64, millis: i64) -> Message {
    let mut message = message(customer, connection, number);
    message.connection_id = connection_id(connection);
    if let Some(content) = &mut message.facets.content {
        content.value.sent_at = at(millis);
    }
    message
}

async fn timeline(store: &dyn Store, connections: &[ConnectionId], limit: usize) -> Vec<MessageId> {
    let customer = ada();
    let customer = &customer;
    let page = |paging: Paging| async move { store.timeline(customer, connections, &paging).await };
    all_pages(limit, page).await.into_iter().map(|message| message.id).collect()
}

fn ids(numbers: impl IntoIterator<Item = i64>) -> Vec<MessageId> {
    numbers.into_iter().map(message_id).collect()
}

pub(crate) async fn the_timeline_is_all_chats_by_time(store: &dyn Store) {
    let (one, two) = (connection_id(1), connection_id(2));
    let mut rows_of_ada =
        vec![sent(&ada(), 1, 1, 10), sent(&ada(), 2, 2, 30), sent(&ada(), 1, 3, 20), sent(&ada(), 2, 4, 20)];
    rows_of_ada.push(deleted(sent(&ada(), 1, 5, 5)));
    rows_of_ada.push(unknown(sent(&ada(), 1, 6, 40)));
    keep(store, rows(&ada(), rows_of_ada.into_iter().map(Write::Message))).await;
    keep(store, rows(&bob(), [Write::Message(sent(&bob(), 1, 7, 50))])).await;
    for limit in 1..7 {
        assert_eq!(timeline(store, &[one, two], limit).await, ids([2, 4, 3, 1, 5]), "{limit} at a time");
    }
    assert_eq!(timeline(store, &[two], 1).await, ids([2, 4]));
    assert_eq!(timeline(store, &[one, one], 2).await, ids([3, 1, 5]), "a connection that is named twice counts once");
    assert_eq!(timeline(store, &[], 2).await, []);
    assert_eq!(store.timeline(&ada(), &[one], &first(0)).await.unwrap().items, []);

    let mut later = sent(&ada(), 1, 1, 60);
    later.revision = 2;
    keep(store, rows(&ada(), [Write::Message(later)])).await;
    assert_eq!(timeline(store, &[one, two], 2).await, ids([1, 2, 4, 3, 5]), "a time that is learnt later counts");
}

pub(crate) async fn a_timelines_page_goes_on_where_it_ended(store: &dyn Store) {
    let one = connection_id(1);
    keep(store, rows(&ada(), (1..6).map(|number| Write::Message(sent(&ada(), 1, number, number * 10))))).await;
    let page = store.timeline(&ada(), &[one], &first(2)).await.unwrap();
    keep(store, rows(&ada(), (6..9).map(|number| Write::Message(sent(&ada(), 1, number, number * 10))))).await;
    let next = store.timeline(&ada(), &[one], &Paging { after: page.next, limit: 9 }).await.unwrap();
    assert_eq!(next.items.iter().map(|row| row.id).collect::<Vec<_>>(), ids([3, 2, 1]));
    let strange = Paging { after: Some("elsewhere".to_owned()), limit: 9 };
    assert_eq!(store.timeline(&ada(), &[one], &strange).await.unwrap().items, []);
}

pub(crate) async fn everything_is_read_once_in_the_order_of_ids(store: &dyn Store) {
    for customer in [bob(), ada()] {
        keep(store, rows(&customer, (1..4).map(|number| Write::Chat(chat(&customer, number))))).await;
        keep(store, rows(&customer, (1..6).rev().map(|number| Write::Message(message(&customer, 1, number))))).await;
    }
    let (mut messages, mut after) = (Vec::new(), None);
    loop {
        let page = store.messages_after(after.clone(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.customer_id.clone(), last.id));
        messages.extend(page.into_iter().map(|row| (row.customer_id, row.id)));
    }
    let expected: Vec<_> =
        [ada(), bob()].into_iter().flat_map(|one| (1..6).map(move |id| (one.clone(), message_id(id)))).collect();
    assert_eq!(messages, expected);
    let chats = store.chats_after(Some((ada(), chat_id(2))), 3).await.unwrap();
    let chats: Vec<_> = chats.into_iter().map(|row| (row.customer_id, row.id)).collect();
    assert_eq!(chats, [(ada(), chat_id(3)), (bob(), chat_id(1)), (bob(), chat_id(2))]);
}

pub(crate) async fn people_are_followed_by_their_changes(store: &dyn Store) {
    let one = person(&ada(), 1, "One", "", "one@example.com");
    let two = person(&bob(), 2, "Two", "", "two@example.com");
    keep(store, rows(&ada(), [Write::Participant(one.clone())])).await;
    keep(store, rows(&bob(), [Write::Participant(two.clone())])).await;
    let told = store.people_after(0, 9).await.unwrap();
    assert_eq!(told.iter().map(|(_, row)| row.clone()).collect::<Vec<_>>(), [one.clone(), two.clone()]);
    assert!(told[0].0 < told[1].0);
    keep(store, rows(&ada(), [Write::Participant(one.next())])).await;
    let after = store.people_after(told[0].0, 9).await.unwrap();
    assert_eq!(after.iter().map(|(_, row)| row.clone()).collect::<Vec<_>>(), [two, one.next()]);
    assert_eq!(store.people_after(told[0].0, 1).await.unwrap().len(), 1);
    assert_eq!(store.people_after(after[1].0, 9).await.unwrap(), []);
}

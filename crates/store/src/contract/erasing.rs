//! Erasing a customer with everything, and nobody else.

use super::{is_stale, keep, samples::*};
use model::{
    changes::{Changes, Thing, Write},
    completeness::Completeness,
    customer::CustomerId,
    emoji::Picture,
    erasure::Through,
    following::Following,
    id::Cursor,
    intake::PartState,
    store::{Store, Ticket},
    sync_status::SyncState,
};
use serde_json::json;

/// A row of every kind.
fn everything(customer: &CustomerId, number: i64) -> Changes {
    let held = chat(customer, number);
    let writes = [
        Write::Connection(connection(customer, number)),
        Write::Login(login(number)),
        Write::UserPlatform(user_platform(customer, number)),
        Write::Upload(upload(customer, number, 9)),
        Write::Completeness(Completeness::from_now_on(&held, at(1))),
        Write::Following(Following::new(customer.clone(), connection_id(number), Cursor("1".to_owned()), at(1))),
        Write::Chat(held),
        Write::Participant(person(customer, number, "Ada", "ada", "a@b.c")),
        Write::Emoji(emoji(customer, "parrot", Some(Picture::Character("🦜".to_owned())), 1)),
        Write::Message(message(customer, number, number)),
        Write::Command(command(customer, number, number, 1)),
        Write::SyncStatus(sync(customer, number, SyncState::Queued, 1)),
        Write::Name(name(Thing::Chat(chat_id(number)), "C1")),
        Write::SetAside(aside(number, "M9", 1)),
        Write::Remember(remember("key", 9)),
        Write::QueuePart(part(customer, number, None, 1)),
    ];
    let mut changes = rows(customer, writes);
    changes.events.push(event(number, 1));
    changes
}

fn session(customer: &CustomerId, hash: &str) -> Ticket {
    Ticket { document: json!({ "customer": customer }), ..ticket(hash, 99) }
}

/// How much of a customer can be found.
async fn found(store: &dyn Store, customer: &CustomerId, number: i64) -> Vec<bool> {
    // Samples of people and names stand in the first connection.
    let (through, held) = (connection_id(1), chat_id(number));
    vec![
        store.connection(customer, connection_id(number)).await.unwrap().is_some(),
        !store.logins(&[login_id(number)]).await.unwrap().is_empty(),
        !store.user_platforms(customer).await.unwrap().is_empty(),
        !store.uploads_of(customer, 9).await.unwrap().is_empty(),
        !store.completeness(customer, &[held]).await.unwrap().is_empty(),
        store.following(customer, connection_id(number)).await.unwrap().is_some(),
        store.chat(customer, held).await.unwrap().is_some(),
        !store.people(customer, through, "", &first(9)).await.unwrap().items.is_empty(),
        !store.emoji_named(customer, through, &["parrot".to_owned()]).await.unwrap().is_empty(),
        store.message(customer, message_id(number)).await.unwrap().is_some(),
        store.command(customer, command_id(number)).await.unwrap().is_some(),
        store.sync_status(customer, sync_id(number)).await.unwrap().is_some(),
        !store.chats_named(customer, through, &[ext("C1")]).await.unwrap().is_empty(),
        !store.asides(customer, held).await.unwrap().is_empty(),
        store.remembered(customer, "key").await.unwrap().is_some(),
        store.part_lanes(at(9), None, 9).await.unwrap().iter().any(|lane| lane.customer_id == *customer),
        !store.events(customer, 0, 9).await.unwrap().is_empty(),
        store.last_seq(customer).await.unwrap() > 0,
        store.ticket("session", &format!("hash{number}"), at(1)).await.unwrap().is_some(),
        !store.intakes(&[intake(number).id]).await.unwrap().is_empty(),
    ]
}

pub(crate) async fn an_erased_customer_leaves_nothing(store: &dyn Store) {
    for (customer, number) in [(ada(), 1), (bob(), 2)] {
        store.append(intake(number)).await.unwrap();
        keep(store, Changes::of_nobody(vec![Write::Routed(intake(number).id)])).await;
        keep(store, everything(&customer, number)).await;
        let shown = session(&customer, &format!("hash{number}"));
        store.put_ticket(Ticket { kind: "session".to_owned(), ..shown }).await.unwrap();
        assert!(!found(store, &customer, number).await.contains(&false), "{:?}", found(store, &customer, number).await);
    }
    assert_eq!(PartState::Waiting, part(&ada(), 1, None, 1).state);

    store.begin_erasure(&ada(), at(5)).await.unwrap();
    store.begin_erasure(&ada(), at(6)).await.unwrap();
    let under_way = store.erasures(9).await.unwrap();
    assert_eq!(under_way.iter().map(|erasure| erasure.begun_at).collect::<Vec<_>>(), [at(5)]);
    let late = rows(&ada(), [Write::Chat(chat(&ada(), 7))]);
    assert!(is_stale(&store.commit(late.clone()).await), "nothing comes back");
    keep(store, rows(&bob(), [Write::Chat(chat(&bob(), 7))])).await;

    let mut steps = 0;
    while store.erase_rows(&ada(), 2).await.unwrap() > 0 {
        steps += 1;
        assert!(steps < 20);
    }
    assert!(steps > 4, "a few rows at a time: {steps}");
    assert!(store.connection(&ada(), connection_id(1)).await.unwrap().is_some(), "connections go last");
    store.erase_requests(&ada(), &[intake(1).id], Through::All).await.unwrap();
    assert_eq!(store.erasures(9).await.unwrap()[0].requests, Through::All);
    store.end_erasure(&ada()).await.unwrap();

    assert!(!found(store, &ada(), 1).await.contains(&true), "{:?}", found(store, &ada(), 1).await);
    assert!(!found(store, &bob(), 2).await.contains(&false), "{:?}", found(store, &bob(), 2).await);
    assert_eq!(store.erasures(9).await.unwrap(), []);
    keep(store, late).await;
    assert_eq!(store.next_command_number(&ada()).await.unwrap(), 1, "who comes again begins anew");
}

pub(crate) async fn a_login_of_others_stays(store: &dyn Store) {
    for customer in [ada(), bob()] {
        keep(store, rows(&customer, [Write::Connection(connection(&customer, 1))])).await;
    }
    keep(store, Changes::of_nobody(vec![Write::Login(login(1))])).await;
    store.begin_erasure(&ada(), at(1)).await.unwrap();
    store.end_erasure(&ada()).await.unwrap();
    assert_eq!(store.logins(&[login_id(1)]).await.unwrap().len(), 1);
    store.begin_erasure(&bob(), at(1)).await.unwrap();
    store.end_erasure(&bob()).await.unwrap();
    assert_eq!(store.logins(&[login_id(1)]).await.unwrap(), []);
    keep(store, rows(&ada(), [Write::Connection(connection(&ada(), 1))])).await;
}

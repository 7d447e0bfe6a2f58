//! What a commit meets before it is written: revisions, unique names, generations, customers.

use super::{is_stale, keep, samples::*};
use model::{
    changes::{Changes, Thing, Write},
    connection::Login,
    facets::Version,
    store::{NamedKind, Store, StoreError},
    sync_status::SyncState,
};

/// One row of each kind that has a revision.
fn guarded() -> Vec<Write> {
    vec![
        Write::Connection(connection(&ada(), 1)),
        Write::UserPlatform(user_platform(&ada(), 1)),
        Write::Chat(chat(&ada(), 1)),
        Write::Participant(person(&ada(), 1, "Ada", "ada", "a@b.c")),
        Write::Message(message(&ada(), 1, 1)),
        Write::Command(command(&ada(), 1, 1, 1)),
        Write::SyncStatus(sync(&ada(), 1, SyncState::Queued, 1)),
        Write::Login(login(1)),
    ]
}

fn with_revision(write: &Write, revision: u64) -> Write {
    let mut write = write.clone();
    match &mut write {
        Write::Connection(row) => row.revision = revision,
        Write::UserPlatform(row) => row.revision = revision,
        Write::Chat(row) => row.revision = revision,
        Write::Participant(row) => row.revision = revision,
        Write::Message(row) => row.revision = revision,
        Write::Command(row) => row.revision = revision,
        Write::SyncStatus(row) => row.revision = revision,
        Write::Login(row) => row.revision = revision,
        other => panic!("{other:?} has no revision"),
    }
    write
}

pub(crate) async fn a_first_revision_is_inserted_once(store: &dyn Store) {
    for row in guarded() {
        for early in [0, 2, 7] {
            let answer = store.commit(rows(&ada(), [with_revision(&row, early)])).await;
            assert!(is_stale(&answer), "{row:?} at {early}");
        }
        keep(store, rows(&ada(), [row.clone()])).await;
        assert!(is_stale(&store.commit(rows(&ada(), [row.clone()])).await), "{row:?} twice");
    }
}

pub(crate) async fn a_later_revision_is_written_only_over_the_one_before(store: &dyn Store) {
    keep(store, rows(&ada(), guarded())).await;
    for row in guarded() {
        for wrong in [0, 1, 3] {
            let answer = store.commit(rows(&ada(), [with_revision(&row, wrong)])).await;
            assert!(is_stale(&answer), "{row:?} at {wrong}");
        }
        keep(store, rows(&ada(), [with_revision(&row, 2)])).await;
        assert!(is_stale(&store.commit(rows(&ada(), [with_revision(&row, 2)])).await), "{row:?} twice");
    }
    assert_eq!(store.message(&ada(), message_id(1)).await.unwrap().unwrap().revision, 2);
}

pub(crate) async fn a_stale_row_takes_the_whole_commit_with_it(store: &dyn Store) {
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1))])).await;
    store.append(intake(1)).await.unwrap();
    let mut changes = rows(
        &ada(),
        [
            Write::Connection(connection(&ada(), 1)),
            Write::Message(message(&ada(), 1, 1)),
            Write::Name(name(Thing::Message(message_id(1)), "M1")),
            Write::Active { chat_id: chat_id(1), at: at(9) },
            Write::QueuePart(part(&ada(), 1, None, 1)),
            Write::Routed(intake_id(1)),
            Write::SetAside(aside(1, "M9", 9)),
            Write::Remember(remember("key", 9)),
            Write::Command(command(&ada(), 1, 1, 1)),
            Write::EmptyChat(chat_id(1)),
            Write::Chat(chat(&ada(), 1)),
        ],
    );
    changes.events.push(event(1, 1));
    assert!(is_stale(&store.commit(changes).await));

    let customer = ada();
    assert_eq!(store.connections(&customer).await.unwrap(), []);
    assert_eq!(store.listeners(&slack(), &account("T1")).await.unwrap(), []);
    assert_eq!(store.message(&customer, message_id(1)).await.unwrap(), None);
    assert_eq!(store.named(&customer, connection_id(1), NamedKind::Message, &ext("M1")).await.unwrap(), None);
    assert_eq!(store.listed_chat(&customer, chat_id(1)).await.unwrap().unwrap().active_at, at(0));
    assert_eq!(store.part_lanes(at(9), None, 9).await.unwrap(), []);
    assert_eq!(store.unrouted(9).await.unwrap().len(), 1);
    assert_eq!(store.asides(&customer, chat_id(1)).await.unwrap(), []);
    assert_eq!(store.remembered(&customer, "key").await.unwrap(), None);
    assert_eq!(store.open_commands(&customer, chat_id(1)).await.unwrap(), []);
    assert_eq!(store.last_seq(&customer).await.unwrap(), 0);
    assert_eq!(store.next_due().await.unwrap(), None);
}

pub(crate) async fn an_account_has_one_connection_of_a_customer(store: &dyn Store) {
    let held = connection(&ada(), 1);
    keep(store, rows(&ada(), [Write::Connection(held.clone())])).await;
    let mut other = connection(&ada(), 2);
    other.account = held.account.clone();
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Connection(other.clone())])).await));

    other.integration = "another".into();
    keep(store, rows(&ada(), [Write::Connection(other.clone())])).await;
    other.integration = slack();
    other.revision = 2;
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Connection(other)])).await), "by an update either");

    let mut of_bob = connection(&bob(), 1);
    of_bob.account = held.account.clone();
    keep(store, rows(&bob(), [Write::Connection(of_bob)])).await;
}

pub(crate) async fn an_account_has_one_login(store: &dyn Store) {
    keep(store, Changes::of_nobody(vec![Write::Login(login(1))])).await;
    let mut other = login(2);
    other.account = account("T1");
    assert!(is_stale(&store.commit(Changes::of_nobody(vec![Write::Login(other.clone())])).await));
    other.integration = "another".into();
    keep(store, Changes::of_nobody(vec![Write::Login(other)])).await;

    let found = store.login_of(&slack(), &account("T1")).await.unwrap();
    assert_eq!(found, Some(login(1)));
    assert_eq!(store.login_of(&slack(), &account("T2")).await.unwrap(), None);
    let ids = [login_id(2), login_id(7), login_id(1), login_id(2)];
    let found: Vec<_> = store.logins(&ids).await.unwrap().into_iter().map(|login| login.id).collect();
    assert_eq!(found, [login_id(2), login_id(1)]);
}

pub(crate) async fn logins_are_looked_at_when_they_are_due(store: &dyn Store) {
    let due = |number: i64, millis: Option<i64>| Login {
        account: account(&format!("T{number}")),
        refresh_at: millis.map(at),
        ..login(number)
    };
    let (late, soon, never) = (due(1, Some(30)), due(2, Some(10)), due(3, None));
    let lost = Login { lost: true, ..due(4, Some(5)) };
    let all = [&late, &soon, &never, &lost].map(|login| Write::Login(login.clone()));
    keep(store, Changes::of_nobody(all.to_vec())).await;
    assert_eq!(store.due_logins(at(9), 9).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    assert_eq!(store.due_logins(at(30), 9).await.unwrap(), [soon.clone(), late.clone()]);
    assert_eq!(store.due_logins(at(30), 1).await.unwrap(), std::slice::from_ref(&soon));
    let refreshed = Login { revision: 2, refresh_at: Some(at(90)), ..soon };
    keep(store, Changes::of_nobody(vec![Write::Login(refreshed)])).await;
    assert_eq!(store.due_logins(at(30), 9).await.unwrap(), [late]);
}

pub(crate) async fn a_message_of_the_platform_is_one_row(store: &dyn Store) {
    let held = message(&ada(), 1, 1);
    keep(store, rows(&ada(), [Write::Message(held.clone())])).await;
    let mut same = message(&ada(), 1, 2);
    same.external_id = held.external_id.clone();
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Message(same.clone())])).await));

    same.connection_id = connection_id(2);
    keep(store, rows(&ada(), [Write::Message(same)])).await;
    keep(store, rows(&bob(), [Write::Message(message(&bob(), 1, 1))])).await;

    // Those that have no id there yet do not stand in each other's way, and one may take a free id.
    let nameless = |number| {
        let mut pending = message(&ada(), 1, number);
        pending.external_id = None;
        pending
    };
    keep(store, rows(&ada(), [Write::Message(nameless(3)), Write::Message(nameless(4))])).await;
    let mut bound = nameless(3).next();
    bound.external_id = held.external_id.clone();
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Message(bound.clone())])).await));
    let mut freed = held.next();
    freed.external_id = None;
    keep(store, rows(&ada(), [Write::Message(freed), Write::Message(bound)])).await;
}

pub(crate) async fn a_name_stands_for_one_thing(store: &dyn Store) {
    let first = Write::Name(name(Thing::Message(message_id(1)), "X"));
    keep(store, rows(&ada(), [first.clone()])).await;
    keep(store, rows(&ada(), [first])).await;
    let other = Write::Name(name(Thing::Message(message_id(2)), "X"));
    assert!(is_stale(&store.commit(rows(&ada(), [other.clone()])).await));

    // The same text may name one of each kind, and anything elsewhere.
    keep(store, rows(&ada(), [Write::Name(name(Thing::Chat(chat_id(1)), "X"))])).await;
    keep(store, rows(&bob(), [other])).await;
    let mut elsewhere = name(Thing::Message(message_id(2)), "X");
    elsewhere.connection_id = connection_id(2);
    keep(store, rows(&ada(), [Write::Name(elsewhere)])).await;
    let found = store.named(&ada(), connection_id(1), NamedKind::Message, &ext("X")).await.unwrap();
    assert_eq!(found, Some(Thing::Message(message_id(1))));
}

pub(crate) async fn a_command_has_a_number_of_its_own(store: &dyn Store) {
    keep(store, rows(&ada(), [Write::Command(command(&ada(), 1, 1, 1))])).await;
    let mut other = command(&ada(), 2, 2, 1);
    other.number = 1;
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Command(other)])).await));
    keep(store, rows(&bob(), [Write::Command(command(&bob(), 1, 1, 1))])).await;
}

pub(crate) async fn a_key_is_remembered_once(store: &dyn Store) {
    keep(store, rows(&ada(), [Write::Remember(remember("key", 9))])).await;
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Remember(remember("key", 9))])).await));
    keep(store, rows(&bob(), [Write::Remember(remember("key", 7))])).await;
    assert_eq!(store.remembered(&ada(), "key").await.unwrap(), Some(remember("key", 9)));
    assert_eq!(store.remembered(&ada(), "other").await.unwrap(), None);
}

pub(crate) async fn a_chat_of_another_generation_is_stale(store: &dyn Store) {
    let expect = |generation| rows(&ada(), [Write::Expect { chat_id: chat_id(1), generation }]);
    assert!(is_stale(&store.commit(expect(1)).await), "a chat that is not there");
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1))])).await;
    keep(store, expect(1)).await;
    let mut next = chat(&ada(), 1).next();
    next.generation = 2;
    keep(store, rows(&ada(), [Write::Chat(next)])).await;
    assert!(is_stale(&store.commit(expect(1)).await));
    keep(store, expect(2)).await;
    let of_bob = rows(&bob(), [Write::Expect { chat_id: chat_id(1), generation: 2 }]);
    assert!(is_stale(&store.commit(of_bob).await), "another customer's chat");
}

pub(crate) async fn another_identity_is_stale(store: &dyn Store) {
    let expect = |identity| rows(&ada(), [Write::Identity { connection_id: connection_id(1), identity }]);
    assert!(is_stale(&store.commit(expect(0)).await), "a connection that is not there");
    keep(store, rows(&ada(), [Write::Connection(connection(&ada(), 1))])).await;
    keep(store, expect(0)).await;
    let mut linked = connection(&ada(), 1);
    (linked.revision, linked.identity, linked.linked) = (2, 1, vec![ext("U2")]);
    keep(store, rows(&ada(), [Write::Connection(linked.clone())])).await;
    assert!(is_stale(&store.commit(expect(0)).await));
    keep(store, expect(1)).await;
    assert_eq!(store.connection(&ada(), connection_id(1)).await.unwrap(), Some(linked));
    let of_bob = rows(&bob(), [Write::Identity { connection_id: connection_id(1), identity: 1 }]);
    assert!(is_stale(&store.commit(of_bob).await), "another customer's connection");
}

pub(crate) async fn a_commit_stays_within_its_customer(store: &dyn Store) {
    for changes in [
        rows(&ada(), [Write::Chat(chat(&bob(), 1))]),
        rows(&ada(), [Write::Login(login(1)), Write::Message(message(&bob(), 1, 1))]),
        rows(&ada(), [Write::QueuePart(part(&bob(), 1, None, 1))]),
        Changes::of_nobody(vec![Write::Chat(chat(&ada(), 1))]),
        Changes::of_nobody(vec![Write::EmptyChat(chat_id(1))]),
        Changes { events: vec![event(1, 1)], ..Changes::default() },
    ] {
        let answer = store.commit(changes.clone()).await;
        assert!(matches!(answer, Err(StoreError::Broken(_))), "{changes:?}");
    }
    assert_eq!(store.chat(&ada(), chat_id(1)).await.unwrap(), None);
    assert_eq!(store.chat(&bob(), chat_id(1)).await.unwrap(), None);
    assert_eq!(store.logins(&[login_id(1)]).await.unwrap(), []);
}

pub(crate) async fn another_customers_id_finds_nothing(store: &dyn Store) {
    let names = [
        Write::Name(name(Thing::Message(message_id(1)), "M1")),
        Write::Name(name(Thing::Chat(chat_id(1)), "C1")),
        Write::Name(name(Thing::Participant(participant_id(1)), "U1")),
        Write::SetAside(aside(1, "M9", 1)),
        Write::Remember(remember("key", 9)),
        Write::QueuePart(parked(part(&ada(), 1, None, 1))),
    ];
    let mut changes = rows(&ada(), guarded().into_iter().chain(names));
    changes.events.push(event(1, 1));
    keep(store, changes).await;

    let (customer, through) = (bob(), connection_id(1));
    assert_eq!(store.connection(&customer, through).await.unwrap(), None);
    assert_eq!(store.connections(&customer).await.unwrap(), []);
    assert_eq!(store.user_platforms(&customer).await.unwrap(), []);
    assert_eq!(store.participants_named(&customer, through, &[ext("U1")]).await.unwrap(), []);
    assert_eq!(store.people(&customer, through, "", &first(9)).await.unwrap().items, []);
    assert_eq!(store.named(&customer, through, NamedKind::Chat, &ext("C1")).await.unwrap(), None);
    assert_eq!(store.chat(&customer, chat_id(1)).await.unwrap(), None);
    assert_eq!(store.listed_chat(&customer, chat_id(1)).await.unwrap(), None);
    assert_eq!(store.chats_named(&customer, through, &[ext("C1")]).await.unwrap(), []);
    assert_eq!(store.chats(&customer, &model::store::ChatFilter::default(), &first(9)).await.unwrap().items, []);
    assert_eq!(store.message(&customer, message_id(1)).await.unwrap(), None);
    assert_eq!(store.messages(&customer, &[message_id(1)]).await.unwrap(), []);
    assert_eq!(store.messages_named(&customer, through, &[ext("M1")]).await.unwrap(), []);
    assert_eq!(store.messages_of(&customer, chat_id(1), &first(9)).await.unwrap().items, []);
    assert_eq!(store.asides(&customer, chat_id(1)).await.unwrap(), []);
    assert_eq!(store.open_commands(&customer, chat_id(1)).await.unwrap(), []);
    assert_eq!(store.command(&customer, command_id(1)).await.unwrap(), None);
    assert_eq!(store.last_command(&customer, message_id(1)).await.unwrap(), None);
    assert_eq!(store.next_command_number(&customer).await.unwrap(), 1);
    assert_eq!(store.remembered(&customer, "key").await.unwrap(), None);
    assert_eq!(store.sync_status(&customer, sync_id(1)).await.unwrap(), None);
    assert_eq!(store.sync_statuses(&customer, None, &first(9)).await.unwrap().items, []);
    assert_eq!(store.parked(&customer, &first(9)).await.unwrap().items, []);
    assert_eq!(store.events(&customer, 0, 9).await.unwrap(), []);
    assert_eq!(store.last_seq(&customer).await.unwrap(), 0);

    // Nor does a write with the same ids touch it.
    let touch = [
        Write::EmptyChat(chat_id(1)),
        Write::Quiet(chat_id(1)),
        Write::Active { chat_id: chat_id(1), at: at(99) },
        Write::TakeUp { chat_id: chat_id(1), external_id: ext("M9"), version: Version(9) },
        Write::RemovePart { connection_id: through, intake_id: intake_id(1), number: 0 },
        Write::Rename(name(Thing::Message(message_id(2)), "M1")),
    ];
    keep(store, rows(&bob(), touch)).await;
    assert_eq!(store.messages_named(&ada(), through, &[ext("M1")]).await.unwrap(), [message(&ada(), 1, 1)]);
    assert_eq!(store.listed_chat(&ada(), chat_id(1)).await.unwrap().unwrap().active_at, at(0));
    assert_eq!(store.asides(&ada(), chat_id(1)).await.unwrap().len(), 1);
    assert_eq!(store.open_commands(&ada(), chat_id(1)).await.unwrap().len(), 1);
    assert_eq!(store.parked(&ada(), &first(9)).await.unwrap().items.len(), 1);
}

pub(crate) async fn a_row_comes_back_as_it_went_in(store: &dyn Store) {
    let mut odd = message(&ada(), 1, 1);
    odd.position = "ä\u{1F600}'\"\\%_\0".to_owned();
    odd.external_id = Some(ext("q'\"\u{0}ü"));
    odd.created_at = model::time::Timestamp::from_micros(1_626_342_128_008_701);
    odd.facets.tell_deleted(model::facets::Version(i64::MIN));
    keep(store, rows(&ada(), guarded().into_iter().filter(|row| !matches!(row, Write::Message(_))))).await;
    keep(store, rows(&ada(), [Write::Message(odd.clone())])).await;
    assert_eq!(store.message(&ada(), odd.id).await.unwrap(), Some(odd.clone()));
    assert_eq!(store.messages(&ada(), &[odd.id, message_id(5), odd.id]).await.unwrap(), [odd]);
    assert_eq!(store.connection(&ada(), connection_id(1)).await.unwrap(), Some(connection(&ada(), 1)));
    assert_eq!(store.user_platforms(&ada()).await.unwrap(), [user_platform(&ada(), 1)]);
    assert_eq!(store.chat(&ada(), chat_id(1)).await.unwrap(), Some(chat(&ada(), 1)));
    assert_eq!(store.command(&ada(), command_id(1)).await.unwrap(), Some(command(&ada(), 1, 1, 1)));
    let held = store.sync_status(&ada(), sync_id(1)).await.unwrap();
    assert_eq!(held, Some(sync(&ada(), 1, SyncState::Queued, 1)));
}

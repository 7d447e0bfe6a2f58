//! Connections, and the people behind names.

use super::{all_pages, keep, samples::*};
use model::{
    changes::{Naming, Thing, Write},
    connection::Connection,
    customer::CustomerId,
    emoji::Picture,
    facets::Version,
    store::Store,
};

pub(crate) async fn listeners_follow_their_connection(store: &dyn Store) {
    let mut of_ada = connection(&ada(), 1);
    of_ada.listens_to = vec![account("T1"), account("E1"), account("T1")];
    let mut of_bob = connection(&bob(), 2);
    of_bob.listens_to = vec![account("E1")];
    of_bob.logins = vec![login_id(1), login_id(2)];
    keep(store, rows(&ada(), [Write::Connection(of_ada.clone())])).await;
    keep(store, rows(&bob(), [Write::Connection(of_bob.clone())])).await;

    assert_eq!(store.listeners(&slack(), &account("T1")).await.unwrap(), [of_ada.clone()]);
    assert_eq!(store.listeners(&slack(), &account("E1")).await.unwrap(), [of_ada.clone(), of_bob.clone()]);
    assert_eq!(store.listeners(&"other".into(), &account("E1")).await.unwrap(), []);
    assert_eq!(store.standing_on(login_id(1)).await.unwrap(), [of_ada.clone(), of_bob.clone()]);
    assert_eq!(store.standing_on(login_id(2)).await.unwrap(), [of_bob]);

    let mut moved = of_ada.next();
    moved.listens_to = vec![account("T9")];
    moved.logins = vec![login_id(3)];
    keep(store, rows(&ada(), [Write::Connection(moved.clone())])).await;
    assert_eq!(store.listeners(&slack(), &account("T1")).await.unwrap(), []);
    assert_eq!(store.listeners(&slack(), &account("T9")).await.unwrap(), [moved.clone()]);
    assert_eq!(store.standing_on(login_id(3)).await.unwrap(), [moved]);

    let mut older = connection(&ada(), 7);
    older.created_at = at(0);
    keep(store, rows(&ada(), [Write::Connection(older)])).await;
    let ids: Vec<_> = store.connections(&ada()).await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(ids, [connection_id(7), connection_id(1)]);
}

pub(crate) async fn who_was_proven_to_be_somebody_is_found(store: &dyn Store) {
    let being = |customer: &CustomerId, number, people: &[&str]| {
        let person = people.iter().map(|id| ext(id)).collect();
        Connection { person, linked: vec![ext("U7")], ..connection(customer, number) }
    };
    let (of_ada, of_bob) = (being(&ada(), 1, &["U1", "W1", "U1"]), being(&bob(), 1, &["U1"]));
    let elsewhere = Connection { integration: "other".into(), ..being(&bob(), 2, &["U1"]) };
    keep(store, rows(&ada(), [Write::Connection(of_ada.clone())])).await;
    keep(store, rows(&bob(), [of_bob.clone(), elsewhere.clone()].map(Write::Connection))).await;

    assert_eq!(store.proven(&slack(), &ext("U1")).await.unwrap(), [of_ada.clone(), of_bob.clone()]);
    assert_eq!(store.proven(&slack(), &ext("W1")).await.unwrap(), std::slice::from_ref(&of_ada));
    assert_eq!(store.proven(&"other".into(), &ext("U1")).await.unwrap(), [elsewhere]);
    assert_eq!(store.proven(&slack(), &ext("U7")).await.unwrap(), [], "it was only stated");

    let other = Connection { person: vec![ext("U3")], ..of_ada.next() };
    keep(store, rows(&ada(), [Write::Connection(other.clone())])).await;
    assert_eq!(store.proven(&slack(), &ext("U1")).await.unwrap(), [of_bob]);
    assert_eq!(store.proven(&slack(), &ext("U3")).await.unwrap(), [other]);
}

pub(crate) async fn who_knows_a_chat_is_found_by_its_name(store: &dyn Store) {
    let (of_ada, of_bob) = (connection(&ada(), 1), connection(&bob(), 1));
    let mut elsewhere = connection(&bob(), 2);
    elsewhere.integration = "other".into();
    let named = |through, chat, name: &str| {
        Write::Name(Naming { connection_id: connection_id(through), external_id: ext(name), thing: Thing::Chat(chat) })
    };
    keep(store, rows(&ada(), [Write::Connection(of_ada.clone()), named(1, chat_id(1), "C1")])).await;
    let of_bobs = [of_bob.clone(), elsewhere].map(Write::Connection);
    keep(store, rows(&bob(), of_bobs)).await;
    keep(store, rows(&bob(), [named(1, chat_id(2), "C1"), named(1, chat_id(3), "C2"), named(2, chat_id(4), "C1")]))
        .await;
    let message =
        Naming { connection_id: connection_id(1), external_id: ext("C3"), thing: Thing::Message(message_id(1)) };
    keep(store, rows(&ada(), [Write::Name(message)])).await;

    assert_eq!(store.sharers(&slack(), &ext("C1")).await.unwrap(), [of_ada, of_bob.clone()]);
    assert_eq!(store.sharers(&slack(), &ext("C2")).await.unwrap(), [of_bob]);
    assert_eq!(store.sharers(&slack(), &ext("C3")).await.unwrap(), [], "that is no chat's name");
}

pub(crate) async fn people_are_found_in_any_case(store: &dyn Store) {
    let mut nobody = person(&ada(), 9, "", "", "");
    nobody.facts = None;
    let mut elsewhere = person(&ada(), 8, "Åsa", "asa", "");
    elsewhere.connection_id = connection_id(2);
    let people = [
        person(&ada(), 1, "Åsa Öberg", "asa", "asa@example.com"),
        person(&ada(), 2, "ΟΔΥΣΣΕΥΣ", "ody", "o@example.com"),
        person(&ada(), 3, "100% sure_thing", "", "s@example.com"),
        person(&ada(), 4, "Ольга", "olga", "Olga@Example.com"),
        nobody,
        elsewhere,
    ];
    keep(store, rows(&ada(), people.map(Write::Participant))).await;
    for (text, found) in [
        ("åSA", vec![1]),
        ("öbErG", vec![1]),
        ("οδυσσευς", vec![2]),
        ("ΔΥΣ", vec![2]),
        ("ОЛЬ", vec![4]),
        ("olga@EXAMPLE", vec![4]),
        ("ODY", vec![2]),
        ("0%", vec![3]),
        ("E_T", vec![3]),
        ("%", vec![3]),
        ("_", vec![3]),
        ("nobody at all", vec![]),
        ("", vec![3, 1, 2, 4]),
    ] {
        let people = store.people(&ada(), connection_id(1), text, &first(9)).await.unwrap();
        let ids: Vec<_> = people.items.iter().map(|person| person.id).collect();
        let mut wanted: Vec<_> = found.into_iter().map(participant_id).collect();
        if text.is_empty() {
            wanted.sort_by_key(|id| ids.iter().position(|found| found == id));
        }
        assert_eq!(ids, wanted, "{text:?}");
    }
    let long = "x".repeat(100_000);
    assert_eq!(store.people(&ada(), connection_id(1), &long, &first(9)).await.unwrap().items, []);
}

pub(crate) async fn people_are_listed_page_by_page(store: &dyn Store) {
    let names = ["Zoë", "zoë", "anna", "Bert", "Anna", "ähm", "Bert.", ""];
    let people = (1..).zip(names).map(|(number, name)| person(&ada(), number, name, "", ""));
    keep(store, rows(&ada(), people.map(Write::Participant))).await;
    let (whole, customer) = (first(99), ada());
    let at_once = store.people(&customer, connection_id(1), "", &whole).await.unwrap();
    assert_eq!((at_once.items.len(), at_once.next), (8, None));
    let shown: Vec<_> = at_once.items.iter().map(|person| person.name().unwrap_or_default()).collect();
    assert_eq!(shown, ["", "anna", "Anna", "Bert", "Bert.", "Zoë", "zoë", "ähm"]);
    for limit in 1..=9 {
        let through = &customer;
        let paged =
            all_pages(limit, |paging| async move { store.people(through, connection_id(1), "", &paging).await });
        assert_eq!(paged.await, at_once.items, "{limit} at a time");
    }
}

pub(crate) async fn names_lead_to_people_chats_and_messages(store: &dyn Store) {
    let writes = [
        Write::Participant(person(&ada(), 1, "Ada", "", "")),
        Write::Chat(chat(&ada(), 1)),
        Write::Chat(chat(&ada(), 2)),
        Write::Message(message(&ada(), 1, 1)),
        Write::Name(name(Thing::Participant(participant_id(1)), "U1")),
        Write::Name(name(Thing::Participant(participant_id(1)), "B1")),
        Write::Name(name(Thing::Chat(chat_id(1)), "C1")),
        Write::Name(name(Thing::Chat(chat_id(2)), "C2")),
        Write::Name(name(Thing::Message(message_id(1)), "M1")),
        Write::Name(name(Thing::Message(message_id(9)), "M9")),
    ];
    keep(store, rows(&ada(), writes)).await;
    let (customer, through) = (ada(), connection_id(1));
    let people = store.participants_named(&customer, through, &[ext("B1"), ext("C1"), ext("U1")]).await.unwrap();
    assert_eq!(people, [person(&ada(), 1, "Ada", "", "")], "once, by whichever name");
    let chats = store.chats_named(&customer, through, &[ext("C2"), ext("C7"), ext("C1")]).await.unwrap();
    assert_eq!(chats, [chat(&ada(), 2), chat(&ada(), 1)]);
    let messages = store.messages_named(&customer, through, &[ext("M9"), ext("M1"), ext("M1")]).await.unwrap();
    assert_eq!(messages, [message(&ada(), 1, 1)]);
    assert_eq!(store.messages_named(&customer, connection_id(2), &[ext("M1")]).await.unwrap(), []);
    assert_eq!(store.chats_named(&customer, through, &[]).await.unwrap(), []);
}

pub(crate) async fn a_rename_leads_elsewhere(store: &dyn Store) {
    let writes = [
        Write::Chat(chat(&ada(), 1)),
        Write::Chat(chat(&ada(), 2)),
        Write::Name(name(Thing::Chat(chat_id(1)), "C1")),
        Write::Rename(name(Thing::Chat(chat_id(2)), "C1")),
        Write::Rename(name(Thing::Chat(chat_id(1)), "new")),
    ];
    keep(store, rows(&ada(), writes)).await;
    let found = store.chats_named(&ada(), connection_id(1), &[ext("C1"), ext("new")]).await.unwrap();
    assert_eq!(found, [chat(&ada(), 2), chat(&ada(), 1)]);
}

pub(crate) async fn connections_are_looked_at_when_they_are_due(store: &dyn Store) {
    let due = |customer: &CustomerId, number: i64, millis: Option<i64>| {
        let mut made = connection(customer, number);
        made.account = account(&format!("T{number}"));
        made.standing.check_at = millis.map(at);
        made
    };
    let (late, soon, never) = (due(&ada(), 1, Some(30)), due(&bob(), 2, Some(10)), due(&ada(), 3, None));
    for row in [&late, &soon, &never] {
        keep(store, rows(&row.customer_id, [Write::Connection(row.clone())])).await;
    }
    assert_eq!(store.due_connections(at(9), 9).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    assert_eq!(store.due_connections(at(30), 9).await.unwrap(), [soon.clone(), late.clone()]);
    assert_eq!(store.due_connections(at(30), 1).await.unwrap(), std::slice::from_ref(&soon));
    let mut looked_at = Connection { revision: 2, ..soon };
    looked_at.standing.check_at = None;
    keep(store, rows(&bob(), [Write::Connection(looked_at)])).await;
    assert_eq!(store.due_connections(at(30), 9).await.unwrap(), [late]);
}

pub(crate) async fn the_later_telling_of_an_emoji_wins(store: &dyn Store) {
    let picture = |text: &str| Some(Picture::Address(format!("https://x.org/{text}")));
    let told = |name: &str, picture: Option<Picture>, version: i64| Write::Emoji(emoji(&ada(), name, picture, version));
    let listed = |version| Write::EmojiListed { connection_id: connection_id(1), version: Version(version) };
    let held = async |name: &str| {
        let found = store.emoji_named(&ada(), connection_id(1), &[name.to_owned()]).await.unwrap().pop();
        found.and_then(|one| one.picture)
    };
    keep(store, rows(&ada(), [told("a", picture("new"), 5), told("a", picture("old"), 4), told("b", None, 7)])).await;
    assert_eq!(held("a").await, picture("new"));
    keep(store, rows(&ada(), [told("b", picture("late"), 6)])).await;
    assert_eq!(held("b").await, None, "late news bring nothing back");

    // What a list does not show is gone, unless it was told after it.
    let others = [told("c", picture("c"), 1), told("d", picture("d"), 20)];
    keep(store, rows(&ada(), others)).await;
    keep(store, rows(&bob(), [Write::Emoji(emoji(&bob(), "c", picture("bobs"), 1))])).await;
    keep(store, rows(&ada(), [told("a", picture("listed"), 9), listed(9)])).await;
    assert_eq!((held("a").await, held("c").await, held("d").await), (picture("listed"), None, picture("d")));
    keep(store, rows(&ada(), [told("c", picture("late"), 8)])).await;
    assert_eq!(held("c").await, None);
    let names: Vec<_> = ["d", "nobody", "a"].map(str::to_owned).into();
    let found = store.emoji_named(&ada(), connection_id(1), &names).await.unwrap();
    assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["d", "a"]);
    assert_eq!(store.emoji_named(&ada(), connection_id(2), &names).await.unwrap(), []);
    let of_bob = store.emoji_named(&bob(), connection_id(1), &["a".to_owned(), "c".to_owned()]).await.unwrap();
    assert_eq!(of_bob, [emoji(&bob(), "c", picture("bobs"), 1)], "each customer has their own");
}

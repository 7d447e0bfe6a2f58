//! Chats and their messages: lists, pages, and what happens to a chat as a whole.

use super::{all_pages, is_stale, keep, samples::*};
use model::{
    changes::{Thing, Write},
    chat::{Chat, ChatState, ReadMark},
    command::Progress,
    message::Direction,
    store::{ChatFilter, NamedKind, Paging, Store, UNREAD_COUNTED},
};

pub(crate) async fn active_only_grows(store: &dyn Store) {
    let active = |millis| rows(&ada(), [Write::Active { chat_id: chat_id(1), at: at(millis) }]);
    keep(store, active(99)).await;
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1))])).await;
    let active_at = async || store.listed_chat(&ada(), chat_id(1)).await.unwrap().unwrap().active_at;
    assert_eq!(active_at().await, at(0), "nothing happened yet");
    keep(store, active(5)).await;
    keep(store, active(3)).await;
    assert_eq!(active_at().await, at(5));
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1).next())])).await;
    assert_eq!(active_at().await, at(5), "a new revision does not change it");
}

pub(crate) async fn chats_are_listed_by_activity(store: &dyn Store) {
    let actives = [(1, 5), (2, 9), (3, 5), (4, 1)];
    for (number, millis) in actives {
        let active = Write::Active { chat_id: chat_id(number), at: at(millis) };
        keep(store, rows(&ada(), [Write::Chat(chat(&ada(), number)), active])).await;
    }
    let customer = ada();
    let filter = ChatFilter::default();
    let whole = store.chats(&customer, &filter, &first(9)).await.unwrap();
    let ids: Vec<_> = whole.items.iter().map(|row| row.chat.id).collect();
    assert_eq!((ids, whole.next), ([2, 3, 1, 4].map(chat_id).to_vec(), None));
    for limit in 1..=5 {
        let (customer, filter) = (&customer, &filter);
        let paged = all_pages(limit, |paging| async move { store.chats(customer, filter, &paging).await });
        assert_eq!(paged.await, whole.items, "{limit} at a time");
    }
    let nothing = store.chats(&customer, &filter, &first(0)).await.unwrap();
    assert_eq!((nothing.items, nothing.next), (vec![], None));
}

pub(crate) async fn chats_are_filtered(store: &dyn Store) {
    let states = [ChatState::Available, ChatState::Imported, ChatState::Deleted];
    for (number, (state, through)) in (1..).zip(states.into_iter().flat_map(|state| [(state, 1), (state, 2)])) {
        let mut row = chat(&ada(), number);
        (row.state, row.connection_id) = (state, connection_id(through));
        let active = Write::Active { chat_id: row.id, at: at(number) };
        keep(store, rows(&ada(), [Write::Chat(row), active])).await;
    }
    for (connection, state, wanted) in [
        (None, None, vec![6, 5, 4, 3, 2, 1]),
        (Some(1), None, vec![5, 3, 1]),
        (None, Some(ChatState::Imported), vec![4, 3]),
        (Some(2), Some(ChatState::Deleted), vec![6]),
        (Some(3), None, vec![]),
    ] {
        let filter = ChatFilter { connection: connection.map(connection_id), state, unread: false };
        let (customer, filter) = (&ada(), &filter);
        let found = all_pages(2, |paging| async move { store.chats(customer, filter, &paging).await }).await;
        let ids: Vec<_> = found.iter().map(|row| row.chat.id).collect();
        assert_eq!(ids, wanted.into_iter().map(chat_id).collect::<Vec<_>>(), "{filter:?}");
    }
    let mut imported = chat(&ada(), 1).next();
    imported.state = ChatState::Imported;
    keep(store, rows(&ada(), [Write::Chat(imported)])).await;
    let filter = ChatFilter { state: Some(ChatState::Imported), ..ChatFilter::default() };
    assert_eq!(store.chats(&ada(), &filter, &first(9)).await.unwrap().items.len(), 3);
}

pub(crate) async fn the_last_message_can_be_read(store: &dyn Store) {
    let last = async || store.listed_chat(&ada(), chat_id(1)).await.unwrap().unwrap().last_message;
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1))])).await;
    assert_eq!(last().await, None);
    let mut merged = message(&ada(), 1, 5);
    merged.merged_into = Some(message_id(1));
    let writes = [
        message(&ada(), 1, 2),
        message(&ada(), 1, 1),
        deleted(message(&ada(), 1, 3)),
        unknown(message(&ada(), 1, 4)),
        merged,
        message(&ada(), 2, 6),
    ];
    keep(store, rows(&ada(), writes.map(Write::Message))).await;
    assert_eq!(last().await, Some(message(&ada(), 1, 2)));
    let listed = store.chats(&ada(), &ChatFilter::default(), &first(9)).await.unwrap();
    assert_eq!(listed.items[0].last_message, Some(message(&ada(), 1, 2)));
    keep(store, rows(&ada(), [Write::Message(deleted(message(&ada(), 1, 2).next()))])).await;
    assert_eq!(last().await, Some(message(&ada(), 1, 1)));
}

pub(crate) async fn messages_are_listed_newest_first(store: &dyn Store) {
    let mut pending = message(&ada(), 1, 9);
    pending.position = model::message::Message::pending_position(at(1));
    pending.external_id = None;
    let mut same_place = message(&ada(), 1, 3);
    same_place.position = message(&ada(), 1, 2).position;
    let mut merged = message(&ada(), 1, 5);
    merged.merged_into = Some(message_id(1));
    let gone = deleted(message(&ada(), 1, 4));
    let writes = [
        message(&ada(), 1, 1),
        gone.clone(),
        pending.clone(),
        message(&ada(), 1, 2),
        same_place.clone(),
        unknown(message(&ada(), 1, 6)),
        merged,
        message(&ada(), 2, 7),
    ];
    keep(store, rows(&ada(), writes.map(Write::Message))).await;
    let wanted = [pending.clone(), gone, same_place, message(&ada(), 1, 2), message(&ada(), 1, 1)];
    let customer = &ada();
    for limit in 1..=6 {
        let paged = all_pages(limit, |paging| async move { store.messages_of(customer, chat_id(1), &paging).await });
        assert_eq!(paged.await, wanted, "{limit} at a time");
    }
    // It gets its place at the platform, and is found there alone.
    let mut placed = pending.next();
    placed.position = "00000000".to_owned();
    keep(store, rows(&ada(), [Write::Message(placed.clone())])).await;
    let found = store.messages_of(customer, chat_id(1), &first(9)).await.unwrap().items;
    assert_eq!((found.len(), found.last()), (5, Some(&placed)));
}

pub(crate) async fn paging_gives_each_item_once_while_rows_come_in(store: &dyn Store) {
    let add = async |numbers: std::ops::RangeInclusive<i64>| {
        let messages = numbers.clone().map(|number| Write::Message(message(&ada(), 1, number)));
        let chats = numbers.clone().flat_map(|number| {
            [Write::Chat(chat(&ada(), number)), Write::Active { chat_id: chat_id(number), at: at(number) }]
        });
        keep(store, rows(&ada(), messages.chain(chats))).await;
    };
    add(10..=20).await;
    let (mut seen_messages, mut seen_chats) = (Vec::new(), Vec::new());
    let (mut messages, mut chats) = (first(3), first(3));
    for round in 0..4 {
        let page = store.messages_of(&ada(), chat_id(1), &messages).await.unwrap();
        seen_messages.extend(page.items.into_iter().map(|row| row.id));
        messages.after = page.next;
        let page = store.chats(&ada(), &ChatFilter::default(), &chats).await.unwrap();
        seen_chats.extend(page.items.into_iter().map(|row| row.chat.id));
        chats.after = page.next;
        add(30 + round..=30 + round).await;
    }
    assert_eq!((messages.after, chats.after), (None, None));
    assert_eq!(seen_messages, (10..=20).rev().map(message_id).collect::<Vec<_>>());
    assert_eq!(seen_chats, (10..=20).rev().map(chat_id).collect::<Vec<_>>());
}

pub(crate) async fn a_page_from_elsewhere_is_empty(store: &dyn Store) {
    let both = |number| [Write::Chat(chat(&ada(), number)), Write::Message(message(&ada(), 1, number))];
    keep(store, rows(&ada(), both(1).into_iter().chain(both(2)))).await;
    let of_messages = store.messages_of(&ada(), chat_id(1), &first(1)).await.unwrap().next;
    assert!(of_messages.is_some());
    let of_chats = store.chats(&ada(), &ChatFilter::default(), &first(1)).await.unwrap().next;
    assert!(of_chats.is_some());
    let garbage =
        ["", ".", "x", "chat_.1", "msg_1.2", "'; drop table messages", "é.\0"].map(|text| Some(text.to_owned()));
    for after in garbage.iter().chain([&of_messages]) {
        let page = Paging { after: after.clone(), limit: 9 };
        let chats = store.chats(&ada(), &ChatFilter::default(), &page).await.unwrap();
        assert_eq!((chats.items, chats.next), (vec![], None), "{after:?}");
        let syncs = store.sync_statuses(&ada(), None, &page).await.unwrap();
        assert_eq!((syncs.items, syncs.next), (vec![], None), "{after:?}");
    }
    for after in garbage.iter().chain([&of_chats]) {
        let page = Paging { after: after.clone(), limit: 9 };
        let messages = store.messages_of(&ada(), chat_id(1), &page).await.unwrap();
        assert_eq!((messages.items, messages.next), (vec![], None), "{after:?}");
        let people = store.people(&ada(), connection_id(1), "", &page).await.unwrap();
        assert_eq!((people.items, people.next), (vec![], None), "{after:?}");
    }
}

pub(crate) async fn an_emptied_chat_keeps_its_name_only(store: &dyn Store) {
    let full = |chat_number: i64, number: i64| {
        [
            Write::Chat(chat(&ada(), chat_number)),
            Write::Name(name(Thing::Chat(chat_id(chat_number)), &format!("C{chat_number}"))),
            Write::Message(message(&ada(), chat_number, number)),
            Write::Name(name(Thing::Message(message_id(number)), &format!("M{number}"))),
            Write::Name(name(Thing::Message(message_id(number)), &format!("alias{number}"))),
            Write::Command(command(&ada(), chat_number, number, 1)),
            Write::SetAside(aside(chat_number, "M9", 1)),
        ]
    };
    keep(store, rows(&ada(), full(1, 1).into_iter().chain(full(2, 2)))).await;
    keep(store, rows(&ada(), [Write::EmptyChat(chat_id(1))])).await;

    let (customer, through) = (ada(), connection_id(1));
    assert_eq!(store.messages_of(&customer, chat_id(1), &first(9)).await.unwrap().items, []);
    assert_eq!(store.message(&customer, message_id(1)).await.unwrap(), None);
    for text in ["M1", "alias1"] {
        assert_eq!(store.named(&customer, through, NamedKind::Message, &ext(text)).await.unwrap(), None, "{text}");
    }
    assert_eq!(store.open_commands(&customer, chat_id(1)).await.unwrap(), []);
    assert_eq!(store.command(&customer, command_id(1)).await.unwrap(), None);
    assert_eq!(store.last_command(&customer, message_id(1)).await.unwrap(), None);
    assert_eq!(store.asides(&customer, chat_id(1)).await.unwrap(), []);
    assert_eq!(store.chats_named(&customer, through, &[ext("C1")]).await.unwrap(), [chat(&ada(), 1)]);

    assert_eq!(store.messages_named(&customer, through, &[ext("M2")]).await.unwrap(), [message(&ada(), 2, 2)]);
    assert_eq!(store.due_chats(at(9), None, 9).await.unwrap(), [(ada(), chat_id(2))]);
    assert_eq!(store.asides(&customer, chat_id(2)).await.unwrap().len(), 1);
    keep(store, rows(&ada(), [Write::Message(message(&ada(), 1, 1))])).await;
}

pub(crate) async fn a_chat_with_an_open_command_is_not_quiet(store: &dyn Store) {
    let quiet =
        |number| rows(&ada(), [Write::Quiet(chat_id(number)), Write::Active { chat_id: chat_id(1), at: at(9) }]);
    keep(store, quiet(1)).await;
    let open = command(&ada(), 1, 1, 1);
    keep(store, rows(&ada(), [Write::Chat(chat(&ada(), 1)), Write::Command(open.clone())])).await;
    assert!(is_stale(&store.commit(quiet(1)).await));
    assert_eq!(store.listed_chat(&ada(), chat_id(1)).await.unwrap().unwrap().active_at, at(0), "nothing was written");
    keep(store, quiet(2)).await;
    let mut done = open.next();
    done.progress = Progress::Done;
    keep(store, rows(&ada(), [Write::Command(done)])).await;
    keep(store, quiet(1)).await;
}

pub(crate) async fn unread_messages_are_counted_up_to_a_limit(store: &dyn Store) {
    let listed = async || store.listed_chat(&ada(), chat_id(1)).await.unwrap().unwrap().unread_count;
    let filter = ChatFilter { unread: true, ..ChatFilter::default() };
    let unread = async || store.chats(&ada(), &filter, &first(9)).await.unwrap().items.len();
    let mut own = message(&ada(), 1, 3);
    own.direction = Direction::Outgoing;
    let writes = [
        Write::Chat(chat(&ada(), 1)),
        Write::Message(message(&ada(), 1, 1)),
        Write::Message(message(&ada(), 1, 2)),
        Write::Message(own),
        Write::Message(deleted(message(&ada(), 1, 4))),
        Write::Message(unknown(message(&ada(), 1, 5))),
        Write::Message(message(&ada(), 1, 6)),
        Write::Message(message(&ada(), 2, 7)),
    ];
    keep(store, rows(&ada(), writes)).await;
    assert_eq!((listed().await, unread().await), (None, 0), "nobody said how far it is read");
    let read_up_to = async |row: Chat, number: i64| {
        let mut row = row.next();
        row.read = Some(ReadMark { position: message(&ada(), 1, number).position, message: ext("M") });
        keep(store, rows(&ada(), [Write::Chat(row.clone())])).await;
        row
    };
    let row = read_up_to(chat(&ada(), 1), 1).await;
    assert_eq!((listed().await, unread().await), (Some(2), 1), "own, deleted and unknown ones do not count");
    let row = read_up_to(row, 6).await;
    assert_eq!((listed().await, unread().await), (Some(0), 0));
    keep(store, rows(&ada(), (10..130).map(|number| Write::Message(message(&ada(), 1, number))))).await;
    assert_eq!((listed().await, unread().await), (Some(UNREAD_COUNTED), 1));
    assert_eq!(store.chat(&ada(), row.id).await.unwrap(), Some(row));
}

pub(crate) async fn marks_are_brought_when_they_are_due(store: &dyn Store) {
    let due_at = |number: i64, millis: i64| {
        let mut row = chat(&ada(), number);
        row.mark_due_at = Some(at(millis));
        row
    };
    keep(store, rows(&ada(), [due_at(1, 5), due_at(2, 3), chat(&ada(), 3)].map(Write::Chat))).await;
    assert_eq!(store.due_marks(at(2), 9).await.unwrap(), []);
    assert_eq!(store.due_marks(at(4), 9).await.unwrap(), [(ada(), chat_id(2))]);
    assert_eq!(store.due_marks(at(9), 1).await.unwrap(), [(ada(), chat_id(2))]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(3)));
    let mut told = due_at(2, 3).next();
    told.mark_due_at = None;
    keep(store, rows(&ada(), [Write::Chat(told)])).await;
    assert_eq!(store.due_marks(at(9), 9).await.unwrap(), [(ada(), chat_id(1))]);
}

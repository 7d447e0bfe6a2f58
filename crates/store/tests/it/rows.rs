//! The commits that these tests write, and what must be true of a file that holds them.

use model::{
    body::Body,
    changes::{Changes, Naming, Thing, Write},
    customer::CustomerId,
    event::{EventKind, NewEvent, Origin, Subject},
    facets::{Content, Facet, Facets, Version},
    id::{ChatId, ConnectionId, ExternalId, MessageId, uuid_v7},
    message::{Direction, Message, Status},
    store::Store,
    time::Timestamp,
};
use std::{collections::BTreeSet, sync::Arc};

/// How many events each commit appends.
pub const EVENTS: usize = 2;

pub fn customer(number: u64) -> CustomerId {
    CustomerId::new(format!("customer-{number}")).unwrap()
}

pub fn message_id(number: u64) -> MessageId {
    MessageId::from(uuid_v7(Timestamp::from_millis(number as i64), [0; 10]))
}

fn connection_id() -> ConnectionId {
    ConnectionId::from(uuid_v7(Timestamp::from_millis(1), [0; 10]))
}

pub fn external_id(number: u64) -> ExternalId {
    ExternalId(format!("M{number}"))
}

/// A message that says `text`, its name, and the events of it: whole or not at all.
pub fn commit(owner: &CustomerId, number: u64, text: &str) -> Changes {
    let content = Content {
        sender: None,
        body: Body::plain(text),
        sent_at: Timestamp::from_millis(1),
        edited_at: None,
        thread_root: None,
        broadcast: false,
        system: false,
        attachments: Vec::new(),
        letter: None,
        platform_data: serde_json::Value::Null,
    };
    let message = Message {
        id: message_id(number),
        customer_id: owner.clone(),
        connection_id: connection_id(),
        chat_id: ChatId::from(uuid_v7(Timestamp::from_millis(1), [0; 10])),
        revision: 1,
        external_id: Some(external_id(number)),
        position: format!("{number:020}"),
        direction: Direction::Incoming,
        facets: Facets { content: Some(Facet::new(Version(1), content)), ..Facets::default() },
        status: Status::Sent,
        error: None,
        pending_change: None,
        merged_into: None,
        created_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
    };
    let event = NewEvent {
        kind: EventKind::MessageCreated,
        subject: Subject::Message(message.id),
        revision: 1,
        connection_id: None,
        chat_id: None,
        origin: Origin::Live,
        merged_from: None,
        at: Timestamp::from_millis(1),
    };
    let thing = Thing::Message(message.id);
    let naming = Naming { connection_id: connection_id(), external_id: external_id(number), thing };
    let mut changes = Changes::of(owner);
    changes.writes = vec![Write::Message(message), Write::Name(naming)];
    changes.events = vec![event; EVENTS];
    changes
}

/// The messages of a customer, by their events. Fails if a commit is there by half, or a number is missing.
pub async fn held(store: &dyn Store, owner: &CustomerId) -> BTreeSet<MessageId> {
    let events = store.events(owner, 0, usize::MAX).await.unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "a gap in the feed");
    assert_eq!(store.last_seq(owner).await.unwrap(), events.len() as u64);
    let mut ids = BTreeSet::new();
    for pair in events.chunks(EVENTS) {
        assert!(pair.iter().all(|event| event.event == pair[0].event) && pair.len() == EVENTS, "half of a commit");
        let Subject::Message(id) = pair[0].event.subject else { panic!("an event of something else") };
        let message = store.message(owner, id).await.unwrap().expect("an event without its message");
        let name = message.external_id.expect("it has one");
        let named = store.messages_named(owner, connection_id(), &[name]).await.unwrap();
        assert_eq!(named.iter().map(|message| message.id).collect::<Vec<_>>(), [id], "a message without its name");
        ids.insert(id);
    }
    let chat = ChatId::from(uuid_v7(Timestamp::from_millis(1), [0; 10]));
    let paging = model::store::Paging { after: None, limit: usize::MAX };
    let listed = store.messages_of(owner, chat, &paging).await.unwrap().items;
    assert_eq!(listed.iter().map(|message| message.id).collect::<BTreeSet<_>>(), ids, "a message without its events");
    ids
}

/// Fails if a position of the log is missing.
pub async fn check_log(store: &dyn Store) {
    let log = store.log(0, usize::MAX).await.unwrap();
    let positions: Vec<_> = log.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=log.len() as u64).collect::<Vec<_>>(), "a gap in the log");
    assert_eq!(store.last_position().await.unwrap(), log.len() as u64);
}

/// Writes commits, each by a task of its own, and returns which of them were answered well.
pub async fn write_all(store: &Arc<impl Store + 'static>, owner: &CustomerId, all: Vec<(u64, String)>) -> Vec<bool> {
    let tasks = all.into_iter().map(|(number, text)| {
        let (store, changes) = (Arc::clone(store), commit(owner, number, &text));
        tokio::spawn(async move { store.commit(changes).await.is_ok() })
    });
    let mut answers = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        answers.push(task.await.unwrap());
    }
    answers
}

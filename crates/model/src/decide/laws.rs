//! The laws of the decisions, as properties: what is held must not depend on how it was told.

mod forged;
mod moved;
mod read;

use super::*;
use crate::{
    abilities::{Abilities, History},
    accept::Desk,
    attachment::{Attachment, FileState},
    body::Body,
    changes::{Thing, Write},
    chat::{ChatState, Membership},
    command::{Action, Attempt},
    connection::ConnectionState,
    customer::CustomerId,
    event::{NewEvent, Subject},
    facets::{Content, Facets, ReactionSet, Version},
    id::{ChatId, CommandId, ConnectionId, ExternalAccount, Integration, ParticipantId, uuid_v7},
    message::Problem,
    message::{Direction, Status},
    participant::PersonFacts,
    update::RemoteMessage,
};
use proptest::prelude::*;
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

/// One connection's rows, written as a store would.
struct Held {
    connection: Connection,
    chat: Chat,
    messages: BTreeMap<MessageId, Message>,
    names: BTreeMap<ExternalId, MessageId>,
    people: BTreeMap<ParticipantId, Participant>,
    commands: BTreeMap<CommandId, Command>,
    asides: BTreeMap<ExternalId, Update>,
    events: Vec<NewEvent>,
    /// The files that a command of ours made.
    files: BTreeMap<ExternalId, MessageId>,
    counter: Cell<u64>,
}

fn abilities() -> Abilities {
    Abilities {
        send: true,
        reply: true,
        broadcast: true,
        edit: true,
        delete: true,
        react: true,
        mark_read: true,
        mail: false,
        mark_unread: false,
        read_back: true,
        longest_text: 100,
        longest_edit: 100,
        files: true,
        most_files: 10,
        largest_file_bytes: 1_000,
        history: History::Pages,
        news: Vec::new(),
    }
}

/// Live news of an idle connection.
fn quiet(ids: &dyn Fn() -> Uuid) -> Context<'_> {
    Context {
        now: Timestamp::from_millis(1),
        origin: Origin::Live,
        ids,
        asked_at: None,
        lists_own_chats: false,
        begins_import: false,
        import_new_chat: false,
        no_asides: false,
    }
}

fn connection() -> Connection {
    Connection {
        id: ConnectionId::from(uuid_v7(Timestamp::default(), [1; 10])),
        customer_id: CustomerId::new("ana").unwrap(),
        integration: Integration::from("slack"),
        revision: 1,
        account: ExternalAccount::from("T/ME"),
        account_name: "Acme".into(),
        listens_to: vec![ExternalAccount::from("T")],
        logins: Vec::new(),
        state: ConnectionState::Active,
        reason: None,
        person: vec!["ME".into()],
        linked: Vec::new(),
        identity: 0,
        senders: vec!["ME".into()],
        scopes: Vec::new(),
        abilities: abilities(),
        standing: Default::default(),
        import_new_chats: false,
        include_trash_and_spam: false,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }
}

impl Held {
    fn new() -> Self {
        let connection = connection();
        let chat = Chat {
            id: ChatId::from(uuid_v7(Timestamp::default(), [2; 10])),
            customer_id: connection.customer_id.clone(),
            connection_id: connection.id,
            revision: 1,
            external_id: "C".into(),
            state: ChatState::Imported,
            generation: 1,
            facts: None,
            member: Some(Membership { version: Version(0), member: true, asked_at: Timestamp::default() }),
            imported_as_of: None,
            named_under: None,
            read: None,
            read_there: None,
            read_as_of: None,
            mark_due_at: None,
            aliases: BTreeMap::new(),
            begun_here: false,
            gone: None,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        };
        Self {
            connection,
            chat,
            messages: BTreeMap::new(),
            names: BTreeMap::new(),
            people: BTreeMap::new(),
            commands: BTreeMap::new(),
            asides: BTreeMap::new(),
            events: Vec::new(),
            files: BTreeMap::new(),
            counter: Cell::new(0),
        }
    }

    fn uuid(&self) -> uuid::Uuid {
        self.counter.set(self.counter.get() + 1);
        uuid_v7(Timestamp::from_millis(i64::try_from(self.counter.get()).unwrap()), [0; 10])
    }

    fn take(&mut self, updates: &[Update], settled: Option<Settled>, marks: &[(&str, MessageId)], no_asides: bool) {
        let known = Known {
            chat: Some(self.chat.clone()),
            messages: self.messages.values().cloned().collect(),
            names: self.names.clone(),
            participants: self.people.values().cloned().collect(),
            open: self.commands.values().filter(|command| command.is_open()).cloned().collect(),
            marks: marks.iter().map(|(mark, id)| ((*mark).to_owned(), *id)).collect(),
            asides: self.asides.len(),
            files: self.files.clone(),
            ..Known::nothing(self.connection.clone())
        };
        let ids = || self.uuid();
        let context = Context { no_asides, ..quiet(&ids) };
        let changes = decide(known, updates, settled, &context);
        self.write(changes);
    }

    fn write(&mut self, changes: Changes) {
        for write in changes.writes {
            match write {
                Write::Message(row) => {
                    let before = self.messages.get(&row.id).map_or(0, |held| held.revision);
                    assert_eq!(row.revision, before + 1, "every write raises the revision by one");
                    let taken = |other: &&Message| other.id != row.id && other.external_id == row.external_id;
                    assert!(
                        row.external_id.is_none() || !self.messages.values().any(|other| taken(&other)),
                        "one row an id"
                    );
                    self.messages.insert(row.id, row);
                }
                Write::Name(naming) | Write::Rename(naming) => match naming.thing {
                    Thing::Message(id) => {
                        self.names.insert(naming.external_id, id);
                    }
                    Thing::Chat(_) | Thing::Participant(_) => {}
                },
                Write::Participant(row) => {
                    self.people.insert(row.id, row);
                }
                Write::Chat(row) => self.chat = row,
                Write::Command(row) => {
                    self.commands.insert(row.id, row);
                }
                Write::SetAside(aside) => {
                    self.asides.insert(aside.external_id, aside.update);
                }
                Write::Identity { identity, .. } => assert_eq!(identity, self.connection.identity),
                Write::Expect { generation, .. } => assert_eq!(generation, self.chat.generation),
                Write::Active { .. } => {}
                other => panic!("a decision on messages does not write {other:?}"),
            }
        }
        self.events.extend(changes.events);
    }

    /// What is held, without our ids and revisions, which differ with the order.
    fn shape(&self) -> BTreeMap<ExternalId, (Facets, Direction, Status)> {
        let rows = self.messages.values().filter(|row| row.merged_into.is_none());
        rows.filter_map(|row| Some((row.external_id.clone()?, (row.facets.clone(), row.direction, row.status))))
            .collect()
    }

    /// Who is held, without our ids.
    fn persons(&self) -> BTreeSet<(Vec<ExternalId>, String)> {
        let rows = self.people.values().filter(|row| !row.external_ids.is_empty());
        rows.map(|row| (row.external_ids.clone(), row.name().unwrap_or_default().to_owned())).collect()
    }

    /// The messages that a reader sees, by the events alone.
    fn replayed(&self) -> BTreeSet<MessageId> {
        use crate::event::EventKind;
        let mut shown = BTreeSet::new();
        for event in &self.events {
            if let (Subject::Message(id), kind) = (event.subject, event.kind) {
                shown.insert(id);
                if kind == EventKind::MessageMerged {
                    let gone = event.merged_from.as_ref().and_then(|from| from.parse().ok());
                    gone.map(|gone| shown.remove(&gone));
                }
            }
        }
        shown
    }

    fn shown(&self) -> BTreeSet<MessageId> {
        self.messages.values().filter(|row| row.is_shown()).map(|row| row.id).collect()
    }
}

fn replay(updates: &[Update], batch: usize) -> Held {
    let mut held = Held::new();
    for updates in updates.chunks(batch.max(1)) {
        held.take(updates, None, &[], false);
    }
    held
}

fn remote(id: &str, version: i64, sender: &str, text: &str) -> RemoteMessage {
    RemoteMessage {
        chat: "C".into(),
        id: id.into(),
        position: id.to_owned(),
        content: Content {
            sender: Some(sender.into()),
            body: Body::plain(text),
            sent_at: Timestamp::from_micros(version),
            edited_at: None,
            thread_root: None,
            broadcast: false,
            system: false,
            attachments: Vec::new(),
            letter: None,
            platform_data: serde_json::Value::Null,
        },
        version: Version(version),
        mark: None,
    }
}

/// The same, with files.
fn bearing(told: RemoteMessage, files: &[&str]) -> RemoteMessage {
    let file = |id: &&str| Attachment {
        external_id: ExternalId::from(*id),
        name: (*id).to_owned(),
        media_type: "text/plain".into(),
        size_bytes: Some(1),
        state: FileState::Available,
        link: None,
        preview: None,
        content_id: None,
        source: serde_json::Value::Null,
    };
    let attachments = files.iter().map(file).collect();
    RemoteMessage { content: Content { attachments, ..told.content }, ..told }
}

fn message_ids() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec!["C:1", "C:2", "C:3"])
}

fn actors() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec!["U1", "U2", "ME"])
}

/// Versions are drawn from few, so that ties and overtaking are common.
fn update() -> impl Strategy<Value = Update> {
    let version = 0..12_i64;
    let words = prop::sample::select(vec!["a", "b", "c"]);
    let emoji = prop::sample::select(vec!["👍", ":party:"]);
    let told = (message_ids(), version.clone(), words, prop::sample::select(vec!["U1"]))
        .prop_map(|(id, version, text, sender)| remote(id, version, sender, text));
    let chat = || ExternalId::from("C");
    prop_oneof![
        4 => told.clone().prop_map(Update::Message),
        2 => (message_ids(), version.clone())
            .prop_map(move |(id, version)| Update::Deleted { chat: chat(), message: id.into(), version: Version(version) }),
        1 => (message_ids(), version.clone(), prop::sample::select(vec!["no", "not here"])).prop_map(
            move |(id, version, detail)| Update::Undelivered {
                chat: chat(),
                message: id.into(),
                failure: Problem { code: "x.not_delivered".to_owned(), detail: detail.to_owned() },
                version: Version(version),
            }
        ),
        1 => (message_ids(), version.clone())
            .prop_map(move |(id, version)| Update::Restored { chat: chat(), message: id.into(), version: Version(version) }),
        3 => (message_ids(), actors(), emoji.clone(), any::<bool>(), version.clone()).prop_map(
            move |(id, actor, emoji, present, version)| Update::Reacted {
                chat: chat(),
                message: id.into(),
                actor: actor.into(),
                emoji: emoji.into(),
                present,
                version: Version(version),
            }
        ),
        2 => (message_ids(), prop::collection::btree_set(actors(), 0..3), emoji, version).prop_map(
            move |(id, actors, emoji, version)| Update::Reactions {
                chat: chat(),
                message: id.into(),
                set: ReactionSet::from([(emoji.to_owned(), actors.into_iter().map(ExternalId::from).collect())]),
                version: Version(version),
            }
        ),
    ]
}

/// What was told, and the same told again: repeated, shuffled, in other batches.
fn told_and_retold() -> impl Strategy<Value = (Vec<Update>, Vec<Update>, usize)> {
    prop::collection::vec(update(), 1..24).prop_flat_map(|told| {
        let again = prop::collection::vec(prop::sample::select(told.clone()), 0..8);
        (Just(told), again, 1..6_usize).prop_flat_map(|(told, again, batch)| {
            let retold: Vec<_> = told.iter().cloned().chain(again).collect();
            (Just(told), Just(retold).prop_shuffle(), Just(batch))
        })
    })
}

fn person() -> impl Strategy<Value = Update> {
    let ids = prop::sample::subsequence(vec!["U1", "B1", "W1", "U2"], 1..3);
    let name = prop::sample::select(vec!["Ana", "Bo"]);
    (ids, name, 0..6_i64).prop_map(|(ids, name, version)| Update::Person {
        ids: ids.into_iter().map(ExternalId::from).collect(),
        facts: PersonFacts { name: name.to_owned(), ..PersonFacts::default() },
        version: Version(version),
    })
}

/// A send of ours whose call is under way.
fn sending(held: &mut Held) -> Command {
    let accepted = {
        let ids = || held.uuid();
        let desk = Desk {
            connection: &held.connection,
            chat: &held.chat,
            number: 1,
            now: Timestamp::from_millis(1),
            origin: Origin::App,
            ids: &ids,
        };
        desk.send(Body::plain("ours"), None, Vec::new(), None).unwrap()
    };
    held.write(accepted.changes);
    let mut command = held.commands.values().next().unwrap().clone();
    command.progress = Progress::Attempting(Attempt::new(1, Timestamp::default(), Timestamp::default()));
    held.commands.insert(command.id, command.clone());
    command
}

fn done(command: &Command) -> Option<Settled> {
    Some(Settled { command: command.clone(), progress: Progress::Done })
}

proptest! {
    /// Platforms repeat themselves and talk out of turn; what we hold must not depend on it.
    #[test]
    fn repeats_and_order_do_not_matter((told, retold, batch) in told_and_retold()) {
        prop_assert_eq!(replay(&told, 1).shape(), replay(&retold, batch).shape());
    }

    /// A repeat writes nothing that a reader could see, and is not announced.
    #[test]
    fn nothing_is_announced_when_nothing_changed((told, retold, batch) in told_and_retold()) {
        let mut held = replay(&told, batch);
        let (before, shape) = (held.events.len(), held.shape());
        held.take(&retold, None, &[], false);
        prop_assert_eq!(held.events.len(), before);
        prop_assert_eq!(held.shape(), shape);
    }

    /// Whoever follows the feed knows of all messages that a list would show, and of no others.
    #[test]
    fn the_feed_names_what_is_shown((_, retold, batch) in told_and_retold()) {
        let held = replay(&retold, batch);
        prop_assert_eq!(held.replayed(), held.shown());
    }

    /// A deletion stands against all that is not an explicit, newer restoration.
    #[test]
    fn only_a_newer_restoration_lifts_a_deletion((told, retold, batch) in told_and_retold(), version in 0..12_i64) {
        let deleted = Update::Deleted { chat: "C".into(), message: "C:1".into(), version: Version(version) };
        let held = replay(&[vec![deleted], retold].concat(), batch);
        let restored = |update: &Update| match update {
            Update::Restored { message, version, .. } if message.0 == "C:1" => Some(*version),
            _ => None,
        };
        let latest = told.iter().filter_map(restored).max();
        let gone = |update: &Update| match update {
            Update::Deleted { message, version, .. } if message.0 == "C:1" => Some(*version),
            _ => None,
        };
        let last_gone = told.iter().filter_map(gone).max().max(Some(Version(version)));
        let row = &held.shape()[&ExternalId::from("C:1")];
        prop_assert_eq!(row.0.is_deleted(), latest <= last_gone);
    }

    /// A sighting that is older than the news does not undo them.
    #[test]
    fn a_sighting_never_undoes_newer_news(news in 1..12_i64, seen in 0..12_i64) {
        let event = Update::Message(remote("C:1", news, "U1", "new"));
        let sighting = Update::Message(remote("C:1", seen.min(news - 1), "U1", "old"));
        let held = replay(&[event, sighting], 1);
        let row = &held.shape()[&ExternalId::from("C:1")];
        prop_assert_eq!(&row.0.shown().unwrap().body, &Body::plain("new"));
    }

    /// Two rows of one person become one, in whatever order that is learnt.
    #[test]
    fn merges_of_people_commute((told, retold) in prop::collection::vec(person(), 1..8)
        .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())))
    {
        prop_assert_eq!(replay(&told, 1).persons(), replay(&retold, 2).persons());
    }

    /// Two tellings of one message under two names join to the same, whichever comes first.
    #[test]
    fn merges_of_messages_commute((left, right, _) in told_and_retold()) {
        let facets = |updates: &[Update]| replay(updates, 3).shape().remove(&ExternalId::from("C:1")).map(|row| row.0);
        if let (Some(left), Some(right)) = (facets(&left[..left.len() / 2]), facets(&right[right.len() / 2..])) {
            let (mut one, mut other) = (left.clone(), right.clone());
            one.join(right);
            other.join(left);
            prop_assert_eq!(one, other);
        }
    }

    /// The answer to our send and the news of it are one message, whichever comes first, however often the
    /// news come, with the mark or without.
    #[test]
    fn an_echo_is_no_new_message(before in 0..3_usize, after in 0..3_usize, marked in any::<bool>(), noise in prop::collection::vec(update(), 0..6)) {
        let mut held = Held::new();
        let command = sending(&mut held);
        let mut echo = remote("C:9", 5, "ME", "ours");
        let answer = echo.clone();
        echo.mark = marked.then(|| "mark".to_owned());
        let marks = [("mark", command.message_id)];
        for _ in 0..before {
            held.take(&[Update::Message(echo.clone())], None, &marks, false);
        }
        held.take(&noise, None, &[], false);
        held.take(&[Update::Message(answer)], done(&command), &marks, false);
        let aside: Vec<_> = std::mem::take(&mut held.asides).into_values().collect();
        held.take(&aside, None, &marks, true);
        for _ in 0..after {
            held.take(&[Update::Message(echo.clone())], None, &marks, false);
        }
        let ours: Vec<_> = held.messages.values()
            .filter(|row| row.is_shown() && row.direction == Direction::Outgoing).collect();
        prop_assert_eq!(ours.len(), 1);
        prop_assert_eq!(ours[0].id, command.message_id);
        prop_assert_eq!(ours[0].status, Status::Sent);
        prop_assert_eq!(ours[0].external_id.clone(), Some(ExternalId::from("C:9")));
        let about_ours = held.events.iter().filter(|event| event.subject == Subject::Message(command.message_id));
        prop_assert!(about_ours.clone().all(|event| event.origin == Origin::App), "an app's own words are no news to it");
        prop_assert!(about_ours.count() > 1);
        prop_assert_eq!(held.replayed(), held.shown());
    }

    /// A message that bears no mark is known by any of its files, whether the news come before the answer, at a
    /// row that a reaction made, or after the command was given up.
    #[test]
    fn a_message_is_known_by_its_files(
        (noise, _, _) in told_and_retold(), given_up in any::<bool>(), batch in 1..4_usize,
        files in prop::sample::subsequence(vec!["F1", "F2", "F3"], 1..3),
    ) {
        let mut held = Held::new();
        let command = sending(&mut held);
        held.files = files.iter().map(|file| (ExternalId::from(*file), command.message_id)).collect();
        if given_up {
            let Progress::Attempting(attempt) = command.progress.clone() else { unreachable!("it is under way") };
            let progress = Progress::Uncertain { attempt };
            held.take(&[], Some(Settled { command: command.clone(), progress }), &[], false);
        }
        let echo = bearing(remote("C:3", 20, "ME", "ours"), &files);
        for updates in noise.chunks(batch) {
            held.take(updates, None, &[], false);
            held.take(&[Update::Message(echo.clone())], None, &[], false);
        }
        let row = &held.messages[&command.message_id];
        let ours = row.merged_into.map_or(row, |into| &held.messages[&into]);
        prop_assert_eq!(ours.external_id.clone(), Some(ExternalId::from("C:3")));
        prop_assert_eq!((ours.direction, ours.status), (Direction::Outgoing, Status::Sent));
        prop_assert_eq!(held.names[&ExternalId::from("C:3")], ours.id);
        prop_assert!(held.asides.is_empty(), "nothing of it is left to wait");
        prop_assert_eq!(held.replayed(), held.shown());
    }

    /// If the news got a row of its own before the answer came, the two rows become one.
    #[test]
    fn an_echo_that_was_taken_for_new_is_folded((noise, _, _) in told_and_retold()) {
        let mut held = Held::new();
        let command = sending(&mut held);
        let echo = Update::Message(remote("C:9", 5, "ME", "ours"));
        held.take(std::slice::from_ref(&echo), None, &[], true);
        held.take(&noise, None, &[], false);
        held.take(&[echo], done(&command), &[], false);
        let ours = held.messages.values().filter(|row| row.is_shown() && row.direction == Direction::Outgoing).count();
        prop_assert_eq!(ours, 1);
        prop_assert_eq!(held.messages[&command.message_id].merged_into, held.names.get(&ExternalId::from("C:9")).copied());
        prop_assert_eq!(held.replayed(), held.shown());
    }
}

#[test]
fn an_edit_that_overtakes_its_message_is_kept() {
    let edit = Update::Message(remote("C:1", 7, "U1", "edited"));
    let post = Update::Message(remote("C:1", 1, "U1", "first"));
    let held = replay(&[edit, post], 1);
    assert_eq!(held.shape()[&ExternalId::from("C:1")].0.shown().unwrap().body, Body::plain("edited"));
}

#[test]
fn a_late_creation_does_not_revive_a_deleted_message() {
    let gone = Update::Deleted { chat: "C".into(), message: "C:1".into(), version: Version(7) };
    let post = Update::Message(remote("C:1", 1, "U1", "first"));
    let held = replay(&[gone, post], 1);
    let row = &held.shape()[&ExternalId::from("C:1")].0;
    assert!(row.is_deleted());
    assert_eq!(row.content.as_ref().unwrap().value.body, Body::default(), "deleted words are not kept");
}

#[test]
fn news_of_a_chat_that_nobody_imported_leave_no_content() {
    let mut held = Held::new();
    held.chat.state = ChatState::Available;
    held.take(&[Update::Message(remote("C:1", 1, "U1", "secret"))], None, &[], false);
    assert!(held.messages.is_empty() && held.events.is_empty());
}

#[test]
fn a_failed_send_is_lifted_by_later_evidence() {
    let mut held = Held::new();
    let command = sending(&mut held);
    let error = crate::message::Problem { code: "x".into(), detail: "y".into() };
    let failed = Settled { command: command.clone(), progress: Progress::Failed { error } };
    held.take(&[], Some(failed), &[], false);
    assert_eq!(held.messages[&command.message_id].status, Status::Failed);
    let mut echo = remote("C:9", 5, "ME", "ours");
    echo.mark = Some("mark".into());
    held.take(&[Update::Message(echo)], None, &[("mark", command.message_id)], false);
    assert_eq!(held.messages[&command.message_id].status, Status::Sent);
    assert!(matches!(command.action, Action::Send { .. }));
}

//! Both stores, given the same random writes, answer alike and hold the same.

use crate::{contract::samples::*, memory::Memory, sqlite::Sqlite};
use model::{
    changes::{Changes, Thing, Write},
    chat::ChatState,
    command::Progress,
    customer::CustomerId,
    facets::Version,
    intake::QueuedPart,
    retention::KeptSince,
    store::{ApiKey, ChatFilter, Lane, NamedKind, Paging, Store, StoreError},
    sync_status::SyncState,
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::fmt::{Debug, Write as _};

/// How many of each kind of row there are: few, so that they meet.
const FEW: i64 = 4;

/// One call that writes.
#[derive(Clone, Debug)]
enum Call {
    Commit { bob: bool, rows: Vec<Row>, events: usize },
    Append(i64),
    Forget { before: i64, now: i64, limit: usize },
    ForgetEvents { before: i64, limit: usize },
    Lease { holder: &'static str, now: i64 },
    Release(&'static str),
    PutKey(i64),
    RemoveKey(i64),
    PutTicket(i64),
    TakeTicket(i64),
}

/// One row of a commit. A row with a revision is written over what is there, or off by `skew`.
#[derive(Clone, Debug)]
struct Row {
    kind: usize,
    number: i64,
    other: i64,
    time: i64,
    skew: u64,
}

/// Calls of which most rows are what a careful caller would write.
fn calls() -> impl Strategy<Value = Vec<Call>> {
    let few = 1..=FEW;
    let row = (0..24usize, few.clone(), few.clone(), 0..20i64, prop_oneof![30 => Just(0u64), 1 => 1..3u64])
        .prop_map(|(kind, number, other, time, skew)| Row { kind, number, other, time, skew });
    let commit = (any::<bool>(), vec(row, 0..5), 0..3usize);
    let call = prop_oneof![
        20 => commit.prop_map(|(bob, rows, events)| Call::Commit { bob, rows, events }),
        2 => few.clone().prop_map(Call::Append),
        1 => (0..20i64, 0..20i64, 0..3usize).prop_map(|(before, now, limit)| Call::Forget { before, now, limit }),
        1 => (0..20i64, 0..4usize).prop_map(|(before, limit)| Call::ForgetEvents { before, limit }),
        1 => (select(vec!["one", "two"]), 0..20i64).prop_map(|(holder, now)| Call::Lease { holder, now }),
        1 => select(vec!["one", "two"]).prop_map(Call::Release),
        1 => few.clone().prop_map(Call::PutKey),
        1 => few.clone().prop_map(Call::RemoveKey),
        1 => few.clone().prop_map(Call::PutTicket),
        1 => few.prop_map(Call::TakeTicket),
    ];
    vec(call, 1..60)
}

async fn make(store: &dyn Store, call: &Call) -> String {
    match call {
        Call::Commit { bob: of_bob, rows, events } => {
            let customer = if *of_bob { bob() } else { ada() };
            let mut changes = Changes::of(&customer);
            for row in rows {
                changes.writes.push(write(store, &customer, row).await);
            }
            changes.events = (0..*events).map(|number| event(1, number as i64 * 7)).collect();
            shown(store.commit(changes).await)
        }
        Call::Append(number) => shown(store.append(intake(*number)).await),
        Call::Forget { before, now, limit } => {
            let since = at(*before);
            let kept = KeptSince { raw: since, parked: since, runs: since, done: since };
            shown(store.forget(kept, at(*now), *limit).await)
        }
        Call::ForgetEvents { before, limit } => shown(store.forget_events(at(*before), *limit).await),
        Call::Lease { holder, now } => shown(store.lease("work", holder, at(*now), at(now + 5)).await),
        Call::Release(holder) => shown(store.release("work", holder).await),
        Call::PutKey(number) => {
            let id = number.to_string();
            let key = ApiKey { id: id.clone(), name: id.clone(), hash: id, created_at: at(-number) };
            shown(store.put_api_key(key).await)
        }
        Call::RemoveKey(number) => shown(store.remove_api_key(&number.to_string()).await),
        Call::PutTicket(number) => shown(store.put_ticket(ticket(&number.to_string(), number * 5)).await),
        Call::TakeTicket(number) => shown(store.take_ticket("connect", &number.to_string(), at(9)).await),
    }
}

/// An answer as text. Of a refusal only its kind counts, since a file's name stands in its sentence.
fn shown<T: Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(found) => format!("{found:?}"),
        Err(StoreError::Stale) => "stale".to_owned(),
        Err(StoreError::Unavailable(_)) => "unavailable".to_owned(),
        Err(StoreError::Broken(_)) => "broken".to_owned(),
    }
}

fn after<T>(held: Option<T>, revision: impl Fn(&T) -> u64, skew: u64) -> u64 {
    held.as_ref().map_or(0, revision) + 1 + skew
}

/// The write that a row stands for, by what the store holds.
async fn write(store: &dyn Store, customer: &CustomerId, row: &Row) -> Write {
    let Row { number, other, time, .. } = *row;
    match row.kind {
        0..=13 => guarded(store, customer, row).await,
        14 => Write::Name(name(thing(row), &format!("X{other}"))),
        15 => Write::Rename(name(thing(row), &format!("X{other}"))),
        16 => Write::QueuePart(queued(customer, row)),
        17 => Write::UpdatePart(if time % 2 == 0 { parked(queued(customer, row)) } else { queued(customer, row) }),
        18 => match time % 2 {
            0 => Write::RemovePart { connection_id: connection_id(1), intake_id: intake_id(number), number: 0 },
            _ => Write::Routed(intake_id(number)),
        },
        19 => Write::Unclaimed(unclaimed(number, time)),
        20 => Write::SetAside(aside(other, &format!("M{number}"), time)),
        21 => match time % 3 {
            0 => Write::TakeUp {
                chat_id: chat_id(other),
                external_id: ext(&format!("M{number}")),
                version: Version(number),
            },
            1 => Write::EmptyChat(chat_id(other)),
            _ => Write::Quiet(chat_id(other)),
        },
        22 => Write::Active { chat_id: chat_id(other), at: at(time) },
        _ if time == 0 => Write::Expect { chat_id: chat_id(other), generation: 1 },
        _ => Write::Remember(remember(&format!("{number}-{time}"), time)),
    }
}

/// A row with a revision, written over what the store holds.
async fn guarded(store: &dyn Store, customer: &CustomerId, row: &Row) -> Write {
    let Row { number, other, time, skew, .. } = *row;
    match row.kind {
        0 => {
            let mut made = connection(customer, number);
            made.account = account(&format!("T{other}"));
            made.listens_to = vec![account(&format!("T{other}")), account("E1")];
            made.logins = vec![login_id(other)];
            made.standing.check_at = (other > 1).then(|| at(time));
            let held = store.connection(customer, made.id).await.unwrap();
            made.revision = after(held, |held| held.revision, skew);
            Write::Connection(made)
        }
        1 => {
            let mut made = login(number);
            made.refresh_at = (other > 1).then(|| at(time));
            made.lost = other == 3;
            made.account = account(&format!("T{other}"));
            let held = store.logins(&[made.id]).await.unwrap().pop();
            made.revision = after(held, |held| held.revision, skew);
            Write::Login(made)
        }
        2 => {
            let mut made = user_platform(customer, number);
            let held = store.user_platforms(customer).await.unwrap().into_iter().find(|held| held.id == made.id);
            made.revision = after(held, |held| held.revision, skew);
            Write::UserPlatform(made)
        }
        3..=5 => {
            let mut made = chat(customer, number);
            made.connection_id = connection_id(other % 2);
            made.state = [ChatState::Available, ChatState::Imported, ChatState::Deleted][(time % 3) as usize];
            made.generation = time.unsigned_abs() % 3;
            let held = store.chat(customer, made.id).await.unwrap();
            made.revision = after(held, |held| held.revision, skew);
            Write::Chat(made)
        }
        6 => {
            let names = ["Ärger", "ärger", "Bob", "σίγμας", "ΣΊΓΜΑΣ"];
            let mut made = person(customer, number, names[(time % 5) as usize], "h", "e@x");
            let held = store.participants_named(customer, connection_id(1), &[ext(&format!("U{number}"))]).await;
            made.revision = after(held.unwrap().pop(), |held| held.revision, skew);
            Write::Participant(made)
        }
        7..=10 => {
            let mut made = message(customer, other, number);
            made.external_id = (time % 4 > 0).then(|| ext(&format!("M{}", number + time % 2)));
            made.position = format!("{:04}", time / 2);
            made.merged_into = (time % 7 == 0).then(|| message_id(other));
            if time % 5 == 0 {
                made.facets.tell_deleted(Version(i64::MAX));
            }
            let held = store.message(customer, made.id).await.unwrap();
            made.revision = after(held, |held| held.revision, skew);
            Write::Message(made)
        }
        11 | 12 => {
            let mut made = command(customer, other, number, time);
            made.message_id = message_id(other);
            made.number = made.number.max(store.next_command_number(customer).await.unwrap());
            if let Some(held) = store.command(customer, made.id).await.unwrap() {
                (made.number, made.revision) = (held.number, held.revision + 1 + skew);
                made.progress = if time % 2 == 0 { Progress::Done } else { Progress::Waiting };
            }
            Write::Command(made)
        }
        _ => {
            let state = [SyncState::Running, SyncState::Waiting, SyncState::Completed][(time % 3) as usize];
            let mut made = sync(customer, number, state, time);
            let held = store.sync_status(customer, made.id).await.unwrap();
            made.revision = after(held, |held| held.revision, skew);
            Write::SyncStatus(made)
        }
    }
}

fn queued(customer: &CustomerId, row: &Row) -> QueuedPart {
    let chat = format!("C{}", row.other);
    let chat = (row.other < FEW).then_some(chat.as_str());
    QueuedPart { attempts: u32::try_from(row.time).unwrap(), ..part(customer, row.number, chat, row.time) }
}

fn thing(row: &Row) -> Thing {
    match row.time % 3 {
        0 => Thing::Chat(chat_id(row.number)),
        1 => Thing::Message(message_id(row.number)),
        _ => Thing::Participant(participant_id(row.number)),
    }
}

/// Everything that can be read, as text.
async fn everything(store: &dyn Store) -> String {
    let mut text = String::new();
    let mut line = |what: &str, found: String| writeln!(text, "{what}: {found}").unwrap();
    line("unrouted", shown(store.unrouted(3).await));
    let ids: Vec<_> = (1..=FEW).map(intake_id).collect();
    line("intakes", shown(store.intakes(&ids).await));
    line("lanes", shown(store.part_lanes(at(12), Some(&ada()), 3).await));
    line("due_asides", shown(store.due_asides(at(12), 2).await));
    line("due_chats", shown(store.due_chats(at(12), Some(&bob()), 3).await));
    line("due_syncs", shown(store.due_syncs(at(12), Some(&ada()), 3).await));
    line("next_due", shown(store.next_due().await));
    line("log", shown(store.log(2, 9).await));
    line("last_position", shown(store.last_position().await));
    line("api_keys", shown(store.api_keys().await));
    let ids: Vec<_> = (1..=FEW).map(login_id).collect();
    line("due_connections", shown(store.due_connections(at(10), 3).await));
    line("due_logins", shown(store.due_logins(at(10), 3).await));
    line("logins", shown(store.logins(&ids).await));
    for number in 1..=FEW {
        let named = account(&format!("T{number}"));
        line("listeners", shown(store.listeners(&slack(), &named).await));
        line("sharers", shown(store.sharers(&slack(), &ext(&format!("C{number}"))).await));
        line("proven", shown(store.proven(&slack(), &ext(&format!("U{number}"))).await));
        line("login_of", shown(store.login_of(&slack(), &named).await));
        line("standing_on", shown(store.standing_on(login_id(number)).await));
        line("unclaimed", shown(store.unclaimed(&slack(), &named, (number > 2).then(|| (intake_id(1), 0)), 3).await));
        line("ticket", shown(store.ticket("connect", &number.to_string(), at(9)).await));
    }
    for customer in [ada(), bob()] {
        text.push_str(&everything_of(store, &customer).await);
    }
    text
}

async fn everything_of(store: &dyn Store, customer: &CustomerId) -> String {
    let mut text = String::new();
    let mut line = |what: &str, found: String| writeln!(text, "{customer} {what}: {found}").unwrap();
    let through = connection_id(1);
    line("connections", shown(store.connections(customer).await));
    line("user_platforms", shown(store.user_platforms(customer).await));
    line("parked", shown(store.parked(customer, &Paging { after: None, limit: 3 }).await));
    line("open_command_count", shown(store.open_command_count(customer, 2).await));
    line("next_command_number", shown(store.next_command_number(customer).await));
    line("last_seq", shown(store.last_seq(customer).await));
    line("forgotten_seq", shown(store.forgotten_seq(customer).await));
    line("events", shown(store.events(customer, 1, 5).await));
    let people = async |paging| store.people(customer, through, "Σ", &paging).await;
    line("people found", pages(people).await);
    line("people", pages(async |paging| store.people(customer, through, "", &paging).await).await);
    for connection in [None, Some(connection_id(1))] {
        line("syncs", pages(async |paging| store.sync_statuses(customer, connection, &paging).await).await);
        for state in [None, Some(ChatState::Imported)] {
            let filter = &ChatFilter { connection, state, unread: false };
            line("chats", pages(async |paging| store.chats(customer, filter, &paging).await).await);
        }
    }
    let names: Vec<_> = (1..=FEW).map(|number| ext(&format!("X{number}"))).collect();
    line("people named", shown(store.participants_named(customer, through, &names).await));
    line("chats named", shown(store.chats_named(customer, through, &names).await));
    line("messages named", shown(store.messages_named(customer, through, &names).await));
    let ids: Vec<_> = (1..=FEW).map(message_id).collect();
    line("messages", shown(store.messages(customer, &ids).await));
    for number in 1..=FEW {
        let chat = chat_id(number);
        line("chat", shown(store.listed_chat(customer, chat).await));
        line("messages of", pages(async |paging| store.messages_of(customer, chat, &paging).await).await);
        line("asides", shown(store.asides(customer, chat).await));
        line("open", shown(store.open_commands(customer, chat).await));
        line("command", shown(store.command(customer, command_id(number)).await));
        line("last_command", shown(store.last_command(customer, message_id(number)).await));
        line("named", shown(store.named(customer, through, NamedKind::Chat, &ext(&format!("X{number}"))).await));
        line("remembered", shown(store.remembered(customer, &format!("{number}-{number}")).await));
        let chat = (number < FEW).then(|| ext(&format!("C{number}")));
        let lane = Lane { customer_id: customer.clone(), connection_id: through, chat };
        line("parts", shown(store.parts(&lane, at(12), 3).await));
    }
    text
}

/// All pages of a list, two items each, with the texts that join them.
async fn pages<T: Debug>(page: impl AsyncFn(Paging) -> Result<model::store::Slice<T>, StoreError>) -> String {
    let mut text = String::new();
    let mut paging = first(2);
    loop {
        let slice = page(paging.clone()).await;
        let next = slice.as_ref().ok().and_then(|slice| slice.next.clone());
        text.push_str(&shown(slice));
        if next.is_none() {
            return text;
        }
        paging.after = next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a store answers must not depend on which store it is.
    #[test]
    fn both_stores_answer_alike(calls in calls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::new();
        let sqlite = Sqlite::open(folder.path().join("store.db")).unwrap();
        for (place, call) in calls.iter().enumerate() {
            let (wanted, found) = runtime.block_on(async { (make(&memory, call).await, make(&sqlite, call).await) });
            prop_assert_eq!(wanted, found, "{:?}", call);
            if place % 8 == 7 || place + 1 == calls.len() {
                let (wanted, found) = runtime.block_on(async { (everything(&memory).await, everything(&sqlite).await) });
                let difference = wanted.lines().zip(found.lines()).find(|(wanted, found)| wanted != found);
                prop_assert!(difference.is_none(), "after {:?}: {:#?}", call, difference);
            }
        }
    }

    /// What a power failure leaves is what was synced, whatever was written since.
    #[test]
    fn a_power_failure_leaves_what_was_synced(kept in calls(), lost in calls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let held_back = Memory::held_back();
        let plain = Memory::new();
        runtime.block_on(async {
            for call in &kept {
                start(&held_back, call).await;
                make(&plain, call).await;
            }
            held_back.sync();
            let synced = everything(&plain).await;
            assert_eq!(everything(&held_back).await, synced);
            for call in &lost {
                start(&held_back, call).await;
            }
            held_back.power_failure();
            assert_eq!(everything(&held_back).await, synced);
            // And it goes on as if nothing had happened in between.
            for call in &lost {
                start(&held_back, call).await;
                make(&plain, call).await;
            }
            assert_eq!(everything(&held_back).await, everything(&plain).await);
        });
    }
}

/// Writes without waiting until it is synced.
async fn start(store: &Memory, call: &Call) {
    let mut write = Box::pin(make(store, call));
    std::future::poll_fn(|context| {
        drop(write.as_mut().poll(context));
        std::task::Poll::Ready(())
    })
    .await;
}

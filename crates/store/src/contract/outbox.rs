//! Commands, runs of import, news set aside: what waits, and when it is due.

use super::{all_pages, is_stale, keep, samples::*};
use model::{
    changes::Write,
    command::{Attempt, Command, Progress},
    customer::CustomerId,
    facets::Version,
    store::{Backlog, Store},
    sync_status::SyncState,
    upload::{Held, Upload},
};

fn with(progress: Progress, mut command: Command) -> Command {
    command.progress = progress;
    command
}

fn attempt() -> Attempt {
    Attempt::new(1, at(1), at(2))
}

pub(crate) async fn a_chats_first_open_command_decides(store: &dyn Store) {
    let ended = with(Progress::Done, command(&ada(), 1, 1, 1));
    let writes = [ended, command(&ada(), 1, 2, 20), command(&ada(), 1, 3, 10), command(&ada(), 2, 4, 15)];
    keep(store, rows(&ada(), writes.map(Write::Command))).await;
    keep(store, rows(&bob(), [Write::Command(command(&bob(), 1, 1, 15))])).await;

    assert_eq!(store.due_chats(at(14), None, 9).await.unwrap(), [], "the third waits behind the second");
    let due = [(ada(), chat_id(2)), (bob(), chat_id(1)), (ada(), chat_id(1))];
    assert_eq!(store.due_chats(at(15), None, 9).await.unwrap(), due[..2]);
    assert_eq!(store.due_chats(at(20), None, 9).await.unwrap(), due);
    assert_eq!(store.due_chats(at(20), None, 1).await.unwrap(), due[..1]);
    assert_eq!(store.due_chats(at(20), None, 0).await.unwrap(), []);
    let open = store.open_commands(&ada(), chat_id(1)).await.unwrap();
    assert_eq!(open, [command(&ada(), 1, 2, 20), command(&ada(), 1, 3, 10)]);

    // One under way is still open; one that nobody can tell of makes way.
    let attempting = with(Progress::Attempting(attempt()), command(&ada(), 1, 2, 30)).next();
    keep(store, rows(&ada(), [Write::Command(attempting.clone())])).await;
    assert_eq!(store.due_chats(at(29), None, 9).await.unwrap(), due[..2]);
    let uncertain = with(Progress::Uncertain { attempt: attempt() }, attempting).next();
    keep(store, rows(&ada(), [Write::Command(uncertain)])).await;
    assert_eq!(store.due_chats(at(10), None, 9).await.unwrap(), due[2..]);
    assert_eq!(store.open_commands(&ada(), chat_id(1)).await.unwrap(), [command(&ada(), 1, 3, 10)]);
}

pub(crate) async fn commands_are_numbered_and_found_again(store: &dyn Store) {
    assert_eq!(store.next_command_number(&ada()).await.unwrap(), 1);
    let mut edit = command(&ada(), 1, 5, 1);
    edit.message_id = message_id(1);
    let done = with(Progress::Done, command(&ada(), 1, 1, 1));
    keep(store, rows(&ada(), [Write::Command(edit.clone()), Write::Command(done)])).await;
    assert_eq!(store.next_command_number(&ada()).await.unwrap(), 6);
    assert_eq!(store.next_command_number(&bob()).await.unwrap(), 1);
    assert_eq!(store.last_command(&ada(), message_id(1)).await.unwrap(), Some(edit.clone()));
    let counted = async |customer: &CustomerId, limit| store.open_command_count(customer, limit).await.unwrap();
    keep(store, rows(&ada(), [Write::Command(command(&ada(), 2, 4, 1))])).await;
    assert_eq!((counted(&ada(), 9).await, counted(&ada(), 1).await, counted(&bob(), 9).await), (2, 1, 0));
    let ended = with(Progress::Done, edit).next();
    keep(store, rows(&ada(), [Write::Command(ended.clone())])).await;
    assert_eq!(store.last_command(&ada(), message_id(1)).await.unwrap(), Some(ended), "open or not");
    assert_eq!(store.next_command_number(&ada()).await.unwrap(), 6);
    assert_eq!(store.last_command(&ada(), message_id(2)).await.unwrap(), None);
    assert_eq!(counted(&ada(), 9).await, 1);
}

pub(crate) async fn syncs_are_due_while_they_are_open(store: &dyn Store) {
    let runs = [
        sync(&ada(), 1, SyncState::Queued, 30),
        sync(&ada(), 2, SyncState::Running, 10),
        sync(&ada(), 3, SyncState::Waiting, 20),
        sync(&ada(), 4, SyncState::Completed, 1),
        sync(&ada(), 5, SyncState::Failed, 1),
        sync(&ada(), 6, SyncState::Cancelled, 1),
    ];
    keep(store, rows(&ada(), runs.clone().map(Write::SyncStatus))).await;
    assert_eq!(store.due_syncs(at(9), None, 9).await.unwrap(), []);
    let due = [runs[1].clone(), runs[2].clone(), runs[0].clone()];
    assert_eq!(store.due_syncs(at(20), None, 9).await.unwrap(), due[..2]);
    assert_eq!(store.due_syncs(at(30), None, 9).await.unwrap(), due);
    assert_eq!(store.due_syncs(at(30), None, 1).await.unwrap(), due[..1]);
    let mut ended = runs[1].next();
    ended.state = SyncState::Completed;
    keep(store, rows(&ada(), [Write::SyncStatus(ended)])).await;
    assert_eq!(store.due_syncs(at(30), None, 9).await.unwrap(), due[1..]);
}

pub(crate) async fn syncs_are_listed_newest_first(store: &dyn Store) {
    let runs = (1..=5).map(|number| {
        let mut run = sync(&ada(), number, SyncState::Queued, 1);
        run.connection_id = connection_id(number % 2);
        run.created_at = at(number / 2);
        run
    });
    keep(store, rows(&ada(), runs.map(Write::SyncStatus))).await;
    let customer = &ada();
    for (connection, wanted) in [(None, vec![5, 4, 3, 2, 1]), (Some(1), vec![5, 3, 1]), (Some(9), vec![])] {
        let connection = connection.map(connection_id);
        for limit in 1..=6 {
            let paged =
                all_pages(limit, |paging| async move { store.sync_statuses(customer, connection, &paging).await });
            let ids: Vec<_> = paged.await.into_iter().map(|run| run.id).collect();
            assert_eq!(ids, wanted.iter().copied().map(sync_id).collect::<Vec<_>>(), "{limit} at a time");
        }
    }
}

pub(crate) async fn asides_wait_for_their_time(store: &dyn Store) {
    let writes = [aside(1, "M2", 30), aside(1, "M1", 20), aside(2, "M1", 10)];
    keep(store, rows(&ada(), writes.map(Write::SetAside))).await;
    keep(store, rows(&bob(), [Write::SetAside(aside(1, "M1", 15))])).await;
    assert_eq!(store.due_asides(at(9), 9).await.unwrap(), []);
    let due = [(ada(), chat_id(2)), (bob(), chat_id(1)), (ada(), chat_id(1))];
    assert_eq!(store.due_asides(at(30), 9).await.unwrap(), due);
    assert_eq!(store.due_asides(at(30), 2).await.unwrap(), due[..2]);
    assert_eq!(store.due_asides(at(30), 0).await.unwrap(), []);
    assert_eq!(store.asides(&ada(), chat_id(1)).await.unwrap(), [aside(1, "M1", 20), aside(1, "M2", 30)]);

    keep(store, rows(&ada(), [Write::SetAside(aside(1, "M1", 40))])).await;
    assert_eq!(store.asides(&ada(), chat_id(1)).await.unwrap(), [aside(1, "M1", 40), aside(1, "M2", 30)]);
    keep(store, rows(&ada(), [Write::SetAside(aside(1, "M1", 25))])).await;
    assert_eq!(store.asides(&ada(), chat_id(1)).await.unwrap()[0], aside(1, "M1", 40), "older news change nothing");
    let taken = |version| Write::TakeUp { chat_id: chat_id(1), external_id: ext("M2"), version: Version(version) };
    keep(store, rows(&ada(), [taken(29)])).await;
    assert_eq!(store.asides(&ada(), chat_id(1)).await.unwrap().len(), 2, "what came later stays");
    keep(store, rows(&ada(), [taken(30), taken(30)])).await;
    assert_eq!(store.asides(&ada(), chat_id(1)).await.unwrap(), [aside(1, "M1", 40)]);
}

pub(crate) async fn next_due_is_the_earliest_of_all(store: &dyn Store) {
    assert_eq!(store.next_due().await.unwrap(), None);
    let next = async |write: Write| {
        keep(store, rows(&ada(), [write])).await;
        store.next_due().await.unwrap()
    };
    assert_eq!(next(Write::SetAside(aside(1, "M1", 90))).await, Some(at(90)));
    assert_eq!(next(Write::SyncStatus(sync(&ada(), 1, SyncState::Waiting, 80))).await, Some(at(80)));
    assert_eq!(next(Write::Command(command(&ada(), 1, 1, 70))).await, Some(at(70)));
    assert_eq!(next(Write::Command(command(&ada(), 1, 2, 10))).await, Some(at(70)), "it waits behind the first");
    assert_eq!(next(Write::SyncStatus(sync(&ada(), 2, SyncState::Failed, 10))).await, Some(at(70)));
    assert_eq!(next(Write::QueuePart(parked(part(&ada(), 1, None, 10)))).await, Some(at(70)));
    assert_eq!(next(Write::QueuePart(part(&ada(), 2, None, 60))).await, Some(at(60)));
    assert_eq!(next(Write::Command(with(Progress::Done, command(&ada(), 1, 1, 70)).next())).await, Some(at(10)));
}

pub(crate) async fn what_waits_is_counted_up_to_a_limit(store: &dyn Store) {
    assert_eq!(store.backlog(10).await.unwrap(), Backlog::default());
    let done = with(Progress::Done, command(&ada(), 1, 3, 70));
    let writes = [
        Write::Command(command(&ada(), 1, 1, 70)),
        Write::Command(command(&ada(), 1, 2, 70)),
        Write::Command(done),
        Write::SyncStatus(sync(&ada(), 1, SyncState::Waiting, 80)),
        Write::SyncStatus(sync(&ada(), 2, SyncState::Failed, 80)),
        Write::QueuePart(part(&ada(), 1, None, 10)),
        Write::QueuePart(parked(part(&ada(), 2, None, 10))),
    ];
    keep(store, rows(&ada(), writes)).await;
    let counted = store.backlog(10).await.unwrap();
    assert_eq!(counted, Backlog { intakes: 0, parts: 1, parked: 1, commands: 2, runs: 1 });
    assert_eq!(store.backlog(1).await.unwrap().commands, 1);
}

pub(crate) async fn uploads_are_due_and_go_as_they_were_known(store: &dyn Store) {
    let (one, two, other) = (upload(&ada(), 1, 10), upload(&ada(), 2, 5), upload(&bob(), 3, 7));
    keep(store, rows(&ada(), [Write::Upload(one.clone()), Write::Upload(two.clone())])).await;
    keep(store, rows(&bob(), [Write::Upload(other.clone())])).await;
    assert_eq!(store.upload(&ada(), one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(store.upload(&bob(), one.id).await.unwrap(), None);
    assert_eq!(store.uploads_of(&ada(), 9).await.unwrap(), [one.clone(), two.clone()]);
    assert_eq!(store.uploads_held(&ada()).await.unwrap(), Held { uploads: 2, bytes: 200 });
    assert_eq!(store.due_uploads(at(4), 9).await.unwrap(), []);
    assert_eq!(store.due_uploads(at(9), 9).await.unwrap(), [two.clone(), other]);
    assert_eq!(store.due_uploads(at(10), 1).await.unwrap(), std::slice::from_ref(&two));

    let later = Upload { revision: 2, due_at: at(20), ..two };
    keep(store, rows(&ada(), [Write::Upload(later.clone())])).await;
    let remove = |revision| rows(&ada(), [Write::RemoveUpload { id: later.id, revision }]);
    assert!(is_stale(&store.commit(remove(1)).await), "somebody took it meanwhile");
    keep(store, remove(2)).await;
    assert_eq!(store.upload(&ada(), later.id).await.unwrap(), None);
    assert!(is_stale(&store.commit(remove(2)).await));
    assert_eq!(store.uploads_held(&ada()).await.unwrap(), Held { uploads: 1, bytes: 100 });
}

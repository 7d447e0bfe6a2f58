//! What is due goes, and what is not stays.

use super::{keep, samples::*};
use model::{
    changes::Write,
    command::{Command, Progress},
    message::Problem,
    retention::KeptSince,
    store::Store,
    sync_status::{SyncState, SyncStatus},
};

const EVER: KeptSince = KeptSince {
    raw: model::time::Timestamp::from_micros(0),
    parked: model::time::Timestamp::from_micros(0),
    runs: model::time::Timestamp::from_micros(0),
    done: model::time::Timestamp::from_micros(0),
};

pub(crate) async fn runs_go_some_time_after_they_ended(store: &dyn Store) {
    let ended = |number: i64, state: SyncState, millis: i64| SyncStatus {
        finished_at: Some(at(millis)),
        ..sync(&ada(), number, state, 1)
    };
    let runs = [
        ended(1, SyncState::Completed, 10),
        ended(2, SyncState::Failed, 20),
        ended(3, SyncState::Cancelled, 30),
        sync(&ada(), 4, SyncState::Running, 1),
    ];
    keep(store, rows(&ada(), runs.map(Write::SyncStatus))).await;
    let left = async || {
        let found = store.sync_statuses(&ada(), None, &first(9)).await.unwrap().items;
        found.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let kept = |millis| KeptSince { runs: at(millis), ..EVER };
    assert_eq!(store.forget(kept(10), at(0), 9).await.unwrap(), 0, "what ended then is not older");
    assert_eq!(store.forget(kept(25), at(0), 1).await.unwrap(), 1, "the oldest first");
    assert_eq!(left().await, [sync_id(4), sync_id(3), sync_id(2)]);
    assert_eq!(store.forget(kept(99), at(0), 9).await.unwrap(), 2);
    assert_eq!(left().await, [sync_id(4)], "one that is open stays, however old it is");
}

pub(crate) async fn commands_go_once_they_are_done_and_old(store: &dyn Store) {
    let as_of = |number: i64, millis: i64, progress: Progress| Command {
        accepted_at: at(millis),
        progress,
        ..command(&ada(), 1, number, 1)
    };
    let failed = Progress::Failed { error: Problem { code: "no".to_owned(), detail: "No.".to_owned() } };
    let commands = [
        as_of(1, 10, Progress::Done),
        as_of(2, 20, failed),
        as_of(3, 20, Progress::Waiting),
        as_of(4, 30, Progress::Done),
    ];
    keep(store, rows(&ada(), commands.map(Write::Command))).await;
    let held = async |number| store.command(&ada(), command_id(number)).await.unwrap().is_some();
    let kept = |millis| KeptSince { done: at(millis), ..EVER };
    assert_eq!(store.forget(kept(30), at(0), 9).await.unwrap(), 1);
    assert_eq!((held(1).await, held(4).await), (false, true));
    assert_eq!(store.last_command(&ada(), message_id(1)).await.unwrap(), None);
    assert_eq!(store.forget(kept(99), at(0), 9).await.unwrap(), 1);
    assert!(held(2).await && held(3).await, "what may still be tried stays");
    assert_eq!(store.next_command_number(&ada()).await.unwrap(), 4, "those that are left keep their order");
    assert_eq!(store.open_commands(&ada(), chat_id(1)).await.unwrap().len(), 1);
}

pub(crate) async fn parked_parts_go_with_their_request(store: &dyn Store) {
    for number in [10, 20, 30] {
        store.append(intake(number)).await.unwrap();
        keep(store, model::changes::Changes::of_nobody(vec![Write::Routed(intake_id(number))])).await;
    }
    let parts = [parked(part(&ada(), 10, None, 1)), part(&ada(), 20, None, 1), parked(part(&ada(), 30, None, 1))];
    keep(store, rows(&ada(), parts.map(Write::QueuePart))).await;
    let left = async || store.intakes(&[intake_id(10), intake_id(20), intake_id(30)]).await.unwrap().len();
    assert_eq!(store.forget(raw(99), at(0), 9).await.unwrap(), 0, "they are referred to");
    let kept = |millis| KeptSince { parked: at(millis), ..raw(99) };
    assert_eq!(store.forget(kept(10), at(0), 9).await.unwrap(), 0, "what came then is not older");
    assert_eq!(store.forget(kept(30), at(0), 9).await.unwrap(), 2, "the part, and its request with it");
    assert_eq!((left().await, store.parked(&ada(), &first(9)).await.unwrap().items.len()), (2, 1));
    assert_eq!(store.forget(kept(99), at(0), 9).await.unwrap(), 2);
    assert_eq!(left().await, 1, "one that waits to be read stays, however old it is");
    assert_eq!(store.part_lanes(at(9), None, 9).await.unwrap().len(), 1);
}

//! How whole chats are known: rows with a revision, who is due, who is behind, and the heartbeat.

use super::{is_stale, keep, samples::*};
use model::{
    changes::Write,
    completeness::{Completeness, Measured},
    store::Store,
    time::Timestamp,
};
use std::time::Duration;

/// How whole a chat is known: until, due and active as told.
fn known(number: i64, until: Option<i64>, due: i64, active: i64) -> Completeness {
    let row = chat(&ada(), number);
    let new = Completeness::new(&row, at(0), at(due));
    Completeness { until: until.map(at), since: until.map(|_| at(0)), active_at: at(active), ..new }
}

fn ids(rows: &[Completeness]) -> Vec<model::id::ChatId> {
    rows.iter().map(|row| row.chat_id).collect()
}

pub(crate) async fn how_whole_a_chat_is_known_is_guarded(store: &dyn Store) {
    let first = known(1, None, 5, 0);
    keep(store, rows(&ada(), [Write::Completeness(first.clone())])).await;
    assert_eq!(store.completeness(&ada(), &[chat_id(1), chat_id(2)]).await.unwrap(), *std::slice::from_ref(&first));
    assert_eq!(store.completeness(&bob(), &[chat_id(1)]).await.unwrap(), []);
    let second = Completeness { revision: 2, missed: 3, ..first.clone() };
    keep(store, rows(&ada(), [Write::Completeness(second.clone())])).await;
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Completeness(second.clone())])).await));
    assert!(is_stale(&store.commit(rows(&ada(), [Write::Completeness(Completeness { revision: 4, ..second })])).await));
    // A new import begins anew, whatever is left.
    keep(store, rows(&ada(), [Write::Completeness(first.clone())])).await;
    assert_eq!(store.completeness(&ada(), &[chat_id(1)]).await.unwrap(), [first]);
    keep(store, rows(&ada(), [Write::EmptyChat(chat_id(1))])).await;
    assert_eq!(store.completeness(&ada(), &[chat_id(1)]).await.unwrap(), []);
}

pub(crate) async fn checks_are_due_and_those_behind_come_by_activity(store: &dyn Store) {
    let writes =
        [known(1, Some(10), 50, 7), known(2, Some(10), 40, 9), known(3, Some(30), 60, 8), known(4, None, 70, 1)];
    keep(store, rows(&ada(), writes.map(Write::Completeness))).await;
    assert_eq!(ids(&store.due_checks(at(60), 9).await.unwrap()), [2, 1, 3].map(chat_id));
    assert_eq!(ids(&store.due_checks(at(60), 1).await.unwrap()), [2].map(chat_id));
    assert_eq!(store.next_due().await.unwrap(), Some(at(40)));
    assert_eq!(ids(&store.behind(at(20), at(0), 9).await.unwrap()), [2, 1].map(chat_id));
    assert_eq!(ids(&store.behind(at(31), at(0), 2).await.unwrap()), [2, 3].map(chat_id));
    let put_off = Completeness { revision: 2, not_before: at(5), due_at: at(55), ..known(2, Some(10), 40, 9) };
    keep(store, rows(&ada(), [Write::Completeness(put_off)])).await;
    assert_eq!(ids(&store.behind(at(20), at(4), 9).await.unwrap()), [1].map(chat_id));

    keep(store, rows(&ada(), [Write::CheckSoon { connection_id: connection_id(2), at: at(1) }])).await;
    assert_eq!(store.due_checks(at(1), 9).await.unwrap(), [], "another connection's chats");
    keep(store, rows(&ada(), [Write::CheckSoon { connection_id: connection_id(1), at: at(45) }])).await;
    let due = store.due_checks(at(45), 9).await.unwrap();
    assert_eq!(ids(&due), [1, 2, 3, 4].map(chat_id));
    assert!(due.iter().all(|row| row.due_at == at(45) && row.not_before == Timestamp::default()));
    assert_eq!(due.iter().map(|row| row.revision).collect::<Vec<_>>(), [2, 3, 2, 2]);
}

pub(crate) async fn chats_that_may_have_missed_anything_are_compared_whole(store: &dyn Store) {
    let mut compared = known(1, Some(10), 50, 7);
    compared.check = Some(model::compare::Check::new(None, None, at(9)));
    compared.whole_at = at(9);
    let mut elsewhere = known(2, Some(10), 50, 7);
    elsewhere.connection_id = connection_id(2);
    keep(store, rows(&ada(), [compared.clone(), elsewhere.clone()].map(Write::Completeness))).await;
    let all = |at, lost| Write::CheckAll { connection_id: connection_id(1), at, lost };
    let held = async || store.completeness(&ada(), &[chat_id(1), chat_id(2)]).await.unwrap();
    keep(store, rows(&ada(), [all(at(20), false)])).await;
    let (due_at, whole_at, not_before) = (at(20), Timestamp::default(), Timestamp::default());
    let chosen = Completeness { due_at, whole_at, not_before, check: None, revision: 2, ..compared };
    assert_eq!(held().await, [chosen.clone(), elsewhere.clone()], "nothing was lost");
    keep(store, rows(&ada(), [all(at(30), true)])).await;
    let lost = Completeness { asleep: true, revision: 3, ..chosen };
    assert_eq!(held().await, [lost.clone(), elsewhere.clone()], "it is due when it was");
    keep(store, rows(&ada(), [all(at(30), false)])).await;
    assert_eq!(held().await, [Completeness { revision: 4, ..lost }, elsewhere], "what was lost stays so");
}

pub(crate) async fn misses_are_measured_by_connection(store: &dyn Store) {
    let of = |number, checked, missed| Completeness { checked, missed, ..known(number, None, 1, 1) };
    let mut elsewhere = of(3, 100, 100);
    elsewhere.connection_id = connection_id(2);
    keep(store, rows(&ada(), [of(1, 10, 1), of(2, 5, 2), elsewhere].map(Write::Completeness))).await;
    assert_eq!(store.measured(&ada(), connection_id(1)).await.unwrap(), Measured { checked: 15, missed: 3 });
    assert_eq!(store.measured(&ada(), connection_id(9)).await.unwrap(), Measured::default());
    assert_eq!(store.measured(&bob(), connection_id(1)).await.unwrap(), Measured::default());
}

pub(crate) async fn a_long_silence_of_all_servers_is_an_outage(store: &dyn Store) {
    let outage = Duration::from_millis(10);
    assert_eq!(store.heartbeat().await.unwrap().alive_at, Timestamp::default());
    assert_eq!(store.beat(at(100), outage).await.unwrap().down_until, Timestamp::default(), "it was never up before");
    assert_eq!(store.beat(at(110), outage).await.unwrap().down_until, Timestamp::default());
    let after = store.beat(at(121), outage).await.unwrap();
    assert_eq!((after.alive_at, after.down_since, after.down_until), (at(121), at(110), at(121)));
    let other = store.beat(at(115), outage).await.unwrap();
    assert_eq!(other, after, "a clock that is behind changes nothing");
    assert_eq!(store.heartbeat().await.unwrap(), after);
}

//! Limits of platforms: one count for all who share the store.

use super::samples::ada;
use model::{
    id::Integration,
    limits::{Ask, Permit, Purpose, Quota, Rule, Wanted},
    store::Store,
    time::Timestamp,
};

fn seconds(count: i64) -> Timestamp {
    Timestamp::from_millis(count * 1_000)
}

fn quota(key: &str) -> Quota {
    Quota { method: "history".to_owned(), key: key.to_owned(), rule: Rule::in_seconds(2, 20), units: 1 }
}

fn ask(key: &str, now: i64) -> Ask {
    Ask {
        integration: Integration::from("slack"),
        customer: Some(ada()),
        purpose: Purpose::Asked,
        wanted: vec![Wanted { quota: quota(key), begun: 0 }],
        now: seconds(now),
    }
}

pub(crate) async fn calls_are_counted_for_all(store: &dyn Store) {
    for now in [0, 1] {
        assert_eq!(store.permit(&ask("T1", now)).await.unwrap(), Permit::Granted);
    }
    let refused = store.permit(&ask("T1", 2)).await.unwrap();
    assert!(matches!(&refused, Permit::ComeAgain { at, quota: full } if *at > seconds(20) && *full == quota("T1")));
    assert_eq!(store.permit(&ask("T2", 2)).await.unwrap(), Permit::Granted, "another key is another bucket");
    assert_eq!(store.permit(&ask("T1", 25)).await.unwrap(), Permit::Granted);
    let bucket = store.bucket(&quota("T1").bucket(&Integration::from("slack"))).await.unwrap().unwrap();
    assert_eq!(bucket.others_waiting(Purpose::Asked, None, seconds(25)), 0, "whoever was let through does not wait");
}

pub(crate) async fn a_pause_holds_for_its_bucket(store: &dyn Store) {
    let slack = Integration::from("slack");
    store.pause(&quota("T1").bucket(&slack), seconds(0), seconds(50)).await.unwrap();
    store.pause(&quota("T1").bucket(&slack), seconds(1), seconds(9)).await.unwrap();
    let refused = store.permit(&ask("T1", 10)).await.unwrap();
    assert_eq!(
        refused,
        Permit::ComeAgain { at: seconds(50), quota: quota("T1") },
        "a shorter one does not end a longer one"
    );
    assert_eq!(store.permit(&ask("T2", 10)).await.unwrap(), Permit::Granted);
    assert_eq!(store.permit(&ask("T1", 50)).await.unwrap(), Permit::Granted);
}

//! A rest that a platform asked for, and a restart.

use model::{
    customer::CustomerId,
    id::Integration,
    limits::{Ask, Permit, Purpose, Quota, Rule, Wanted},
    store::Store,
    time::Timestamp,
};
use store::sqlite::Sqlite;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

#[tokio::test]
async fn a_rest_that_a_platform_asked_for_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let slack = Integration::from("slack");
    let quota =
        |key: &str| Quota { method: "history".to_owned(), key: key.to_owned(), rule: Rule::a_minute(50), units: 1 };
    let ask = |key: &str, now| Ask {
        integration: slack.clone(),
        customer: CustomerId::new("ana").ok(),
        purpose: Purpose::Asked,
        wanted: vec![Wanted { quota: quota(key), begun: 0 }],
        now: at(now),
    };
    let store = Sqlite::open(&path).unwrap();
    store.pause(&quota("T0").bucket(&slack), at(0), at(5)).await.unwrap();
    store.pause(&quota("T1").bucket(&slack), at(6), at(60)).await.unwrap();
    store.pause(&quota("T1").bucket(&slack), at(7), at(30)).await.unwrap();
    store.close().await;
    drop(store);
    let store = Sqlite::open(&path).unwrap();
    let waits = store.permit(&ask("T1", 31)).await.unwrap();
    assert_eq!(waits, Permit::ComeAgain { at: at(60), quota: quota("T1") });
    assert!(store.bucket(&quota("T0").bucket(&slack)).await.unwrap().is_none(), "one that is over is dropped");
    assert_eq!(store.permit(&ask("T1", 60)).await.unwrap(), Permit::Granted);
}

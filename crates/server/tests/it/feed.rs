//! The feed, by page and as a stream.

use crate::house::{DEADLINE, Feed, House};
use model::{store::Store, time::Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

async fn filled(house: &House) -> (String, String) {
    let ana = house.person(0);
    let connection = house.connect("ana", &ana).await;
    let channel = house.shared_channel(&[&ana]);
    (house.import("ana", &connection, &channel).await, channel)
}

async fn whole_feed(house: &House, customer: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.len();
        let page = house.get(customer, &format!("/v1/events?limit=7&after={after}")).await;
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            return all;
        }
        assert_eq!(page["next_after"], items.last().unwrap()["seq"]);
        all.extend(items.iter().cloned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_tells_what_the_pages_tell_and_resumes_where_it_broke_off() {
    let house = House::new().await;
    let (chat, _) = filled(&house).await;
    let pages = whole_feed(&house, "ana").await;
    assert!(pages.iter().enumerate().all(|(index, event)| event["seq"] == json!(index + 1)));
    let mut feed = Feed::open(&house, "ana", 0).await;
    for event in &pages {
        assert_eq!(feed.next().await.unwrap()["seq"], event["seq"]);
    }
    drop(feed);
    let sent = house.send("ana", &chat, "while nobody listened").await;
    let mut feed = Feed::open(&house, "ana", pages.len() as u64).await;
    let first = feed.next().await.unwrap();
    assert_eq!(first["seq"], json!(pages.len() + 1));
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_was_forgotten_or_never_was_is_gone() {
    let house = House::new().await;
    filled(&house).await;
    let last = house.get("ana", "/v1/events").await["as_of_seq"].as_u64().unwrap();
    for after in [last + 1, u64::MAX >> 1] {
        house.ask("ana", Method::GET, &format!("/v1/events?after={after}"), None).await.refused(410, "forgotten");
    }
    house.store.forget_events(Timestamp::from_millis(i64::MAX / 2_000), 10_000).await.unwrap();
    for path in ["/v1/events", "/v1/events?after=1", "/v1/events/stream?after=1"] {
        house.ask("ana", Method::GET, path, None).await.refused(410, "forgotten");
    }
    let more = [("last-event-id", "1")];
    let path = format!("/v1/events/stream?after={last}");
    house.ask_with("ana", Method::GET, &path, &more, None).await.refused(410, "forgotten");
    let more = [("last-event-id", "one")];
    house.ask_with("ana", Method::GET, &path, &more, None).await.refused(400, "bad_last_event_id");
    assert_eq!(house.get("ana", &format!("/v1/events?after={last}")).await["items"], json!([]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_follows_all_customers_by_position_and_a_customer_only_itself() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    house.connect("ana", &ana).await;
    house.connect("bruno", &bruno).await;
    let key = format!("Bearer {}", house.key);
    let all = house.call(Method::GET, "/v1/events?limit=500", &[("authorization", &key)], None).await.good();
    let items = all["items"].as_array().unwrap();
    let positions: Vec<_> = items.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert!(positions.windows(2).all(|pair| pair[0] < pair[1]));
    for customer in ["ana", "bruno"] {
        assert!(items.iter().any(|event| event["customer_id"] == customer));
        assert!(whole_feed(&house, customer).await.iter().all(|event| event["customer_id"] == customer));
    }
    let answer = house.client.get(format!("{}/v1/events/stream?after=0", house.base)).bearer_auth(&house.key).send();
    assert_eq!(answer.await.unwrap().status(), 200);
    let cookie = house.sign_in().await;
    let mine = house.call(Method::GET, "/v1/events", &[("cookie", &cookie)], None).await.good();
    assert_eq!(mine["items"], json!([]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_counted_and_end_when_the_server_stops() {
    let house = House::with(|config| config.limits.streams_per_customer = 2, |_| {}).await;
    let (mut first, _second) = (Feed::open(&house, "ana", 0).await, Feed::open(&house, "ana", 0).await);
    let third = house.ask("ana", Method::GET, "/v1/events/stream", None).await;
    third.refused(429, "too_many");
    assert!(third.headers.contains_key("retry-after"));
    let other = Feed::open(&house, "bruno", 0).await;
    let ended = tokio::spawn(async move { first.next().await });
    house.close().await;
    assert_eq!(tokio::time::timeout(DEADLINE, ended).await.unwrap().unwrap(), None);
    drop(other);
}

//! What could not be read is shown with its reason, and what is kept can be read again.

use crate::{
    bad_input::{envelope, hook},
    house::{DEADLINE, Feed, House},
};
use model::{intake::Intake, store::Intakes, time::Timestamp, world::Clock};
use reqwest::Method;
use serde_json::{Value, json};

/// Asks until the answer is as wanted.
pub async fn until(house: &House, customer: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let answer = house.get(customer, path).await;
            if wanted(&answer) {
                return answer;
            }
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.expect("it comes to be as wanted")
}

fn is_parked(answer: &Value) -> bool {
    answer["items"][0]["error"].is_string()
}

/// News of a chat that nobody can read, once it is shown as such.
pub async fn something_parked(house: &House, customer: &str, channel: &str) -> Value {
    let team = house.slack.channel(channel).unwrap().team;
    let odd = json!({ "type": "message", "channel": channel, "user": 7, "text": {}, "ts": [], "event_ts": "4.1" });
    assert_eq!(hook(house, 0, "application/json", &envelope(&team, odd)).await.status, 200);
    until(house, customer, "/v1/parked", is_parked).await["items"][0].clone()
}

/// Waits until a request with this text in it came, and nothing waits to be read.
async fn all_is_read(house: &House, text: &str) {
    let holds = |intake: &Intake| String::from_utf8_lossy(&intake.request.body).contains(text);
    loop {
        let routed = house.store.routed(Timestamp::default(), None, 100).await.unwrap();
        let lanes = house.store.part_lanes(house.clock.now(), None, 1).await.unwrap();
        if routed.iter().any(holds) && lanes.is_empty() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_shown_with_its_reason_and_can_be_tried_again() {
    let house = House::new().await;
    let ana = house.person(0);
    let channel = house.slack.act_create_channel(&ana, "odd", false).unwrap();
    let connection = house.connect("ana", &ana).await;
    house.import("ana", &connection, &channel).await;
    let shown = something_parked(&house, "ana", &channel).await;
    assert_eq!((&shown["connection_id"], &shown["chat"]), (&json!(connection), &json!(channel)), "{shown}");
    assert!(shown["attempts"].as_u64().unwrap() >= 1 && shown["received_at"].is_string(), "{shown}");
    assert_eq!(house.get("bruno", "/v1/parked").await["items"], json!([]));
    let path = format!("/v1/parked/{}/replay", shown["id"].as_str().unwrap());
    house.ask("bruno", Method::POST, &path, None).await.refused(404, "not_found");
    house.ask("ana", Method::POST, "/v1/parked/nonsense/replay", None).await.refused(404, "not_found");
    let tried = house.ask("ana", Method::POST, &path, None).await;
    assert_eq!((tried.status, &tried.body["error"], &tried.body["attempts"]), (202, &Value::Null, &json!(0)));
    let again = until(&house, "ana", "/v1/parked", is_parked).await;
    assert_eq!(again["items"].as_array().unwrap().len(), 1, "it is as unreadable as before");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_requests_are_read_again_on_request() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    house.connect("bruno", &bruno).await;
    let at = house.slack.act_post(&bruno, &channel, "said before anybody imported it", None).unwrap();
    tokio::time::timeout(DEADLINE, all_is_read(&house, at.as_str())).await.expect("it is read");
    house.clock.set_seconds(1);
    let now = house.clock_text();
    let wish = json!({ "connection_id": connection, "chats": [channel], "since": now });
    let mut feed = Feed::open(&house, "ana", 0).await;
    let runs = house.ask("ana", Method::POST, "/v1/chats/import", Some(wish)).await.good();
    let run = runs["items"][0]["id"].clone();
    feed.until(|event| event["object_id"] == run && event["object"]["state"] == "completed").await;

    let wish = |since: Timestamp| Some(json!({ "since": since, "connection_id": connection }));
    house.ask("bruno", Method::POST, "/v1/intake/reread", wish(Timestamp::default())).await.refused(404, "not_found");
    let nobody = Some(json!({ "since": "yesterday" }));
    house.ask("ana", Method::POST, "/v1/intake/reread", nobody).await.refused(422, "wrong_shape");
    let before = house.get("ana", "/v1/events?limit=500").await;
    assert!(!before.to_string().contains("said before"), "{before}");
    let runs = house.ask("ana", Method::POST, "/v1/intake/reread", wish(Timestamp::default())).await;
    assert_eq!((runs.status, runs.body["items"].as_array().unwrap().len()), (202, 1));
    feed.until(|event| event["object"]["body"]["text"] == "said before anybody imported it").await;
    let run = runs.body["items"][0]["id"].clone();
    let shown = until(&house, "ana", "/v1/sync-statuses", |answer| {
        let items = answer["items"].as_array().unwrap();
        items.iter().any(|item| item["id"] == run && item["state"] == "completed")
    })
    .await;
    assert!(shown.to_string().contains("\"kind\":\"reread\""));
    house.close().await;
}

//! What is kept for a time goes when it is over, and nothing else does.

use crate::house::{Feed, House};
use crate::parked::something_parked;
use model::{customer::CustomerId, store::Store};
use serde_json::json;

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_forgotten_after_its_time_and_messages_stay() {
    let house = House::with(|config| config.retention.runs_days = 3, |_| {}).await;
    let ana = house.person(0);
    let channel = house.slack.act_create_channel(&ana, "plans", false).unwrap();
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let sent = house.send("ana", &chat, "still here in a year").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    something_parked(&house, "ana", &channel).await;
    house.all_is_heard().await;
    let customer = CustomerId::new("ana").unwrap();
    let id = sent["id"].as_str().unwrap().parse().unwrap();
    let command = async || house.store.last_command(&customer, id).await.unwrap();
    let parked = async || house.get("ana", "/v1/parked").await["items"].as_array().unwrap().len();
    let old_runs = house.get("ana", "/v1/sync-statuses?limit=200").await["items"].clone();
    let old_runs: Vec<_> = old_runs.as_array().unwrap().iter().map(|run| run["id"].clone()).collect();
    let runs_left = async || {
        let runs = house.get("ana", "/v1/sync-statuses?limit=200").await;
        runs["items"].as_array().unwrap().iter().filter(|run| old_runs.contains(&run["id"])).count()
    };
    assert!(old_runs.len() > 2 && command().await.is_some());

    let forget = async |days: i64| {
        house.clock.set_seconds(days * DAY);
        while house.running.server.engine.forget_turn().await.unwrap() == engine::Turn::Worked {}
    };
    forget(4).await;
    house.until(async || runs_left().await == 0).await;
    assert!(command().await.is_some() && parked().await == 1, "these are kept for longer");
    forget(31).await;
    house.until(async || command().await.is_none() && parked().await == 0).await;
    let held = house.messages("ana", &chat).await;
    assert!(held.iter().any(|message| message["body"]["text"] == json!("still here in a year")), "{held:?}");
    house.close().await;
}

//! Who comes when too much waits is told to come again, and nothing that was taken is lost.

use crate::{
    bad_input::{envelope, hook},
    house::{Feed, House},
};
use reqwest::Method;
use sandbox::slack::{Fault, FaultKind};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_outbox_turns_its_own_customer_away_until_there_is_room() {
    let house = House::with(|config| config.limits.outbox_per_customer = 2, |_| {}).await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let other = house.connect("bruno", &bruno).await;
    let theirs = house.import("bruno", &other, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;

    // What a paused connection takes waits.
    let path = format!("/v1/connections/{connection}");
    house.ask("ana", Method::PATCH, &path, Some(json!({ "paused": true }))).await.good();
    let first = house.send("ana", &chat, "first").await;
    let second = house.send("ana", &chat, "second").await;
    let sending = format!("/v1/chats/{chat}/messages");
    let third = house.ask("ana", Method::POST, &sending, Some(json!({ "text": "third" }))).await;
    third.refused(429, "outbox_full");
    assert!(third.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    assert!(!house.messages("ana", &chat).await.iter().any(|message| message["body"]["text"] == "third"));
    house.send("bruno", &theirs, "nobody is in my way").await;

    house.ask("ana", Method::PATCH, &path, Some(json!({ "paused": false }))).await.good();
    for message in [&first, &second] {
        feed.message(&message["id"], |message| message["status"] == "sent").await;
    }
    let third = house.send("ana", &chat, "third").await;
    feed.message(&third["id"], |message| message["status"] == "sent").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_intake_turns_platforms_away_until_there_is_room() {
    let house = House::with(|config| config.limits.intake = 1, |_| {}).await;
    let ana = house.person(0);
    let team = house.slack.users().iter().find(|user| user.id == ana).unwrap().team.clone();
    let channel = house.slack.act_create_channel(&ana, "plans", false).unwrap();
    let connection = house.connect("ana", &ana).await;
    house.import("ana", &connection, &channel).await;
    house.all_is_heard().await;

    // Whoever is unknown is asked for, and Slack does not answer.
    let stranger = house.slack.act_new_person(&team, "carla", "Carla").unwrap();
    house.slack.act_join(&stranger, &channel).unwrap();
    house.all_is_heard().await;
    house.slack.faults().push(Fault { method: None, kind: FaultKind::CallLost, times: u32::MAX });
    let ts = format!("{}.000100", house.slack.now_micros() / 1_000_000);
    let told = |text: &str, ts: &str| {
        let event = json!({ "type": "message", "channel": channel, "user": stranger, "text": text, "ts": ts,
            "event_ts": ts, "channel_type": "channel" });
        envelope(&team, event)
    };
    assert_eq!(hook(&house, 0, "application/json", &told("waits", &ts)).await.status, 200);
    house.until(async || hook(&house, 0, "application/json", &told("waits", &ts)).await.status == 503).await;
    let refused = hook(&house, 0, "application/json", &told("waits", &ts)).await;
    refused.refused(503, "intake_full");
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    house.close().await;
}

//! Logins and connections kept alive: tokens that end, logins that are lost, and what a person sees of it.

use crate::house::{Feed, House};
use sandbox::slack::{Fault, FaultKind, Rotation};
use serde_json::{Value, json};

fn rotating(world: &mut sandbox::slack::Config) {
    world.app.rotation = Some(Rotation::default());
}

async fn state(house: &House, customer: &str) -> Value {
    house.get(customer, "/v1/connections").await["items"][0]["state"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_are_refreshed_and_nobody_notices() {
    let house = House::with(|_| {}, rotating).await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await;
    let refreshes = || house.slack.calls().get("oauth.v2.access").copied().unwrap_or(0);
    let before = refreshes();

    house.slack.expire_tokens(None);
    let sent = house.send("ana", &chat, "after the end").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    assert!(refreshes() > before);
    // The answer with the new tokens is lost: the old refresh token is good for once more.
    house.slack.expire_tokens(None);
    house.slack.faults().push(Fault {
        method: Some("oauth.v2.access".to_owned()),
        kind: FaultKind::AnswerLost,
        times: 1,
    });
    let sent = house.send("ana", &chat, "after a lost answer").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    house.slack.expire_tokens(None);
    let listed = house.get("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    assert!(!listed["items"].as_array().unwrap().is_empty(), "who waits for an answer gets it at once");
    house.slack.act_post(&bruno, &channel, "still here?", None).unwrap();
    feed.until(|event| event["object"]["body"]["text"] == "still here?").await;
    assert_ne!(state(&house, "ana").await, json!("needs_login"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_refreshed_well_before_they_end() {
    let house = House::with(|_| {}, rotating).await;
    house.connect("ana", &house.person(0)).await;
    let mut logins = Vec::new();
    for account in house.logins("ana").await {
        assert!(account.refresh_at.unwrap() < account.expires_at.unwrap());
        logins.push(account);
    }
    house.clock.set_seconds(11 * 60 * 60);
    for login in &logins {
        house
            .until(async || {
                house.logins("ana").await.iter().any(|one| one.id == login.id && one.expires_at > login.expires_at)
            })
            .await;
    }
    house.close().await;
}

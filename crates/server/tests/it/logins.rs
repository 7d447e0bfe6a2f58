//! Logins and connections kept alive: tokens that end, logins that are lost, and what a person sees of it.

use crate::house::{Feed, House};
use reqwest::Method;
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
    let path = format!("/v1/chats/available?connection_id={connection}");
    let listed = house.ask("ana", Method::GET, &path, None).await;
    // Whoever comes while somebody else refreshes is told to come again in a moment.
    let refreshing = listed.status == 503 && listed.headers.contains_key("retry-after");
    assert!(refreshing || !listed.good()["items"].as_array().unwrap().is_empty(), "it needs nobody");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_login_says_so_and_connecting_again_takes_up_the_outbox() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let other = house.connect("bruno", &bruno).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await;

    house.slack.revoke_person(&ana);
    let lost = feed.until(|event| event["object"]["state"] == "needs_login").await;
    assert_eq!(lost["object"]["id"], connection.as_str());
    assert!(lost["object"]["reason"].as_str().unwrap().contains("Connect again"), "{lost}");
    let path = format!("/v1/chats/{chat}/messages");
    let refused = house.ask("ana", Method::POST, &path, Some(json!({ "text": "x" }))).await;
    refused.refused(422, "connection_closed");
    let theirs = house.get("bruno", &format!("/v1/connections/{other}")).await;
    assert_ne!(theirs["state"], "needs_login", "one person's token is nobody else's matter");

    assert_eq!(house.connect("ana", &ana).await, connection);
    let sent = house.send("ana", &chat, "back again").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstalled_app_needs_a_login_for_everybody_until_one_connects() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let team = house.slack.users().iter().find(|user| user.id == ana).unwrap().team.clone();
    house.connect("ana", &ana).await;
    house.connect("bruno", &bruno).await;
    house.slack.uninstall(&team);
    for customer in ["ana", "bruno"] {
        house.until(async || state(&house, customer).await == "needs_login").await;
    }
    house.connect("ana", &ana).await;
    assert_ne!(state(&house, "ana").await, json!("needs_login"));
    assert_eq!(state(&house, "bruno").await, json!("needs_login"), "his own token is still gone");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_connection_keeps_news_and_commands_until_it_goes_on() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    // Another customer listens all the while, so that news are claimed by somebody.
    let other = house.connect("bruno", &bruno).await;
    let theirs = house.import("bruno", &other, &channel).await;
    let mut feed = Feed::open(&house, "ana", house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await;
    let mut other = Feed::open(&house, "bruno", 0).await;

    let path = format!("/v1/connections/{connection}");
    let paused = house.ask("ana", Method::PATCH, &path, Some(json!({ "paused": true }))).await.good();
    assert_eq!((&paused["state"], &paused["paused"]), (&json!("paused"), &json!(true)));
    assert!(paused["reason"].as_str().unwrap().contains("24 hours"), "{paused}");
    house.ask("bruno", Method::PATCH, &path, Some(json!({ "paused": false }))).await.refused(404, "not_found");
    house.slack.act_post(&bruno, &channel, "while you were away", None).unwrap();
    other.until(|event| event["object"]["body"]["text"] == "while you were away").await;
    let sent = house.send("ana", &chat, "later").await;
    assert_eq!(sent["status"], "pending");
    let held = |messages: &[Value]| messages.iter().any(|message| message["body"]["text"] == "while you were away");
    assert!(!held(&house.messages("ana", &chat).await) && held(&house.messages("bruno", &theirs).await));
    assert!(!house.slack.channel(&channel).unwrap().messages.iter().any(|message| message.text == "later"));

    let on = house.ask("ana", Method::PATCH, &path, Some(json!({ "paused": false }))).await.good();
    assert_ne!(on["state"], "paused");
    feed.until(|event| event["object"]["body"]["text"] == "while you were away").await;
    // It may have left before that was read.
    let path = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
    house.until(async || house.get("ana", &path).await["status"] == "sent").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_a_connection_was_ended_is_read_when_it_comes_back() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    house.import("ana", &connection, &channel).await;
    // The bot stays, because another customer stands on it.
    let other = house.connect("bruno", &bruno).await;
    house.import("bruno", &other, &channel).await;
    let mut theirs = Feed::open(&house, "bruno", 0).await;
    let after = house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap();
    house.ask("ana", Method::DELETE, &format!("/v1/connections/{connection}"), None).await.good();
    house.slack.act_post(&bruno, &channel, "while it was ended", None).unwrap();
    theirs.until(|event| event["object"]["body"]["text"] == "while it was ended").await;
    assert_eq!(house.connect("ana", &ana).await, connection);
    let mut feed = Feed::open(&house, "ana", after).await;
    feed.until(|event| event["object"]["body"]["text"] == "while it was ended").await;
    house.close().await;
}

//! A workspace's own emoji are shown as pictures, wherever they stand.

use crate::house::{Feed, House};
use reqwest::Method;
use serde_json::{Value, json};

const PARROT: &str = "https://emoji.slack-edge.invalid/parrot.gif";

/// What stands for the first emoji in a message's words, and for the first reaction to it.
async fn custom(house: &House, id: &Value) -> (Value, Value) {
    let message = house.get("ana", &format!("/v1/messages/{}", id.as_str().unwrap())).await;
    (message["body"]["emoji"][0].clone(), message["reactions"][0]["custom"].clone())
}

fn picture(name: &str, url: &str) -> Value {
    json!({ "name": name, "picture_url": url, "character": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emoji_of_the_workspaces_own_has_its_picture_and_keeps_its_name() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.slack.act_create_channel(&ana, "plans", false).unwrap();
    house.slack.act_join(&bruno, &channel).unwrap();
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    feed.until(|event| event["object"]["kind"] == "emoji" && event["object"]["state"] == "completed").await;
    let sent = house.send("ana", &chat, "well :acme_logo: done").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    let ts = house.slack.channel(&channel).unwrap().messages.last().unwrap().ts.clone();
    house.slack.act_react(&bruno, &channel, &ts, "acme_logo").unwrap();
    let message = feed.message(&sent["id"], |message| message["reactions"][0]["count"] == 1).await["object"].clone();

    // Another name of one leads to its picture.
    let id = &sent["id"];
    let acme = picture("acme_logo", "https://emoji.slack-edge.invalid/acme.png");
    assert_eq!(custom(&house, id).await, (acme.clone(), acme));
    assert_eq!(message["reactions"][0]["emoji"], ":acme_logo:");
    assert!(message["body"]["html"].as_str().unwrap().contains("data-kind=\"emoji\""), "{message}");

    // News of them change what is shown: renamed, removed, and added again under the old name.
    house.slack.act_rename_emoji(&bruno, "acme_logo", "other_logo").unwrap();
    house.until(async || custom(&house, id).await == (Value::Null, Value::Null)).await;
    house.slack.act_add_emoji(&bruno, "acme_logo", PARROT).unwrap();
    house.until(async || custom(&house, id).await.0 == picture("acme_logo", PARROT)).await;
    house.slack.act_remove_emoji(&bruno, "acme_logo").unwrap();
    house.slack.act_add_emoji(&bruno, "acme_logo", "alias:thumbsup").unwrap();
    let thumb = json!({ "name": "acme_logo", "picture_url": null, "character": "👍" });
    house.until(async || custom(&house, id).await.1 == thumb).await;

    // One reacts with it by its name, as before.
    let path = format!("/v1/messages/{}/reactions/:acme_logo:", id.as_str().unwrap());
    house.ask("ana", Method::PUT, &path, None).await.good();
    feed.message(id, |shown| shown["reactions"][0]["mine"] == true && shown["reactions"][0]["count"] == 2).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emoji_whose_news_were_lost_is_found_by_listing_them_anew() {
    let house = House::new().await;
    let ana = house.person(0);
    let connection = house.connect("ana", &ana).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let listed = |event: &Value| event["object"]["kind"] == "emoji" && event["object"]["state"] == "completed";
    feed.until(listed).await;
    let channel = house.slack.act_create_channel(&ana, "alone", false).unwrap();
    let chat = house.import("ana", &connection, &channel).await;
    house.slack.set_events_url(None);
    house.slack.act_add_emoji(&ana, "our_parrot", PARROT).unwrap();
    let sent = house.send("ana", &chat, ":our_parrot:").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    // What was typed here is an emoji, too. A day later they are listed anew.
    assert_eq!(custom(&house, &sent["id"]).await.0, Value::Null);
    house.clock.set_seconds(86_400 + 60);
    house.until(async || custom(&house, &sent["id"]).await.0 == picture("our_parrot", PARROT)).await;
    house.close().await;
}

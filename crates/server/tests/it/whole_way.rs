//! The main job: connect, import, and from then on both sides are the same.

use crate::house::{Feed, House};
use reqwest::Method;
use serde_json::{Value, json};

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["body"]["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_connected_imported_and_listed_page_by_page() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let available = house.get("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    let listed = available["items"].as_array().unwrap().iter().find(|chat| chat["external_id"] == channel.as_str());
    let held = house.slack.channel(&channel).unwrap();
    assert_eq!(listed.unwrap()["name"], held.name.as_str());

    let chat = house.import("ana", &connection, &channel).await;
    let messages = house.messages("ana", &chat).await;
    assert_eq!(messages.len(), held.messages.len());
    let positions: Vec<_> = messages.iter().map(|message| message["position"].as_str().unwrap()).collect();
    assert!(positions.windows(2).all(|pair| pair[0] > pair[1]), "{positions:?}");

    let chats = house.get("ana", "/v1/chats").await;
    assert_eq!(chats["items"][0]["id"], chat.as_str());
    assert_eq!(chats["items"][0]["name"], held.name.as_str());
    let who = house.get("ana", "/v1/user-platforms").await;
    assert_eq!(who["items"][0]["external_user_ids"][0], ana.as_str());
    let people = house.all("ana", &format!("/v1/connections/{connection}/people?limit=3")).await;
    assert!(people.iter().any(|person| person["external_id"] == bruno.as_str()), "{people:?}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_on_either_side_shows_on_the_other() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await;

    let sent = house.send("ana", &chat, "Bom dia 👋 & <tudo>?").await;
    assert_eq!((&sent["status"], &sent["direction"]), (&json!("pending"), &json!("outgoing")));
    let sent = feed.message(&sent["id"], |message| message["status"] == "sent").await;
    assert_eq!(sent["origin"], "app", "whether the answer or the echo told it first");
    let sent = sent["object"].clone();
    let path = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
    house.ask("ana", Method::PATCH, &path, Some(json!({ "text": "Boa tarde" }))).await.good();
    feed.message(&sent["id"], |message| message["body"]["text"] == "Boa tarde" && message["pending_change"].is_null())
        .await;
    house.ask("ana", Method::PUT, &format!("{path}/reactions/%F0%9F%8E%89"), None).await.good();
    feed.message(&sent["id"], |message| message["reactions"][0]["mine"] == true).await;
    let there = |text: &str| {
        let held = house.slack.channel(&channel).unwrap();
        held.messages.into_iter().find(|message| message.text == text)
    };
    assert!(there("Boa tarde").unwrap().reactions.contains_key("tada"));
    house.ask("ana", Method::DELETE, &format!("{path}/reactions/%F0%9F%8E%89"), None).await.good();
    feed.message(&sent["id"], |message| message["reactions"] == json!([])).await;
    house.ask("ana", Method::DELETE, &path, None).await.good();
    feed.message(&sent["id"], |message| message["deleted_at"].is_string()).await;
    assert!(there("Boa tarde").is_none());

    let ts = house.slack.act_post(&bruno, &channel, "Any news?", None).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "Any news?").await;
    assert_eq!(
        (&told["kind"], &told["origin"], &told["object"]["direction"]),
        (&json!("message.created"), &json!("live"), &json!("incoming"))
    );
    let id = told["object"]["id"].clone();
    house.slack.act_edit(&bruno, &channel, &ts, "Any good news?").unwrap();
    feed.message(&id, |message| message["body"]["text"] == "Any good news?").await;
    house.slack.act_react(&bruno, &channel, &ts, "eyes").unwrap();
    feed.message(&id, |message| message["reactions"][0]["emoji"] == "👀").await;
    let reply = json!({ "text": "Yes: in a thread", "thread_root": id });
    let reply = house.ask("ana", Method::POST, &format!("/v1/chats/{chat}/messages"), Some(reply)).await.good();
    feed.message(&reply["id"], |message| message["status"] == "sent").await;
    assert_eq!(there("Yes: in a thread").unwrap().thread_ts.as_deref(), Some(ts.as_str()));
    house.slack.act_delete(&bruno, &channel, &ts).unwrap();
    feed.message(&id, |message| message["deleted_at"].is_string()).await;

    let messages = house.messages("ana", &chat).await;
    assert_eq!(texts(&messages).iter().filter(|text| **text == "Yes: in a thread").count(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_takes_effect_once_and_another_one_with_its_key_is_refused() {
    let house = House::new().await;
    let ana = house.person(0);
    let channel = house.shared_channel(&[&ana]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let (path, key) = (format!("/v1/chats/{chat}/messages"), [("idempotency-key", "one")]);
    let send = |text: &str| house.ask_with("ana", Method::POST, &path, &key, Some(json!({ "text": text })));
    let first = send("once").await.good();
    let again = send("once").await.good();
    assert_eq!(first["id"], again["id"]);
    send("twice").await.refused(422, "key_reused");
    feed.message(&first["id"], |message| message["status"] == "sent").await;
    assert_eq!(send("once").await.good()["id"], first["id"]);
    let held = house.slack.channel(&channel).unwrap();
    assert_eq!(held.messages.iter().filter(|message| message.text == "once").count(), 1);
    let long = "k".repeat(256);
    let key = [("idempotency-key", long.as_str())];
    house
        .ask_with("ana", Method::POST, &path, &key, Some(json!({ "text": "x" })))
        .await
        .refused(400, "bad_idempotency_key");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_chat_stays_deleted_until_it_is_imported_again() {
    let house = House::new().await;
    let ana = house.person(0);
    let channel = house.shared_channel(&[&ana]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let path = format!("/v1/chats/{chat}");
    assert_eq!(house.ask("ana", Method::DELETE, &path, None).await.status, 204);
    assert_eq!(house.get("ana", "/v1/chats").await["items"], json!([]));
    let again = house.import("ana", &connection, &channel).await;
    assert_eq!(house.get("ana", "/v1/chats").await["items"][0]["id"], again.as_str());
    let run = house.ask("ana", Method::POST, &format!("/v1/chats/{again}/sync"), None).await.good();
    let mut feed = Feed::open(&house, "ana", 0).await;
    feed.until(|event| event["object_id"] == run["id"] && event["object"]["state"] == "completed").await;
    assert!(house.all("ana", "/v1/sync-statuses?limit=2").await.len() >= 3);
    house.close().await;
}

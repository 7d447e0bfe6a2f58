//! Erasing a customer leaves nothing of them, not even in the file, and touches nobody else.

use crate::house::{Feed, House};
use model::{customer::CustomerId, erasure::Erasures, store::Store};
use reqwest::Method;
use serde_json::json;
use std::path::Path;

/// Words that stand in one of ana's messages only, and in what Slack told of it.
const ANAS: &str = "a word of ana's alone 20061";
const BOBS: &str = "what bob keeps 20062";

fn is_in_a_file(folder: &Path, words: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_customer_is_gone_from_the_file_and_nobody_else_is() {
    let house = House::new().await;
    let (ana, bob) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bob]);
    let mut chats = Vec::new();
    for (customer, person, words) in [("ana", &ana, ANAS), ("bob", &bob, BOBS)] {
        let connection = house.connect(customer, person).await;
        let chat = house.import(customer, &connection, &channel).await;
        let mut feed = Feed::open(&house, customer, 0).await;
        let sent = house.send(customer, &chat, words).await;
        feed.message(&sent["id"], |message| message["status"] == "sent").await;
        chats.push(chat);
    }
    let folder = house.folder().to_owned();
    assert!(is_in_a_file(&folder, ANAS) && is_in_a_file(&folder, BOBS));
    let bobs_chats = house.get("bob", "/v1/chats").await["items"].clone();

    let token =
        house.ask("bob", Method::POST, "/v1/customer-tokens", Some(json!({ "customer_id": "bob" }))).await.good();
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    for customer in ["ana", "bob"] {
        let path = format!("/v1/customers/{customer}");
        house.call(Method::DELETE, &path, &[("authorization", &bearer)], None).await.refused(403, "forbidden");
    }
    let erased = house.ask("ana", Method::DELETE, "/v1/customers/ana", None).await;
    assert_eq!(erased.status, 202, "{erased:?}");
    house.ask("ana", Method::DELETE, "/v1/customers/ana", None).await.good();
    house.until(async || house.store.erasures(1).await.unwrap().is_empty()).await;

    for path in ["/v1/chats", "/v1/connections", "/v1/user-platforms", "/v1/sync-statuses", "/v1/events"] {
        assert_eq!(house.get("ana", path).await["items"], json!([]), "{path}");
    }
    house.ask("ana", Method::GET, &format!("/v1/chats/{}", chats[0]), None).await.refused(404, "not_found");
    assert_eq!(house.store.last_seq(&CustomerId::new("ana").unwrap()).await.unwrap(), 0);
    assert_eq!(house.get("bob", "/v1/chats").await["items"], bobs_chats);

    // Both heard what was written in the channel that they share, so it stays bob's.
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    assert_ne!(chat, chats[0], "who comes again begins anew");
    let kept = house.close_and_keep().await;
    assert!(is_in_a_file(kept.path(), BOBS));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_is_overwritten() {
    let house = House::new().await;
    let ana = house.person(0);
    let connection = house.connect("ana", &ana).await;
    let channel = house.slack.act_create_channel(&ana, "alone", true).unwrap();
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let sent = house.send("ana", &chat, ANAS).await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    house.all_is_heard().await;
    house.upload("ana", "waits.txt", ANAS).await.good();
    let uploads = house.running.server.config.uploads_folder();
    assert!(is_in_a_file(&uploads, ANAS));
    house.ask("ana", Method::DELETE, "/v1/customers/ana", None).await.good();
    house.until(async || house.store.erasures(1).await.unwrap().is_empty()).await;
    let folder = house.folder().to_owned();
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 0, "an upload is still there");
    let kept = house.close_and_keep().await;
    assert!(!is_in_a_file(&folder, ANAS), "it is still in a file");
    drop(kept);
}

//! Trash and spam, which are imported only where the customer chose so.

use crate::{
    house::House,
    mailhouse::{ANA, connect, with_mail},
};
use reqwest::Method;
use sandbox::gmail::{Act, Deed, Gmail, MessageSnapshot};
use serde_json::{Value, json};

fn act(gmail: &Gmail, deed: Deed) {
    gmail.act_as(Act { user: ANA.to_owned(), deed }).unwrap();
}

/// A mail of Ana's, by what it says.
fn mail(gmail: &Gmail, text: &str) -> MessageSnapshot {
    gmail.mailbox(ANA).unwrap().messages.into_iter().find(|one| one.text.contains(text)).unwrap()
}

/// The message of a chat that says, or said, this; by its place, the oldest first.
async fn nth(house: &House, chat: &str, place: usize) -> Value {
    let mut messages = house.messages("ana", chat).await;
    messages.reverse();
    messages.get(place).cloned().unwrap_or_default()
}

async fn compared(house: &House, chat: &str) {
    let run = house.ask("ana", Method::POST, &format!("/v1/chats/{chat}/sync"), None).await.good();
    let id = run["id"].as_str().unwrap().to_owned();
    let done = async || {
        let runs = house.all("ana", "/v1/sync-statuses?limit=50").await;
        runs.iter().any(|one| one["id"] == id.as_str() && one["state"] == "completed")
    };
    house.until(async || done().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trash_and_spam_are_imported_where_that_is_chosen_and_go_where_it_is_taken_back() {
    let (house, gmail, stop) = with_mail().await;
    let bruno = gmail.addresses().into_iter().find(|address| address != ANA).unwrap();
    gmail.act_send(&bruno, ANA, "The bin", "Nobody wants this.").unwrap();
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    let bin = mail(&gmail, "Nobody wants");
    act(&gmail, Deed::Trash { messages: vec![bin.id.clone()] });
    let connection = connect(&house, "ana", ANA).await;
    let path = format!("/v1/connections/{connection}");
    let choose = async |on: bool| {
        let shown = house.ask("ana", Method::PATCH, &path, Some(json!({ "include_trash_and_spam": on }))).await.good();
        assert_eq!(shown["include_trash_and_spam"], on, "{shown}");
    };
    let is_listed = async || {
        // All of them would cost much of what a mailbox may be asked in a minute.
        let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}&q=wants")).await;
        chats.iter().any(|chat| chat["name"] == "The bin")
    };
    assert_eq!(house.get("ana", &path).await["include_trash_and_spam"], false);
    assert!(!is_listed().await, "what lies in the trash is left out");
    choose(true).await;
    assert!(is_listed().await);

    // What is trashed there stays a message here.
    let bin_chat = house.import("ana", &connection, &bin.thread).await;
    let first = nth(&house, &bin_chat, 0).await;
    assert!(first["body"]["text"].as_str().unwrap().contains("Nobody wants"), "{first}");
    assert!(first["deleted_at"].is_null(), "{first}");
    let roof = mail(&gmail, "It leaks");
    let chat = house.import("ana", &connection, &roof.thread).await;
    act(&gmail, Deed::Trash { messages: vec![roof.id.clone()] });
    gmail.act_reply_all(ANA, &roof.id, "Somebody came.").unwrap();
    house.until(async || house.messages("ana", &chat).await.len() == 2).await;
    assert!(nth(&house, &chat, 0).await["deleted_at"].is_null());

    // What is deleted from here goes to the trash there, and stays deleted, whatever becomes of it in there.
    let second = nth(&house, &chat, 1).await;
    let message = format!("/v1/messages/{}", second["id"].as_str().unwrap());
    house.ask("ana", Method::DELETE, &message, None).await.good();
    let is_gone = async |chat: &str, place| nth(&house, chat, place).await["deleted_at"].is_string();
    house.until(async || is_gone(&chat, 1).await).await;
    house.until(async || mail(&gmail, "Somebody came").labels.contains("TRASH")).await;
    let came = mail(&gmail, "Somebody came").id;
    act(&gmail, Deed::Label { messages: vec![came.clone()], add: vec!["STARRED".to_owned()], remove: Vec::new() });
    compared(&house, &chat).await;
    assert!(is_gone(&chat, 1).await, "only what is taken out of the trash comes back");
    assert!(!is_gone(&chat, 0).await, "what was trashed there is a message still");

    // Taken back, what lies in the trash reads as deleted, and what is taken out of it comes back.
    // What is younger than a minute is left to the news.
    house.clock.set_seconds(120);
    choose(false).await;
    house.until(async || is_gone(&chat, 0).await && is_gone(&bin_chat, 0).await).await;
    assert!(!is_listed().await);
    act(&gmail, Deed::Untrash { messages: vec![bin.id, came] });
    house.until(async || !is_gone(&bin_chat, 0).await && !is_gone(&chat, 1).await).await;
    assert!(is_gone(&chat, 0).await);
    let missed = house.get("ana", &path).await["miss_rate"].as_f64();
    assert_eq!(missed.unwrap_or_default(), 0.0, "nobody was to tell of what was chosen");

    let slack = house.connect("ana", &house.person(0)).await;
    let path = format!("/v1/connections/{slack}");
    let wish = |on: bool| Some(json!({ "include_trash_and_spam": on }));
    house.ask("ana", Method::PATCH, &path, wish(true)).await.refused(422, "not_possible");
    house.ask("ana", Method::PATCH, &path, wish(false)).await.good();
    drop(stop);
    house.close().await;
}

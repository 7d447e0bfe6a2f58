//! What a person unticks on Google's page: the mailbox is only read, until they allow more.

use crate::{
    house::Feed,
    mailhouse::{ANA, connect, connect_with, with_mail},
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_only_read_until_its_owner_allows_more() {
    let (house, gmail, stop) = with_mail().await;
    let bruno = gmail.addresses().into_iter().find(|address| address != ANA).unwrap();
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    // What the emulated Ana allowed before she ever came here does not count.
    gmail.revoke(ANA);
    let nothing = connect_with(&house, "ana", ANA, |scope| !scope.contains("gmail.")).await;
    assert!(nothing.contains("error=gmail.insufficient_scope"), "{nothing}");
    assert_eq!(house.get("ana", "/v1/connections").await["items"], json!([]));

    let back = connect_with(&house, "ana", ANA, |scope| !scope.ends_with("gmail.modify")).await;
    let connection = back.strip_prefix("/?connection=").unwrap_or_else(|| panic!("{back}")).to_owned();
    let path = format!("/v1/connections/{connection}");
    let shown = house.get("ana", &path).await;
    let can = |shown: &Value| {
        let wanted = ["send", "delete", "files", "mark_read", "mark_unread", "mail"];
        wanted.map(|ability| shown["abilities"][ability].as_bool().unwrap())
    };
    assert_eq!(can(&shown), [false; 6], "{shown}");
    let has = |shown: &Value, scope: &str| shown["scopes"].as_array().unwrap().iter().any(|one| one == scope);
    assert!(!has(&shown, "https://www.googleapis.com/auth/gmail.modify"), "{shown}");

    // It is imported, and its news come.
    let thread =
        gmail.mailbox(ANA).unwrap().messages.iter().find(|one| one.subject == "The roof").unwrap().thread.clone();
    let chat = house.import("ana", &connection, &thread).await;
    let leak = gmail.mailbox(ANA).unwrap().about("The roof")[0].id.clone();
    gmail.act_reply_all(ANA, &leak, "We send somebody.").unwrap();
    house.until(async || house.messages("ana", &chat).await.len() == 2).await;
    assert_eq!(house.get("ana", &path).await["state"], "active");
    assert!(!house.get("ana", &format!("{path}/labels")).await["items"].as_array().unwrap().is_empty());

    // Nothing is written, and each refusal says so at once.
    let sends = format!("/v1/chats/{chat}/messages");
    let messages = house.messages("ana", &chat).await;
    let [own, theirs] = [0, 1].map(|place| messages[place]["id"].as_str().unwrap().to_owned());
    for (method, path, wish) in [
        (Method::POST, sends.clone(), Some(json!({ "text": "They are on their way." }))),
        (
            Method::POST,
            "/v1/chats".to_owned(),
            Some(json!({
                "connection_id": connection, "to": [{ "address": bruno }], "subject": "Hello", "text": "Hello."
            })),
        ),
        (Method::DELETE, format!("/v1/messages/{own}"), None),
        (Method::POST, format!("/v1/chats/{chat}/unread"), Some(json!({ "message_id": theirs }))),
    ] {
        let refused = house.ask("ana", method, &path, wish).await;
        refused.refused(422, "not_possible");
    }
    let read = house.ask("ana", Method::POST, &format!("/v1/chats/{chat}/read"), Some(json!({}))).await.good();
    assert_eq!(read["unread_count"], 0, "here it is read: {read}");
    let at_anas = gmail.mailbox(ANA).unwrap();
    let there = at_anas.messages.iter().find(|one| one.id == leak).unwrap();
    assert!(there.labels.contains("UNREAD"), "there nothing may be changed");
    let at_brunos = gmail.mailbox(&bruno).unwrap().about("The roof")[0].id.clone();
    gmail.act_reply_all(&bruno, &at_brunos, "Thank you.").unwrap();
    house.until(async || house.messages("ana", &chat).await.len() == 3).await;
    let unread = house.get("ana", &format!("/v1/chats/{chat}")).await["unread_count"].clone();
    assert_eq!(unread, 1, "what was read here stays read");

    // The same connection can do more once more is allowed, with all that it had.
    assert_eq!(connect(&house, "ana", ANA).await, connection);
    let shown = house.get("ana", &path).await;
    assert_eq!(can(&shown), [true; 6], "{shown}");
    assert!(has(&shown, "https://www.googleapis.com/auth/gmail.modify"), "{shown}");
    assert_eq!(house.messages("ana", &chat).await.len(), 3);
    let mut feed = Feed::open(&house, "ana", 0).await;
    let sent = house.send("ana", &chat, "They are on their way.").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    assert_eq!(house.messages("ana", &chat).await.len(), 4);
    drop((feed, stop));
    house.close().await;
}

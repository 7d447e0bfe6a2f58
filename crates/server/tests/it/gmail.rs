//! Mail in the same house: a thread is a chat, an answer goes to the other side and comes back.

use crate::{
    house::Feed,
    mailhouse::{ANA, connect, with_mail},
};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_imported_and_an_answer_arrives_in_it_on_the_other_side() {
    let (house, gmail, stop) = with_mail().await;
    let others: Vec<_> = gmail.addresses().into_iter().filter(|address| address != ANA).collect();
    gmail.act_send(&others[0], ANA, "The roof", "It leaks again. Zürich says hello.").unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let shown = house.get("ana", &format!("/v1/connections/{connection}")).await;
    assert_eq!((&shown["platform"], &shown["external_account"]), (&json!("gmail"), &json!(ANA)), "{shown}");

    let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    let roof = chats.iter().find(|chat| chat["name"] == "The roof").unwrap_or_else(|| panic!("{chats:?}"));
    let chat = house.import("ana", &connection, roof["external_id"].as_str().unwrap()).await;
    let messages = house.messages("ana", &chat).await;
    let mail: &Value = &messages[0];
    assert_eq!((&mail["subject"], &mail["direction"]), (&json!("The roof"), &json!("incoming")), "{mail}");
    assert!(mail["body"]["text"].as_str().unwrap().contains("Zürich"), "{mail}");
    assert_eq!(mail["recipients"]["to"][0]["address"], ANA);
    assert_eq!(mail["recipients"]["to"][0]["me"], true);

    let mut feed = Feed::open(&house, "ana", 0).await;
    let sent = house.send("ana", &chat, "We send **somebody**.").await;
    let sent = feed.message(&sent["id"], |message| message["status"] == "sent").await["object"].clone();
    assert_eq!((&sent["direction"], &sent["subject"]), (&json!("outgoing"), &json!("Re: The roof")), "{sent}");
    let there = gmail.mailbox(&others[0]).unwrap();
    let thread: Vec<_> = there.messages.iter().filter(|one| one.subject.contains("The roof")).collect();
    assert_eq!(thread.len(), 2, "it arrived once");
    assert_eq!(thread[0].thread, thread[1].thread, "in the thread that it answers");
    house
        .ask(
            "ana",
            Method::PATCH,
            &format!("/v1/messages/{}", sent["id"].as_str().unwrap()),
            Some(json!({ "text": "x" })),
        )
        .await
        .refused(422, "not_possible");
    drop((feed, stop));
    house.close().await;
}

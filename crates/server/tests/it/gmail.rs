//! Mail in the same house: a thread is a chat, an answer goes to the other side and comes back.

use crate::{
    house::Feed,
    mailhouse::{ANA, connect, with_mail},
};
use reqwest::Method;
use sandbox::gmail::{Act, Deed};
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

#[tokio::test(flavor = "multi_thread")]
async fn threads_are_chosen_by_label_and_time_and_all_of_those_are_imported() {
    let (house, gmail, stop) = with_mail().await;
    let bruno = gmail.addresses().into_iter().find(|address| address != ANA).unwrap();
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    gmail.act_send(&bruno, ANA, "The cellar", "It is dry.").unwrap();
    let made = gmail.act_as(Act { user: ANA.to_owned(), deed: Deed::MakeLabel { name: "Houses".to_owned() } }).unwrap();
    let label = made["label"].as_str().unwrap().to_owned();
    let roof = gmail.mailbox(ANA).unwrap().messages.into_iter().find(|one| one.subject == "The roof").unwrap();
    let (messages, add) = (vec![roof.id], vec![label.clone()]);
    gmail.act_as(Act { user: ANA.to_owned(), deed: Deed::Label { messages, add, remove: vec![] } }).unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let path = format!("/v1/connections/{connection}");
    house.ask("ana", Method::PATCH, &path, Some(json!({ "import_new_chats": false }))).await.good();

    let offered = house.get("ana", &format!("{path}/labels")).await["items"].clone();
    let offered = offered.as_array().unwrap();
    assert_eq!(offered[0], json!({ "id": "INBOX", "name": "Inbox" }));
    assert!(offered.contains(&json!({ "id": label, "name": "Houses" })), "{offered:?}");
    let never = ["DRAFT", "CHAT", "TRASH", "SPAM"].map(|id| json!(id));
    assert!(offered.iter().all(|label| !never.contains(&label["id"])), "{offered:?}");

    let names = async |query: &str| {
        let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}{query}")).await;
        chats.into_iter().map(|chat| chat["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(names("").await.len() > 2, "the mailbox has a past");
    assert_eq!(names(&format!("&label={label}")).await, ["The roof"]);
    let of_today = names("&since=2200-01-01T00:00:00.000Z").await;
    assert_eq!(of_today, [""; 0], "nothing is from then on");
    let wish = json!({ "connection_id": connection, "all": true, "label": label });
    house.ask("ana", Method::POST, "/v1/chats/import", Some(wish)).await.good();
    let held = async || house.all("ana", "/v1/chats?limit=50").await;
    house.until(async || held().await.iter().any(|chat| chat["name"] == "The roof")).await;
    house.until(async || house.get("ana", &path).await["state"] == "active").await;
    assert_eq!(held().await.len(), 1, "no other was chosen");

    let slack = house.connect("ana", &house.person(0)).await;
    let none = house.get("ana", &format!("/v1/connections/{slack}/labels")).await;
    assert_eq!(none["items"], json!([]), "Slack has no labels");
    drop(stop);
    house.close().await;
}

//! Mail in the same house: a thread is a chat, an answer goes to the other side and comes back.

use crate::{
    browser::Browser,
    house::{Feed, House},
};
use model::world::Secret;
use reqwest::{Method, header};
use sandbox::gmail::{App, Config as World, Gmail, Quota};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::{net::TcpListener, sync::oneshot};

const ANA: &str = "ana@acme.example";

/// A house that has an emulated Gmail beside its Slack.
async fn with_mail() -> (House, Gmail, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (app, clock) = (App::default(), Arc::new(sandbox::clock::SystemClock));
    let gmail = Gmail::new(World { quota: Quota::New, ..World::default() }, clock);
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(sandbox::gmail::serve::run(gmail.clone(), listener, async move { drop(stopped.await) }));
    let house = House::with(
        |config| {
            let settings = [("client_id", app.client_id), ("client_secret", app.client_secret), ("base_url", address)];
            let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), Secret(value)));
            config.integrations.insert("gmail".to_owned(), settings.collect());
        },
        |_| {},
    );
    (house.await, gmail, stop)
}

/// Signs in with Google and allows everything. Gives the connection's id.
async fn connect(house: &House, customer: &str, address: &str) -> String {
    let wish = json!({ "integration": "gmail", "return_to": "/" });
    let begun = house.ask(customer, Method::POST, "/v1/connections", Some(wish)).await.good();
    let mut browser = Browser::new(house);
    let consent = reqwest::Url::parse(&browser.leave(begun["connect_url"].as_str().unwrap()).await).unwrap();
    let mut form: Vec<(String, String)> = consent.query_pairs().into_owned().collect();
    let scopes = form.iter().find(|(name, _)| name == "scope").unwrap().1.clone();
    form.extend(scopes.split(' ').map(|scope| ("granted".to_owned(), scope.to_owned())));
    form.extend([("user", address), ("decision", "allow")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut body = reqwest::Url::parse("http://form.example").unwrap();
    body.query_pairs_mut().extend_pairs(form);
    let call = house.client.post(consent.origin().ascii_serialization() + consent.path());
    let call = call.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = call.body(body.query().unwrap().to_owned()).send().await.unwrap();
    let back = browser.come_back(answer.headers()["location"].to_str().unwrap()).await;
    let location = back.headers()["location"].to_str().unwrap().to_owned();
    location.strip_prefix("/?connection=").unwrap_or_else(|| panic!("{location}")).to_owned()
}

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

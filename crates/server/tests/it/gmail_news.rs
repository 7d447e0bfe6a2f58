//! What is new in a mailbox: read on from where it was read last, told of by pushes or looked for.

use crate::{
    house::{Answer, Feed, House, SkewedClock},
    mailhouse::{ANA, connect, with_mail, with_mail_and, with_mail_by},
};
use model::{
    following::Followings,
    world::{Clock, Secret},
};
use reqwest::Method;
use sandbox::gmail::{Act, Deed, Gmail, Subscription};
use serde_json::{Value, json};
use std::sync::Arc;

const AUDIENCE: &str = "https://bothways.example/hooks/gmail";
const PUSHER: &str = "pusher@bothways-sandbox.iam.gserviceaccount.com";
const TOPIC: &str = "projects/bothways-sandbox/topics/gmail";
const SUBSCRIPTION: &str = "projects/bothways-sandbox/subscriptions/push";

fn act(gmail: &Gmail, user: &str, deed: Deed) {
    gmail.act_as(Act { user: user.to_owned(), deed }).unwrap();
}

fn other(gmail: &Gmail) -> String {
    gmail.addresses().into_iter().find(|address| address != ANA).unwrap()
}

/// The id of a mail in somebody's mailbox, by its subject and a word in it.
fn mail(gmail: &Gmail, whose: &str, word: &str) -> String {
    let held = gmail.mailbox(whose).unwrap();
    let found = held.messages.iter().find(|one| one.text.contains(word));
    found.unwrap_or_else(|| panic!("no {word} in {:?}", held.messages)).id.clone()
}

/// The chat of this name, once it has so many messages.
async fn chat_with(house: &House, name: &str, messages: usize) -> Value {
    let found = async || {
        let chats = house.all("ana", "/v1/chats?limit=50").await;
        chats.into_iter().find(|chat| chat["name"] == name)
    };
    house
        .until(async || match found().await {
            Some(chat) => house.messages("ana", chat["id"].as_str().unwrap()).await.len() == messages,
            None => false,
        })
        .await;
    found().await.unwrap()
}

async fn chat_now(house: &House, chat: &Value) -> Value {
    house.get("ana", &format!("/v1/chats/{}", chat["id"].as_str().unwrap())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn new_threads_come_whole_and_answers_trash_and_labels_follow() {
    let (house, gmail, stop) = with_mail().await;
    let bruno = other(&gmail);
    // An old thread, of which nobody asked before it goes on.
    gmail.act_send(&bruno, ANA, "Old matters", "The first word of old.").unwrap();
    connect(&house, "ana", ANA).await;
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    let roof = chat_with(&house, "The roof", 1).await;
    assert_eq!((&roof["kind"], &roof["unread_count"]), (&json!("email_thread"), &json!(1)), "{roof}");

    let old = mail(&gmail, &bruno, "first word of old");
    gmail.act_reply_all(&bruno, &old, "The second word of old.").unwrap();
    chat_with(&house, "Old matters", 2).await;

    let leak = mail(&gmail, ANA, "It leaks again");
    let id = roof["id"].as_str().unwrap().to_owned();
    let deleted = async || house.messages("ana", &id).await[0]["deleted_at"].is_string();
    act(&gmail, ANA, Deed::Trash { messages: vec![leak.clone()] });
    house.until(async || deleted().await).await;
    act(&gmail, ANA, Deed::Untrash { messages: vec![leak.clone()] });
    house.until(async || !deleted().await).await;
    let text = house.messages("ana", &id).await[0]["body"]["text"].clone();
    assert!(text.as_str().unwrap().contains("It leaks again"), "its words are there again: {text}");
    act(&gmail, ANA, Deed::Delete { messages: vec![leak] });
    house.until(async || deleted().await).await;

    let label =
        Deed::Label { messages: vec![mail(&gmail, ANA, "second word")], add: vec!["STARRED".into()], remove: vec![] };
    act(&gmail, ANA, label);
    let starred = async || {
        let chat = chat_with(&house, "Old matters", 2).await;
        chat["platform_data"]["labels"].as_array().is_some_and(|all| all.contains(&json!("STARRED")))
    };
    house.until(async || starred().await).await;
    drop(stop);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_here_is_read_there_and_back() {
    let (house, gmail, stop) = with_mail().await;
    let bruno = other(&gmail);
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    let first = mail(&gmail, &bruno, "It leaks again");
    gmail.act_reply_all(&bruno, &first, "And now the cellar, too.").unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let thread =
        gmail.mailbox(ANA).unwrap().messages.iter().find(|one| one.subject == "The roof").unwrap().thread.clone();
    let id = house.import("ana", &connection, &thread).await;
    let path = format!("/v1/chats/{id}");
    assert_eq!(house.get("ana", &path).await["unread_count"], 2);

    let unread = |word: &str| {
        let held = gmail.mailbox(ANA).unwrap();
        held.messages.iter().find(|one| one.text.contains(word)).unwrap().labels.contains("UNREAD")
    };
    let messages = house.messages("ana", &id).await;
    let (newer, older) = (&messages[0]["id"], &messages[1]["id"]);
    house.ask("ana", Method::POST, &format!("{path}/read"), Some(json!({ "message_id": older }))).await.good();
    house.until(async || !unread("It leaks again")).await;
    assert!(unread("the cellar"), "what stands after the mark stays unread");
    house.until(async || house.get("ana", &path).await["unread_count"] == 1).await;

    // Read there, and unread there again.
    let cellar = mail(&gmail, ANA, "the cellar");
    let relabel = |add: &[&str], remove: &[&str]| Deed::Label {
        messages: vec![cellar.clone()],
        add: add.iter().map(|label| (*label).to_owned()).collect(),
        remove: remove.iter().map(|label| (*label).to_owned()).collect(),
    };
    act(&gmail, ANA, relabel(&[], &["UNREAD"]));
    house.until(async || house.get("ana", &path).await["unread_count"] == 0).await;
    act(&gmail, ANA, relabel(&["UNREAD"], &[]));
    house.until(async || house.get("ana", &path).await["unread_count"] == 1).await;

    // And unread here.
    house.ask("ana", Method::POST, &format!("{path}/read"), Some(json!({ "message_id": newer }))).await.good();
    house.until(async || !unread("the cellar")).await;
    let all =
        house.ask("ana", Method::POST, &format!("{path}/unread"), Some(json!({ "message_id": older }))).await.good();
    assert_eq!(all["chat"]["unread_count"].as_u64().or(all["unread_count"].as_u64()), Some(2), "{all}");
    house.until(async || unread("It leaks again") && unread("the cellar")).await;
    assert_eq!(house.get("ana", &path).await["unread_count"], 2);
    drop(stop);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_place_in_the_history_leads_to_a_full_comparison() {
    let (house, gmail, stop) = with_mail_and(|config| config.checks.poll_seconds = 3_600).await;
    let bruno = other(&gmail);
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let thread =
        gmail.mailbox(ANA).unwrap().messages.iter().find(|one| one.subject == "The roof").unwrap().thread.clone();
    let id = house.import("ana", &connection, &thread).await;
    // The line has been read to its end; nobody looks for an hour, and then it is too late.
    let ana = model::customer::CustomerId::new("ana").unwrap();
    let followed = async || {
        let row = house.store.following(&ana, connection.parse().unwrap()).await.unwrap().unwrap();
        row.due_at > house.clock.now()
    };
    house.until(async || followed().await).await;
    let leak = mail(&gmail, ANA, "It leaks again");
    gmail.act_reply_all(&bruno, &mail(&gmail, &bruno, "It leaks"), "Somebody came.").unwrap();
    act(&gmail, ANA, Deed::Trash { messages: vec![leak] });
    gmail.act_send(&bruno, ANA, "Quite new", "Never told of.").unwrap();
    gmail.expire_history(ANA);
    house.clock.set_seconds(3_700);
    let known = async || {
        let messages = house.messages("ana", &id).await;
        messages.len() == 2 && messages[1]["deleted_at"].is_string()
    };
    house.until(async || known().await).await;
    chat_with(&house, "Quite new", 1).await;
    drop(stop);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emoji_stands_under_its_mail_and_a_bounce_shows_on_the_mail_that_came_back() {
    let (house, gmail, stop) = with_mail().await;
    connect(&house, "ana", ANA).await;
    let bruno = other(&gmail);
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    let roof = chat_with(&house, "The roof", 1).await;
    let id = roof["id"].as_str().unwrap().to_owned();
    gmail.act_reply_all(ANA, &mail(&gmail, ANA, "It leaks"), "Somebody comes at noon.").unwrap();
    chat_with(&house, "The roof", 2).await;
    let noon = mail(&gmail, &bruno, "at noon");
    act(&gmail, &bruno, Deed::React { message: noon, emoji: "👍".to_owned() });
    let newest = async || house.messages("ana", &id).await[0].clone();
    house.until(async || newest().await["reactions"][0]["emoji"] == "👍").await;
    assert_eq!(house.messages("ana", &id).await.len(), 2, "it is no mail of its own");

    gmail.act_send(ANA, "nobody@acme.example", "Into the blue", "Is anybody there?").unwrap();
    let failed = async || {
        let chats = house.all("ana", "/v1/chats?limit=50").await;
        let Some(blue) = chats.iter().find(|chat| chat["name"] == "Into the blue") else { return Value::Null };
        let messages = house.messages("ana", blue["id"].as_str().unwrap()).await;
        messages.iter().find(|one| one["direction"] == "outgoing").map_or(Value::Null, |one| one["error"].clone())
    };
    house.until(async || failed().await["code"] == "gmail.not_delivered").await;
    let detail = failed().await["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("nobody@acme.example"), "{detail}");
    drop(stop);
    house.close().await;
}

/// A house to which Gmail pushes.
async fn pushed(clock: Arc<SkewedClock>) -> (House, Gmail, tokio::sync::oneshot::Sender<()>) {
    let (house, gmail, stop) = with_mail_by(clock, |config| {
        config.checks.poll_seconds = 3_600;
        config.checks.pushed = Some(true);
        let settings = config.integrations.get_mut("gmail").unwrap();
        let more = [
            ("pubsub_topic", TOPIC),
            ("pubsub_subscription", SUBSCRIPTION),
            ("pubsub_audience", AUDIENCE),
            ("pubsub_service_account", PUSHER),
        ];
        settings.extend(more.map(|(name, value)| (name.to_owned(), Secret(value.to_owned()))));
    })
    .await;
    let endpoint = format!("{}/hooks/gmail", house.base);
    let pull = Subscription::push(SUBSCRIPTION, TOPIC, &endpoint);
    gmail.set_subscription(Subscription { audience: Some(AUDIENCE.to_owned()), pusher: PUSHER.to_owned(), ..pull });
    (house, gmail, stop)
}

async fn push(house: &House, headers: &[(&str, &str)], body: Value) -> Answer {
    house.call(Method::POST, "/hooks/gmail", headers, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_makes_us_look_and_a_forged_one_does_not() {
    let clock = Arc::new(SkewedClock::default());
    let (house, gmail, stop) = pushed(Arc::clone(&clock)).await;
    let connection = connect(&house, "ana", ANA).await;
    house.until(async || gmail.mailbox(ANA).unwrap().watched_until_micros.is_some()).await;
    let shown = house.get("ana", &format!("/v1/connections/{connection}")).await;
    assert_eq!(shown["abilities"]["news"], json!(["webhook"]), "{shown}");
    let bruno = other(&gmail);
    // More than one notice in a second is never sent, and the watch was told of just now.
    clock.set_seconds(2);
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    chat_with(&house, "The roof", 1).await;

    let data = |address: &str| json!({ "message": { "data": encoded(address), "messageId": "1" }, "subscription": SUBSCRIPTION });
    push(&house, &[], data(ANA)).await.refused(401, "unauthorized");
    push(&house, &[("authorization", "Bearer nonsense")], data(ANA)).await.refused(401, "unauthorized");
    let signed = |claims: Value| format!("Bearer {}", sandbox::gmail::signed(&claims));
    let now = house.clock.now().millis() / 1_000;
    let good = json!({ "iss": "https://accounts.google.com", "aud": AUDIENCE, "email": PUSHER, "email_verified": true, "iat": now, "exp": now + 3_600 });
    for (field, wrong) in [
        ("iss", json!("https://accounts.example")),
        ("aud", json!("https://elsewhere.example/hooks/gmail")),
        ("email", json!("somebody@bothways-sandbox.iam.gserviceaccount.com")),
        ("email_verified", json!(false)),
        ("exp", json!(now - 3_600)),
        ("iat", json!(now + 3_600)),
    ] {
        let mut claims = good.clone();
        claims[field] = wrong;
        let bearer = signed(claims);
        let answer = push(&house, &[("authorization", &bearer)], data(ANA)).await;
        assert_eq!(answer.status, 401, "{field}: {answer:?}");
    }
    let bearer = signed(good);
    let with = [("authorization", bearer.as_str())];
    assert_eq!(push(&house, &with, data(ANA)).await.status, 200);
    assert_eq!(push(&house, &with, data(ANA)).await.status, 200, "a replay makes us look once more");
    assert_eq!(push(&house, &with, data("nobody@elsewhere.example")).await.status, 200, "nobody here has that mailbox");
    let mut elsewhere = data(ANA);
    elsewhere["subscription"] = json!("projects/other/subscriptions/push");
    push(&house, &with, elsewhere).await.refused(401, "unauthorized");
    push(&house, &with, json!({ "message": { "data": "%" } })).await.refused(401, "unauthorized");
    push(&house, &with, json!({ "message": { "data": "%" }, "subscription": SUBSCRIPTION }))
        .await
        .refused(400, "unreadable");
    drop(stop);
    house.close().await;
}

/// What Gmail publishes, with a history id that went back.
fn encoded(address: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(json!({ "emailAddress": address, "historyId": 1 }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_lost_is_healed_by_connecting_again_and_nothing_is_missed() {
    let (house, gmail, stop) = with_mail().await;
    let bruno = other(&gmail);
    let connection = connect(&house, "ana", ANA).await;
    gmail.act_send(&bruno, ANA, "The roof", "It leaks again.").unwrap();
    let roof = chat_with(&house, "The roof", 1).await;
    gmail.revoke(ANA);
    gmail.act_reply_all(&bruno, &mail(&gmail, &bruno, "It leaks"), "Nobody hears this yet.").unwrap();
    let path = format!("/v1/connections/{connection}");
    house.until(async || house.get("ana", &path).await["state"] == "needs_login").await;
    assert_eq!(connect(&house, "ana", ANA).await, connection, "the same connection, revived");
    let again = chat_with(&house, "The roof", 2).await;
    assert_eq!(again["id"], roof["id"]);
    drop((stop, chat_now(&house, &roof).await, Feed::open(&house, "ana", 0).await));
    house.close().await;
}

//! Who the customer is on a platform: what they say of it, and which of the messages are theirs then.

use crate::house::{Answer, Feed, House};
use reqwest::Method;
use serde_json::{Value, json};

async fn put(house: &House, customer: &str, user: &Value, body: Value) -> Answer {
    let path = format!("/v1/user-platforms/{}", user["id"].as_str().unwrap());
    house.ask(customer, Method::PUT, &path, Some(body)).await
}

async fn user(house: &House, customer: &str) -> Value {
    house.get(customer, "/v1/user-platforms").await["items"][0].clone()
}

async fn direction(house: &House, customer: &str, chat: &str, text: &str) -> Value {
    let all = house.messages(customer, chat).await;
    let found = all.into_iter().find(|message| message["body"]["text"] == text).unwrap();
    found["direction"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_customer_says_to_be_wrote_their_messages() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.slack.act_create_channel(&ana, "plans", false).unwrap();
    house.slack.act_join(&bruno, &channel).unwrap();
    house.slack.act_post(&bruno, &channel, "by my other self", None).unwrap();
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let of_ana = user(&house, "ana").await;
    assert_eq!(of_ana["proven_user_ids"], json!([ana]));
    assert_eq!(direction(&house, "ana", &chat, "by my other self").await, "incoming");

    let mut feed = Feed::open(&house, "ana", 0).await;
    let both = json!({ "external_user_ids": [ana, bruno] });
    let put_once = put(&house, "ana", &of_ana, both.clone()).await.good();
    assert_eq!((&put_once["external_user_ids"], &put_once["proven_user_ids"]), (&json!([ana, bruno]), &json!([ana])));
    assert_eq!(put_once["name"], of_ana["name"], "what is not said is as the platform says");
    let told = feed.until(|event| event["kind"] == "user_platform.updated" && event["revision"] == 2).await;
    assert_eq!((&told["object"], &told["origin"]), (&put_once, &json!("app")));
    let turned = feed
        .until(|event| {
            event["object"]["body"]["text"] == "by my other self" && event["object"]["direction"] == "outgoing"
        })
        .await;
    assert_eq!(turned["origin"], "reconciliation");
    assert_eq!(turned["object"]["sender"]["me"], true);
    assert_eq!(put(&house, "ana", &of_ana, both).await.good(), put_once, "said again, it changes nothing");

    // What comes now is theirs at once. This connection cannot speak for that person, though.
    house.slack.act_post(&bruno, &channel, "and again", None).unwrap();
    let again = feed.until(|event| event["object"]["body"]["text"] == "and again").await["object"].clone();
    assert_eq!((&again["direction"], &again["changeable"]), (&json!("outgoing"), &json!(false)));
    let path = format!("/v1/messages/{}", again["id"].as_str().unwrap());
    house.ask("ana", Method::DELETE, &path, None).await.refused(422, "not_by_this_connection");

    // Taken back, they are somebody else's again.
    put(&house, "ana", &of_ana, json!({ "external_user_ids": [ana] })).await.good();
    feed.until(|event| event["object"]["id"] == again["id"] && event["object"]["direction"] == "incoming").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_said_stays_when_the_customer_connects_again() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    house.connect("ana", &ana).await;
    let by_slack = user(&house, "ana").await;
    let said = json!({ "external_user_ids": [ana, bruno], "name": " Ana B. ", "emails": ["ana@example.org"] });
    house.until(async || put(&house, "ana", &by_slack, said.clone()).await.status == 200).await;
    house.connect("ana", &ana).await;
    let held = user(&house, "ana").await;
    assert_eq!((&held["name"], &held["emails"]), (&json!("Ana B."), &json!(["ana@example.org"])));
    assert_eq!(held["external_user_ids"], json!([ana, bruno]));
    let taken_back = put(&house, "ana", &by_slack, json!({ "external_user_ids": [ana] })).await.good();
    assert_eq!((&taken_back["name"], &taken_back["emails"]), (&by_slack["name"], &by_slack["emails"]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_somebody_else_by_saying_so() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let shared = house.slack.act_create_channel(&bruno, "shared", false).unwrap();
    house.slack.act_join(&ana, &shared).unwrap();
    let secret = house.slack.act_create_channel(&bruno, "secret", true).unwrap();
    house.slack.act_post(&bruno, &shared, "mine alone", None).unwrap();
    let connections = [house.connect("ana", &ana).await, house.connect("bruno", &bruno).await];
    let of_ana = house.import("ana", &connections[0], &shared).await;
    let of_bruno = house.import("bruno", &connections[1], &shared).await;
    let held = user(&house, "ana").await;
    put(&house, "ana", &held, json!({ "external_user_ids": [ana, bruno] })).await.good();
    let mut feed = Feed::open(&house, "ana", 0).await;
    let sorted = |event: &Value| event["object"]["kind"] == "directions" && event["object"]["state"] == "completed";
    feed.until(sorted).await;
    // Slack proved who Bruno is, so his words stay his, on both sides, and his chats stay closed to Ana.
    assert_eq!(direction(&house, "ana", &of_ana, "mine alone").await, "incoming");
    assert_eq!(direction(&house, "bruno", &of_bruno, "mine alone").await, "outgoing");
    house.slack.act_post(&bruno, &shared, "still mine", None).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "still mine").await;
    assert_eq!(told["object"]["direction"], "incoming");
    let wish = json!({ "connection_id": connections[0], "chats": [secret] });
    house.ask("ana", Method::POST, "/v1/chats/import", Some(wish)).await.refused(422, "not_a_member");

    let ids = |ids: Value| json!({ "external_user_ids": ids });
    put(&house, "ana", &held, ids(json!([bruno]))).await.refused(422, "proven_id_missing");
    put(&house, "ana", &held, ids(json!([ana, "U0NOBODY"]))).await.refused(422, "unknown_person");
    let many: Vec<_> = (0..21).map(|number| json!(format!("U{number}"))).collect();
    put(&house, "ana", &held, ids(json!(many))).await.refused(422, "too_many_ids");
    let named = |name: &str| json!({ "external_user_ids": [ana], "name": name });
    put(&house, "ana", &held, named(" ")).await.refused(422, "bad_name");
    let addresses = json!({ "external_user_ids": [ana], "emails": ["nobody"] });
    put(&house, "ana", &held, addresses).await.refused(422, "bad_email");
    put(&house, "ana", &held, json!({ "name": "Ana" })).await.refused(422, "wrong_shape");
    put(&house, "bruno", &held, ids(json!([bruno]))).await.refused(404, "not_found");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_somebody_of_another_company_either() {
    let house = House::with(|_| {}, |world| world.world.workspaces = 2).await;
    let people = house.slack.users().into_iter().filter(|user| user.email.is_some());
    let (ana, people) = (house.person(0), people.collect::<Vec<_>>());
    let acme = people.iter().find(|user| user.id == ana).unwrap().team.clone();
    let gus = people.into_iter().find(|user| user.team != acme).unwrap();
    let room = house.slack.act_create_channel(&ana, "deal-room", true).unwrap();
    house.slack.act_share_channel(&ana, &room, &gus.team).unwrap();
    house.slack.act_invite(&ana, &room, &gus.id).unwrap();
    house.slack.act_post(&gus.id, &room, "on behalf of Globex", None).unwrap();
    let connections = [house.connect("ana", &ana).await, house.connect("gus", &gus.id).await];
    let chat = house.import("ana", &connections[0], &room).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let held = user(&house, "ana").await;
    put(&house, "ana", &held, json!({ "external_user_ids": [ana, gus.id] })).await.good();
    feed.until(|event| event["object"]["kind"] == "directions" && event["object"]["state"] == "completed").await;
    assert_eq!(direction(&house, "ana", &chat, "on behalf of Globex").await, "incoming");
    house.slack.act_post(&gus.id, &room, "still on its behalf", None).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "still on its behalf").await;
    assert_eq!(told["object"]["direction"], "incoming");
    house.close().await;
}

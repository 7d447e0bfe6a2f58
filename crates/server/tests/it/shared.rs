//! Channels that two companies share (Slack Connect), and organizations of several workspaces.

use crate::{
    browser::Browser,
    house::{Feed, House},
};
use model::erasure::Erasures;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Words of a channel that only one of the companies has.
const OWN: &str = "quince-marmalade";

async fn two_workspaces(organization: bool) -> (House, String, String) {
    let house = House::with(|_| {}, |world| (world.world.workspaces, world.world.organization) = (2, organization));
    let house = house.await;
    let teams: Vec<_> = house.slack.outline().workspaces.into_keys().collect();
    let [acme, globex] = teams.try_into().unwrap();
    (house, acme, globex)
}

/// Somebody in a workspace: their id and their name.
fn person(house: &House, team: &str, number: usize) -> (String, String) {
    let people = house.slack.users().into_iter().filter(|user| user.team == team && user.email.is_some());
    people
        .map(|user| (user.id, if user.display_name.is_empty() { user.real_name } else { user.display_name }))
        .nth(number)
        .unwrap()
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["body"]["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_companies_share_a_channel_and_nothing_else() {
    let (house, acme, globex) = two_workspaces(false).await;
    let ((ana, ana_name), (gus, gus_name)) = (person(&house, &acme, 0), person(&house, &globex, 1));
    let slack = &house.slack;
    let channel = slack.act_create_channel(&ana, "deal-room", true).unwrap();
    slack.act_share_channel(&ana, &channel, &globex).unwrap();
    slack.act_invite(&ana, &channel, &gus).unwrap();
    slack.act_post(&gus, &channel, "before anybody listened", None).unwrap();
    let own = slack.act_create_channel(&ana, "only-ours", true).unwrap();
    slack.act_post(&ana, &own, OWN, None).unwrap();
    let (of_ana, of_gus) = (house.connect("ana", &ana).await, house.connect("gus", &gus).await);
    let (here, there) = (house.import("ana", &of_ana, &channel).await, house.import("gus", &of_gus, &channel).await);
    house.import("ana", &of_ana, &own).await;
    let (mut anas, mut guss) = (Feed::open(&house, "ana", 0).await, Feed::open(&house, "gus", 0).await);
    let is = |text: &'static str| move |event: &Value| event["object"]["body"]["text"] == text;

    // What either app sends is sent here and received there, under a real name.
    let sent = house.send("ana", &here, "from our app").await;
    anas.message(&sent["id"], |message| message["status"] == "sent").await;
    let heard = guss.until(is("from our app")).await["object"].clone();
    assert_eq!((&heard["direction"], &heard["sender"]["name"]), (&json!("incoming"), &json!(ana_name)), "{heard}");
    let reply = house.send("gus", &there, "from the other app").await;
    guss.message(&reply["id"], |message| message["status"] == "sent").await;
    let got = anas.until(is("from the other app")).await["object"].clone();
    assert_eq!((&got["direction"], &got["sender"]["name"]), (&json!("incoming"), &json!(gus_name)), "{got}");

    // What is written in Slack comes to both, whoever of them Slack tells.
    let ts = slack.act_post(&ana, &channel, "typed by Ana", None).unwrap();
    let mine = anas.until(is("typed by Ana")).await["object"].clone();
    let theirs = guss.until(is("typed by Ana")).await["object"].clone();
    assert_eq!((&mine["direction"], &theirs["direction"]), (&json!("outgoing"), &json!("incoming")));
    slack.act_edit(&ana, &channel, &ts, "typed anew").unwrap();
    guss.message(&theirs["id"], |message| message["body"]["text"] == "typed anew").await;
    slack.act_react(&gus, &channel, &ts, "eyes").unwrap();
    anas.message(&mine["id"], |message| message["reactions"][0]["emoji"] == "👀").await;
    guss.message(&theirs["id"], |message| message["reactions"][0]["mine"] == true).await;
    slack.act_delete(&ana, &channel, &ts).unwrap();
    guss.message(&theirs["id"], |message| message["deleted_at"].is_string()).await;
    let path = format!("/v1/messages/{}", got["id"].as_str().unwrap());
    house.ask("ana", Method::PUT, &format!("{path}/reactions/%F0%9F%8E%89"), None).await.good();
    guss.message(&reply["id"], |message| message["reactions"][0]["mine"] == false).await;

    // Nothing of what only one of them has, and nothing twice.
    slack.act_post(&ana, &own, &format!("{OWN} again"), None).unwrap();
    anas.until(|event| event["object"]["body"]["text"] == format!("{OWN} again")).await;
    house.all_is_heard().await;
    let everything = house.get("gus", "/v1/events?limit=500").await.to_string()
        + &house.get("gus", "/v1/chats").await.to_string()
        + &house.get("gus", &format!("/v1/chats/available?connection_id={of_gus}")).await.to_string();
    assert!(everything.contains("deal-room") && !everything.contains(OWN) && !everything.contains("only-ours"));
    let held = slack.channel(&channel).unwrap().messages.len();
    for (customer, chat) in [("ana", &here), ("gus", &there)] {
        let messages = house.messages(customer, chat).await;
        let living: Vec<_> = messages.iter().filter(|message| message["deleted_at"].is_null()).collect();
        assert_eq!(living.len(), held, "{customer}: {:?}", texts(&messages));
        assert_eq!(texts(&messages).iter().filter(|text| **text == "from our app").count(), 1);
    }
    drop((anas, guss));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_slack_told_one_company_can_be_read_again_for_the_other_even_when_the_first_is_erased() {
    let (house, acme, globex) = two_workspaces(false).await;
    let ((ana, _), (gus, _)) = (person(&house, &acme, 0), person(&house, &globex, 1));
    let slack = &house.slack;
    let channel = slack.act_create_channel(&ana, "deal-room", true).unwrap();
    slack.act_share_channel(&ana, &channel, &globex).unwrap();
    slack.act_invite(&ana, &channel, &gus).unwrap();
    let (of_ana, of_gus) = (house.connect("ana", &ana).await, house.connect("gus", &gus).await);
    house.import("ana", &of_ana, &channel).await;
    let mut anas = Feed::open(&house, "ana", 0).await;
    slack.act_post(&ana, &channel, "said before Gus listened", None).unwrap();
    anas.until(|event| event["object"]["body"]["text"] == "said before Gus listened").await;
    house.all_is_heard().await;
    drop(anas);
    house.ask("ana", Method::DELETE, "/v1/customers/ana", None).await.good();
    house.until(async || house.store.erasures(1).await.unwrap().is_empty()).await;

    house.clock.set_seconds(1);
    let wish = json!({ "connection_id": of_gus, "chats": [channel], "since": house.clock_text() });
    let mut feed = Feed::open(&house, "gus", 0).await;
    let runs = house.ask("gus", Method::POST, "/v1/chats/import", Some(wish)).await.good();
    let run = runs["items"][0]["id"].clone();
    feed.until(|event| event["object_id"] == run && event["object"]["state"] == "completed").await;
    assert!(!house.get("gus", "/v1/events?limit=500").await.to_string().contains("said before"));
    let wish = json!({ "since": "2020-01-01T00:00:00Z", "connection_id": of_gus });
    house.ask("gus", Method::POST, "/v1/intake/reread", Some(wish)).await.good();
    feed.until(|event| event["object"]["body"]["text"] == "said before Gus listened").await;
    drop(feed);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_shared_for_a_while_keeps_its_history() {
    let (house, acme, globex) = two_workspaces(false).await;
    let ((ana, _), (gus, gus_name)) = (person(&house, &acme, 0), person(&house, &globex, 1));
    let slack = &house.slack;
    let channel = slack.act_create_channel(&ana, "deal-room", false).unwrap();
    slack.act_post(&ana, &channel, "among us", None).unwrap();
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let is_shared = |shared: bool| {
        let chat = chat.clone();
        move |event: &Value| {
            event["object"]["id"] == chat.as_str()
                && (event["object"]["platform_data"]["shared_with_others"] == true) == shared
        }
    };

    let before = house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap();
    slack.act_share_channel(&ana, &channel, &globex).unwrap();
    feed.until(is_shared(true)).await;
    slack.act_invite(&ana, &channel, &gus).unwrap();
    slack.act_post(&gus, &channel, "hello from Globex", None).unwrap();
    let heard = feed.until(|event| event["object"]["body"]["text"] == "hello from Globex").await;
    assert_eq!(heard["object"]["sender"]["name"], gus_name.as_str());
    slack.act_unshare_channel(&channel, &globex).unwrap();
    let unshared = is_shared(false);
    feed.until(|event| event["seq"].as_u64() > Some(before) && unshared(event)).await;
    assert_eq!(slack.act_post(&gus, &channel, "too late", None), Err("not_in_channel"));

    let messages = house.messages("ana", &chat).await;
    assert!(texts(&messages).contains(&"among us") && texts(&messages).contains(&"hello from Globex"), "{messages:?}");
    let mine = slack.act_post(&ana, &channel, "among us again", None).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "among us again").await;
    assert!(told["object"]["external_id"].as_str().unwrap().ends_with(&mine));
    assert_eq!(house.get("ana", "/v1/chats").await["items"].as_array().unwrap().len(), 1);
    drop(feed);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_connects_once_for_all_of_its_workspaces() {
    let (house, acme, globex) = two_workspaces(true).await;
    let organization = house.slack.organization().unwrap();
    let ((ana, _), (gus, gus_name)) = (person(&house, &acme, 0), person(&house, &globex, 2));
    let slack = &house.slack;
    let home = slack.act_create_channel(&ana, "at-home", true).unwrap();
    let abroad = slack.act_create_channel(&gus, "abroad", false).unwrap();
    slack.act_invite(&gus, &abroad, &ana).unwrap();
    slack.act_post(&gus, &abroad, "written before", None).unwrap();
    let connection = connect_widely(&house, "ana", &ana, &organization).await;
    let shown = house.get("ana", &format!("/v1/connections/{connection}")).await;
    assert_eq!(shown["account_name"], "Acme Holding", "{shown}");
    let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    for name in ["at-home", "abroad"] {
        assert!(chats.iter().any(|chat| chat["name"] == name), "{chats:?}");
    }

    let (near, far) = (house.import("ana", &connection, &home).await, house.import("ana", &connection, &abroad).await);
    assert!(texts(&house.messages("ana", &far).await).contains(&"written before"));
    let mut feed = Feed::open(&house, "ana", 0).await;
    for (chat, channel) in [(&near, &home), (&far, &abroad)] {
        let sent = house.send("ana", chat, "from the app").await;
        feed.message(&sent["id"], |message| message["status"] == "sent").await;
        let there = slack.channel(channel).unwrap();
        assert!(there.messages.iter().any(|message| message.text == "from the app" && message.user == ana));
    }
    slack.act_post(&gus, &abroad, "from the other workspace", None).unwrap();
    let heard = feed.until(|event| event["object"]["body"]["text"] == "from the other workspace").await;
    assert_eq!(heard["object"]["sender"]["name"], gus_name.as_str());
    let people = house.all("ana", &format!("/v1/connections/{connection}/people?limit=50")).await;
    assert!(people.iter().any(|one| one["external_id"] == gus.as_str()), "people of both workspaces: {people:?}");
    drop(feed);
    house.close().await;
}

/// Connects as an admin who installs the app for all workspaces.
async fn connect_widely(house: &House, customer: &str, person: &str, organization: &str) -> String {
    let wish = json!({ "integration": "slack", "return_to": "/connections" });
    let begun = house.ask(customer, Method::POST, "/v1/connections", Some(wish)).await.good();
    let mut browser = Browser::new(house);
    let platform = browser.leave(begun["connect_url"].as_str().unwrap()).await;
    let callback = browser.decide(&format!("{platform}&organization={organization}"), person, "allow").await;
    let back = browser.come_back(&callback).await;
    assert_eq!(back.status(), StatusCode::SEE_OTHER, "{:?}", back.text().await);
    let back = crate::browser::location(&back);
    back.strip_prefix("/connections?connection=").unwrap_or_else(|| panic!("not connected: {back}")).to_owned()
}

//! What Slack never told is found again.

use crate::house::{Feed, House};
use reqwest::Method;
use sandbox::slack::{CallChaos, EventChaos};
use serde_json::Value;
use std::{cell::RefCell, collections::BTreeMap};

/// What a chat holds, as both sides can say it: texts, each with its reactions.
type Held = BTreeMap<String, Vec<(String, usize)>>;

fn there(house: &House, channel: &str) -> Held {
    let living = house.slack.channel(channel).unwrap().messages;
    let living = living.into_iter().filter(|message| message.subtype.as_deref() != Some("tombstone"));
    let shown = |(name, users): (&String, &std::collections::BTreeSet<String>)| {
        let emoji = if name == "tada" { "🎉".to_owned() } else { format!(":{name}:") };
        (emoji, users.len())
    };
    living
        .filter(|message| message.text.starts_with("w "))
        .map(|message| (message.text.clone(), message.reactions.iter().map(shown).collect()))
        .collect()
}

async fn here(house: &House, chat: &str) -> Held {
    let messages = house.messages("ana", chat).await;
    let living = messages.iter().filter(|message| message["deleted_at"].is_null());
    let shown = |reaction: &Value| {
        let count = reaction["count"].as_u64().unwrap();
        (reaction["emoji"].as_str().unwrap().to_owned(), usize::try_from(count).unwrap())
    };
    living
        .map(|message| (message["body"]["text"].as_str().unwrap().to_owned(), message))
        .filter(|(text, _)| text.starts_with("w "))
        .map(|(text, message)| (text, message["reactions"].as_array().unwrap().iter().map(shown).collect()))
        .collect()
}

/// A channel with what will be missed: messages, and threads of which one loses a reply and one everything.
struct Scene {
    ana: String,
    channel: String,
    kept: String,
    thread: String,
    reply: String,
    lost_thread: String,
    lost_reply: String,
}

impl Scene {
    fn before(house: &House) -> Self {
        let ana = house.person(0);
        let channel = house.shared_channel(&[&ana]);
        let post = |text: &str, thread: Option<&str>| house.slack.act_post(&ana, &channel, text, thread).unwrap();
        let kept = post("w kept", None);
        let thread = post("w thread", None);
        let reply = post("w reply that goes", Some(&thread));
        post("w reply that stays", Some(&thread));
        let lost_thread = post("w thread that goes", None);
        let lost_reply = post("w its reply", Some(&lost_thread));
        post("w goes", None);
        Self { ana: ana.clone(), channel: channel.clone(), kept, thread, reply, lost_thread, lost_reply }
    }

    /// What people do while nobody hears of it.
    fn missed(&self, house: &House) {
        let (ana, channel, slack) = (&self.ana, &self.channel, &house.slack);
        slack.act_post(ana, channel, "w new", None).unwrap();
        slack.act_post(ana, channel, "w new reply", Some(&self.thread)).unwrap();
        slack.act_edit(ana, channel, &self.kept, "w edited").unwrap();
        slack.act_react(ana, channel, &self.kept, "tada").unwrap();
        slack.act_delete(ana, channel, &self.reply).unwrap();
        slack.act_delete(ana, channel, &self.lost_reply).unwrap();
        slack.act_delete(ana, channel, &self.lost_thread).unwrap();
        let goes = slack.channel(channel).unwrap().messages;
        let goes = goes.into_iter().find(|message| message.text == "w goes").unwrap();
        slack.act_delete(ana, channel, &goes.ts).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_on_request_finds_all_that_was_never_told() {
    let house = House::new().await;
    let scene = Scene::before(&house);
    let connection = house.connect("ana", &scene.ana).await;
    let chat = house.import("ana", &connection, &scene.channel).await;
    assert_eq!(here(&house, &chat).await, there(&house, &scene.channel));
    house.slack.set_chaos(CallChaos::default(), EventChaos { drop: 1.0, ..EventChaos::default() });
    house.slack_clock.set_seconds(10); // Slack's clock tells two looks at it apart.
    scene.missed(&house);
    assert_ne!(here(&house, &chat).await, there(&house, &scene.channel));

    let mut feed = Feed::open(&house, "ana", 0).await;
    let run = house.ask("ana", Method::POST, &format!("/v1/chats/{chat}/sync"), None).await.good();
    let told = RefCell::new(Vec::new());
    feed.until(|event| {
        if event["origin"] == "reconciliation" {
            told.borrow_mut().push(event["kind"].as_str().unwrap().to_owned());
        }
        event["object_id"] == run["id"] && event["object"]["state"] == "completed"
    })
    .await;
    let held = here(&house, &chat).await;
    assert_eq!(held, there(&house, &scene.channel));
    assert_eq!(held["w edited"], [("🎉".to_owned(), 1)]);
    assert!(held.contains_key("w new reply") && held.contains_key("w reply that stays"));
    let mut told = told.into_inner();
    told.sort();
    let expected = ["message.created", "message.created", "message.deleted", "message.deleted", "message.deleted"];
    let expected = [&expected[..], &["message.deleted", "message.updated", "reaction.added"]].concat();
    assert_eq!(told, expected);

    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_slack_cannot_reach_us_it_is_asked_for_news() {
    let house = House::with(
        |config| {
            // How soon new messages are found, and how soon edits.
            (config.checks.pushed, config.checks.poll_seconds, config.checks.shortest_seconds) = (Some(false), 1, 1);
        },
        |world| world.app.events_url = None,
    )
    .await;
    let ana = house.person(0);
    let channel = house.slack.act_create_channel(&ana, "plans", false).unwrap();
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let ts = house.slack.act_post(&ana, &channel, "nobody told", None).unwrap();
    feed.until(|event| event["kind"] == "message.created" && event["object"]["body"]["text"] == "nobody told").await;
    house.slack.act_edit(&ana, &channel, &ts, "nobody told this either").unwrap();
    feed.until(|event| event["object"]["body"]["text"] == "nobody told this either").await;
    let sent = house.send("ana", &chat, "an answer").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    house.close().await;
}

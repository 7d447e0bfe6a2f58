//! What becomes of chats at Slack shows on ours at once.

use crate::house::{Feed, House};
use reqwest::Method;
use sandbox::slack::RateLimits;
use serde_json::{Value, json};

/// A chat that Ana and Bruno are in at Slack, imported for Ana.
struct Room {
    house: House,
    ana: String,
    bruno: String,
    channel: String,
    connection: String,
    chat: String,
    feed: Feed,
}

impl Room {
    async fn new() -> Self {
        let house = House::new().await;
        let (ana, bruno) = (house.person(0), house.person(1));
        let channel = house.slack.act_create_channel(&ana, "plans", false).unwrap();
        house.slack.act_join(&bruno, &channel).unwrap();
        let connection = house.connect("ana", &ana).await;
        let chat = house.import("ana", &connection, &channel).await;
        let shown = house.get("ana", &format!("/v1/chats/{chat}")).await;
        let feed = Feed::open(&house, "ana", shown["as_of_seq"].as_u64().unwrap()).await;
        Self { house, ana, bruno, channel, connection, chat, feed }
    }

    /// Waits until the feed shows the chat like this.
    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let chat = self.chat.clone();
        let is_it = move |event: &Value| {
            event["kind"] == "chat.updated" && event["object_id"] == chat.as_str() && wanted(&event["object"])
        };
        self.feed.until(is_it).await["object"].clone()
    }

    async fn send(&self, body: Value) -> crate::house::Answer {
        self.house.ask("ana", Method::POST, &format!("/v1/chats/{}/messages", self.chat), Some(body)).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_renamed_described_archived_and_made_private() {
    let mut room = Room::new().await;
    let slack = room.house.slack.clone();
    slack.act_rename(&room.bruno, &room.channel, "big-plans").unwrap();
    room.until(|chat| chat["name"] == "big-plans").await;
    slack.act_set_topic(&room.bruno, &room.channel, "spring").unwrap();
    room.until(|chat| chat["platform_data"]["topic"] == "spring").await;
    slack.act_set_purpose(&room.bruno, &room.channel, "to plan").unwrap();
    room.until(|chat| chat["platform_data"]["purpose"] == "to plan").await;
    slack.act_make_private(&room.bruno, &room.channel).unwrap();
    room.until(|chat| chat["platform_data"]["private"] == true).await;

    slack.act_archive(&room.bruno, &room.channel, true).unwrap();
    let archived = room.until(|chat| chat["archived"] == true).await;
    assert_eq!(archived["abilities"]["send"], false);
    room.send(json!({ "text": "too late" })).await.refused(422, "chat_archived");
    slack.act_archive(&room.bruno, &room.channel, false).unwrap();
    room.until(|chat| chat["archived"] == false && chat["abilities"]["send"] == true).await;
    room.send(json!({ "text": "again" })).await.good();
    room.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_slack_deleted_keeps_what_was_read_and_takes_nothing_new() {
    let mut room = Room::new().await;
    let before = room.house.messages("ana", &room.chat).await.len();
    room.house.slack.act_delete_channel(&room.bruno, &room.channel).unwrap();
    let gone = room.until(|chat| chat["archived"] == true).await;
    assert_eq!(gone["state"], "imported");
    room.send(json!({ "text": "anybody?" })).await.refused(422, "chat_gone");
    assert_eq!(room.house.messages("ana", &room.chat).await.len(), before);
    room.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_hears_nothing_until_they_are_back() {
    let mut room = Room::new().await;
    let slack = room.house.slack.clone();
    slack.act_leave(&room.ana, &room.channel).unwrap();
    room.until(|chat| chat["member"] == false).await;
    slack.act_post(&room.bruno, &room.channel, "behind her back", None).unwrap();
    slack.act_join(&room.ana, &room.channel).unwrap();
    room.until(|chat| chat["member"] == true).await;
    slack.act_post(&room.bruno, &room.channel, "welcome back", None).unwrap();
    room.feed.until(|event| event["object"]["body"]["text"] == "welcome back").await;
    let texts = room.house.messages("ana", &room.chat).await;
    assert!(texts.iter().all(|message| message["body"]["text"] != "behind her back"), "{texts:?}");
    room.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_can_stand_outside_of_its_thread_too() {
    let mut room = Room::new().await;
    let slack = room.house.slack.clone();
    let ts = slack.act_post(&room.bruno, &room.channel, "Who is in?", None).unwrap();
    let root = room.feed.until(|event| event["object"]["body"]["text"] == "Who is in?").await["object"].clone();
    room.send(json!({ "text": "I", "broadcast": true })).await.refused(422, "broadcast_without_thread");
    let sent = json!({ "text": "I am", "thread_root": root["id"], "broadcast": true });
    let sent = room.send(sent).await.good();
    assert_eq!((&sent["broadcast"], &sent["thread_root_id"]), (&json!(true), &root["id"]));
    let told = room.feed.message(&sent["id"], |message| message["status"] == "sent").await;
    assert_eq!((&told["object"]["broadcast"], &told["object"]["thread_root_id"]), (&json!(true), &root["id"]));
    let held = slack.channel(&room.channel).unwrap();
    let there = held.messages.iter().find(|message| message.text == "I am").unwrap();
    assert_eq!((there.subtype.as_deref(), there.thread_ts.as_deref()), (Some("thread_broadcast"), Some(ts.as_str())));

    slack.act_broadcast(&room.bruno, &room.channel, "Good", &ts).unwrap();
    let told = room.feed.until(|event| event["object"]["body"]["text"] == "Good").await;
    assert_eq!((&told["object"]["broadcast"], &told["object"]["thread_root_id"]), (&json!(true), &root["id"]));
    room.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_searched_by_name_and_runs_say_which_chat_they_read() {
    let room = Room::new().await;
    let path = format!("/v1/chats/available?connection_id={}&q=PLAN", room.connection);
    let found = room.house.get("ana", &path).await;
    let names: Vec<_> = found["items"].as_array().unwrap().iter().map(|chat| chat["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["plans"]);
    let runs = room.house.get("ana", "/v1/sync-statuses").await;
    let run = runs["items"].as_array().unwrap().iter().find(|run| run["chat_id"] == room.chat.as_str()).unwrap();
    assert_eq!(run["chat_name"], "plans");
    room.house.close().await;
}

/// Asked for one by one, they would need more calls than Slack allows in a minute.
#[tokio::test(flavor = "multi_thread")]
async fn many_chats_that_nobody_listed_yet_are_imported_within_slacks_limits() {
    let house = House::with(|_| {}, |world| world.rate_limits = RateLimits::Tiers).await;
    let ana = house.person(0);
    let connection = house.connect("ana", &ana).await;
    house.all_is_heard().await;
    house.slack.set_events_url(None);
    let make = |number: u32| house.slack.act_create_channel(&ana, &format!("team-{number}"), false).unwrap();
    let channels: Vec<_> = (0..80).map(make).collect();
    let wish = json!({ "connection_id": connection, "chats": channels });
    let runs = house.ask("ana", Method::POST, "/v1/chats/import", Some(wish)).await.good();
    assert_eq!(runs["items"].as_array().unwrap().len(), 80);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_gets_another_id_keeps_its_messages_and_is_written_to_under_the_new_one() {
    let mut room = Room::new().await;
    let slack = room.house.slack.clone();
    let ts = slack.act_post(&room.bruno, &room.channel, "before", None).unwrap();
    let before = room.feed.until(|event| event["object"]["body"]["text"] == "before").await["object"].clone();
    let into = slack.act_change_channel_id(&room.channel).unwrap();
    let moved = room.until(|chat| chat["external_id"] == into.as_str()).await;
    assert_eq!(moved["id"], room.chat.as_str());

    // News and history under the new id are of the same messages.
    slack.act_edit(&room.bruno, &into, &ts, "after").unwrap();
    let edited = room.feed.message(&before["id"], |message| message["body"]["text"] == "after").await;
    assert_eq!(edited["object"]["external_id"], format!("{into}:{ts}"));
    let count = room.house.messages("ana", &room.chat).await.len();
    let again = room.house.import("ana", &room.connection, &into).await;
    assert_eq!(again, room.chat);
    assert_eq!(room.house.messages("ana", &room.chat).await.len(), count);
    assert_eq!(slack.channel(&into).unwrap().messages.len(), count);

    let path = format!("/v1/messages/{}/reactions/%F0%9F%8E%89", before["id"].as_str().unwrap());
    room.house.ask("ana", Method::PUT, &path, None).await.good();
    room.feed.message(&before["id"], |message| message["reactions"][0]["mine"] == true).await;
    let sent = room.send(json!({ "text": "still here", "thread_root": before["id"] })).await.good();
    room.feed.message(&sent["id"], |message| message["status"] == "sent").await;
    let held = slack.channel(&into).unwrap();
    let there = held.messages.iter().find(|message| message.text == "still here").unwrap();
    assert_eq!(there.thread_ts.as_deref(), Some(ts.as_str()));
    room.house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_here_is_read_at_slack_and_counts_no_more() {
    let mut room = Room::new().await;
    let mut stamps = Vec::new();
    for text in ["one", "two", "three"] {
        stamps.push(room.house.slack.act_post(&room.bruno, &room.channel, text, None).unwrap());
    }
    let chat = format!("/v1/chats/{}", room.chat);
    room.house.until(async || room.house.get("ana", &chat).await["unread_count"] == 3).await;
    let unread = room.house.get("ana", "/v1/chats?unread=true").await;
    assert_eq!(unread["items"].as_array().unwrap().len(), 1, "{unread}");

    let held = room.house.messages("ana", &room.chat).await;
    let second = held.iter().find(|message| message["body"]["text"] == "two").unwrap()["id"].clone();
    let read = format!("{chat}/read");
    let up_to = Some(json!({ "message_id": second }));
    let shown = room.house.ask("ana", Method::POST, &read, up_to.clone()).await.good();
    assert_eq!(shown["unread_count"], 1);
    room.feed.until(|event| event["kind"] == "chat.read" && event["object"]["unread_count"] == 1).await;
    let there = |room: &Room| room.house.slack.channel(&room.channel).unwrap().read.get(&room.ana).cloned();
    room.house.until(async || there(&room).as_deref() == Some(stamps[1].as_str())).await;

    // All of it, and then less again: a mark never goes backwards.
    let all = room.house.ask("ana", Method::POST, &read, Some(json!({}))).await.good();
    assert_eq!(all["unread_count"], 0);
    assert_eq!(room.house.ask("ana", Method::POST, &read, up_to).await.good()["unread_count"], 0);
    room.house.until(async || there(&room).as_deref() == Some(stamps[2].as_str())).await;
    assert_eq!(room.house.get("ana", "/v1/chats?unread=true").await["items"], json!([]));
    room.house.ask("bruno", Method::POST, &read, Some(json!({}))).await.refused(404, "not_found");
    room.house.close().await;
}

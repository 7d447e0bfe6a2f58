//! A backup while the server works, and a restored server that goes on: nothing lost, nothing sent twice.

use crate::processes::{Caller, Pair, Process};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Output, time::Duration};
use tokio::time::Instant;

/// What never reached Slack may be sent after the time in which it might still have appeared there.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

struct Work {
    pair: Pair,
    app: Caller,
    ana: String,
}

impl Work {
    async fn begin() -> (Self, Process) {
        let pair = Pair::new(&["--messages", "3"]);
        let server = pair.serve("127.0.0.1:0");
        let app = pair.app_of(&server, "ana").await;
        pair.deliver_to(&app.base).await;
        let [ana, _] = pair.people().await;
        app.connect(&ana).await;
        (Self { pair, app, ana }, server)
    }

    /// A channel and the chat that it is here.
    async fn chat(&self, name: &str) -> (String, String) {
        let made = self.pair.act(json!({ "as": self.ana, "do": "create_channel", "name": name })).await;
        let channel = made["channel"].as_str().unwrap().to_owned();
        let connection = self.app.get("/v1/connections").await["items"][0]["id"].clone();
        let wish = json!({ "connection_id": connection, "chats": [channel] });
        let runs = self.app.post("/v1/chats/import", name, wish).await;
        (channel, runs["items"][0]["chat_id"].as_str().unwrap().to_owned())
    }

    async fn send(&self, chat: &str, text: &str) {
        self.app.post(&format!("/v1/chats/{chat}/messages"), text, json!({ "text": text })).await;
    }

    async fn send_file(&self, chat: &str, text: &str) {
        let call = self.app.client.post(format!("{}/v1/attachments?name=a.txt", self.app.base));
        let call = call.bearer_auth(&self.app.key).header("bothways-customer", self.app.customer).body("some bytes");
        let answer = call.send().await.unwrap().bytes().await.unwrap();
        let file: Value = serde_json::from_slice(&answer).unwrap();
        let wish = json!({ "text": text, "attachments": [file["id"]] });
        self.app.post(&format!("/v1/chats/{chat}/messages"), text, wish).await;
    }

    /// How often each text is at Slack.
    async fn there(&self, channel: &str) -> BTreeMap<String, usize> {
        let held = self.pair.control(Method::GET, &format!("channels/{channel}"), None).await;
        let mut texts = BTreeMap::new();
        for message in held["messages"].as_array().unwrap() {
            *texts.entry(message["text"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        texts
    }

    /// Follows the feed's page until a chat's messages are as wanted.
    async fn until(&self, chat: &str, wanted: impl Fn(&[Value]) -> bool) {
        let (path, ends_at) = (format!("/v1/chats/{chat}/messages"), Instant::now() + SETTLED_WITHIN);
        let mut stream = self.app.client.get(format!("{}/v1/events/stream", self.app.base)).bearer_auth(&self.app.key);
        stream = stream.header("bothways-customer", self.app.customer);
        let mut news = stream.send().await.unwrap();
        loop {
            let messages = self.app.all(&path).await;
            if wanted(&messages) {
                return;
            }
            let more = tokio::time::timeout_at(ends_at, news.chunk()).await;
            assert!(more.is_ok(), "it never came to be: {messages:?}");
        }
    }
}

fn all_sent(messages: &[Value]) -> bool {
    messages.iter().all(|message| message["status"] == "sent")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_server_looks_before_it_sends_and_loses_nothing_that_was_answered() {
    let (work, server) = Work::begin().await;
    let ((busy, busy_chat), (held_up, held_up_chat)) = (work.chat("busy").await, work.chat("held-up").await);
    for number in 0..5 {
        work.send(&busy_chat, &format!("before {number}")).await;
    }
    work.until(&busy_chat, all_sent).await;
    // One call is lost on its way, and the server will not live to find that out.
    let lost = json!({ "kind": "call_lost", "method": "chat.postMessage" });
    work.pair.control(Method::POST, "faults", Some(lost)).await;
    work.send(&held_up_chat, "never left").await;
    work.send(&held_up_chat, "behind it").await;
    while work.pair.control(Method::GET, "faults", None).await["fired"]["call_lost"] != 1 {}
    // Slack takes nothing now, so what is sent waits in the backup, and goes out after it.
    let limited = json!({ "kind": "rate_limited", "method": "chat.postMessage", "retry_after_secs": 1, "times": 1000 });
    work.pair.control(Method::POST, "faults", Some(limited.clone())).await;
    for number in 0..5 {
        work.send(&busy_chat, &format!("waiting {number}")).await;
    }
    let (files, files_chat) = work.chat("files").await;
    let no_address =
        json!({ "kind": "rate_limited", "method": "files.getUploadURLExternal", "retry_after_secs": 1, "times": 1000 });
    work.pair.control(Method::POST, "faults", Some(no_address)).await;
    work.send_file(&files_chat, "with a file").await;
    let writing = async {
        for number in 0..40 {
            work.send(&busy_chat, &format!("during {number}")).await;
        }
    };
    let file = work.pair.folder.path().join("copy.db");
    let name = file.to_str().unwrap();
    let backing_up = async { tokio::task::block_in_place(|| work.pair.run(&["backup", name, "--data-dir", "data"])) };
    let (made, ()) = tokio::join!(backing_up, writing);
    assert!(made.status.success() && said(&made).contains("secret.key"), "{}", said(&made));
    let again = work.pair.run(&["backup", name, "--data-dir", "data"]);
    assert!(!again.status.success() && said(&again).contains("is there already"), "{}", said(&again));

    work.pair.control(Method::DELETE, "faults", None).await;
    work.until(&busy_chat, |messages| all_sent(messages) && messages.len() >= 50).await;
    work.until(&files_chat, |messages| all_sent(messages) && !messages.is_empty()).await;
    work.send(&busy_chat, "lost with the time after the backup").await;
    work.until(&busy_chat, all_sent).await;
    let seen = work.app.get("/v1/events?limit=1&after=0").await["as_of_seq"].as_u64().unwrap();
    let in_use = work.pair.run(&["restore", name, "--data-dir", "data"]);
    assert!(!in_use.status.success() && said(&in_use).contains("in use by another server"), "{}", said(&in_use));
    assert!(server.stop());
    let at_slack = work.there(&busy).await;
    assert_eq!(work.there(&held_up).await.get("never left"), None);

    let key = work.pair.data().join("secret.key");
    let aside = work.pair.folder.path().join("the key");
    std::fs::rename(&key, &aside).unwrap();
    let keyless = work.pair.run(&["restore", name, "--data-dir", "data"]);
    assert!(!keyless.status.success() && said(&keyless).contains("--without-key"), "{}", said(&keyless));
    std::fs::rename(&aside, &key).unwrap();
    let restored = work.pair.run(&["restore", name, "--data-dir", "data"]);
    assert!(restored.status.success() && said(&restored).contains("looked for"), "{}", said(&restored));

    let listen = work.app.base.trim_start_matches("http://").to_owned();
    let server = work.pair.serve(&listen);
    let old = work.app.try_ask(Method::GET, &format!("/v1/events?after={seen}"), "x", None).await.unwrap();
    assert_eq!(old.status, 410, "whoever followed the feed must begin anew");
    let ours: Vec<_> = (0..5).flat_map(|number| [format!("before {number}"), format!("waiting {number}")]).collect();
    work.until(&busy_chat, |messages| {
        let text = |message: &Value| message["body"]["text"].as_str().unwrap_or_default().to_owned();
        let held: Vec<_> = messages.iter().map(text).collect();
        all_sent(messages) && ours.iter().all(|text| held.contains(text))
    })
    .await;
    assert_eq!(work.there(&busy).await, at_slack, "nothing is sent again");
    assert!(at_slack.values().all(|times| *times == 1), "{at_slack:?}");
    work.until(&files_chat, |messages| all_sent(messages) && !messages.is_empty()).await;
    assert_eq!(work.there(&files).await.get("with a file"), Some(&1), "none of its steps was in the backup");
    work.until(&held_up_chat, all_sent).await;
    let there = work.there(&held_up).await;
    assert_eq!((there.get("never left"), there.get("behind it")), (Some(&1), Some(&1)));
    work.send(&held_up_chat, "it goes on").await;
    work.until(&held_up_chat, all_sent).await;
    assert_eq!(work.there(&held_up).await.get("it goes on"), Some(&1));
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_what_was_open_becomes_uncertain_and_is_not_sent_again() {
    let (work, server) = Work::begin().await;
    let (channel, chat) = work.chat("quiet").await;
    let limited = json!({ "kind": "rate_limited", "method": "chat.postMessage", "retry_after_secs": 1, "times": 1000 });
    work.pair.control(Method::POST, "faults", Some(limited)).await;
    work.send(&chat, "sent once").await;
    let file = work.pair.folder.path().join("copy.db");
    let made = work.pair.run(&["backup", file.to_str().unwrap(), "--data-dir", "data"]);
    assert!(made.status.success(), "{}", said(&made));
    work.pair.control(Method::DELETE, "faults", None).await;
    work.until(&chat, all_sent).await;
    assert!(server.stop());

    std::fs::remove_dir_all(work.pair.data()).unwrap();
    let restored = work.pair.run(&["restore", file.to_str().unwrap(), "--without-key", "--data-dir", "data"]);
    let told = said(&restored);
    assert!(restored.status.success() && told.contains("uncertain") && told.contains("connected again"), "{told}");
    let listen = work.app.base.trim_start_matches("http://").to_owned();
    let server = work.pair.serve(&listen);
    work.until(&chat, |messages| messages.iter().any(|message| message["status"] == "uncertain")).await;
    assert_eq!(work.there(&channel).await.get("sent once"), Some(&1));
    assert!(server.stop());
}

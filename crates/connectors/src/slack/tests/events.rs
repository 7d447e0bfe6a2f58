//! Every event that Slack's own SDK knows becomes updates or is left alone by name.

use super::{FakeSlack, NOW, World, declined, run, snapshot};
use crate::slack::{LEFT_ALONE, Slack};
use bytes::Bytes;
use model::{
    connector::{Connector, ConnectorError},
    id::ExternalAccount,
    intake::{Part, RawRequest},
    update::Update,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

fn fixtures() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/slack/fixtures/events");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
}

fn fixture(name: &str) -> Value {
    fixtures().remove(name).unwrap()
}

fn request(body: &Value) -> RawRequest {
    RawRequest { headers: Vec::new(), body: Bytes::from(body.to_string()), received_at: NOW }
}

/// What Slack answers where an event is thin.
fn slack() -> FakeSlack {
    FakeSlack::new(|call| {
        let channel = call.argument("channel").unwrap_or_default().to_owned();
        match call.method.as_str() {
            "conversations.info" if channel.starts_with('D') => json!({
                "ok": true, "channel": { "id": channel, "is_im": true, "user": "U222", "created": 1626000000 },
            }),
            "conversations.info" => json!({
                "ok": true, "channel": { "id": channel, "name": "everyone", "is_channel": true, "is_member": true,
                    "is_private": channel.starts_with('G'), "is_archived": false, "topic": { "value": "Q&amp;A" } },
            }),
            "conversations.members" => json!({ "ok": true, "members": ["U222", "U111"] }),
            "files.info" => json!({
                "ok": true, "file": { "id": call.argument("file"), "name": "offer.pdf", "mimetype": "application/pdf",
                    "mode": "hosted", "size": 2048, "url_private": "https://files.slack.com/files-pri/T222-F333/offer.pdf" },
            }),
            "emoji.list" => {
                json!({ "ok": true, "emoji": { "parrot": "https://emoji.slack-edge.com/T222/parrot/a.gif" } })
            }
            other => panic!("{other} is not asked for an event"),
        }
    })
}

fn read(event: &Value) -> Result<Vec<Update>, ConnectorError> {
    read_as(&World::of_a_person(), &slack(), event)
}

fn read_as(world: &World, slack: &FakeSlack, event: &Value) -> Result<Vec<Update>, ConnectorError> {
    let mut updates = Vec::new();
    for part in Slack.route(&request(event))? {
        updates.extend(run(Slack.read(&world.access(slack), &part))?);
    }
    Ok(updates)
}

/// The name under which an event may stand in the list of what is left alone.
fn kind(body: &Value) -> &str {
    let event = if body["event"].is_object() { &body["event"] } else { body };
    match (event["type"].as_str(), event["subtype"].as_str()) {
        (Some("message"), Some("message_replied")) => "message_replied",
        (Some("message"), None) if event["message"].is_object() => "message_replied",
        (kind, _) => kind.unwrap_or_default(),
    }
}

fn is_left_alone(kind: &str) -> bool {
    LEFT_ALONE.iter().any(|(name, reason)| *name == kind && !reason.is_empty())
}

#[test]
fn every_event_becomes_updates_or_is_left_alone_by_name() {
    let mut left_alone = 0;
    for (name, body) in fixtures() {
        let updates = read(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "reaction_added.file" {
            assert_eq!(updates, [], "{name}");
        } else if is_left_alone(kind(&body)) {
            assert_eq!(updates, [], "{name}");
            left_alone += 1;
        } else {
            assert_ne!(updates, [], "{name} is neither read nor named in LEFT_ALONE");
            snapshot(&name, &updates);
        }
    }
    assert_eq!(left_alone, LEFT_ALONE.len() + 1, "LEFT_ALONE names events that have no fixture");
}

/// The field skeletons of Slack's SDK, where they are at hand. Empty values are filled in.
#[test]
fn every_event_of_the_sdk_can_be_read() {
    let Some(folder) = std::env::var_os("SPECS_DIR") else { return };
    let file = std::fs::read(Path::new(&folder).join("slack_sdk_sample_shapes.json")).unwrap();
    let shapes: Value = serde_json::from_slice(&file).unwrap();
    let payloads = shapes["event_payloads"].as_object().unwrap();
    assert_eq!(payloads.len(), 77);
    for (name, payload) in payloads {
        let bare = read(payload);
        assert!(matches!(bare, Ok(_) | Err(ConnectorError::Unreadable(_))), "{name} as it is");
        let mut filled = payload.clone();
        fill("", &mut filled);
        filled["type"] = json!("event_callback");
        let updates = read(&filled).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(updates.is_empty(), is_left_alone(kind(&filled)), "{name}: {updates:?}");
    }
}

fn fill(name: &str, value: &mut Value) {
    match value {
        Value::Object(fields) if fields.is_empty() && name == "channel" => *value = json!({ "id": "D111" }),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| fill(name, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(name, item)),
        Value::String(text) if text.is_empty() => {
            *text = match name {
                "ts" | "event_ts" | "deleted_ts" | "thread_ts" | "latest_reply" => "1626342128.008700",
                "channel" | "old_channel_id" | "new_channel_id" | "channel_id" => "C111",
                "user" | "user_id" | "oauth" | "bot" => "U111",
                "team_id" | "team" => "T111",
                "reaction" | "name" => "thumbsup",
                "id" => "X111",
                _ => return,
            }
            .to_owned();
        }
        _ => {}
    }
}

#[test]
fn an_event_is_for_the_workspace_that_it_was_authorized_for() {
    let account = |authorizations: Value, outer: Value| {
        let mut body = fixture("message");
        body["authorizations"] = authorizations;
        body["team_id"] = outer;
        Slack.route(&request(&body)).map(|mut parts| parts.remove(0).account)
    };
    let of = |team: Value, organization: Value, whole: bool| json!([{ "team_id": team, "enterprise_id": organization, "is_enterprise_install": whole }]);
    assert_eq!(account(of(json!("T111"), Value::Null, false), json!("T999")).unwrap(), ExternalAccount::from("T111"));
    assert_eq!(account(of(json!("T111"), json!("E1"), false), json!("T1")).unwrap(), ExternalAccount::from("T111"));
    assert_eq!(account(of(Value::Null, json!("E1"), true), json!("T1")).unwrap(), ExternalAccount::from("E1"));
    assert_eq!(account(Value::Null, json!("T111")).unwrap(), ExternalAccount::from("T111"));
    assert!(account(Value::Null, Value::Null).is_err());
}

#[test]
fn news_of_a_shared_channel_are_for_every_workspace_that_they_name() {
    let mut body: Value = serde_json::from_str(include_str!("../fixtures/shared_channel.json")).unwrap();
    let accounts = |body: &Value| -> Vec<(u32, String)> {
        let parts = Slack.route(&request(body)).unwrap();
        parts.into_iter().map(|part| (part.number, part.account.0)).collect()
    };
    assert_eq!(accounts(&body), [(0, "T111".to_owned()), (1, "T222".to_owned())]);
    let shared = |body: &Value| Slack.route(&request(body)).unwrap().remove(0).shared.map(|chat| chat.0);
    assert_eq!(shared(&body).as_deref(), Some("C111"), "and for whoever else knows the channel");
    body["is_ext_shared_channel"] = json!(false);
    assert_eq!(shared(&body), None);
    assert_eq!(accounts(&body), [(0, "T111".to_owned())], "only the one that it was authorized for");
}

#[test]
fn a_part_names_its_chat_but_for_who_comes_and_goes() {
    let chat = |name: &str| Slack.route(&request(&fixture(name))).unwrap().remove(0).chat.map(|chat| chat.0);
    assert_eq!(chat("message").as_deref(), Some("C111"));
    assert_eq!(chat("reaction_added").as_deref(), Some("C111"));
    assert_eq!(chat("channel_rename").as_deref(), Some("C111"));
    assert_eq!(chat("im_created").as_deref(), Some("D111"));
    let of_none = ["member_joined_channel", "member_left_channel", "channel_left", "user_change", "tokens_revoked"];
    for name in of_none.into_iter().chain(["channel_id_changed"]) {
        assert_eq!(chat(name), None, "{name}");
    }
}

#[test]
fn who_else_comes_into_a_chat_is_not_told() {
    let mut body = fixture("member_joined_channel");
    body["event"]["user"] = json!("U222");
    assert_eq!(read(&body).unwrap(), []);
}

#[test]
fn what_is_unheard_of_is_left_alone() {
    let mut body = fixture("message");
    body["event"]["type"] = json!("never_seen");
    assert_eq!(read(&body).unwrap(), []);
    assert_eq!(read(&json!({ "type": "never_seen" })).unwrap(), []);
}

#[test]
fn a_known_event_of_a_broken_shape_is_parked() {
    let broken: [(&str, &[&str]); 8] = [
        ("message", &["ts"]),
        ("message", &["channel"]),
        ("message_changed", &["message"]),
        ("message_changed", &["event_ts", "ts"]),
        ("reaction_added", &["item"]),
        ("reaction_added", &["user"]),
        ("user_change", &["user"]),
        ("channel_id_changed", &["new_channel_id"]),
    ];
    for (name, without) in broken {
        for value in [Value::Null, json!(7), json!([]), json!("")] {
            let mut body = fixture(name);
            without.iter().for_each(|field| body["event"][*field] = value.clone());
            assert!(matches!(read(&body), Err(ConnectorError::Unreadable(_))), "{name} {without:?} {value}");
        }
    }
    let nonsense = RawRequest { headers: Vec::new(), body: Bytes::from_static(b"{"), received_at: NOW };
    assert!(matches!(Slack.route(&nonsense), Err(ConnectorError::Unreadable(_))));
    let part = Part { number: 0, account: "T111".into(), chat: None, shared: None, payload: nonsense.body };
    let read = run(Slack.read(&World::of_a_person().access(&slack()), &part));
    assert!(matches!(read, Err(ConnectorError::Unreadable(_))));
}

#[test]
fn fields_of_another_shape_count_as_missing() {
    let mut body = fixture("message");
    for field in
        ["user", "blocks", "attachments", "files", "edited", "thread_ts", "bot_profile", "reactions", "metadata"]
    {
        body["event"][field] = json!(7);
    }
    let Update::Message(message) = read(&body).unwrap().remove(0) else { panic!("a message") };
    assert_eq!(message.content.sender, None);
    assert!(!message.content.body.is_empty());
}

#[test]
fn a_chat_that_can_no_longer_be_seen_tells_nothing() {
    let slack = FakeSlack::new(|_| declined("channel_not_found"));
    assert_eq!(read_as(&World::of_a_person(), &slack, &fixture("channel_archive")).unwrap(), []);
    let left = read_as(&World::of_a_person(), &slack, &fixture("channel_left")).unwrap();
    assert!(matches!(left[..], [Update::Member { member: false, .. }]));
}

/// Slack sends `message_changed` for much that is no person's edit.
#[test]
fn link_previews_and_counters_of_threads_change_nothing() {
    let content = |body: &Value| {
        let Update::Message(message) = read(body).unwrap().remove(0) else { panic!("a message") };
        message.content
    };
    let mut body = fixture("message_changed.unfurl");
    let with_preview = content(&body);
    body["event"]["message"]["attachments"] = json!([]);
    assert_eq!(content(&body), with_preview);
    let mut body = fixture("message_changed.thread_counters");
    let with_counters = content(&body);
    for field in ["reply_count", "latest_reply", "reply_users", "is_locked", "subscribed", "reactions"] {
        body["event"]["message"][field] = Value::Null;
    }
    assert_eq!(content(&body), with_counters);
}

/// Slack documents three kinds of change; of another one it is asked what there is.
#[test]
fn a_change_of_emoji_that_says_nothing_lets_them_be_listed() {
    let mut body = fixture("emoji_changed");
    body["event"]["subtype"] = Value::Null;
    let slack = FakeSlack::new(|_| json!({ "ok": true, "emoji": { "parrot": "https://x.org/parrot.gif" } }));
    let updates = read_as(&World::of_a_person(), &slack, &body).unwrap();
    assert_eq!(updates.len(), 2);
    assert!(matches!(&updates[1], Update::EmojiListed { .. }), "{updates:?}");
    body["event"]["subtype"] = json!("add");
    body["event"]["name"] = Value::Null;
    assert!(matches!(read(&body), Err(ConnectorError::Unreadable(_))));
}

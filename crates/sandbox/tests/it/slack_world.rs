//! The world itself: what a seed makes, what a journal keeps, what people do from outside.

use std::io::Write;

use axum::http::Request;
use sandbox::slack::{ChannelKind, Config, WorldSize};
use serde_json::{Value, json};

use crate::world::{START_MICROS, World, small};

#[test]
fn a_seed_makes_one_world_that_lies_in_the_past() {
    let size = WorldSize { workspaces: 2, people: 20, ..WorldSize::default() };
    let make = |seed| World::with(Config { seed, world: size.clone(), ..small() }).slack.snapshot();
    let snapshot = make(3);
    assert_eq!(snapshot, make(3));
    assert_ne!(snapshot, make(4));
    let acme = snapshot.workspaces.values().find(|team| team.name == "Acme").unwrap();
    for kind in [ChannelKind::Public, ChannelKind::Private, ChannelKind::Direct, ChannelKind::Group] {
        assert!(acme.channels.values().any(|channel| channel.kind == kind), "{kind:?}");
    }
    let now = format!("{}.000000", START_MICROS / 1_000_000);
    let seeded: Vec<_> = acme.channels.values().filter(|channel| channel.name != "quiet").collect();
    assert!(seeded.iter().all(|channel| channel.messages.iter().all(|message| message.ts < now)));
    let messages: Vec<_> = seeded.iter().flat_map(|channel| &channel.messages).collect();
    assert!(messages.iter().any(|message| message.thread_ts.is_some()));
    assert!(messages.iter().any(|message| message.edited.is_some()));
    assert!(messages.iter().any(|message| !message.reactions.is_empty()));
    assert!(messages.iter().any(|message| message.text.contains("<@U")));
}

#[test]
fn a_stopped_world_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config { journal: Some(folder.path().to_owned()), ..small() };
    let world = World::with(config());
    let ts = world.post("before");
    world.slack.act_react(&world.ana, &world.channel, &ts, "eyes").unwrap();
    world.slack.act_post(&world.bruno, &world.channel, "bye", None).unwrap();
    world
        .slack
        .act_edit(
            &world.bruno,
            &world.channel,
            &{ world.slack.channel(&world.channel).unwrap().messages.last().unwrap().ts.clone() },
            "good bye",
        )
        .unwrap();
    let snapshot = world.slack.snapshot();
    let pending = world.slack.pending_events();
    assert!(pending > 0);
    let again = sandbox::slack::Slack::new(config(), world.clock.clone());
    assert_eq!(again.snapshot(), snapshot);
    assert_eq!(again.pending_events(), pending);
    let world = World { slack: again, ..world };
    assert_eq!(world.call("auth.test", json!({}))["ok"], true);
    assert_eq!(world.events().len(), pending);
}

#[test]
fn a_torn_last_line_of_the_journal_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config { journal: Some(folder.path().to_owned()), ..small() };
    let snapshot = World::with(config()).slack.snapshot();
    let path = folder.path().join("slack.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"posted\":{\"chan").unwrap();
    let clock = World::new().clock;
    let slack = sandbox::slack::Slack::new(config(), clock.clone());
    assert_eq!(slack.snapshot(), snapshot);
    assert!(std::fs::read(&path).unwrap().ends_with(b"\n"));
    std::fs::write(&path, "nonsense\n").unwrap();
    let error = sandbox::slack::Slack::open(config(), clock).err().unwrap().to_string();
    assert!(error.starts_with("line 1 of "), "{error}");
}

#[test]
fn people_are_driven_by_json() {
    let world = World::new();
    let control = |path: &str, body: Value| {
        let request = Request::post(format!("/control/{path}")).header("content-type", "application/json");
        world.send(request.body(body.to_string().into()).unwrap())
    };
    let act = |body: Value| control("act", body);
    let posted = act(json!({ "as": world.ana, "do": "post", "channel": world.channel, "text": "hi" }));
    let ts = posted.body["ts"].clone();
    let edit = json!({ "as": world.ana, "do": "edit", "channel": world.channel, "ts": ts, "text": "hello" });
    assert_eq!(act(edit).body["ok"], true);
    let react = json!({ "as": world.bruno, "do": "react", "channel": world.channel, "ts": ts, "emoji": "tada" });
    assert_eq!(act(react).body["ok"], true);
    let refused = act(json!({ "as": world.bruno, "do": "delete", "channel": world.channel, "ts": ts }));
    assert_eq!((refused.status, &refused.body["error"]), (409, &json!("cant_delete_message")));
    let channel = world.get(&format!("/control/channels/{}", world.channel)).body;
    let message = channel["messages"].as_array().unwrap().last().unwrap();
    assert_eq!((&message["text"], &message["reactions"]["tada"]), (&json!("hello"), &json!([world.bruno])));
    let installed = control("install", json!({ "user": world.bruno, "scopes": "", "user_scopes": "chat:write" }));
    assert!(installed.body["user_token"].as_str().unwrap().starts_with("xoxp-"));
    assert_eq!(world.get("/control/users").body.as_array().unwrap().len(), world.slack.users().len());
    assert!(world.get("/control/snapshot").body["workspaces"].is_object());
    assert!(world.get("/").text.contains("<!DOCTYPE html>"));
    assert!(world.get(&format!("/avatars/{}.svg", world.ana)).text.starts_with("<svg"));
}

#[test]
fn people_answer_what_they_are_asked_and_chat_now_and_then() {
    let world = World::with(Config { people: true, ..small() });
    let ts = world.post("Who can help?");
    let arguments = json!({ "channel": world.channel, "text": "And here?", "thread_ts": ts });
    world.call("chat.postMessage", arguments);
    world.events();
    world.pass(4_000_000);
    let answers: Vec<Value> = world.events().into_iter().map(|event| event["event"].clone()).collect();
    assert_eq!(answers.len(), 2, "{answers:#?}");
    assert!(answers.iter().any(|answer| answer["thread_ts"] == ts));
    assert!(answers.iter().all(|answer| answer.get("bot_id").is_none()));
    let count = |world: &World| world.slack.channels().iter().map(|channel| channel.messages.len()).sum::<usize>();
    let before = count(&world);
    for _ in 0..20 {
        world.pass(60_000_000);
        world.events();
    }
    assert!(count(&world) >= before + 20);
}

//! What Slack tells the app, to whom, and how often.

use sandbox::slack::{App, Config, Outcome, Reason, sign};
use serde_json::{Value, json};

use crate::world::{World, small};

fn subtypes(events: &[Value]) -> Vec<String> {
    let name = |event: &Value| {
        let event = &event["event"];
        event["subtype"].as_str().or(event["type"].as_str()).unwrap_or_default().to_owned()
    };
    events.iter().map(name).collect()
}

#[test]
fn a_message_is_told_once_in_a_signed_envelope() {
    let world = World::new();
    let ts = world.slack.act_post(&world.ana, &world.channel, "a < b @bruno", None).unwrap();
    let deliveries = world.take();
    assert_eq!(deliveries.len(), 1);
    let delivery = &deliveries[0];
    let header = |name: &str| delivery.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let timestamp = header("X-Slack-Request-Timestamp").unwrap();
    assert_eq!(timestamp, "1760000000");
    let secret = &world.slack.config().app.signing_secret;
    assert_eq!(header("X-Slack-Signature"), Some(sign(secret, timestamp, &delivery.body).as_str()));
    assert_eq!(header("X-Slack-Retry-Num"), None);
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body["type"], "event_callback");
    assert_eq!(body["team_id"], world.installed.team_id);
    assert_eq!(body["authorizations"][0]["user_id"], world.installed.bot_user_id);
    assert_eq!(body["is_ext_shared_channel"], false);
    let event = &body["event"];
    assert_eq!((&event["ts"], &event["event_ts"]), (&json!(ts), &json!(ts)));
    assert_eq!(event["text"], format!("a &lt; b <@{}>", world.bruno));
    assert_eq!(event["channel_type"], "channel");
    assert!(event["client_msg_id"].is_string());
    assert_eq!(event["blocks"][0]["elements"][0]["elements"][0]["text"], "a < b ");
}

#[test]
fn the_signature_is_the_documented_one() {
    // The example of Slack's page on verifying requests.
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    assert_eq!(sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body), expected);
}

#[test]
fn own_posts_are_told_too_with_their_mark() {
    let world = World::new();
    let mark = json!({ "event_type": "mark", "event_payload": { "id": "7" } }).to_string();
    world.call("chat.postMessage", json!({ "channel": world.channel, "text": "hi", "metadata": mark }));
    let event = world.only_event();
    assert_eq!(event["metadata"]["event_payload"]["id"], "7");
    assert_eq!(event["bot_profile"]["id"], world.installed.bot_id);
    assert!(event.get("subtype").is_none());
}

#[test]
fn an_edit_is_a_message_changed_with_both_versions() {
    let world = World::new();
    let ts = world.slack.act_post(&world.ana, &world.channel, "old", None).unwrap();
    world.events();
    world.pass(5_000_000);
    world.slack.act_edit(&world.ana, &world.channel, &ts, "new").unwrap();
    let event = world.only_event();
    assert_eq!(event["subtype"], "message_changed");
    assert_eq!((&event["message"]["ts"], &event["message"]["text"]), (&json!(ts), &json!("new")));
    assert_eq!(event["message"]["edited"], json!({ "user": world.ana, "ts": "1760000005.000000" }));
    assert_eq!(event["previous_message"]["text"], "old");
    assert!(event["ts"].as_str() > Some(ts.as_str()));
    assert_eq!(event["ts"], event["event_ts"]);
}

#[test]
fn a_link_is_unfurled_a_moment_later_and_that_is_no_edit() {
    let world = World::new();
    let ts = world.slack.act_post(&world.ana, &world.channel, "see https://a.example/b", None).unwrap();
    assert_eq!(world.events().len(), 1);
    world.pass(1_000_000);
    let event = world.only_event();
    assert_eq!(event["subtype"], "message_changed");
    assert_eq!(event["message"]["ts"], ts);
    assert!(event["message"].get("edited").is_none());
    assert_eq!(event["message"]["attachments"][0]["from_url"], "https://a.example/b");
}

#[test]
fn a_deletion_tells_what_went_and_a_tombstone_is_a_change() {
    let world = World::new();
    let parent = world.slack.act_post(&world.ana, &world.channel, "parent", None).unwrap();
    let reply = world.slack.act_post(&world.bruno, &world.channel, "reply", Some(&parent)).unwrap();
    world.events();
    world.slack.act_delete(&world.ana, &world.channel, &parent).unwrap();
    let event = world.only_event();
    assert_eq!(event["message"]["subtype"], "tombstone");
    assert_eq!(event["previous_message"]["text"], "parent");
    world.slack.act_delete(&world.bruno, &world.channel, &reply).unwrap();
    let events = world.events();
    assert_eq!(subtypes(&events), ["message_deleted", "message_deleted"]);
    assert_eq!(events[0]["event"]["deleted_ts"], reply);
    assert_eq!(events[0]["event"]["previous_message"]["thread_ts"], parent);
    assert_eq!(events[1]["event"]["deleted_ts"], parent);
    assert_eq!(events[1]["event"]["previous_message"], json!([]));
}

#[test]
fn a_broadcast_reply_also_changes_its_parent() {
    let world = World::new();
    let parent = world.slack.act_post(&world.ana, &world.channel, "parent", None).unwrap();
    world.events();
    world.slack.act_broadcast(&world.bruno, &world.channel, "loud", &parent).unwrap();
    let events = world.events();
    assert_eq!(subtypes(&events), ["thread_broadcast", "message_changed"]);
    assert_eq!(events[0]["event"]["root"]["ts"], parent);
    assert!(events[1]["event"]["message"].get("edited").is_none());
    world.slack.act_post(&world.ana, &world.channel, "/me waves", None).unwrap();
    assert_eq!(world.only_event()["subtype"], "me_message");
}

#[test]
fn reactions_and_memberships_are_told() {
    let world = World::new();
    let ts = world.post("hello");
    world.events();
    world.slack.act_react(&world.bruno, &world.channel, &ts, "thumbsup").unwrap();
    let event = world.only_event();
    assert_eq!((&event["type"], &event["reaction"]), (&json!("reaction_added"), &json!("+1")));
    assert_eq!(event["item"], json!({ "type": "message", "channel": world.channel, "ts": ts }));
    assert_eq!(event["item_user"], world.installed.bot_user_id);
    world.slack.act_unreact(&world.bruno, &world.channel, &ts, "+1").unwrap();
    assert_eq!(world.only_event()["type"], "reaction_removed");
    world.slack.act_leave(&world.bruno, &world.channel).unwrap();
    assert_eq!(subtypes(&world.events()), ["channel_leave", "member_left_channel"]);
    world.slack.act_invite(&world.ana, &world.channel, &world.bruno).unwrap();
    let events = world.events();
    assert_eq!(subtypes(&events), ["member_joined_channel", "channel_join"]);
    assert_eq!(events[0]["event"]["inviter"], world.ana);
    assert_eq!(events[0]["event"]["channel_type"], "C");
}

#[test]
fn channels_and_people_that_change_are_told() {
    let world = World::new();
    world.slack.act_rename(&world.ana, &world.channel, "loud").unwrap();
    assert_eq!(subtypes(&world.events()), ["channel_rename", "channel_name"]);
    world.slack.act_archive(&world.ana, &world.channel, true).unwrap();
    world.slack.act_archive(&world.ana, &world.channel, false).unwrap();
    assert_eq!(subtypes(&world.events()), ["channel_archive", "channel_unarchive"]);
    world.slack.act_rename_user(&world.ana, "Ana Souza", "").unwrap();
    assert_eq!(world.only_event()["user"]["real_name"], "Ana Souza");
    world.slack.act_new_person(&world.installed.team_id, "zoe", "Zoë").unwrap();
    assert_eq!(subtypes(&world.events()), ["team_join", "member_joined_channel", "channel_join"]);
    let id = world.slack.act_change_channel_id(&world.channel).unwrap();
    let event = world.only_event();
    assert_eq!((&event["old_channel_id"], &event["new_channel_id"]), (&json!(world.channel), &json!(id)));
    world.slack.act_create_channel(&world.ana, "brand-new", false).unwrap();
    assert_eq!(world.only_event()["channel"]["name"], "brand-new");
}

#[test]
fn only_what_an_installation_sees_is_told_and_people_count() {
    let world = World::new();
    let others = world.slack.users().into_iter().filter(|user| !user.is_bot && user.id != world.ana);
    let others: Vec<String> = others.map(|user| user.id).collect();
    let theirs = world.slack.act_open(&others[0], &[&others[1]]).unwrap();
    world.slack.act_post(&others[0], &theirs, "between us", None).unwrap();
    assert!(world.events().is_empty());
    let hers = world.slack.act_open(&others[0], &[&world.ana]).unwrap();
    world.slack.act_post(&others[0], &hers, "to Ana", None).unwrap();
    let events = world.events();
    let told = events.last().unwrap();
    assert_eq!(told["event"]["channel_type"], "im");
    assert_eq!(told["authorizations"][0]["user_id"], world.ana);
    assert_eq!(told["authorizations"][0]["is_bot"], false);
}

#[test]
fn only_subscribed_events_are_told() {
    let app = App { bot_events: vec!["reaction_added".into()], user_events: vec![], ..small().app };
    let world = World::with(Config { app, ..small() });
    let ts = world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    world.slack.act_react(&world.ana, &world.channel, &ts, "eyes").unwrap();
    assert_eq!(subtypes(&world.events()), ["reaction_added"]);
}

#[test]
fn dead_tokens_are_told_by_their_users() {
    let world = World::new();
    world.slack.revoke_token(world.person());
    assert_eq!(world.only_event()["tokens"], json!({ "oauth": [world.ana], "bot": [] }));
    world.slack.uninstall(&world.installed.team_id);
    assert_eq!(subtypes(&world.events()), ["tokens_revoked", "app_uninstalled"]);
    world.slack.act_post(&world.ana, &world.channel, "nobody hears", None).unwrap();
    assert!(world.events().is_empty());
}

#[test]
fn a_failure_is_retried_at_once_after_a_minute_after_five_and_then_dropped() {
    let world = World::new();
    world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    let mut bodies = Vec::new();
    let mut signatures = Vec::new();
    for (attempt, wait) in [(0, 0), (1, 60_000_000), (2, 300_000_000), (3, 0)] {
        let due = world.slack.take_due();
        assert_eq!(due.len(), 1, "attempt {attempt}");
        let delivery = &due[0];
        assert_eq!(delivery.attempt, attempt);
        let header = |name: &str| delivery.headers.iter().find(|(other, _)| other == name).map(|(_, v)| v.clone());
        assert_eq!(header("X-Slack-Retry-Num"), (attempt > 0).then(|| attempt.to_string()));
        assert_eq!(header("X-Slack-Retry-Reason"), (attempt > 0).then(|| "http_timeout".to_owned()));
        signatures.push(header("X-Slack-Signature").unwrap());
        bodies.push(delivery.body.clone());
        world.slack.delivered(delivery, Outcome::Failed(Reason::HttpTimeout));
        if wait > 0 {
            world.pass(wait - 1);
            assert!(world.slack.take_due().is_empty());
            world.pass(1);
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_ne!(signatures[1], signatures[2]);
    world.pass(86_400_000_000);
    assert!(world.slack.take_due().is_empty());
    assert_eq!((world.slack.dropped_events(), world.slack.pending_events()), (1, 0));
}

#[test]
fn an_app_may_ask_not_to_be_told_again() {
    let world = World::new();
    world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    let due = world.slack.take_due();
    world.slack.delivered(&due[0], Outcome::NoRetry);
    assert_eq!(world.slack.pending_events(), 0);
}

#[test]
fn an_address_is_checked_by_a_challenge_in_any_of_three_forms() {
    let world = World::new();
    for wrap in ["{}", "challenge={}", "{\"challenge\":\"{}\"}"] {
        world.slack.send_url_verification().unwrap();
        let delivery = world.take().remove(0);
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["type"], "url_verification");
        let answer = wrap.replace("{}", body["challenge"].as_str().unwrap());
        assert!(world.slack.url_verification_answered(&delivery, answer.as_bytes()));
        assert!(!world.slack.url_verification_answered(&delivery, b"wrong"));
    }
}

#[test]
fn times_in_a_channel_only_grow_even_while_the_clock_stands() {
    let world = World::new();
    let mut last = String::new();
    for index in 0..50 {
        let ts = world.slack.act_post(&world.ana, &world.channel, &format!("{index}"), None).unwrap();
        assert!(ts > last);
        last = ts;
    }
}

#[test]
fn a_workspaces_own_emoji_come_and_go_under_all_their_names() {
    let world = World::new();
    let address = "https://emoji.slack-edge.invalid/parrot.gif";
    world.slack.act_add_emoji(&world.ana, "parrot", address).unwrap();
    let mut event = world.only_event();
    assert!(event["event_ts"].is_string());
    event.as_object_mut().unwrap().remove("event_ts");
    let added = json!({ "type": "emoji_changed", "subtype": "add", "name": "parrot", "value": address });
    assert_eq!(event, added);
    world.slack.act_add_emoji(&world.ana, "bird", "alias:parrot").unwrap();
    assert_eq!(world.only_event()["value"], "alias:parrot");
    assert_eq!(world.slack.act_add_emoji(&world.ana, "+1", address), Err("error_name_taken"));
    assert_eq!(world.slack.act_add_emoji(&world.ana, "nobody", "alias:no-such-emoji"), Err("emoji_not_found"));

    world.slack.act_rename_emoji(&world.ana, "bird", "fowl").unwrap();
    let event = world.only_event();
    let named = (&event["subtype"], &event["old_name"], &event["new_name"], &event["value"]);
    assert_eq!(named, (&json!("rename"), &json!("bird"), &json!("fowl"), &json!("alias:parrot")));
    world.slack.act_remove_emoji(&world.ana, "parrot").unwrap();
    let event = world.only_event();
    assert_eq!((&event["subtype"], &event["names"]), (&json!("remove"), &json!(["parrot", "fowl"])));
    let left = world.call("emoji.list", json!({}))["emoji"].as_object().unwrap().len();
    assert_eq!(left, 2, "those that the seed made");
}

//! What is wrong gets a clear answer, or is kept with its error; it blocks nobody.

use crate::house::{Answer, Feed, House, read};
use reqwest::{Method, header};
use sandbox::slack::sign;
use serde_json::{Value, json};

/// A call to the hook, signed as of `skew` seconds from now.
pub async fn hook(house: &House, skew: i64, media_type: &str, body: &[u8]) -> Answer {
    let secret = house.slack.config().app.signing_secret.clone();
    let stamp = (house.slack.now_micros() / 1_000_000 + skew).to_string();
    hook_as(house, "slack", &stamp, &sign(&secret, &stamp, body), media_type, body).await
}

async fn hook_as(house: &House, platform: &str, stamp: &str, sign: &str, media_type: &str, body: &[u8]) -> Answer {
    let call = house.client.post(format!("{}/hooks/{platform}", house.base)).header(header::CONTENT_TYPE, media_type);
    let call = call.header("x-slack-request-timestamp", stamp).header("x-slack-signature", sign);
    read(call.body(body.to_vec()).send().await.unwrap()).await
}

pub fn envelope(team: &str, event: Value) -> Vec<u8> {
    let id = format!("Ev{}", event["event_ts"].as_str().unwrap_or("0"));
    let body = json!({ "type": "event_callback", "team_id": team, "api_app_id": "A0SANDBOX1", "event_id": id,
        "event_time": 1, "event": event });
    body.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_slacks_is_refused() {
    let house = House::new().await;
    let body = envelope("T0", json!({ "type": "team_join", "event_ts": "1.1" }));
    let stamp = (house.slack.now_micros() / 1_000_000).to_string();
    let secret = house.slack.config().app.signing_secret.clone();
    let right = sign(&secret, &stamp, &body);
    let json = "application/json";
    let wrong = [sign("another", &stamp, &body), sign(&secret, &stamp, b"other"), String::new(), "v0=zz".to_owned()];
    for signature in wrong {
        hook_as(&house, "slack", &stamp, &signature, json, &body).await.refused(401, "unauthorized");
    }
    hook_as(&house, "slack", "1", &sign(&secret, "1", &body), json, &body).await.refused(401, "unauthorized");
    hook_as(&house, "irc", &stamp, &right, json, &body).await.refused(404, "not_found");
    let bare = house.client.post(format!("{}/hooks/slack", house.base)).body(body.clone()).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    hook(&house, 0, "text/plain", &body).await.refused(415, "wrong_content_type");
    hook(&house, 0, json, b"{\"type\":").await.refused(400, "unreadable");
    hook(&house, 0, json, b"[]").await.refused(400, "unreadable");
    hook(&house, 0, json, &vec![b' '; 4 * 1024 * 1024 + 1]).await.refused(413, "too_large");
    assert_eq!(hook_as(&house, "slack", &stamp, &right, json, &body).await.status, 200);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_may_be_wrong_by_five_minutes() {
    let house = House::new().await;
    let body = envelope("T0", json!({ "type": "team_join", "event_ts": "1.1" }));
    for (skew, status) in [(-290, 200), (290, 200), (-310, 401), (310, 401)] {
        house.clock.set_seconds(skew);
        assert_eq!(hook(&house, 0, "application/json", &body).await.status, status, "{skew}");
        house.clock.set_seconds(0);
        assert_eq!(hook(&house, skew, "application/json", &body).await.status, status, "{skew}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_and_strange_is_kept_and_blocks_nobody() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let team = house.slack.channel(&channel).unwrap().team;
    let connection = house.connect("ana", &ana).await;
    house.import("ana", &connection, &channel).await;
    let message = |team: &str, more: Value| {
        let mut event = json!({ "type": "message", "channel": channel, "user": bruno, "text": "stranger",
            "ts": "1700000000.000100", "event_ts": "1700000000.000100" });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        envelope(team, event)
    };
    let bodies = [
        message("TUNKNOWN", json!({})),
        message(&team, json!({ "channel": "CUNKNOWN", "ts": "1700000000.000200" })),
        envelope(&team, json!({ "type": "a_type_of_tomorrow", "event_ts": "2.1", "channel": channel })),
        message(&team, json!({ "subtype": "a_subtype_of_tomorrow", "ts": "1700000000.000300", "text": "of tomorrow" })),
        envelope(&team, json!({ "type": "message", "event_ts": "4.1", "channel": 7, "ts": [] })),
        envelope(&team, json!("not an object")),
        b"{\"type\":\"event_callback\"}".to_vec(),
        b"{\"type\":\"a_kind_of_tomorrow\"}".to_vec(),
    ];
    let mut feed = Feed::open(&house, "ana", house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await;
    for body in bodies {
        let answer = hook(&house, 0, "application/json", &body).await;
        assert!([200, 400].contains(&answer.status), "{answer:?}");
    }
    house.slack.act_post(&bruno, &channel, "after all that", None).unwrap();
    feed.until(|event| event["object"]["body"]["text"] == "after all that").await;
    let shown = house.get("ana", "/v1/events?limit=500").await.to_string();
    assert!(!shown.contains("stranger"), "an unknown workspace or chat leaked");
    let parked = house.get("ana", "/v1/parked").await["items"].clone();
    assert!(parked.as_array().unwrap().len() <= 1, "only the broken message may be parked: {parked}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_reactions_are_counted_and_a_few_named() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let team = house.slack.channel(&channel).unwrap().team;
    let connection = house.connect("ana", &ana).await;
    house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let ts = house.slack.act_post(&bruno, &channel, "popular", None).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "popular").await;
    let second = house.slack.now_micros() / 1_000_000;
    let mut calls = tokio::task::JoinSet::new();
    let secret = house.slack.config().app.signing_secret.clone();
    for number in 0..1_000 {
        let item = json!({ "type": "message", "channel": channel, "ts": ts });
        let event = json!({ "type": "reaction_added", "user": format!("UCROWD{number:04}"), "reaction": "eyes",
            "item": item, "event_ts": format!("{}.{number:06}", second + 1) });
        let (body, stamp) = (envelope(&team, event), second.to_string());
        let call =
            house.client.post(format!("{}/hooks/slack", house.base)).header(header::CONTENT_TYPE, "application/json");
        let call =
            call.header("x-slack-signature", sign(&secret, &stamp, &body)).header("x-slack-request-timestamp", stamp);
        calls.spawn(call.body(body).send());
        if calls.len() >= 32 {
            assert_eq!(calls.join_next().await.unwrap().unwrap().unwrap().status(), 200);
        }
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap().unwrap().status(), 200);
    }
    let full = feed.message(&told["object"]["id"], |message| message["reactions"][0]["count"] == 1_000).await;
    assert!(full["object"]["reactions"][0]["names"].as_array().unwrap().len() <= 12);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_may_be_long_and_not_empty() {
    let house = House::new().await;
    let ana = house.person(0);
    let channel = house.shared_channel(&[&ana]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let path = format!("/v1/chats/{chat}/messages");
    let send = async |body: Value| house.ask("ana", Method::POST, &path, Some(body)).await;
    for text in ["", "  \n\t "] {
        send(json!({ "text": text })).await.refused(422, "empty_text");
    }
    send(json!({ "text": "x".repeat(12_001) })).await.refused(422, "text_too_long");
    let longest = "ü".repeat(12_000);
    let mut feed = Feed::open(&house, "ana", 0).await;
    let sent = send(json!({ "text": longest })).await.good();
    let sent = feed.message(&sent["id"], |message| message["status"] != "pending").await;
    assert_eq!(sent["object"]["status"], "sent", "{}", sent["object"]["error"]);
    assert!(house.slack.channel(&channel).unwrap().messages.iter().any(|message| {
        message.blocks.first().is_some_and(|block| block["elements"][0]["elements"][0]["text"] == longest.as_str())
    }));
    let message = format!("/v1/messages/{}", sent["object"]["id"].as_str().unwrap());
    house.ask("ana", Method::PATCH, &message, Some(json!({ "text": "" }))).await.refused(422, "empty_text");
    house.ask("ana", Method::PUT, &format!("{message}/reactions/a%20b"), None).await.refused(422, "bad_emoji");
    let resolution = Some(json!({ "resolution": "it_was_sent" }));
    house.ask("ana", Method::POST, &format!("{message}/retry"), resolution).await.refused(422, "nothing_to_settle");
    let others = house.messages("ana", &chat).await;
    let other = others.iter().find(|message| message["direction"] == "incoming").unwrap();
    let other = format!("/v1/messages/{}", other["id"].as_str().unwrap());
    house.ask("ana", Method::PATCH, &other, Some(json!({ "text": "mine" }))).await.refused(422, "not_yours");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_the_wrong_form_is_a_clear_problem() {
    let house = House::new().await;
    let key = format!("Bearer {}", house.key);
    let post = async |media_type: &str, body: Vec<u8>| {
        let call = house.client.post(format!("{}/v1/connections", house.base)).header("authorization", &key);
        let call = call.header("bothways-customer", "ana").header(header::CONTENT_TYPE, media_type);
        read(call.body(body).send().await.unwrap()).await
    };
    let json = "application/json";
    post(json, b"{\"integration\":".to_vec()).await.refused(400, "broken_json");
    post(json, vec![0xff, 0xfe]).await.refused(400, "broken_json");
    post(json, b"{}".to_vec()).await.refused(422, "wrong_shape");
    post(json, b"{\"integration\":7}".to_vec()).await.refused(422, "wrong_shape");
    post(json, b"{\"integration\":\"slack\",\"retrun_to\":\"/\"}".to_vec()).await.refused(422, "wrong_shape");
    post("text/plain", b"{\"integration\":\"slack\"}".to_vec()).await.refused(415, "wrong_content_type");
    post("application/x-www-form-urlencoded", b"integration=slack".to_vec()).await.refused(415, "wrong_content_type");
    post(json, vec![b' '; 4 * 1024 * 1024 + 1]).await.refused(413, "too_large");
    assert_eq!(post("application/json; charset=utf-8", b"{\"integration\":\"slack\"}".to_vec()).await.status, 201);
    house.ask("ana", Method::PUT, "/v1/chats", None).await.refused(405, "wrong_method");
    house.ask("ana", Method::GET, "/v1/nothing", None).await.refused(404, "no_such_route");
    house.ask("ana", Method::GET, "/v1/chats?limit=many", None).await.refused(400, "bad_query");
    house.ask("ana", Method::GET, "/v1/chats?state=lost", None).await.refused(400, "bad_query");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_are_not_ours_name_nothing() {
    let house = House::new().await;
    for id in ["x", "%00", "%ff", "msg_1", "chat_00000000000000000000000000000000", "C0123", "..%2F..%2Fetc", "🙂"] {
        for path in [format!("/v1/chats/{id}"), format!("/v1/messages/{id}"), format!("/v1/connections/{id}")] {
            house.ask("ana", Method::GET, &path, None).await.refused(404, "not_found");
        }
        let path = format!("/v1/messages/{id}/reactions/{id}");
        house.ask("ana", Method::PUT, &path, None).await.refused(404, "not_found");
        house.ask("ana", Method::GET, &format!("/v1/chats?connection_id={id}"), None).await.refused(404, "not_found");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_good_in_its_own_list_alone() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let (own, theirs) = (house.connect("ana", &ana).await, house.connect("bruno", &bruno).await);
    let chat = house.import("ana", &own, &channel).await;
    let other = house.import("bruno", &theirs, &channel).await;
    let page = house.get("ana", &format!("/v1/chats/{chat}/messages?limit=2")).await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let good = house.get("ana", &format!("/v1/chats/{chat}/messages?limit=2&cursor={cursor}")).await;
    assert_eq!(good["items"].as_array().unwrap().len(), 2);
    let elsewhere = [
        ("ana", format!("/v1/chats?cursor={cursor}")),
        ("ana", format!("/v1/sync-statuses?cursor={cursor}")),
        ("ana", format!("/v1/connections/{own}/people?cursor={cursor}")),
        ("ana", format!("/v1/chats/available?connection_id={own}&cursor={cursor}")),
        ("bruno", format!("/v1/chats/{other}/messages?cursor={cursor}")),
        ("ana", format!("/v1/chats/{chat}/messages?cursor={cursor}x")),
        ("ana", format!("/v1/chats/{chat}/messages?cursor=17")),
        ("ana", format!("/v1/chats/{chat}/messages?cursor=%27%20or%201%3D1")),
    ];
    for (customer, path) in elsewhere {
        house.ask(customer, Method::GET, &path, None).await.refused(400, "bad_cursor");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_told_and_a_new_login_mends_it() {
    let house = House::new().await;
    let ana = house.person(0);
    let channel = house.shared_channel(&[&ana]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    house.slack.uninstall(&house.slack.channel(&channel).unwrap().team);
    let told = feed.until(|event| event["object"]["state"] == "needs_login").await;
    assert!(told["object"]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told}");
    let path = format!("/v1/chats/{chat}/messages");
    let send = house.ask("ana", Method::POST, &path, Some(json!({ "text": "x" }))).await;
    send.refused(422, "connection_closed");
    assert_eq!(house.connect("ana", &ana).await, connection);
    let sent = house.send("ana", &chat, "mended").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_was_left_tells_nothing_more_and_takes_nothing() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let stays = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let room = house.slack.act_create_channel(&ana, "the-room", true).unwrap();
    house.slack.act_invite(&ana, &room, &bruno).unwrap();
    let left = house.import("ana", &connection, &room).await;
    house.import("ana", &connection, &stays).await;
    house.slack.act_leave(&ana, &room).unwrap();
    house.slack.act_post(&bruno, &room, "now that she is gone", None).unwrap();
    let mut feed = Feed::open(&house, "ana", 0).await;
    house.slack.act_post(&bruno, &stays, "over here", None).unwrap();
    feed.until(|event| event["object"]["body"]["text"] == "over here").await;
    let path = format!("/v1/chats/{left}/messages");
    let send = house.ask("ana", Method::POST, &path, Some(json!({ "text": "anybody?" }))).await;
    if send.status == 202 {
        let ended = feed.message(&send.body["id"], |message| message["status"] != "pending").await;
        assert_eq!(ended["object"]["status"], "failed");
        assert!(ended["object"]["error"]["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{ended}");
    } else {
        assert_eq!(send.status, 422, "{send:?}");
    }
    let held = house.messages("ana", &left).await;
    assert!(!held.iter().any(|message| message["body"]["text"] == "now that she is gone"));
    house.close().await;
}

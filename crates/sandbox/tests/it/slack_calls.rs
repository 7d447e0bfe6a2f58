//! The Web API, method by method.

use axum::body::Body;
use axum::http::Request;
use sandbox::slack::{ChannelKind, Config, RateLimits, WorldSize};
use serde_json::{Value, json};

use crate::world::{World, small};

fn texts(answer: &Value) -> Vec<&str> {
    answer["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect()
}

#[test]
fn a_post_comes_back_with_what_slack_makes_of_it() {
    let world = World::new();
    let answer = world.call(
        "chat.postMessage",
        json!({
            "channel": world.channel, "text": "see https://a.example/x?a=1&b=2 👍 & *more*",
            "metadata": json!({ "event_type": "mark", "event_payload": { "id": "1" } }).to_string(),
        }),
    );
    let message = &answer["message"];
    assert_eq!(message["text"], "see <https://a.example/x?a=1&amp;b=2> :+1: &amp; *more*");
    assert_eq!(message["user"], world.installed.bot_user_id);
    assert_eq!(message["bot_id"], world.installed.bot_id);
    assert_eq!(message["bot_profile"]["user_id"], world.installed.bot_user_id);
    assert!(message.get("subtype").is_none());
    assert_eq!(
        message["blocks"][0]["elements"][0]["elements"],
        json!([
            { "type": "text", "text": "see " },
            { "type": "link", "url": "https://a.example/x?a=1&b=2" },
            { "type": "text", "text": " " },
            { "type": "emoji", "name": "+1", "unicode": "1f44d" },
            { "type": "text", "text": " & " },
            { "type": "text", "text": "more", "style": { "bold": true } },
        ])
    );
    let ts = answer["ts"].as_str().unwrap();
    assert_eq!(ts.len(), 17);
    let history = world.call("conversations.history", json!({ "channel": world.channel, "limit": 1 }));
    assert_eq!(history["messages"][0]["metadata"], json!({ "event_type": "mark" }));
    let whole = json!({ "channel": world.channel, "limit": 1, "include_all_metadata": true });
    let history = world.call("conversations.history", whole);
    assert_eq!(history["messages"][0]["metadata"]["event_payload"]["id"], "1");
}

#[test]
fn writing_methods_take_json_and_reading_methods_do_not() {
    let world = World::new();
    let body = json!({ "channel": world.channel, "text": "json", "blocks": [{ "type": "divider" }] });
    let answer = world.call_json("chat.postMessage", "application/json; charset=utf-8", body.clone());
    assert_eq!(answer.body["message"]["blocks"][0]["type"], "divider");
    assert!(answer.body.get("warning").is_none());
    let answer = world.call_json("chat.postMessage", "application/json", body);
    assert_eq!(answer.body["warning"], "missing_charset");
    let body = json!({ "channel": world.channel });
    let answer = world.call_json("conversations.history", "application/json; charset=utf-8", body);
    assert_eq!(answer.body["error"], "channel_not_found");
    let path = format!("/api/conversations.info?token={}&channel={}", world.bot(), world.channel);
    assert_eq!(world.get(&path).body["channel"]["name"], "quiet");
    let broken = Request::post("/api/chat.postMessage").header("content-type", "application/json");
    let answer = world.send(broken.body(Body::from("{")).unwrap());
    assert_eq!(answer.body["error"], "invalid_json");
}

#[test]
fn every_answer_tells_the_time_and_the_scopes() {
    let world = World::new();
    let answer = world.call_as(world.bot(), "auth.test", json!({}));
    assert_eq!(answer.headers["date"], "Thu, 09 Oct 2025 08:53:20 GMT");
    let scopes = answer.headers["x-oauth-scopes"].to_str().unwrap();
    assert!(scopes.split(',').any(|scope| scope == "chat:write"));
    assert_eq!(answer.body["bot_id"], world.installed.bot_id);
    assert_eq!(answer.body["user_id"], world.installed.bot_user_id);
}

#[test]
fn a_call_without_a_good_token_or_scope_is_refused_by_name() {
    let world = World::new();
    assert_eq!(world.get("/api/auth.test").body["error"], "not_authed");
    assert_eq!(world.call_as("xoxb-none", "auth.test", json!({})).body["error"], "invalid_auth");
    assert_eq!(world.call("no.such", json!({}))["error"], "unknown_method");
    let poor = world.slack.install(&world.bruno, &[], &["users:read"]).unwrap().user_token.unwrap();
    let arguments = json!({ "channel": world.channel, "text": "x" });
    let answer = world.call_as(&poor, "chat.postMessage", arguments).body;
    let expected = json!({
        "ok": false, "error": "missing_scope", "needed": "chat:write", "provided": "users:read",
    });
    assert_eq!(answer, expected);
    world.slack.act_deactivate(&world.bruno, true).unwrap();
    assert_eq!(world.call_as(&poor, "users.list", json!({})).body["error"], "account_inactive");
    world.slack.revoke_token(world.bot());
    assert_eq!(world.call("auth.test", json!({}))["error"], "token_revoked");
}

#[test]
fn a_bot_reads_only_where_it_was_added_and_a_person_reads_what_they_see() {
    let world = World::new();
    let other = world.slack.act_create_channel(&world.bruno, "other", false).unwrap();
    let secret = world.slack.act_create_channel(&world.bruno, "secret", true).unwrap();
    for (channel, error) in [(&other, "not_in_channel"), (&secret, "channel_not_found")] {
        let answer = world.call("conversations.history", json!({ "channel": channel }));
        assert_eq!(answer["error"], error);
        let answer = world.call("chat.postMessage", json!({ "channel": channel, "text": "x" }));
        assert_eq!(answer["error"], error);
    }
    assert_eq!(world.call("conversations.info", json!({ "channel": other }))["channel"]["is_member"], false);
    let read =
        |channel: &str| world.call_as(world.person(), "conversations.history", json!({ "channel": channel })).body;
    assert_eq!(read(&other)["ok"], true);
    assert_eq!(read(&secret)["error"], "channel_not_found");
    let dm = world.slack.act_open(&world.ana, &[&world.bruno]).unwrap();
    assert_eq!(read(&dm)["ok"], true);
    assert_eq!(world.call("conversations.info", json!({ "channel": dm }))["error"], "channel_not_found");
}

#[test]
fn lists_come_in_pages_that_may_be_short_until_the_cursor_is_empty() {
    let world = World::new();
    let mut found = Vec::new();
    let (mut cursor, mut short) = (String::new(), false);
    loop {
        let arguments = json!({ "limit": 3, "cursor": cursor, "types": "private_channel,public_channel" });
        let answer = world.call_as(world.person(), "conversations.list", arguments).body;
        let page = answer["channels"].as_array().unwrap();
        found.extend(page.iter().map(|channel| channel["id"].as_str().unwrap().to_owned()));
        short |= page.len() < 3;
        cursor = answer["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
        assert!(cursor.ends_with('='));
    }
    let seen = |kind: ChannelKind, members: &std::collections::BTreeSet<String>| {
        kind == ChannelKind::Public || (kind == ChannelKind::Private && members.contains(&world.ana))
    };
    let all = world.slack.channels().into_iter().filter(|channel| seen(channel.kind, &channel.members));
    assert_eq!(found, all.map(|channel| channel.id).collect::<Vec<_>>());
    assert!(short);
    let wrong = world.call("users.list", json!({ "cursor": "bm9uc2Vuc2U=" }));
    assert_eq!(wrong["error"], "invalid_cursor");
}

#[test]
fn an_old_cursor_expires_where_cursors_do() {
    let config = Config { cursor_life: Some(std::time::Duration::from_secs(60)), ..small() };
    let world = World::with(config);
    let page = world.call("users.list", json!({ "limit": 1 }));
    let cursor = page["response_metadata"]["next_cursor"].clone();
    assert_eq!(world.call("users.list", json!({ "limit": 1, "cursor": cursor }))["ok"], true);
    world.pass(62_000_000);
    assert_eq!(world.call("users.list", json!({ "limit": 1, "cursor": cursor }))["error"], "invalid_cursor");
}

#[test]
fn history_runs_from_new_to_old_and_its_bounds_are_exclusive() {
    let world = World::new();
    let ts: Vec<String> = ["one", "two", "three", "four"].iter().map(|text| world.post(text)).collect();
    let ask = |more: Value| {
        let mut arguments = json!({ "channel": world.channel, "oldest": ts[0], "latest": ts[3] });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.call("conversations.history", arguments)
    };
    assert_eq!(texts(&ask(json!({}))), ["three", "two"]);
    assert_eq!(texts(&ask(json!({ "inclusive": true }))), ["four", "three", "two", "one"]);
    let first = ask(json!({ "inclusive": true, "limit": 3 }));
    assert_eq!((texts(&first), &first["has_more"]), (vec!["four", "three", "two"], &json!(true)));
    let cursor = &first["response_metadata"]["next_cursor"];
    let second = ask(json!({ "inclusive": true, "limit": 3, "cursor": cursor }));
    assert_eq!((texts(&second), &second["has_more"]), (vec!["one"], &json!(false)));
    assert_eq!(ask(json!({ "latest": "soon" }))["error"], "invalid_ts_latest");
    assert_eq!(ask(json!({ "oldest": "-1" }))["error"], "invalid_ts_oldest");
    let one = json!({ "oldest": ts[1], "latest": ts[1], "inclusive": true, "limit": 1 });
    assert_eq!(texts(&ask(one)), ["two"]);
    assert!(texts(&ask(json!({ "oldest": ts[3], "latest": ts[0] }))).is_empty());
}

#[test]
fn replies_are_in_their_thread_alone_unless_broadcast() {
    let world = World::new();
    let parent = world.post("parent");
    let say = |text: &str, broadcast: bool| {
        let arguments =
            json!({ "channel": world.channel, "text": text, "thread_ts": parent, "reply_broadcast": broadcast });
        world.call("chat.postMessage", arguments)["ts"].as_str().unwrap().to_owned()
    };
    let hidden = say("hidden", false);
    say("loud", true);
    let history = world.call("conversations.history", json!({ "channel": world.channel, "limit": 2 }));
    assert_eq!(texts(&history), ["loud", "parent"]);
    assert_eq!(history["messages"][0]["subtype"], "thread_broadcast");
    assert_eq!(history["messages"][0]["root"]["ts"], parent);
    assert_eq!(history["messages"][1]["reply_count"], 2);
    let thread = world.call("conversations.replies", json!({ "channel": world.channel, "ts": hidden }));
    assert_eq!(texts(&thread), ["parent", "hidden", "loud"]);
    assert_eq!(thread["messages"][1]["parent_user_id"], world.installed.bot_user_id);
    let page = world.call("conversations.replies", json!({ "channel": world.channel, "ts": parent, "limit": 2 }));
    let cursor = &page["response_metadata"]["next_cursor"];
    let arguments = json!({ "channel": world.channel, "ts": parent, "limit": 2, "cursor": cursor });
    assert_eq!(texts(&world.call("conversations.replies", arguments)), ["loud"]);
    let none = json!({ "channel": world.channel, "ts": "1.000000" });
    assert_eq!(world.call("conversations.replies", none)["error"], "thread_not_found");
}

#[test]
fn an_edit_keeps_metadata_drops_blocks_and_names_the_bot() {
    let world = World::new();
    let posted = world.call(
        "chat.postMessage",
        json!({
            "channel": world.channel, "text": "old", "blocks": json!([{ "type": "divider" }]).to_string(),
            "metadata": json!({ "event_type": "mark", "event_payload": {} }).to_string(),
        }),
    );
    let ts = &posted["ts"];
    let answer = world.call("chat.update", json!({ "channel": world.channel, "ts": ts, "text": "new" }));
    assert_eq!((&answer["ts"], &answer["text"]), (ts, &json!("new")));
    assert!(answer["message"].get("ts").is_none());
    assert_eq!(answer["message"]["edited"]["user"], world.installed.bot_id);
    assert!(answer["message"]["edited"]["ts"].as_str().unwrap().ends_with(".000000"));
    assert_eq!(answer["message"]["blocks"][0]["type"], "rich_text");
    assert_eq!(answer["message"]["metadata"]["event_type"], "mark");
    let gone = json!({ "channel": world.channel, "ts": ts, "text": "new", "metadata": "{}" });
    assert!(world.call("chat.update", gone)["message"].get("metadata").is_none());
    let long = json!({ "channel": world.channel, "ts": ts, "text": "x".repeat(4001) });
    assert_eq!(world.call("chat.update", long)["error"], "msg_too_long");
    let empty = json!({ "channel": world.channel, "ts": ts });
    assert_eq!(world.call("chat.update", empty)["error"], "no_text");
    let theirs = world.slack.act_post(&world.ana, &world.channel, "hers", None).unwrap();
    let arguments = json!({ "channel": world.channel, "ts": theirs, "text": "mine" });
    assert_eq!(world.call("chat.update", arguments.clone())["error"], "cant_update_message");
    assert_eq!(world.call("chat.delete", arguments.clone())["error"], "cant_delete_message");
    let own = world.call_as(world.person(), "chat.update", arguments).body;
    assert_eq!(own["message"]["edited"]["user"], world.ana);
}

#[test]
fn text_has_its_limits() {
    let world = World::new();
    let ts = world.post(&"x".repeat(40_007));
    assert_eq!(world.slack.channel(&world.channel).unwrap().message(&ts).unwrap().text.len(), 40_000);
    let empty = world.call("chat.postMessage", json!({ "channel": world.channel, "text": "" }));
    assert_eq!(empty["error"], "no_text");
    let orphan = json!({ "channel": world.channel, "text": "x", "thread_ts": "1.000000" });
    assert_eq!(world.call("chat.postMessage", orphan)["error"], "thread_not_found");
    world.slack.act_archive(&world.ana, &world.channel, true).unwrap();
    let late = json!({ "channel": world.channel, "text": "x" });
    assert_eq!(world.call("chat.postMessage", late)["error"], "is_archived");
}

#[test]
fn a_deleted_parent_leaves_a_tombstone_until_its_last_reply_goes() {
    let world = World::new();
    let parent = world.post("parent");
    let reply = json!({ "channel": world.channel, "text": "reply", "thread_ts": parent });
    let reply = world.call("chat.postMessage", reply)["ts"].clone();
    let delete = |ts: &Value| world.call("chat.delete", json!({ "channel": world.channel, "ts": ts }));
    assert_eq!(delete(&json!(parent))["ok"], true);
    let history = world.call("conversations.history", json!({ "channel": world.channel, "limit": 1 }));
    assert_eq!(history["messages"][0]["subtype"], "tombstone");
    assert_eq!(history["messages"][0]["user"], "USLACKBOT");
    assert_eq!(delete(&json!(parent))["error"], "message_not_found");
    assert_eq!(delete(&reply)["ok"], true);
    assert!(world.texts().is_empty());
    assert_eq!(delete(&reply)["error"], "message_not_found");
}

#[test]
fn reactions_have_one_name_each_and_are_not_idempotent() {
    let world = World::new();
    let ts = world.post("hello");
    let item = |name: &str| json!({ "channel": world.channel, "timestamp": ts, "name": name });
    assert_eq!(world.call("reactions.add", item("thumbsup"))["ok"], true);
    assert_eq!(world.call("reactions.add", item("+1"))["error"], "already_reacted");
    assert_eq!(world.call("reactions.add", item("wave::skin-tone-3"))["ok"], true);
    assert_eq!(world.call("reactions.add", item("acme"))["ok"], true);
    assert_eq!(world.call("reactions.add", item("nonsense"))["error"], "invalid_name");
    let got = world.call("reactions.get", item(""));
    let names: Vec<_> =
        got["message"]["reactions"].as_array().unwrap().iter().map(|reaction| reaction["name"].clone()).collect();
    assert_eq!(names, ["+1", "wave::skin-tone-3", "acme"]);
    assert_eq!(world.call("reactions.remove", item("thumbsup"))["ok"], true);
    assert_eq!(world.call("reactions.remove", item("+1"))["error"], "no_reaction");
    let nothing = json!({ "channel": world.channel, "timestamp": "1.000000", "name": "+1" });
    assert_eq!(world.call("reactions.add", nothing)["error"], "message_not_found");
}

#[test]
fn opening_a_chat_twice_finds_the_same_one() {
    let world = World::new();
    let open = |users: &str| world.call("conversations.open", json!({ "users": users, "return_im": true }));
    let first = open(&world.ana);
    assert_eq!(first["channel"]["user"], world.ana);
    let again = open(&world.ana);
    assert_eq!((&again["already_open"], &again["channel"]["id"]), (&json!(true), &first["channel"]["id"]));
    let group = open(&format!("{},{}", world.ana, world.bruno));
    assert_eq!(group["channel"]["is_mpim"], true);
    assert_eq!(open("U0NOBODY")["error"], "user_not_found");
    let to_person = world.call("chat.postMessage", json!({ "channel": world.ana, "text": "hi" }));
    assert_eq!(to_person["channel"], first["channel"]["id"]);
}

#[test]
fn joining_twice_is_a_warning_and_private_channels_cannot_be_joined() {
    let world = World::new();
    let open = world.slack.act_create_channel(&world.ana, "open", false).unwrap();
    assert!(world.call("conversations.join", json!({ "channel": open })).get("warning").is_none());
    let again = world.call("conversations.join", json!({ "channel": open }));
    assert_eq!(again["warning"], "already_in_channel");
    let secret = world.slack.act_create_channel(&world.ana, "hidden", true).unwrap();
    assert_eq!(world.call("conversations.join", json!({ "channel": secret }))["error"], "channel_not_found");
}

#[test]
fn people_bots_team_emoji_and_permalinks_can_be_asked_for() {
    let world = World::new();
    let user = world.call("users.info", json!({ "user": world.ana }));
    assert_eq!(user["user"]["profile"]["email"], "ana@acme.example");
    let without = world.call_as(world.person(), "users.info", json!({ "user": world.ana })).body;
    assert!(without["user"]["profile"].get("email").is_none());
    assert_eq!(world.call("users.info", json!({ "user": "U0" }))["error"], "user_not_found");
    let bot = world.call("bots.info", json!({ "bot": world.installed.bot_id }));
    assert_eq!(bot["bot"]["user_id"], world.installed.bot_user_id);
    assert_eq!(world.call("team.info", json!({}))["team"]["name"], "Acme");
    assert_eq!(world.call("emoji.list", json!({}))["emoji"]["acme_logo"], "alias:acme");
    let ts = world.post("here");
    let link = world.call("chat.getPermalink", json!({ "channel": world.channel, "message_ts": ts }));
    let expected = format!("https://acme.slack.com/archives/{}/p{}", world.channel, ts.replace('.', ""));
    assert_eq!(link["permalink"], expected);
    let members = world.call("conversations.members", json!({ "channel": world.channel }));
    assert_eq!(members["members"].as_array().unwrap().len(), 3);
    let mine = world.call("users.conversations", json!({}));
    assert_eq!(mine["channels"][0]["name"], "quiet");
    assert_eq!(mine["channels"].as_array().unwrap().len(), 1);
}

#[test]
fn rate_limits_name_the_wait_and_end_with_it() {
    let world = World::with(Config { rate_limits: RateLimits::Tiers, ..small() });
    for _ in 0..20 {
        assert_eq!(world.call("conversations.list", json!({}))["ok"], true);
    }
    let refused = world.call_as(world.bot(), "conversations.list", json!({}));
    assert_eq!((refused.status, &refused.body["error"]), (429, &json!("ratelimited")));
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(world.call("conversations.info", json!({ "channel": world.channel }))["ok"], true);
    world.pass(wait * 1_000_000);
    assert_eq!(world.call("conversations.list", json!({}))["ok"], true);
    assert_eq!(world.slack.refused_calls().into_iter().collect::<Vec<_>>(), [("conversations.list", 1)]);
}

#[test]
fn posts_are_counted_by_channel() {
    let world = World::with(Config { rate_limits: RateLimits::Tiers, ..small() });
    let post = |channel: &str| {
        world.call_as(world.bot(), "chat.postMessage", json!({ "channel": channel, "text": "one of many" }))
    };
    for _ in 0..10 {
        assert_eq!(post(&world.channel).status, 200);
    }
    let refused = post(&world.channel);
    assert_eq!((refused.status, &refused.body["error"]), (429, &json!("rate_limited")));
    assert_eq!(post("C0ELSEWHERE").status, 200, "another channel has room, whether it is there or not");
    world.pass(10_000_000);
    assert_eq!(post(&world.channel).status, 200);
}

#[test]
fn an_app_outside_the_marketplace_reads_history_slowly() {
    let world = World::with(Config { rate_limits: RateLimits::OutsideMarketplace, ..small() });
    for _ in 0..20 {
        world.slack.act_post(&world.bruno, &world.channel, "one of many", None).unwrap();
    }
    let read =
        || world.call_as(world.bot(), "conversations.history", json!({ "channel": world.channel, "limit": 200 }));
    let page = read();
    assert_eq!(page.body["messages"].as_array().unwrap().len(), 15);
    assert_eq!(page.body["has_more"], true);
    assert_eq!(read().status, 429);
    assert_eq!(world.call("conversations.info", json!({ "channel": world.channel }))["ok"], true);
    world.pass(60_000_000);
    assert_eq!(read().status, 200);
}

#[test]
fn a_code_is_good_once_for_ten_minutes_at_the_same_address() {
    let world = World::new();
    let address = "https://app.example/oauth/callback";
    let code = || allow(&world, address);
    let exchange = |code: &str, address: &str, secret: &str| {
        let body = serde_urlencoded::to_string([("code", code), ("redirect_uri", address)]).unwrap();
        let basic = base64_of(&format!("{}:{secret}", world.slack.config().app.client_id));
        let request = Request::post("/api/oauth.v2.access")
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded");
        world.send(request.body(Body::from(body)).unwrap()).body
    };
    let secret = world.slack.config().app.client_secret.clone();
    let first = code();
    assert_eq!(exchange(&first, address, "wrong")["error"], "bad_client_secret");
    assert_eq!(exchange(&first, "https://app.example/oauth/x", &secret)["error"], "bad_redirect_uri");
    let answer = exchange(&first, address, &secret);
    assert_eq!(answer["access_token"], world.bot());
    assert_eq!(answer["authed_user"]["id"], world.bruno);
    assert_eq!(answer["authed_user"]["token_type"], "user");
    assert_eq!(answer["enterprise"], json!(null));
    assert_eq!(exchange(&first, address, &secret)["error"], "invalid_code");
    let late = code();
    world.pass(601_000_000);
    assert_eq!(exchange(&late, address, &secret)["error"], "invalid_code");
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Lets Bruno press "Allow", and gives the code of the redirect.
fn allow(world: &World, address: &str) -> String {
    let form = |decision: &str| {
        let app = &world.slack.config().app;
        let fields = [
            ("client_id", app.client_id.as_str()),
            ("scope", "chat:write"),
            ("user_scope", "chat:write"),
            ("redirect_uri", address),
            ("state", "s&1"),
            ("user", &world.bruno),
            ("decision", decision),
        ];
        let encoded = serde_urlencoded::to_string(fields).unwrap();
        let page = world.get(&format!("/oauth/v2/authorize?{encoded}"));
        assert!(page.text.contains(&world.bruno) && page.text.contains("Allow"), "{}", page.text);
        let request = Request::post("/oauth/v2/authorize").header("content-type", "application/x-www-form-urlencoded");
        let answer = world.send(request.body(Body::from(encoded)).unwrap());
        assert_eq!(answer.status, 302);
        answer.headers["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(form("deny"), format!("{address}?error=access_denied&state=s%261"));
    let location = form("allow");
    let rest = location.strip_prefix(&format!("{address}?code=")).unwrap();
    let (code, rest) = rest.split_once('&').unwrap();
    assert_eq!(rest, "state=s%261");
    code.to_owned()
}

#[test]
fn the_oauth_page_refuses_strange_apps_and_addresses() {
    let world = World::new();
    let id = &world.slack.config().app.client_id;
    let ask = |query: String| world.get(&format!("/oauth/v2/authorize?{query}"));
    let strange = ask("client_id=1.2&scope=chat%3Awrite".into());
    assert!(strange.status == 400 && strange.text.contains("invalid_client_id"));
    for address in ["https%3A%2F%2Fevil.example", "https%3A%2F%2Fapp.example%2Foauthevil"] {
        let answer = ask(format!("client_id={id}&scope=chat%3Awrite&redirect_uri={address}"));
        assert!(answer.status == 400 && answer.text.contains("bad_redirect_uri"), "{}", answer.text);
    }
}

#[test]
fn installing_again_adds_scopes_and_keeps_the_token() {
    let world = World::new();
    let more = world.slack.install(&world.bruno, &["files:read"], &[]).unwrap();
    assert_eq!(more.bot_token.as_deref(), Some(world.bot()));
    let answer = world.call_as(world.bot(), "auth.test", json!({}));
    let scopes = answer.headers["x-oauth-scopes"].to_str().unwrap();
    assert!(scopes.contains("files:read") && scopes.contains("chat:write"));
}

#[test]
fn what_took_effect_is_counted() {
    let world = World::new();
    world.post("one");
    world.call("chat.postMessage", json!({ "channel": "C0", "text": "nowhere" }));
    assert_eq!(world.slack.calls()["chat.postMessage"], 1);
}

#[test]
fn a_large_history_is_read_page_by_page_without_gaps() {
    let size = WorldSize { messages_per_channel: 2_000, ..WorldSize::default() };
    let world = World::with(Config { world: size, ..small() });
    let channel = world.slack.channel_named("random").unwrap();
    world.slack.act_invite(channel.members.first().unwrap(), &channel.id, &world.installed.bot_user_id).unwrap();
    let channel = world.slack.channel(&channel.id).unwrap();
    let (mut seen, mut cursor) = (Vec::new(), json!(""));
    loop {
        let arguments = json!({ "channel": channel.id, "limit": 200, "cursor": cursor });
        let page = world.call("conversations.history", arguments);
        let messages = page["messages"].as_array().unwrap();
        seen.extend(messages.iter().map(|message| message["ts"].as_str().unwrap().to_owned()));
        if page["has_more"] == false {
            break;
        }
        cursor = page["response_metadata"]["next_cursor"].clone();
    }
    seen.reverse();
    let timeline = channel.messages.iter().filter(|m| m.thread_ts.as_ref().is_none_or(|thread| *thread == m.ts));
    assert_eq!(seen, timeline.map(|message| message.ts.clone()).collect::<Vec<_>>());
}

#[test]
fn formatting_is_kept_as_posted_and_made_of_what_people_type() {
    let world = World::new();
    let bold = json!({ "type": "text", "text": "b", "style": { "bold": true } });
    let rich = json!([{ "type": "rich_text", "elements": [{ "type": "rich_text_quote", "elements": [bold] }] }]);
    let post = |blocks: &Value| {
        world.call("chat.postMessage", json!({ "channel": world.channel, "text": "b", "blocks": blocks.to_string() }))
    };
    assert_eq!(post(&rich)["message"]["blocks"][0]["elements"], rich[0]["elements"]);
    for wrong in [json!({ "type": "text", "text": "" }), json!({ "type": "emoji" }), json!({ "type": "marquee" })] {
        let mut blocks = rich.clone();
        blocks[0]["elements"][0]["elements"][0] = wrong;
        assert_eq!(post(&blocks)["error"], "invalid_blocks");
    }
    let typed = "*b*\n- one\n- two\n    1. deep\n> said\n```x```";
    let ts = world.slack.act_post(&world.ana, &world.channel, typed, None).unwrap();
    let shown = world.slack.channel(&world.channel).unwrap().message(&ts).unwrap().clone();
    let elements = shown.blocks[0]["elements"].as_array().unwrap().clone();
    let kinds: Vec<_> = elements.iter().map(|element| element["type"].as_str().unwrap()).collect();
    let expected =
        ["rich_text_section", "rich_text_list", "rich_text_list", "rich_text_quote", "rich_text_preformatted"];
    assert_eq!(kinds, expected);
    assert_eq!(elements[0]["elements"][0]["style"]["bold"], true);
    assert_eq!((&elements[2]["style"], &elements[2]["indent"]), (&json!("ordered"), &json!(1)));
    assert!(shown.text.contains("• one"));
}

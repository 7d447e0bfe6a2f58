//! Tokens that end, and the pairs that come after them.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::slack::Rotation;
use serde_json::{Value, json};

use crate::world::{Answer, BOT_SCOPES, USER_SCOPES, World};

const ROTATION: Rotation = Rotation { expires_in_secs: 43_200, grace_secs: 60 };

/// A world whose app rotates tokens, with the first bot token of it and what comes after it.
fn rotating() -> (World, String, String) {
    let world = World::new();
    world.slack.set_rotation(ROTATION);
    let grant = exchange(&world, &world.ana);
    let text = |name: &str| grant[name].as_str().unwrap().to_owned();
    assert_eq!(grant["expires_in"], 43_200);
    (world, text("access_token"), text("refresh_token"))
}

/// Installs the app for a person, over the page.
fn exchange(world: &World, person: &str) -> Value {
    let (bot, user) = (BOT_SCOPES.join(","), USER_SCOPES.join(","));
    let form = [
        ("client_id", world.slack.config().app.client_id.as_str()),
        ("scope", &bot),
        ("user_scope", &user),
        ("redirect_uri", "https://app.example/oauth"),
        ("user", person),
        ("decision", "allow"),
    ];
    let answer =
        send(world, "/oauth/v2/authorize", &[("content-type", FORM)], serde_urlencoded::to_string(form).unwrap());
    let location = answer.headers["location"].to_str().unwrap();
    let code = location.split_once("code=").unwrap().1.split('&').next().unwrap();
    access(world, &[("code", code), ("redirect_uri", "https://app.example/oauth")])
}

const FORM: &str = "application/x-www-form-urlencoded";

fn access(world: &World, arguments: &[(&str, &str)]) -> Value {
    let app = &world.slack.config().app;
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", app.client_id, app.client_secret)));
    let headers = [("content-type", FORM), ("authorization", basic.as_str())];
    let body = serde_urlencoded::to_string(arguments).unwrap();
    send(world, "/api/oauth.v2.access", &headers, body).body
}

fn send(world: &World, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::from(body)).unwrap())
}

fn refresh(world: &World, token: &str) -> Value {
    access(world, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn test(world: &World, token: &str) -> Value {
    world.call_as(token, "auth.test", json!({})).body
}

#[test]
fn a_token_ends_by_itself_and_its_successor_lives() {
    let (world, token, next) = rotating();
    assert!(token.starts_with("xoxe.xoxb-1-") && next.starts_with("xoxe-1-"));
    assert_eq!(test(&world, &token)["ok"], true);
    let grant = refresh(&world, &next);
    assert_eq!((&grant["token_type"], &grant["expires_in"]), (&json!("bot"), &json!(43_200)));
    world.pass(43_200 * 1_000_000);
    assert_eq!(test(&world, &token)["error"], "token_expired");
    assert_eq!(test(&world, grant["access_token"].as_str().unwrap())["error"], "token_expired");
    let grant = refresh(&world, grant["refresh_token"].as_str().unwrap());
    assert_eq!(test(&world, grant["access_token"].as_str().unwrap())["ok"], true);
}

#[test]
fn a_refresh_token_is_good_once_and_for_a_short_grace() {
    let (world, _, next) = rotating();
    let lost = refresh(&world, &next);
    world.pass(60 * 1_000_000);
    let again = refresh(&world, &next);
    assert_eq!(again["ok"], true, "whoever lost the answer asks again: {again}");
    assert_ne!(again["refresh_token"], lost["refresh_token"]);
    world.pass(1_000_000);
    assert_eq!(refresh(&world, &next)["error"], "invalid_refresh_token");
    assert_eq!(refresh(&world, "xoxe-1-never")["error"], "invalid_refresh_token");
    assert_eq!(access(&world, &[("grant_type", "refresh_token")])["error"], "invalid_arguments");
}

#[test]
fn two_access_tokens_live_at_a_time() {
    let (world, first, next) = rotating();
    let second = refresh(&world, &next);
    assert_eq!(test(&world, &first)["ok"], true, "the one before lives on");
    world.pass(1_000_000);
    let third = refresh(&world, second["refresh_token"].as_str().unwrap());
    assert_eq!(test(&world, &first)["error"], "token_revoked");
    for living in [second, third] {
        assert_eq!(test(&world, living["access_token"].as_str().unwrap())["ok"], true);
    }
}

#[test]
fn the_bot_and_each_person_rotate_by_themselves() {
    let (world, _, _) = rotating();
    let grant = exchange(&world, &world.bruno);
    let own = &grant["authed_user"];
    let refreshed = refresh(&world, own["refresh_token"].as_str().unwrap());
    assert_eq!(refreshed["token_type"], "user");
    assert_eq!(test(&world, refreshed["access_token"].as_str().unwrap())["user_id"], world.bruno.as_str());
    assert_eq!(test(&world, grant["access_token"].as_str().unwrap())["ok"], true);
}

#[test]
fn tokens_can_be_ended_at_once_and_an_uninstalled_app_refreshes_nothing() {
    let (world, token, next) = rotating();
    send(&world, "/control/expire", &[("content-type", "application/json")], "{}".to_owned());
    assert_eq!(test(&world, &token)["error"], "token_expired");
    let grant = refresh(&world, &next);
    assert_eq!(test(&world, grant["access_token"].as_str().unwrap())["ok"], true);
    world.slack.uninstall(&world.installed.team_id);
    assert_eq!(refresh(&world, grant["refresh_token"].as_str().unwrap())["error"], "invalid_refresh_token");
}

//! Consent, tokens, identity.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use sandbox::gmail::{App, Config, FaultKind};

use crate::mailboxes::{ANA, Answer, EVERYTHING, MODIFY, Mailboxes, empty};

const REDIRECT: &str = "https://app.example/oauth";

fn consent(world: &Mailboxes, decision: &str, granted: &[&str], more: &[(&str, &str)]) -> String {
    let app = &world.gmail.config().app;
    let scope = granted.join(" ");
    let mut fields = vec![
        ("client_id", app.client_id.as_str()),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", scope.as_str()),
        ("state", "s p"),
        ("access_type", "offline"),
        ("user", ANA),
        ("decision", decision),
    ];
    fields.extend(granted.iter().map(|scope| ("granted", *scope)));
    fields.extend(more);
    let answer = world.form("/o/oauth2/v2/auth", &fields);
    assert_eq!(answer.status, 302, "{}", answer.text);
    answer.headers["location"].to_str().unwrap().to_owned()
}

fn field(url: &str, name: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(url.split_once('?')?.1).unwrap();
    pairs.into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn exchange(world: &Mailboxes, code: &str, more: &[(&str, &str)]) -> Answer {
    let app = world.gmail.config().app.clone();
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", &app.client_id),
        ("client_secret", &app.client_secret),
        ("redirect_uri", REDIRECT),
    ];
    fields.extend(more);
    world.form("/token", &fields)
}

fn refresh(world: &Mailboxes, token: &str) -> Answer {
    let app = world.gmail.config().app.clone();
    world.form(
        "/token",
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &app.client_id),
            ("client_secret", &app.client_secret),
        ],
    )
}

#[test]
fn a_person_consents_and_the_app_gets_tokens() {
    let world = Mailboxes::new();
    world.gmail.revoke(ANA);
    let app = &world.gmail.config().app;
    let page = world.send(
        Request::get(format!("/o/oauth2/v2/auth?client_id={}&redirect_uri={REDIRECT}&response_type=code&scope=openid%20email%20{MODIFY}&login_hint={ANA}", app.client_id))
            .body(Body::empty())
            .unwrap(),
    );
    assert!(
        page.status == 200 && page.text.contains("value=\"ana@acme.example\" selected") && page.text.contains(MODIFY)
    );
    let back = consent(&world, "allow", &["openid", "email", MODIFY], &[("nonce", "n1")]);
    assert_eq!(field(&back, "state").as_deref(), Some("s p"));
    assert!(field(&back, "scope").unwrap().contains(MODIFY));
    let code = field(&back, "code").unwrap();
    let tokens = exchange(&world, &code, &[]);
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    let body = &tokens.body;
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)));
    assert!(body["refresh_token"].as_str().unwrap().starts_with("1//0g"));
    assert!(body["scope"].as_str().unwrap().contains("https://www.googleapis.com/auth/userinfo.email"));
    let keys = world.send(Request::get("/oauth2/v3/certs").body(Body::empty()).unwrap()).body["keys"][0].clone();
    let key = DecodingKey::from_rsa_components(keys["n"].as_str().unwrap(), keys["e"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[&app.client_id]);
    validation.validate_exp = false;
    let who = decode::<Value>(body["id_token"].as_str().unwrap(), &key, &validation).unwrap().claims;
    assert_eq!((&who["email"], &who["nonce"], &who["hd"]), (&json!(ANA), &json!("n1"), &json!("acme.example")));
    assert_eq!(who["sub"].as_str(), world.gmail.mailbox(ANA).map(|held| held.sub).as_deref());
    let access = body["access_token"].as_str().unwrap();
    let info = world.send(
        Request::get("/v1/userinfo").header("authorization", format!("Bearer {access}")).body(Body::empty()).unwrap(),
    );
    assert_eq!((&info.body["sub"], &info.body["email"]), (&who["sub"], &json!(ANA)));
    assert_eq!(world.call_as(access, "GET", "profile", json!(null)).body["emailAddress"], ANA);
    let again = exchange(&world, &code, &[]);
    assert_eq!((again.status, &again.body["error"]), (400, &json!("invalid_grant")), "a code is good once");
}

#[test]
fn a_person_may_deny_or_allow_less() {
    let world = Mailboxes::new();
    let denied = consent(&world, "deny", &[MODIFY], &[]);
    assert_eq!(denied, format!("{REDIRECT}?state=s+p&error=access_denied"));
    let app = world.gmail.config().app.clone();
    let partial = world.form(
        "/o/oauth2/v2/auth",
        &[
            ("client_id", &app.client_id),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", &format!("openid {MODIFY}")),
            ("granted", "openid"),
            ("user", ANA),
            ("decision", "allow"),
        ],
    );
    let code = field(partial.headers["location"].to_str().unwrap(), "code").unwrap();
    let tokens = exchange(&world, &code, &[]).body;
    assert_eq!((&tokens["scope"], &tokens["refresh_token"]), (&json!("openid"), &json!(null)));
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.call_as(access, "GET", "profile", json!(null)).status, 403);
    let wrong = world.form(
        "/o/oauth2/v2/auth",
        &[
            ("client_id", &app.client_id),
            ("redirect_uri", "https://app.example/other"),
            ("response_type", "code"),
            ("scope", MODIFY),
            ("decision", "allow"),
        ],
    );
    assert!(wrong.status == 400 && wrong.text.contains("redirect_uri_mismatch"));
}

#[test]
fn what_was_allowed_before_counts_where_the_app_asks_for_it_too() {
    let world = Mailboxes::new();
    world.gmail.revoke(ANA);
    let given = |scope: &str, more: &[(&str, &str)]| {
        let back = consent(&world, "allow", &[scope], more);
        let tokens = exchange(&world, &field(&back, "code").unwrap(), &[]).body;
        assert_eq!(tokens["scope"].as_str(), field(&back, "scope").as_deref());
        let mut scopes: Vec<_> = tokens["scope"].as_str().unwrap().split(' ').map(str::to_owned).collect();
        scopes.sort();
        scopes
    };
    let too = [("include_granted_scopes", "true")];
    let read = "https://www.googleapis.com/auth/gmail.readonly";
    assert_eq!(given(read, &too), [read]);
    assert_eq!(given("openid", &[]), ["openid"]);
    assert_eq!(given(MODIFY, &too), [MODIFY, read], "the second gave no lasting permission");
    world.gmail.revoke(ANA);
    assert_eq!(given("openid", &too), ["openid"], "it was taken back");
}

#[test]
fn a_refresh_token_comes_at_the_first_consent_or_when_it_is_asked_again() {
    let world = Mailboxes::new();
    let given = |more: &[(&str, &str)]| {
        let code = field(&consent(&world, "allow", &[MODIFY], more), "code").unwrap();
        exchange(&world, &code, &[]).body["refresh_token"].is_string()
    };
    assert!(!given(&[]), "there is a grant already");
    assert!(given(&[("prompt", "consent")]));
    world.gmail.revoke(ANA);
    assert!(given(&[]));
}

#[test]
fn access_tokens_end_and_refreshing_brings_no_new_refresh_token() {
    let world = Mailboxes::new();
    let granted = world.gmail.grant(ANA, EVERYTHING).unwrap();
    world.pass(3_599_000_000);
    assert_eq!(world.call_as(&granted.access_token, "GET", "profile", json!(null)).status, 401);
    let fresh = refresh(&world, &granted.refresh_token);
    assert_eq!((fresh.status, &fresh.body["refresh_token"]), (200, &json!(null)));
    let access = fresh.body["access_token"].as_str().unwrap();
    assert_eq!(world.call_as(access, "GET", "profile", json!(null)).status, 200);
    world.gmail.expire_tokens(None);
    assert_eq!(world.call_as(access, "GET", "profile", json!(null)).status, 401);
    let revoked = world.form("/revoke", &[("token", &granted.refresh_token)]);
    assert_eq!(revoked.status, 200);
    let dead = refresh(&world, &granted.refresh_token);
    assert_eq!(
        dead.body,
        json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." })
    );
    assert_eq!(world.form("/revoke", &[("token", &granted.refresh_token)]).body["error"], "invalid_token");
    let app = world.gmail.config().app.clone();
    let stranger = world
        .form("/token", &[("grant_type", "refresh_token"), ("client_id", &app.client_id), ("client_secret", "no")]);
    assert_eq!((stranger.status, &stranger.body["error"]), (401, &json!("invalid_client")));
}

#[test]
fn a_refresh_token_dies_on_demand_or_in_testing_after_a_week() {
    let world = Mailboxes::with(Config { app: App { testing: true, ..empty().app }, ..empty() });
    let granted = world.gmail.grant(ANA, EVERYTHING).unwrap();
    world.pass(7 * 86_400_000_000);
    assert_eq!(refresh(&world, &granted.refresh_token).body["error"], "invalid_grant");
    let world = Mailboxes::new();
    let granted = world.gmail.grant(ANA, EVERYTHING).unwrap();
    world.gmail.faults().once(Some("token"), FaultKind::InvalidGrant);
    assert_eq!(refresh(&world, &granted.refresh_token).body["error"], "invalid_grant");
    assert_eq!(refresh(&world, &granted.refresh_token).body["error"], "invalid_grant", "it stays dead");
}

#[test]
fn a_code_is_bound_to_its_challenge() {
    let world = Mailboxes::new();
    let verifier = "a-verifier-of-some-length-0123456789-0123456789";
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let asked = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    let code = field(&consent(&world, "allow", &[MODIFY], &asked), "code").unwrap();
    assert_eq!(exchange(&world, &code, &[("code_verifier", "wrong")]).body["error"], "invalid_grant");
    assert_eq!(exchange(&world, &code, &[("code_verifier", verifier)]).status, 200);
}

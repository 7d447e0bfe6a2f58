//! Google's sign-in: the page on which a person consents, and the endpoints for tokens, keys and identity.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Form, Query, State as Extract};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::FaultKind;
use super::grants::{Consent, DEAD_GRANT, Denied, scopes};
use super::mailbox::Mailbox;
use super::state::State;
use super::{Gmail, keys};
use crate::answers::{escape, lost, server_error};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Wish {
    client_id: String,
    redirect_uri: String,
    response_type: String,
    scope: String,
    state: String,
    access_type: String,
    include_granted_scopes: String,
    prompt: String,
    login_hint: String,
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
}

pub fn routes() -> Router<Gmail> {
    Router::new()
        .route("/o/oauth2/v2/auth", get(ask).post(decide))
        .route("/o/oauth2/auth", get(ask).post(decide))
        .route("/token", post(token))
        .route("/revoke", post(revoke))
        .route("/oauth2/v3/certs", get(certs))
        .route("/v1/userinfo", get(userinfo))
        .route("/oauth2/v3/userinfo", get(userinfo))
        .route("/oauth2/v2/userinfo", get(userinfo_old))
}

impl Gmail {
    /// What is wrong with a wish for consent, as Google's page names it.
    fn check(&self, wish: &Wish) -> Result<(), &'static str> {
        let app = &self.config().app;
        if wish.client_id != app.client_id {
            return Err("invalid_client");
        }
        if !app.redirect_uris.is_empty() && !app.redirect_uris.contains(&wish.redirect_uri) {
            return Err("redirect_uri_mismatch");
        }
        let is_web = wish.redirect_uri.starts_with("https://") || wish.redirect_uri.starts_with("http://");
        if !is_web || wish.redirect_uri.contains('#') || wish.response_type != "code" {
            return Err("invalid_request");
        }
        let method = wish.code_challenge_method.as_str();
        if wish.scope.trim().is_empty() || (!wish.code_challenge.is_empty() && method != "S256") {
            return Err("invalid_request");
        }
        Ok(())
    }
}

async fn ask(Extract(gmail): Extract<Gmail>, Query(wish): Query<Wish>) -> Response {
    match gmail.check(&wish) {
        Ok(()) => Html(consent(&gmail, &wish)).into_response(),
        Err(error) => refusal(error),
    }
}

/// The wish stands in the form as it came; beside it who decides, what, and which scopes stayed ticked.
async fn decide(Extract(gmail): Extract<Gmail>, Form(fields): Form<Vec<(String, String)>>) -> Response {
    let first = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let text = |name: &str| first(name).unwrap_or_default();
    let wish = Wish {
        client_id: text("client_id"),
        redirect_uri: text("redirect_uri"),
        response_type: text("response_type"),
        scope: text("scope"),
        state: text("state"),
        access_type: text("access_type"),
        include_granted_scopes: text("include_granted_scopes"),
        prompt: text("prompt"),
        login_hint: text("login_hint"),
        nonce: text("nonce"),
        code_challenge: text("code_challenge"),
        code_challenge_method: text("code_challenge_method"),
    };
    if let Err(error) = gmail.check(&wish) {
        return refusal(error);
    }
    if text("decision") != "allow" {
        return back(&wish, &[("error", "access_denied")]);
    }
    let ticked = fields.iter().filter(|(name, _)| name == "granted").map(|(_, scope)| scope.as_str());
    let mut granted = scopes(&ticked.collect::<Vec<_>>().join(" "));
    let owner = gmail.lock().world.mailbox_at(&text("user")).map(|mailbox| mailbox.address.clone());
    let Some(owner) = owner else { return refusal("no such account") };
    if wish.include_granted_scopes == "true" {
        granted.extend(gmail.lock().allowed_before(&owner));
    }
    let asked = |value: String| (!value.is_empty()).then_some(value);
    let scope = granted.iter().cloned().collect::<Vec<_>>().join(" ");
    let allowed = Consent {
        owner,
        scopes: granted,
        redirect_uri: wish.redirect_uri.clone(),
        challenge: asked(wish.code_challenge.clone()),
        nonce: asked(wish.nonce.clone()),
        wants_offline: wish.access_type == "offline",
        asks_again: wish.prompt.split_whitespace().any(|word| word == "consent"),
    };
    let code = gmail.act(|state, now| state.consent(now, allowed));
    back(&wish, &[("code", &code), ("scope", &scope), ("authuser", "0"), ("prompt", "consent")])
}

fn back(wish: &Wish, more: &[(&str, &str)]) -> Response {
    let state = [("state", wish.state.as_str())];
    let fields: Vec<(&str, &str)> =
        state.into_iter().filter(|(_, value)| !value.is_empty()).chain(more.iter().copied()).collect();
    let sign = if wish.redirect_uri.contains('?') { '&' } else { '?' };
    let target = format!("{}{sign}{}", wish.redirect_uri, serde_urlencoded::to_string(fields).unwrap_or_default());
    (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
}

fn refusal(error: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html><title>Google (emulated)</title><h1>Access blocked</h1><p>Error 400: {}</p>",
        escape(error)
    );
    (StatusCode::BAD_REQUEST, Html(page)).into_response()
}

fn consent(gmail: &Gmail, wish: &Wish) -> String {
    let state = gmail.lock();
    let hint = wish.login_hint.to_lowercase();
    let option = |mailbox: &Mailbox| {
        let chosen = if mailbox.address == hint || mailbox.sub == hint { " selected" } else { "" };
        let (address, name) = (escape(&mailbox.address), escape(&mailbox.name));
        format!("<option value=\"{address}\"{chosen}>{name} · {address}</option>")
    };
    let people: String = state.world.mailboxes.values().map(option).collect();
    let fields = [
        ("client_id", &wish.client_id),
        ("redirect_uri", &wish.redirect_uri),
        ("response_type", &wish.response_type),
        ("scope", &wish.scope),
        ("state", &wish.state),
        ("access_type", &wish.access_type),
        ("include_granted_scopes", &wish.include_granted_scopes),
        ("prompt", &wish.prompt),
        ("nonce", &wish.nonce),
        ("code_challenge", &wish.code_challenge),
        ("code_challenge_method", &wish.code_challenge_method),
    ];
    let hidden = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)));
    let tick = |scope: &String| {
        let scope = escape(scope);
        format!("<label><input type=\"checkbox\" name=\"granted\" value=\"{scope}\" checked> {scope}</label>")
    };
    include_str!("consent.html")
        .replace("{app}", &escape(&gmail.config().app.name))
        .replace("{hidden}", &hidden.collect::<String>())
        .replace("{people}", &people)
        .replace("{scopes}", &scopes(&wish.scope).iter().map(tick).collect::<String>())
}

async fn token(
    Extract(gmail): Extract<Gmail>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let fault = gmail.lock().faults.take_call_if("token", can_befall_tokens);
    match fault {
        Some(FaultKind::CallLost) => return lost(),
        Some(FaultKind::ServerError { status }) => return server_error(status),
        Some(FaultKind::InvalidGrant) => {
            gmail.act(|state, now| state.revoke(now, &field("refresh_token")));
            return deny(DEAD_GRANT);
        }
        _ => {}
    }
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let basic = basic.and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok());
    let (id, secret) = match basic.as_deref().and_then(|plain| plain.split_once(':')) {
        Some((id, secret)) => (id.to_owned(), secret.to_owned()),
        None => (field("client_id"), field("client_secret")),
    };
    let answer = gmail.act(|state, now| {
        let client = |state: &State| state.check_client(&id, &secret);
        match field("grant_type").as_str() {
            "authorization_code" => client(state).and_then(|()| {
                let verifier = form.get("code_verifier").map(String::as_str);
                state.exchange(now, &field("code"), &field("redirect_uri"), verifier)
            }),
            "refresh_token" => client(state).and_then(|()| state.refresh(now, &field("refresh_token"))),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => state.grant_assertion(now, &field("assertion")),
            _ => Err(Denied { status: 400, error: "unsupported_grant_type", description: "Invalid grant_type" }),
        }
    });
    match (answer, fault) {
        (Ok(_), Some(FaultKind::AnswerLost)) => lost(),
        (Ok(answer), _) => {
            ([(header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate")], Json(answer)).into_response()
        }
        (Err(denied), _) => deny(denied),
    }
}

fn can_befall_tokens(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::CallLost | FaultKind::AnswerLost | FaultKind::ServerError { .. } | FaultKind::InvalidGrant
    )
}

fn deny(denied: Denied) -> Response {
    let status = StatusCode::from_u16(denied.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(json!({ "error": denied.error, "error_description": denied.description }))).into_response()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Revocation {
    token: String,
}

async fn revoke(Extract(gmail): Extract<Gmail>, Query(query): Query<Revocation>, body: Bytes) -> Response {
    let form: Revocation = serde_urlencoded::from_bytes(&body).unwrap_or_default();
    let token = if form.token.is_empty() { query.token } else { form.token };
    if gmail.act(|state, now| state.revoke(now, &token)) {
        return Json(json!({})).into_response();
    }
    deny(Denied { status: 400, error: "invalid_token", description: "Token expired or revoked" })
}

async fn certs() -> Response {
    ([(header::CACHE_CONTROL, "public, max-age=21600, must-revalidate, no-transform")], Json(keys::key_set()))
        .into_response()
}

async fn userinfo(Extract(gmail): Extract<Gmail>, headers: HeaderMap) -> Response {
    identity(&gmail, &headers, |person| person)
}

/// The older answer calls the person's id `id`.
async fn userinfo_old(Extract(gmail): Extract<Gmail>, headers: HeaderMap) -> Response {
    identity(&gmail, &headers, |mut person| {
        let verified = person["email_verified"].take();
        person["id"] = person["sub"].take();
        if let Some(fields) = person.as_object_mut() {
            fields.remove("sub");
            fields.remove("email_verified");
            if !verified.is_null() {
                fields.insert("verified_email".into(), verified);
            }
        }
        person
    })
}

fn identity(gmail: &Gmail, headers: &HeaderMap, shape: impl Fn(Value) -> Value) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let person = gmail.act(|state, now| {
        let token = state.world.tokens.get(bearer?).filter(|token| !token.revoked && token.expires_micros > now)?;
        Some(state.person(&token.owner, &token.scopes))
    });
    match person {
        Some(person) => Json(shape(person)).into_response(),
        None => {
            let error = json!({ "error": "invalid_request", "error_description": "Invalid Credentials" });
            (StatusCode::UNAUTHORIZED, Json(error)).into_response()
        }
    }
}

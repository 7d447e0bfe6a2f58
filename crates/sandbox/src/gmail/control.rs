//! Drives the emulator from outside: JSON in, JSON out, made for curl.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /control/snapshot` | | everything there is |
//! | `GET /control/people` | | names and addresses |
//! | `GET /control/mailboxes/{address}?since_millis=` | | one mailbox with its messages |
//! | `POST /control/act` | `{"as":"ana@…","do":"send","to":"…","subject":"…","text":"…"}` | a person acts, see `Deed`; an address without a mailbox writes from outside |
//! | `GET /control/sent` | | every mail that left a mailbox or came from outside |
//! | `GET POST DELETE /control/faults` | `{"kind":"answer_lost","method":"messages.send","times":1}` | orders a fault; lists those waiting and fired; takes them back |
//! | `GET /control/calls` | | how often each method took effect, and was refused |
//! | `POST /control/late_effects` | | lost calls that wait take effect now |
//! | `POST /control/grant` | `{"address":"ana@…","scopes":"https://…"}` | gives tokens without the pages |
//! | `POST /control/revoke` | `{"address":"ana@…"}` | the person takes everything back |
//! | `POST /control/expire` | `{}` or `{"address":"ana@…"}` | access tokens end at once |
//! | `POST /control/expire_history` | `{"address":"ana@…"}` | the history up to now is forgotten |
//! | `POST /control/expire_watch` | `{"address":"ana@…"}` | its watch lapses |
//! | `PUT /control/quota` | `"off"`, `"new"` or `"old"` | enforces another quota |
//! | `GET PUT /control/subscriptions` | `{"name":"projects/…","topic":"projects/…","push_endpoint":"http://…"}` | where notices go |
//! | `GET /control/service_account` | | the key file of who may pull |
//!
//! An act that is not possible answers 409 with `{"ok":false,"error":"no_such_message"}`.

use axum::extract::{DefaultBodyLimit, Path, Query, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Gmail;
use super::acts::{Act, Refusal};
use super::config::{Quota, Subscription};
use super::faults::Fault;

/// The longest act: a file comes in it.
const ACT_MAX_BYTES: usize = 64 * 1024 * 1024;

pub fn routes() -> Router<Gmail> {
    Router::new()
        .route("/snapshot", get(async |Extract(gmail): Extract<Gmail>| Json(gmail.snapshot())))
        .route("/people", get(people))
        .route("/mailboxes/{address}", get(mailbox))
        .route("/act", post(act).layer(DefaultBodyLimit::max(ACT_MAX_BYTES)))
        .route("/sent", get(async |Extract(gmail): Extract<Gmail>| Json(gmail.sent())))
        .route("/faults", get(faults).post(order_fault).delete(clear_faults))
        .route("/calls", get(calls))
        .route("/late_effects", post(late_effects))
        .route("/grant", post(grant))
        .route("/revoke", post(revoke))
        .route("/expire", post(expire))
        .route("/expire_history", post(expire_history))
        .route("/expire_watch", post(expire_watch))
        .route("/quota", put(quota))
        .route("/subscriptions", get(subscriptions).put(put_subscription))
        .route("/service_account", get(service_account))
}

fn answer(result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(mut body) => {
            body["ok"] = json!(true);
            Json(body).into_response()
        }
        Err(error) => (StatusCode::CONFLICT, Json(json!({ "ok": false, "error": error }))).into_response(),
    }
}

async fn people(Extract(gmail): Extract<Gmail>) -> Json<Value> {
    let state = gmail.lock();
    let people = state.world.mailboxes.values();
    Json(people.map(|held| json!({ "address": held.address, "name": held.name, "sub": held.sub })).collect())
}

#[derive(Deserialize)]
struct Since {
    since_millis: Option<i64>,
}

async fn mailbox(Extract(gmail): Extract<Gmail>, Path(address): Path<String>, Query(span): Query<Since>) -> Response {
    // Looking is a call like any other: what was to happen until now has happened.
    gmail.act(|_, _| ());
    match gmail.mailbox(&address) {
        Some(mut mailbox) => {
            if let Some(since) = span.since_millis {
                mailbox.messages.retain(|message| message.internal_millis >= since);
            }
            Json(mailbox).into_response()
        }
        None => answer(Err("no_such_mailbox")),
    }
}

async fn act(Extract(gmail): Extract<Gmail>, Json(act): Json<Act>) -> Response {
    answer(gmail.act_as(act))
}

async fn faults(Extract(gmail): Extract<Gmail>) -> Json<Value> {
    Json(json!({ "waiting": gmail.faults().waiting(), "fired": gmail.faults().fired() }))
}

async fn order_fault(Extract(gmail): Extract<Gmail>, Json(fault): Json<Fault>) -> Response {
    gmail.faults().push(fault);
    answer(Ok(json!({})))
}

async fn clear_faults(Extract(gmail): Extract<Gmail>) -> Response {
    gmail.faults().clear();
    answer(Ok(json!({})))
}

async fn calls(Extract(gmail): Extract<Gmail>) -> Json<Value> {
    Json(json!({ "done": gmail.calls(), "refused": gmail.refused_calls() }))
}

async fn late_effects(Extract(gmail): Extract<Gmail>) -> Response {
    gmail.run_late_effects();
    answer(Ok(json!({})))
}

#[derive(Deserialize)]
struct Grant {
    address: String,
    scopes: String,
}

async fn grant(Extract(gmail): Extract<Gmail>, Json(wish): Json<Grant>) -> Response {
    answer(gmail.grant(&wish.address, &wish.scopes).map(|granted| json!(granted)))
}

#[derive(Deserialize)]
struct Whose {
    address: String,
}

async fn revoke(Extract(gmail): Extract<Gmail>, Json(whose): Json<Whose>) -> Response {
    gmail.revoke(&whose.address);
    answer(Ok(json!({})))
}

#[derive(Deserialize)]
struct Anybody {
    address: Option<String>,
}

async fn expire(Extract(gmail): Extract<Gmail>, Json(whose): Json<Anybody>) -> Response {
    gmail.expire_tokens(whose.address.as_deref());
    answer(Ok(json!({})))
}

async fn expire_history(Extract(gmail): Extract<Gmail>, Json(whose): Json<Whose>) -> Response {
    gmail.expire_history(&whose.address);
    answer(Ok(json!({})))
}

async fn expire_watch(Extract(gmail): Extract<Gmail>, Json(whose): Json<Whose>) -> Response {
    gmail.expire_watch(&whose.address);
    answer(Ok(json!({})))
}

async fn quota(Extract(gmail): Extract<Gmail>, Json(quota): Json<Quota>) -> Response {
    gmail.set_quota(quota);
    answer(Ok(json!({})))
}

async fn subscriptions(Extract(gmail): Extract<Gmail>) -> Json<Value> {
    let state = gmail.lock();
    Json(state.world.subscriptions.values().map(|one| json!(one)).collect())
}

async fn put_subscription(Extract(gmail): Extract<Gmail>, Json(subscription): Json<Subscription>) -> Response {
    gmail.set_subscription(subscription);
    answer(Ok(json!({})))
}

async fn service_account(Extract(gmail): Extract<Gmail>) -> Json<Value> {
    let token_uri = format!("{}/token", gmail.config().base);
    Json(gmail.service_account_file(&token_uri))
}

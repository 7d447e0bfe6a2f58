//! Cloud Pub/Sub, as far as somebody needs it who hears of mailboxes: pulling and acknowledging.

use axum::body::Bytes;
use axum::extract::{Path, State as Extract};
use axum::http::{HeaderMap, Method as Verb, Response, header};
use axum::routing::any;
use serde_json::{Value, json};

use super::super::Gmail;
use super::super::config::Subscription;
use super::super::faults::FaultKind;
use super::super::grants::PUBSUB;
use super::super::state::State;
use super::can_break_off;
use super::errors::Refused;
use crate::answers::{lost, server_error};

const PULL_MOST: usize = 1_000;
const DEADLINE_MOST_SECS: i64 = 600;
const CLOUD: &str = "https://www.googleapis.com/auth/cloud-platform";

pub fn routes() -> axum::Router<Gmail> {
    axum::Router::new().route("/v1/projects/{*rest}", any(answer))
}

async fn answer(
    Extract(gmail): Extract<Gmail>,
    Path(rest): Path<String>,
    verb: Verb,
    headers: HeaderMap,
    body: Bytes,
) -> Response<axum::body::Body> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let name = format!("projects/{rest}");
    let (name, action) = name.split_once(':').unwrap_or((&name, ""));
    gmail.answer(|state, now| {
        let fault = state.faults.take_call_if(if action.is_empty() { "pubsub" } else { action }, can_break_off);
        match fault {
            Some(FaultKind::CallLost) => return lost(),
            Some(FaultKind::ServerError { status }) => return server_error(status),
            _ => {}
        }
        match act(state, now, bearer, &verb, name, action, &body) {
            Ok(_) if matches!(fault, Some(FaultKind::AnswerLost)) => lost(),
            Ok(body) => super::json_response(&body, true),
            Err(refused) => refused.response(),
        }
    })
}

fn act(
    state: &mut State,
    now_micros: i64,
    bearer: Option<&str>,
    verb: &Verb,
    name: &str,
    action: &str,
    body: &[u8],
) -> Result<Value, Refused> {
    let token = bearer.and_then(|token| state.world.tokens.get(token));
    let token = token.filter(|token| !token.revoked && token.expires_micros > now_micros);
    let token = token.ok_or_else(|| Refused::unauthenticated(bearer.is_some()))?;
    if !token.scopes.contains(PUBSUB) && !token.scopes.contains(CLOUD) {
        return Err(Refused::scope("Subscriber"));
    }
    if token.owner != state.config.app.service_account {
        return Err(Refused::forbidden("User not authorized to perform this action."));
    }
    let missing = || Refused { message: format!("Resource not found (resource={name})."), ..Refused::not_found() };
    let subscription = state.world.subscriptions.get(name).cloned();
    let subscription = match (verb, action) {
        (&Verb::GET, "") if state.config.app.topics.iter().any(|topic| topic == name) => {
            return Ok(json!({ "name": name, "state": "ACTIVE" }));
        }
        _ => subscription.ok_or_else(missing)?,
    };
    let body: Value = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body).map_err(|error| Refused::invalid(error.to_string()))?
    };
    match (verb.as_str(), action) {
        ("GET", "") => Ok(shown(&subscription)),
        ("POST", "pull") => {
            let most = body["maxMessages"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(0);
            if most == 0 {
                return Err(Refused::invalid(
                    "You have passed an invalid argument to the service (argument=max_messages).",
                ));
            }
            let received = state.pull(now_micros, name, most.min(PULL_MOST));
            Ok(if received.is_empty() { json!({}) } else { json!({ "receivedMessages": received }) })
        }
        ("POST", "acknowledge") => {
            for ack in acks(&body)? {
                state.acknowledge(name, &ack, None);
            }
            Ok(json!({}))
        }
        ("POST", "modifyAckDeadline") => {
            let secs = body["ackDeadlineSeconds"].as_i64().unwrap_or(0).clamp(0, DEADLINE_MOST_SECS);
            for ack in acks(&body)? {
                state.acknowledge(name, &ack, Some(now_micros + secs * 1_000_000));
            }
            Ok(json!({}))
        }
        _ => Err(Refused::not_found()),
    }
}

fn acks(body: &Value) -> Result<Vec<String>, Refused> {
    let ids = body["ackIds"].as_array().filter(|ids| !ids.is_empty());
    let ids = ids.ok_or_else(|| Refused::invalid("No ack ids specified."))?;
    Ok(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
}

fn shown(subscription: &Subscription) -> Value {
    let push = match &subscription.push_endpoint {
        Some(endpoint) => json!({
            "pushEndpoint": endpoint,
            "oidcToken": {
                "serviceAccountEmail": subscription.pusher,
                "audience": subscription.audience.as_deref().unwrap_or_default(),
            },
        }),
        None => json!({}),
    };
    json!({
        "name": subscription.name, "topic": subscription.topic, "pushConfig": push,
        "ackDeadlineSeconds": subscription.ack_deadline_secs, "messageRetentionDuration": "604800s", "state": "ACTIVE",
    })
}

//! The Gmail API: from the bytes of a call to the bytes of its answer.
//!
//! Nothing here waits. What needs a socket (a slow answer, a dropped connection) is only marked on
//! the response; `serve` carries it out.

pub mod batch;
mod drafts;
pub mod errors;
mod fields;
mod history;
mod labels;
mod messages;
pub mod methods;
mod pages;
mod pubsub;
pub mod render;
pub mod request;
mod search;
mod settings;
mod threads;
pub mod upload;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Extract};
use axum::http::{HeaderMap, Method as Verb, Response, StatusCode, Uri, header};
use axum::routing::{any, post};
use serde_json::Value;

use self::errors::Refused;
use self::methods::{Given, MAIL};
use self::request::{Request, Unread};
use super::Gmail;
use super::change::Change;
use super::faults::FaultKind;
use super::mailbox::{Mailbox, Message};
use super::meter::TooMuch;
use super::state::{Later, State};
use super::world::Token;
use crate::answers::{AfterEvents, Slow, lost, server_error};
use crate::calendar::http_date;

/// The largest body that is read.
const BODY_MOST_BYTES: usize = 160 * 1024 * 1024;
/// How long a message is so new that it may not be found yet.
const FRESH_MICROS: i64 = 3_000_000;
const SCOPE: &str = "https://www.googleapis.com/auth/";

pub fn routes() -> axum::Router<Gmail> {
    axum::Router::new()
        .route("/gmail/v1/users/{*rest}", any(plain))
        .route("/upload/gmail/v1/users/{*rest}", any(uploaded))
        .route("/resumable/upload/gmail/v1/users/{*rest}", any(uploaded))
        .route("/batch", post(batch::answer))
        .route("/batch/gmail/v1", post(batch::answer))
        .merge(pubsub::routes())
        .layer(DefaultBodyLimit::max(BODY_MOST_BYTES))
}

async fn plain(
    Extract(gmail): Extract<Gmail>,
    verb: Verb,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    gmail.answer(|state, now| call(state, now, &verb, uri.path(), uri.query(), &headers, &body))
}

async fn uploaded(
    Extract(gmail): Extract<Gmail>,
    verb: Verb,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    gmail.answer(|state, now| upload::answer(state, now, &verb, &uri, &headers, &body))
}

impl Gmail {
    fn answer(&self, answer: impl FnOnce(&mut State, i64) -> Response<Body>) -> Response<Body> {
        let now_micros = self.now_micros();
        let mut response = self.act(|state, now| answer(state, now));
        if let Ok(date) = http_date(now_micros).parse() {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }
}

/// One call without an upload, alone or in a batch.
fn call(
    state: &mut State,
    now_micros: i64,
    verb: &Verb,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Body> {
    let Some(rest) = path.strip_prefix("/gmail/v1/users/") else { return nothing_there(path) };
    match Request::read(verb, rest, query, headers) {
        Ok(mut request) => match request.read_json(body) {
            Ok(()) => respond(state, now_micros, request),
            Err(refused) => refused.response(),
        },
        Err(Unread::NoSuchPath) => nothing_there(path),
        Err(Unread::Refused(refused)) => refused.response(),
    }
}

fn nothing_there(path: &str) -> Response<Body> {
    let path = crate::answers::escape(path);
    let page = format!(
        "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><p>The requested URL <code>{path}</code> was not found on this server."
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=UTF-8"));
    response
}

/// Answers a whole request: what it costs, what goes wrong, what it does.
fn respond(state: &mut State, now_micros: i64, request: Request) -> Response<Body> {
    let owner = request.token.as_ref().and_then(|token| state.world.tokens.get(token)).map(|token| token.owner.clone());
    let who = owner.clone().unwrap_or_default();
    let at_once = state.config.calls_at_once;
    if let Err(why) = state.meter.pass(&who, request.method.units, at_once, now_micros) {
        *state.meter.refused.entry(request.method.id.to_owned()).or_default() += 1;
        return Refused::too_much(why).response();
    }
    state.caused.clear();
    match call_fault(state, now_micros, &request) {
        Some(FaultKind::CallLost) => lost(),
        Some(FaultKind::AnswerLost) => {
            // Nobody hears what came of it.
            let _ = take_effect(state, now_micros, &request);
            lost()
        }
        Some(FaultKind::AnswerLostLate { after_micros }) => {
            state.schedule_in(now_micros, after_micros, Later::Call(Box::new(request)));
            lost()
        }
        Some(FaultKind::RateLimited { retry_after_secs }) => {
            let until_micros = now_micros + i64::try_from(retry_after_secs).unwrap_or(0) * 1_000_000;
            Refused::too_much(TooMuch::OfPerson { until_micros }).response()
        }
        Some(FaultKind::TooManyAtOnce) => Refused::too_much(TooMuch::AtOnce).response(),
        Some(FaultKind::ServerError { status: status @ (500 | 503) }) => Refused::backend(status).response(),
        Some(FaultKind::ServerError { status }) => server_error(status),
        Some(FaultKind::NotFound) => Refused::not_found().response(),
        Some(FaultKind::Slow { secs }) => {
            let ends_micros = now_micros + i64::try_from(secs).unwrap_or(0) * 1_000_000;
            state.meter.occupy(&who, ends_micros);
            let mut response = carry_out(state, now_micros, &request);
            response.extensions_mut().insert(Slow(secs));
            response
        }
        Some(FaultKind::TokenRevoked) => {
            state.revoke_owner(&who);
            carry_out(state, now_micros, &request)
        }
        Some(FaultKind::TokenExpired) => {
            state.expire(now_micros, None);
            carry_out(state, now_micros, &request)
        }
        Some(FaultKind::HistoryExpired) => {
            if let Some(up_to) = state.world.mailbox(&who).map(|mailbox| mailbox.history_id) {
                state.record(Change::HistoryForgotten { mailbox: who, up_to });
            }
            if request.method.id == "history.list" {
                return Refused::not_found().response();
            }
            carry_out(state, now_micros, &request)
        }
        Some(FaultKind::PushBeforeAnswer) => {
            let mut response = carry_out(state, now_micros, &request);
            response.extensions_mut().insert(AfterEvents(std::mem::take(&mut state.caused)));
            response
        }
        _ => carry_out(state, now_micros, &request),
    }
}

/// What can go wrong with a call that is no method of the API.
fn can_break_off(kind: &FaultKind) -> bool {
    matches!(kind, FaultKind::CallLost | FaultKind::AnswerLost | FaultKind::ServerError { .. })
}

/// A fault that was ordered comes first, else the dice decide.
fn call_fault(state: &mut State, now_micros: i64, request: &Request) -> Option<FaultKind> {
    let can = |kind: &FaultKind| !matches!(kind, FaultKind::InvalidGrant);
    if let Some(fault) = state.faults.take_call_if(request.method.id, can) {
        return Some(fault);
    }
    if state.config.pushes_before_answer {
        return Some(FaultKind::PushBeforeAnswer);
    }
    let chaos = state.call_chaos.clone();
    let before_answer = state.push_chaos.before_answer;
    let fault = if state.chance(chaos.answer_lost) {
        FaultKind::AnswerLost
    } else if state.chance(chaos.answer_lost_late) {
        FaultKind::AnswerLostLate { after_micros: state.below(chaos.late_max_micros.max(1)) }
    } else if state.chance(chaos.call_lost) {
        FaultKind::CallLost
    } else if state.chance(chaos.rate_limited) {
        FaultKind::RateLimited { retry_after_secs: chaos.retry_after_secs.max(1) }
    } else if state.chance(chaos.server_error) {
        FaultKind::ServerError { status: 503 }
    } else if state.chance(chaos.tokens_expired) {
        FaultKind::TokenExpired
    } else if is_fresh(state, now_micros, request) && state.chance(chaos.not_found_fresh) {
        FaultKind::NotFound
    } else if state.chance(before_answer) {
        FaultKind::PushBeforeAnswer
    } else {
        return None;
    };
    state.faults.count(&fault);
    Some(fault)
}

/// Whether a message is asked for that has only just come.
fn is_fresh(state: &State, now_micros: i64, request: &Request) -> bool {
    let token = request.token.as_ref().and_then(|token| state.world.tokens.get(token));
    let mailbox = token.and_then(|token| state.world.mailbox(&token.owner));
    let message = mailbox.and_then(|mailbox| mailbox.messages.get(request.path.first()?));
    request.method.id == "messages.get"
        && message.is_some_and(|message| now_micros - message.arrived_micros < FRESH_MICROS)
}

fn carry_out(state: &mut State, now_micros: i64, request: &Request) -> Response<Body> {
    let given = take_effect(state, now_micros, request);
    let shaped = given.and_then(|body| match (body, request.one("fields")) {
        (Some(body), Some(wanted)) if !wanted.is_empty() => fields::keep(body, wanted).map(Some),
        (body, _) => Ok(body),
    });
    match shaped {
        Ok(Some(body)) => json_response(&body, request.one("prettyPrint") != Some("false")),
        Ok(None) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(refused) => refused.response(),
    }
}

fn json_response(body: &Value, is_pretty: bool) -> Response<Body> {
    let text = if is_pretty { serde_json::to_string_pretty(body).unwrap_or_default() + "\n" } else { body.to_string() };
    let mut response = Response::new(Body::from(text));
    let kind = header::HeaderValue::from_static("application/json; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A call that is being carried out.
pub struct Call<'a> {
    pub state: &'a mut State,
    pub now_micros: i64,
    pub token: Token,
    /// The address of the mailbox.
    pub mailbox: String,
    pub request: Request,
}

/// Carries a call out and gives its answer, which nobody may ever see.
pub fn take_effect(state: &mut State, now_micros: i64, request: &Request) -> Given {
    let token = token_of(state, now_micros, request)?;
    if !request.method.scopes.iter().any(|scope| has_scope(&token, scope)) {
        return Err(Refused::scope(request.method.id));
    }
    let Some(mailbox) = state.world.mailbox(&token.owner).map(|mailbox| mailbox.address.clone()) else {
        return Err(Refused::precondition("Mail service not enabled"));
    };
    if request.user != "me" && !request.user.eq_ignore_ascii_case(&mailbox) {
        return Err(Refused::forbidden(format!("Delegation denied for {mailbox}")));
    }
    let mut call = Call { state, now_micros, token, mailbox, request: request.clone() };
    let given = (request.method.run)(&mut call)?;
    *state.calls.entry(request.method.id.to_owned()).or_default() += 1;
    Ok(given)
}

pub fn token_of(state: &State, now_micros: i64, request: &Request) -> Result<Token, Refused> {
    let Some(given) = &request.token else { return Err(Refused::unauthenticated(false)) };
    let found = state.world.tokens.get(given);
    let living = found.filter(|token| !token.revoked && token.expires_micros > now_micros);
    living.cloned().ok_or_else(|| Refused::unauthenticated(true))
}

fn has_scope(token: &Token, scope: &str) -> bool {
    if scope == MAIL { token.scopes.contains(MAIL) } else { token.scopes.contains(&format!("{SCOPE}{scope}")) }
}

impl Call<'_> {
    pub fn held(&self) -> Result<&Mailbox, Refused> {
        self.state.world.mailbox(&self.mailbox).ok_or_else(Refused::not_found)
    }

    /// What stands at the braces of the path.
    pub fn named(&self, index: usize) -> String {
        self.request.path.get(index).cloned().unwrap_or_default()
    }

    pub fn message(&self, id: &str) -> Result<&Message, Refused> {
        let is_id = !id.is_empty() && id.len() <= 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id {
            return Err(Refused::invalid("Invalid id value"));
        }
        self.held()?.messages.get(id).ok_or_else(Refused::not_found)
    }

    /// The ids of a thread's messages.
    pub fn thread(&self, id: &str) -> Result<Vec<String>, Refused> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Refused::invalid("Invalid id value"));
        }
        let ids: Vec<String> = self.held()?.in_thread(id).map(|message| message.id.clone()).collect();
        if ids.is_empty() { Err(Refused::not_found()) } else { Ok(ids) }
    }

    /// Whether the app may see headers and labels only.
    pub fn sees_only_metadata(&self) -> bool {
        ![MAIL, "gmail.modify", "gmail.readonly"].iter().any(|scope| has_scope(&self.token, scope))
            && has_scope(&self.token, "gmail.metadata")
    }
}

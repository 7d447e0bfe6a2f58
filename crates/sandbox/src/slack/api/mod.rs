//! The Web API: `/api/<method>`, from the bytes of a call to the bytes of its answer.
//!
//! Nothing here waits. What needs a socket (a slow answer, a dropped connection) is only marked on
//! the response; `serve` carries it out.

mod answers;
mod auth;
mod chat;
mod conversations;
mod files;
mod history;
pub mod limits;
pub mod pages;
mod reactions;
pub mod request;
mod users;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{HeaderMap, Method as HttpMethod, Response, header};
use serde_json::{Map, Value, json};

use self::answers::{lost, ok, server_error, too_many};
pub(super) use self::files::{Upload, plain};
use self::limits::{Caller, Tier};
use self::request::{Arguments, Request};
use super::Slack;
use super::change::Change;
use super::config::RateLimits;
use super::faults::FaultKind;
use super::sockets;
use super::state::{Later, State};
use super::world::{Channel, ChannelKind, Token, Workspace};
use crate::answers::{AfterEvents, Slow};
use crate::calendar::http_date;

/// One method of the Web API.
#[derive(Debug)]
pub struct Method {
    pub name: &'static str,
    /// Whether it takes JSON.
    pub writes: bool,
    pub tier: Tier,
    /// The scope that every call needs. Scopes that depend on the channel are checked by the method.
    pub scope: Option<&'static str>,
    pub needs_token: bool,
    pub run: fn(&mut Call<'_>) -> Result<Value, Refused>,
}

const fn method(
    name: &'static str,
    writes: bool,
    tier: Tier,
    scope: Option<&'static str>,
    run: fn(&mut Call<'_>) -> Result<Value, Refused>,
) -> Method {
    Method { name, writes, tier, scope, needs_token: true, run }
}

/// Every method that this emulator has.
pub static METHODS: &[Method] = &[
    Method { needs_token: false, ..method("api.test", true, Tier::Special, None, auth::api_test) },
    Method { needs_token: false, ..method("apps.connections.open", true, Tier::One, None, sockets::connections_open) },
    method("apps.uninstall", false, Tier::One, None, auth::uninstall),
    method("auth.revoke", false, Tier::Three, None, auth::revoke),
    method("auth.teams.list", false, Tier::Two, None, auth::teams),
    method("auth.test", true, Tier::Special, None, auth::test),
    method("bots.info", false, Tier::Three, Some("users:read"), users::bots_info),
    method("chat.delete", true, Tier::Three, Some("chat:write"), chat::delete),
    method("chat.getPermalink", false, Tier::Special, None, chat::permalink),
    method("chat.postMessage", true, Tier::Posting, Some("chat:write"), chat::post_message),
    method("chat.update", true, Tier::Three, Some("chat:write"), chat::update),
    method("conversations.history", false, Tier::Three, None, history::history),
    method("conversations.info", false, Tier::Three, None, conversations::info),
    method("conversations.join", true, Tier::Three, None, conversations::join),
    method("conversations.list", false, Tier::Two, None, conversations::list),
    method("conversations.mark", true, Tier::Three, None, conversations::mark),
    method("conversations.members", false, Tier::Four, None, conversations::members),
    method("conversations.open", true, Tier::Three, None, conversations::open),
    method("conversations.replies", false, Tier::Three, None, history::replies),
    method("emoji.list", false, Tier::Two, Some("emoji:read"), users::emoji_list),
    method("files.completeUploadExternal", true, Tier::Four, Some("files:write"), files::complete_upload),
    method("files.delete", true, Tier::Three, Some("files:write"), files::delete),
    method("files.getUploadURLExternal", false, Tier::Four, Some("files:write"), files::get_upload_url),
    method("files.info", false, Tier::Four, Some("files:read"), files::info),
    method("files.list", false, Tier::Three, Some("files:read"), files::list),
    Method { needs_token: false, ..method("oauth.v2.access", true, Tier::Special, None, auth::oauth_access) },
    method("reactions.add", true, Tier::Three, Some("reactions:write"), reactions::add),
    method("reactions.get", false, Tier::Three, Some("reactions:read"), reactions::get),
    method("reactions.remove", true, Tier::Two, Some("reactions:write"), reactions::remove),
    method("team.info", false, Tier::Three, Some("team:read"), users::team_info),
    method("users.conversations", false, Tier::Two, None, conversations::of_user),
    method("users.info", false, Tier::Four, Some("users:read"), users::info),
    method("users.list", false, Tier::Two, Some("users:read"), users::list),
];

/// A call that is being carried out.
pub struct Call<'a> {
    pub state: &'a mut State,
    pub now_micros: i64,
    pub token: Token,
    pub basic: Option<(String, String)>,
    /// The token as it came, for what is asked with another one than a person's or a bot's.
    pub given: Option<String>,
    pub arguments: Arguments,
}

/// Why a call was not done: Slack's word, and what the answer says besides.
#[derive(Debug)]
pub struct Refused {
    pub error: &'static str,
    pub more: Map<String, Value>,
}

impl From<&'static str> for Refused {
    fn from(error: &'static str) -> Refused {
        Refused { error, more: Map::new() }
    }
}

impl Call<'_> {
    pub fn need(&self, scope: &str) -> Result<(), Refused> {
        if self.token.scopes.contains(scope) {
            return Ok(());
        }
        let mut refused = Refused::from("missing_scope");
        refused.more.insert("needed".into(), json!(scope));
        refused.more.insert("provided".into(), json!(joined(&self.token.scopes)));
        Err(refused)
    }

    pub fn argument(&self, name: &str) -> Result<String, Refused> {
        self.arguments.text(name).ok_or_else(|| {
            let mut refused = Refused::from("invalid_arguments");
            let messages = [format!("[ERROR] missing required field: {name}")];
            refused.more.insert("response_metadata".into(), json!({ "messages": messages }));
            refused
        })
    }

    /// The channel of the call, if the token's owner may know that it exists.
    pub fn channel(&self) -> Result<&Channel, Refused> {
        let id = self.arguments.text("channel").ok_or("channel_not_found")?;
        self.visible(&id).ok_or_else(|| "channel_not_found".into())
    }

    /// The workspace of the call. An organization's token says which of its workspaces is meant.
    pub fn workspace(&self) -> Result<&Workspace, Refused> {
        let world = &self.state.world;
        if !world.organizations.contains_key(&self.token.team) {
            return world.workspaces.get(&self.token.team).ok_or_else(|| "invalid_auth".into());
        }
        let team = self.arguments.text("team_id").ok_or("missing_argument")?;
        let found = world.workspaces_of(&self.token.team).find(|held| held.id == team);
        found.ok_or_else(|| "team_access_not_granted".into())
    }

    pub fn visible(&self, id: &str) -> Option<&Channel> {
        let world = &self.state.world;
        let channel = world.channel(id).filter(|channel| world.reaches(&self.token.team, channel))?;
        self.sees(channel).then_some(channel)
    }

    pub fn sees(&self, channel: &Channel) -> bool {
        channel.kind == ChannelKind::Public || channel.members.contains(&self.token.user)
    }

    /// The channel of the call, if the token's owner may read what is written there. A person may
    /// look into any public channel, a bot only into those that it was added to.
    pub fn readable(&self) -> Result<&Channel, Refused> {
        let channel = self.channel()?;
        self.need(&format!("{}:history", channel.kind.scope_name()))?;
        if self.token.is_bot && !channel.members.contains(&self.token.user) {
            return Err("not_in_channel".into());
        }
        Ok(channel)
    }

    pub fn is_member(&self, channel: &Channel) -> bool {
        channel.members.contains(&self.token.user)
    }
}

impl Slack {
    /// Answers one call to the Web API.
    pub(super) fn answer(
        &self,
        name: &str,
        http_method: &HttpMethod,
        headers: &HeaderMap,
        query: Option<&str>,
        body: &[u8],
    ) -> Response<Body> {
        let now_micros = self.now_micros();
        let mut state = self.lock();
        state.run_later(now_micros);
        let mut response = respond(&mut state, now_micros, name, http_method, headers, query, body);
        drop(state);
        self.wake();
        if let Ok(date) = http_date(now_micros).parse() {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }
}

fn respond(
    state: &mut State,
    now_micros: i64,
    name: &str,
    http_method: &HttpMethod,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &[u8],
) -> Response<Body> {
    let Some(method) = METHODS.iter().find(|method| method.name == name) else {
        return ok(&json!({ "ok": false, "error": "unknown_method", "req_method": name }));
    };
    let request = match Request::read(method, http_method, headers, query, body) {
        Ok(request) => request,
        Err(error) => return ok(&json!({ "ok": false, "error": error })),
    };
    if let Some(refusal) = over_limit(state, now_micros, &request) {
        return refusal;
    }
    state.caused.clear();
    match call_fault(state, method.name) {
        Some(FaultKind::CallLost) => lost(),
        Some(FaultKind::AnswerLost) => {
            take_effect(state, now_micros, &request);
            lost()
        }
        Some(FaultKind::AnswerLostLate { after_micros }) => {
            state.schedule_in(now_micros, after_micros, Later::Call(Box::new(request)));
            lost()
        }
        Some(FaultKind::RateLimited { retry_after_secs }) => too_many(method, retry_after_secs),
        Some(FaultKind::ServerError { status }) => server_error(status),
        Some(FaultKind::Slow { secs }) => {
            let mut response = carry_out(state, now_micros, &request);
            response.extensions_mut().insert(Slow(secs));
            response
        }
        Some(FaultKind::TokenRevoked) => {
            if let Some(token) = request.token.clone() {
                state.change(now_micros, Change::TokensRevoked { tokens: vec![token], uninstalled: false });
            }
            carry_out(state, now_micros, &request)
        }
        Some(FaultKind::TokenExpired) => {
            state.expire(now_micros, None);
            carry_out(state, now_micros, &request)
        }
        Some(FaultKind::EventBeforeAnswer) => {
            let mut response = carry_out(state, now_micros, &request);
            response.extensions_mut().insert(AfterEvents(std::mem::take(&mut state.caused)));
            response
        }
        _ => carry_out(state, now_micros, &request),
    }
}

/// A fault that was ordered comes first, else the dice decide.
fn call_fault(state: &mut State, method: &str) -> Option<FaultKind> {
    if let Some(fault) = state.faults.take_call(method) {
        return Some(fault);
    }
    if state.config.events_before_answer {
        return Some(FaultKind::EventBeforeAnswer);
    }
    let chaos = state.call_chaos.clone();
    let before_answer = state.event_chaos.before_answer;
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
    } else if state.chance(before_answer) {
        FaultKind::EventBeforeAnswer
    } else {
        return None;
    };
    state.faults.count(&fault);
    Some(fault)
}

fn over_limit(state: &mut State, now_micros: i64, request: &Request) -> Option<Response<Body>> {
    if state.config.rate_limits == RateLimits::Off {
        return None;
    }
    let token = request.token.as_ref().and_then(|token| state.world.tokens.get(token));
    let channel = request.arguments.text("channel").unwrap_or_default();
    let caller = Caller { team: token.map_or("", |token| token.team.as_str()), channel: &channel };
    let (name, tier) = (request.method.name, request.method.tier);
    let wait = state.limits.pass(state.config.rate_limits, name, tier, caller, now_micros).err()?;
    Some(too_many(request.method, wait))
}

fn carry_out(state: &mut State, now_micros: i64, request: &Request) -> Response<Body> {
    let mut body = take_effect(state, now_micros, request);
    if request.missing_charset {
        body["warning"] = json!("missing_charset");
        if !body["response_metadata"].is_object() {
            body["response_metadata"] = json!({});
        }
        body["response_metadata"]["warnings"] = json!(["missing_charset"]);
    }
    let mut response = ok(&body);
    let token = request.token.as_ref().and_then(|token| state.world.tokens.get(token));
    if let Some(scopes) = token.and_then(|token| joined(&token.scopes).parse().ok()) {
        response.headers_mut().insert("x-oauth-scopes", scopes);
    }
    response
}

/// Carries a call out and gives the JSON of its answer, which nobody may ever see.
pub fn take_effect(state: &mut State, now_micros: i64, request: &Request) -> Value {
    let token = match token_of(state, now_micros, request) {
        Ok(token) => token,
        Err(error) => return json!({ "ok": false, "error": error }),
    };
    let (basic, given) = (request.basic.clone(), request.token.clone());
    let mut call = Call { state, now_micros, token, basic, given, arguments: request.arguments.clone() };
    let result = request.method.scope.map_or(Ok(()), |scope| call.need(scope));
    match result.and_then(|()| (request.method.run)(&mut call)) {
        Ok(mut body) => {
            *state.calls.entry(request.method.name.to_owned()).or_default() += 1;
            body["ok"] = json!(true);
            body
        }
        Err(refused) => {
            let mut body = refused.more;
            body.insert("ok".into(), json!(false));
            body.insert("error".into(), json!(refused.error));
            Value::Object(body)
        }
    }
}

fn token_of(state: &State, now_micros: i64, request: &Request) -> Result<Token, &'static str> {
    let nobody = || Token {
        token: String::new(),
        team: String::new(),
        user: String::new(),
        bot_id: String::new(),
        is_bot: false,
        scopes: BTreeSet::new(),
        revoked: false,
        expires_micros: None,
        refresh: None,
    };
    let Some(given) = &request.token else {
        return if request.method.needs_token { Err("not_authed") } else { Ok(nobody()) };
    };
    match state.world.tokens.get(given) {
        _ if !request.method.needs_token => Ok(nobody()),
        None => Err("invalid_auth"),
        Some(token) if token.revoked => Err("token_revoked"),
        Some(token) if token.expires_micros.is_some_and(|ends| ends <= now_micros) => Err("token_expired"),
        Some(token) if state.world.user(&token.user).is_none_or(|user| user.deleted) => Err("account_inactive"),
        Some(token) => Ok(token.clone()),
    }
}

pub fn joined(scopes: &BTreeSet<String>) -> String {
    scopes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

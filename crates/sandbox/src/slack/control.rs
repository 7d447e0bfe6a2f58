//! Drives the emulator from outside: JSON in, JSON out, made for curl.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET /control/snapshot?messages=false` | | everything there is, or all but the messages |
//! | `GET /control/channels/{id}?since=ts` | | one channel with its messages |
//! | `GET /control/users` | | people and bots |
//! | `POST /control/act` | `{"as":"U…","do":"post","channel":"C…","text":"hi"}` | a person acts, see `Act` |
//! | `GET POST DELETE /control/faults` | `{"kind":"answer_lost","method":"chat.postMessage","times":1}` | orders a fault; lists those waiting and fired; takes them back |
//! | `GET /control/calls` | | how often each method took effect |
//! | `POST /control/late_effects` | | lost calls that wait take effect now |
//! | `POST /control/install` | `{"user":"U…","scopes":"chat:write,…","user_scopes":"…"}` | installs the app, gives the tokens; with `"organization":"E…"` for all its workspaces |
//! | `POST /control/revoke` | `{"token":"xoxb-…"}` or `{"team":"T…"}` | revokes one token, or uninstalls the app |
//! | `POST /control/rotation` | `{"expires_in_secs":43200,"grace_secs":60}` | tokens end from now on; it cannot be switched off |
//! | `POST /control/expire` | `{}` or `{"team":"T…"}` | access tokens end at once, where they rotate |
//! | `GET PUT /control/events_url` | `{"url":"http://…"}` or `{"url":null}` | where events go; setting it sends a URL check |
//! | `POST /control/url_verification` | | sends a URL check |
//!
//! An act that Slack would refuse answers 409 with `{"ok":false,"error":"not_in_channel"}`.

use axum::extract::{DefaultBodyLimit, Path, Query, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::config::Rotation;
use super::faults::Fault;
use super::files::NewFile;
use super::{Refusal, Slack};

/// The longest act: a file comes in it.
const ACT_MAX_BYTES: usize = 64 * 1024 * 1024;

/// What a person does, told as `{"as": "U…", "do": "post", …}`.
#[derive(Debug, Clone, Deserialize)]
pub struct Act {
    #[serde(rename = "as")]
    pub user: String,
    #[serde(flatten)]
    pub deed: Deed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Deed {
    Post {
        channel: String,
        text: String,
        #[serde(default)]
        thread_ts: Option<String>,
        #[serde(default)]
        broadcast: bool,
    },
    /// Shares a file; `content` is base64.
    Share {
        channel: String,
        name: String,
        content: String,
        #[serde(default)]
        text: String,
        #[serde(default)]
        thread_ts: Option<String>,
        #[serde(default)]
        stub: bool,
        #[serde(default)]
        processing_micros: i64,
        #[serde(default)]
        external_url: Option<String>,
    },
    DeleteFile {
        file: String,
    },
    Edit {
        channel: String,
        ts: String,
        text: String,
    },
    Delete {
        channel: String,
        ts: String,
    },
    React {
        channel: String,
        ts: String,
        emoji: String,
    },
    Unreact {
        channel: String,
        ts: String,
        emoji: String,
    },
    Join {
        channel: String,
    },
    Leave {
        channel: String,
    },
    Invite {
        channel: String,
        user: String,
    },
    /// Opens a chat with others; answers with its id.
    Open {
        users: Vec<String>,
    },
    CreateChannel {
        name: String,
        #[serde(default)]
        private: bool,
    },
    Rename {
        channel: String,
        name: String,
    },
    Archive {
        channel: String,
        #[serde(default = "yes")]
        archived: bool,
    },
    Read {
        channel: String,
        ts: String,
    },
    SetTopic {
        channel: String,
        topic: String,
    },
    SetPurpose {
        channel: String,
        purpose: String,
    },
    MakePrivate {
        channel: String,
    },
    /// `value` is an address, or `alias:name`.
    AddEmoji {
        name: String,
        value: String,
    },
    RemoveEmoji {
        name: String,
    },
    RenameEmoji {
        name: String,
        into: String,
    },
    DeleteChannel {
        channel: String,
    },
    /// Another company's workspace is connected to a channel.
    ShareChannel {
        channel: String,
        team: String,
    },
    UnshareChannel {
        channel: String,
        team: String,
    },
    ChangeChannelId {
        channel: String,
    },
    RenameUser {
        real_name: String,
        #[serde(default)]
        display_name: String,
    },
    Deactivate {
        #[serde(default = "yes")]
        deleted: bool,
    },
}

fn yes() -> bool {
    true
}

pub fn routes() -> Router<Slack> {
    Router::new()
        .route("/snapshot", get(snapshot))
        .route("/users", get(async |Extract(slack): Extract<Slack>| Json(slack.users())))
        .route("/channels/{id}", get(channel))
        .route("/act", post(act).layer(DefaultBodyLimit::max(ACT_MAX_BYTES)))
        .route("/faults", get(faults).post(order_fault).delete(clear_faults))
        .route("/calls", get(async |Extract(slack): Extract<Slack>| Json(slack.calls())))
        .route("/late_effects", post(late_effects))
        .route("/install", post(install))
        .route("/rotation", post(rotation))
        .route("/expire", post(expire))
        .route("/revoke", post(revoke))
        .route("/events_url", get(events_url).put(set_events_url))
        .route("/url_verification", post(url_verification))
}

impl Slack {
    /// Lets a person act. Gives what came of it: the `ts` or the id of what is new.
    pub fn act_as(&self, act: Act) -> Result<Value, Refusal> {
        let user = act.user.as_str();
        match act.deed {
            Deed::Post { channel, text, thread_ts, broadcast } => {
                let ts = match thread_ts {
                    Some(thread) if broadcast => self.act_broadcast(user, &channel, &text, &thread),
                    thread => self.act_post(user, &channel, &text, thread.as_deref()),
                }?;
                Ok(json!({ "ts": ts }))
            }
            Deed::Share { channel, name, content, text, thread_ts, stub, processing_micros, external_url } => {
                let bytes = STANDARD.decode(content).map_err(|_| "invalid_content")?.into();
                let file = NewFile { name, title: None, bytes, stub, processing_micros, external_url };
                let (ts, files) = self.act_share(user, &channel, &text, thread_ts.as_deref(), vec![file])?;
                Ok(json!({ "ts": ts, "files": files }))
            }
            Deed::DeleteFile { file } => done(self.act_delete_file(user, &file)),
            Deed::Edit { channel, ts, text } => done(self.act_edit(user, &channel, &ts, &text)),
            Deed::Delete { channel, ts } => done(self.act_delete(user, &channel, &ts)),
            Deed::React { channel, ts, emoji } => done(self.act_react(user, &channel, &ts, &emoji)),
            Deed::Unreact { channel, ts, emoji } => done(self.act_unreact(user, &channel, &ts, &emoji)),
            Deed::Join { channel } => done(self.act_join(user, &channel)),
            Deed::Leave { channel } => done(self.act_leave(user, &channel)),
            Deed::Invite { channel, user: guest } => done(self.act_invite(user, &channel, &guest)),
            Deed::Open { users } => {
                let users: Vec<&str> = users.iter().map(String::as_str).collect();
                Ok(json!({ "channel": self.act_open(user, &users)? }))
            }
            Deed::CreateChannel { name, private } => {
                Ok(json!({ "channel": self.act_create_channel(user, &name, private)? }))
            }
            Deed::Rename { channel, name } => done(self.act_rename(user, &channel, &name)),
            Deed::Archive { channel, archived } => done(self.act_archive(user, &channel, archived)),
            Deed::Read { channel, ts } => done(self.act_read(user, &channel, &ts)),
            Deed::SetTopic { channel, topic } => done(self.act_set_topic(user, &channel, &topic)),
            Deed::SetPurpose { channel, purpose } => done(self.act_set_purpose(user, &channel, &purpose)),
            Deed::MakePrivate { channel } => done(self.act_make_private(user, &channel)),
            Deed::AddEmoji { name, value } => done(self.act_add_emoji(user, &name, &value)),
            Deed::RemoveEmoji { name } => done(self.act_remove_emoji(user, &name)),
            Deed::RenameEmoji { name, into } => done(self.act_rename_emoji(user, &name, &into)),
            Deed::DeleteChannel { channel } => done(self.act_delete_channel(user, &channel)),
            Deed::ShareChannel { channel, team } => done(self.act_share_channel(user, &channel, &team)),
            Deed::UnshareChannel { channel, team } => done(self.act_unshare_channel(&channel, &team)),
            Deed::ChangeChannelId { channel } => Ok(json!({ "channel": self.act_change_channel_id(&channel)? })),
            Deed::RenameUser { real_name, display_name } => done(self.act_rename_user(user, &real_name, &display_name)),
            Deed::Deactivate { deleted } => done(self.act_deactivate(user, deleted)),
        }
    }
}

fn done(result: Result<(), Refusal>) -> Result<Value, Refusal> {
    result.map(|()| json!({}))
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

async fn act(Extract(slack): Extract<Slack>, Json(act): Json<Act>) -> Response {
    answer(slack.act_as(act))
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default = "yes")]
    messages: bool,
}

async fn snapshot(Extract(slack): Extract<Slack>, Query(parts): Query<Parts>) -> Json<Value> {
    if parts.messages { Json(json!(slack.snapshot())) } else { Json(json!(slack.outline())) }
}

#[derive(Deserialize)]
struct Since {
    since: Option<String>,
}

async fn channel(Extract(slack): Extract<Slack>, Path(id): Path<String>, Query(span): Query<Since>) -> Response {
    // Looking is a call like any other: what was to happen until now has happened.
    slack.act(|_, _| ());
    match slack.channel(&id) {
        Some(mut channel) => {
            if let Some(since) = span.since {
                channel.messages.retain(|message| message.ts >= since);
            }
            Json(channel).into_response()
        }
        None => answer(Err("channel_not_found")),
    }
}

async fn faults(Extract(slack): Extract<Slack>) -> Json<Value> {
    Json(json!({ "waiting": slack.faults().waiting(), "fired": slack.faults().fired() }))
}

async fn order_fault(Extract(slack): Extract<Slack>, Json(fault): Json<Fault>) -> Json<Value> {
    slack.faults().push(fault);
    Json(json!({ "ok": true }))
}

async fn clear_faults(Extract(slack): Extract<Slack>) -> Json<Value> {
    slack.faults().clear();
    Json(json!({ "ok": true }))
}

async fn late_effects(Extract(slack): Extract<Slack>) -> Json<Value> {
    slack.run_late_effects();
    Json(json!({ "ok": true }))
}

#[derive(Deserialize)]
struct Install {
    user: String,
    #[serde(default)]
    scopes: String,
    #[serde(default)]
    user_scopes: String,
    /// For all workspaces of it.
    organization: Option<String>,
}

async fn install(Extract(slack): Extract<Slack>, Json(wish): Json<Install>) -> Response {
    let (bot, user) = (super::install::scopes(&wish.scopes), super::install::scopes(&wish.user_scopes));
    let installed = slack.act(|state, now| {
        let own = state.world.workspace_of(&wish.user).map(|team| team.id.clone());
        let team = wish.organization.or(own).ok_or("user_not_found")?;
        state.install(now, &team, &wish.user, &bot, &user)
    });
    answer(installed.map(|installed| json!(installed)))
}

#[derive(Deserialize)]
struct Revoke {
    token: Option<String>,
    team: Option<String>,
}

async fn revoke(Extract(slack): Extract<Slack>, Json(wish): Json<Revoke>) -> Json<Value> {
    if let Some(token) = wish.token {
        slack.revoke_token(&token);
    }
    if let Some(team) = wish.team {
        slack.uninstall(&team);
    }
    Json(json!({ "ok": true }))
}

async fn rotation(Extract(slack): Extract<Slack>, Json(rotation): Json<Rotation>) -> Json<Value> {
    slack.set_rotation(rotation);
    Json(json!({ "ok": true }))
}

#[derive(Deserialize)]
struct Expire {
    team: Option<String>,
}

async fn expire(Extract(slack): Extract<Slack>, Json(wish): Json<Expire>) -> Json<Value> {
    slack.expire_tokens(wish.team.as_deref());
    Json(json!({ "ok": true }))
}

async fn events_url(Extract(slack): Extract<Slack>) -> Json<Value> {
    let url = slack.lock().world.events_url.clone();
    Json(json!({ "url": url, "verified": slack.url_verified() }))
}

#[derive(Deserialize)]
struct EventsUrl {
    url: Option<String>,
}

async fn set_events_url(Extract(slack): Extract<Slack>, Json(wish): Json<EventsUrl>) -> Json<Value> {
    slack.set_events_url(wish.url);
    Json(json!({ "ok": true, "delivery": slack.send_url_verification() }))
}

async fn url_verification(Extract(slack): Extract<Slack>) -> Json<Value> {
    Json(json!({ "ok": true, "delivery": slack.send_url_verification() }))
}

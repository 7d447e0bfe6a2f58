//! The calls to Slack's Web API, one function per method.
//!
//! Every method takes a form, so a form is sent everywhere. Slack answers 200 for nearly everything:
//! what counts is `ok`.

use crate::slack::{
    id, login,
    problem::{self, CallError, Effect},
    span::Span,
    wire,
};
use bytes::Bytes;
use model::{
    connector::{Access, ConnectorError, Settings, Threshold},
    http::{Http, Method, Request, Response},
    id::ExternalAccount,
    time::Timestamp,
    world::Clock,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// How many items a page should have; Slack advises no more, and may give fewer.
pub const PAGE_SIZE: &str = "200";
/// What an answer shows may be older than its date by this much.
pub const SIGHTING_MARGIN_MICROS: i64 = 2_000_000;

/// Calls Slack as one login.
pub struct Client<'a> {
    pub(super) http: &'a dyn Http,
    clock: &'a dyn Clock,
    pub(super) deadline: Timestamp,
    base_url: &'a str,
    pub(super) token: String,
    /// Whose login it is; none while it is no login yet.
    account: Option<ExternalAccount>,
    /// Whose token it is.
    pub facts: login::Facts,
}

/// What Slack answered.
#[derive(Debug)]
pub struct Answer {
    /// The whole of it.
    pub value: Value,
    /// The time of the answer by Slack's clock, less a margin: as of when all in it was so.
    pub seen: i64,
    /// What the token is allowed.
    pub scopes: Vec<String>,
}

impl Answer {
    /// The cursor of the next page.
    pub fn next_cursor(&self) -> Option<String> {
        let cursor = self.value["response_metadata"]["next_cursor"].as_str();
        cursor.filter(|cursor| !cursor.is_empty()).map(str::to_owned)
    }

    /// A field that the answer cannot be without.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, ConnectorError> {
        serde_json::from_value(self.value[name].clone())
            .map_err(|error| ConnectorError::Unreadable(format!("Slack's answer lacks a readable {name}: {error}")))
    }

    /// A list in the answer, without the items that cannot be read.
    pub fn list<T: DeserializeOwned>(&self, name: &str) -> Vec<T> {
        let items = self.value[name].as_array().map_or(&[][..], Vec::as_slice);
        items.iter().filter_map(|item| serde_json::from_value(item.clone()).ok()).collect()
    }
}

type Arguments<'a> = Vec<(&'a str, String)>;
type Called = Result<Answer, CallError>;

/// The address that this integration calls, without a slash at the end.
pub fn base_url(settings: &Settings) -> &str {
    settings.get("base_url").unwrap_or("https://slack.com").trim_end_matches('/')
}

impl<'a> Client<'a> {
    /// As the login that reads: the person if they let us, since they see most, else the bot.
    pub fn reading(access: &Access<'a>) -> Result<Self, ConnectorError> {
        Self::of(access, login::reading(access)?)
    }

    /// As the login that commands appear from.
    pub fn writing(access: &Access<'a>) -> Result<Self, ConnectorError> {
        Self::of(access, login::writing(access)?)
    }

    fn of(access: &Access<'a>, login: &model::connector::OpenLogin) -> Result<Self, ConnectorError> {
        Ok(Self {
            http: access.http,
            clock: access.clock,
            deadline: access.deadline,
            base_url: base_url(access.settings),
            token: login::token(login)?,
            account: Some(login.login.account.clone()),
            facts: login::facts(&login.login),
        })
    }

    /// With a token that is no login yet.
    pub fn with_token(threshold: &Threshold<'a>, token: &str) -> Self {
        Self {
            http: threshold.http,
            clock: threshold.clock,
            deadline: threshold.deadline,
            base_url: base_url(threshold.settings),
            token: token.to_owned(),
            account: None,
            facts: login::Facts::default(),
        }
    }

    /// `auth.test`: whose token it is.
    pub async fn auth_test(&self) -> Called {
        self.call("auth.test", Effect::Reads, Vec::new()).await
    }

    /// `auth.teams.list`: the workspaces of an organization that the app may be used in.
    pub async fn auth_teams_list(&self, cursor: Option<&str>) -> Called {
        self.call("auth.teams.list", Effect::Reads, page(cursor)).await
    }

    /// `auth.revoke`: ends this token.
    pub async fn auth_revoke(&self) -> Called {
        self.call("auth.revoke", Effect::Writes, Vec::new()).await
    }

    /// `users.conversations`: the chats that the login, or `user`, is in.
    pub async fn users_conversations(&self, user: Option<&str>, team: Option<&str>, cursor: Option<&str>) -> Called {
        let types = "public_channel,private_channel,mpim,im";
        let mut arguments = page(cursor);
        arguments.push(("types", types.to_owned()));
        // Archived chats have a history too; they are marked.
        arguments.push(("exclude_archived", "false".to_owned()));
        arguments.extend(user.map(|user| ("user", user.to_owned())));
        arguments.extend(team.map(|team| ("team_id", team.to_owned())));
        self.call("users.conversations", Effect::Reads, arguments).await
    }

    /// `conversations.info`: one chat.
    pub async fn conversations_info(&self, channel: &str) -> Called {
        self.call("conversations.info", Effect::Reads, vec![("channel", channel.to_owned())]).await
    }

    /// `conversations.members`: who is in a chat.
    pub async fn conversations_members(&self, channel: &str, cursor: Option<&str>) -> Called {
        let mut arguments = page(cursor);
        arguments.push(("channel", channel.to_owned()));
        self.call("conversations.members", Effect::Reads, arguments).await
    }

    /// `users.list`: everybody.
    pub async fn users_list(&self, team: Option<&str>, cursor: Option<&str>) -> Called {
        let mut arguments = page(cursor);
        arguments.extend(team.map(|team| ("team_id", team.to_owned())));
        self.call("users.list", Effect::Reads, arguments).await
    }

    /// `users.info`: one person.
    pub async fn users_info(&self, user: &str) -> Called {
        self.call("users.info", Effect::Reads, vec![("user", user.to_owned())]).await
    }

    /// `bots.info`: one bot.
    pub async fn bots_info(&self, bot: &str) -> Called {
        self.call("bots.info", Effect::Reads, vec![("bot", bot.to_owned())]).await
    }

    /// `conversations.history`: the main line of a chat, newest first.
    pub async fn conversations_history(&self, channel: &str, span: Span, cursor: Option<&str>) -> Called {
        let mut arguments = page(cursor);
        arguments.push(("channel", channel.to_owned()));
        arguments.push(("include_all_metadata", "true".to_owned()));
        arguments.extend(span.arguments());
        self.call("conversations.history", Effect::Reads, arguments).await
    }

    /// `conversations.history` for one message; an older one may come in its place.
    pub async fn message_in_history(&self, channel: &str, ts: &id::Ts) -> Called {
        let arguments = vec![
            ("channel", channel.to_owned()),
            ("latest", ts.0.clone()),
            ("inclusive", "true".to_owned()),
            ("limit", "1".to_owned()),
            ("include_all_metadata", "true".to_owned()),
        ];
        self.call("conversations.history", Effect::Reads, arguments).await
    }

    /// `conversations.replies`: a thread, oldest first.
    pub async fn conversations_replies(
        &self,
        channel: &str,
        thread: &id::Ts,
        span: Span,
        cursor: Option<&str>,
    ) -> Called {
        let mut arguments = page(cursor);
        arguments.push(("channel", channel.to_owned()));
        arguments.push(("ts", thread.0.clone()));
        arguments.push(("include_all_metadata", "true".to_owned()));
        arguments.extend(span.arguments());
        self.call("conversations.replies", Effect::Reads, arguments).await
    }

    /// `conversations.replies` for one reply, by its own `ts`.
    pub async fn message_in_thread(&self, channel: &str, ts: &id::Ts) -> Called {
        let arguments = vec![
            ("channel", channel.to_owned()),
            ("ts", ts.0.clone()),
            ("latest", ts.0.clone()),
            ("oldest", ts.0.clone()),
            ("inclusive", "true".to_owned()),
            ("include_all_metadata", "true".to_owned()),
        ];
        self.call("conversations.replies", Effect::Reads, arguments).await
    }

    /// `reactions.get`: all reactions to a message, with everybody named.
    pub async fn reactions_get(&self, channel: &str, ts: &id::Ts) -> Called {
        let mut arguments = place(channel, ts);
        arguments.push(("full", "true".to_owned()));
        self.call("reactions.get", Effect::Reads, arguments).await
    }

    /// `files.info`: one file.
    pub async fn files_info(&self, file: &str) -> Called {
        self.call("files.info", Effect::Reads, vec![("file", file.to_owned())]).await
    }

    /// `files.getUploadURLExternal`: an address for the bytes of a file.
    pub async fn files_get_upload_url(&self, name: &str, size_bytes: u64) -> Called {
        let arguments = vec![("filename", name.to_owned()), ("length", size_bytes.to_string())];
        // Nobody sees what is begun, so it can be begun again.
        self.call("files.getUploadURLExternal", Effect::Reads, arguments).await
    }

    /// `files.completeUploadExternal`: shows files in a chat.
    pub async fn files_complete_upload(&self, arguments: Arguments<'_>) -> Called {
        self.call("files.completeUploadExternal", Effect::Writes, arguments).await
    }

    /// `chat.postMessage`.
    pub async fn chat_post_message(&self, arguments: Arguments<'_>) -> Called {
        self.call("chat.postMessage", Effect::Writes, arguments).await
    }

    /// `chat.update`.
    pub async fn chat_update(&self, arguments: Arguments<'_>) -> Called {
        self.call("chat.update", Effect::Writes, arguments).await
    }

    /// `chat.delete`.
    pub async fn chat_delete(&self, channel: &str, ts: &id::Ts) -> Called {
        let arguments = vec![("channel", channel.to_owned()), ("ts", ts.0.clone())];
        self.call("chat.delete", Effect::Writes, arguments).await
    }

    /// `reactions.add`.
    pub async fn reactions_add(&self, channel: &str, ts: &id::Ts, name: &str) -> Called {
        let mut arguments = place(channel, ts);
        arguments.push(("name", name.to_owned()));
        self.call("reactions.add", Effect::Writes, arguments).await
    }

    /// `reactions.remove`.
    pub async fn reactions_remove(&self, channel: &str, ts: &id::Ts, name: &str) -> Called {
        let mut arguments = place(channel, ts);
        arguments.push(("name", name.to_owned()));
        self.call("reactions.remove", Effect::Writes, arguments).await
    }

    async fn call(&self, method: &str, effect: Effect, arguments: Arguments<'_>) -> Called {
        let authorization = format!("Bearer {}", self.token);
        let (http, clock, deadline) = (self.http, self.clock, self.deadline);
        let called = call_as(http, clock, deadline, self.base_url, &authorization, method, effect, arguments).await;
        called.map_err(|error| match (error, &self.account) {
            (CallError::Other(error), Some(account)) => naming(error, account).into(),
            (error, _) => error,
        })
    }
}

/// `oauth.v2.access`: a code for tokens. The code is good once, so a lost answer means to begin again.
pub async fn oauth_v2_access(threshold: &Threshold<'_>, authorization: &str, arguments: Arguments<'_>) -> Called {
    let Threshold { http, clock, deadline, settings } = *threshold;
    let method = "oauth.v2.access";
    call_as(http, clock, deadline, base_url(settings), authorization, method, Effect::Writes, arguments).await
}

/// Says whose login an error is about.
pub fn naming(error: ConnectorError, account: &ExternalAccount) -> ConnectorError {
    match error {
        ConnectorError::LoginLost { .. } => ConnectorError::LoginLost { account: Some(account.clone()) },
        ConnectorError::TokenExpired { .. } => ConnectorError::TokenExpired { account: account.clone() },
        error => error,
    }
}

fn page<'a>(cursor: Option<&str>) -> Arguments<'a> {
    let mut arguments = vec![("limit", PAGE_SIZE.to_owned())];
    arguments.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
    arguments
}

fn place<'a>(channel: &str, ts: &id::Ts) -> Arguments<'a> {
    vec![("channel", channel.to_owned()), ("timestamp", ts.0.clone())]
}

#[expect(clippy::too_many_arguments, reason = "the one place where a call is put together")]
async fn call_as(
    http: &dyn Http,
    clock: &dyn Clock,
    deadline: Timestamp,
    base_url: &str,
    authorization: &str,
    method: &str,
    effect: Effect,
    arguments: Arguments<'_>,
) -> Called {
    let form = serde_urlencoded::to_string(&arguments)
        .map_err(|error| ConnectorError::Unreadable(format!("the arguments are no form: {error}")))?;
    let request = Request {
        method: Method::Post,
        url: format!("{base_url}/api/{method}"),
        headers: vec![
            ("authorization".to_owned(), authorization.to_owned()),
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ],
        body: Bytes::from(form),
        deadline,
    };
    let response = http.send(request).await.map_err(|error| problem::unanswered(error, effect))?;
    understand(method, &response, effect, clock.now())
}

fn understand(method: &str, response: &Response, effect: Effect, now: Timestamp) -> Called {
    if response.status == 429 {
        return Err(ConnectorError::Busy { after: retry_after(response) }.into());
    }
    let value: Option<Value> = serde_json::from_slice(&response.body).ok().filter(Value::is_object);
    let Some(value) = value else {
        // A page of HTML, from a proxy or from Slack in trouble.
        return Err(problem::broken(&format!("{method} answered {} without JSON", response.status), effect).into());
    };
    let seen = seen(response, now);
    if value["ok"].as_bool() == Some(true) {
        let scopes = response.header("x-oauth-scopes").map(scopes).unwrap_or_default();
        return Ok(Answer { value, seen, scopes });
    }
    let Some(error) = value["error"].as_str() else {
        return Err(problem::broken(&format!("{method} answered {} without an error", response.status), effect).into());
    };
    if let Some(known) = problem::general(error, effect) {
        return Err(match known {
            ConnectorError::Busy { .. } => ConnectorError::Busy { after: retry_after(response) },
            other => other,
        }
        .into());
    }
    if response.status >= 500 {
        return Err(problem::broken(&format!("{method} answered {}", response.status), effect).into());
    }
    let needed = value["needed"].as_str().filter(|needed| !needed.is_empty()).map(str::to_owned);
    Err(CallError::Declined { error: error.to_owned(), needed, seen })
}

/// The scopes in a header or an answer: comma separated.
pub fn scopes(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

fn retry_after(response: &Response) -> Duration {
    let seconds = response.header("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    seconds.map_or(problem::SHORT_WAIT, Duration::from_secs)
}

/// As of when an answer's content was so: the platform's own clock where it shows it, less a margin.
fn seen(response: &Response, now: Timestamp) -> i64 {
    let date = response.header("date").and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
    let at = date.map_or(now, |date| Timestamp::from_micros(date.unix_timestamp().saturating_mul(1_000_000)));
    at.micros() - SIGHTING_MARGIN_MICROS
}

/// A message in a list of them.
pub fn find_message(answer: &Answer, ts: &id::Ts) -> Option<wire::Message> {
    let messages: Vec<wire::Message> = answer.list("messages");
    messages.into_iter().find(|message| message.ts.as_deref() == Some(ts.0.as_str()))
}

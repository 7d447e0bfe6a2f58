//! The way to Slack's Web API: who calls, what counts against which limit, and what an answer means.
//!
//! Every method takes a form, so a form is sent. Slack answers 200 for nearly everything: what counts is `ok`.

use crate::slack::{
    limits::Limits,
    login,
    problem::{self, CallError, Effect},
};
use bytes::Bytes;
use model::{
    connector::{Access, ConnectorError, Settings, Threshold},
    http::{Http, Method, Request, Response},
    id::ExternalAccount,
    limits::{Quota, asked_pause},
    time::Timestamp,
    world::Clock,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// What an answer shows may be older than its date by this much.
pub const SIGHTING_MARGIN_MICROS: i64 = 2_000_000;

/// Calls Slack as one login.
pub struct Client<'a> {
    pub(super) http: &'a dyn Http,
    clock: &'a dyn Clock,
    pub(super) deadline: Timestamp,
    base_url: &'a str,
    limits: Limits,
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

/// What a call says, name by name.
pub type Arguments<'a> = Vec<(&'a str, String)>;
/// What came of a call.
pub type Called = Result<Answer, CallError>;

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
            limits: Limits::of(access.settings),
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
            limits: Limits::of(threshold.settings),
            token: token.to_owned(),
            account: None,
            facts: login::Facts::default(),
        }
    }

    pub(super) async fn call(&self, method: &str, effect: Effect, arguments: Arguments<'_>) -> Called {
        let channel = arguments.iter().find(|(name, _)| *name == "channel").map(|(_, channel)| channel.as_str());
        let quotas = self.limits.quotas(method, &self.facts.team_id, channel);
        let (http, clock, deadline, base_url) = (self.http, self.clock, self.deadline, self.base_url);
        let line = Line { http, clock, deadline, base_url, quotas };
        call_as(line, &format!("Bearer {}", self.token), method, effect, arguments).await.map_err(|error| {
            match (error, &self.account) {
                (CallError::Other(error), Some(account)) => naming(error, account).into(),
                (error, _) => error,
            }
        })
    }

    pub(super) fn page<'b>(&self, method: &str, cursor: Option<&str>) -> Arguments<'b> {
        let mut arguments = vec![("limit", self.limits.page(method).to_owned())];
        arguments.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        arguments
    }
}

/// `oauth.v2.access`: a code for tokens. The code is good once, so a lost answer means to begin again.
pub async fn oauth_v2_access(threshold: &Threshold<'_>, authorization: &str, arguments: Arguments<'_>) -> Called {
    let Threshold { http, clock, deadline, settings } = *threshold;
    let method = "oauth.v2.access";
    // Whose workspace it will be is not known yet.
    let (base_url, quotas) = (base_url(settings), Limits::of(settings).quotas(method, "", None));
    let line = Line { http, clock, deadline, base_url, quotas };
    call_as(line, authorization, method, Effect::Once, arguments).await
}

/// Says whose login an error is about.
pub fn naming(error: ConnectorError, account: &ExternalAccount) -> ConnectorError {
    match error {
        ConnectorError::LoginLost { .. } => ConnectorError::LoginLost { account: Some(account.clone()) },
        ConnectorError::TokenExpired { .. } => ConnectorError::TokenExpired { account: account.clone() },
        error => error,
    }
}

/// The way that a call takes, whatever it says.
struct Line<'a> {
    http: &'a dyn Http,
    clock: &'a dyn Clock,
    deadline: Timestamp,
    base_url: &'a str,
    quotas: Vec<Quota>,
}

async fn call_as(
    Line { http, clock, deadline, base_url, quotas }: Line<'_>,
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
        quotas,
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
    asked_pause(response.header("retry-after"))
}

/// As of when an answer's content was so: the platform's own clock where it shows it, less a margin.
fn seen(response: &Response, now: Timestamp) -> i64 {
    let date = response.header("date").and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
    let at = date.map_or(now, |date| Timestamp::from_micros(date.unix_timestamp().saturating_mul(1_000_000)));
    at.micros() - SIGHTING_MARGIN_MICROS
}

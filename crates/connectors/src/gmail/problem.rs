//! What Google's errors mean for what we do next.
//!
//! A 403 is not one thing: the reason in the body tells a limit from a missing scope.

use crate::effect;
pub use crate::effect::{Effect, SHORT_WAIT, broken};
use model::{
    connector::ConnectorError,
    http::{HttpError, Response},
    id::ExternalAccount,
    limits::{LONGEST_PAUSE, PAUSE_UNLESS_TOLD},
    message::Problem,
    time::Timestamp,
};
use serde::Deserialize;
use std::time::Duration;

/// How much of what Google says is passed on, in characters.
const LONGEST_WORDS: usize = 300;

/// Why a call did not do what was asked.
#[derive(Debug)]
pub enum CallError {
    /// What it is about is not there, which its caller may know what to make of.
    NotFound(Problem),
    /// Anything else.
    Other(ConnectorError),
}

impl From<ConnectorError> for CallError {
    fn from(error: ConnectorError) -> Self {
        Self::Other(error)
    }
}

impl From<CallError> for ConnectorError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotFound(problem) => Self::Refused(problem),
            CallError::Other(error) => error,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    error: Said,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    message: String,
    status: String,
    errors: Vec<Reason>,
    details: Vec<Reason>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    reason: String,
}

impl Said {
    fn is(&self, names: &[&str]) -> bool {
        self.errors.iter().chain(&self.details).any(|held| names.contains(&held.reason.as_str()))
    }
}

fn said(response: &Response) -> Said {
    serde_json::from_slice::<Envelope>(&response.body).unwrap_or_default().error
}

/// How long Gmail wants no more calls, where it refuses one for being too many. Whoever asks meanwhile waits longer.
pub fn rest(response: &Response, now: Timestamp) -> Option<Duration> {
    if response.status != 429 && response.status != 403 {
        return None;
    }
    let said = said(response);
    let limited = said.is(&["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"]);
    (response.status == 429 || limited).then(|| pause(response, &said.message, now))
}

/// What an answer means that is no success.
pub fn understand(response: &Response, effect: Effect, account: &ExternalAccount, now: Timestamp) -> CallError {
    if let Some(after) = rest(response, now) {
        return ConnectorError::Busy { after }.into();
    }
    let said = said(response);
    let is = |names: &[&str]| said.is(names);
    let refused = |code: &str, detail: String| ConnectorError::Refused(problem(code, detail)).into();
    match response.status {
        401 => ConnectorError::TokenExpired { account: account.clone() }.into(),
        403 if is(&["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"]) => refused(
            "insufficient_scope",
            "The login lacks a permission for this. Connect again and grant all that is asked for.".to_owned(),
        ),
        403 if is(&["accessNotConfigured", "SERVICE_DISABLED"]) => refused(
            "api_disabled",
            "The Gmail API is not enabled in the Google Cloud project. Enable it there.".to_owned(),
        ),
        403 if is(&["domainPolicy"]) => refused(
            "domain_policy",
            "The administrators of this Google Workspace do not allow the app. Ask them to.".to_owned(),
        ),
        404 | 410 => CallError::NotFound(problem("not_found", "Gmail has no such mail any more.".to_owned())),
        400 if is_about_recipients(&said.message) => {
            refused("recipients", format!("Gmail does not take these recipients: {}", words(&said)))
        }
        413 => refused("too_large", "The mail is larger than Gmail takes.".to_owned()),
        408 | 500.. => broken(&format!("Gmail answered {}", response.status), effect).into(),
        status => refused("declined", format!("Gmail declined this ({status}): {}", words(&said))),
    }
}

/// Whether it says so of the people that a mail is to go to.
fn is_about_recipients(message: &str) -> bool {
    let headers = ["Invalid To header", "Invalid Cc header", "Invalid Bcc header"];
    message.to_lowercase().contains("recipient") || headers.iter().any(|header| message.contains(header))
}

/// What Google says, unless it says nothing.
fn words(said: &Said) -> String {
    let all = if said.message.is_empty() { &said.status } else { &said.message };
    let all = if all.is_empty() { "it says no reason." } else { all };
    all.chars().filter(|letter| !letter.is_control()).take(LONGEST_WORDS).collect()
}

/// How long Gmail wants us to wait. It says so within a sentence, and only now and then in a header.
fn pause(response: &Response, message: &str, now: Timestamp) -> Duration {
    let named = response.header("retry-after").and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    let told = message.split_once("Retry after ").and_then(|(_, rest)| {
        let at = rest.split_whitespace().next()?;
        Some(Timestamp::parse(at)?.since(now))
    });
    told.or(named).unwrap_or(PAUSE_UNLESS_TOLD).clamp(Duration::from_secs(1), LONGEST_PAUSE)
}

/// A call without an answer.
pub fn unanswered(error: HttpError, effect: Effect) -> ConnectorError {
    effect::unanswered(error, effect, "gmail", "Google")
}

/// A problem of this platform.
pub fn problem(code: &str, detail: String) -> Problem {
    Problem { code: format!("gmail.{code}"), detail }
}

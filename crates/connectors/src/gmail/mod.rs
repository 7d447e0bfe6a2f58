//! Gmail: an email thread is a chat, an email is a message.
//!
//! `oauth` makes logins, `threads` reads (`large` what is too large to be held), `files` fetches, `send` does what the app wants and proves it. `convert` and
//! `limits` are pure, `client` has the calls, `transfer` and `long_text` those that are passed on in pieces, `wire` has Gmail's JSON, `problem` sorts its errors. Mail itself is `crate::mail`'s.

mod client;
mod convert;
mod files;
mod large;
mod limits;
mod login;
mod long_text;
mod oauth;
mod problem;
mod send;
#[cfg(test)]
mod tests;
mod threads;
mod transfer;
mod wire;

use async_trait::async_trait;
use client::Client;
use model::{
    abilities::{Abilities, History, News},
    attachment::{Attachment, Rendition},
    command::Attempt,
    connector::{
        Access, Admission, Authorized, Connector, ConnectorError, Description, Finding, Grant, OpenFile, OpenLogin,
        Outcome, Page, Proof, Reading, Refreshed, Refusal, Setting, Settings, Step, Threshold, Trust,
    },
    id::Cursor,
    intake::{Part, RawRequest},
    update::Update,
};
use std::time::Duration;

/// The longest text of a mail that is sent.
const LONGEST_TEXT: u32 = 500_000;
/// How long after its deadline a call may still take effect at Gmail.
const SETTLES_AFTER: Duration = Duration::from_secs(60);

const SETTINGS: &[Setting] = &[
    Setting { name: "client_id", help: "Client ID of the OAuth client in the Google Cloud project", secret: false },
    Setting { name: "client_secret", help: "Client secret of the OAuth client", secret: true },
    Setting { name: "base_url", help: "Where Google is; its own addresses unless you test", secret: false },
    Setting {
        name: limits::OLDER_QUOTA,
        help: "true if the Google Cloud project used the Gmail API before May 2026 and keeps the quota of then",
        secret: false,
    },
];

/// The connector for Gmail.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gmail;

/// What Gmail can do at best.
fn abilities() -> Abilities {
    Abilities {
        send: true,
        reply: false,
        broadcast: false,
        edit: false,
        delete: true,
        files: false,
        largest_file_bytes: 0,
        most_files: 0,
        react: false,
        mark_read: false,
        mail: true,
        read_back: true,
        longest_text: LONGEST_TEXT,
        longest_edit: 0,
        history: History::Pages,
        news: vec![News::Polling],
    }
}

#[async_trait]
impl Connector for Gmail {
    fn describe(&self) -> Description {
        let hosts = ["gmail.googleapis.com", "oauth2.googleapis.com", "accounts.google.com"];
        Description {
            platform: "gmail",
            name: "Gmail",
            hosts: hosts.map(str::to_owned).into(),
            abilities: abilities(),
            settles_after: SETTLES_AFTER,
            sighting_margin: 0,
            limits: limits::LIMITS,
            settings: SETTINGS,
            pasted: &[],
        }
    }

    fn authorize(&self, settings: &Settings, state: &str, redirect_uri: &str) -> Result<String, ConnectorError> {
        oauth::authorize(settings, state, redirect_uri)
    }

    async fn complete(&self, threshold: &Threshold<'_>, grant: &Grant) -> Result<Authorized, ConnectorError> {
        oauth::complete(threshold, grant).await
    }

    async fn refresh(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<Refreshed, ConnectorError> {
        oauth::refresh(threshold, login).await
    }

    async fn check(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<(), ConnectorError> {
        oauth::check(threshold, login).await
    }

    async fn revoke(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<(), ConnectorError> {
        oauth::revoke(threshold, login).await
    }

    async fn examine(&self, threshold: &Threshold<'_>) -> Vec<Finding> {
        match oauth::authorize(threshold.settings, "", "") {
            Ok(_) => vec![Finding::good("The client id and secret of Gmail are configured.")],
            Err(error) => vec![Finding::bad(error.to_string())],
        }
    }

    fn admit(&self, _request: &RawRequest, _trust: &Trust<'_>) -> Admission {
        Admission::Refuse(Refusal::NotConfigured)
    }

    fn route(&self, _request: &RawRequest) -> Result<Vec<Part>, ConnectorError> {
        Err(ConnectorError::Unreadable("Gmail is asked for news".to_owned()))
    }

    async fn read(&self, _access: &Access<'_>, _part: &Part) -> Result<Vec<Update>, ConnectorError> {
        Err(ConnectorError::Unreadable("Gmail is asked for news".to_owned()))
    }

    async fn pull(
        &self,
        access: &Access<'_>,
        reading: &Reading,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError> {
        let client = Client::of(access)?;
        let updates = match reading {
            Reading::Chats => return threads::pull(&client, cursor).await,
            Reading::Chat(chat) => return threads::one(&client, chat).await,
            Reading::History { chat, since } => {
                let part = threads::Part { from: *since, to: None };
                return threads::history(&client, chat, part, cursor).await;
            }
            Reading::Window { chat, from, to } => {
                let part = threads::Part { from: *from, to: *to };
                return threads::history(&client, chat, part, cursor).await;
            }
            Reading::Message { chat, message } => threads::message(&client, chat, message.as_str()).await?,
            Reading::Person(person) => vec![convert::stranger(person)],
            Reading::Membership(chat) => {
                access.connection.person.iter().map(|person| threads::membership(chat, person)).collect()
            }
            // People are known by the mail that they wrote. A thread has no threads, and marks are by the message.
            Reading::People | Reading::Emoji | Reading::Replies { .. } | Reading::ReadMark(_) => Vec::new(),
        };
        Ok(Page { updates, ..Page::default() })
    }

    async fn open_file(
        &self,
        access: &Access<'_>,
        file: &Attachment,
        rendition: Rendition,
        _range: Option<&str>,
    ) -> Result<OpenFile, ConnectorError> {
        files::open(access, file, rendition).await
    }

    async fn perform(&self, access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError> {
        send::perform(access, step).await
    }

    async fn prove(&self, access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError> {
        send::prove(access, step, attempt).await
    }
}

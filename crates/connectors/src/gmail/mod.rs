//! Gmail: an email thread is a chat, an email is a message.
//!
//! `oauth` makes logins. `threads` reads (`large` what is too large to be held), `news` follows the mailbox, `push` hears
//! that there is news, `marks` keeps what is read, `files` fetches files. `send` does what the app wants: `draft` says what
//! a mail is to be, `upload` brings it, `proof` finds out what became of it, `insert` puts one in without sending it.
//! `convert`, `draft`, `labels` and `limits` are pure. `client` has the calls, `transfer` and `long_text` those that are
//! passed on in pieces, `wire` has Gmail's JSON, `problem` sorts its errors. Mail itself is `crate::mail`'s.

mod batch;
mod client;
mod convert;
mod draft;
mod files;
pub mod insert;
mod labels;
mod large;
mod limits;
mod login;
mod long_text;
mod marks;
mod news;
mod oauth;
mod problem;
mod proof;
mod push;
mod send;
#[cfg(test)]
mod tests;
mod threads;
mod transfer;
mod upload;
mod wire;

use async_trait::async_trait;
use bytes::Bytes;
use client::Client;
use model::{
    abilities::{Abilities, History, News},
    attachment::{Attachment, Rendition},
    chat::ReadMark,
    command::Attempt,
    connector::{
        Access, Admission, Authorized, Connector, ConnectorError, Description, Finding, Followed, Grant, OpenFile,
        OpenLogin, Outcome, Page, Proof, Reading, Refreshed, Setting, Settings, Step, Threshold, Trust,
    },
    http::Response,
    id::{Cursor, ExternalId},
    intake::{Part, RawRequest},
    label::Label,
    time::Timestamp,
    update::Update,
};
use std::time::Duration;

/// The longest text of a mail that is sent.
const LONGEST_TEXT: u32 = 500_000;
/// How many files one mail may have.
const MOST_FILES: u32 = crate::mail::MOST_FILES as u32;
/// How long after its deadline a call may still take effect at Gmail.
const SETTLES_AFTER: Duration = Duration::from_secs(60);

const SETTINGS: &[Setting] = &[
    Setting { name: "client_id", help: "Client ID of the OAuth client in the Google Cloud project", secret: false },
    Setting { name: "client_secret", help: "Client secret of the OAuth client", secret: true },
    Setting { name: "base_url", help: "Where Google is; its own addresses unless you test", secret: false },
    Setting {
        name: push::TOPIC,
        help: "Topic of Cloud Pub/Sub that Gmail tells news on (projects/…/topics/…); without it Gmail is asked for them",
        secret: false,
    },
    Setting {
        name: push::SUBSCRIPTION,
        help: "Subscription that pushes that topic to /hooks/gmail (projects/…/subscriptions/…)",
        secret: false,
    },
    Setting {
        name: push::AUDIENCE,
        help: "Audience of the subscription's tokens; the address that it pushes to, unless it names another",
        secret: false,
    },
    Setting {
        name: push::SERVICE_ACCOUNT,
        help: "Service account that the subscription signs its pushes as",
        secret: false,
    },
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
        files: true,
        largest_file_bytes: upload::MOST_FILE_BYTES,
        most_files: MOST_FILES,
        react: false,
        mark_read: true,
        mark_unread: true,
        mail: true,
        read_back: true,
        longest_text: LONGEST_TEXT,
        longest_edit: 0,
        history: History::Pages,
        news: vec![News::Webhook, News::Polling],
    }
}

/// What can be done in a mailbox whose owner allowed to read it, and no more.
fn reading_only() -> Abilities {
    Abilities {
        send: false,
        delete: false,
        files: false,
        largest_file_bytes: 0,
        most_files: 0,
        mark_read: false,
        mark_unread: false,
        mail: false,
        ..abilities()
    }
}

#[async_trait]
impl Connector for Gmail {
    fn describe(&self) -> Description {
        let hosts = ["gmail.googleapis.com", "oauth2.googleapis.com", "accounts.google.com", "www.googleapis.com"];
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
            follows: true,
            searches: true,
            imports_new_chats: true,
        }
    }

    fn rest(&self, answer: &Response, now: Timestamp) -> Option<Duration> {
        batch::answers(answer).iter().chain([answer]).filter_map(|answer| problem::rest(answer, now)).max()
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

    fn admit(&self, request: &RawRequest, trust: &Trust<'_>) -> Admission {
        push::admit(request, trust)
    }

    fn route(&self, request: &RawRequest) -> Result<Vec<Part>, ConnectorError> {
        news::route(request)
    }

    async fn follow(&self, access: &Access<'_>, cursor: Option<&Cursor>) -> Result<Followed, ConnectorError> {
        news::follow(&Client::of(access)?, cursor).await
    }

    fn can_watch(&self, settings: &Settings) -> bool {
        push::is_configured(settings)
    }

    async fn watch(&self, access: &Access<'_>) -> Result<Timestamp, ConnectorError> {
        push::watch(&Client::of(access)?, access.settings).await
    }

    async fn keys(&self, threshold: &Threshold<'_>) -> Result<Bytes, ConnectorError> {
        push::keys(threshold).await
    }

    async fn read(&self, access: &Access<'_>, part: &Part) -> Result<Vec<Update>, ConnectorError> {
        news::read(&Client::of(access)?, part).await
    }

    async fn pull(
        &self,
        access: &Access<'_>,
        reading: &Reading,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError> {
        let client = Client::of(access)?;
        let updates = match reading {
            Reading::Chats(wanted) => return threads::pull(&client, wanted, cursor).await,
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

    async fn labels(&self, access: &Access<'_>) -> Result<Vec<Label>, ConnectorError> {
        let client = Client::of(access)?;
        Ok(labels::offered(client.labels().await?, client.sight()))
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

    async fn mark_read(
        &self,
        access: &Access<'_>,
        chat: &ExternalId,
        mark: &ReadMark,
        back: bool,
    ) -> Result<Vec<Update>, ConnectorError> {
        marks::mark(&Client::of(access)?, chat, mark, back).await
    }

    async fn perform(&self, access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError> {
        send::perform(access, step).await
    }

    async fn prove(&self, access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError> {
        proof::prove(access, step, attempt).await
    }
}

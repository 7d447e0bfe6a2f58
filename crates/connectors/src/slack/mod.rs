//! Slack: what it can do, and which file does it.
//!
//! `signature`, `socket` and `events` take in what Slack tells, `history`, `chats` and `pictures` ask for it, `send` does
//! what the app wants and proves it, `download` fetches files, `upload` sends them, `oauth` makes logins.
//! `convert`, `file`, `text`, `blocks`, `rich_text` and `emoji` are pure, `client` has the calls, `wire` has Slack's JSON, `id` has the ids.

mod blocks;
mod chats;
mod client;
mod convert;
mod download;
mod emoji;
mod events;
mod examine;
mod fallback;
mod file;
mod history;
mod id;
mod limits;
mod login;
mod marks;
mod methods;
mod oauth;
mod pictures;
mod problem;
mod rich_text;
mod rotation;
mod send;
mod signature;
mod socket;
mod span;
mod text;
mod transfer;
mod upload;
mod wire;

#[cfg(test)]
mod tests;

pub use events::LEFT_ALONE;
pub use oauth::{BOT_SCOPES, USER_SCOPES};

use async_trait::async_trait;
use bytes::Bytes;
use client::Client;
use model::{
    abilities::{Abilities, History, News},
    attachment::{Attachment, Rendition},
    chat::ReadMark,
    command::Attempt,
    connector::{
        Access, Admission, Authorized, Connector, ConnectorError, Description, Finding, Grant, OpenFile, OpenLogin,
        Outcome, Page, PastedField, Proof, Reading, Refreshed, Setting, Settings, Step, Threshold, Trust,
    },
    id::{Cursor, ExternalId},
    intake::{Part, RawRequest},
    sockets::{Frame, SocketAddress},
    time::Timestamp,
    update::Update,
};
use std::time::Duration;

/// The longest text of a message; Slack cuts what is longer without a word.
const LONGEST_TEXT: u32 = 12_000;
/// The longest text of an edit; Slack refuses what is longer.
const LONGEST_EDIT: u32 = 4_000;
/// The largest file that Slack takes.
const LARGEST_FILE_BYTES: u64 = 1024 * 1024 * 1024;
/// How many files one message has at most.
const MOST_FILES: u32 = 10;
/// How long after its deadline a call may still take effect at Slack.
const SETTLES_AFTER: Duration = Duration::from_secs(30);

const SETTINGS: &[Setting] = &[
    Setting { name: "client_id", help: "Client ID of the Slack app (Basic Information)", secret: false },
    Setting { name: "client_secret", help: "Client Secret of the Slack app", secret: true },
    Setting {
        name: "signing_secret",
        help: "Signing Secret of the Slack app, which its events are checked with",
        secret: true,
    },
    Setting {
        name: socket::APP_TOKEN,
        help: "App-level token (xapp-…) with connections:write; with it, events come through sockets (Socket Mode)",
        secret: true,
    },
    Setting { name: "base_url", help: "Where Slack is; https://slack.com unless you test", secret: false },
    Setting {
        name: "bot_scopes",
        help: "Scopes to ask for the app's bot, in place of all that are useful",
        secret: false,
    },
    Setting {
        name: "user_scopes",
        help: "Scopes to ask of each person, in place of all that are useful",
        secret: false,
    },
    Setting {
        name: limits::OUTSIDE_MARKETPLACE,
        help: "true if the app is sold outside Slack's Marketplace: history at one call a minute, 15 messages each",
        secret: false,
    },
];

const PASTED: &[PastedField] = &[
    PastedField { name: "bot_token", label: "Bot User OAuth Token (xoxb-…)", optional: true },
    PastedField { name: "user_token", label: "User OAuth Token (xoxp-…), to write as yourself", optional: true },
];

/// The connector for Slack.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slack;

/// What Slack can do at best.
fn abilities() -> Abilities {
    Abilities {
        send: true,
        reply: true,
        broadcast: true,
        edit: true,
        delete: true,
        files: true,
        largest_file_bytes: LARGEST_FILE_BYTES,
        most_files: MOST_FILES,
        react: true,
        mark_read: true,
        mail: false,
        mark_unread: false,
        read_back: true,
        longest_text: LONGEST_TEXT,
        longest_edit: LONGEST_EDIT,
        history: History::Pages,
        news: vec![News::Webhook, News::Socket],
    }
}

#[async_trait]
impl Connector for Slack {
    fn describe(&self) -> Description {
        Description {
            platform: "slack",
            name: "Slack",
            hosts: vec!["slack.com".to_owned(), "files.slack.com".to_owned()],
            abilities: abilities(),
            settles_after: SETTLES_AFTER,
            sighting_margin: client::SIGHTING_MARGIN_MICROS,
            limits: limits::LIMITS,
            settings: SETTINGS,
            pasted: PASTED,
            follows: false,
            searches: false,
            imports_new_chats: false,
        }
    }

    fn authorize(&self, settings: &Settings, state: &str, redirect_uri: &str) -> Result<String, ConnectorError> {
        oauth::authorize(settings, state, redirect_uri)
    }

    async fn complete(&self, threshold: &Threshold<'_>, grant: &Grant) -> Result<Authorized, ConnectorError> {
        oauth::complete(threshold, grant).await
    }

    async fn refresh(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<Refreshed, ConnectorError> {
        rotation::refresh(threshold, login).await
    }

    async fn check(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<(), ConnectorError> {
        rotation::check(threshold, login).await
    }

    async fn revoke(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<(), ConnectorError> {
        oauth::revoke(threshold, login).await
    }

    async fn examine(&self, threshold: &Threshold<'_>) -> Vec<Finding> {
        examine::examine(threshold).await
    }

    fn admit(&self, request: &RawRequest, trust: &Trust<'_>) -> Admission {
        signature::admit(request, trust)
    }

    fn route(&self, request: &RawRequest) -> Result<Vec<Part>, ConnectorError> {
        events::route(request)
    }

    fn has_sockets(&self, settings: &Settings) -> bool {
        socket::is_wanted(settings)
    }

    async fn socket(&self, threshold: &Threshold<'_>) -> Result<SocketAddress, ConnectorError> {
        socket::open(threshold).await
    }

    fn frame(&self, frame: &Bytes, received_at: Timestamp) -> Frame {
        socket::frame(frame, received_at)
    }

    fn named_in(&self, message: &ExternalId, chat: &ExternalId) -> ExternalId {
        match (id::place(message), id::channel(chat)) {
            (Ok((_, ts)), Ok(channel)) => id::message(channel, &ts),
            _ => message.clone(), // No name of ours: it stays what it is, and is refused where it is used.
        }
    }

    async fn read(&self, access: &Access<'_>, part: &Part) -> Result<Vec<Update>, ConnectorError> {
        events::read(access, part).await
    }

    async fn pull(
        &self,
        access: &Access<'_>,
        reading: &Reading,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError> {
        match reading {
            Reading::Chats(_) => chats::pull(access, cursor).await,
            Reading::People => chats::pull_people(access, cursor).await,
            Reading::Emoji => pictures::list(access).await,
            Reading::Person(person) => chats::person(access, person).await,
            Reading::Chat(chat) => chats::one(access, chat).await,
            Reading::History { chat, since } => {
                let part = history::Part { from: *since, to: None };
                history::pull(&Client::reading(access)?, chat, part, cursor).await
            }
            Reading::Window { chat, from, to } => {
                let part = history::Part { from: *from, to: *to };
                history::pull(&Client::reading(access)?, chat, part, cursor).await
            }
            Reading::Replies { chat, thread, from, to } => {
                let part = history::Part { from: *from, to: *to };
                history::replies(&Client::reading(access)?, chat, thread, part, cursor).await
            }
            Reading::Message { message, .. } => history::one(&Client::reading(access)?, message).await,
            Reading::ReadMark(chat) => marks::pull(access, chat).await,
            Reading::Membership(chat) => {
                Ok(Page { updates: chats::membership(access, chat).await?, ..Page::default() })
            }
        }
    }

    async fn open_file(
        &self,
        access: &Access<'_>,
        file: &Attachment,
        rendition: Rendition,
        range: Option<&str>,
    ) -> Result<OpenFile, ConnectorError> {
        download::open(access, file, rendition, range).await
    }

    async fn perform(&self, access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError> {
        send::perform(access, step).await
    }

    async fn mark_read(
        &self,
        access: &Access<'_>,
        chat: &ExternalId,
        mark: &ReadMark,
        _back: bool,
    ) -> Result<Vec<Update>, ConnectorError> {
        marks::mark(access, chat, &mark.message).await
    }

    async fn prove(&self, access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError> {
        send::prove(access, step, attempt).await
    }
}

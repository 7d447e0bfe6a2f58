//! What a platform, connection or chat can do, as data.

use serde::{Deserialize, Serialize};

/// What can be done, so that the API refuses before a platform would and the page offers no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Abilities {
    /// New messages can be written.
    pub send: bool,
    /// Messages can be answered in a thread.
    pub reply: bool,
    /// Answers in threads that stand in the chat's main line as well.
    #[serde(default)]
    pub broadcast: bool,
    /// Own messages can be changed.
    pub edit: bool,
    /// Own messages can be deleted.
    pub delete: bool,
    /// Messages can have files.
    #[serde(default)]
    pub files: bool,
    /// The largest file that can be sent.
    #[serde(default)]
    pub largest_file_bytes: u64,
    /// How many files one message can have.
    #[serde(default)]
    pub most_files: u32,
    /// Messages can be reacted to.
    pub react: bool,
    /// The platform can be told how far the customer has read.
    #[serde(default)]
    pub mark_read: bool,
    /// Messages can be called unread again, here and there.
    #[serde(default)]
    pub mark_unread: bool,
    /// Messages can be read back one by one, so that an unknown outcome can be looked up.
    pub read_back: bool,
    /// Messages have a subject and recipients, and threads can be begun.
    #[serde(default)]
    pub mail: bool,
    /// The longest text of a message, in characters.
    pub longest_text: u32,
    /// The longest text that an edit may have, in characters.
    pub longest_edit: u32,
    /// How history can be read.
    pub history: History,
    /// How news arrive.
    pub news: Vec<News>,
}

/// How a platform lets its history be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// Page by page, newest first.
    Pages,
    /// Not at all: only what arrives from now on.
    None,
}

/// How a platform tells of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It calls our public address.
    Webhook,
    /// Through a socket that this server holds open.
    Socket,
    /// It is asked for them, every few seconds to minutes.
    Polling,
}

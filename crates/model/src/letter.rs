//! What only mail has: a subject, its recipients, and the history that it quotes.

use crate::{id::ExternalId, invitation::Invitation};
use serde::{Deserialize, Serialize};

/// What a mail says beside what every message says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Letter {
    /// What it is about, as it was written.
    pub subject: String,
    /// To whom it is written.
    pub to: Vec<Correspondent>,
    /// Who else is to read it.
    pub cc: Vec<Correspondent>,
    /// Who reads it without the others' knowing; only its author's own copy says so.
    pub bcc: Vec<Correspondent>,
    /// Where its author wants answers, if that is elsewhere.
    pub reply_to: Vec<Correspondent>,
    /// Its new words in HTML, cleaned, if it has any. A picture that is elsewhere has its address in `data-remote-src`,
    /// where nothing fetches it.
    pub html: Option<String>,
    /// The history that it quotes.
    pub quoted: Option<Quoted>,
    /// Its HTML has pictures that are elsewhere. To fetch one tells its owner who reads the mail.
    pub remote_images: bool,
    /// Its name among mails, by which answers refer to it.
    pub message_id: Option<String>,
    /// The names of the mails before it, oldest first.
    pub references: Vec<String>,
    /// Whether the platform says that the customer's account sent it. Anybody can write any address into a mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<bool>,
    /// The list that it came through.
    pub list: Option<String>,
    /// A program sent it by itself.
    pub automatic: bool,
    /// The meeting that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Box<Invitation>>,
    /// What was asked to be written on it, while the platform has not said what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Box<Envelope>>,
}

/// Who is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correspondent {
    /// The address, which is the platform's id of them.
    pub id: ExternalId,
    /// What the mail calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Earlier mails that a mail repeats below or above its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// As text.
    pub text: String,
    /// In HTML, cleaned, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// How a mail that is to be sent stands to those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// It answers one, to all who have it.
    #[default]
    ReplyAll,
    /// It answers one, to its author alone.
    Reply,
    /// It hands one on, with its files.
    Forward,
    /// It begins a thread.
    New,
}

/// What is written on a mail that is to be sent, beside its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// How it stands to those before it.
    pub manner: Manner,
    /// The mail that it answers or hands on; the newest of the thread where none is named.
    pub about: Option<ExternalId>,
    /// To whom, where somebody says so; otherwise whom an answer goes to by itself.
    pub to: Option<Vec<Correspondent>>,
    /// Who else is to read it, where somebody says so; otherwise who gets an answer to all.
    pub cc: Option<Vec<Correspondent>>,
    /// Who reads it without the others' knowing.
    pub bcc: Vec<Correspondent>,
    /// What it is about, where somebody says so; otherwise what it answers is about.
    pub subject: Option<String>,
}

impl Letter {
    /// All to whom it is written.
    pub fn recipients(&self) -> impl Iterator<Item = &Correspondent> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    /// All whom it names.
    pub fn people(&self) -> impl Iterator<Item = &Correspondent> {
        self.recipients().chain(self.invitation.iter().flat_map(|invitation| invitation.people()))
    }
}

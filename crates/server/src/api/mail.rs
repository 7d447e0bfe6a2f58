//! What is written on mail: how it stands to others, to whom it goes, what it is about.

use crate::api::{ask::named, error::ApiError};
use engine::Mail;
use model::{
    id::{ExternalId, MessageId},
    letter::{Correspondent, Manner},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// Who is written to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Addressee {
    /// Their address.
    pub address: String,
    /// What the mail calls them.
    pub name: Option<String>,
}

/// How a mail in a thread stands to those before it.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailManner {
    /// It answers one, to all who have it.
    #[default]
    ReplyAll,
    /// It answers one, to its author alone.
    Reply,
    /// It hands one on, with its files. Say `to` whom.
    Forward,
}

/// What stands on a mail, where it is not what an answer to all has by itself.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMail {
    /// How it stands to those before it; `reply_all` by itself.
    #[serde(default)]
    pub manner: MailManner,
    /// The mail of this chat that it answers or hands on; the newest by itself.
    #[schema(value_type = Option<MessageId>)]
    pub about: Option<String>,
    /// To whom; whom the answer goes to by itself.
    pub to: Option<Vec<Addressee>>,
    /// Who else is to read it; who gets an answer to all by itself.
    pub cc: Option<Vec<Addressee>>,
    /// Who reads it without the others' knowing.
    #[serde(default)]
    pub bcc: Vec<Addressee>,
    /// What it is about; what it answers is about by itself. Another one may begin another thread at the platform.
    pub subject: Option<String>,
}

impl NewMail {
    /// The same for the engine.
    pub fn read(self) -> Result<Mail, ApiError> {
        Ok(Mail {
            manner: match self.manner {
                MailManner::ReplyAll => Manner::ReplyAll,
                MailManner::Reply => Manner::Reply,
                MailManner::Forward => Manner::Forward,
            },
            about: self.about.as_deref().map(named).transpose()?,
            to: self.to.map(correspondents),
            cc: self.cc.map(correspondents),
            bcc: correspondents(self.bcc),
            subject: self.subject,
        })
    }
}

/// The same for the engine. Spaces around an address are nobody's meaning; what else is wrong with it is refused there.
pub fn correspondents(people: Vec<Addressee>) -> Vec<Correspondent> {
    let read = |one: Addressee| Correspondent {
        id: ExternalId::from(one.address.trim_matches(' ')),
        name: one.name.filter(|name| !name.is_empty()),
    };
    people.into_iter().map(read).collect()
}

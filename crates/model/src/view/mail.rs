//! What only mail shows.

use crate::invitation::{Attendance, InvitationMethod, Moment};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who a mail is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recipients {
    /// To whom it is written.
    pub to: Vec<Recipient>,
    /// Who else is to read it.
    pub cc: Vec<Recipient>,
    /// Who reads it without the others' knowing. Only one's own mail says so.
    pub bcc: Vec<Recipient>,
    /// Where its author wants answers, if that is elsewhere.
    pub reply_to: Vec<Recipient>,
}

/// One of those that a mail is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recipient {
    /// What the mail calls them; else the name by which they are known, else their address.
    pub name: String,
    /// Their address.
    pub address: String,
    /// Whether that is the customer.
    pub me: bool,
}

/// Earlier mails that a mail repeats beside its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quoted {
    /// As text.
    pub text: String,
    /// As the mail's own HTML, if it has any: cleaned like `mail_html`, and to be shown as that is, in a sandboxed
    /// frame and nowhere else.
    pub html: Option<String>,
}

/// A meeting that a mail is about. The calendar's own file is among the mail's attachments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// What the mail does about it.
    pub method: InvitationMethod,
    /// What it is called.
    pub summary: String,
    /// When it begins; of one that repeats, the first time.
    pub starts_at: Option<Moment>,
    /// When it ends.
    pub ends_at: Option<Moment>,
    /// It takes place again and again.
    pub repeats: bool,
    /// Where it is.
    pub location: Option<String>,
    /// Who holds it.
    pub organizer: Option<Recipient>,
    /// Who says whether they come.
    pub answer: Option<Answered>,
}

/// What somebody answered to an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answered {
    /// Who.
    pub by: Recipient,
    /// Whether they come.
    pub attendance: Attendance,
}

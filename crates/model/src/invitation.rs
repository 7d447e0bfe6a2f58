//! A meeting that a mail is about: an invitation, and what becomes of it.

use crate::{letter::Correspondent, time::Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a mail says of a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub organizer: Option<Correspondent>,
    /// Who says whether they come.
    pub answer: Option<Answered>,
}

/// What a mail does about a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationMethod {
    /// It invites to it.
    Invite,
    /// It says what has changed about it.
    Update,
    /// It answers whether somebody comes.
    Answer,
    /// It calls it off.
    Cancel,
}

/// When a meeting begins or ends, as exactly as its mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// A moment that is the same for all.
    At(Timestamp),
    /// A whole day, as in `2026-01-05`. One at the end belongs to the meeting.
    Date(String),
    /// A time of the clocks wherever somebody is, as in `2026-01-05T10:00:00`: the mail names no time zone, or one that
    /// nobody knows.
    Local(String),
}

/// What somebody answered to an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Who.
    pub by: Correspondent,
    /// Whether they come.
    pub attendance: Attendance,
}

/// Whether somebody comes to a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Attendance {
    /// They come.
    Accepted,
    /// Perhaps.
    Tentative,
    /// They do not.
    Declined,
}

impl Invitation {
    /// Those whom it names.
    pub fn people(&self) -> impl Iterator<Item = &Correspondent> {
        self.organizer.iter().chain(self.answer.iter().map(|answer| &answer.by))
    }
}

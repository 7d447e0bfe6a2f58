//! What Slack's errors mean for what we do next.

use crate::effect;
pub use crate::effect::{Effect, SHORT_WAIT, broken};
use model::{connector::ConnectorError, http::HttpError, id::ExternalAccount, message::Problem};

/// Why a call did not do what was asked.
#[derive(Debug)]
pub enum CallError {
    /// Slack named an error of the call itself, which its caller may know what to make of.
    Declined {
        /// Slack's name of the error.
        error: String,
        /// The scope that is missing, where that is why.
        needed: Option<String>,
        /// The time of the answer by Slack's clock, less a margin.
        seen: i64,
    },
    /// Anything else.
    Other(ConnectorError),
}

impl CallError {
    /// Whether Slack named this error.
    pub fn is(&self, names: &[&str]) -> bool {
        matches!(self, Self::Declined { error, .. } if names.contains(&error.as_str()))
    }
}

impl From<ConnectorError> for CallError {
    fn from(error: ConnectorError) -> Self {
        Self::Other(error)
    }
}

impl From<CallError> for ConnectorError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Declined { error, needed, .. } => refused(&error, needed.as_deref()),
            CallError::Other(error) => error,
        }
    }
}

/// An error without a class of its own: understood and declined.
pub fn refused(error: &str, needed: Option<&str>) -> ConnectorError {
    ConnectorError::Refused(Problem { code: format!("slack.{}", code(error)), detail: detail(error, needed) })
}

/// Slack's name of an error as part of a code, whatever Slack may send.
pub fn code(error: &str) -> String {
    let known = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    error.chars().take(LONGEST_CODE).map(known).collect()
}

const LONGEST_CODE: usize = 64;

/// An error that is handled alike wherever it comes. None for one that concerns its call alone.
pub fn general(error: &str, effect: Effect) -> Option<ConnectorError> {
    match error {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => Some(ConnectorError::Busy { after: SHORT_WAIT }),
        // Whose login it was, the one who called adds.
        "token_expired" => Some(ConnectorError::TokenExpired { account: ExternalAccount::from("") }),
        "invalid_auth"
        | "token_revoked"
        | "account_inactive"
        | "not_authed"
        | "user_removed_from_team"
        | "org_login_required" => Some(ConnectorError::LoginLost { account: None }),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => Some(broken(error, effect)),
        "team_added_to_org" => Some(ConnectorError::Busy { after: SHORT_WAIT }),
        "invalid_cursor" => Some(ConnectorError::CursorLost),
        _ => None,
    }
}

/// A call without an answer.
pub fn unanswered(error: HttpError, effect: Effect) -> ConnectorError {
    effect::unanswered(error, effect, "slack", "Slack")
}

/// What happened and what a person can do.
fn detail(error: &str, needed: Option<&str>) -> String {
    let words = match error {
        "missing_scope" => {
            return match needed {
                Some(scope) => format!("The Slack app lacks the scope {scope}. Add it to the app and connect again."),
                None => "The Slack app lacks a scope for this. Add it to the app and connect again.".to_owned(),
            };
        }
        "channel_not_found" => "Slack knows no such chat, or this login may not see it. Invite the app to it.",
        "not_in_channel" => "The app is not in this channel. Invite it there (/invite) and try again.",
        "is_archived" => "The channel is archived. Unarchive it in Slack to write in it.",
        "message_not_found" => "The message is no longer there.",
        "thread_not_found" => "The thread is no longer there.",
        "user_not_found" | "users_not_found" | "bot_not_found" => "Slack knows no such person.",
        "file_not_found" | "file_deleted" => "The file is no longer there, or this login may not see it.",
        "file_upload_size_restricted" | "file_too_large" => "The file is too large for this workspace, or empty.",
        "storage_limit_reached" | "team_storage_full" => "The workspace has no room for more files.",
        "file_uploads_disabled" | "uploads_disabled" => "The workspace does not allow files to be uploaded.",
        "file_uploads_except_images_disabled" => "The workspace allows pictures only.",
        "blocked_file_type" | "malware_detected" => "The workspace does not take files of this kind.",
        "msg_too_long" => "The text is too long for Slack. Shorten it or send it in parts.",
        "no_text" => "Slack does not take an empty message.",
        "cant_update_message" => "Only the author can edit this message, and this login is not its author.",
        "cant_delete_message" => "This login may not delete this message; its author or an admin can.",
        "edit_window_closed" => "The workspace no longer allows this message to be edited.",
        "compliance_exports_prevent_deletion" => "The workspace keeps all messages, so none can be deleted.",
        "invalid_name" => "Slack knows no such emoji in this workspace.",
        "too_many_emoji" | "too_many_reactions" => "The message bears as many reactions as Slack allows.",
        "restricted_action" | "restricted_action_read_only_channel" => {
            "The workspace does not let this login write here."
        }
        "restricted_action_thread_only_channel" => "In this channel only answers in threads are allowed.",
        "restricted_action_thread_locked" | "thread_locked" => "The thread is locked.",
        "team_disabled" => "The workspace that the Slack app belongs to is closed.",
        "messages_tab_disabled" => "The app takes no direct messages. Allow them in the app's settings (App Home).",
        "not_allowed_token_type" => "Slack does not allow this with the kind of token that was connected.",
        "ekm_access_denied" => "The workspace's admins have suspended access to messages.",
        "team_access_not_granted" | "access_denied" | "no_permission" | "enterprise_is_restricted" => {
            "The workspace's admins do not allow this to the app. Ask them to approve it."
        }
        "invalid_code" | "code_already_used" => "The code from Slack is no longer good. Begin the connection again.",
        "bad_client_secret" | "invalid_client_id" => {
            "Slack does not know this client id and secret. Check both in the integration's settings."
        }
        "bad_redirect_uri" => "Slack does not know this redirect address. Add it to the app under OAuth & Permissions.",
        other => return format!("Slack declined this with the error {}.", code(other)),
    };
    words.to_owned()
}

//! What a call does at a platform, and so what it means that its answer is lost.

use model::{connector::ConnectorError, http::HttpError, message::Problem};
use std::time::Duration;

/// How long to wait where a platform names no time.
pub const SHORT_WAIT: Duration = Duration::from_secs(2);

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing, or the same again: it can be asked again.
    Repeatable,
    /// May have taken effect although no answer came.
    Once,
}

/// A call that broke off, or whose answer says as much.
pub fn broken(why: &str, effect: Effect) -> ConnectorError {
    match effect {
        Effect::Repeatable => ConnectorError::Busy { after: SHORT_WAIT },
        Effect::Once => ConnectorError::Unknown(HttpError::Broken(why.to_owned())),
    }
}

/// A call without an answer, by the name of its platform in codes and the one that people know its hosts by.
pub fn unanswered(error: HttpError, effect: Effect, platform: &str, owner: &str) -> ConnectorError {
    match error {
        HttpError::NotSent(_) => ConnectorError::Busy { after: SHORT_WAIT },
        HttpError::NoRoom { after } => ConnectorError::Busy { after },
        HttpError::Broken(why) => broken(&why, effect),
        HttpError::Forbidden(host) => ConnectorError::Refused(Problem {
            code: format!("{platform}.host_forbidden"),
            detail: format!("{host} is no host of {owner}; check the setting base_url of this integration."),
        }),
    }
}

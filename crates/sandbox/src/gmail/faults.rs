//! What can go wrong at Gmail on demand.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::faults::Kind;

pub type Fault = crate::faults::Fault<FaultKind>;
pub type FaultBook = crate::faults::FaultBook<FaultKind>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The call takes effect, but its answer never arrives.
    AnswerLost,
    /// The answer never arrives, and the call takes effect after a while.
    AnswerLostLate {
        after_micros: i64,
    },
    /// The call never arrives.
    CallLost,
    /// 403 `rateLimitExceeded` with the time after which to come again in its words.
    RateLimited {
        retry_after_secs: u64,
    },
    /// 429: too many calls of this person at once.
    TooManyAtOnce,
    /// A 5xx: 500 and 503 as Gmail's JSON, others as a page of HTML.
    ServerError {
        status: u16,
    },
    /// The answer takes its time, and a place among the calls under way. It is only waited for on a port.
    Slow {
        secs: u64,
    },
    /// The person takes the app's grant back just before the call.
    TokenRevoked,
    /// All access tokens end just before the call.
    TokenExpired,
    /// The token endpoint answers `invalid_grant`, and the refresh token is dead.
    InvalidGrant,
    /// What is asked for is not found, though it is there.
    NotFound,
    /// The history up to now is forgotten just before the call.
    HistoryExpired,
    /// The pushes of this call are delivered before its answer.
    PushBeforeAnswer,
    PushDuplicate,
    PushLate {
        after_micros: i64,
    },
    /// The push is told after the one that follows it.
    PushReordered,
    PushDropped,
}

/// The kind of a fault without its figures, to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultName {
    AnswerLost,
    AnswerLostLate,
    CallLost,
    RateLimited,
    TooManyAtOnce,
    ServerError,
    Slow,
    TokenRevoked,
    TokenExpired,
    InvalidGrant,
    NotFound,
    HistoryExpired,
    PushBeforeAnswer,
    PushDuplicate,
    PushLate,
    PushReordered,
    PushDropped,
}

impl Kind for FaultKind {
    type Name = FaultName;

    fn name(&self) -> FaultName {
        match self {
            FaultKind::AnswerLost => FaultName::AnswerLost,
            FaultKind::AnswerLostLate { .. } => FaultName::AnswerLostLate,
            FaultKind::CallLost => FaultName::CallLost,
            FaultKind::RateLimited { .. } => FaultName::RateLimited,
            FaultKind::TooManyAtOnce => FaultName::TooManyAtOnce,
            FaultKind::ServerError { .. } => FaultName::ServerError,
            FaultKind::Slow { .. } => FaultName::Slow,
            FaultKind::TokenRevoked => FaultName::TokenRevoked,
            FaultKind::TokenExpired => FaultName::TokenExpired,
            FaultKind::InvalidGrant => FaultName::InvalidGrant,
            FaultKind::NotFound => FaultName::NotFound,
            FaultKind::HistoryExpired => FaultName::HistoryExpired,
            FaultKind::PushBeforeAnswer => FaultName::PushBeforeAnswer,
            FaultKind::PushDuplicate => FaultName::PushDuplicate,
            FaultKind::PushLate { .. } => FaultName::PushLate,
            FaultKind::PushReordered => FaultName::PushReordered,
            FaultKind::PushDropped => FaultName::PushDropped,
        }
    }

    fn is_of_news(&self) -> bool {
        self.name().is_of_pushes()
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(out)
    }
}

impl FaultName {
    pub const ALL: [FaultName; 17] = [
        FaultName::AnswerLost,
        FaultName::AnswerLostLate,
        FaultName::CallLost,
        FaultName::RateLimited,
        FaultName::TooManyAtOnce,
        FaultName::ServerError,
        FaultName::Slow,
        FaultName::TokenRevoked,
        FaultName::TokenExpired,
        FaultName::InvalidGrant,
        FaultName::NotFound,
        FaultName::HistoryExpired,
        FaultName::PushBeforeAnswer,
        FaultName::PushDuplicate,
        FaultName::PushLate,
        FaultName::PushReordered,
        FaultName::PushDropped,
    ];

    /// Whether it befalls a push, and not a call.
    pub fn is_of_pushes(self) -> bool {
        match self {
            FaultName::PushDuplicate | FaultName::PushLate | FaultName::PushReordered | FaultName::PushDropped => true,
            FaultName::AnswerLost
            | FaultName::AnswerLostLate
            | FaultName::CallLost
            | FaultName::RateLimited
            | FaultName::TooManyAtOnce
            | FaultName::ServerError
            | FaultName::Slow
            | FaultName::TokenRevoked
            | FaultName::TokenExpired
            | FaultName::InvalidGrant
            | FaultName::NotFound
            | FaultName::HistoryExpired
            | FaultName::PushBeforeAnswer => false,
        }
    }
}

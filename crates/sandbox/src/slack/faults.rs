//! What can go wrong at Slack on demand.

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
    /// 429 with `Retry-After`.
    RateLimited {
        retry_after_secs: u64,
    },
    /// A 5xx with a page of HTML.
    ServerError {
        status: u16,
    },
    /// The answer takes its time. Only on a port.
    Slow {
        secs: u64,
    },
    /// The token is revoked just before the call.
    TokenRevoked,
    /// All tokens end just before the call, where tokens rotate.
    TokenExpired,
    /// The events of this call are delivered before its answer.
    EventBeforeAnswer,
    /// The event is told twice under one id.
    EventDuplicate,
    /// The event is told twice under two ids.
    EventDuplicateNewId,
    EventLate {
        after_micros: i64,
    },
    /// The event is told after the one that follows it.
    EventReordered,
    EventDropped,
}

/// The kind of a fault without its figures, to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultName {
    AnswerLost,
    AnswerLostLate,
    CallLost,
    RateLimited,
    ServerError,
    Slow,
    TokenRevoked,
    TokenExpired,
    EventBeforeAnswer,
    EventDuplicate,
    EventDuplicateNewId,
    EventLate,
    EventReordered,
    EventDropped,
}

impl Kind for FaultKind {
    type Name = FaultName;

    fn name(&self) -> FaultName {
        match self {
            FaultKind::AnswerLost => FaultName::AnswerLost,
            FaultKind::AnswerLostLate { .. } => FaultName::AnswerLostLate,
            FaultKind::CallLost => FaultName::CallLost,
            FaultKind::RateLimited { .. } => FaultName::RateLimited,
            FaultKind::ServerError { .. } => FaultName::ServerError,
            FaultKind::Slow { .. } => FaultName::Slow,
            FaultKind::TokenRevoked => FaultName::TokenRevoked,
            FaultKind::TokenExpired => FaultName::TokenExpired,
            FaultKind::EventBeforeAnswer => FaultName::EventBeforeAnswer,
            FaultKind::EventDuplicate => FaultName::EventDuplicate,
            FaultKind::EventDuplicateNewId => FaultName::EventDuplicateNewId,
            FaultKind::EventLate { .. } => FaultName::EventLate,
            FaultKind::EventReordered => FaultName::EventReordered,
            FaultKind::EventDropped => FaultName::EventDropped,
        }
    }

    fn is_of_news(&self) -> bool {
        self.name().is_of_events()
    }
}

impl FaultName {
    pub const ALL: [FaultName; 14] = [
        FaultName::AnswerLost,
        FaultName::AnswerLostLate,
        FaultName::CallLost,
        FaultName::RateLimited,
        FaultName::ServerError,
        FaultName::Slow,
        FaultName::TokenRevoked,
        FaultName::TokenExpired,
        FaultName::EventBeforeAnswer,
        FaultName::EventDuplicate,
        FaultName::EventDuplicateNewId,
        FaultName::EventLate,
        FaultName::EventReordered,
        FaultName::EventDropped,
    ];

    /// Whether it befalls an event, and not a call.
    pub fn is_of_events(self) -> bool {
        match self {
            FaultName::EventDuplicate
            | FaultName::EventDuplicateNewId
            | FaultName::EventLate
            | FaultName::EventReordered
            | FaultName::EventDropped => true,
            FaultName::AnswerLost
            | FaultName::AnswerLostLate
            | FaultName::CallLost
            | FaultName::RateLimited
            | FaultName::ServerError
            | FaultName::Slow
            | FaultName::TokenRevoked
            | FaultName::TokenExpired
            | FaultName::EventBeforeAnswer => false,
        }
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(out)
    }
}

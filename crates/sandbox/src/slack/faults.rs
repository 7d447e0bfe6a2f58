//! What goes wrong on demand, and how often it did.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// An order that something goes wrong, for the next calls or events that it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The Web API method or the type of event it concerns; `None` is any.
    #[serde(default)]
    pub method: Option<String>,
    #[serde(flatten)]
    pub kind: FaultKind,
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

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

impl FaultKind {
    pub fn name(&self) -> FaultName {
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

/// The faults that wait for their turn, and the count of those that had it.
#[derive(Debug, Default)]
pub struct FaultBook {
    pub waiting: Vec<Fault>,
    pub fired: BTreeMap<FaultName, u64>,
}

impl FaultBook {
    pub fn take_call(&mut self, method: &str) -> Option<FaultKind> {
        self.take(method, false)
    }

    pub fn take_event(&mut self, kind: &str) -> Option<FaultKind> {
        self.take(kind, true)
    }

    pub fn count(&mut self, kind: &FaultKind) {
        *self.fired.entry(kind.name()).or_default() += 1;
    }

    fn take(&mut self, what: &str, of_events: bool) -> Option<FaultKind> {
        let index = self.waiting.iter().position(|fault| {
            fault.kind.name().is_of_events() == of_events
                && fault.times > 0
                && fault.method.as_deref().is_none_or(|method| method == what)
        })?;
        let fault = &mut self.waiting[index];
        fault.times -= 1;
        let kind = fault.kind.clone();
        if fault.times == 0 {
            self.waiting.remove(index);
        }
        self.count(&kind);
        Some(kind)
    }
}

//! Why the engine did not do what it was asked, sorted by what the caller does next.

use model::{connector::ConnectorError, message::Problem, retry, store::StoreError};
use std::time::Duration;

/// Why the engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such thing, or it is another customer's.
    #[error("not found")]
    NotFound,
    /// Understood and declined; asking again will not help.
    #[error("{}", .0.detail)]
    Refused(Problem),
    /// A file is larger than this.
    #[error("the file is larger than {0} bytes")]
    FileTooLarge(u64),
    /// It contradicts what was asked before with the same key.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// Ask again later.
    #[error("busy, try again in {0:?}")]
    Busy(Duration),
    /// So much waits already that no more is taken. Nothing was lost; ask again when some of it is done.
    #[error("{0}")]
    Full(Backlogged),
    /// Only a person can bring the login back.
    #[error("the login was revoked or has expired; connect again")]
    LoginLost,
    /// The platform did not answer, or not understandably.
    #[error("the platform did not answer as expected")]
    Platform(#[source] ConnectorError),
    /// The store could not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Backlogged {
    /// The commands of one customer.
    #[error("Too much of this customer waits to be sent. Send more when some of it is done.")]
    Outbox,
    /// What platforms told and nobody read yet.
    #[error("Too much waits to be read here. Tell it again later.")]
    Intake,
}

impl From<ConnectorError> for EngineError {
    fn from(error: ConnectorError) -> Self {
        match error {
            ConnectorError::Busy { after } => Self::Busy(after),
            ConnectorError::LoginLost { .. } => Self::LoginLost,
            // It is refreshed before the next call.
            ConnectorError::TokenExpired { .. } => Self::Busy(retry::FIRST_WAIT),
            ConnectorError::Refused(problem) => Self::Refused(problem),
            ConnectorError::CursorLost | ConnectorError::Unknown(_) | ConnectorError::Unreadable(_) => {
                Self::Platform(error)
            }
        }
    }
}

impl EngineError {
    /// A refusal with its reason.
    pub(crate) fn refused(code: &str, detail: impl Into<String>) -> Self {
        Self::Refused(Problem { code: code.to_owned(), detail: detail.into() })
    }
}

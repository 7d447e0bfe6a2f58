//! Why a call was refused, as problem details (RFC 9457). Only here are HTTP statuses known.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::{Backlogged, EngineError};
use model::store::StoreError;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// How long a caller waits who came at a bad moment.
const COME_BACK_AFTER: Duration = Duration::from_secs(2);
/// The same where work that takes its time has to be done first.
const WHEN_FULL: Duration = Duration::from_secs(30);

/// What was wrong with a call.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemDetails {
    /// Names the kind of problem; the same as `code`, as a URI.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what can be done.
    pub detail: Option<String>,
    /// Stable, for programs.
    pub code: String,
}

/// Why a call was refused.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Nobody is known by what was shown.
    #[error("Sign in, or show a valid API key or customer token.")]
    Unauthorized,
    /// The caller may not do this, whoever they speak for.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A session's unsafe call came without the header that other sites cannot set.
    #[error("A call from the page must bear the header Bothways-Page: 1.")]
    PageHeaderMissing,
    /// An API key speaks for many customers; one must be named.
    #[error("Name the customer in the header Bothways-Customer.")]
    CustomerMissing,
    /// There is no such thing, or it is another customer's.
    #[error("There is no such thing here.")]
    NotFound,
    /// There is no such route.
    #[error("There is nothing at this address.")]
    NoRoute,
    /// The route has other methods.
    #[error("This address does not take this method.")]
    WrongMethod,
    /// The request is not of the right form.
    #[error("{detail}")]
    Malformed {
        /// Stable.
        code: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The body is JSON of another shape.
    #[error("{0}")]
    WrongShape(String),
    /// The body is of another media type.
    #[error("The body must be JSON, with Content-Type: application/json.")]
    WrongContentType,
    /// The body is too large.
    #[error("The body is larger than {0} bytes.")]
    TooLarge(u64),
    /// The feed no longer reaches back so far.
    #[error("The feed no longer reaches back so far. Read the lists, then follow from their as_of_seq.")]
    Forgotten,
    /// All seats are taken.
    #[error("{0}")]
    TooMany(&'static str),
    /// The server has enough to do.
    #[error("The server is busy. Try again soon.")]
    Overloaded,
    /// It took too long; whether it happened is not known.
    #[error("This took too long. Repeat it with the same Idempotency-Key.")]
    TimedOut,
    /// The platform's app is not configured whole.
    #[error("This integration lacks the secret to check webhooks with.")]
    NotConfigured,
    /// A fault of the program.
    #[error("Something went wrong here; the server's log says more.")]
    Broken,
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Engine(EngineError::Store(error))
    }
}

impl ApiError {
    /// A request that is not of the right form.
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Malformed { code, detail: detail.into() }
    }

    /// A cursor that no page of this list gave.
    pub fn bad_cursor() -> Self {
        Self::malformed("bad_cursor", "This cursor is not from this list. Begin without one.")
    }

    fn sorted(&self) -> (StatusCode, &str, Option<Duration>) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", None),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", None),
            Self::PageHeaderMissing => (StatusCode::FORBIDDEN, "page_header_missing", None),
            Self::CustomerMissing => (StatusCode::BAD_REQUEST, "customer_missing", None),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", None),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no_such_route", None),
            Self::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, "wrong_method", None),
            Self::Malformed { code, .. } => (StatusCode::BAD_REQUEST, code, None),
            Self::WrongShape(_) => (StatusCode::UNPROCESSABLE_ENTITY, "wrong_shape", None),
            Self::WrongContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", None),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", None),
            Self::Forgotten => (StatusCode::GONE, "forgotten", None),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many", Some(COME_BACK_AFTER)),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", Some(COME_BACK_AFTER)),
            Self::TimedOut => (StatusCode::SERVICE_UNAVAILABLE, "timed_out", Some(COME_BACK_AFTER)),
            Self::NotConfigured => (StatusCode::SERVICE_UNAVAILABLE, "not_configured", Some(COME_BACK_AFTER)),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "internal", None),
            Self::Engine(error) => sorted(error),
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Engine(EngineError::Refused(_)) => "Refused",
            Self::Engine(EngineError::LoginLost) => "The login is lost",
            Self::Engine(EngineError::Platform(_)) => "The platform did not answer",
            _ => self.sorted().0.canonical_reason().unwrap_or("Problem"),
        }
    }

    /// The words for the caller. A fault of ours is told to the log, not to them.
    fn detail(&self) -> String {
        match self {
            Self::Engine(EngineError::NotFound) => Self::NotFound.to_string(),
            Self::Engine(EngineError::Store(_)) if self.sorted().2.is_some() => {
                "The store cannot take this now. Try again soon.".to_owned()
            }
            Self::Engine(EngineError::Store(_)) => Self::Broken.to_string(),
            other => other.to_string(),
        }
    }
}

fn sorted(error: &EngineError) -> (StatusCode, &str, Option<Duration>) {
    match error {
        EngineError::NotFound => (StatusCode::NOT_FOUND, "not_found", None),
        EngineError::Refused(problem) => (StatusCode::UNPROCESSABLE_ENTITY, &problem.code, None),
        EngineError::FileTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", None),
        EngineError::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "key_reused", None),
        EngineError::Busy(after) => (StatusCode::SERVICE_UNAVAILABLE, "platform_busy", Some(*after)),
        EngineError::Full(Backlogged::Outbox) => (StatusCode::TOO_MANY_REQUESTS, "outbox_full", Some(WHEN_FULL)),
        EngineError::Full(Backlogged::Intake) => (StatusCode::SERVICE_UNAVAILABLE, "intake_full", Some(WHEN_FULL)),
        EngineError::LoginLost => (StatusCode::CONFLICT, "login_lost", None),
        EngineError::Platform(_) => (StatusCode::BAD_GATEWAY, "platform_failed", None),
        EngineError::Store(StoreError::Stale | StoreError::Unavailable(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "store_busy", Some(COME_BACK_AFTER))
        }
        EngineError::Store(StoreError::Broken(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "store_broken", None),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, after) = self.sorted();
        if status.is_server_error() {
            let cause = std::error::Error::source(&self).map(ToString::to_string);
            tracing::warn!(code, cause, "A call failed: {self}");
        }
        let body = ProblemDetails {
            kind: format!("urn:bothways:problem:{code}"),
            title: self.title().to_owned(),
            status: status.as_u16(),
            detail: Some(self.detail()),
            code: code.to_owned(),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

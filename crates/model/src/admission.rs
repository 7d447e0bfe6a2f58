//! Whether a request is a platform's, and what becomes of it.

use crate::{connector::Settings, id::ExternalAccount, time::Timestamp};
use bytes::Bytes;

/// What to do with a platform's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Take it in, then answer.
    Keep,
    /// Answer this, and keep nothing (a handshake).
    Answer {
        /// The media type of the answer.
        content_type: &'static str,
        /// The answer.
        body: Bytes,
    },
    /// There is something new in this account's line, and no more than that is said. Have it read soon, then
    /// answer.
    Hint(ExternalAccount),
    /// It cannot be judged by the keys that are known. Fetch them anew, and ask again.
    NeedsKeys,
    /// It is not from the platform, or not meant for us.
    Refuse(Refusal),
}

/// Why a platform's request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The integration lacks the secret to check it with.
    #[error("this integration has no signing secret")]
    NotConfigured,
    /// No signature, a wrong one, or one that is too old.
    #[error("the signature is missing, wrong or too old")]
    Untrusted,
    /// Signed, but not of a form that the platform sends.
    #[error("the body is not what this platform sends")]
    Unreadable,
    /// Signed, but of another media type.
    #[error("the content type is not what this platform sends")]
    WrongType,
}

/// What proves that a request is the platform's.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// The integration's secrets.
    pub settings: &'a Settings,
    /// The time by now.
    pub now: Timestamp,
    /// The keys that the platform publishes, as they were last fetched.
    pub keys: Option<&'a [u8]>,
}

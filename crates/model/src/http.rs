//! The one way in which a connector calls out: a call whose bodies are held whole, or a transfer, whose
//! bodies are passed on piece by piece.

use crate::{limits::Quota, time::Timestamp};
use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes.
    Post,
}

/// A request to a platform.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where. The host must be one of those that the connector lists.
    pub url: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// It must not leave after this time, and its answer is not waited for any longer.
    pub deadline: Timestamp,
    /// What it counts against, the widest first. Where the platform refuses, the last is taken to be full.
    pub quotas: Vec<Quota>,
}

/// Without headers and body, which hold tokens and people's messages.
impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Request").field("method", &self.method).field("url", &self.url).finish_non_exhaustive()
    }
}

/// A platform's answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, whole. Longer ones than the limit are an error.
    pub body: Bytes,
}

impl Response {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

/// Without body and headers, which hold tokens and people's messages.
impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request never left, so nothing happened.
    #[error("the platform could not be reached: {0}")]
    NotSent(String),
    /// It did not leave, so nothing happened: the platform's limits have no room for it yet.
    #[error("the platform's limits leave no room for {after:?}")]
    NoRoom {
        /// How long until there should be some.
        after: Duration,
    },
    /// It broke off on the way, so it may or may not have happened.
    #[error("the call broke off: {0}")]
    Broken(String),
    /// The address is not one that this connector may call.
    #[error("{0} is not a host of this platform")]
    Forbidden(String),
}

/// Bytes that did not come to their end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes broke off: {0}")]
pub struct BrokenOff(pub String);

/// Bytes that come piece by piece, so that nobody holds a file whole. Each piece has a bound.
#[async_trait]
pub trait Chunks: Send {
    /// The next piece; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff>;
}

/// Where a transfer may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To a host that the connector lists.
    Platform,
    /// To wherever a platform led us, in the open internet. It must bear no token.
    Anywhere,
}

/// What is sent in a transfer.
pub struct Outgoing {
    /// How many bytes there are, exactly.
    pub size_bytes: u64,
    /// The bytes.
    pub chunks: Box<dyn Chunks>,
}

/// A request whose body or whose answer may be long.
pub struct Transfer {
    /// How.
    pub method: Method,
    /// Where.
    pub url: String,
    /// Which hosts it may go to.
    pub reach: Reach,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What is sent; none for an empty body.
    pub body: Option<Outgoing>,
    /// It must not leave after this time, and its answer must have begun by then.
    pub deadline: Timestamp,
    /// The longest answer that is passed on.
    pub most_bytes: u64,
    /// What it counts against, as that of a request does. Empty where the platform does not count it.
    pub quotas: Vec<Quota>,
}

/// The answer to a transfer, once it has begun.
pub struct Incoming {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What comes. It breaks off when nothing comes for too long.
    pub chunks: Box<dyn Chunks>,
}

impl Incoming {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

/// Calls out. Never retries and never follows a redirect by itself.
#[async_trait]
pub trait Http: Send + Sync {
    /// Makes one call.
    async fn send(&self, request: Request) -> Result<Response, HttpError>;
    /// Makes one call whose bodies are passed on piece by piece.
    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError>;
}

//! The other way in which a platform tells its news: through a socket that we open, frame by frame.
//!
//! A socket needs no public address. What comes through one needs no signature either: we opened it, at the
//! platform, with the app's own token.

use crate::{http::HttpError, intake::RawRequest, message::Problem, time::Timestamp, world::Secret};
use async_trait::async_trait;
use bytes::Bytes;

/// Where a socket is opened. The address holds a ticket, so it is shown to nobody who merely prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketAddress(pub Secret);

/// What a frame means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The socket stands: from now on it brings news.
    Welcome,
    /// News, to be kept like a request that was verified.
    News {
        /// The same as the platform would have sent to our public address.
        request: RawRequest,
        /// What says that they are kept. Without it, or while it is not sent, they come again. None where the
        /// frame bears no name to answer to.
        acknowledgement: Option<Bytes>,
    },
    /// Nothing for us.
    Nothing {
        /// What the platform waits for all the same.
        acknowledgement: Option<Bytes>,
    },
    /// The socket will be closed soon: open the next one first.
    Closing,
    /// The app has as many sockets as the platform allows, so this one brings nothing.
    Crowded,
    /// No socket brings anything until a person acts.
    Stop(Problem),
}

/// Why a socket brings nothing any more. Another one can be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SocketError {
    /// The platform closed it.
    #[error("the platform closed the socket")]
    Closed,
    /// Nothing came for so long that there must be nobody at the other end.
    #[error("the socket was silent for too long")]
    Silent,
    /// It broke off.
    #[error("the socket broke off: {0}")]
    Broken(String),
}

/// An open socket. It answers signs of life by itself, and ends by silence where none come.
#[async_trait]
pub trait Socket: Send {
    /// The next frame. Whoever stops waiting for it loses none.
    async fn next(&mut self) -> Result<Bytes, SocketError>;
    /// Sends a frame.
    async fn send(&mut self, frame: Bytes) -> Result<(), SocketError>;
    /// Says goodbye, and waits no longer than it must.
    async fn close(&mut self);
}

/// Opens sockets, to the hosts of its platform alone. Never retries.
#[async_trait]
pub trait Sockets: Send + Sync {
    /// Opens one before the deadline.
    async fn open(&self, address: &SocketAddress, deadline: Timestamp) -> Result<Box<dyn Socket>, HttpError>;
}

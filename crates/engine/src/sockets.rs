//! News that come through sockets: what a frame brings is kept, and only then acknowledged.
//!
//! Knows no platform, no clock and no runtime: the server says when to open a socket and waits for its frames.
//! What came through a socket that we opened needs no signature. No request over HTTP gets here: what those say
//! is judged by `admit`, and the two share nothing but the keeping.

use crate::{CALL_TIMEOUT, Engine, EngineError, Offered};
use bytes::Bytes;
use model::{
    connector::ConnectorError,
    http::HttpError,
    id::Integration,
    limits::Purpose,
    message::Problem,
    sockets::{Frame, Socket, SocketError, Sockets},
    time::Timestamp,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The sockets that an integration tells its news through, and whether any is open.
pub struct Ears {
    sockets: Arc<dyn Sockets>,
    hearing: Mutex<Hearing>,
}

#[derive(Default)]
struct Hearing {
    open: usize,
    /// When one was open, as last looked; before any was, the first look.
    heard_at: Option<Timestamp>,
    /// None was open for as long as an outage takes.
    away: bool,
    /// Why none is opened until a person acts.
    stopped: Option<Problem>,
}

/// What a look at the ears found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Heard {
    /// News arrive.
    Well,
    /// None arrive.
    Nothing,
    /// None have arrived for so long, just now, that they must be asked for.
    NothingForLong,
}

impl Ears {
    /// Ears that open sockets this way.
    pub fn new(sockets: Arc<dyn Sockets>) -> Self {
        Self { sockets, hearing: Mutex::default() }
    }

    fn hearing(&self) -> MutexGuard<'_, Hearing> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sockets are open.
    pub fn open(&self) -> usize {
        self.hearing().open
    }

    /// Why no socket is opened, where only a person can help.
    pub fn stopped(&self) -> Option<Problem> {
        self.hearing().stopped.clone()
    }

    /// No socket was open for as long as an outage takes.
    pub(crate) fn are_away(&self) -> bool {
        self.hearing().away
    }

    /// Only a person can help. False if that is known already.
    fn stop(&self, problem: &Problem) -> bool {
        let mut hearing = self.hearing();
        if hearing.stopped.as_ref() == Some(problem) {
            return false;
        }
        hearing.stopped = Some(problem.clone());
        true
    }

    fn welcome(&self) {
        let mut hearing = self.hearing();
        hearing.open += 1;
        (hearing.away, hearing.stopped) = (false, None);
    }

    fn lose(&self) {
        let mut hearing = self.hearing();
        hearing.open = hearing.open.saturating_sub(1);
    }

    fn look(&self, now: Timestamp, outage: Duration) -> Heard {
        let mut hearing = self.hearing();
        if hearing.open > 0 {
            hearing.heard_at = Some(now);
            return Heard::Well;
        }
        let since = *hearing.heard_at.get_or_insert(now);
        if hearing.away || now.since(since) <= outage {
            return Heard::Nothing;
        }
        hearing.away = true;
        Heard::NothingForLong
    }
}

/// An open socket. It counts as one from the platform's greeting until it is dropped.
pub struct Ear {
    socket: Box<dyn Socket>,
    ears: Arc<Ears>,
    welcomed: bool,
}

impl Ear {
    /// The next frame. Whoever stops waiting for it loses none.
    pub async fn next(&mut self) -> Result<Bytes, SocketError> {
        self.socket.next().await
    }

    /// Says goodbye.
    pub async fn close(&mut self) {
        self.socket.close().await;
    }

    /// Whether the platform has greeted.
    pub fn is_welcomed(&self) -> bool {
        self.welcomed
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        if self.welcomed {
            self.ears.lose();
        }
    }
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The platform greets: news come from now on.
    Welcomed,
    /// It is on disk, and the platform was told so.
    Kept,
    /// It is on disk, and the platform cannot be told: the socket broke off, and it comes again.
    Unacknowledged,
    /// It was nothing for us.
    Ignored,
    /// The socket ends soon: open the next one first.
    Closing,
    /// There are too many sockets of this app.
    Crowded,
    /// No socket brings anything until a person acts.
    Stopped,
}

impl Engine {
    /// Opens a socket of an integration. `Refused` is noted: only a person can help. Anything else may go
    /// better later.
    pub async fn open_socket(&self, integration: &Integration) -> Result<Ear, EngineError> {
        let offered = self.offered(integration)?;
        let ears = offered.ears.as_ref().ok_or(EngineError::NotFound)?;
        let opened = self.open_ear(offered, integration, ears).await;
        if let Err(EngineError::Refused(problem)) = &opened {
            self.stop_listening(integration, ears, problem);
        }
        opened
    }

    async fn open_ear(
        &self,
        offered: &Offered,
        integration: &Integration,
        ears: &Arc<Ears>,
    ) -> Result<Ear, EngineError> {
        let deadline = self.now() + CALL_TIMEOUT;
        let wire = self.wire_for(offered, integration, None, Purpose::Asked);
        let address = offered.connector.socket(&self.threshold(offered, &wire)).await?;
        let socket = ears.sockets.open(&address, deadline).await.map_err(|error| match error {
            HttpError::Forbidden(host) => EngineError::refused(
                "socket_forbidden",
                format!("{host} is no host of this platform, so no socket is opened there. Check base_url."),
            ),
            error @ (HttpError::NotSent(_) | HttpError::NoRoom { .. } | HttpError::Broken(_)) => {
                EngineError::Platform(ConnectorError::Unknown(error))
            }
        })?;
        Ok(Ear { socket, ears: Arc::clone(ears), welcomed: false })
    }

    /// Takes in one frame. What it brings is on disk before it is acknowledged; where it cannot be kept, it is
    /// not acknowledged, and the platform brings it again.
    pub async fn take_frame(
        &self,
        integration: &Integration,
        ear: &mut Ear,
        frame: Bytes,
    ) -> Result<Taken, EngineError> {
        let offered = self.offered(integration)?;
        Ok(match offered.connector.frame(&frame, self.now()) {
            Frame::Welcome => {
                if !std::mem::replace(&mut ear.welcomed, true) {
                    ear.ears.welcome();
                }
                Taken::Welcomed
            }
            Frame::News { request, acknowledgement } => {
                self.keep(integration, None, request).await?;
                answered(ear, acknowledgement).await.map_or(Taken::Unacknowledged, |()| Taken::Kept)
            }
            Frame::Nothing { acknowledgement } => {
                answered(ear, acknowledgement).await.map_or(Taken::Unacknowledged, |()| Taken::Ignored)
            }
            Frame::Closing => Taken::Closing,
            Frame::Crowded => Taken::Crowded,
            Frame::Stop(problem) => {
                self.stop_listening(integration, &ear.ears, &problem);
                Taken::Stopped
            }
        })
    }

    fn stop_listening(&self, integration: &Integration, ears: &Ears, problem: &Problem) {
        if ears.stop(problem) {
            tracing::error!(code = problem.code, "No socket of {integration} brings news: {}", problem.detail);
        }
    }

    /// Whether news arrive through all sockets that there should be.
    pub(crate) fn listen(&self) -> Heard {
        let (now, outage) = (self.now(), self.parts.pace.outage);
        let ears = self.parts.integrations.values().filter_map(|offered| offered.ears.as_ref());
        ears.map(|ears| ears.look(now, outage)).max().unwrap_or(Heard::Well)
    }
}

/// An error means that the socket broke off, which whoever waits for its next frame is told.
async fn answered(ear: &mut Ear, acknowledgement: Option<Bytes>) -> Option<()> {
    match acknowledgement {
        Some(acknowledgement) => ear.socket.send(acknowledgement).await.ok(),
        None => Some(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use model::sockets::SocketAddress;

    struct NoSockets;

    #[async_trait]
    impl Sockets for NoSockets {
        async fn open(&self, _: &SocketAddress, _: Timestamp) -> Result<Box<dyn Socket>, HttpError> {
            Err(HttpError::NotSent("there are none".to_owned()))
        }
    }

    #[test]
    fn a_long_silence_is_found_once_and_ends_with_a_greeting() {
        let (outage, at) = (Duration::from_secs(300), |second: i64| Timestamp::from_millis(second * 1000));
        let ears = Ears::new(Arc::new(NoSockets));
        let look = |second| ears.look(at(second), outage);
        assert_eq!([look(1), look(300), look(301)], [Heard::Nothing; 3], "it has only begun");
        assert!(!ears.are_away());
        assert_eq!([look(302), look(303)], [Heard::NothingForLong, Heard::Nothing]);
        assert!(ears.are_away());
        ears.welcome();
        ears.welcome();
        assert_eq!((look(304), ears.are_away(), ears.open()), (Heard::Well, false, 2));
        ears.lose();
        assert_eq!(look(900), Heard::Well, "one is left");
        ears.lose();
        assert_eq!([look(1_000), look(1_200), look(1_201)], [Heard::Nothing, Heard::Nothing, Heard::NothingForLong]);
    }

    #[test]
    fn a_reason_to_stop_is_told_once_and_forgotten_when_a_socket_stands() {
        let ears = Ears::new(Arc::new(NoSockets));
        let problem = Problem { code: "off".to_owned(), detail: "Switch it on.".to_owned() };
        assert_eq!([ears.stop(&problem), ears.stop(&problem)], [true, false]);
        assert_eq!(ears.stopped(), Some(problem));
        ears.welcome();
        assert_eq!(ears.stopped(), None);
    }
}

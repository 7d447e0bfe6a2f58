//! Holds sockets of platforms open, as many as are wanted, until the server stops.
//!
//! Says when to open one, and waits for frames; what they mean and what is kept is the engine's.

use crate::{metrics::Metrics, serve::Server, world::SystemRandom};
use engine::{Ear, Engine, EngineError, Taken};
use model::{id::Integration, retry, time::Timestamp, world::Random};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// The most sockets that may be held of one app.
pub const MOST: u64 = 10;
/// The longest rest at a time, so that a clock which jumps is noticed.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// No wait after a failure is longer.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);
/// How long a socket waits for room where the app has too many: a platform notices those of a server that died.
const CROWDED_REST: Duration = Duration::from_secs(60);
/// How often it is looked whether somebody mended what only a person can.
const STOPPED_REST: Duration = Duration::from_secs(60 * 60);
/// How long a socket that is about to end may bring what it has, beside the next one.
const LINGERS_FOR: Duration = Duration::from_secs(30);

/// Starts to hold the sockets of all integrations that tell their news so. They end once `stop` says so.
pub fn start(server: &Server, running: &mut JoinSet<()>) {
    for (integration, offered) in server.engine.integrations() {
        if offered.ears.is_none() {
            continue;
        }
        for number in 0..server.config.limits.sockets_per_app {
            let seat = Seat {
                engine: server.engine.clone(),
                metrics: Arc::clone(&server.metrics),
                integration: integration.clone(),
                number,
                stop: server.stop.clone(),
            };
            running.spawn(seat.keep());
        }
    }
}

/// One socket after the other.
#[derive(Clone)]
struct Seat {
    engine: Engine,
    metrics: Arc<Metrics>,
    integration: Integration,
    number: u64,
    stop: watch::Receiver<bool>,
}

/// Why a socket is held no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The server stops.
    Stopping,
    /// It ends soon, and may still bring something.
    Closing,
    /// It brings nothing any more.
    Gone,
    /// There are too many.
    Crowded,
    /// Only a person can help.
    Stopped,
}

impl Seat {
    async fn keep(self) {
        // A task of its own, so that a panic ends neither the seat nor the server.
        while let Err(error) = tokio::spawn(self.clone().run()).await {
            tracing::error!(%error, "A socket of {} failed in a way that nobody foresaw", self.integration);
            self.rest(LONGEST_BACK_OFF).await;
        }
    }

    async fn run(self) {
        let (mut failures, mut lingering) = (0, JoinSet::new());
        while !*self.stop.borrow() {
            while lingering.try_join_next().is_some() {}
            let mut stop = self.stop.clone();
            let opened = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                opened = self.engine.open_socket(&self.integration) => opened,
            };
            let rest = match opened {
                Ok(mut ear) => {
                    let ended = self.listen(&mut ear, true).await;
                    failures = if ear.is_welcomed() { 0 } else { failures + 1 };
                    if ended == Ended::Closing {
                        lingering.spawn(self.clone().linger(ear));
                        continue;
                    }
                    ear.close().await;
                    match ended {
                        Ended::Stopping | Ended::Closing => continue,
                        Ended::Gone => back_off(failures.max(1)),
                        Ended::Crowded => CROWDED_REST,
                        Ended::Stopped => STOPPED_REST,
                    }
                }
                Err(EngineError::Refused(_)) => STOPPED_REST,
                Err(EngineError::Busy(after)) => after.max(back_off(1)),
                Err(error) => {
                    failures += 1;
                    let error = anyhow::Error::from(error);
                    tracing::warn!(failures, "No socket of {} could be opened: {error:#}", self.integration);
                    back_off(failures)
                }
            };
            self.rest(rest).await;
        }
        while lingering.join_next().await.is_some() {}
    }

    /// Takes what a socket brings, for as long as it does, or to the first sign of its end.
    async fn listen(&self, ear: &mut Ear, leaves_at_warning: bool) -> Ended {
        let mut stop = self.stop.clone();
        loop {
            let came = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ended::Stopping,
                came = ear.next() => came,
            };
            let frame = match came {
                Ok(frame) => frame,
                Err(error) => {
                    tracing::info!("Socket {} of {} ended: {error}", self.number, self.integration);
                    return Ended::Gone;
                }
            };
            // No stop breaks in here: a frame that is in hand is kept and acknowledged.
            let taken = self.engine.take_frame(&self.integration, ear, frame).await;
            self.metrics.framed(&self.integration.0, outcome(&taken));
            match taken {
                Ok(Taken::Welcomed) => {
                    tracing::info!("Socket {} of {} is open", self.number, self.integration);
                }
                Ok(Taken::Kept | Taken::Ignored) => {}
                Ok(Taken::Unacknowledged) => return Ended::Gone,
                Ok(Taken::Closing) if leaves_at_warning => return Ended::Closing,
                Ok(Taken::Closing) => {}
                Ok(Taken::Crowded) => {
                    tracing::warn!("{} has as many sockets of this app as it allows", self.integration);
                    return Ended::Crowded;
                }
                Ok(Taken::Stopped) => return Ended::Stopped,
                // It was not acknowledged, so it comes again.
                Err(error) => tracing::warn!("News of {} could not be kept: {error}", self.integration),
            }
        }
    }

    /// Takes the last frames of a socket that is about to end.
    async fn linger(self, mut ear: Ear) {
        // What it did not bring in time comes again, through another one.
        let _ = timeout(LINGERS_FOR, self.listen(&mut ear, false)).await;
        ear.close().await;
    }

    async fn rest(&self, span: Duration) {
        let (mut stop, until) = (self.stop.clone(), self.engine.now() + span);
        loop {
            let left = until.since(self.engine.now());
            if left.is_zero() || *stop.borrow() {
                return;
            }
            tokio::select! {
                () = sleep(left.min(LONGEST_REST)) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }
}

fn back_off(failures: u32) -> Duration {
    let mut chance = [0];
    SystemRandom.fill(&mut chance);
    let now = Timestamp::default();
    retry::next_try(now, failures, chance[0]).since(now).min(LONGEST_BACK_OFF)
}

fn outcome(taken: &Result<Taken, EngineError>) -> &'static str {
    match taken {
        Ok(Taken::Welcomed) => "greeting",
        Ok(Taken::Kept) => "kept",
        Ok(Taken::Unacknowledged) => "unacknowledged",
        Ok(Taken::Ignored) => "ignored",
        Ok(Taken::Closing | Taken::Crowded | Taken::Stopped) => "goodbye",
        Err(EngineError::Full(_)) => "full",
        Err(_) => "failed",
    }
}

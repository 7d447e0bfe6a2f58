//! Runs an emulated Slack on a port: answers calls, brings events to the app, loses connections.
//!
//! The only place that waits, spawns, or knows an HTTP client.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Slack;
use super::delivery::{Delivery, Outcome, Reason};
use super::sockets::Goodbye;
use crate::answers::{AfterEvents, AnswerLost, Slow};
use crate::port::{Line, Port};

/// How long the app may take to acknowledge an event.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(3);
const REDIRECTS_MAX: usize = 2;
/// How many events are on their way at once.
const DELIVERIES_AT_ONCE: usize = 16;
/// The longest rest of the deliverer, so that a clock which jumps is noticed.
const REST_AT_MOST: Duration = Duration::from_secs(1);
/// How long an answer waits for the events that are to overtake it.
const EVENTS_FIRST_WITHIN: Duration = Duration::from_secs(3);
/// The longest body of an acknowledgement that is looked at, for URL checks.
const ANSWER_MAX_BYTES: usize = 4096;

/// Serves until `shutdown` is done. Events that are on their way then are finished first.
pub async fn run(
    slack: Slack,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = slack.router().layer(from_fn_with_state(slack.clone(), misbehave));
    let service = router.into_make_service_with_connect_info::<Line>();
    let stop = Arc::new(tokio::sync::Notify::new());
    let deliverer = tokio::spawn(deliver(slack.clone(), Arc::clone(&stop)));
    let served = axum::serve(Port(listener), service).with_graceful_shutdown(shutdown).await;
    slack.end_sockets(Goodbye::RefreshRequested);
    stop.notify_one();
    deliverer.await.map_err(io::Error::other)?;
    served
}

async fn deliver(slack: Slack, stop: Arc<tokio::sync::Notify>) {
    // Another part of the program may have chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redirects = reqwest::redirect::Policy::limited(REDIRECTS_MAX);
    let client = match reqwest::Client::builder().timeout(ACKNOWLEDGE_WITHIN).redirect(redirects).build() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "The sandbox cannot deliver events"),
    };
    let room = Arc::new(Semaphore::new(DELIVERIES_AT_ONCE));
    let mut sending = JoinSet::new();
    loop {
        for delivery in slack.take_due() {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let (slack, client) = (slack.clone(), client.clone());
            sending.spawn(async move {
                let outcome = send(&slack, &client, &delivery).await;
                slack.delivered(&delivery, outcome);
                drop(permit);
            });
        }
        while sending.try_join_next().is_some() {}
        let rest = slack.next_due_micros().map_or(REST_AT_MOST, |due| {
            let micros = u64::try_from(due - slack.now_micros()).unwrap_or(0);
            Duration::from_micros(micros).min(REST_AT_MOST)
        });
        tokio::select! {
            () = stop.notified() => break,
            () = slack.inner.queued.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
    while sending.join_next().await.is_some() {}
}

async fn send(slack: &Slack, client: &reqwest::Client, delivery: &Delivery) -> Outcome {
    let mut request = client.post(&delivery.url).body(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => return Outcome::Failed(Reason::HttpTimeout),
        Err(error) if error.is_redirect() => return Outcome::Failed(Reason::TooManyRedirects),
        Err(error) if error.is_connect() => return Outcome::Failed(Reason::ConnectionFailed),
        Err(_) => return Outcome::Failed(Reason::UnknownError),
    };
    let no_retry = response.headers().get("x-slack-no-retry").is_some_and(|value| value == "1");
    if !response.status().is_success() {
        return if no_retry { Outcome::NoRetry } else { Outcome::Failed(Reason::HttpError) };
    }
    if delivery.body.windows(18).any(|part| part == br#""url_verification""#) {
        let mut answer = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            answer.extend_from_slice(&chunk);
            if answer.len() > ANSWER_MAX_BYTES {
                break;
            }
        }
        slack.url_verification_answered(delivery, &answer);
    }
    Outcome::Acked
}

/// Carries out what a response is only marked with: slow, after its events, or never.
async fn misbehave(
    axum::extract::State(slack): axum::extract::State<Slack>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if let Some(Slow(secs)) = response.extensions().get::<Slow>() {
        tokio::time::sleep(Duration::from_secs(*secs)).await;
    }
    if let Some(AfterEvents(ids)) = response.extensions().get::<AfterEvents>() {
        let told = slack.told(ids);
        // The app may be waiting for this very answer before it takes events, so there is an end.
        let _ = tokio::time::timeout(EVENTS_FIRST_WITHIN, told).await;
    }
    if response.extensions().get::<AnswerLost>().is_some() {
        line.break_off();
    }
    response
}

impl Slack {
    /// Waits until each of these events was tried at least once.
    async fn told(&self, ids: &[u64]) {
        loop {
            let settled = self.inner.settled.notified();
            let untold = {
                let state = self.lock();
                ids.iter().any(|id| state.world.pending.get(id).is_some_and(|event| event.attempt == 0))
            };
            if !untold {
                return;
            }
            settled.await;
        }
    }
}

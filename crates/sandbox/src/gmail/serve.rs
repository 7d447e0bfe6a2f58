//! Runs an emulated Gmail on a port: answers calls, pushes notices to the app, loses connections.
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

use super::Gmail;
use super::push::{Delivery, Outcome};
use crate::answers::{AfterEvents, AnswerLost, Slow};
use crate::port::{Line, Port};

/// How long the app may take to acknowledge a push.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(10);
/// How many pushes are on their way at once.
const DELIVERIES_AT_ONCE: usize = 16;
/// The longest rest of the deliverer, so that a clock which jumps is noticed.
const REST_AT_MOST: Duration = Duration::from_secs(1);
/// How long an answer waits for the pushes that are to overtake it.
const PUSHES_FIRST_WITHIN: Duration = Duration::from_secs(3);

/// Serves until `shutdown` is done. Pushes that are on their way then are finished first.
pub async fn run(
    gmail: Gmail,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = gmail.router().layer(from_fn_with_state(gmail.clone(), misbehave));
    let service = router.into_make_service_with_connect_info::<Line>();
    let stop = Arc::new(tokio::sync::Notify::new());
    let deliverer = tokio::spawn(deliver(gmail, Arc::clone(&stop)));
    let served = axum::serve(Port(listener), service).with_graceful_shutdown(shutdown).await;
    stop.notify_one();
    deliverer.await.map_err(io::Error::other)?;
    served
}

async fn deliver(gmail: Gmail, stop: Arc<tokio::sync::Notify>) {
    // Another part of the program may have chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redirects = reqwest::redirect::Policy::none();
    let client = match reqwest::Client::builder().timeout(ACKNOWLEDGE_WITHIN).redirect(redirects).build() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "The sandbox cannot push notices"),
    };
    let room = Arc::new(Semaphore::new(DELIVERIES_AT_ONCE));
    let mut sending = JoinSet::new();
    loop {
        for delivery in gmail.take_due() {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let (gmail, client) = (gmail.clone(), client.clone());
            sending.spawn(async move {
                let outcome = send(&client, &delivery).await;
                gmail.delivered(&delivery, outcome);
                drop(permit);
            });
        }
        while sending.try_join_next().is_some() {}
        let rest = gmail.next_due_micros().map_or(REST_AT_MOST, |due| {
            let micros = u64::try_from(due - gmail.now_micros()).unwrap_or(0);
            Duration::from_micros(micros).min(REST_AT_MOST)
        });
        tokio::select! {
            () = stop.notified() => break,
            () = gmail.inner.queued.notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
    while sending.join_next().await.is_some() {}
}

async fn send(client: &reqwest::Client, delivery: &Delivery) -> Outcome {
    let mut request = client.post(&delivery.url).body(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(response) => Outcome::of_status(response.status().as_u16()),
        Err(_) => Outcome::Failed,
    }
}

/// Carries out what a response is only marked with: slow, after its pushes, or never.
async fn misbehave(
    axum::extract::State(gmail): axum::extract::State<Gmail>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if let Some(Slow(secs)) = response.extensions().get::<Slow>() {
        tokio::time::sleep(Duration::from_secs(*secs)).await;
    }
    if let Some(AfterEvents(ids)) = response.extensions().get::<AfterEvents>() {
        let told = gmail.told(ids);
        // The app may be waiting for this very answer before it takes pushes, so there is an end.
        let _ = tokio::time::timeout(PUSHES_FIRST_WITHIN, told).await;
    }
    if response.extensions().get::<AnswerLost>().is_some() {
        line.break_off();
    }
    response
}

impl Gmail {
    /// Waits until each of these pushes was tried at least once. What is to be pulled is not waited for.
    async fn told(&self, ids: &[u64]) {
        loop {
            let settled = self.inner.settled.notified();
            let untold = {
                let state = self.lock();
                let is_pushed =
                    |name: &str| state.world.subscriptions.get(name).is_some_and(|one| one.push_endpoint.is_some());
                let waits = |id: &u64| {
                    let parcel = state.world.parcels.get(id);
                    parcel.is_some_and(|parcel| parcel.attempt == 0 && is_pushed(&parcel.subscription))
                };
                ids.iter().any(waits)
            };
            if !untold {
                return;
            }
            settled.await;
        }
    }
}

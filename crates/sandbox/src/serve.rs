//! Runs an emulator on a port: answers calls, brings news to the app, loses connections.
//!
//! The only place that waits or spawns. What is one platform's own stands in its folder's `serve`.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::answers::{AfterEvents, AnswerLost, Slow};
use crate::port::{Line, Port};

/// How much news is on its way at once.
const DELIVERIES_AT_ONCE: usize = 16;
/// The longest rest of the deliverer, so that a clock which jumps is noticed.
const REST_AT_MOST: Duration = Duration::from_secs(1);
/// How long an answer waits for the news that is to overtake it.
const NEWS_FIRST_WITHIN: Duration = Duration::from_secs(3);

/// An emulated platform, as far as it can be put on a port. All clones are the same world.
pub trait Emulator: Clone + Send + Sync + 'static {
    /// News on its way to the app.
    type Delivery: Send + 'static;

    /// Everything over HTTP.
    fn router(&self) -> Router;

    /// How the platform calls the app.
    fn caller() -> reqwest::ClientBuilder;

    fn now_micros(&self) -> i64;

    /// News whose time has come.
    fn take_due(&self) -> Vec<Self::Delivery>;

    /// When the next news is due.
    fn next_due_micros(&self) -> Option<i64>;

    /// Brings news to the app, and keeps how that went.
    fn deliver(&self, client: &reqwest::Client, delivery: Self::Delivery) -> impl Future<Output = ()> + Send;

    /// Woken when something was queued.
    fn queued(&self) -> &Notify;

    /// Woken when something was delivered.
    fn settled(&self) -> &Notify;

    /// Whether some of this news was never tried.
    fn is_untold(&self, ids: &[u64]) -> bool;

    /// No more calls are taken.
    fn close(&self) {}
}

/// Serves until `shutdown` is done. News that is on its way then is finished first.
pub async fn run<E: Emulator>(
    emulator: E,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = emulator.router().layer(from_fn_with_state(emulator.clone(), misbehave::<E>));
    let service = router.into_make_service_with_connect_info::<Line>();
    let stop = Arc::new(Notify::new());
    let deliverer = tokio::spawn(deliver(emulator.clone(), Arc::clone(&stop)));
    let served = axum::serve(Port(listener), service).with_graceful_shutdown(shutdown).await;
    emulator.close();
    stop.notify_one();
    deliverer.await.map_err(io::Error::other)?;
    served
}

async fn deliver<E: Emulator>(emulator: E, stop: Arc<Notify>) {
    // Another part of the program may have chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = match E::caller().build() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "The sandbox cannot bring news"),
    };
    let room = Arc::new(Semaphore::new(DELIVERIES_AT_ONCE));
    let mut sending = JoinSet::new();
    loop {
        for delivery in emulator.take_due() {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            let (emulator, client) = (emulator.clone(), client.clone());
            sending.spawn(async move {
                emulator.deliver(&client, delivery).await;
                drop(permit);
            });
        }
        while sending.try_join_next().is_some() {}
        let rest = emulator.next_due_micros().map_or(REST_AT_MOST, |due| {
            let micros = u64::try_from(due - emulator.now_micros()).unwrap_or(0);
            Duration::from_micros(micros).min(REST_AT_MOST)
        });
        tokio::select! {
            () = stop.notified() => break,
            () = emulator.queued().notified() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
    while sending.join_next().await.is_some() {}
}

/// Carries out what a response is only marked with: slow, after its news, or never.
async fn misbehave<E: Emulator>(
    State(emulator): State<E>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if let Some(Slow(secs)) = response.extensions().get::<Slow>() {
        tokio::time::sleep(Duration::from_secs(*secs)).await;
    }
    if let Some(AfterEvents(ids)) = response.extensions().get::<AfterEvents>() {
        // The app may be waiting for this very answer before it takes news, so there is an end.
        let _ = tokio::time::timeout(NEWS_FIRST_WITHIN, told(&emulator, ids)).await;
    }
    if response.extensions().get::<AnswerLost>().is_some() {
        line.break_off();
    }
    response
}

/// Waits until all of this news was tried at least once.
async fn told(emulator: &impl Emulator, ids: &[u64]) {
    loop {
        let settled = emulator.settled().notified();
        if !emulator.is_untold(ids) {
            return;
        }
        settled.await;
    }
}

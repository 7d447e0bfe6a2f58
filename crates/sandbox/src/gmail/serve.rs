//! Gmail on a port: how it pushes notices to the app.

use std::time::Duration;

use axum::Router;
use reqwest::{Client, ClientBuilder, redirect};
use tokio::sync::Notify;

use super::Gmail;
use super::push::{Delivery, Outcome};
use crate::serve::Emulator;

/// How long the app may take to acknowledge a push.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(10);

impl Emulator for Gmail {
    type Delivery = Delivery;

    fn router(&self) -> Router {
        Gmail::router(self)
    }

    fn caller() -> ClientBuilder {
        Client::builder().timeout(ACKNOWLEDGE_WITHIN).redirect(redirect::Policy::none())
    }

    fn now_micros(&self) -> i64 {
        Gmail::now_micros(self)
    }

    fn take_due(&self) -> Vec<Delivery> {
        Gmail::take_due(self)
    }

    fn next_due_micros(&self) -> Option<i64> {
        Gmail::next_due_micros(self)
    }

    async fn deliver(&self, client: &Client, delivery: Delivery) {
        let outcome = send(client, &delivery).await;
        self.delivered(&delivery, outcome);
    }

    fn queued(&self) -> &Notify {
        &self.inner.queued
    }

    fn settled(&self) -> &Notify {
        &self.inner.settled
    }

    /// What is to be pulled is not waited for.
    fn is_untold(&self, ids: &[u64]) -> bool {
        let state = self.lock();
        let is_pushed = |name: &str| state.world.subscriptions.get(name).is_some_and(|one| one.push_endpoint.is_some());
        let waits = |id: &u64| {
            let parcel = state.world.parcels.get(id);
            parcel.is_some_and(|parcel| parcel.attempt == 0 && is_pushed(&parcel.subscription))
        };
        ids.iter().any(waits)
    }
}

async fn send(client: &Client, delivery: &Delivery) -> Outcome {
    let mut request = client.post(&delivery.url).body(delivery.body.clone());
    for (name, value) in &delivery.headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(response) => Outcome::of_status(response.status().as_u16()),
        Err(_) => Outcome::Failed,
    }
}

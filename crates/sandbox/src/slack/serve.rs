//! Slack on a port: how it brings events to the app.

use std::time::Duration;

use axum::Router;
use reqwest::{Client, ClientBuilder, redirect};
use tokio::sync::Notify;

use super::Slack;
use super::delivery::{Delivery, Outcome, Reason};
use super::sockets::Goodbye;
use crate::serve::Emulator;

/// How long the app may take to acknowledge an event.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(3);
const REDIRECTS_MAX: usize = 2;
/// The longest body of an acknowledgement that is looked at, for URL checks.
const ANSWER_MAX_BYTES: usize = 4096;

impl Emulator for Slack {
    type Delivery = Delivery;

    fn router(&self) -> Router {
        Slack::router(self)
    }

    fn caller() -> ClientBuilder {
        Client::builder().timeout(ACKNOWLEDGE_WITHIN).redirect(redirect::Policy::limited(REDIRECTS_MAX))
    }

    fn now_micros(&self) -> i64 {
        Slack::now_micros(self)
    }

    fn take_due(&self) -> Vec<Delivery> {
        Slack::take_due(self)
    }

    fn next_due_micros(&self) -> Option<i64> {
        Slack::next_due_micros(self)
    }

    async fn deliver(&self, client: &Client, delivery: Delivery) {
        let outcome = send(self, client, &delivery).await;
        self.delivered(&delivery, outcome);
    }

    fn queued(&self) -> &Notify {
        &self.inner.queued
    }

    fn settled(&self) -> &Notify {
        &self.inner.settled
    }

    fn is_untold(&self, ids: &[u64]) -> bool {
        let state = self.lock();
        ids.iter().any(|id| state.world.pending.get(id).is_some_and(|event| event.attempt == 0))
    }

    fn close(&self) {
        self.end_sockets(Goodbye::RefreshRequested);
    }
}

async fn send(slack: &Slack, client: &Client, delivery: &Delivery) -> Outcome {
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

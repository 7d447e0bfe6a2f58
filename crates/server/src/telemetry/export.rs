//! Brings spans to the collector, in the background. Holds up nobody: what finds no room is left out.

use super::{Telemetry, otlp, tree::Shown};
use anyhow::Context;
use reqwest::{Client, header, redirect::Policy};
use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// How many spans wait at most.
const MOST_WAITING: usize = 16_384;
/// How many spans go with one call.
const BATCH: usize = 512;
/// How long spans wait for others to go with.
const EXPORT_EVERY: Duration = Duration::from_secs(1);
/// How long the collector has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The way to the collector.
pub struct Exporter {
    client: Client,
    url: String,
    authorization: Option<header::HeaderValue>,
    service_name: String,
    waiting: Mutex<Waiting>,
    bell: Notify,
}

#[derive(Default)]
struct Waiting {
    spans: Vec<Shown>,
    left_out: usize,
}

impl Exporter {
    pub fn new(telemetry: &Telemetry, url: String) -> anyhow::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).timeout(ANSWER_WITHIN).build()?;
        let authorization = telemetry.authorization.as_ref().map(|secret| {
            let value = header::HeaderValue::from_str(&secret.0).context("telemetry.authorization is no header.");
            value.map(|mut value| {
                value.set_sensitive(true);
                value
            })
        });
        let authorization = authorization.transpose()?;
        let (waiting, bell) = (Mutex::default(), Notify::new());
        Ok(Self { client, url, authorization, service_name: telemetry.service_name.clone(), waiting, bell })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes spans, if there is room.
    pub fn put(&self, spans: Vec<Shown>) {
        let mut waiting = self.waiting();
        if waiting.spans.len() + spans.len() > MOST_WAITING {
            waiting.left_out += spans.len();
            return;
        }
        waiting.spans.extend(spans);
        if waiting.spans.len() >= BATCH {
            self.bell.notify_one();
        }
    }

    /// Exports until the server stops, and then what is left.
    pub async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let mut is_well = true;
        loop {
            let last = *stopped.borrow();
            let Waiting { spans, left_out } = mem::take(&mut *self.waiting());
            if left_out > 0 {
                tracing::warn!(left_out, "{left_out} spans were left out of traces: more came than could be exported");
            }
            for batch in spans.chunks(BATCH) {
                is_well = match self.post(batch).await {
                    Ok(()) => true,
                    Err(why) => {
                        if is_well {
                            tracing::warn!("Traces are lost, since the collector {why}. This is told once");
                        }
                        false
                    }
                };
                if !is_well {
                    break; // The rest would go the same way, and take as long.
                }
            }
            if last {
                return;
            }
            tokio::select! {
                () = self.bell.notified() => {}
                () = tokio::time::sleep(EXPORT_EVERY) => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
        }
    }

    async fn post(&self, spans: &[Shown]) -> Result<(), String> {
        let resource = [("service.name", self.service_name.as_str()), ("service.version", env!("CARGO_PKG_VERSION"))];
        let body = otlp::request(&resource, spans).to_string();
        let mut call = self.client.post(&self.url).header(header::CONTENT_TYPE, "application/json").body(body);
        if let Some(authorization) = &self.authorization {
            call = call.header(header::AUTHORIZATION, authorization.clone());
        }
        match call.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("answered {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err("does not answer in time".to_owned()),
            Err(_) => Err("is not reached".to_owned()),
        }
    }
}

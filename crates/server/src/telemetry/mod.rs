//! Traces for an OpenTelemetry collector: one for each message, and one for each request of a platform.
//!
//! A trace's id *is* the id of its message or request, so turns that are minutes, servers and crashes apart
//! meet in it. Without `telemetry.otlp_endpoint` nothing here runs. What leaves are ids, names of steps and
//! times, never words or tokens: only spans of `engine::FLOW` are looked at.

mod export;
mod layer;
mod otlp;
mod tree;

use crate::bounds::number;
use export::Exporter;
use layer::Follow;
use model::world::Secret;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    registry::LookupSpan,
};

/// How long a stop waits for what was not exported yet.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);

/// Where traces go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// The collector's address for OTLP over HTTP, without `/v1/traces`. Without it, nothing is traced.
    pub otlp_endpoint: Option<String>,
    /// What the collector wants as `Authorization`.
    #[serde(skip_serializing)]
    pub authorization: Option<Secret>,
    /// What this installation is called there.
    pub service_name: String,
    /// How many of a hundred messages are traced, each wholly or not at all.
    #[serde(deserialize_with = "number")]
    pub sample_percent: u64,
}

impl Default for Telemetry {
    fn default() -> Self {
        let service_name = "bothways".to_owned();
        Self { otlp_endpoint: None, authorization: None, service_name, sample_percent: 100 }
    }
}

impl Telemetry {
    /// Where traces are posted to.
    pub fn traces_url(&self) -> Option<String> {
        self.otlp_endpoint.as_ref().map(|endpoint| format!("{}/v1/traces", endpoint.trim_end_matches('/')))
    }
}

/// The export of traces, while it runs.
pub struct Exporting {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Exporting {
    /// Sends what is left. What takes too long is lost; no message is.
    pub async fn close(self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(FLUSH_WITHIN, self.running).await.is_err() {
            tracing::warn!("The last traces could not be exported within {FLUSH_WITHIN:?}");
        }
    }
}

/// What listens to the spans, and what brings them to the collector. None where no collector is named.
pub fn start<S: Subscriber + for<'a> LookupSpan<'a>>(
    telemetry: &Telemetry,
) -> anyhow::Result<Option<(impl Layer<S> + use<S>, Exporting)>> {
    let Some(url) = telemetry.traces_url() else { return Ok(None) };
    let (stop, stopped) = watch::channel(false);
    let exporter = Arc::new(Exporter::new(telemetry, url)?);
    let running = tokio::spawn(Arc::clone(&exporter).run(stopped));
    let layer = Follow::new(exporter, telemetry.sample_percent);
    let layer = layer.with_filter(Targets::new().with_target(engine::FLOW, LevelFilter::DEBUG));
    Ok(Some((layer, Exporting { stop, running })))
}

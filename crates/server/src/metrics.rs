//! What is counted, and who may read it (`GET /metrics`).
//!
//! No label names a customer, a chat or anything of a message, and each has a bounded set of values.

use crate::{
    announcer::Wakers,
    api::{auth::bearer, error::ApiError},
    keys,
    proxies::Client,
    serve::Server,
};
use async_trait::async_trait;
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use engine::{Announcer, Errands, FLOW, Loop, Tally};
use model::{
    customer::CustomerId,
    http::{self, Http, HttpError, Incoming, Transfer},
    store::{Committed, Figures},
    sync_status::{SyncKind, SyncState},
};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tracing::{Instrument, debug_span, field::Empty};

/// What waits is counted up to here: more is "much" all the same.
const COUNTED_UP_TO: usize = 10_000;
/// How many methods of platforms are told apart; the rest is `other`.
const MOST_METHODS: usize = 200;
/// Where a share of requests ends, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0];
const OTHER: &str = "other";

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// All that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Counters,
    request_seconds: Histograms,
    intakes: Counters,
    frames: Counters,
    parts: Counters,
    events: Counter,
    commands: Counters,
    runs: Counters,
    calls: Counters,
    call_seconds: Histograms,
    syncs: Counter,
    writes: Counter,
    sync_seconds: Counter<f64, AtomicU64>,
    waiting: Family<Labels, Gauge>,
    sockets: Family<Labels, Gauge>,
    streams: Gauge,
    memory: Gauge,
    methods: Mutex<BTreeSet<String>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histograms = || Histograms::new_with_constructor(|| Histogram::new(SECONDS));
        let mut metrics = Self {
            registry: Registry::with_prefix("bothways"),
            requests: Family::default(),
            request_seconds: histograms(),
            intakes: Family::default(),
            frames: Family::default(),
            parts: Family::default(),
            events: Counter::default(),
            commands: Family::default(),
            runs: Family::default(),
            calls: Family::default(),
            call_seconds: histograms(),
            syncs: Counter::default(),
            writes: Counter::default(),
            sync_seconds: Counter::default(),
            waiting: Family::default(),
            sockets: Family::default(),
            streams: Gauge::default(),
            memory: Gauge::default(),
            methods: Mutex::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let schema = ::store::sqlite::Sqlite::schema_version().to_string();
        let build = vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("schema", schema)];
        let all = &mut self.registry;
        all.register("build", "The program", Info::new(build));
        all.register("http_requests", "Requests, by route and status", self.requests.clone());
        let help = "How long requests took; of a stream, until it began";
        all.register_with_unit("http_request_duration", help, Unit::Seconds, self.request_seconds.clone());
        all.register("intake", "Webhooks of platforms, and news out of sockets, by outcome", self.intakes.clone());
        all.register("socket_frames", "Frames of platforms' sockets, by outcome", self.frames.clone());
        all.register("sockets_open", "Sockets that are open, by platform", self.sockets.clone());
        all.register("parts", "Parts of webhooks, by what became of them", self.parts.clone());
        all.register("events", "Events appended to feeds", self.events.clone());
        all.register("commands", "Steps of commands, by kind and outcome", self.commands.clone());
        all.register("runs", "Runs that ended, by kind and outcome", self.runs.clone());
        all.register("platform_calls", "Calls to platforms, by method and status", self.calls.clone());
        let help = "How long calls to platforms took";
        all.register_with_unit("platform_call_duration", help, Unit::Seconds, self.call_seconds.clone());
        all.register("store_syncs", "Commits that were synced to disk", self.syncs.clone());
        all.register("store_writes", "Writes that shared those commits", self.writes.clone());
        let help = "How long the syncing took altogether";
        all.register_with_unit("store_sync", help, Unit::Seconds, self.sync_seconds.clone());
        all.register("waiting", "What waits, each counted up to 10000", self.waiting.clone());
        all.register("streams_open", "Streams of events that are open", self.streams.clone());
        all.register_with_unit("resident_memory", "Memory of the process", Unit::Bytes, self.memory.clone());
    }

    /// A request was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = match method {
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" => method,
            _ => OTHER,
        };
        let labels = |status: Option<u16>| {
            let mut labels = vec![("method", method.to_owned()), ("route", route.to_owned())];
            labels.extend(status.map(|status| ("status", status.to_string())));
            labels
        };
        self.requests.get_or_create(&labels(Some(status))).inc();
        self.request_seconds.get_or_create(&labels(None)).observe(took.as_secs_f64());
    }

    /// A webhook was kept, answered without being kept, or refused.
    pub fn admitted(&self, platform: &str, outcome: &'static str) {
        self.intakes.get_or_create(&vec![("platform", platform.to_owned()), ("outcome", outcome.to_owned())]).inc();
    }

    /// A frame came out of a socket.
    pub fn framed(&self, platform: &str, outcome: &'static str) {
        self.frames.get_or_create(&vec![("platform", platform.to_owned()), ("outcome", outcome.to_owned())]).inc();
        if matches!(outcome, "kept" | "unacknowledged") {
            self.admitted(platform, "kept");
        }
    }

    fn counted(&self, tally: &Tally) {
        self.events.inc_by(tally.events);
        let parts = [
            ("queued", tally.parts_queued),
            ("read", tally.parts_read),
            ("put_off", tally.parts_put_off),
            ("parked", tally.parts_parked),
        ];
        for (outcome, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            self.parts.get_or_create(&vec![("outcome", outcome.to_owned())]).inc_by(count);
        }
        for ((errand, step), count) in &tally.commands {
            let labels = vec![("kind", errand_name(*errand).to_owned()), ("outcome", step.name().to_owned())];
            self.commands.get_or_create(&labels).inc_by(*count);
        }
        for (kind, state) in &tally.runs {
            let labels = vec![("kind", kind_name(*kind)), ("outcome", state_name(*state))];
            self.runs.get_or_create(&labels).inc();
        }
    }

    fn called(&self, platform: &str, method: String, outcome: String, took: Duration) {
        let labels = vec![("platform", platform.to_owned()), ("method", method), ("status", outcome)];
        self.calls.get_or_create(&labels).inc();
        self.call_seconds.get_or_create(&vec![("platform", platform.to_owned())]).observe(took.as_secs_f64());
    }

    /// The method of a platform that an address names: `/api/chat.postMessage`. What is not of that form may
    /// hold an id or a secret, and is not shown.
    fn method(&self, url: &str) -> String {
        let named = url.split(['?', '#']).next().and_then(|url| url.rsplit_once("/api/")).map(|(_, method)| method);
        let plain = |method: &&str| {
            (1..=64).contains(&method.len())
                && method.bytes().all(|letter| letter.is_ascii_alphabetic() || letter == b'.')
        };
        let Some(method) = named.filter(|method| method.contains('.')).filter(plain) else { return OTHER.to_owned() };
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if methods.contains(method) || methods.len() < MOST_METHODS {
            methods.insert(method.to_owned());
            return method.to_owned();
        }
        OTHER.to_owned()
    }

    fn take_figures(&self, figures: Figures) {
        self.syncs.inner().store(figures.syncs, Ordering::Relaxed);
        self.writes.inner().store(figures.writes, Ordering::Relaxed);
        let seconds = Duration::from_micros(figures.sync_micros).as_secs_f64();
        self.sync_seconds.inner().store(seconds.to_bits(), Ordering::Relaxed);
    }
}

fn errand_name(errand: Errands) -> &'static str {
    match errand {
        Errands::Send => "send",
        Errands::Edit => "edit",
        Errands::Delete => "delete",
        Errands::React => "react",
    }
}

/// A unit variant as the API writes it.
fn kind_name(kind: SyncKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn state_name(state: SyncState) -> String {
    serde_json::to_value(state).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Counts commits, and wakes those who wait.
pub struct Counting {
    /// Who wakes.
    pub wakers: Arc<Wakers>,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

impl Announcer for Counting {
    fn committed(&self, customer: &CustomerId, committed: &Committed) {
        self.wakers.committed(customer, committed);
    }

    fn work(&self, loops: &BTreeSet<Loop>) {
        self.wakers.work(loops);
    }

    fn counted(&self, tally: &Tally) {
        self.metrics.counted(tally);
    }
}

/// A wire whose calls are counted.
pub struct Measured {
    /// The wire.
    pub wire: Arc<dyn Http>,
    /// To which platform.
    pub platform: &'static str,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

impl Measured {
    /// Counts a call, and shows it to whoever follows a message.
    async fn measure<T>(
        &self,
        url: String,
        call: impl Future<Output = Result<T, HttpError>>,
        status: fn(&T) -> u16,
    ) -> Result<T, HttpError> {
        let (began, method) = (Instant::now(), self.metrics.method(&url));
        let span = debug_span!(
            target: FLOW, "call", kind = "client", platform = self.platform, method, status = Empty, error = Empty
        );
        let answer = call.instrument(span.clone()).await;
        let outcome = outcome(answer.as_ref().map(status));
        span.record("status", &outcome);
        if answer.is_err() {
            span.record("error", &outcome);
        }
        self.metrics.called(self.platform, method, outcome, began.elapsed());
        answer
    }
}

#[async_trait]
impl Http for Measured {
    async fn send(&self, request: http::Request) -> Result<http::Response, HttpError> {
        self.measure(request.url.clone(), self.wire.send(request), |response| response.status).await
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError> {
        self.measure(transfer.url.clone(), self.wire.transfer(transfer), |incoming| incoming.status).await
    }
}

fn outcome(status: Result<u16, &HttpError>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(HttpError::NotSent(_)) => "not_sent".to_owned(),
        Err(HttpError::NoRoom { .. }) => "no_room".to_owned(),
        Err(HttpError::Broken(_)) => "broken".to_owned(),
        Err(HttpError::Forbidden(_)) => "forbidden".to_owned(),
    }
}

/// Shows all that is counted, to whoever may read it.
pub async fn show(
    State(server): State<Server>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !may_read(&server, &client, &headers) {
        return Err(ApiError::Unauthorized);
    }
    let metrics = &server.metrics;
    let store = server.engine.store();
    metrics.take_figures(store.figures());
    let backlog = store.backlog(COUNTED_UP_TO).await?;
    for (what, count) in [
        ("intakes", backlog.intakes),
        ("parts", backlog.parts),
        ("parked", backlog.parked),
        ("commands", backlog.commands),
        ("runs", backlog.runs),
    ] {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        metrics.waiting.get_or_create(&vec![("what", what.to_owned())]).set(count);
    }
    for (integration, offered) in server.engine.integrations() {
        if let Some(ears) = &offered.ears {
            let open = i64::try_from(ears.open()).unwrap_or(i64::MAX);
            metrics.sockets.get_or_create(&vec![("platform", integration.0.clone())]).set(open);
        }
    }
    metrics.streams.set(i64::try_from(server.wakers.seats_taken()).unwrap_or(i64::MAX));
    metrics.memory.set(resident_bytes().unwrap_or(0));
    let mut text = String::new();
    encode(&mut text, &metrics.registry).map_err(|_| ApiError::Broken)?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}

/// Whoever bears the token. Without one, this computer; but where there is a public address, a proxy may
/// stand on this computer, and everybody would come from here.
fn may_read(server: &Server, client: &Client, headers: &HeaderMap) -> bool {
    match &server.config.metrics.token {
        Some(token) => {
            let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
            shown.is_some_and(|shown| keys::same(shown, &token.0))
        }
        None => server.config.public_url.is_none() && client.address.is_some_and(|address| address.is_loopback()),
    }
}

/// What the process holds in memory, where the system says.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<i64>().ok().map(|kib| kib * 1024)
}

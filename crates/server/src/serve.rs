//! Puts the parts together and runs them until somebody stops them.

use crate::{
    announcer::Wakers,
    api,
    config::{BASE_URL, Config},
    connect,
    folder::Folder,
    hooks,
    http::Wire,
    keys::{self, Keys},
    login, loops,
    metrics::{self, Counting, Measured, Metrics},
    page, safety, sockets,
    vault::KeyVault,
    websocket::WebSockets,
    world::SystemRandom,
};
use anyhow::Context;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use engine::{Bounds, Ears, Engine, Offered, Parts};
use model::{
    id::Integration,
    index::Index,
    store::Store,
    world::{Clock, Random},
};
use serde_json::json;
use std::{collections::BTreeMap, net::SocketAddr, ops::Deref, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};

/// What every request needs. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inside>);

/// The inside of a server.
pub struct Inside {
    /// Does the work.
    pub engine: Engine,
    /// What was decided.
    pub config: Config,
    /// Signs and checks.
    pub keys: Keys,
    /// Wakes streams and loops.
    pub wakers: Arc<Wakers>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How browsers and platforms reach this server, without a slash at the end.
    pub base: String,
    /// Becomes true once, when the server stops.
    pub stop: watch::Receiver<bool>,
    /// How many more requests are taken in hand.
    pub room: Semaphore,
    /// How many more files may be on their way at once.
    pub transfers: Arc<Semaphore>,
}

impl Deref for Server {
    type Target = Inside;
    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Server {
    /// Where platforms send a browser back to.
    pub fn redirect_uri(&self) -> String {
        format!("{}/oauth/callback", self.base)
    }

    /// A new secret text.
    pub fn fresh(&self) -> String {
        keys::fresh(&SystemRandom)
    }

    /// A cookie that scripts and other sites do not get. No life ends it.
    pub fn cookie(&self, name: &str, value: &str, path: &str, life: Duration) -> String {
        let secure = if self.base.starts_with("https://") { "; Secure" } else { "" };
        format!("{name}={value}; Path={path}; Max-Age={}; HttpOnly; SameSite=Lax{secure}", life.as_secs())
    }

    /// All routes.
    pub fn router(&self) -> anyhow::Result<Router> {
        let routes = Router::new()
            .merge(api::router())
            .route("/v1/{*rest}", axum::routing::any(api::ask::no_route))
            .route("/connect/{ticket}", get(connect::show).post(connect::leave))
            .route("/oauth/callback", get(connect::come_back))
            .route("/login/{ticket}", get(login::sign_in))
            .route(login::CONTROL_PATH, post(login::control))
            .route("/hooks/{platform}", post(hooks::take))
            .route("/openapi.json", get(api::docs::show_json))
            .route("/docs", get(api::docs::show_page))
            .route("/healthz", get(|| async { "ok" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics::show))
            .method_not_allowed_fallback(api::ask::wrong_method)
            .fallback(get(page::show));
        Ok(safety::guarded(routes, self)?.with_state(self.clone()))
    }
}

/// Whether the store can be read.
async fn ready(State(server): State<Server>) -> Response {
    match server.engine.store().last_position().await {
        Ok(position) => Json(json!({ "ready": true, "position": position })).into_response(),
        Err(error) => {
            tracing::warn!("Not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false }))).into_response()
        }
    }
}

/// What a server is made of.
pub struct Material {
    /// What was decided.
    pub config: Config,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What finds it.
    pub index: Arc<dyn Index>,
    /// What secrets are sealed with.
    pub vault: KeyVault,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A server at work.
pub struct Running {
    /// The server.
    pub server: Server,
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
    listening: JoinHandle<std::io::Result<()>>,
}

/// Starts a server on a port that is open already.
pub fn start(material: Material, listener: TcpListener) -> anyhow::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let Material { config, store, index, vault, clock } = material;
    let (wakers, metrics) = (Arc::new(Wakers::default()), Arc::new(Metrics::default()));
    let keys = Keys::of(&vault);
    let holder = format!("server-{}", &keys::hash(&keys::fresh(&SystemRandom))[..12]);
    let engine = Engine::new(Parts {
        integrations: integrations(&config, &clock, &metrics)?,
        store,
        index,
        random: Arc::new(SystemRandom) as Arc<dyn Random>,
        vault: Arc::new(vault),
        announcer: Arc::new(Counting { wakers: wakers.clone(), metrics: metrics.clone() }),
        files: Arc::new(Folder::open(config.uploads_folder()).context("The folder of uploads cannot be used.")?),
        uploads: config.uploads(),
        retention: config.retention.kept(),
        pace: config.checks.pace(),
        bounds: Bounds {
            intake: usize::try_from(config.limits.intake)?,
            outbox: usize::try_from(config.limits.outbox_per_customer)?,
        },
        clock,
        holder,
    });
    let base = config.public_url.clone().unwrap_or_else(|| local(address));
    let server = Server(Arc::new(Inside {
        room: Semaphore::new(usize::try_from(config.limits.requests_at_once)?.min(Semaphore::MAX_PERMITS)),
        transfers: Arc::new(Semaphore::new(
            usize::try_from(config.limits.transfers_at_once)?.min(Semaphore::MAX_PERMITS),
        )),
        engine,
        keys,
        wakers,
        metrics,
        base,
        stop: stopped.clone(),
        config,
    }));
    let mut loops = loops::start(&server.engine, &server.wakers, &stopped);
    sockets::start(&server, &mut loops);
    let service = server.router()?.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(until(stopped));
    Ok(Running { listening: tokio::spawn(served.into_future()), server, address, stop, loops })
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that whoever could stop us is gone, which is a reason to stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The address of a port on this computer, as a browser here writes it.
pub fn local(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

fn integrations(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<BTreeMap<Integration, Offered>> {
    let mut offered = BTreeMap::new();
    for (platform, connector) in connectors::all() {
        let settings = config.settings(platform);
        let wire = Wire::new(connector.describe().hosts, settings.get(BASE_URL), Arc::clone(clock));
        let pushed = config.checks.is_pushed(config.public_url.is_some(), &settings);
        let wire = Arc::new(wire.with_context(|| format!("integrations.{platform}: the wire cannot be made."))?);
        let ears = connector.has_sockets(&settings).then(|| {
            let (clock, random) = (Arc::clone(clock), Arc::new(SystemRandom));
            let sockets = WebSockets { wire: Arc::clone(&wire), most_bytes: config.limits.body(), clock, random };
            Arc::new(Ears::new(Arc::new(sockets)))
        });
        let http = Arc::new(Measured { wire, platform, metrics: Arc::clone(metrics) });
        offered.insert(Integration::from(platform), Offered { connector, settings, http, pushed, ears });
    }
    Ok(offered)
}

impl Running {
    /// Takes no new work, finishes what is in hand, and ends. What takes too long is found again.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let within = Duration::from_secs(self.server.config.limits.stop_seconds);
        self.stop.send_replace(true);
        let ended = tokio::time::timeout(within, async {
            while self.loops.join_next().await.is_some() {}
            (&mut self.listening).await
        });
        match ended.await {
            Ok(served) => served?.context("The server's port failed."),
            Err(_) => {
                tracing::warn!("What was in hand took longer than {within:?} and is left for the next start");
                self.loops.abort_all();
                self.listening.abort();
                Ok(())
            }
        }
    }

    /// Waits until the port fails, which it does not as long as all is well.
    pub async fn failed(&mut self) -> anyhow::Error {
        match (&mut self.listening).await {
            Ok(Ok(())) => anyhow::anyhow!("The server's port was closed."),
            Ok(Err(error)) => anyhow::Error::new(error).context("The server's port failed."),
            Err(error) => anyhow::Error::new(error).context("The server's port failed."),
        }
    }
}

//! The command line.

use crate::{
    api, backup,
    config::{Config, LogFormat},
    demo, doctor,
    keys::Keys,
    login,
    serve::{self, Material, Running},
    supervisor,
    telemetry::{self, Exporting},
    vault::{Key, KeyVault, keys_in},
    world::{SystemClock, SystemRandom},
};
use ::store::sqlite::{Sqlite, SqliteIndex};
use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use model::world::Clock;
use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::net::TcpListener;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Names the program and the schema of what it keeps.
static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} (schema {})", env!("CARGO_PKG_VERSION"), Sqlite::schema_version()));
/// Where the running server writes how it is reached from this computer.
const ADDRESS_FILE: &str = "server.address";
/// What is searched; it may be deleted while no server runs, and is made anew.
const SEARCH_FILE: &str = "search.db";
const ASK_WITHIN: Duration = Duration::from_secs(10);

#[derive(Parser)]
#[command(name = "bothways", version = VERSION.as_str(), about = "Keeps messages in step, both ways, between an app and the places where its customers talk.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server. It needs nothing but a folder for its data
    Serve(Place),
    /// Run the server with an emulated Slack and an emulated Gmail beside it, in which people write and answer
    Demo(demo::Options),
    /// Run one emulated platform alone
    Sandbox(demo::Alone),
    /// Print the description of the API
    Openapi,
    /// Print a fresh one-time address of the page, while the server runs
    LoginLink(Place),
    /// Look at everything that a server needs, and say what to mend
    Doctor(doctor::Options),
    /// Copy everything but the key into a new file, also while the server runs
    Backup(backup::Options),
    /// Put a backup in the place of what is kept, while the server does not run
    Restore(backup::Return),
}

/// Where the configuration and the data are.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The configuration; `bothways.toml` by itself, if there is one
    #[arg(long, env = "BOTHWAYS_CONFIG")]
    config: Option<PathBuf>,
    /// Where everything is kept; wins over the configuration
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Where to listen, as in 127.0.0.1:8090; wins over the configuration
    #[arg(long)]
    listen: Option<SocketAddr>,
}

/// Runs the program.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // Another part may have chosen already, which is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(place) => serve_alone(&place).await,
            Command::Demo(options) => demo::run(&options).await,
            Command::Sandbox(options) => demo::run_alone(&options).await,
            Command::Openapi => {
                print!("{}", api::docs::json());
                Ok(())
            }
            Command::LoginLink(place) => login_link(&place).await,
            Command::Doctor(options) => doctor::run(&options).await,
            Command::Backup(options) => backup::back_up(&options),
            Command::Restore(options) => backup::restore(&options),
        }
    });
    outcome.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("bothways: {error:#}");
    ExitCode::FAILURE
}

impl Place {
    /// The configuration, with what the command line says on top.
    pub fn load(&self) -> anyhow::Result<Config> {
        // What is not text cannot be meant for us.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut config = Config::load(self.config.as_deref(), variables)?;
        config.data_dir = self.data_dir.clone().unwrap_or(config.data_dir);
        config.listen = self.listen.unwrap_or(config.listen);
        Ok(config)
    }
}

/// Sends the log to the error output, and traces to a collector where one is named.
pub fn start_log(config: &Config) -> anyhow::Result<Option<Exporting>> {
    let filter =
        EnvFilter::try_new(&config.log.level).context("log.level: error, warn, info, debug or trace is wanted")?;
    // At its finest the WebSocket library shows what people write.
    let filter = filter.add_directive("tungstenite=info".parse()?);
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours());
    let log = match config.log.format {
        LogFormat::Text => log.with_filter(filter).boxed(),
        LogFormat::Json => log.json().with_filter(filter).boxed(),
    };
    let (traces, exporting) = telemetry::start(&config.telemetry)?.unzip();
    tracing_subscriber::registry().with(log).with(traces).init();
    Ok(exporting)
}

/// Whether the log may be coloured: only where a person looks at it.
pub fn colours() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}

/// The vault of a configuration. Makes the data folder and the key where there are none.
pub fn vault(config: &Config) -> anyhow::Result<KeyVault> {
    open_vault(config, config.database().exists())
}

/// The vault of a configuration. Where something was sealed before, a missing key is not replaced.
pub fn open_vault(config: &Config, in_use: bool) -> anyhow::Result<KeyVault> {
    make_folder(&config.data_dir).with_context(|| format!("Cannot make {}.", config.data_dir.display()))?;
    let mut keys = match &config.secret_key {
        Some(key) => Key::parse(&key.0).into_iter().collect(),
        None => keys_in(&config.key_file(), in_use, &SystemRandom)?,
    };
    keys.extend(config.old_secret_keys.iter().filter_map(|key| Key::parse(key)));
    let mut keys = keys.into_iter();
    let current = keys.next().context("There is no key to seal secrets with.")?;
    Ok(KeyVault::new(current, keys.collect(), Arc::new(SystemRandom)))
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A server that runs, and whether it has never run before.
pub struct Started {
    /// The server.
    pub running: Running,
    /// Where everything is kept.
    pub store: Arc<Sqlite>,
    /// Nothing was kept here before.
    pub first: bool,
    /// Ends when somebody asks the program to stop. It listens before anybody is told that the server runs.
    asked_to_stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The traces on their way.
    exporting: Option<Exporting>,
}

/// Opens what is kept, and starts the server on a port that is open already.
pub fn start(
    config: Config,
    vault: KeyVault,
    listener: TcpListener,
    exporting: Option<Exporting>,
) -> anyhow::Result<Started> {
    let database = config.database();
    let first = !database.exists();
    let store = Arc::new(Sqlite::open(&database)?);
    let data_dir = config.data_dir.clone();
    let index = Arc::new(SqliteIndex::open(config.data_dir.join(SEARCH_FILE))?);
    let material = Material { config, store: store.clone(), index, vault, clock: Arc::new(SystemClock) };
    let asked_to_stop = Box::pin(asked_to_stop());
    let running = serve::start(material, listener)?;
    let address = serve::local(running.address);
    std::fs::write(data_dir.join(ADDRESS_FILE), &address).context("Cannot write into the data folder.")?;
    tracing::info!(address, "Listening at {address}");
    Ok(Started { running, store, first, asked_to_stop, exporting })
}

/// Opens a port, or says in words why not.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let opened = TcpListener::bind(address).await;
    opened.with_context(|| format!("Cannot listen at {address}; choose another with --listen"))
}

async fn serve_alone(place: &Place) -> anyhow::Result<()> {
    let config = place.load()?;
    let exporting = start_log(&config)?;
    let vault = vault(&config)?;
    let listener = listen(config.listen).await?;
    let started = start(config, vault, listener, exporting)?;
    let (running, first) = (&started.running, started.first);
    if first {
        println!("Open this address to sign in. It is good once, for 15 minutes:");
        println!("  {}", login::link(&running.server).await?);
    } else {
        println!("Bothways runs at {}; “bothways login-link” gives an address to sign in.", running.server.base);
    }
    started.until_stopped(std::future::pending()).await
}

impl Started {
    /// Runs until somebody stops it, or until `other` fails; then finishes what is in hand.
    pub async fn until_stopped(mut self, other: impl Future<Output = anyhow::Error>) -> anyhow::Result<()> {
        supervisor::ready();
        tokio::select! {
            () = self.asked_to_stop => {}
            error = self.running.failed() => return Err(error),
            error = other => return Err(error),
        }
        supervisor::stopping();
        tracing::info!("Stopping; what is in hand is finished first");
        let stopped = self.running.stop().await;
        self.store.close().await;
        if let Some(exporting) = self.exporting {
            exporting.close().await;
        }
        stopped
    }
}

/// Waits for Ctrl-C or the signal of a service manager, from this call on: what comes before the wait counts.
pub fn asked_to_stop() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let asked = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)))
    };
    async move {
        #[cfg(unix)]
        if let Ok((mut terminate, mut interrupt)) = asked {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

async fn login_link(place: &Place) -> anyhow::Result<()> {
    let config = place.load()?;
    let (file, not_running) = (config.data_dir.join(ADDRESS_FILE), "The server does not run; start “bothways serve”.");
    let address = std::fs::read_to_string(&file).context(not_running)?;
    let token = Keys::of(&vault(&config)?).control_token(SystemClock.now());
    let client = reqwest::Client::builder().no_proxy().timeout(ASK_WITHIN).build()?;
    let call = client.post(format!("{}{}", address.trim(), login::CONTROL_PATH)).bearer_auth(token);
    let answer = call.send().await.context(not_running)?;
    if !answer.status().is_success() {
        bail!("The server at {} did not give an address; it may use another data folder.", address.trim());
    }
    let answer: serde_json::Value = serde_json::from_slice(&answer.bytes().await?)?;
    println!("{}", answer["url"].as_str().context("The server's answer was not understood.")?);
    Ok(())
}

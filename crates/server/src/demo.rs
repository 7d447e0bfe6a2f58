//! The emulated Slack: beside the server for `demo`, or alone for `sandbox`.

use crate::{
    cli::{self, Place},
    config::BASE_URL,
    login, serve,
    vault::KeyVault,
};
use anyhow::{Context, anyhow};
use clap::Args;
use model::world::Secret;
use sandbox::{
    clock::SystemClock,
    slack::{App, Config as World, Slack, WorldSize, serve as emulator},
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tracing_subscriber::EnvFilter;

const PORT: u16 = 8091;

/// What can be chosen for `demo`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// The port of the emulated Slack on this computer; the next free one if it is taken
    #[arg(long, default_value_t = PORT)]
    sandbox_port: u16,
}

/// What can be chosen for `sandbox`.
#[derive(Args, Clone, Debug)]
pub struct Alone {
    /// Where to listen
    #[arg(long, default_value_t = SocketAddr::from(([127, 0, 0, 1], PORT)))]
    listen: SocketAddr,
    /// A folder that keeps the world; without it, the world ends with the program
    #[arg(long)]
    journal: Option<PathBuf>,
    /// The world is made of it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the app gets its events, as in <http://127.0.0.1:8090/hooks/slack>
    #[arg(long)]
    events_url: Option<String>,
    /// Bring the app its events through sockets that it opens (Socket Mode)
    #[arg(long, conflicts_with = "events_url")]
    socket_mode: bool,
    /// How many messages each channel has at the start
    #[arg(long)]
    messages: Option<usize>,
    /// How many messages a page of history has at most
    #[arg(long)]
    page: Option<usize>,
    /// Let people write now and then, and answer
    #[arg(long)]
    people: bool,
}

/// An emulated Slack at work.
struct Emulator {
    slack: Slack,
    address: String,
    stop: watch::Sender<bool>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Emulator {
    fn start(mut world: World, listener: TcpListener) -> anyhow::Result<Self> {
        let address = serve::local(listener.local_addr()?);
        world.avatar_base = format!("{address}/avatars/");
        world.files_base = format!("{address}/");
        world.socket_base = address.replacen("http", "ws", 1);
        let slack = Slack::open(world, Arc::new(SystemClock)).context("The sandbox's journal cannot be used")?;
        let (stop, mut stopped) = watch::channel(false);
        let until = async move { drop(stopped.wait_for(|stop| *stop).await) };
        let running = tokio::spawn(emulator::run(slack.clone(), listener, until));
        Ok(Self { slack, address, stop, running })
    }

    async fn failed(running: &mut JoinHandle<std::io::Result<()>>) -> anyhow::Error {
        match running.await {
            Ok(Err(error)) => anyhow::Error::new(error).context("The sandbox's port failed."),
            Ok(Ok(())) | Err(_) => anyhow!("The sandbox ended."),
        }
    }
}

/// The app's credentials at the emulated Slack. They are the same after a restart, and nobody else's.
fn app(vault: &KeyVault, name: &str) -> App {
    let secret = |purpose: &str| hex::encode(&vault.derive(purpose)[..16]);
    App {
        name: name.to_owned(),
        client_secret: secret("demo client secret"),
        signing_secret: secret("demo signing secret"),
        ..App::default()
    }
}

/// Runs the server and an emulated Slack beside it.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let mut config = options.place.load()?;
    let exporting = cli::start_log(&config)?;
    let vault = cli::vault(&config)?;
    let listener = cli::listen(config.listen).await?;
    let beside = SocketAddr::from(([127, 0, 0, 1], options.sandbox_port));
    let beside = match TcpListener::bind(beside).await {
        Ok(listener) => listener,
        Err(_) => cli::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?,
    };
    let app = app(&vault, &config.app_name);
    let credentials = [
        ("client_id", app.client_id.clone()),
        ("client_secret", app.client_secret.clone()),
        ("signing_secret", app.signing_secret.clone()),
        (BASE_URL, serve::local(beside.local_addr()?)),
    ];
    let settings = credentials.map(|(name, value)| (name.to_owned(), Secret(value)));
    config.integrations.insert("slack".to_owned(), settings.into_iter().collect());
    let journal = Some(config.data_dir.join("sandbox"));
    let mut emulator = Emulator::start(World { app, journal, people: true, ..World::default() }, beside)?;
    let started = cli::start(config, vault, listener, exporting)?;
    // The emulator is on this computer, wherever else the server may be reached.
    emulator.slack.set_events_url(Some(format!("{}/hooks/slack", serve::local(started.running.address))));
    let page = login::link(&started.running.server).await?;
    println!("The emulated Slack, where you can act as its people:\n  {}", emulator.address);
    println!("Open this address to use Bothways. It is good once, for 15 minutes:\n  {page}");
    let outcome = started.until_stopped(Emulator::failed(&mut emulator.running)).await;
    emulator.stop.send_replace(true);
    if !emulator.running.is_finished() {
        emulator.running.await??;
    }
    outcome
}

/// Runs an emulated Slack alone.
pub async fn run_alone(options: &Alone) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(std::io::stderr)
        .with_ansi(cli::colours())
        .init();
    let listener = cli::listen(options.listen).await?;
    let size = WorldSize::default();
    let size = WorldSize { messages_per_channel: options.messages.unwrap_or(size.messages_per_channel), ..size };
    let usual = World::default();
    let world = World {
        seed: options.seed,
        history_page_max: options.page.unwrap_or(usual.history_page_max),
        world: size,
        journal: options.journal.clone(),
        people: options.people,
        app: App { events_url: options.events_url.clone(), socket_mode: options.socket_mode, ..App::default() },
        ..usual
    };
    let app = world.app.clone();
    let mut emulator = Emulator::start(world, listener)?;
    println!("To connect a server, put this into its bothways.toml:\n");
    println!("[integrations.slack]");
    println!("client_id = \"{}\"\nclient_secret = \"{}\"", app.client_id, app.client_secret);
    println!("signing_secret = \"{}\"\nbase_url = \"{}\"", app.signing_secret, emulator.address);
    if app.socket_mode {
        println!("app_token = \"{}\"", app.app_token);
    }
    println!();
    println!("The emulated Slack is at {}", emulator.address);
    tokio::select! {
        () = cli::asked_to_stop() => {}
        error = Emulator::failed(&mut emulator.running) => return Err(error),
    }
    emulator.stop.send_replace(true);
    emulator.running.await??;
    Ok(())
}

//! The emulated platforms: beside the server for `demo`, or one alone for `sandbox`.

use crate::{
    cli::{self, Place},
    emulators::{Emulator, pushes_to},
    login, serve,
    vault::KeyVault,
};
use clap::{Args, ValueEnum};
use sandbox::{gmail, slack};
use std::{net::SocketAddr, path::PathBuf};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

const PORT: u16 = 8091;

/// What can be chosen for `demo`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    place: Place,
    /// The port of the emulated Slack on this computer, and the next one of the emulated Gmail; others if they are
    /// taken
    #[arg(long, default_value_t = PORT)]
    sandbox_port: u16,
}

/// A platform that can be emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Platform {
    Slack,
    Gmail,
}

/// What can be chosen for `sandbox`.
#[derive(Args, Clone, Debug)]
pub struct Alone {
    /// Which platform
    #[arg(value_enum, default_value_t = Platform::Slack)]
    platform: Platform,
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
    /// Bring the app its events through sockets that it opens (Slack's Socket Mode)
    #[arg(long, conflicts_with = "events_url")]
    socket_mode: bool,
    /// How many messages each channel of Slack has at the start
    #[arg(long)]
    messages: Option<usize>,
    /// How many messages a page of Slack's history has at most
    #[arg(long)]
    page: Option<usize>,
    /// Let people write now and then, and answer
    #[arg(long)]
    people: bool,
}

/// A secret of the app's at an emulated platform. It is the same after a restart, and nobody else's.
fn secret(vault: &KeyVault, purpose: &str) -> String {
    hex::encode(&vault.derive(purpose)[..16])
}

fn slack_app(vault: &KeyVault, name: &str) -> slack::App {
    slack::App {
        name: name.to_owned(),
        client_secret: secret(vault, "demo client secret"),
        signing_secret: secret(vault, "demo signing secret"),
        ..slack::App::default()
    }
}

fn gmail_app(vault: &KeyVault, name: &str) -> gmail::App {
    gmail::App {
        name: name.to_owned(),
        client_secret: secret(vault, "demo client secret of Gmail"),
        ..gmail::App::default()
    }
}

/// A port of this computer: this one, or any that is free.
async fn port(wanted: u16) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], wanted))).await {
        Ok(listener) => Ok(listener),
        Err(_) => cli::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await,
    }
}

/// Runs the server with an emulated Slack and an emulated Gmail beside it.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let mut config = options.place.load()?;
    let exporting = cli::start_log(&config)?;
    let vault = cli::vault(&config)?;
    let listener = cli::listen(config.listen).await?;
    let first = options.sandbox_port;
    let second = if first == 0 { 0 } else { first.saturating_add(1) };
    let journal = Some(config.data_dir.join("sandbox"));
    let app = slack_app(&vault, &config.app_name);
    let world = slack::Config { app, journal: journal.clone(), people: true, ..slack::Config::default() };
    let (mut chat, slack) = Emulator::slack(world, port(first).await?)?;
    let app = gmail_app(&vault, &config.app_name);
    let world = gmail::Config { app, journal, people: true, quota: gmail::Quota::New, ..gmail::Config::default() };
    let (mut mail, gmail) = Emulator::gmail(world, port(second).await?)?;
    config.integrations.insert("slack".to_owned(), chat.settings.clone());
    config.integrations.insert("gmail".to_owned(), mail.settings.clone());
    let started = cli::start(config, vault, listener, exporting)?;
    // The emulators are on this computer, wherever else the server may be reached.
    let hooks = format!("{}/hooks", serve::local(started.running.address));
    slack.set_events_url(Some(format!("{hooks}/slack")));
    gmail.set_subscription(pushes_to(&format!("{hooks}/gmail")));
    let page = login::link(&started.running.server).await?;
    println!("The emulated Slack, where you can act as its people:\n  {}", chat.address);
    println!("The emulated Gmail, where you can read and write as its people:\n  {}", mail.address);
    println!("Open this address to use Bothways. It is good once, for 15 minutes:\n  {page}");
    let failed = async {
        tokio::select! {
            error = chat.failed() => error,
            error = mail.failed() => error,
        }
    };
    let outcome = started.until_stopped(failed).await;
    chat.stop().await?;
    mail.stop().await?;
    outcome
}

/// Runs one emulated platform alone.
pub async fn run_alone(options: &Alone) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(std::io::stderr)
        .with_ansi(cli::colours())
        .init();
    let listener = cli::listen(options.listen).await?;
    let (name, platform, mut emulator) = match options.platform {
        Platform::Slack => ("Slack", "slack", Emulator::slack(slack_world(options), listener)?.0),
        Platform::Gmail => {
            let (emulator, gmail) = Emulator::gmail(gmail_world(options), listener)?;
            if let Some(url) = &options.events_url {
                gmail.set_subscription(pushes_to(url));
            }
            ("Gmail", "gmail", emulator)
        }
    };
    println!("To connect a server, put this into its bothways.toml:\n\n[integrations.{platform}]");
    for (name, value) in &emulator.settings {
        println!("{name} = \"{}\"", value.0);
    }
    println!("\nThe emulated {name} is at {}", emulator.address);
    tokio::select! {
        () = cli::asked_to_stop() => emulator.stop().await,
        error = emulator.failed() => Err(error),
    }
}

fn slack_world(options: &Alone) -> slack::Config {
    let size = slack::WorldSize::default();
    let size = slack::WorldSize { messages_per_channel: options.messages.unwrap_or(size.messages_per_channel), ..size };
    let usual = slack::Config::default();
    slack::Config {
        seed: options.seed,
        history_page_max: options.page.unwrap_or(usual.history_page_max),
        world: size,
        journal: options.journal.clone(),
        people: options.people,
        app: slack::App {
            events_url: options.events_url.clone(),
            socket_mode: options.socket_mode,
            ..slack::App::default()
        },
        ..usual
    }
}

fn gmail_world(options: &Alone) -> gmail::Config {
    gmail::Config {
        seed: options.seed,
        journal: options.journal.clone(),
        people: options.people,
        quota: gmail::Quota::New,
        ..gmail::Config::default()
    }
}

//! Emulated platforms at work: each on a port of its own, with what a server needs to reach it.

use crate::{config::BASE_URL, serve};
use anyhow::{Context, anyhow};
use model::world::Secret;
use sandbox::{
    clock::SystemClock,
    gmail::{self, Gmail, Subscription},
    slack::{self, Slack},
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// The topic that the emulated Gmail tells its news on, and where it is pushed from.
const TOPIC: &str = "projects/bothways-sandbox/topics/gmail";
const SUBSCRIPTION: &str = "projects/bothways-sandbox/subscriptions/bothways";
/// Whom its pushes are for. A real one is the address that they go to.
const AUDIENCE: &str = "bothways";

/// An integration's settings, as in the configuration.
pub type Settings = BTreeMap<String, Secret>;

fn settings<const MANY: usize>(named: [(&str, &str); MANY]) -> Settings {
    named.map(|(name, value)| (name.to_owned(), Secret(value.to_owned()))).into()
}

/// An emulated platform that runs until it is stopped.
pub struct Emulator {
    /// Where it is.
    pub address: String,
    /// What a server needs to reach it.
    pub settings: Settings,
    stop: watch::Sender<bool>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Emulator {
    /// Runs an emulated Slack.
    pub fn slack(mut world: slack::Config, listener: TcpListener) -> anyhow::Result<(Self, Slack)> {
        let address = serve::local(listener.local_addr()?);
        world.avatar_base = format!("{address}/avatars/");
        world.files_base = format!("{address}/");
        world.socket_base = address.replacen("http", "ws", 1);
        let app = world.app.clone();
        let mut settings = settings([
            ("client_id", &app.client_id),
            ("client_secret", &app.client_secret),
            ("signing_secret", &app.signing_secret),
            (BASE_URL, &address),
        ]);
        if app.socket_mode {
            settings.insert("app_token".to_owned(), Secret(app.app_token));
        }
        let slack = Slack::open(world, Arc::new(SystemClock)).context("The sandbox's journal cannot be used")?;
        let (stop, mut stopped) = watch::channel(false);
        let until = async move { drop(stopped.wait_for(|stop| *stop).await) };
        let running = tokio::spawn(sandbox::serve::run(slack.clone(), listener, until));
        Ok((Self { address, settings, stop, running }, slack))
    }

    /// Runs an emulated Gmail.
    pub fn gmail(mut world: gmail::Config, listener: TcpListener) -> anyhow::Result<(Self, Gmail)> {
        let address = serve::local(listener.local_addr()?);
        world.base.clone_from(&address);
        let app = world.app.clone();
        let pusher = Subscription::pull(SUBSCRIPTION, TOPIC).pusher;
        let settings = settings([
            ("client_id", &app.client_id),
            ("client_secret", &app.client_secret),
            ("pubsub_topic", TOPIC),
            ("pubsub_subscription", SUBSCRIPTION),
            ("pubsub_audience", AUDIENCE),
            ("pubsub_service_account", &pusher),
            (BASE_URL, &address),
        ]);
        let gmail = Gmail::open(world, Arc::new(SystemClock)).context("The sandbox's journal cannot be used")?;
        let (stop, mut stopped) = watch::channel(false);
        let until = async move { drop(stopped.wait_for(|stop| *stop).await) };
        let running = tokio::spawn(sandbox::serve::run(gmail.clone(), listener, until));
        Ok((Self { address, settings, stop, running }, gmail))
    }

    /// Returns when it ends although nobody stopped it.
    pub async fn failed(&mut self) -> anyhow::Error {
        match (&mut self.running).await {
            Ok(Err(error)) => anyhow::Error::new(error).context("The sandbox's port failed."),
            Ok(Ok(())) | Err(_) => anyhow!("The sandbox ended."),
        }
    }

    /// Stops it, and waits for its end.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        if !self.running.is_finished() {
            self.running.await??;
        }
        Ok(())
    }
}

/// The subscription by which an emulated Gmail pushes its news to a server.
pub fn pushes_to(hooks: &str) -> Subscription {
    Subscription { audience: Some(AUDIENCE.to_owned()), ..Subscription::push(SUBSCRIPTION, TOPIC, hooks) }
}

//! A server and an emulated Slack, with customers who are connected.

use crate::program::Program;
use anyhow::{Context, anyhow};
use connectors::slack::{BOT_SCOPES, USER_SCOPES};
use model::{store::Store, world::Secret};
use reqwest::{Client, Method, RequestBuilder};
use sandbox::slack::{App, Config as World, Slack, WorldSize};
use serde_json::{Value, json};
use server::{
    config::Config,
    login,
    serve::{self, Material, Running},
    vault::{Key, KeyVault},
    world::{SystemClock, SystemRandom},
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use store::sqlite::{Sqlite, SqliteIndex};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Whatever takes longer is broken.
const LONGEST_CALL: Duration = Duration::from_secs(60);
/// How long runs may take until all of them ended.
const LONGEST_RUN: Duration = Duration::from_secs(20 * 60);
/// How often it is looked whether they did.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where things are measured.
pub struct Place {
    pub slack: Slack,
    pub base: String,
    pub client: Client,
    pub signing_secret: String,
    at_work: AtWork,
    key: String,
    folder: TempDir,
}

/// The server.
enum AtWork {
    /// In this process.
    Here(Running),
    /// The program, as it is shipped.
    Program(Program),
}

/// A customer who is connected as one person of a workspace.
#[derive(Clone)]
pub struct Customer {
    pub name: String,
    pub connection: String,
    pub workspace: String,
    pub person: String,
    /// A channel that the person is in.
    pub channel: String,
}

/// Workspaces with one channel each, and nothing else to read.
pub fn one_channel_each(workspaces: usize, messages: usize) -> WorldSize {
    WorldSize {
        workspaces,
        people: 8,
        bots: 0,
        public_channels: 1,
        private_channels: 0,
        direct_chats: 0,
        group_chats: 0,
        messages_per_channel: messages,
        threads_per_channel: 0,
        ..WorldSize::default()
    }
}

impl Place {
    /// A place whose server keeps everything in a file, or in what `store` gives.
    pub async fn open(size: WorldSize, store: Option<Arc<dyn Store>>) -> anyhow::Result<Self> {
        Self::open_in(tempfile::tempdir()?, size, store).await
    }

    /// The same, with what a folder holds already.
    pub async fn open_in(folder: TempDir, size: WorldSize, store: Option<Arc<dyn Store>>) -> anyhow::Result<Self> {
        let ours = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", ours.local_addr()?);
        let world = Emulated::start(size, Some(format!("{base}/hooks/slack"))).await?;
        let settings: BTreeMap<_, _> =
            world.settings().map(|(name, value)| (name.to_owned(), Secret(value.to_owned()))).into();
        let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        config.integrations.insert("slack".to_owned(), settings);
        // In its file, so that the program can go on with the folder.
        let key = "5a".repeat(32);
        std::fs::write(config.key_file(), &key)?;
        let key = Key::parse(&key).context("the key is well formed")?;
        let vault = KeyVault::new(key, Vec::new(), Arc::new(SystemRandom));
        let store = match store {
            Some(store) => store,
            None => Arc::new(Sqlite::open(config.database())?),
        };
        let index = Arc::new(SqliteIndex::open(config.data_dir.join("search.db"))?);
        let running = serve::start(Material { config, store, index, vault, clock: Arc::new(SystemClock) }, ours)?;
        let link = login::link(&running.server).await?;
        Self::signed_in(world, base, &link, AtWork::Here(running), folder).await
    }

    /// A place whose server is the program in a process of its own. Nobody tells it what happens at Slack.
    pub async fn open_program(program: &Path, size: WorldSize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let world = Emulated::start(size, None).await?;
        let variable = |(name, value): (&str, &str)| {
            (format!("BOTHWAYS_INTEGRATIONS__SLACK__{}", name.to_uppercase()), value.to_owned())
        };
        let variables: Vec<_> = world.settings().map(variable).into();
        let started = Program::start(program, folder.path(), &variables)?;
        let (base, link) = (started.base.clone(), started.link.clone().context("the first start leads in")?);
        Self::signed_in(world, base, &link, AtWork::Program(started), folder).await
    }

    async fn signed_in(
        world: Emulated,
        base: String,
        link: &str,
        at_work: AtWork,
        folder: TempDir,
    ) -> anyhow::Result<Self> {
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(LONGEST_CALL).build()?;
        let key = api_key(&client, &base, link).await?;
        let (slack, signing_secret) = (world.slack, world.app.signing_secret);
        Ok(Self { slack, base, client, signing_secret, at_work, key, folder })
    }

    /// A call of the API, for the whole app.
    pub fn asking_for_all(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// A call of the API, for one customer.
    pub fn asking(&self, customer: &str, method: Method, path: &str) -> RequestBuilder {
        self.asking_for_all(method, path).header("bothways-customer", customer)
    }

    /// Asks the API for one customer.
    pub async fn ask(&self, customer: &str, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut call = self.asking(customer, method, path);
        if let Some(body) = body {
            call = call.header("content-type", "application/json").body(body.to_string());
        }
        let answer = call.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Connects one customer in every workspace, and waits until their chats are known.
    pub async fn connect_all(&self) -> anyhow::Result<Vec<Customer>> {
        let mut customers = Vec::new();
        let world = self.slack.outline();
        for (place, workspace) in world.workspaces.keys().enumerate() {
            let people = self.slack.users();
            let is_person = |id: &&String| people.iter().any(|user| user.id == **id && user.email.is_some());
            let channels = &world.workspaces[workspace].channels;
            let mut open = channels.values().filter(|channel| !channel.is_archived);
            let found = open.find_map(|one| Some((one, one.members.iter().find(is_person)?)));
            let (channel, person) = found.context("somebody is in a channel")?;
            let names = |scopes: &'static [(&'static str, &'static str)]| {
                scopes.iter().map(|(name, _)| *name).collect::<Vec<_>>()
            };
            let given = self.slack.install(person, &names(BOT_SCOPES), &names(USER_SCOPES));
            let given = given.map_err(|refusal| anyhow!("the emulator refuses: {refusal:?}"))?;
            let pasted = json!({ "bot_token": given.bot_token, "user_token": given.user_token });
            let name = format!("customer-{place}");
            let wish = json!({ "integration": "slack", "pasted": pasted });
            let made = self.ask(&name, Method::POST, "/v1/connections", Some(wish)).await?;
            let connection = made["connection"]["id"].as_str().context("it is connected")?.to_owned();
            let (workspace, person, channel) = (workspace.clone(), person.clone(), channel.id.clone());
            customers.push(Customer { name, connection, workspace, person, channel });
        }
        self.until_all_ended(&customers).await?;
        Ok(customers)
    }

    /// Imports all chats of all customers, and waits for the end of it. How long it took.
    pub async fn import_all(&self, customers: &[Customer]) -> anyhow::Result<Duration> {
        let began = Instant::now();
        for customer in customers {
            let wish = json!({ "connection_id": customer.connection, "all": true });
            self.ask(&customer.name, Method::POST, "/v1/chats/import", Some(wish)).await?;
        }
        self.until_all_ended(customers).await?;
        Ok(began.elapsed())
    }

    async fn until_all_ended(&self, customers: &[Customer]) -> anyhow::Result<()> {
        let began = Instant::now();
        for customer in customers {
            let path = format!("/v1/sync-statuses?connection_id={}&limit=100", customer.connection);
            loop {
                anyhow::ensure!(began.elapsed() < LONGEST_RUN, "the runs did not end within {LONGEST_RUN:?}");
                let runs = self.ask(&customer.name, Method::GET, &path, None).await?;
                let items = runs["items"].as_array().context("runs are listed")?;
                if !items.is_empty() && items.iter().all(|run| run["finished_at"].is_string()) {
                    let failed = items.iter().find(|run| run["state"] != "completed");
                    anyhow::ensure!(failed.is_none(), "a run failed: {failed:?}");
                    break;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Waits until the search finds all that is stored. How long that took.
    pub async fn until_indexed(&self, customers: &[Customer]) -> anyhow::Result<Duration> {
        let began = Instant::now();
        for customer in customers {
            loop {
                let found = self.ask(&customer.name, Method::GET, "/v1/search?q=the", None).await?;
                if found["rebuilding"] == false && found["indexed_to_seq"] == found["as_of_seq"] {
                    break;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(began.elapsed())
    }

    /// The program, if the server is one.
    pub fn program(&self) -> Option<&Program> {
        match &self.at_work {
            AtWork::Here(_) => None,
            AtWork::Program(program) => Some(program),
        }
    }

    /// Ends the server, and leaves its files.
    pub async fn close(self) -> anyhow::Result<TempDir> {
        match self.at_work {
            AtWork::Here(running) => running.stop().await?,
            AtWork::Program(program) => program.stop()?,
        }
        Ok(self.folder)
    }
}

/// An emulated Slack on a port. It keeps no limits of calls; the server keeps those that Slack publishes.
struct Emulated {
    slack: Slack,
    app: App,
    url: String,
}

impl Emulated {
    async fn start(size: WorldSize, events_url: Option<String>) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", port.local_addr()?);
        let app = App { events_url, ..App::default() };
        let world = World { app: app.clone(), world: size, files_base: format!("{url}/"), ..World::default() };
        let slack = Slack::new(world, Arc::new(sandbox::clock::SystemClock));
        tokio::spawn(sandbox::serve::run(slack.clone(), port, std::future::pending()));
        Ok(Self { slack, app, url })
    }

    fn settings(&self) -> [(&'static str, &str); 4] {
        [
            ("client_id", &self.app.client_id),
            ("client_secret", &self.app.client_secret),
            ("signing_secret", &self.app.signing_secret),
            ("base_url", &self.url),
        ]
    }
}

async fn api_key(client: &Client, base: &str, link: &str) -> anyhow::Result<String> {
    let answer = client.get(link).send().await?;
    let cookie = answer.headers().get("set-cookie").and_then(|held| held.to_str().ok()).context("a session")?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let call = client.post(format!("{base}/v1/api-keys")).header("cookie", cookie).header("bothways-page", "1");
    let answer = call.header("content-type", "application/json").body(json!({ "name": "bench" }).to_string());
    let made: Value = serde_json::from_str(&answer.send().await?.text().await?)?;
    Ok(made["key"].as_str().context("a key")?.to_owned())
}

//! A server and an emulated Slack in this process, with a customer who is connected.

use anyhow::{Context, anyhow};
use connectors::slack::{BOT_SCOPES, USER_SCOPES};
use model::{store::Store, world::Secret};
use reqwest::{Client, Method};
use sandbox::slack::{App, Config as World, Slack, WorldSize};
use serde_json::{Value, json};
use server::{
    config::Config,
    login,
    serve::{self, Material, Running},
    vault::{Key, KeyVault},
    world::{SystemClock, SystemRandom},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::sqlite::{Sqlite, SqliteIndex};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Whatever takes longer is broken.
const LONGEST_CALL: Duration = Duration::from_secs(60);
/// The customer whom everything is measured for.
pub const CUSTOMER: &str = "ana";

/// Where things are measured.
pub struct Place {
    pub slack: Slack,
    pub base: String,
    pub client: Client,
    pub signing_secret: String,
    running: Running,
    key: String,
    folder: TempDir,
}

impl Place {
    /// A place whose server keeps everything in a file, or in what `store` gives.
    pub async fn open(size: WorldSize, store: Option<Arc<dyn Store>>) -> anyhow::Result<Self> {
        Self::open_in(tempfile::tempdir()?, size, store).await
    }

    /// The same, with what a folder holds already.
    pub async fn open_in(folder: TempDir, size: WorldSize, store: Option<Arc<dyn Store>>) -> anyhow::Result<Self> {
        let (ours, theirs) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let (base, slack_url) = (format!("http://{}", ours.local_addr()?), format!("http://{}", theirs.local_addr()?));
        let app = App { events_url: Some(format!("{base}/hooks/slack")), ..App::default() };
        let world = World { app: app.clone(), world: size, files_base: format!("{slack_url}/"), ..World::default() };
        let slack = Slack::new(world, Arc::new(sandbox::clock::SystemClock));
        tokio::spawn(sandbox::slack::serve::run(slack.clone(), theirs, std::future::pending()));
        let settings = [
            ("client_id", app.client_id),
            ("client_secret", app.client_secret),
            ("signing_secret", app.signing_secret.clone()),
            ("base_url", slack_url),
        ];
        let settings: BTreeMap<_, _> = settings.map(|(name, value)| (name.to_owned(), Secret(value))).into();
        let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        config.integrations.insert("slack".to_owned(), settings);
        let key = Key::parse(&"5a".repeat(32)).context("the key is well formed")?;
        let vault = KeyVault::new(key, Vec::new(), Arc::new(SystemRandom));
        let store = match store {
            Some(store) => store,
            None => Arc::new(Sqlite::open(config.database())?),
        };
        let index = Arc::new(SqliteIndex::open(config.data_dir.join("search.db"))?);
        let running = serve::start(Material { config, store, index, vault, clock: Arc::new(SystemClock) }, ours)?;
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(LONGEST_CALL).build()?;
        let key = api_key(&running, &client, &base).await?;
        Ok(Self { slack, base, client, signing_secret: app.signing_secret, running, key, folder })
    }

    /// A call of the API, for the customer.
    pub fn asking(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let call = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        call.header("bothways-customer", CUSTOMER)
    }

    /// Asks the API.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut call = self.asking(method, path);
        if let Some(body) = body {
            call = call.header("content-type", "application/json").body(body.to_string());
        }
        let answer = call.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text)?)
    }

    /// Connects the customer as the first person.
    pub async fn connect(&self) -> anyhow::Result<String> {
        let person = self.slack.users().into_iter().find(|user| user.email.is_some()).context("there are people")?;
        let names =
            |scopes: &'static [(&'static str, &'static str)]| scopes.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let given = self.slack.install(&person.id, &names(BOT_SCOPES), &names(USER_SCOPES));
        let given = given.map_err(|refusal| anyhow!("the emulator refuses: {refusal:?}"))?;
        let pasted = json!({ "bot_token": given.bot_token, "user_token": given.user_token });
        let made = self
            .ask(Method::POST, "/v1/connections", Some(json!({ "integration": "slack", "pasted": pasted })))
            .await?;
        Ok(made["connection"]["id"].as_str().context("it is connected")?.to_owned())
    }

    /// Ends the server, and leaves its files.
    pub async fn close(self) -> anyhow::Result<TempDir> {
        self.running.stop().await?;
        Ok(self.folder)
    }
}

async fn api_key(running: &Running, client: &Client, base: &str) -> anyhow::Result<String> {
    let link = login::link(&running.server).await?;
    let answer = client.get(link).send().await?;
    let cookie = answer.headers().get("set-cookie").and_then(|held| held.to_str().ok()).context("a session")?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let call = client.post(format!("{base}/v1/api-keys")).header("cookie", cookie).header("bothways-page", "1");
    let answer = call.header("content-type", "application/json").body(json!({ "name": "bench" }).to_string());
    let made: Value = serde_json::from_str(&answer.send().await?.text().await?)?;
    Ok(made["key"].as_str().context("a key")?.to_owned())
}

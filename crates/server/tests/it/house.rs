//! A server and an emulated Slack in one process, and somebody who calls them.
//!
//! Nothing here waits for a clock: who waits, waits for an event of the feed, with a deadline.

use crate::browser::{Browser, cookie_of};
use futures_util::StreamExt;
use model::{
    connection::Login,
    customer::CustomerId,
    store::{Intakes, Store},
    time::Timestamp,
    world::{Clock, Secret},
};
use reqwest::{Client, Method, StatusCode, header, redirect::Policy};
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
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::sqlite::{Sqlite, SqliteIndex};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// Whatever is waited for comes sooner, or never.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The computer's clock, which a test can put forward or back.
#[derive(Default)]
pub struct SkewedClock(AtomicI64);

impl SkewedClock {
    pub fn set_seconds(&self, seconds: i64) {
        self.0.store(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().micros() + self.0.load(Ordering::SeqCst))
    }
}

impl sandbox::clock::Clock for SkewedClock {
    fn now_micros(&self) -> i64 {
        self.now().micros()
    }
}

/// A server and an emulated Slack.
pub struct House {
    pub slack: Slack,
    pub running: Running,
    pub base: String,
    pub key: String,
    pub client: Client,
    pub clock: Arc<SkewedClock>,
    pub slack_clock: Arc<SkewedClock>,
    pub store: Arc<Sqlite>,
    /// Where the server keeps everything.
    pub folder: TempDir,
    emulator: (Option<oneshot::Sender<()>>, JoinHandle<std::io::Result<()>>),
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The stable name of what went wrong; empty where nothing did.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The body of a call that must have gone well.
    #[track_caller]
    pub fn good(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// Fails unless the call was refused just so, by a problem in the right form.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(self.body["status"], json!(status));
        assert!(self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{self:?}");
    }
}

pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

impl House {
    pub async fn new() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    /// A house whose configuration and world are changed first.
    pub async fn with(configure: impl FnOnce(&mut Config), shape: impl FnOnce(&mut World)) -> Self {
        // With RUST_LOG, a failing test shows what the server said.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let client = client();
        let port = || TcpListener::bind("127.0.0.1:0");
        let (ours, theirs) = (port().await.unwrap(), port().await.unwrap());
        let (base, slack_url) = (local(&ours), local(&theirs));
        let events_url = Some(format!("{base}/hooks/slack"));
        let size = WorldSize { messages_per_channel: 20, ..WorldSize::default() };
        let mut world = World { app: App { events_url, ..App::default() }, world: size, ..World::default() };
        world.files_base = format!("{slack_url}/");
        world.socket_base = slack_url.replacen("http", "ws", 1);
        shape(&mut world);
        let app = world.app.clone();
        let slack_clock = Arc::new(SkewedClock::default());
        let slack = Slack::new(world, Arc::clone(&slack_clock) as Arc<dyn sandbox::clock::Clock>);
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async move { drop(stopped.await) };
        let emulator = tokio::spawn(sandbox::serve::run(slack.clone(), theirs, until));

        let folder = tempfile::tempdir().unwrap();
        let settings = [
            ("client_id", app.client_id),
            ("client_secret", app.client_secret),
            ("signing_secret", app.signing_secret),
            ("base_url", slack_url),
        ];
        let settings: BTreeMap<_, _> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), Secret(value))).collect();
        let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        config.integrations.insert("slack".to_owned(), settings);
        configure(&mut config);
        let clock = Arc::new(SkewedClock::default());
        let vault = KeyVault::new(Key::parse(&"5a".repeat(32)).unwrap(), Vec::new(), Arc::new(SystemRandom));
        let store = Arc::new(Sqlite::open(config.database()).unwrap());
        let index = Arc::new(SqliteIndex::open(config.data_dir.join("search.db")).unwrap());
        let material = Material { config, store: store.clone(), index, vault, clock: clock.clone() };
        let running = serve::start(material, ours).unwrap();
        let mut house = Self {
            slack,
            running,
            base,
            key: String::new(),
            client,
            clock,
            slack_clock,
            store,
            folder,
            emulator: (Some(stop), emulator),
        };
        let cookie = house.sign_in().await;
        let headers = [("cookie", cookie.as_str()), ("bothways-page", "1")];
        let made = house.call(Method::POST, "/v1/api-keys", &headers, Some(json!({ "name": "tests" }))).await.good();
        house.key = made["key"].as_str().unwrap().to_owned();
        house
    }

    /// Signs the person who runs the server in, and gives the cookie.
    pub async fn sign_in(&self) -> String {
        let link = login::link(&self.running.server).await.unwrap();
        let answer = self.client.get(link).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        cookie_of(&answer)
    }

    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut call = self.client.request(method, format!("{}{path}", self.base)).timeout(DEADLINE);
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = body {
            call = call.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        read(call.send().await.unwrap()).await
    }

    /// Calls with the API key, for a customer.
    pub async fn ask(&self, customer: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.ask_with(customer, method, path, &[], body).await
    }

    pub async fn ask_with(
        &self,
        customer: &str,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        let mut headers = vec![("authorization", authorization.as_str()), ("bothways-customer", customer)];
        headers.extend(more);
        self.call(method, path, &headers, body).await
    }

    pub async fn get(&self, customer: &str, path: &str) -> Value {
        self.ask(customer, Method::GET, path, None).await.good()
    }

    /// The server's time by now, as the API writes it.
    pub fn clock_text(&self) -> Value {
        json!(self.clock.now())
    }

    /// A person's id at Slack; `number` chooses one of them.
    pub fn person(&self, number: usize) -> String {
        let people = self.slack.users();
        let people: Vec<_> = people.iter().filter(|user| user.email.is_some()).collect();
        people[number].id.clone()
    }

    /// A public channel that both of these are in.
    pub fn shared_channel(&self, people: &[&str]) -> String {
        let both = |members: &std::collections::BTreeSet<String>| people.iter().all(|one| members.contains(*one));
        let open = self.slack.channels().into_iter().filter(|one| !one.is_archived);
        open.filter(|one| both(&one.members)).map(|one| one.id).next().expect("they share a channel")
    }

    /// Connects a customer as a person, over all pages, as a browser would.
    pub async fn connect(&self, customer: &str, person: &str) -> String {
        let wish = json!({ "integration": "slack", "return_to": "/connections" });
        let begun = self.ask(customer, Method::POST, "/v1/connections", Some(wish)).await.good();
        let back = Browser::new(self).allow(begun["connect_url"].as_str().unwrap(), person, "allow").await;
        let connection = back.strip_prefix("/connections?connection=");
        connection.unwrap_or_else(|| panic!("not connected: {back}")).to_owned()
    }

    /// Imports a channel and waits for the end of it. Gives the chat's id.
    pub async fn import(&self, customer: &str, connection: &str, channel: &str) -> String {
        let mut feed = Feed::open(self, customer, 0).await;
        let wish = json!({ "connection_id": connection, "chats": [channel] });
        let runs = self.ask(customer, Method::POST, "/v1/chats/import", Some(wish)).await.good();
        let run = runs["items"][0]["id"].as_str().unwrap().to_owned();
        let ended =
            feed.until(|event| event["object_id"] == run.as_str() && event["object"]["finished_at"].is_string()).await;
        assert_eq!(ended["object"]["state"], "completed", "{ended}");
        // The connection tells by itself that nothing is being imported any more.
        let path = format!("/v1/connections/{connection}");
        self.until(async || self.get(customer, &path).await["state"] != "importing").await;
        ended["object"]["chat_id"].as_str().unwrap().to_owned()
    }

    /// All messages of a chat, newest first, page by page.
    pub async fn messages(&self, customer: &str, chat: &str) -> Vec<Value> {
        self.all(customer, &format!("/v1/chats/{chat}/messages?limit=7")).await
    }

    /// All items of a list, page by page.
    pub async fn all(&self, customer: &str, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(customer, &format!("{path}{cursor}")).await;
            items.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    pub async fn send(&self, customer: &str, chat: &str, text: &str) -> Value {
        let path = format!("/v1/chats/{chat}/messages");
        let answer = self.ask(customer, Method::POST, &path, Some(json!({ "text": text }))).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.body
    }

    /// The logins that a customer's connections stand on, as they are stored.
    pub async fn logins(&self, customer: &str) -> Vec<Login> {
        let connections = self.store.connections(&CustomerId::new(customer).unwrap()).await.unwrap();
        let ids: Vec<_> = connections.into_iter().flat_map(|connection| connection.logins).collect();
        self.store.logins(&ids).await.unwrap()
    }

    /// Looks until it is so. What no event tells is found by looking.
    #[track_caller]
    pub fn until(&self, so: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let found = tokio::time::timeout(DEADLINE, async {
                while !so().await {
                    tokio::task::yield_now().await;
                }
            });
            assert!(found.await.is_ok(), "it never came to be so: {place}");
        }
    }

    /// Where the server keeps its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until all that Slack had to tell was told and read, so that nothing changes by itself.
    pub async fn all_is_heard(&self) {
        self.until(async || {
            let told = self.slack.pending_events() == 0;
            let routed = self.store.unrouted(1).await.unwrap().is_empty();
            told && routed && self.store.part_lanes(self.clock.now(), None, 1).await.unwrap().is_empty()
        })
        .await;
    }

    /// Stops both, and fails if they do not end by themselves.
    pub async fn close(self) {
        drop(self.close_and_keep().await);
    }

    /// The same, and leaves the server's files.
    pub async fn close_and_keep(mut self) -> TempDir {
        self.running.stop().await.unwrap();
        self.store.close().await;
        drop(self.emulator.0.take());
        tokio::time::timeout(DEADLINE, self.emulator.1).await.unwrap().unwrap().unwrap();
        self.folder
    }
}

fn local(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

pub async fn read(answer: reqwest::Response) -> Answer {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
}

/// Calls for a stream, and reads no more than what comes first.
pub async fn read_beginning(house: &House, path: &str, headers: &[(&str, &str)]) -> Answer {
    let call = headers
        .iter()
        .fold(house.client.get(format!("{}{path}", house.base)), |call, (name, value)| call.header(*name, *value));
    let mut answer = call.send().await.unwrap();
    if answer.status() != StatusCode::OK {
        return read(answer).await;
    }
    let first = tokio::time::timeout(DEADLINE, answer.chunk()).await.unwrap().unwrap().unwrap_or_default();
    let body = Value::String(String::from_utf8_lossy(&first).into_owned());
    Answer { status: 200, headers: answer.headers().clone(), body }
}

/// A stream of the feed.
pub struct Feed {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    /// What came and is not a whole event yet; it may end within a character.
    rest: Vec<u8>,
    waiting: std::collections::VecDeque<Value>,
}

impl Feed {
    pub async fn open(house: &House, customer: &str, after: u64) -> Self {
        Self::at((&house.client, &house.base, &house.key), customer, after).await
    }

    /// The feed of a server that is called so, with this key.
    pub async fn at((client, base, key): (&Client, &str, &str), customer: &str, after: u64) -> Self {
        let call = client.get(format!("{base}/v1/events/stream")).bearer_auth(key);
        let call = call.header("bothways-customer", customer).header("last-event-id", after);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { bytes: Box::pin(answer.bytes_stream()), rest: Vec::new(), waiting: Default::default() }
    }

    /// The next event; none when the stream ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let chunk = self.bytes.next().await?.ok()?;
            self.rest.extend_from_slice(&chunk);
            while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
                let told = String::from_utf8(self.rest.drain(..end + 2).collect()).unwrap();
                let field = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if let Some(data) = field("data:") {
                    let event: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(field("id:").map(str::to_owned), Some(event["seq"].to_string()));
                    self.waiting.push_back(event);
                }
            }
        }
    }

    /// Waits for an event like this.
    #[track_caller]
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let mut passed = Vec::new();
            let found = tokio::time::timeout(DEADLINE, async {
                while let Some(event) = self.next().await {
                    if wanted(&event) {
                        return event;
                    }
                    passed.push(format!("{} {}", event["kind"], event["object"]["body"]["text"]));
                }
                panic!("the stream ended: {place}");
            });
            match found.await {
                Ok(event) => event,
                Err(_) => panic!("nothing like this came ({place}); there were {passed:?}"),
            }
        }
    }

    /// Waits until a message is as wanted.
    #[track_caller]
    pub fn message(&mut self, id: &Value, wanted: impl Fn(&Value) -> bool) -> impl Future<Output = Value> {
        let id = id.clone();
        self.until(move |event| (event["object"]["id"] == id || event["from"] == id) && wanted(&event["object"]))
    }
}

//! The connector through its public face, against a Slack that answers from a script.

mod chats;
mod events;
mod examine;
mod files;
mod logins;
mod reading;
mod sending_files;
mod signing;
mod socket;
mod writing;

use super::Slack;
use async_trait::async_trait;
use bytes::Bytes;
use model::{
    connection::{Connection, ConnectionState, Login, Sealed},
    connector::{Access, Connector, OpenLogin, Settings, Threshold},
    customer::CustomerId,
    files::{Files, FilesError},
    http::{BrokenOff, Chunks, Http, HttpError, Incoming, Request, Response, Transfer},
    id::{ConnectionId, ExternalAccount, ExternalId, Integration, LoginId, UploadId, uuid_v7},
    time::Timestamp,
    update::Update,
    world::{Clock, Secret},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    pin::pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

/// A quarter of a minute after the messages of the fixtures.
pub const NOW: Timestamp = Timestamp::from_micros(1_626_342_143_500_000);
/// The same by Slack's own clock, which shows whole seconds.
pub const DATE: &str = "Thu, 15 Jul 2021 09:42:23 GMT";
/// The date less the margin.
pub const SEEN: i64 = 1_626_342_141_000_000;

/// A call as Slack got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub token: String,
    pub arguments: BTreeMap<String, String>,
}

impl Call {
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.get(name).map(String::as_str)
    }
}

type Script = dyn Fn(&Call) -> Result<Response, HttpError> + Send + Sync;

/// Slack, as a function of each call.
pub struct FakeSlack {
    script: Box<Script>,
    calls: Mutex<Vec<Call>>,
}

impl FakeSlack {
    /// Answers with JSON.
    pub fn new(answers: impl Fn(&Call) -> Value + Send + Sync + 'static) -> Self {
        Self::raw(move |call| Ok(answer(&answers(call))))
    }

    /// Answers with whatever there is.
    pub fn raw(script: impl Fn(&Call) -> Result<Response, HttpError> + Send + Sync + 'static) -> Self {
        Self { script: Box::new(script), calls: Mutex::default() }
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The methods called so far.
    pub fn methods(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.method).collect()
    }
}

pub fn answer(value: &Value) -> Response {
    response(200, &value.to_string())
}

pub fn response(status: u16, body: &str) -> Response {
    let headers = vec![("date".to_owned(), DATE.to_owned())];
    Response { status, headers, body: Bytes::from(body.to_owned()) }
}

pub fn declined(error: &str) -> Value {
    json!({ "ok": false, "error": error })
}

#[async_trait]
impl Http for FakeSlack {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let arguments: Vec<(String, String)> = serde_urlencoded::from_bytes(&request.body).unwrap();
        let token = request.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone();
        let method = request.url.rsplit('/').next().unwrap().to_owned();
        let call = Call { method, token, arguments: arguments.into_iter().collect() };
        self.calls.lock().unwrap().push(call.clone());
        (self.script)(&call)
    }

    /// A transfer is a call whose method is its address. What it sends and where it may go are its arguments.
    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError> {
        let mut arguments: BTreeMap<_, _> = transfer.headers.iter().cloned().collect();
        let token = arguments.remove("authorization").unwrap_or_default();
        arguments.insert("reach".to_owned(), format!("{:?}", transfer.reach));
        if let Some(body) = transfer.body {
            let mut chunks = body.chunks;
            let mut sent = Vec::new();
            while let Some(bytes) = chunks.next().await.map_err(|error| HttpError::Broken(error.to_string()))? {
                sent.extend_from_slice(&bytes);
            }
            assert_eq!(sent.len() as u64, body.size_bytes);
            arguments.insert("body".to_owned(), String::from_utf8(sent).unwrap());
        }
        let call = Call { method: transfer.url, token, arguments };
        self.calls.lock().unwrap().push(call.clone());
        let Response { status, headers, body } = (self.script)(&call)?;
        Ok(Incoming { status, headers, chunks: Box::new(Held(Some(body))) })
    }
}

/// Bytes that are all here already.
struct Held(Option<Bytes>);

#[async_trait]
impl Chunks for Held {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        Ok(self.0.take())
    }
}

/// Uploads that are all the same: eleven bytes.
pub struct KeptFiles;

#[async_trait]
impl Files for KeptFiles {
    async fn put(&self, _: UploadId, _: &mut dyn Chunks, _: u64) -> Result<u64, FilesError> {
        panic!("a connector keeps nothing")
    }

    async fn open(&self, id: UploadId) -> Result<Box<dyn Chunks>, FilesError> {
        match id == gone_upload() {
            true => Err(FilesError::NotFound),
            false => Ok(Box::new(Held(Some(Bytes::from_static(b"hello world"))))),
        }
    }

    async fn remove(&self, _: UploadId) -> Result<(), FilesError> {
        panic!("a connector keeps nothing")
    }

    async fn kept(&self) -> Result<Vec<UploadId>, FilesError> {
        panic!("a connector keeps nothing")
    }
}

/// The upload whose bytes are gone.
pub fn gone_upload() -> UploadId {
    UploadId::from(uuid_v7(NOW, [9; 10]))
}

/// All bytes of a transfer.
pub fn drained(mut chunks: Box<dyn Chunks>) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = run(chunks.next()).unwrap() {
        all.extend_from_slice(&bytes);
    }
    all
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Runs what never waits, since the script answers at once.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the script always answers"),
    }
}

/// Compares updates with those that were looked over by a person.
pub fn snapshot(name: &str, updates: &[Update]) {
    insta::with_settings!({ snapshot_path => "../fixtures/snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!(name, updates);
    });
}

/// A connection with its logins.
pub struct World {
    pub connection: Connection,
    pub logins: Vec<OpenLogin>,
    pub settings: Settings,
}

fn login(account: &str, token: &str, facts: Value) -> OpenLogin {
    let login = Login {
        id: LoginId::from(uuid_v7(NOW, [1; 10])),
        integration: Integration::from("slack"),
        account: ExternalAccount::from(account),
        revision: 1,
        secret: Sealed(String::new()),
        scopes: Vec::new(),
        facts,
        lost: false,
        expires_at: None,
        refresh_at: None,
        failures: 0,
        updated_at: NOW,
    };
    OpenLogin { login, secret: super::login::secret(token, None) }
}

impl World {
    /// U111, by a token of their own.
    pub fn of_a_person() -> Self {
        let bot = login("T111", "xoxb-1", json!({ "team_id": "T111", "user_id": "U999", "bot_id": "B999" }));
        let own = login("T111/U111", "xoxp-1", json!({ "team_id": "T111", "user_id": "U111" }));
        Self::new("T111/U111", &["U111"], &["U111"], vec![bot, own])
    }

    /// U111, for whom the app's bot speaks.
    pub fn of_a_person_behind_a_bot() -> Self {
        let bot = login("T111", "xoxb-1", json!({ "team_id": "T111", "user_id": "U999", "bot_id": "B999" }));
        Self::new("T111/U111", &["U111"], &["U999", "B999"], vec![bot])
    }

    /// The bot itself.
    pub fn of_a_bot() -> Self {
        let bot = login("T111", "xoxb-1", json!({ "team_id": "T111", "user_id": "U999", "bot_id": "B999" }));
        Self::new("T111", &["U999", "B999"], &["U999", "B999"], vec![bot])
    }

    fn new(account: &str, person: &[&str], senders: &[&str], logins: Vec<OpenLogin>) -> Self {
        let ids = |all: &[&str]| all.iter().map(|id| ExternalId::from(*id)).collect();
        let connection = Connection {
            id: ConnectionId::from(uuid_v7(NOW, [2; 10])),
            customer_id: CustomerId::new("ana").unwrap(),
            integration: Integration::from("slack"),
            revision: 1,
            account: ExternalAccount::from(account),
            account_name: "Acme".to_owned(),
            listens_to: vec![ExternalAccount::from("T111")],
            logins: logins.iter().map(|login| login.login.id).collect(),
            state: ConnectionState::Active,
            reason: None,
            person: ids(person),
            linked: Vec::new(),
            identity: 0,
            senders: ids(senders),
            scopes: Vec::new(),
            abilities: Slack.describe().abilities,
            standing: Default::default(),
            import_new_chats: false,
            include_trash_and_spam: false,
            created_at: NOW,
            updated_at: NOW,
        };
        Self { connection, logins, settings: settings() }
    }

    pub fn access<'a>(&'a self, http: &'a FakeSlack) -> Access<'a> {
        Access {
            connection: &self.connection,
            logins: &self.logins,
            settings: &self.settings,
            http,
            files: &KeptFiles,
            clock: &FixedClock,
            deadline: NOW,
        }
    }
}

pub fn settings() -> Settings {
    let values =
        [("client_id", "1.2"), ("client_secret", "hush"), ("signing_secret", "8f742231b10e8888abcd99yyyzzz85a5")];
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), Secret(value.to_owned())));
    Settings { values: values.collect() }
}

pub fn threshold<'a>(settings: &'a Settings, http: &'a FakeSlack) -> Threshold<'a> {
    Threshold { settings, http, clock: &FixedClock, deadline: NOW }
}

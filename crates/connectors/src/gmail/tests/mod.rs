//! The connector through its public face, against a Gmail that answers from a script, and against the emulated one.

mod files;
mod inserting;
mod labels;
mod large;
mod logins;
mod proving;
mod put_away;
mod reading;
mod sending;

use super::{Gmail, login};
use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use model::{
    attachment::Attachment,
    connection::{Connection, ConnectionState, Login, Sealed},
    connector::{Access, Connector, OpenLogin, Reading, Settings},
    customer::CustomerId,
    files::{Files, FilesError},
    http::{BrokenOff, Chunks, Http, HttpError, Incoming, Method, Request, Response, Transfer},
    id::{ConnectionId, ExternalAccount, ExternalId, Integration, LoginId, UploadId, uuid_v7},
    limits::Quota,
    time::Timestamp,
    update::Update,
    upload::SentFile,
    world::Clock,
};
use sandbox::gmail::{AnswerLost, Config, Gmail as Emulated, WorldSize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    pin::pin,
    sync::{Arc, LazyLock, Mutex},
    task::{Context, Poll, Waker},
};
use tower::ServiceExt;

/// A little after the mails of the fixtures.
pub const NOW: Timestamp = Timestamp::from_micros(1_767_607_260_000_000);
pub const ANA: &str = "ana@acme.example";
pub const BRUNO: &str = "bruno@acme.example";
/// How large the pieces are in which an answer comes.
const PIECE: usize = 1_000;

/// A call as Gmail got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: Method,
    /// What follows `/gmail/v1/users/me/`, with the query.
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    pub units: u32,
    url: String,
}

impl Call {
    /// `GET messages/1?format=raw`.
    pub fn line(&self) -> String {
        format!("{:?} {}", self.method, self.path).replacen("Get", "GET", 1).replacen("Post", "POST", 1)
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Script = dyn Fn(&Call) -> Result<Response, HttpError> + Send + Sync;

/// Gmail, as a function of each call.
pub struct Wire {
    script: Box<Script>,
    calls: Mutex<Vec<Call>>,
}

impl Wire {
    /// Answers with whatever there is.
    pub fn new(script: impl Fn(&Call) -> Result<Response, HttpError> + Send + Sync + 'static) -> Self {
        Self { script: Box::new(script), calls: Mutex::default() }
    }

    /// Answers with JSON.
    pub fn json(answers: impl Fn(&Call) -> Value + Send + Sync + 'static) -> Self {
        Self::new(move |call| Ok(answer(200, &answers(call))))
    }

    /// The emulated Gmail. Its calls are those of Ana's app.
    pub fn to(gmail: &Emulated) -> Self {
        let gmail = gmail.clone();
        Self::new(move |call| emulated(&gmail, call))
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.calls().iter().map(Call::line).collect()
    }

    fn answer(
        &self,
        method: Method,
        url: String,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        quotas: &[Quota],
    ) -> Result<Response, HttpError> {
        // Who signs in has no name yet.
        assert!(quotas.iter().all(|quota| [ANA, ""].contains(&quota.key.as_str())), "each mailbox counts by itself");
        let path = url.split_once("/users/me/").map_or(url.as_str(), |(_, path)| path).to_owned();
        let units = quotas.iter().map(|quota| quota.units).sum();
        let call = Call { method, path, headers: headers.into_iter().collect(), body, units, url };
        is_described(&call);
        self.calls.lock().unwrap().push(call.clone());
        (self.script)(&call)
    }
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let Request { method, url, headers, body, quotas, .. } = request;
        self.answer(method, url, headers, body.to_vec(), &quotas)
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError> {
        let Transfer { method, url, headers, body, quotas, .. } = transfer;
        let mut sent = Vec::new();
        if let Some(mut body) = body {
            while let Some(bytes) = body.chunks.next().await.map_err(|error| HttpError::Broken(error.0))? {
                sent.extend_from_slice(&bytes);
            }
            assert_eq!(sent.len() as u64, body.size_bytes, "as many bytes as were announced");
        }
        let Response { status, headers, body } = self.answer(method, url, headers, sent, &quotas)?;
        Ok(Incoming { status, headers, chunks: Box::new(Pieces(body)) })
    }
}

/// Google's own description of the API.
fn described() -> Option<&'static Value> {
    static DESCRIBED: LazyLock<Option<Value>> = LazyLock::new(|| {
        let folder = PathBuf::from(std::env::var_os("SPECS_DIR")?);
        Some(serde_json::from_slice(&std::fs::read(folder.join("gmail.v1.json")).unwrap()).unwrap())
    });
    DESCRIBED.as_ref()
}

/// Compares what a fixture says with Google's own description, where the variable `SPECS_DIR` says where that is.
pub fn is_of_schema(name: &str, value: &Value) {
    let Some(described) = described() else { return };
    let properties = &described["schemas"][name]["properties"];
    for (field, value) in value.as_object().unwrap() {
        let property = properties.get(field).unwrap_or_else(|| panic!("{name} has no {field}"));
        let below = property["$ref"].as_str().or(property["items"]["$ref"].as_str());
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        match (below, property["type"].as_str()) {
            (Some(below), _) => values.iter().for_each(|value| is_of_schema(below, value)),
            (None, Some("string")) => assert!(value.is_string(), "{name}.{field} is a text"),
            (None, Some("integer")) => assert!(value.is_u64(), "{name}.{field} is a number"),
            (None, _) => {}
        }
    }
}

/// Compares updates with those that were looked over by a person.
pub fn snapshot(name: &str, updates: &[Update]) {
    insta::with_settings!({ snapshot_path => "../fixtures/snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!(name, updates);
    });
}

/// Compares a call with Google's own description, where the variable `SPECS_DIR` says where that is.
fn is_described(call: &Call) {
    let Some(described) = described() else { return };
    let Some((_, place)) = call.url.split_once("/users/me/") else { return };
    let (path, query) = place.split_once('?').unwrap_or((place, ""));
    let path: Vec<_> = path.split('/').collect();
    let found = methods(&described["resources"]["users"]).into_iter().find(|method| {
        let parts: Vec<_> = method["path"].as_str().unwrap().split('/').skip(4).collect();
        let fits = |(part, given): (&&str, &&str)| part.starts_with('{') || part == given;
        let verb = format!("{:?}", call.method).to_uppercase();
        method["httpMethod"] == verb.as_str() && parts.len() == path.len() && parts.iter().zip(&path).all(fits)
    });
    let method = found.unwrap_or_else(|| panic!("Gmail has no {}", call.line()));
    let query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
    for (name, _) in &query {
        let is_known = method["parameters"].get(name).or(described["parameters"].get(name)).is_some();
        assert!(is_known, "{} has no {name}", method["id"]);
    }
    if call.url.contains("/upload/") {
        assert!(method["mediaUpload"].is_object(), "nothing is uploaded to {}", method["id"]);
    } else if call.method == Method::Post {
        let body = &described["schemas"][method["request"]["$ref"].as_str().unwrap_or_default()]["properties"];
        let json = call.json();
        let unknown = json.as_object().unwrap().keys().find(|name| body.get(name.as_str()).is_none());
        assert_eq!(unknown, None, "{} takes no such field", method["id"]);
    }
}

fn methods(resource: &Value) -> Vec<Value> {
    let own = resource["methods"].as_object().into_iter().flatten().map(|(_, method)| method.clone());
    let below = resource["resources"].as_object().into_iter().flatten().flat_map(|(_, below)| methods(below));
    own.chain(below).collect()
}

pub fn answer(status: u16, json: &Value) -> Response {
    Response { status, headers: Vec::new(), body: Bytes::from(json.to_string()) }
}

/// An error as Gmail writes it.
pub fn error(status: u16, reason: &str, message: &str) -> Response {
    let said = serde_json::json!({ "error": { "code": status, "message": message,
        "errors": [{ "message": message, "domain": "global", "reason": reason }] } });
    answer(status, &said)
}

pub fn emulated(gmail: &Emulated, call: &Call) -> Result<Response, HttpError> {
    let uri = call.url.split_once("googleapis.com").unwrap().1;
    let verb = if call.method == Method::Get { "GET" } else { "POST" };
    let mut request = axum::http::Request::builder().method(verb).uri(uri);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(call.body.clone())).unwrap();
    let answer = run(gmail.router().oneshot(request)).unwrap();
    if answer.extensions().get::<AnswerLost>().is_some() {
        return Err(HttpError::Broken("the answer was lost".to_owned()));
    }
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let status = answer.status().as_u16();
    Ok(Response { status, headers, body: run(answer.into_body().collect()).unwrap().to_bytes() })
}

/// An emulated Gmail without a history.
pub fn quiet() -> Emulated {
    let world = WorldSize { threads_per_person: 0, ..WorldSize::default() };
    Emulated::new(Config { world, ..Config::default() }, Arc::new(FixedClock))
}

/// A mail that is in Ana's mailbox, with its files.
pub fn arrived(gmail: &Emulated, raw: &str) -> (String, Vec<Attachment>) {
    gmail.act_raw("bruno@elsewhere.example", raw.replace('\n', "\r\n").as_bytes()).unwrap();
    let id = gmail.mailbox(ANA).unwrap().messages.last().unwrap().id.clone();
    let (world, wire) = (World::at(gmail), Wire::to(gmail));
    let reading = Reading::Message { chat: ExternalId::from(id.as_str()), message: ExternalId::from(id.as_str()) };
    let page = run(Gmail.pull(&world.access(&wire), &reading, None)).unwrap();
    let files = page.updates.into_iter().find_map(|update| match update {
        Update::Message(message) => Some(message.content.attachments),
        _ => None,
    });
    (id, files.unwrap())
}

/// A mail whose files stand in all ways in which files stand in mails.
pub fn mixed() -> String {
    let letters = "From: bruno@elsewhere.example\nTo: ana@acme.example\nSubject: All of it\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n\
        MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/related; boundary=b\n\n\
        --b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain\n\nhello\n--c\n\
        Content-Type: text/html\n\n<p>hello <img src=\"cid:pic\"></p>\n--c--\n\
        --b\nContent-Type: image/png; name=pic.png\nContent-ID: <pic>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n\
        --a\nContent-Type: text/plain; charset=iso-8859-1\nContent-Disposition: attachment; filename=latin.txt\n\
        Content-Transfer-Encoding: quoted-printable\n\nZ=FCrich=\n sagt =3D ja\n\
        --a\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename=inner.eml\n\n\
        From: x@y.example\nSubject: Inside\nContent-Type: multipart/mixed; boundary=d\n\n--d\n\nwords\n--d\n\
        Content-Type: application/pdf; name=deep.pdf\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--d--\n\
        --a\nContent-Type: message/rfc822\n\nFrom: x@y.example\nSubject: Shown\n\nwords of another\n\
        --a\nContent-Type: application/octet-stream; name=big.bin\nContent-Transfer-Encoding: base64\n\nBIG--a--\n";
    let lines: String = (0..4_000).map(|number| format!("{}\n", &format!("{number:05}").repeat(16)[..76])).collect();
    letters.replace("BIG", &lines)
}

/// Bytes in pieces.
pub struct Pieces(pub Bytes);

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        let piece = self.0.split_to(self.0.len().min(PIECE));
        Ok((!piece.is_empty()).then_some(piece))
    }
}

/// All bytes of a transfer.
pub fn drained(mut chunks: Box<dyn Chunks>) -> Result<Vec<u8>, BrokenOff> {
    let mut all = Vec::new();
    while let Some(bytes) = run(chunks.next())? {
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

/// Runs what never waits, since the script answers at once.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the script always answers"),
    }
}

pub struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl sandbox::clock::Clock for FixedClock {
    fn now_micros(&self) -> i64 {
        NOW.micros()
    }
}

/// Uploads, by their id.
#[derive(Default)]
pub struct Uploads(BTreeMap<UploadId, Bytes>);

impl Uploads {
    /// Keeps a file. Gives what a command says of it.
    pub fn keep(&mut self, name: &str, bytes: &[u8]) -> SentFile {
        let number = u8::try_from(self.0.len()).unwrap();
        let upload = UploadId::from(uuid_v7(NOW, [number; 10]));
        self.0.insert(upload, Bytes::copy_from_slice(bytes));
        let (name, media_type) = (name.to_owned(), "application/pdf".to_owned());
        SentFile { upload, name, media_type, size_bytes: bytes.len() as u64 }
    }
}

#[async_trait]
impl Files for Uploads {
    async fn put(&self, _: UploadId, _: &mut dyn Chunks, _: u64) -> Result<u64, FilesError> {
        panic!("a connector keeps nothing")
    }

    async fn open(&self, id: UploadId) -> Result<Box<dyn Chunks>, FilesError> {
        let held = self.0.get(&id).ok_or(FilesError::NotFound)?;
        Ok(Box::new(Pieces(held.clone())))
    }

    async fn remove(&self, _: UploadId) -> Result<(), FilesError> {
        panic!("a connector keeps nothing")
    }

    async fn kept(&self) -> Result<Vec<UploadId>, FilesError> {
        panic!("a connector keeps nothing")
    }
}

/// Ana's connection with its login.
pub struct World {
    pub connection: Connection,
    pub logins: Vec<OpenLogin>,
    pub settings: Settings,
    pub uploads: Uploads,
}

impl World {
    /// With a token that a script does not look at.
    pub fn new() -> Self {
        Self::with_token("ya29.ana")
    }

    /// With a token of the emulated Gmail's.
    pub fn at(gmail: &Emulated) -> Self {
        let scopes = "https://www.googleapis.com/auth/gmail.modify";
        Self::with_token(&gmail.grant(ANA, scopes).unwrap().access_token)
    }

    fn with_token(token: &str) -> Self {
        let tokens = login::Tokens { access_token: token.to_owned(), refresh_token: "1//ana".to_owned() };
        let login = Login {
            id: LoginId::from(uuid_v7(NOW, [1; 10])),
            integration: Integration::from("gmail"),
            account: ExternalAccount::from(ANA),
            revision: 1,
            secret: Sealed(String::new()),
            scopes: Vec::new(),
            facts: Value::Null,
            lost: false,
            expires_at: None,
            refresh_at: None,
            failures: 0,
            updated_at: NOW,
        };
        let connection = Connection {
            id: ConnectionId::from(uuid_v7(NOW, [2; 10])),
            customer_id: CustomerId::new("ana").unwrap(),
            integration: Integration::from("gmail"),
            revision: 1,
            account: ExternalAccount::from(ANA),
            account_name: ANA.to_owned(),
            listens_to: vec![ExternalAccount::from(ANA)],
            logins: vec![login.id],
            state: ConnectionState::Active,
            reason: None,
            person: vec![ExternalId::from(ANA)],
            linked: Vec::new(),
            identity: 0,
            senders: vec![ExternalId::from(ANA)],
            scopes: Vec::new(),
            abilities: Gmail.describe().abilities,
            standing: Default::default(),
            import_new_chats: false,
            include_trash_and_spam: false,
            created_at: NOW,
            updated_at: NOW,
        };
        let logins = vec![OpenLogin { login, secret: login::secret(&tokens) }];
        Self { connection, logins, settings: Settings::default(), uploads: Uploads::default() }
    }

    pub fn access<'a>(&'a self, http: &'a Wire) -> Access<'a> {
        Access {
            connection: &self.connection,
            logins: &self.logins,
            settings: &self.settings,
            http,
            files: &self.uploads,
            clock: &FixedClock,
            deadline: NOW,
        }
    }
}

//! A Gmail whose clock the test holds, and an app that calls it without a socket.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http_body_util::BodyExt;
use sandbox::gmail::{Act, App, Config, Deed, Delivery, Gmail, Outcome, Subscription, WorldSize};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{HeldClock, START_MICROS, run};

pub const ANA: &str = "ana@acme.example";
pub const BRUNO: &str = "bruno@acme.example";
pub const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
pub const EVERYTHING: &str = "https://mail.google.com/ openid email profile";
pub const TOPIC: &str = "projects/bothways-sandbox/topics/gmail";
pub const PULLED: &str = "projects/bothways-sandbox/subscriptions/gmail";
pub const PUSHED: &str = "projects/bothways-sandbox/subscriptions/gmail-push";
pub const ENDPOINT: &str = "https://app.example/hooks/gmail";

/// Two people and no history; the app may do everything in both mailboxes.
pub struct Mailboxes {
    pub gmail: Gmail,
    pub clock: Arc<HeldClock>,
    pub ana: String,
    pub bruno: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
    pub response_lost: bool,
}

pub fn empty() -> Config {
    let world = WorldSize { people: 3, threads_per_person: 0, messages_per_thread: 0, days: 10 };
    let mut app = App { redirect_uris: vec!["https://app.example/oauth".into()], ..App::default() };
    app.subscriptions.push(Subscription::push(PUSHED, TOPIC, ENDPOINT));
    Config { app, world, ..Config::default() }
}

impl Mailboxes {
    pub fn new() -> Mailboxes {
        Mailboxes::with(empty())
    }

    pub fn with(config: Config) -> Mailboxes {
        let clock = Arc::new(HeldClock::new(START_MICROS));
        let gmail = Gmail::new(config, clock.clone());
        let ana = gmail.grant(ANA, EVERYTHING).unwrap().access_token;
        let bruno = gmail.grant(BRUNO, EVERYTHING).unwrap().access_token;
        Mailboxes { gmail, clock, ana, bruno }
    }

    pub fn pass(&self, micros: i64) {
        self.clock.pass(micros);
    }

    /// Calls a method of the API in Ana's mailbox.
    pub fn call(&self, verb: &str, path: &str, body: Value) -> Answer {
        self.call_as(&self.ana, verb, path, body)
    }

    pub fn call_as(&self, token: &str, verb: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(verb)
            .uri(format!("/gmail/v1/users/me/{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).unwrap())
    }

    /// Reads in Ana's mailbox what has to be there.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, json!(null));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    pub fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call("POST", path, body);
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text);
        answer.body
    }

    pub fn send(&self, request: Request<Body>) -> Answer {
        run(async {
            let response: Response<Body> = self.gmail.router().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let response_lost = response.extensions().get::<sandbox::gmail::AnswerLost>().is_some();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(json!(null)), text, response_lost }
        })
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(serde_urlencoded::to_string(fields).unwrap())).unwrap())
    }

    /// Sends a mail with the API, as Ana.
    pub fn mail(&self, raw: &str) -> Value {
        self.post("messages/send", json!({ "raw": encoded(raw) }))
    }

    /// Lets somebody act who has to be able to.
    pub fn act(&self, user: &str, deed: Value) -> Value {
        let deed: Deed = serde_json::from_value(deed).unwrap();
        self.gmail.act_as(Act { user: user.into(), deed }).unwrap()
    }

    /// Takes all pushes that are due and acknowledges them.
    pub fn take(&self) -> Vec<Delivery> {
        let due = self.gmail.take_due();
        for delivery in &due {
            self.gmail.delivered(delivery, Outcome::Acked);
        }
        due
    }

    /// The history ids of all pushes that are due.
    pub fn told(&self) -> Vec<u64> {
        self.take().iter().map(|delivery| notice(delivery)["historyId"].as_u64().unwrap()).collect()
    }

    /// The current number of Ana's history.
    pub fn history_id(&self) -> String {
        self.get("profile")["historyId"].as_str().unwrap().to_owned()
    }

    pub fn history_since(&self, start: &str) -> Vec<Value> {
        let answer = self.get(&format!("history?startHistoryId={start}"));
        answer["history"].as_array().cloned().unwrap_or_default()
    }

    /// What stands in a header of one of Ana's messages.
    pub fn header(&self, id: &str, name: &str) -> Option<String> {
        let message = self.get(&format!("messages/{id}?format=metadata&metadataHeaders={name}"));
        message["payload"]["headers"].as_array()?.first()?["value"].as_str().map(str::to_owned)
    }
}

/// What a push says.
pub fn notice(delivery: &Delivery) -> Value {
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    serde_json::from_slice(&STANDARD.decode(body["message"]["data"].as_str().unwrap()).unwrap()).unwrap()
}

/// A mail as the API takes it, with the line ends of mail.
pub fn encoded(raw: &str) -> String {
    URL_SAFE.encode(raw.replace('\n', "\r\n"))
}

pub fn labels(message: &Value) -> Vec<&str> {
    message["labelIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

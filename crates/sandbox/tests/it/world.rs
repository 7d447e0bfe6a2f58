//! A Slack whose clock the test holds, and an app that calls it without a socket.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use sandbox::clock::Clock;
use sandbox::slack::{App, Config, Delivery, Installed, Outcome, Slack, WorldSize};
use serde_json::{Value, json};
use tower::ServiceExt;

pub const START_MICROS: i64 = 1_760_000_000_000_000;

pub const BOT_SCOPES: &[&str] = &[
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "emoji:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
    "users:read.email",
];

pub const USER_SCOPES: &[&str] = &[
    "channels:history",
    "channels:read",
    "chat:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "users:read",
];

pub struct HeldClock(AtomicI64);

impl HeldClock {
    pub fn new(micros: i64) -> HeldClock {
        HeldClock(AtomicI64::new(micros))
    }

    pub fn pass(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for HeldClock {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub struct World {
    pub slack: Slack,
    pub clock: Arc<HeldClock>,
    pub installed: Installed,
    /// Two people, of whom the first installed the app.
    pub ana: String,
    pub bruno: String,
    /// A public channel without history, with both people and the bot in it.
    pub channel: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
    pub response_lost: bool,
}

pub fn small() -> Config {
    let app = App {
        events_url: Some("https://app.example/hooks/slack".into()),
        redirect_urls: vec!["https://app.example/oauth".into()],
        ..App::default()
    };
    let world = WorldSize { people: 4, messages_per_channel: 12, threads_per_channel: 2, ..WorldSize::default() };
    Config { app, world, ..Config::default() }
}

/// Runs a future that never waits for anything outside, as a simulation does: without a runtime.
pub fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..1000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("the emulator waited for something");
}

impl World {
    pub fn new() -> World {
        World::with(small())
    }

    pub fn with(config: Config) -> World {
        let clock = Arc::new(HeldClock(AtomicI64::new(START_MICROS)));
        World::at(config, clock)
    }

    pub fn at(config: Config, clock: Arc<HeldClock>) -> World {
        let slack = Slack::new(config, clock.clone());
        let people: Vec<String> = slack.users().into_iter().filter(|user| !user.is_bot).map(|user| user.id).collect();
        let (ana, bruno) = (people[0].clone(), people[1].clone());
        let installed = slack.install(&ana, BOT_SCOPES, USER_SCOPES).unwrap();
        let channel = slack.act_create_channel(&ana, "quiet", false).unwrap();
        slack.act_join(&bruno, &channel).unwrap();
        slack.act_invite(&ana, &channel, &installed.bot_user_id).unwrap();
        let world = World { slack, clock, installed, ana, bruno, channel };
        world.events();
        world
    }

    pub fn pass(&self, micros: i64) {
        self.clock.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub fn bot(&self) -> &str {
        self.installed.bot_token.as_deref().unwrap()
    }

    pub fn person(&self) -> &str {
        self.installed.user_token.as_deref().unwrap()
    }

    /// Calls a method as the bot, with a form.
    pub fn call(&self, method: &str, arguments: Value) -> Value {
        self.call_as(self.bot(), method, arguments).body
    }

    pub fn call_as(&self, token: &str, method: &str, arguments: Value) -> Answer {
        let pairs: Vec<(String, String)> = arguments
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        let request = Request::post(format!("/api/{method}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(serde_urlencoded::to_string(pairs).unwrap()));
        self.send(request.unwrap())
    }

    pub fn call_json(&self, method: &str, kind: &str, body: Value) -> Answer {
        let request = Request::post(format!("/api/{method}"))
            .header("authorization", format!("Bearer {}", self.bot()))
            .header("content-type", kind)
            .body(Body::from(body.to_string()));
        self.send(request.unwrap())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
    }

    pub fn send(&self, request: Request<Body>) -> Answer {
        run(async {
            let response: Response<Body> = self.slack.router().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let response_lost = response.extensions().get::<sandbox::slack::AnswerLost>().is_some();
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(json!(null)), text, response_lost }
        })
    }

    /// Posts as the bot, and gives the `ts`.
    pub fn post(&self, text: &str) -> String {
        let answer = self.call("chat.postMessage", json!({ "channel": self.channel, "text": text }));
        answer["ts"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Takes all events that are due and acknowledges them. Gives their envelopes.
    pub fn events(&self) -> Vec<Value> {
        self.take().iter().map(|delivery| serde_json::from_slice(&delivery.body).unwrap()).collect()
    }

    pub fn take(&self) -> Vec<Delivery> {
        let due = self.slack.take_due();
        for delivery in &due {
            self.slack.delivered(delivery, Outcome::Acked);
        }
        due
    }

    pub fn only_event(&self) -> Value {
        let mut events = self.events();
        assert_eq!(events.len(), 1, "{events:#?}");
        events.remove(0)["event"].clone()
    }

    pub fn texts(&self) -> Vec<String> {
        let channel = self.slack.channel(&self.channel).unwrap();
        let said = channel.messages.into_iter().filter(|message| message.subtype.is_none());
        said.map(|message| message.text).collect()
    }
}

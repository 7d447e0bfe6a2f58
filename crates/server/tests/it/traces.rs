//! Traces, as a collector gets them: one for each message, through all flows and over restarts.

use crate::{
    house::{DEADLINE, Feed},
    processes::{Caller, Pair, Process},
};
use axum::{Router, extract::State, http::HeaderMap, routing::post};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, sync::watch};

/// Words that no trace may hold.
const WORDS: &str = "wrinkled walnut";
/// What the collector wants to be shown.
const AUTHORIZATION: &str = "Basic bGV0LW1lLWlu";

/// A collector, which keeps what it is told.
pub struct Collector {
    bodies: Arc<Mutex<Vec<String>>>,
    count: watch::Receiver<usize>,
}

type Told = (Arc<Mutex<Vec<String>>>, watch::Sender<usize>);

async fn take(State((bodies, count)): State<Told>, headers: HeaderMap, body: String) -> &'static str {
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["authorization"], AUTHORIZATION);
    bodies.lock().unwrap().push(body);
    count.send_modify(|count| *count += 1);
    "{}"
}

impl Collector {
    /// Starts one, and tells the server of it.
    pub async fn start(pair: &mut Pair) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (bodies, (told, count)) = (Arc::default(), watch::channel(0));
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take)).with_state((Arc::clone(&bodies), told));
        tokio::spawn(async move { axum::serve(listener, router).await });
        for (name, value) in [("OTLP_ENDPOINT", endpoint.as_str()), ("AUTHORIZATION", AUTHORIZATION)] {
            pair.variables.push((format!("BOTHWAYS_TELEMETRY__{name}"), value.to_owned()));
        }
        Self { bodies, count }
    }

    /// All that it was told, as it came.
    pub fn told(&self) -> String {
        self.bodies.lock().unwrap().concat()
    }

    fn spans(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        let requests = bodies.iter().map(|body| serde_json::from_str::<Value>(body).unwrap());
        let mut spans = Vec::new();
        for request in requests {
            let of = &request["resourceSpans"][0];
            assert_eq!(of["resource"]["attributes"][0]["value"]["stringValue"], "bothways");
            spans.extend(of["scopeSpans"][0]["spans"].as_array().unwrap().iter().cloned());
        }
        spans
    }

    fn trace(&self, of: &str) -> Trace {
        let id = of.rsplit('_').next().unwrap().to_owned();
        Trace(self.spans().into_iter().filter(|span| span["traceId"] == *id).collect())
    }

    /// Waits until the trace of this id is so.
    async fn until(&mut self, of: &str, so: impl Fn(&Trace) -> bool) -> Trace {
        let waited = tokio::time::timeout(DEADLINE, async {
            loop {
                self.count.mark_unchanged();
                let trace = self.trace(of);
                if so(&trace) {
                    return trace;
                }
                self.count.changed().await.unwrap();
            }
        });
        match waited.await {
            Ok(trace) => trace,
            Err(_) => panic!("it never came to be so: {:#?}", self.trace(of).lines()),
        }
    }
}

/// The spans of one trace.
struct Trace(Vec<Value>);

fn field<'a>(span: &'a Value, name: &str) -> Option<&'a str> {
    let found = span["attributes"].as_array()?.iter().find(|field| field["key"] == name)?;
    found["value"]["stringValue"].as_str().or(found["value"]["intValue"].as_str())
}

impl Trace {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|span| span["name"] == name)
    }

    /// The first span of this name with such a field.
    fn find(&self, name: &str, key: &str, value: &str) -> Option<&Value> {
        self.0.iter().find(|span| span["name"] == name && field(span, key) == Some(value))
    }

    #[track_caller]
    fn holds(&self, names: &[&str]) {
        let held: BTreeSet<_> = self.0.iter().filter_map(|span| span["name"].as_str()).collect();
        let lacking: Vec<_> = names.iter().filter(|name| !held.contains(*name)).collect();
        assert!(lacking.is_empty(), "no {lacking:?} in {:#?}", self.lines());
    }

    /// The trace that a span of this name leads to.
    fn linked(&self, name: &str) -> Option<&str> {
        let span = self.0.iter().find(|span| span["name"] == name && !span["links"][0].is_null())?;
        span["links"][0]["traceId"].as_str()
    }

    fn lines(&self) -> Vec<String> {
        self.0.iter().map(|span| format!("{} {} {}", span["name"], span["attributes"], span["links"])).collect()
    }
}

/// A server with a connected customer, a channel and its chat.
struct Scene {
    pair: Pair,
    app: Caller,
    bruno: String,
    channel: String,
    connection: String,
    chat: String,
}

impl Scene {
    async fn begin(pair: Pair) -> (Self, Process) {
        let server = pair.serve("127.0.0.1:0");
        let app = pair.app_of(&server, "ana").await;
        pair.deliver_to(&app.base).await;
        let [ana, bruno] = pair.people().await;
        let connection = app.connect(&ana).await;
        let made = json!({ "as": ana, "do": "create_channel", "name": "quiet" });
        let channel = pair.act(made).await["channel"].as_str().unwrap().to_owned();
        pair.act(json!({ "as": bruno, "do": "join", "channel": channel })).await;
        let wish = json!({ "connection_id": connection, "chats": [channel] });
        let runs = app.post("/v1/chats/import", "import", wish).await;
        let chat = runs["items"][0]["chat_id"].as_str().unwrap().to_owned();
        (Self { pair, app, bruno, channel, connection, chat }, server)
    }

    async fn feed(&self) -> Feed {
        Feed::at((&self.app.client, &self.app.base, &self.app.key), self.app.customer, 0).await
    }

    async fn send(&self, key: &str, text: &str) -> Value {
        self.app.post(&format!("/v1/chats/{}/messages", self.chat), key, json!({ "text": text })).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_follows_a_message_through_all_flows() {
    let mut pair = Pair::new(&[]);
    let mut collector = Collector::start(&mut pair).await;
    let (scene, server) = Scene::begin(pair).await;
    let mut feed = scene.feed().await;

    let sent = scene.send("a", WORDS).await;
    let sent = feed.message(&sent["id"], |message| message["status"] == "sent").await;
    let id = sent["object_id"].as_str().unwrap();
    let is_heard = |trace: &Trace| trace.0.iter().any(|span| span["name"] == "decide" && !span["links"][0].is_null());
    let trace = collector.until(id, |trace| is_heard(trace) && trace.has("stream") && trace.has("request")).await;
    trace.holds(&["request", "accept", "commit", "event", "perform", "attempt", "call", "kept", "read", "part"]);
    let posted = trace.find("call", "method", "chat.postMessage").unwrap();
    assert_eq!((&posted["kind"], field(posted, "status")), (&json!(3), Some("200")));
    for progress in ["waiting", "attempting", "done"] {
        assert!(trace.find("commit", "progress", progress).is_some(), "{progress}: {:#?}", trace.lines());
    }
    let attempt = trace.0.iter().find(|span| span["name"] == "attempt").unwrap();
    assert_eq!(posted["parentSpanId"], attempt["spanId"]);

    let said = json!({ "as": scene.bruno, "do": "post", "channel": scene.channel, "text": WORDS });
    scene.pair.act(said).await;
    let heard = feed.until(|event| event["object"]["direction"] == "incoming").await;
    let id = heard["object_id"].as_str().unwrap();
    let trace = collector.until(id, |trace| trace.has("stream") && trace.has("kept")).await;
    trace.holds(&["kept", "read", "part", "call", "decide", "commit", "event", "stream"]);
    assert!(trace.find("event", "kind", "message.created").is_some(), "{:#?}", trace.lines());
    let request = trace.linked("kept").unwrap().to_owned();
    assert_eq!(trace.linked("decide"), Some(request.as_str()));
    let came = collector.until(&request, |trace| trace.has("route") && trace.has("decide")).await;
    came.holds(&["request", "keep", "route", "read", "part", "decide"]);
    assert!(id.ends_with(came.linked("decide").unwrap()));

    drop(feed);
    assert!(server.stop());
    let told = collector.told();
    assert!(!told.contains("walnut") && !told.contains("xox") && !told.contains(&scene.app.key), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_on_after_a_crash() {
    let mut pair = Pair::new(&[]);
    let mut collector = Collector::start(&mut pair).await;
    let (scene, server) = Scene::begin(pair).await;
    let mut feed = scene.feed().await;
    feed.until(|event| event["object"]["finished_at"].is_string()).await;
    let path = format!("/v1/connections/{}", scene.connection);
    let pause = async |paused: bool, key: &str| {
        let body = Some(json!({ "paused": paused }));
        scene.app.try_ask(Method::PATCH, &path, key, body).await.unwrap().good()
    };
    pause(true, "pause").await;
    let sent = scene.send("a", WORDS).await;
    let id = sent["id"].as_str().unwrap();
    collector.until(id, |trace| trace.has("accept") && trace.has("stream")).await;
    assert!(!collector.trace(id).has("attempt"));
    drop(feed);
    server.kill();

    let server = scene.pair.serve(scene.app.base.trim_start_matches("http://"));
    pause(false, "go on").await;
    scene.feed().await.message(&sent["id"], |message| message["status"] == "sent").await;
    assert!(server.stop());
    // What a stop leaves to export is there when it has stopped.
    let trace = collector.trace(id);
    trace.holds(&["request", "accept", "perform", "attempt", "call", "commit", "event", "stream"]);
    assert!(trace.find("commit", "progress", "done").is_some(), "{:#?}", trace.lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_of_the_api_finds_its_own_trace_by_a_link() {
    let mut pair = Pair::new(&[]);
    let mut collector = Collector::start(&mut pair).await;
    let (scene, server) = Scene::begin(pair).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let call = scene.app.client.post(format!("{}/v1/chats/{}/messages", scene.app.base, scene.chat));
    let call = call.bearer_auth(&scene.app.key).header("bothways-customer", "ana");
    let call = call.header("idempotency-key", "a").header("content-type", "application/json");
    let call = call.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = call.body(json!({ "text": WORDS }).to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let sent: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let own = collector.until(sent["id"].as_str().unwrap(), |trace| trace.has("request")).await;
    assert_eq!(own.linked("request"), Some(trace));
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_costs_one_warning() {
    let mut pair = Pair::new(&[]);
    // Nobody listens at a port that was just given back.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    pair.variables.push(("BOTHWAYS_TELEMETRY__OTLP_ENDPOINT".to_owned(), format!("http://{gone}")));
    let (scene, server) = Scene::begin(pair).await;
    let mut feed = scene.feed().await;
    let warnings = || std::fs::read_to_string(scene.pair.log()).unwrap().matches("Traces are lost").count();
    let mut number = 0;
    while warnings() == 0 || number < 3 {
        number += 1;
        let sent = scene.send(&format!("send {number}"), WORDS).await;
        feed.message(&sent["id"], |message| message["status"] == "sent").await;
    }
    drop(feed);
    assert!(server.stop());
    assert_eq!(warnings(), 1);
}

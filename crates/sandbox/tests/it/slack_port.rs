//! On a port: real connections, which can be lost, and events that are really delivered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use sandbox::clock::SystemClock;
use sandbox::serve;
use sandbox::slack::{Config, Fault, FaultKind, Slack, sign};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::world::{BOT_SCOPES, small};

/// A Slack on a port, an app that hears its events, and a way to stop it.
pub struct Port {
    pub slack: Slack,
    pub address: String,
    pub events: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Port {
    pub async fn open(config: Config) -> Port {
        let (heard, events) = mpsc::unbounded_channel();
        let app = axum::Router::new().route(
            "/hooks/slack",
            post(async move |headers: HeaderMap, body: Bytes| {
                let sent: Value = serde_json::from_slice(&body).unwrap();
                let _ = heard.send((headers, body));
                sent["challenge"].as_str().unwrap_or_default().to_owned()
            }),
        );
        let ear = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/slack", ear.local_addr().unwrap());
        tokio::spawn(async { axum::serve(ear, app).await });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let socket_base = address.replacen("http", "ws", 1);
        let config = Config { files_base: format!("{address}/"), socket_base, ..config };
        let slack = Slack::new(config, Arc::new(SystemClock));
        slack.set_events_url(Some(url));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve::run(slack.clone(), listener, async {
            let _ = stopped.await;
        }));
        Port { slack, address, events, stop, served }
    }

    pub async fn close(self) {
        let _ = self.stop.send(());
        self.served.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn on_a_port_events_arrive_signed_and_lost_answers_are_closed_connections() {
    let mut port = Port::open(small()).await;
    port.slack.send_url_verification().unwrap();
    let (_, body) = port.events.recv().await.unwrap();
    assert!(body.starts_with(b"{") && String::from_utf8_lossy(&body).contains("url_verification"));
    let ana = port.slack.users().remove(0).id;
    let token = port.slack.install(&ana, BOT_SCOPES, &[]).unwrap().bot_token.unwrap();
    let client = reqwest::Client::new();
    let call = async |method: &str, arguments: Value| {
        let body = serde_urlencoded::to_string(arguments.as_object().unwrap()).unwrap();
        let request = client.post(format!("{}/api/{method}", port.address)).bearer_auth(&token).body(body);
        request.header("content-type", "application/x-www-form-urlencoded").send().await
    };
    let channel = port.slack.channel_named("general").unwrap().id;
    assert!(call("conversations.join", json!({ "channel": channel })).await.unwrap().status().is_success());
    let message = json!({ "channel": channel, "text": "lost" });
    port.slack.faults().push(Fault { method: None, kind: FaultKind::AnswerLost, times: 1 });
    let error = call("chat.postMessage", message.clone()).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    // The event of this call is delivered before its answer, so it is here once the answer is.
    port.slack.faults().push(Fault { method: None, kind: FaultKind::EventBeforeAnswer, times: 1 });
    call("chat.postMessage", json!({ "channel": channel, "text": "heard" })).await.unwrap();
    let mut texts = Vec::new();
    while let Ok((headers, body)) = port.events.try_recv() {
        let timestamp = headers["x-slack-request-timestamp"].to_str().unwrap();
        let secret = &port.slack.config().app.signing_secret;
        assert_eq!(headers["x-slack-signature"], sign(secret, timestamp, &body));
        let body: Value = serde_json::from_slice(&body).unwrap();
        texts.push(body["event"]["text"].as_str().unwrap_or_default().to_owned());
    }
    assert!(texts.contains(&"heard".to_owned()), "{texts:?}");
    let channel = port.slack.channel(&channel).unwrap();
    assert_eq!(channel.texts().iter().filter(|text| **text == "lost").count(), 1);
    assert_eq!(port.slack.url_verified(), Some(true));
    tokio::time::timeout(Duration::from_secs(10), port.close()).await.unwrap();
}

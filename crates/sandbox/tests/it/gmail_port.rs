//! On a port: real connections, which can be lost, and pushes that are really delivered.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use sandbox::clock::SystemClock;
use sandbox::gmail::{Config, FaultKind, Gmail, Subscription};
use sandbox::serve;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::mailboxes::{ANA, BRUNO, EVERYTHING, TOPIC, encoded};

/// A Gmail on a port, and a way to stop it.
pub struct Port {
    pub gmail: Gmail,
    pub address: String,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Port {
    pub async fn open(config: Config) -> Port {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let gmail = Gmail::new(Config { base: address.clone(), ..config }, Arc::new(SystemClock));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve::run(gmail.clone(), listener, async {
            let _ = stopped.await;
        }));
        Port { gmail, address, stop, served }
    }

    pub async fn close(self) {
        let _ = self.stop.send(());
        self.served.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn on_a_port_pushes_arrive_and_lost_answers_are_closed_connections() {
    let (heard, mut pushes) = mpsc::unbounded_channel();
    let app = axum::Router::new().route(
        "/push",
        post(async move |body: Bytes| {
            let _ = heard.send(serde_json::from_slice::<Value>(&body).unwrap());
            StatusCode::NO_CONTENT
        }),
    );
    let ear = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/push", ear.local_addr().unwrap());
    tokio::spawn(async { axum::serve(ear, app).await });
    let port = Port::open(Config::default()).await;
    port.gmail.set_subscription(Subscription::push("projects/bothways-sandbox/subscriptions/port", TOPIC, &endpoint));
    let token = port.gmail.grant(ANA, EVERYTHING).unwrap().access_token;
    // Another test of this program may have chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let call = async |path: &str, body: Value| {
        let request = client.post(format!("{}/gmail/v1/users/me/{path}", port.address)).bearer_auth(&token);
        request.header("content-type", "application/json").body(body.to_string()).send().await
    };
    // The push of this call is delivered before its answer, so it is here once the answer is.
    port.gmail.faults().once(Some("watch"), FaultKind::PushBeforeAnswer);
    assert!(call("watch", json!({ "topicName": TOPIC })).await.unwrap().status().is_success());
    assert_eq!(pushes.try_recv().unwrap()["subscription"], "projects/bothways-sandbox/subscriptions/port");
    let before = port.gmail.mailbox(BRUNO).unwrap().messages.len();
    port.gmail.faults().once(Some("messages.send"), FaultKind::AnswerLost);
    let mail = json!({ "raw": encoded("To: bruno@acme.example\nSubject: Lost\n\nx") });
    let error = call("messages/send", mail).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(port.gmail.mailbox(BRUNO).unwrap().messages.len(), before + 1);
    let page = client.get(&port.address).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Gmail (emulated)"));
    tokio::time::timeout(Duration::from_secs(10), port.close()).await.unwrap();
}

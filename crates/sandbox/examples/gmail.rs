//! Runs the emulated Gmail alone, and prints its address.
//!
//! `cargo run -p sandbox --example gmail [ADDRESS] [PUSH_ENDPOINT]`, by default on a free port.

use std::sync::Arc;

use sandbox::clock::SystemClock;
use sandbox::gmail::{App, Config, Gmail, Subscription};
use sandbox::serve;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    let base = format!("http://{}", listener.local_addr()?);
    println!("{base}");
    let mut app = App::default();
    if let Some(endpoint) = arguments.next() {
        let name = format!("projects/{}/subscriptions/gmail-push", app.project);
        app.subscriptions.push(Subscription::push(&name, &app.topics[0], &endpoint));
    }
    let gmail = Gmail::new(Config { app, base, people: true, ..Config::default() }, Arc::new(SystemClock));
    serve::run(gmail, listener, async {
        // Without a signal handler it would still run until it is killed.
        let _ = tokio::signal::ctrl_c().await;
    })
    .await
}

//! Runs the emulated Slack alone, and prints its address.
//!
//! `cargo run -p sandbox --example slack [ADDRESS] [EVENTS_URL]`, by default on a free port.

use std::sync::Arc;

use sandbox::clock::SystemClock;
use sandbox::serve;
use sandbox::slack::{App, Config, Slack};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let app = App { events_url: arguments.next(), ..App::default() };
    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    let slack = Slack::new(Config { app, people: true, ..Config::default() }, Arc::new(SystemClock));
    serve::run(slack, listener, async {
        // Without a signal handler it would still run until it is killed.
        let _ = tokio::signal::ctrl_c().await;
    })
    .await
}

//! Puts the sockets of Socket Mode on a port: WebSockets at `/link/`, and `/control/…` to drive them.
//!
//! | call | body | does |
//! | --- | --- | --- |
//! | `GET PUT /control/socket_mode` | `{"on":true}` | events come through sockets, or go to the app's address |
//! | `POST /control/sockets` | `{"goodbye":"warning"}` | says goodbye on all sockets, see `Goodbye` |

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Slack;
use super::sockets::Goodbye;

/// How often a socket is asked whether anybody is there.
const PING_EVERY: Duration = Duration::from_secs(5);
/// How long nobody may answer.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);
/// How long the other end may take to say goodbye as well.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);
/// The longest rest, so that a clock which jumps is noticed.
const REST_AT_MOST: Duration = Duration::from_secs(1);

pub fn routes() -> Router<Slack> {
    Router::new().route("/link/", get(link)).route("/link", get(link))
}

pub fn control() -> Router<Slack> {
    Router::new().route("/socket_mode", get(mode).put(set_mode)).route("/sockets", post(say_goodbye))
}

#[derive(Deserialize)]
struct Ticket {
    ticket: String,
    #[serde(default)]
    debug_reconnects: bool,
}

async fn link(Extract(slack): Extract<Slack>, Query(shown): Query<Ticket>, upgrade: WebSocketUpgrade) -> Response {
    match slack.open_socket(&shown.ticket, shown.debug_reconnects) {
        Ok(line) => {
            let gone = slack.clone();
            upgrade
                .on_failed_upgrade(move |_| gone.close_socket(line))
                .on_upgrade(async move |socket| {
                    hold(&slack, line, socket).await;
                    slack.close_socket(line);
                })
                .into_response()
        }
        Err(error) => (StatusCode::FORBIDDEN, error).into_response(),
    }
}

/// Holds a socket until either side ends it.
async fn hold(slack: &Slack, line: u64, mut socket: WebSocket) {
    let (mut heard_at, mut ping_at) = (Instant::now(), Instant::now() + PING_EVERY);
    loop {
        let woken = slack.inner.lines.notified();
        let outgoing = slack.take_frames(line);
        for frame in outgoing.frames {
            if socket.send(Message::text(frame)).await.is_err() {
                return;
            }
        }
        if outgoing.closed {
            // Whoever is gone already needs no goodbye.
            let _ = socket.send(Message::Close(None)).await;
            return answer_goodbye(&mut socket).await;
        }
        let rest = slack.socket_rest().min(REST_AT_MOST);
        tokio::select! {
            said = socket.recv() => match said {
                Some(Ok(Message::Text(frame))) => {
                    heard_at = Instant::now();
                    slack.hear_frame(&frame);
                }
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => heard_at = Instant::now(),
                Some(Ok(Message::Close(_))) => return answer_goodbye(&mut socket).await,
                Some(Err(_)) | None => return,
            },
            () = woken => {}
            () = tokio::time::sleep(rest) => {}
        }
        if heard_at.elapsed() > SILENT_AT_MOST {
            return;
        }
        if Instant::now() >= ping_at {
            ping_at = Instant::now() + PING_EVERY;
            if socket.send(Message::Ping("Ping from applink-sandbox".into())).await.is_err() {
                return;
            }
        }
    }
}

/// Lets a goodbye be answered: the library does so while it reads.
async fn answer_goodbye(socket: &mut WebSocket) {
    let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = tokio::time::timeout(GOODBYE_WITHIN, rest).await;
}

async fn mode(Extract(slack): Extract<Slack>) -> Json<Value> {
    Json(json!({ "on": slack.is_socket_mode(), "open": slack.sockets_open() }))
}

#[derive(Deserialize)]
struct Mode {
    on: bool,
}

async fn set_mode(Extract(slack): Extract<Slack>, Json(wish): Json<Mode>) -> Json<Value> {
    slack.set_socket_mode(wish.on);
    Json(json!({ "ok": true }))
}

#[derive(Deserialize)]
struct End {
    goodbye: Goodbye,
}

async fn say_goodbye(Extract(slack): Extract<Slack>, Json(wish): Json<End>) -> Json<Value> {
    slack.end_sockets(wish.goodbye);
    Json(json!({ "ok": true }))
}

impl Slack {
    /// Whether events come through sockets.
    pub fn is_socket_mode(&self) -> bool {
        self.lock().world.socket_mode
    }

    /// Lets events come through sockets from now on, or go to the app's address.
    pub fn set_socket_mode(&self, on: bool) {
        self.act(|state, now| state.set_socket_mode(now, on));
    }

    /// Opens a socket with the ticket of its address. Gives its number.
    pub fn open_socket(&self, ticket: &str, debug_reconnects: bool) -> Result<u64, super::Refusal> {
        self.act(|state, now| state.open_socket(now, ticket, debug_reconnects))
    }

    /// What a socket is to be sent now.
    pub fn take_frames(&self, line: u64) -> super::Outgoing {
        let (before, outgoing, after) = self.act(|state, now| {
            let before = state.unanswered();
            let outgoing = state.take_frames(now, line);
            (before, outgoing, state.unanswered())
        });
        if before != after {
            // An event may have been handed to another socket.
            self.inner.lines.notify_waiters();
        }
        outgoing
    }

    /// The app sent a frame.
    pub fn hear_frame(&self, frame: &str) {
        self.act(|state, now| state.hear_frame(now, frame));
        self.inner.settled.notify_waiters();
    }

    /// A socket is closed.
    pub fn close_socket(&self, line: u64) {
        self.act(|state, _| state.close_socket(line));
    }

    /// Nobody is at the other end of a socket any more, and nobody said so.
    pub fn lose_socket(&self, line: u64) {
        self.act(|state, now| state.lose_socket(now, line));
    }

    /// Others of the app open sockets, as many as there is room for, and are gone without a word.
    pub fn crowd_sockets(&self, most: usize) {
        self.act(|state, now| state.crowd_sockets(now, most));
    }

    /// Says goodbye on every open socket.
    pub fn end_sockets(&self, why: Goodbye) {
        self.act(|state, now| state.end_sockets(now, why));
        self.inner.lines.notify_waiters();
    }

    pub fn sockets_open(&self) -> usize {
        self.lock().sockets_open()
    }

    /// Events that are on a socket and not acknowledged yet.
    pub fn unanswered_events(&self) -> usize {
        self.lock().unanswered()
    }

    /// How long nothing happens by itself on any socket.
    fn socket_rest(&self) -> Duration {
        let state = self.lock();
        let due = [state.next_unanswered_micros(), state.next_goodbye_micros(), state.next_due_micros()];
        let due = due.into_iter().flatten().min();
        drop(state);
        due.map_or(REST_AT_MOST, |due| Duration::from_micros(u64::try_from(due - self.now_micros()).unwrap_or(0)))
    }
}

//! Sockets to one platform: WebSockets over the same wire as its calls, to the same hosts and by the same rules.
//!
//! Never opens one again by itself. No address is logged, since it holds a ticket.

use crate::http::{Wire, sorted};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use model::{
    http::HttpError,
    sockets::{Socket, SocketAddress, SocketError, Sockets},
    time::Timestamp,
    world::{Clock, Random},
};
use reqwest::{StatusCode, Upgraded, Url, header};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

/// How often the other end is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(5);
/// A socket on which nothing came for so long, not even a sign of life, is dead.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);
/// How long a frame may take to leave.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How long a goodbye may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Opens sockets to one platform.
pub struct WebSockets {
    /// The wire to it.
    pub wire: Arc<Wire>,
    /// The longest frame that is taken.
    pub most_bytes: usize,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
}

#[async_trait]
impl Sockets for WebSockets {
    async fn open(&self, address: &SocketAddress, deadline: Timestamp) -> Result<Box<dyn Socket>, HttpError> {
        let left = deadline.since(self.clock.now());
        if left.is_zero() {
            return Err(HttpError::NotSent("its time was over".to_owned()));
        }
        let upgraded = timeout(left, self.upgrade(address)).await;
        let upgraded = upgraded.map_err(|_| HttpError::Broken("no answer in time".to_owned()))??;
        Ok(Box::new(Line::over(upgraded, self.most_bytes).await))
    }
}

impl WebSockets {
    /// Asks the platform to go on as a WebSocket.
    async fn upgrade(&self, address: &SocketAddress) -> Result<Upgraded, HttpError> {
        let url = as_http(&address.0.0).ok_or_else(|| HttpError::Forbidden("a broken address".to_owned()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = self.wire.socket_client(&url).ok_or(HttpError::Forbidden(host))?;
        let mut nonce = [0; 16];
        self.random.fill(&mut nonce);
        let key = STANDARD.encode(nonce);
        let call = client
            .get(url)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let answer = call.send().await.map_err(|error| sorted(&error))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(HttpError::Broken(format!("the socket was answered {}", answer.status().as_u16())));
        }
        let accepted = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes());
        if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(HttpError::Broken("the answer is no WebSocket's".to_owned()));
        }
        answer.upgrade().await.map_err(|error| sorted(&error))
    }
}

/// The address as the wire knows it: WebSockets begin as HTTP.
fn as_http(address: &str) -> Option<Url> {
    let (scheme, rest) = address.split_once("://")?;
    let scheme = match scheme {
        "wss" => "https",
        "ws" => "http",
        _ => return None,
    };
    Url::parse(&format!("{scheme}://{rest}")).ok()
}

/// An open socket, over whatever carries it.
struct Line<W> {
    stream: WebSocketStream<W>,
    heard_at: Instant,
    ping_at: Instant,
}

#[async_trait]
impl<W: AsyncRead + AsyncWrite + Send + Unpin> Socket for Line<W> {
    async fn next(&mut self) -> Result<Bytes, SocketError> {
        loop {
            if self.heard_at.elapsed() >= SILENT_AT_MOST {
                return Err(SocketError::Silent);
            }
            tokio::select! {
                came = self.stream.next() => {
                    self.heard_at = Instant::now();
                    match came {
                        Some(Ok(Message::Text(text))) => return Ok(text.into()),
                        Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                        // The library answers signs of life by itself.
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                        Some(Ok(Message::Close(_))) | None => return Err(SocketError::Closed),
                        Some(Err(error)) => return Err(broken(&error)),
                    }
                }
                () = sleep_until(self.ping_at) => {
                    self.ping_at = Instant::now() + PING_EVERY;
                    self.put(Message::Ping(Bytes::new())).await?;
                }
            }
        }
    }

    async fn send(&mut self, frame: Bytes) -> Result<(), SocketError> {
        let text = String::from_utf8(frame.into()).map_err(|_| SocketError::Broken("it was no text".to_owned()))?;
        self.put(Message::text(text)).await
    }

    async fn close(&mut self) {
        // Whoever does not take it notices by themselves.
        let _ = timeout(CLOSE_WITHIN, self.stream.close(None)).await;
    }
}

impl<W: AsyncRead + AsyncWrite + Unpin> Line<W> {
    async fn over(wire: W, most_bytes: usize) -> Self {
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(most_bytes))
            .max_frame_size(Some(most_bytes))
            .max_write_buffer_size(most_bytes.saturating_add(WebSocketConfig::default().write_buffer_size));
        let stream = WebSocketStream::from_raw_socket(wire, Role::Client, Some(bounds)).await;
        Self { stream, heard_at: Instant::now(), ping_at: Instant::now() + PING_EVERY }
    }

    async fn put(&mut self, message: Message) -> Result<(), SocketError> {
        let sent = timeout(SEND_WITHIN, self.stream.send(message)).await;
        sent.map_err(|_| SocketError::Silent)?.map_err(|error| broken(&error))
    }
}

/// Sorted without what came: it may be somebody's message.
fn broken(error: &tungstenite::Error) -> SocketError {
    let why = match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => return SocketError::Closed,
        tungstenite::Error::Capacity(_) => "a frame was longer than limits.body_bytes",
        tungstenite::Error::Io(_) => "the connection broke off",
        _ => "it did not keep to the protocol",
    };
    SocketError::Broken(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    const MOST_BYTES: usize = 1_000;

    /// Both ends of a socket.
    async fn ends() -> (Line<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (ours, theirs) = duplex(64 * 1024);
        (Line::over(ours, MOST_BYTES).await, WebSocketStream::from_raw_socket(theirs, Role::Server, None).await)
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_on_which_nothing_comes_is_dead() {
        let (mut line, mut platform) = ends().await;
        let begun = Instant::now();
        platform.send(Message::text("{}")).await.unwrap();
        assert_eq!(line.next().await.unwrap(), "{}");
        // The other end takes what is sent, and says nothing: not even that it lives.
        assert!(matches!(line.next().await, Err(SocketError::Silent)));
        assert_eq!(begun.elapsed().as_secs(), SILENT_AT_MOST.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn signs_of_life_keep_a_socket_open() {
        let (mut line, mut platform) = ends().await;
        let ours = tokio::spawn(async move { line.next().await });
        for _ in 0..20 {
            let sign = platform.next().await.unwrap().unwrap();
            assert!(matches!(sign, Message::Ping(_)), "{sign:?}");
        }
        platform.send(Message::text("late")).await.unwrap();
        let told = async { while !matches!(platform.next().await, None | Some(Err(_))) {} };
        let (came, ()) = tokio::join!(ours, told);
        assert_eq!(came.unwrap().unwrap(), "late");
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_is_too_long_is_not_taken_in() {
        let (mut line, mut platform) = ends().await;
        platform.send(Message::text("x".repeat(MOST_BYTES))).await.unwrap();
        assert_eq!(line.next().await.unwrap().len(), MOST_BYTES);
        platform.send(Message::text("secret ".repeat(MOST_BYTES))).await.unwrap();
        let Err(SocketError::Broken(why)) = line.next().await else { panic!("it was taken in") };
        assert_eq!(why, "a frame was longer than limits.body_bytes");
    }

    #[test]
    fn an_address_of_a_socket_is_one_of_the_wire() {
        let url = |address: &str| as_http(address).map(|url| url.to_string());
        assert_eq!(
            url("wss://wss-primary.slack.com/link/?ticket=t").as_deref(),
            Some("https://wss-primary.slack.com/link/?ticket=t")
        );
        assert_eq!(url("ws://127.0.0.1:8091/link/").as_deref(), Some("http://127.0.0.1:8091/link/"));
        for odd in ["https://slack.com/", "file:///etc/passwd", "wss:slack.com", "", "wss://"] {
            assert_eq!(url(odd), None, "{odd}");
        }
    }
}

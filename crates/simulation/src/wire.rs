//! The wire between a server and Slack: the emulator's router without a socket, and what can go wrong
//! on the way.

use crate::{chance::Chance, executor::pause, given::SimClock};
use async_trait::async_trait;
use axum::{Router, body::Body};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use model::{
    http::{BrokenOff, Chunks, Http, HttpError, Incoming, Method, Request, Response, Transfer},
    time::Timestamp,
    world::Clock,
};
use sandbox::slack::{AfterEvents, AnswerLost};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use std::time::Duration;
use tower::ServiceExt;

/// The wire of one server.
pub struct Wire {
    pub router: Router,
    pub clock: Arc<SimClock>,
    pub chance: Arc<Chance>,
    /// Whether calls may be slow.
    pub may_fail: Arc<AtomicBool>,
    pub slow: Arc<AtomicU64>,
}

impl Wire {
    fn is_slow(&self) -> bool {
        let slow = self.may_fail.load(Ordering::Relaxed) && self.chance.one_in(20);
        self.slow.fetch_add(u64::from(slow), Ordering::Relaxed);
        slow
    }

    /// A call or its answer takes its time, but nobody waits beyond the deadline.
    async fn wait_for(&self, span: Duration, deadline: Timestamp) {
        let until = (self.clock.now() + span).min(deadline);
        while self.clock.now() < until {
            pause().await;
        }
    }
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        pause().await;
        if self.is_slow() {
            self.wait_for(Duration::from_millis(self.chance.below(40_000) as u64), request.deadline).await;
        }
        // Nothing stands between this look at the clock and the effect of the call.
        if self.clock.now() >= request.deadline {
            return Err(HttpError::NotSent("the deadline has passed".to_owned()));
        }
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let mut call = axum::http::Request::builder().method(method).uri(&request.url);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        let call = call.body(Body::from(request.body)).map_err(|error| HttpError::NotSent(error.to_string()))?;
        let answer = self.router.clone().oneshot(call).await.map_err(|never| HttpError::Broken(never.to_string()))?;
        if answer.extensions().get::<AfterEvents>().is_some() {
            self.wait_for(Duration::from_millis(self.chance.below(4_000) as u64), request.deadline).await;
        }
        if self.is_slow() {
            self.wait_for(Duration::from_millis(self.chance.below(40_000) as u64), request.deadline).await;
        }
        pause().await;
        if answer.extensions().get::<AnswerLost>().is_some() || self.clock.now() >= request.deadline {
            return Err(HttpError::Broken("the answer was lost".to_owned()));
        }
        let status = answer.status().as_u16();
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = answer.into_body().collect().await.map_err(|error| HttpError::Broken(error.to_string()))?.to_bytes();
        Ok(Response { status, headers, body })
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError> {
        let body = match transfer.body {
            Some(mut body) => {
                gathered(&mut *body.chunks).await.map_err(|error| HttpError::Broken(error.to_string()))?
            }
            None => Bytes::new(),
        };
        let Transfer { method, url, headers, deadline, .. } = transfer;
        let answer = self.send(Request { method, url, headers, body, deadline, quotas: Vec::new() }).await?;
        Ok(Incoming { status: answer.status, headers: answer.headers, chunks: Box::new(Pieces(answer.body)) })
    }
}

/// Bytes that are here already, and may be taken piece by piece.
pub struct Pieces(pub Bytes);

/// What part of the rest a piece is: a small file has several, and a large one not too many.
const PARTS: usize = 4;

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        pause().await;
        let piece = self.0.split_to(self.0.len().div_ceil(PARTS));
        Ok((!piece.is_empty()).then_some(piece))
    }
}

/// All pieces together.
pub async fn gathered(chunks: &mut dyn Chunks) -> Result<Bytes, BrokenOff> {
    let mut all = BytesMut::new();
    while let Some(piece) = chunks.next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

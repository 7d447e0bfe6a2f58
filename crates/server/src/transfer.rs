//! Bytes on their way between a platform and somebody else: never a whole file at once, and never for ever.

use crate::http::sorted;
use async_trait::async_trait;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream::try_unfold};
use model::http::{BrokenOff, Chunks};
use std::time::Duration;

/// How long nothing may come before it is called broken off.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// The body of a platform's answer, with its bounds.
pub struct Arriving {
    answer: reqwest::Response,
    left_bytes: u64,
}

impl Arriving {
    /// Passes on at most so many bytes.
    pub fn new(answer: reqwest::Response, most_bytes: u64) -> Self {
        Self { answer, left_bytes: most_bytes }
    }
}

#[async_trait]
impl Chunks for Arriving {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        let came = tokio::time::timeout(LONGEST_SILENCE, self.answer.chunk()).await;
        let came = came.map_err(|_| BrokenOff("the platform sent nothing for too long".to_owned()))?;
        let Some(bytes) = came.map_err(|error| BrokenOff(sorted(&error).to_string()))? else { return Ok(None) };
        let left = self.left_bytes.checked_sub(bytes.len() as u64);
        self.left_bytes = left.ok_or_else(|| BrokenOff("the platform sent more than is passed on".to_owned()))?;
        Ok(Some(bytes))
    }
}

/// The body of somebody's request, piece by piece.
pub struct Incoming(BodyDataStream);

impl Incoming {
    /// What comes in a body.
    pub fn new(body: Body) -> Self {
        Self(body.into_data_stream())
    }
}

#[async_trait]
impl Chunks for Incoming {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        let came = tokio::time::timeout(LONGEST_SILENCE, self.0.next()).await;
        let came = came.map_err(|_| BrokenOff("nothing came for too long".to_owned()))?;
        came.transpose().map_err(|error| BrokenOff(error.to_string()))
    }
}

/// The pieces as a stream. The next is asked for when somebody wants it.
pub fn stream(chunks: Box<dyn Chunks>) -> impl Stream<Item = Result<Bytes, BrokenOff>> + Send + 'static {
    try_unfold(chunks, |mut chunks| async move { Ok(chunks.next().await?.map(|bytes| (bytes, chunks))) })
}

/// The pieces as the body of an answer, which holds `seat` until its end.
pub fn body<Seat: Send + 'static>(chunks: Box<dyn Chunks>, seat: Seat) -> Body {
    Body::from_stream(try_unfold((chunks, seat), |(mut chunks, seat)| async move {
        Ok::<_, BrokenOff>(chunks.next().await?.map(|bytes| (bytes, (chunks, seat))))
    }))
}

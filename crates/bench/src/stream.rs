//! Listens to the feed, as an app does.

use anyhow::Context;
use futures_util::StreamExt;
use reqwest::RequestBuilder;
use std::time::Duration;

/// How long one stream may be open.
const LONGEST_STREAM: Duration = Duration::from_secs(600);

/// An open event stream.
pub struct Stream {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    held: Vec<u8>,
}

impl Stream {
    /// Opens it. It tells what happens from now on.
    pub async fn open(asking: RequestBuilder) -> anyhow::Result<Self> {
        let answer = asking.timeout(LONGEST_STREAM).send().await?.error_for_status()?;
        Ok(Self { bytes: Box::pin(answer.bytes_stream()), held: Vec::new() })
    }

    /// The data of the next event.
    pub async fn next(&mut self) -> anyhow::Result<String> {
        let mut looked = 0;
        loop {
            if let Some(at) = self.held[looked..].windows(2).position(|window| window == b"\n\n") {
                let frame: Vec<u8> = self.held.drain(..looked + at + 2).collect();
                let frame = String::from_utf8(frame)?;
                if let Some(data) = frame.lines().find_map(|line| line.strip_prefix("data:")) {
                    return Ok(data.to_owned());
                }
                looked = 0;
                continue;
            }
            looked = self.held.len().saturating_sub(1);
            self.held.extend(self.bytes.next().await.context("the stream goes on")??);
        }
    }
}

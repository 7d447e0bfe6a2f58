//! Bytes from and to Slack's file host, piece by piece.
//!
//! A token goes no further than the host that Slack named for the file.

use crate::slack::{
    client::Client,
    problem::{self, Effect},
};
use model::{
    connector::ConnectorError,
    http::{HttpError, Incoming, Method, Outgoing, Reach, Transfer},
};

/// What came of asking for a file.
pub enum Fetched {
    /// An answer, which may be the file.
    Answer(Incoming),
    /// Redirects led nowhere, or to where we do not go.
    Nothing,
}

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 3;
/// The longest answer to the bytes of a file.
const LONGEST_NOTE_BYTES: u64 = 64 * 1024;
/// The largest file that Slack has.
const LONGEST_FILE_BYTES: u64 = 1024 * 1024 * 1024;

impl Client<'_> {
    /// Brings the bytes of a file to the address that Slack gave for them, which needs no token. Gives the
    /// status of the answer.
    pub async fn upload(&self, address: &str, body: Outgoing) -> Result<u16, ConnectorError> {
        let transfer = Transfer {
            method: Method::Post,
            url: address.to_owned(),
            reach: Reach::Platform,
            headers: vec![("content-type".to_owned(), "application/octet-stream".to_owned())],
            body: Some(body),
            deadline: self.deadline,
            most_bytes: LONGEST_NOTE_BYTES,
            // The file hosts count by no method.
            quotas: Vec::new(),
        };
        let answer = self.http.transfer(transfer).await;
        answer.map(|answer| answer.status).map_err(|error| problem::unanswered(error, Effect::Repeatable))
    }

    /// Begins to fetch a file. A redirect is followed as far as its target may be called; the token goes no
    /// further than the host that Slack named.
    pub async fn fetch(&self, address: &str, range: Option<&str>) -> Result<Fetched, ConnectorError> {
        let origin = origin(address).unwrap_or_default().to_owned();
        let mut url = address.to_owned();
        for _ in 0..=MOST_REDIRECTS {
            let at_home = self::origin(&url) == Some(&origin);
            let mut headers: Vec<_> = range.map(|range| ("range".to_owned(), range.to_owned())).into_iter().collect();
            headers.extend(at_home.then(|| ("authorization".to_owned(), format!("Bearer {}", self.token))));
            let transfer = Transfer {
                method: Method::Get,
                url: url.clone(),
                reach: if at_home { Reach::Platform } else { Reach::Anywhere },
                headers,
                body: None,
                deadline: self.deadline,
                most_bytes: LONGEST_FILE_BYTES,
                quotas: Vec::new(),
            };
            let answer = match self.http.transfer(transfer).await {
                Ok(answer) => answer,
                Err(HttpError::Forbidden(_)) if !at_home => return Ok(Fetched::Nothing),
                Err(error) => return Err(problem::unanswered(error, Effect::Repeatable)),
            };
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(Fetched::Answer(answer));
            }
            let Some(target) = answer.header("location").and_then(|target| led_to(&url, target)) else { break };
            url = target;
        }
        Ok(Fetched::Nothing)
    }
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |end| start + end);
    Some(&url[..end])
}

/// The address that a redirect leads to.
fn led_to(from: &str, target: &str) -> Option<String> {
    if target.starts_with('/') && !target.starts_with("//") {
        return Some(format!("{}{target}", origin(from)?));
    }
    target.contains("://").then(|| target.to_owned())
}

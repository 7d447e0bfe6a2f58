//! Bytes from and to Gmail, piece by piece: what is too long to be held whole.

use crate::gmail::{
    client::{API, Client, host, path},
    limits,
    long_text::LongText,
    problem::{self, CallError, Effect},
};
use model::http::{BrokenOff, Chunks, Incoming, Method, Reach, Response, Transfer};

/// The longest answer that holds a file: more than the largest mail that Gmail takes in, in base64.
const LONGEST_FILE_ANSWER_BYTES: u64 = 256 << 20;
/// The longest answer that holds a few words.
const LONGEST_NOTE_BYTES: u64 = 64 << 10;

impl Client<'_> {
    /// `users.messages.attachments.get`, as it comes.
    pub async fn attachment(&self, message: &str, id: &str) -> Result<LongText, CallError> {
        let path = format!("{}/attachments/{id}?prettyPrint=false", path("messages", message)?);
        let answer = self.fetch("messages.attachments.get", &path).await?;
        Ok(LongText::new(answer.chunks, "data"))
    }

    /// A mail's own bytes, as they come.
    pub async fn raw(&self, message: &str) -> Result<LongText, CallError> {
        let path = format!("{}?format=raw&fields=raw&prettyPrint=false", path("messages", message)?);
        let answer = self.fetch("messages.get", &path).await?;
        Ok(LongText::new(answer.chunks, "raw"))
    }

    async fn fetch(&self, method: &str, path: &str) -> Result<Incoming, CallError> {
        let url = format!("{}/gmail/v1/users/me/{path}", host(self.settings, API));
        let call = self.transfer(method, Method::Get, url, LONGEST_FILE_ANSWER_BYTES);
        self.begun(call, Effect::Repeatable).await
    }

    pub(super) fn transfer(&self, method: &str, how: Method, url: String, most_bytes: u64) -> Transfer {
        Transfer {
            method: how,
            url,
            reach: Reach::Platform,
            headers: vec![("authorization".to_owned(), format!("Bearer {}", self.token))],
            body: None,
            deadline: self.deadline,
            most_bytes,
            quotas: limits::quotas(self.settings, method, 1, self.account.as_str()),
        }
    }

    /// An answer that is a success, once it has begun.
    pub(super) async fn begun(&self, transfer: Transfer, effect: Effect) -> Result<Incoming, CallError> {
        let answer = self.http.transfer(transfer).await.map_err(|error| problem::unanswered(error, effect))?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let Incoming { status, headers, mut chunks } = answer;
        // The status tells enough where its words do not come.
        let body = held(&mut *chunks, LONGEST_NOTE_BYTES).await.unwrap_or_default().into();
        Err(problem::understand(&Response { status, headers, body }, effect, &self.account, self.clock.now()))
    }
}

/// All pieces together, if they are no more than so many bytes.
pub async fn held(chunks: &mut dyn Chunks, most_bytes: u64) -> Result<Vec<u8>, BrokenOff> {
    let mut all = Vec::new();
    while let Some(piece) = chunks.next().await? {
        if (all.len() + piece.len()) as u64 > most_bytes {
            return Err(BrokenOff("it is longer than is held".to_owned()));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

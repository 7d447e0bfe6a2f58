//! Full-text search: what a text is found by, what a question asks for, and where it is answered.
//!
//! Pure. An index answers with candidates; whether one holds what was asked is decided here, by the
//! same tokens, on the text as it is by now. So an index that is behind never shows what is gone.

mod clauses;
mod question;
mod snippet;
mod tokens;

pub use question::{LONGEST_QUESTION, Question, Term};
pub use snippet::{Piece, snippet};
pub use tokens::{Token, Tokens, tokens};

use crate::id::{ChatId, ConnectionId, ExternalId};
use sha2::{Digest, Sha256};

/// A text with its tokens, to look into.
#[derive(Clone, Debug, Default)]
pub struct Haystack {
    /// What it is found by.
    pub tokens: Tokens,
    /// The text as it is compared letter by letter.
    pub folded: String,
}

impl Haystack {
    /// A text to look into.
    pub fn new(text: &str) -> Self {
        Self { tokens: tokens(text), folded: tokens::folded(text) }
    }
}

/// What a person's messages bear in the index, whatever name the person has by now.
pub fn person_mark(connection: ConnectionId, person: &ExternalId) -> String {
    let hash = Sha256::digest(format!("{connection}\n{person}"));
    format!("\u{e001}{}", hex::encode(&hash[..8]))
}

/// What the messages of a chat bear in the index.
pub fn chat_mark(chat: ChatId) -> String {
    short_mark('\u{e002}', &chat.to_string())
}

/// What the entries of a connection bear in the index.
pub fn connection_mark(connection: ConnectionId) -> String {
    short_mark('\u{e003}', &connection.to_string())
}

fn short_mark(kind: char, id: &str) -> String {
    format!("{kind}{}", hex::encode(&Sha256::digest(id)[..8]))
}

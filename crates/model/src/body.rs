//! What a message says: text in which people and chats are named, not quoted.

use crate::id::ExternalId;
use serde::{Deserialize, Serialize};

/// A stretch of a message's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Span {
    /// Words as they stand.
    Text {
        /// The words.
        text: String,
    },
    /// A person or bot is mentioned. Shown as `@name`, with the name they bear by now.
    Person {
        /// Who.
        id: ExternalId,
        /// What to show while the name is not known.
        fallback: String,
    },
    /// A chat is mentioned. Shown as `#name`.
    Chat {
        /// Which.
        id: ExternalId,
        /// What to show while the name is not known.
        fallback: String,
    },
}

/// A message's text, kept so that a name learnt later is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Body {
    /// The stretches, in reading order; two of text never touch.
    pub spans: Vec<Span>,
}

impl Body {
    /// A body of plain words.
    pub fn plain(text: impl Into<String>) -> Self {
        let mut body = Self::default();
        body.push_text(&text.into());
        body
    }

    /// Adds words at the end.
    pub fn push_text(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        match self.spans.last_mut() {
            Some(Span::Text { text }) => text.push_str(words),
            _ => self.spans.push(Span::Text { text: words.to_owned() }),
        }
    }

    /// Adds a mention of a person at the end.
    pub fn push_person(&mut self, id: ExternalId, fallback: impl Into<String>) {
        self.spans.push(Span::Person { id, fallback: fallback.into() });
    }

    /// Adds a mention of a chat at the end.
    pub fn push_chat(&mut self, id: ExternalId, fallback: impl Into<String>) {
        self.spans.push(Span::Chat { id, fallback: fallback.into() });
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The people who are mentioned.
    pub fn people(&self) -> impl Iterator<Item = &ExternalId> {
        self.spans.iter().filter_map(|span| match span {
            Span::Person { id, .. } => Some(id),
            Span::Text { .. } | Span::Chat { .. } => None,
        })
    }

    /// The chats that are mentioned.
    pub fn chats(&self) -> impl Iterator<Item = &ExternalId> {
        self.spans.iter().filter_map(|span| match span {
            Span::Chat { id, .. } => Some(id),
            Span::Text { .. } | Span::Person { .. } => None,
        })
    }

    /// The text as a reader sees it; `person` and `chat` give the names known by now.
    pub fn text(
        &self,
        person: impl Fn(&ExternalId) -> Option<String>,
        chat: impl Fn(&ExternalId) -> Option<String>,
    ) -> String {
        let mut shown = String::new();
        for span in &self.spans {
            match span {
                Span::Text { text } => shown.push_str(text),
                Span::Person { id, fallback } => {
                    shown.push('@');
                    shown.push_str(&person(id).unwrap_or_else(|| fallback.clone()));
                }
                Span::Chat { id, fallback } => {
                    shown.push('#');
                    shown.push_str(&chat(id).unwrap_or_else(|| fallback.clone()));
                }
            }
        }
        shown
    }
}

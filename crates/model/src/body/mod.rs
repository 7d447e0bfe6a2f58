//! What a message says: blocks of words in which people and chats are named, not quoted.
//!
//! A body is a value without any platform's accent. It is made by [`Builder`] alone, so two that read
//! the same are the same. It stays within bounds that any stack can bear: see [`DEEPEST`].

mod builder;
pub mod html;
#[cfg(test)]
mod laws;
pub mod markdown;
mod named;
mod paragraphs;
mod text;
mod typed;

pub use builder::Builder;
pub use typed::Known;

use crate::id::ExternalId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How deep quotes and lists may stand in each other. What is deeper is said at this depth.
pub const DEEPEST: usize = 8;
/// The greatest number that a list may begin with.
pub const HIGHEST_NUMBER: u32 = 999_999_999;
/// The longest address of a link, in bytes. A longer one is words.
pub const LONGEST_ADDRESS: usize = 4_000;

/// How words look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    /// Stressed strongly.
    #[serde(skip_serializing_if = "is_not")]
    pub bold: bool,
    /// Stressed.
    #[serde(skip_serializing_if = "is_not")]
    pub italic: bool,
    /// Struck through: no longer said.
    #[serde(skip_serializing_if = "is_not")]
    pub strike: bool,
    /// As a program would have it.
    #[serde(skip_serializing_if = "is_not")]
    pub code: bool,
}

impl Style {
    /// Nothing special.
    pub const PLAIN: Self = Self { bold: false, italic: false, strike: false, code: false };

    fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }
}

fn is_not(flag: &bool) -> bool {
    !flag
}

/// Whom a message calls, when it calls many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// Those who are there now.
    Here,
    /// All of the chat.
    Channel,
    /// All of the account.
    Everyone,
}

/// What a stretch of words is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Words as they stand.
    Text {
        /// The words. A line break is `\n`, and bears no style.
        text: String,
    },
    /// Words that lead somewhere.
    Link {
        /// Where: http, https or mailto.
        address: String,
        /// What stands for it; often the address itself.
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
    /// A group of people is mentioned. Shown as `@name`.
    Group {
        /// Which.
        id: ExternalId,
        /// What to show.
        fallback: String,
    },
    /// Many are called at once. Shown as `@here` and the like.
    Broadcast {
        /// Whom.
        range: Range,
    },
    /// An emoji that no character stands for. Shown as `:name:`.
    Emoji {
        /// Its name at the platform.
        name: String,
    },
    /// A time, which a platform shows by each reader's clock.
    Date {
        /// Seconds since 1970.
        seconds: i64,
        /// How the platform was asked to show it.
        format: String,
        /// What to show elsewhere.
        fallback: String,
    },
}

/// A stretch of words in one style.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// What it is.
    #[serde(flatten)]
    pub what: What,
    /// How it looks.
    #[serde(default, skip_serializing_if = "Style::is_plain")]
    pub style: Style,
}

/// A part of a message that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// Lines of words; an empty line parts paragraphs. Two of these never touch.
    Words {
        /// The stretches, in reading order.
        spans: Vec<Span>,
    },
    /// Lines of code.
    Code {
        /// The language, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
        /// The lines, as they stand.
        text: String,
    },
    /// What somebody else said. Two of these never touch.
    Quote {
        /// What they said.
        blocks: Vec<Block>,
    },
    /// Points, each of which may hold blocks of its own.
    List {
        /// The first number; none for bullets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<u32>,
        /// The points; none is empty.
        items: Vec<Vec<Block>>,
    },
}

/// What a message says, kept so that a name learnt later is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Body {
    blocks: Vec<Block>,
}

/// A body of words alone is stored as its spans, which is all that the first version knew.
impl Serialize for Body {
    fn serialize<S: Serializer>(&self, store: S) -> Result<S::Ok, S::Error> {
        match self.blocks.as_slice() {
            [Block::Words { spans }] => spans.serialize(store),
            blocks => blocks.serialize(store),
        }
    }
}

/// A part of a body as it is stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Block(Block),
    Span(Span),
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(stored: D) -> Result<Self, D::Error> {
        let mut builder = Builder::default();
        for part in Vec::<Stored>::deserialize(stored)? {
            match part {
                Stored::Block(block) => builder.block(&block),
                Stored::Span(span) => builder.span(span),
            }
        }
        Ok(builder.finish())
    }
}

impl Body {
    /// A body of plain words.
    pub fn plain(text: impl AsRef<str>) -> Self {
        let mut builder = Builder::default();
        builder.text(text.as_ref(), Style::PLAIN);
        builder.finish()
    }

    /// The parts, in reading order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether it is words alone, without any look, link or mention.
    pub fn is_plain(&self) -> bool {
        match self.blocks.as_slice() {
            [] => true,
            [Block::Words { spans }] => {
                spans.iter().all(|span| span.style.is_plain() && matches!(span.what, What::Text { .. }))
            }
            _ => false,
        }
    }

    /// All stretches of words, in reading order.
    pub fn spans(&self) -> Vec<&Span> {
        let mut spans = Vec::new();
        gather(&self.blocks, &mut spans);
        spans
    }

    /// The people who are mentioned.
    pub fn people(&self) -> impl Iterator<Item = &ExternalId> {
        self.spans().into_iter().filter_map(|span| match &span.what {
            What::Person { id, .. } => Some(id),
            _ => None,
        })
    }

    /// The emoji that no character stands for, by name.
    pub fn emoji(&self) -> impl Iterator<Item = &str> {
        self.spans().into_iter().filter_map(|span| match &span.what {
            What::Emoji { name } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The chats that are mentioned.
    pub fn chats(&self) -> impl Iterator<Item = &ExternalId> {
        self.spans().into_iter().filter_map(|span| match &span.what {
            What::Chat { id, .. } => Some(id),
            _ => None,
        })
    }
}

fn gather<'a>(blocks: &'a [Block], spans: &mut Vec<&'a Span>) {
    for block in blocks {
        match block {
            Block::Words { spans: own } => spans.extend(own),
            Block::Code { .. } => {}
            Block::Quote { blocks } => gather(blocks, spans),
            Block::List { items, .. } => items.iter().for_each(|item| gather(item, spans)),
        }
    }
}

/// The names of people and chats, as known by now.
pub trait Naming {
    /// A person's name.
    fn person(&self, id: &ExternalId) -> Option<String>;
    /// A chat's name.
    fn chat(&self, id: &ExternalId) -> Option<String>;
}

/// Nobody's name is known.
#[derive(Clone, Copy, Debug)]
pub struct Nameless;

impl Naming for Nameless {
    fn person(&self, _: &ExternalId) -> Option<String> {
        None
    }

    fn chat(&self, _: &ExternalId) -> Option<String> {
        None
    }
}

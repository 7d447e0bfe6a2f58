//! What neither Markdown nor HTML has a word for (mentions, custom emoji, dates): a kind, a value and
//! what a reader sees.

use super::{Naming, Range, What};
use crate::id::ExternalId;

/// What a reader sees of it.
pub(super) fn label(what: &What, names: &impl Naming) -> String {
    match what {
        What::Text { text } | What::Link { text, .. } => text.clone(),
        What::Person { id, fallback } => format!("@{}", names.person(id).unwrap_or_else(|| fallback.clone())),
        What::Chat { id, fallback } => format!("#{}", names.chat(id).unwrap_or_else(|| fallback.clone())),
        What::Group { fallback, .. } => format!("@{fallback}"),
        What::Broadcast { range } => format!("@{}", range_name(*range)),
        What::Emoji { name } => format!(":{name}:"),
        What::Date { fallback, .. } => fallback.clone(),
    }
}

/// Its kind and value. None for words and links, which both languages know.
pub(super) fn parts(what: &What) -> Option<(&'static str, String)> {
    Some(match what {
        What::Text { .. } | What::Link { .. } => return None,
        What::Person { id, .. } => ("person", id.as_str().to_owned()),
        What::Chat { id, .. } => ("chat", id.as_str().to_owned()),
        What::Group { id, .. } => ("group", id.as_str().to_owned()),
        What::Broadcast { range } => ("broadcast", range_name(*range).to_owned()),
        What::Emoji { name } => ("emoji", name.clone()),
        What::Date { seconds, format, .. } => ("date", format!("{seconds} {format}")),
    })
}

/// What a kind, a value and a label mean. None if they mean nothing.
pub(super) fn read(kind: &str, value: &str, label: &str) -> Option<What> {
    let without = |sign: char| label.strip_prefix(sign).unwrap_or(label).to_owned();
    let id = ExternalId::from(value);
    if value.is_empty() {
        return None;
    }
    Some(match kind {
        "person" => What::Person { id, fallback: without('@') },
        "chat" => What::Chat { id, fallback: without('#') },
        "group" => What::Group { id, fallback: without('@') },
        "broadcast" => What::Broadcast { range: range(value)? },
        "emoji" => What::Emoji { name: value.to_owned() },
        "date" => {
            let (seconds, format) = value.split_once(' ').unwrap_or((value, ""));
            What::Date { seconds: seconds.parse().ok()?, format: format.to_owned(), fallback: label.to_owned() }
        }
        _ => return None,
    })
}

/// The name by which many are called.
fn range_name(range: Range) -> &'static str {
    match range {
        Range::Here => "here",
        Range::Channel => "channel",
        Range::Everyone => "everyone",
    }
}

/// Whom a name calls.
fn range(name: &str) -> Option<Range> {
    [Range::Here, Range::Channel, Range::Everyone].into_iter().find(|range| range_name(*range) == name)
}

//! An emoji that somebody puts under a mail, which Gmail sends as a mail of its own.

use super::{ids::MessageId, tree::Node};
use serde::{Deserialize, Serialize};

/// The longest part that is read, in bytes.
const LONGEST_BYTES: usize = 1_024;
/// The longest emoji, in bytes: a family of many takes some fifty.
const LONGEST_EMOJI_BYTES: usize = 100;

/// An emoji under a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// The mail that it is under.
    pub to: MessageId,
}

/// What the part holds.
#[derive(Deserialize)]
struct Held {
    emoji: String,
    version: serde_json::Value,
}

/// Reads a reaction, if the mail is one. One that is not as it should be is a mail like any other.
pub fn read(root: &Node<'_>, answers: &[MessageId]) -> Option<Reaction> {
    let part = find(root)?;
    let bytes = part.bytes();
    if bytes.len() > LONGEST_BYTES || part.disposition == "attachment" {
        return None;
    }
    let held: Held = serde_json::from_slice(&bytes).ok()?;
    let emoji = held.emoji.trim();
    let is_valid = held.version.as_u64() == Some(1) && is_one_emoji(emoji);
    let to = answers.first().filter(|_| answers.len() == 1)?;
    is_valid.then(|| Reaction { emoji: emoji.to_owned(), to: to.clone() })
}

fn find<'a, 'b>(node: &'b Node<'a>) -> Option<&'b Node<'a>> {
    let is = node.kind.is("text", "vnd.google.email-reaction+json");
    if is { Some(node) } else { node.parts.iter().find_map(find) }
}

/// Whether it is one emoji: a sign with what changes it, or some that are joined.
fn is_one_emoji(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let changes = |letter: char| matches!(letter, '\u{fe0f}' | '\u{fe0e}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}');
    let is_flag = |letter: char| matches!(letter, '\u{1f1e6}'..='\u{1f1ff}');
    let is_sign = |letter: char| {
        matches!(letter, '\u{a9}' | '\u{ae}' | '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}') && !is_flag(letter)
    };
    if text.len() > LONGEST_EMOJI_BYTES {
        return false;
    }
    match letters.as_slice() {
        [first, second] if is_flag(*first) && is_flag(*second) => return true,
        [key, rest @ ..] if key.is_ascii_digit() || matches!(key, '#' | '*') => {
            return rest.ends_with(&['\u{20e3}']) && rest.iter().all(|letter| changes(*letter));
        }
        _ => {}
    }
    let signs = text.split('\u{200d}').all(|sign| {
        let mut letters = sign.chars();
        letters.next().is_some_and(is_sign) && letters.all(changes)
    });
    signs && !letters.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_emoji_is_a_reaction() {
        for text in ["👍", "❤️", "👍🏽", "🇵🇹", "👨‍👩‍👧", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☺"]
        {
            assert!(is_one_emoji(text), "{text}");
        }
        for text in ["", "👍👍", "ok", "1", "👍 ", "🇵", "\u{200d}", "a👍", "🏽"] {
            assert!(text == "🏽" || !is_one_emoji(text), "{text}");
        }
    }
}

//! Message-IDs: how mails name each other.
//!
//! They are compared as they are, never by their letters' case.

use super::{
    bounds::{LONGEST_ID_BYTES, MOST_REFERENCES},
    fields::{Fields, unfolded},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// How much of a References is read, in bytes.
const LONGEST_REFERENCES_BYTES: usize = 64 << 10;
/// What an id ends in that was too long to be kept.
const HASHED: &str = "@hashed.invalid";

/// Names a mail: what stands between the brackets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// One id, without brackets or spaces in it. None if nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let is_kept = |letter: &char| !letter.is_whitespace() && !letter.is_control() && !matches!(letter, '<' | '>');
        let id: String = text.chars().filter(is_kept).collect();
        if id.len() > LONGEST_ID_BYTES {
            return Some(Self(format!("{}{HASHED}", hex::encode(Sha256::digest(&id)))));
        }
        (!id.is_empty()).then_some(Self(id))
    }

    /// All ids of a value that may hold prose, several ids, or ids without brackets.
    pub fn all(value: &str) -> Vec<Self> {
        let mut ids = Vec::new();
        let mut rest = value;
        while let Some((_, after)) = rest.split_once('<') {
            // A bracket that nothing closes: the next one begins anew.
            let end = after.find(['>', '<']).unwrap_or(after.len());
            ids.extend(Self::new(&after[..end]));
            rest = &after[end..];
        }
        if ids.is_empty() {
            ids.extend(value.split_whitespace().filter_map(Self::new));
        }
        let mut seen = std::collections::BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        bounded(ids, MOST_REFERENCES)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can be written into a header as it was.
    pub fn can_be_written(&self) -> bool {
        self.0.bytes().all(|byte| byte.is_ascii_graphic()) && !self.0.ends_with(HASHED)
    }
}

/// The first of the ids and the last ones: the first names the thread, the last ones are answered.
pub(super) fn bounded(mut ids: Vec<MessageId>, most: usize) -> Vec<MessageId> {
    if ids.len() > most {
        ids.drain(1..=ids.len() - most);
    }
    ids
}

/// The ids of the fields of a name.
pub(super) fn all(fields: &Fields<'_>, name: &str) -> Vec<MessageId> {
    let value = fields.all(name).map(|value| unfolded(value, LONGEST_REFERENCES_BYTES).0).collect::<Vec<_>>().join(" ");
    MessageId::all(&value)
}

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_whatever_stands_there() {
        for (value, ids) in [
            ("<a@x>", vec!["a@x"]),
            (" <a@x> <b@y> ", vec!["a@x", "b@y"]),
            ("<a@x><b@x>,<c@x>", vec!["a@x", "b@x", "c@x"]),
            ("<a\t b@x>", vec!["ab@x"]),
            ("Your message of Monday <x@y>", vec!["x@y"]),
            ("a@x b@x", vec!["a@x", "b@x"]),
            ("no-at-sign", vec!["no-at-sign"]),
            ("<a@x", vec!["a@x"]),
            ("<a@x <b@x>", vec!["a@x", "b@x"]),
            ("<A@x> <a@x> <A@x>", vec!["A@x", "a@x"]),
            ("<>", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(MessageId::all(value).iter().map(MessageId::as_str).collect::<Vec<_>>(), ids, "{value}");
        }
    }

    #[test]
    fn an_id_that_is_too_long_is_kept_as_its_hash_and_never_written() {
        let id = MessageId::new(&format!("<{}@x>", "a".repeat(2_000))).unwrap();
        assert!(id.as_str().len() < 100 && !id.can_be_written());
        assert_eq!(Some(id), MessageId::new(&format!("{}@x", "a".repeat(2_000))));
        assert!(!MessageId::new("é@x").unwrap().can_be_written());
    }

    #[test]
    fn of_many_references_the_first_and_the_last_are_kept() {
        let value: String = (0..250).map(|number| format!("<{number}@x> ")).collect();
        let ids = MessageId::all(&value);
        assert_eq!(ids.len(), MOST_REFERENCES);
        assert_eq!((ids[0].as_str(), ids[1].as_str(), ids[99].as_str()), ("0@x", "151@x", "249@x"));
    }
}

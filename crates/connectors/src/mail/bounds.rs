//! How much of a mail is read. Whatever somebody sends, reading it costs no more than these allow.

use serde::{Deserialize, Serialize};

/// How deep parts may stand in each other. What is deeper is an attachment, unopened.
pub const DEEPEST_PART: usize = 20;
/// How many parts are looked at.
pub const MOST_PARTS: usize = 500;
/// How many header fields are looked at in one head.
pub const MOST_FIELDS: usize = 1_000;
/// How much of one field's value is read, in bytes.
pub const LONGEST_VALUE_BYTES: usize = 16 << 10;
/// How much of a field that lists addresses is read, in bytes.
pub const LONGEST_ADDRESSES_BYTES: usize = 256 << 10;
/// How many mailboxes of one field are kept.
pub const MOST_MAILBOXES: usize = 2_000;
/// The longest address, in bytes.
pub const LONGEST_ADDRESS_BYTES: usize = 320;
/// The longest name of a person, in characters.
pub const LONGEST_NAME: usize = 200;
/// The longest subject that is kept, in characters.
pub const LONGEST_SUBJECT: usize = 2_000;
/// The longest Message-ID that is kept as it is, in bytes. A longer one is kept as its hash.
pub const LONGEST_ID_BYTES: usize = 998;
/// How many ids of a References are kept: the first, and the last ones.
pub const MOST_REFERENCES: usize = 100;
/// How much plain text is kept, in bytes.
pub const LONGEST_TEXT_BYTES: usize = 1 << 20;
/// How much HTML is read, in bytes.
pub const LONGEST_HTML_BYTES: usize = 1 << 20;
/// How many pieces of HTML (tags, stretches of text) are kept.
pub const MOST_PIECES: usize = 100_000;
/// How deep elements of HTML may stand in each other. A deeper one is left out, its words are kept.
pub const DEEPEST_ELEMENT: usize = 100;
/// The longest value of an attribute, in bytes, but for addresses of pictures that stand in the mail itself.
pub const LONGEST_ATTRIBUTE_BYTES: usize = 4_000;
/// The longest name of a file, in characters.
pub const LONGEST_FILE_NAME: usize = 200;
/// How much of a calendar is read, in bytes.
pub const LONGEST_CALENDAR_BYTES: usize = 256 << 10;
/// The longest title and the longest place of a meeting, in characters.
pub const LONGEST_MEETING_WORDS: usize = 500;
/// How many recipients of one bounce are kept.
pub const MOST_FAILURES: usize = 100;
/// The longest words of a server that are kept of a bounce, in characters.
pub const LONGEST_DIAGNOSTIC: usize = 2_000;

/// What was longer, deeper or more than is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Parts stood too deep in each other.
    Depth,
    /// There were too many parts.
    Parts,
    /// There were too many header fields, or one was too long.
    Fields,
    /// There were too many addresses.
    Addresses,
    /// The text was too long.
    Text,
    /// The HTML was too long or too intricate.
    Html,
}

/// Cuts a text at a border of letters.
pub(super) fn cut_bytes(text: &mut String, most: usize) -> bool {
    let is_longer = text.len() > most;
    if is_longer {
        text.truncate(text.floor_char_boundary(most));
    }
    is_longer
}

/// Cuts a text after so many characters.
pub(super) fn cut_letters(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
    }
}

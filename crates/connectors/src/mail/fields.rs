//! The header fields of a mail or of a part: where they stand, and their values as text.
//!
//! Never decodes an encoded word before its surroundings are understood: that is for `words` and `address`.

use super::{
    bounds::{LONGEST_VALUE_BYTES, MOST_FIELDS},
    charset, words,
};

/// The longest name of a field, in bytes.
const LONGEST_FIELD_NAME_BYTES: usize = 100;

/// The fields of one head, in their order.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
    /// There were more.
    pub is_cut: bool,
}

impl<'a> Fields<'a> {
    /// Reads a head, and says where the body begins.
    pub fn read(raw: &'a [u8]) -> (Self, usize) {
        let mut fields = Self::default();
        let mut at = 0;
        while at < raw.len() {
            let end = line_end(raw, at);
            let line = &raw[at..end];
            if is_empty(line) {
                return (fields, end);
            }
            match name_of(line) {
                Some(colon) => {
                    let mut stop = end;
                    while stop < raw.len() && matches!(raw[stop], b' ' | b'\t') {
                        stop = line_end(raw, stop);
                    }
                    fields.add(line[..colon].trim_ascii_end(), &raw[at + colon + 1..stop]);
                    at = stop;
                }
                // A stray line, as the first of a mailbox file, or one that a filter has left.
                None if name_of(&raw[end..line_end(raw, end)]).is_some() => at = end,
                None => return (fields, at),
            }
        }
        (fields, raw.len())
    }

    fn add(&mut self, name: &'a [u8], value: &'a [u8]) {
        if self.fields.len() < MOST_FIELDS {
            self.fields.push((name, value));
        } else {
            self.is_cut = true;
        }
    }

    /// The values of all fields of a name, as they stand in the mail.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + 'b {
        self.fields.iter().filter(move |(one, _)| one.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| *value)
    }

    /// The value of the first field of a name that says anything, unfolded; encoded words are as they stand.
    pub fn value(&self, name: &str) -> Option<String> {
        let values = self.all(name).map(|value| unfolded(value, LONGEST_VALUE_BYTES).0);
        values.map(|value| value.trim().to_owned()).find(|value| !value.is_empty())
    }

    /// The same in words, with encoded words decoded.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| words::decoded(&value)).filter(|text| !text.is_empty())
    }

    /// Whether there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

/// A value without its folds, and whether it was longer than was asked for.
pub fn unfolded(value: &[u8], longest: usize) -> (String, bool) {
    let is_cut = value.len() > longest;
    let kept: Vec<u8> = value.iter().take(longest).filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)).copied().collect();
    (charset::unlabelled(&kept), is_cut)
}

/// Where the line ends that begins here: after its line break.
pub fn line_end(raw: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |length| at + length + 1)
}

fn is_empty(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

/// Where the colon stands, if the line begins a field.
fn name_of(line: &[u8]) -> Option<usize> {
    let colon = line.iter().take(LONGEST_FIELD_NAME_BYTES).position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(colon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_where_the_body_begins() {
        for (raw, names, body) in [
            ("Subject: a\r\nTo: b\r\n\r\nbody", vec!["Subject", "To"], "body"),
            ("Subject: a\n b\n\tc\n\nbody", vec!["Subject"], "body"),
            ("From x@y Mon Jan 5\nSubject : a\n\nbody", vec!["Subject"], "body"),
            ("Subject: a\nstray\nTo: b\n\nbody", vec!["Subject", "To"], "body"),
            ("Subject: a\nno blank line between\nthem", vec!["Subject"], "no blank line between\nthem"),
            ("no head at all", vec![], "no head at all"),
            ("\nbody", vec![], "body"),
            ("Subject: a", vec!["Subject"], ""),
            ("", vec![], ""),
        ] {
            let (fields, at) = Fields::read(raw.as_bytes());
            let found: Vec<_> = fields.fields.iter().map(|(name, _)| String::from_utf8_lossy(name)).collect();
            assert_eq!((found, &raw[at..]), (names.into_iter().map(Into::into).collect(), body), "{raw:?}");
        }
    }

    #[test]
    fn a_value_is_unfolded_and_the_first_that_says_anything_counts() {
        let (fields, _) = Fields::read(b"Subject:\r\nsubject: a\r\n  b\xe9\r\nSubject: c\r\n\r\n");
        assert_eq!(fields.value("Subject").as_deref(), Some("a  b\u{e9}"));
    }

    #[test]
    fn more_fields_than_are_read_are_cut() {
        let raw = "X: y\n".repeat(MOST_FIELDS + 1);
        let (fields, at) = Fields::read(raw.as_bytes());
        assert_eq!((fields.fields.len(), fields.is_cut, at), (MOST_FIELDS, true, raw.len()));
    }
}

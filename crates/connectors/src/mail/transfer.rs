//! How bytes were made fit for the way (base64, quoted-printable), undone. What is broken is read as far as it goes.

use mail_parser::decoders::{
    base64::base64_decode,
    quoted_printable::{quoted_printable_decode, quoted_printable_decode_char},
};
use std::borrow::Cow;

/// How a part's bytes were made fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    None,
    /// In base64.
    Base64,
    /// In quoted-printable.
    QuotedPrintable,
}

impl Encoding {
    /// By its name in a header.
    pub fn named(name: Option<&str>) -> Self {
        let name = name.unwrap_or_default().trim().trim_matches('"');
        if name.eq_ignore_ascii_case("base64") {
            Self::Base64
        } else if name.eq_ignore_ascii_case("quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::None
        }
    }

    /// The bytes as they were.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::None => bytes.into(),
            Self::Base64 => unbased(bytes).into(),
            Self::QuotedPrintable => quoted_printable_decode(bytes).unwrap_or_else(|| unquoted(bytes)).into(),
        }
    }

    /// The first bytes as they were: at least `most` of them, if there are as many.
    pub fn decode_first(self, bytes: &[u8], most: usize) -> Cow<'_, [u8]> {
        let most = most.saturating_add(4);
        // Lines of one letter each are the worst that base64 may look like and still be read whole.
        let enough = match self {
            Self::None => most,
            Self::Base64 => most.saturating_mul(4),
            Self::QuotedPrintable => most.saturating_mul(4),
        };
        self.decode(&bytes[..bytes.len().min(enough)])
    }

    /// How many bytes it was, without making them.
    pub fn decoded_len(self, bytes: &[u8]) -> usize {
        match self {
            Self::None => bytes.len(),
            Self::Base64 => letters_of_base64(bytes) * 3 / 4,
            Self::QuotedPrintable => self.decode(bytes).len(),
        }
    }
}

/// How many of the bytes are letters of base64. Of as many as one byte can count at a time: so the processor counts many
/// of them at once.
fn letters_of_base64(bytes: &[u8]) -> usize {
    let count = |some: &[u8]| some.iter().map(|byte| u8::from(is_of_base64(*byte))).sum::<u8>();
    bytes.chunks(usize::from(u8::MAX)).map(|some| usize::from(count(some))).sum()
}

fn is_of_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn unbased(bytes: &[u8]) -> Vec<u8> {
    base64_decode(bytes).unwrap_or_else(|| {
        let mut letters: Vec<u8> = bytes.iter().copied().filter(|byte| is_of_base64(*byte)).collect();
        letters.iter_mut().for_each(|byte| match byte {
            b'-' => *byte = b'+',
            b'_' => *byte = b'/',
            _ => {}
        });
        base64_decode(&letters).unwrap_or_default()
    })
}

/// Quoted-printable in which some escapes are none: those stand for themselves.
fn unquoted(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => rest = after,
            (b'=', [high, low, after @ ..]) if let Some(byte) = quoted_printable_decode_char(*high, *low) => {
                text.push(byte);
                rest = after;
            }
            (byte, _) => text.push(*byte),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_encodings_are_read_as_far_as_they_go() {
        let cases: [(Encoding, &str, &str); 12] = [
            (Encoding::Base64, "aGVsbG8=", "hello"),
            (Encoding::Base64, "aGVs\r\nbG8=\r\n", "hello"),
            (Encoding::Base64, "aGVsbG8", "hello"),
            (Encoding::Base64, "aGVs!!bG8=", "hello"),
            (Encoding::Base64, "aGVsbG8=\r\n-- \r\n", "hello"),
            (Encoding::Base64, "", ""),
            (Encoding::QuotedPrintable, "a=3Db=\r\nc", "a=bc"),
            (Encoding::QuotedPrintable, "a=ZZ=3D", "a=ZZ="),
            (Encoding::QuotedPrintable, "100%=", "100%"),
            (Encoding::QuotedPrintable, "a=", "a"),
            (Encoding::None, "a=3D", "a=3D"),
            (Encoding::named(Some(" BASE64 ")), "aGk=", "hi"),
        ];
        for (encoding, text, meant) in cases {
            let decoded = encoding.decode(text.as_bytes());
            assert!(String::from_utf8_lossy(&decoded).starts_with(meant), "{text}: {decoded:?}");
        }
        assert_eq!(Encoding::Base64.decoded_len(b"aGVs\r\nbG8=\r\n"), 5);
    }
}

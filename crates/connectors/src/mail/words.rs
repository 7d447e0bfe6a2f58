//! Encoded words (RFC 2047): as text, or made safe for a parser that comes after.
//!
//! Words that stand beside each other are joined before they are decoded, since many senders cut a letter in two.

use super::charset;
use base64::{Engine, engine::general_purpose::STANDARD};
use mail_parser::decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode_char};
use std::fmt::Write;

/// The longest encoded word that is understood, in bytes. The standard's own bound is 75.
const LONGEST_WORD_BYTES: usize = 4_000;

/// A stretch of a value.
enum Stretch<'a> {
    /// As it stands.
    Plain(&'a str),
    /// One or more encoded words, decoded.
    Encoded(String),
}

/// A value in words.
pub fn decoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for stretch in stretches(value) {
        match stretch {
            Stretch::Plain(plain) => text.push_str(plain),
            Stretch::Encoded(words) => text.push_str(&words),
        }
    }
    let is_odd = |letter: char| letter.is_control() && letter != '\t';
    text.chars().filter(|letter| !is_odd(*letter)).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A value in which each encoded word is whole and stands alone, and nothing else looks like one.
pub fn joined(value: &str) -> String {
    if !value.contains("=?") {
        return value.to_owned();
    }
    let mut text = String::with_capacity(value.len() + 16);
    for stretch in stretches(value) {
        match stretch {
            Stretch::Plain(plain) => text.push_str(&plain.replace("=?", "= ?")),
            Stretch::Encoded(words) => {
                text.push_str("=?utf-8?Q?");
                for byte in words.bytes() {
                    match byte {
                        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => text.push(char::from(byte)),
                        byte => {
                            let _ = write!(text, "={byte:02X}");
                        }
                    }
                }
                text.push_str("?=");
            }
        }
    }
    text
}

/// A text as encoded words, for one that would else be read as what it is not.
pub fn encoded(text: &str) -> String {
    /// How many bytes of text one word bears: no word is longer than 75.
    const BYTES: usize = 42;
    let (mut words, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.floor_char_boundary(BYTES));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(now)));
        rest = later;
    }
    words.join(" ")
}

fn stretches(value: &str) -> Vec<Stretch<'_>> {
    let (mut found, mut rest) = (Vec::new(), value);
    let mut from = 0;
    while let Some(start) = rest[from..].find("=?").map(|at| at + from) {
        let Some((charset, mut bytes, length)) = word(&rest[start..]) else {
            from = start + 2;
            continue;
        };
        if start > 0 {
            found.push(Stretch::Plain(&rest[..start]));
        }
        rest = &rest[start + length..];
        let mut text = String::new();
        let mut open = charset;
        loop {
            let next = rest.trim_start();
            let gap = rest.len() - next.len();
            match word(next) {
                Some((charset, more, length)) => {
                    if !charset.eq_ignore_ascii_case(open) {
                        text.push_str(&charset::labelled(&bytes, Some(open)));
                        bytes.clear();
                        open = charset;
                    }
                    bytes.extend(more);
                    rest = &rest[gap + length..];
                }
                None => break,
            }
        }
        text.push_str(&charset::labelled(&bytes, Some(open)));
        found.push(Stretch::Encoded(text));
        from = 0;
    }
    found.push(Stretch::Plain(rest));
    found
}

/// The charset and the bytes of the encoded word that stands here, and how long it is.
fn word(text: &str) -> Option<(&str, Vec<u8>, usize)> {
    let inside = text.strip_prefix("=?")?;
    let inside = &inside[..inside.floor_char_boundary(LONGEST_WORD_BYTES)];
    let (charset, rest) = inside.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let end = rest.find("?=")?;
    let charset = charset.split_once('*').map_or(charset, |(charset, _language)| charset);
    if charset.is_empty() || charset.contains(char::is_whitespace) {
        return None;
    }
    let bytes = match encoding {
        "q" | "Q" => quoted(&rest[..end]),
        "b" | "B" => {
            let letters: Vec<u8> = rest[..end].bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            base64_decode(&letters)?
        }
        _ => return None,
    };
    Some((charset, bytes, 2 + (inside.len() - rest.len()) + end + 2))
}

fn quoted(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'_', _) => bytes.push(b' '),
            (b'=', [high, low, after @ ..]) if let Some(byte) = quoted_printable_decode_char(*high, *low) => {
                bytes.push(byte);
                rest = after;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_read() {
        for (value, text) in [
            ("plain", "plain"),
            ("=?utf-8?Q?FooCorp=2C=20Inc.?=", "FooCorp, Inc."),
            ("=?UTF-8?B?VMOpc3Q=?= two", "Tést two"),
            ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a_?=\t =?utf-8?q?b?=", "a b"),
            ("x=?utf-8?q?a?=y", "xay"),
            ("=?utf-8?B?5p2=?= =?utf-8?B?seS6rA==?=", "東京"),
            ("=?utf-8?Q?=E6=9D?= =?utf-8?Q?=B1?=", "東"),
            ("=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "éé"),
            ("=?ISO-2022-JP?B?GyRCRWw1fhsoQg==?=", "東京"),
            ("=?utf-8*en?q?a?=", "a"),
            ("=?no-such?q?=E9?=", "é"),
            ("=?utf-8?x?a?= =?utf-8?q?a", "=?utf-8?x?a?= =?utf-8?q?a"),
            ("=?utf-8?q?a=0D=0ABcc:_x?=", "aBcc: x"),
            ("a =? b ?= c", "a =? b ?= c"),
            ("=?utf-8?Q?=ZZ=?=", "=ZZ="),
        ] {
            assert_eq!(decoded(value), text, "{value}");
        }
    }

    #[test]
    fn a_bomb_of_openings_is_only_text() {
        let value = "=?ab?q? ".repeat(40_000);
        assert!(!joined(&value).contains("=?"));
    }
}

//! Encoded words of headers (RFC 2047) and quoted-printable text, read and written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{base64_lenient, text_of};

/// How many bytes go into one encoded word, so that it stays within 75 letters.
const WORD_MAX_BYTES: usize = 42;

/// A header's value with its encoded words decoded, as Gmail shows it.
pub fn decode(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    // Bytes of the words so far: a character may be cut in two between adjacent words.
    let mut held: Vec<u8> = Vec::new();
    let mut held_is_utf8 = true;
    while let Some(start) = rest.find("=?") {
        let between = &rest[..start];
        let Some((is_utf8, bytes, after)) = word(&rest[start..]) else {
            flush(&mut out, &mut held, held_is_utf8);
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        // White space between two words is no text.
        if held.is_empty() || !between.trim().is_empty() {
            flush(&mut out, &mut held, held_is_utf8);
            out.push_str(between);
        } else if is_utf8 != held_is_utf8 {
            flush(&mut out, &mut held, held_is_utf8);
        }
        held.extend(bytes);
        held_is_utf8 = is_utf8;
        rest = after;
    }
    flush(&mut out, &mut held, held_is_utf8);
    out.push_str(rest);
    out
}

fn flush(out: &mut String, held: &mut Vec<u8>, is_utf8: bool) {
    if is_utf8 {
        out.push_str(&text_of(held));
    } else {
        out.extend(held.iter().map(|byte| char::from(*byte)));
    }
    held.clear();
}

/// One encoded word at the beginning of the text: whether it is UTF-8, its bytes, what follows.
fn word(text: &str) -> Option<(bool, Vec<u8>, &str)> {
    let mut fields = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, rest) = (fields.next()?, fields.next()?, fields.next()?);
    let end = rest.find("?=")?;
    let (payload, after) = (&rest[..end], &rest[end + 2..]);
    let bytes = match encoding {
        "B" | "b" => base64_lenient(payload.as_bytes()),
        "Q" | "q" => quoted_printable(payload.as_bytes(), true),
        _ => return None,
    };
    let charset = charset.split('*').next().unwrap_or_default().to_ascii_lowercase();
    Some((matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii"), bytes, after))
}

/// Quoted-printable as bytes; in headers an underscore is a space.
pub fn quoted_printable(text: &[u8], in_header: bool) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest[0] == b'=' {
            if rest.starts_with(b"=\r\n") {
                at += 3;
                continue;
            }
            if rest.starts_with(b"=\n") {
                at += 2;
                continue;
            }
            let code = rest.get(1..3).and_then(|hex| std::str::from_utf8(hex).ok());
            if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                out.push(byte);
                at += 3;
                continue;
            }
        }
        out.push(if in_header && rest[0] == b'_' { b' ' } else { rest[0] });
        at += 1;
    }
    out
}

/// Text for a header: as it is, or as encoded words where it is not plain ASCII.
pub fn encode(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut piece = String::new();
    for letter in text.chars() {
        if piece.len() + letter.len_utf8() > WORD_MAX_BYTES {
            words.push(std::mem::take(&mut piece));
        }
        piece.push(letter);
    }
    words.push(piece);
    let words: Vec<String> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

//! A small reader of mail: headers, parts, names of files, transfer encodings.
//!
//! Written for the emulator alone, so that it can disagree with whatever the connector reads mail with. It knows
//! UTF-8 and Latin-1; text of another charset stays as its bytes are, as Gmail hands it out.

pub mod addresses;
pub mod text;
pub mod words;
pub mod write;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// How deep parts may stand in parts; what is deeper stays unread.
const DEEPEST: usize = 20;
/// How many parts of one mail are looked at.
const MOST_PARTS: usize = 500;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// One header as it stands in the mail, without its folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: String,
}

/// A part of a mail, and the parts in it. The mail itself is the first.
#[derive(Debug, Clone)]
pub struct Part {
    /// `0.1` is the second part of the first one; the mail itself has none.
    pub id: String,
    pub kind: String,
    pub filename: String,
    pub headers: Vec<Header>,
    /// Its bytes, out of their transfer encoding. Empty where it only holds other parts.
    pub body: Vec<u8>,
    pub parts: Vec<Part>,
}

/// The headers of a mail, and where its body begins.
pub fn headers(raw: &[u8]) -> (Vec<Header>, usize) {
    let mut found: Vec<Header> = Vec::new();
    let mut at = 0;
    while at < raw.len() {
        let end = raw[at..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |length| at + length + 1);
        let line = trim_end(&raw[at..end]);
        if line.is_empty() {
            return (found, end);
        }
        if line[0] == b' ' || line[0] == b'\t' {
            // A fold keeps its white space and loses its line break.
            if let Some(last) = found.last_mut() {
                last.value.push_str(&text_of(line));
            }
        } else if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let name = text_of(&line[..colon]).trim().to_owned();
            found.push(Header { name, value: text_of(&line[colon + 1..]).trim_start().to_owned() });
        }
        at = end;
    }
    (found, raw.len())
}

pub fn find<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
}

/// Reads a whole mail.
pub fn read(raw: &[u8]) -> Part {
    let mut left = MOST_PARTS;
    part(raw, String::new(), 0, &mut left)
}

fn part(raw: &[u8], id: String, depth: usize, left: &mut usize) -> Part {
    *left = left.saturating_sub(1);
    let (headers, begin) = headers(raw);
    let (kind, parameters) = valued(find(&headers, "Content-Type").unwrap_or("text/plain"));
    let kind = if kind.contains('/') { kind.to_ascii_lowercase() } else { "text/plain".to_owned() };
    let (disposition, of_disposition) = valued(find(&headers, "Content-Disposition").unwrap_or_default());
    let filename = parameter(&of_disposition, "filename").or_else(|| parameter(&parameters, "name"));
    let body = decode(&raw[begin..], find(&headers, "Content-Transfer-Encoding").unwrap_or_default());
    let mut made = Part { id, kind, filename: filename.unwrap_or_default(), headers, body, parts: Vec::new() };
    if depth >= DEEPEST {
        return made;
    }
    let inner = |index: usize| if made.id.is_empty() { index.to_string() } else { format!("{}.{index}", made.id) };
    if made.kind.starts_with("multipart/") {
        let Some(boundary) = parameter(&parameters, "boundary") else { return made };
        let slices = between(&made.body, &boundary);
        let within = slices.into_iter().enumerate();
        made.parts = within
            .map_while(|(index, slice)| (*left > 0).then(|| part(slice, inner(index), depth + 1, left)))
            .collect();
        made.body.clear();
    } else if made.kind == "message/rfc822" && !disposition.eq_ignore_ascii_case("attachment") && *left > 0 {
        made.parts = vec![part(&made.body, inner(0), depth + 1, left)];
    }
    made
}

impl Part {
    pub fn is_attachment(&self) -> bool {
        !self.filename.is_empty()
            || find(&self.headers, "Content-Disposition").is_some_and(|value| {
                value.trim_start().get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("attachment"))
            })
    }

    /// Itself and all parts in it, in the order of the mail.
    pub fn all(&self) -> Vec<&Part> {
        let mut all = vec![self];
        for part in &self.parts {
            all.extend(part.all());
        }
        all
    }

    pub fn find(&self, id: &str) -> Option<&Part> {
        self.all().into_iter().find(|part| part.id == id)
    }
}

/// What stands between the lines of a boundary.
fn between<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let mut found = Vec::new();
    let (mut at, mut begin) = (0, None);
    while at < body.len() {
        let end = body[at..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |length| at + length + 1);
        let line = text_of(trim_end(&body[at..end]));
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix(&mark).filter(|rest| rest.is_empty() || *rest == "--") {
            if let Some(begin) = begin {
                // The line break before a boundary belongs to the boundary.
                found.push(trim_line_break(&body[begin..at]));
            }
            begin = rest.is_empty().then_some(end);
            if begin.is_none() {
                return found;
            }
        }
        at = end;
    }
    found.extend(begin.map(|begin| &body[begin..]));
    found
}

fn trim_line_break(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Bytes as text: UTF-8, or else Latin-1, which nothing is refused by.
pub fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn decode(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" => base64_lenient(body),
        "quoted-printable" => words::quoted_printable(body, false),
        _ => body.to_vec(),
    }
}

/// Base64 with whatever stands between its letters, in either alphabet, padded or not.
pub fn base64_lenient(text: &[u8]) -> Vec<u8> {
    let letters: Vec<u8> = text
        .iter()
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(*byte),
            other if other.is_ascii_alphanumeric() => Some(*other),
            _ => None,
        })
        .collect();
    let whole = if letters.len() % 4 == 1 { letters.len() - 1 } else { letters.len() };
    BASE64.decode(&letters[..whole]).unwrap_or_default()
}

/// A value and its parameters: `text/plain; charset="utf-8"`.
fn valued(header: &str) -> (String, Vec<(String, String)>) {
    let mut pieces = Vec::new();
    let (mut piece, mut quoted, mut escaped) = (String::new(), false, false);
    for letter in header.chars() {
        match letter {
            _ if escaped => {
                escaped = false;
                piece.push(letter);
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => pieces.push(std::mem::take(&mut piece)),
            other => piece.push(other),
        }
    }
    pieces.push(piece);
    let mut pieces = pieces.into_iter();
    let value = pieces.next().unwrap_or_default().trim().to_owned();
    let parameters = pieces.filter_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    });
    (value, parameters.collect())
}

/// A parameter, also where it is encoded or cut into pieces as RFC 2231 has it.
fn parameter(parameters: &[(String, String)], wanted: &str) -> Option<String> {
    let mut plain = None;
    let mut bytes: Vec<u8> = Vec::new();
    let mut is_extended = false;
    for (name, value) in parameters {
        if name == wanted {
            plain.get_or_insert_with(|| words::decode(value));
            continue;
        }
        let Some(rest) = name.strip_prefix(wanted).and_then(|rest| rest.strip_prefix('*')) else { continue };
        let is_encoded = rest.is_empty() || rest.ends_with('*');
        let first = matches!(rest, "" | "0" | "0*");
        let value = if is_encoded && first { value.splitn(3, '\'').last().unwrap_or_default() } else { value };
        bytes.extend(if is_encoded { percent(value) } else { value.as_bytes().to_vec() });
        is_extended = true;
    }
    if is_extended { Some(text_of(&bytes)) } else { plain }
}

fn percent(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let code =
            (bytes[at] == b'%').then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()));
        match code.flatten() {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::addresses::{Address, key};
    use super::*;

    #[test]
    fn people_are_read_out_of_headers() {
        let read = |header: &str| {
            let people = addresses::read(header).into_iter();
            people.map(|Address { name, address }| format!("{name}|{address}")).collect::<Vec<_>>()
        };
        for (header, expected) in [
            ("Guilherme Dias <email@domain.com>", vec!["Guilherme Dias|email@domain.com"]),
            ("<a@b.c>", vec!["|a@b.c"]),
            ("a@b.c", vec!["|a@b.c"]),
            ("\"Dias, Guilherme\" <a@b.c>", vec!["Dias, Guilherme|a@b.c"]),
            ("=?utf-8?Q?FooCorp=2C=20Inc.?= <a@b.c>", vec!["FooCorp, Inc.|a@b.c"]),
            ("=?utf-8?B?4p2k?= =?utf-8?B?77iP?= <a@b.c>", vec!["❤️|a@b.c"]),
            ("a@b.c (Guilherme Dias)", vec!["Guilherme Dias|a@b.c"]),
            ("A Group: Ed <e@x>, j@x;", vec!["Ed|e@x", "|j@x"]),
            ("Undisclosed recipients:;", vec![]),
            ("A <a@x>, \"B, C\" <b@x>; c@x", vec!["A|a@x", "B, C|b@x", "|c@x"]),
            ("\"a@x.com\" <b@y.com>", vec!["a@x.com|b@y.com"]),
            ("Foo <foo@bar.com", vec!["Foo|foo@bar.com"]),
            ("Foo Bar", vec![]),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
        for (name, written) in [("A, \"B\"", "\"A, \\\"B\\\"\" <a@x>"), ("Ana", "Ana <a@x>")] {
            let address = Address::new(name, "a@x");
            assert_eq!(address.written(), written);
            assert_eq!(addresses::read(written), [address]);
        }
        assert_eq!(key("F.o.o+tag@GoogleMail.com"), key("foo@gmail.com"));
        assert_ne!(key("f.oo@acme.example"), key("foo@acme.example"));
    }

    #[test]
    fn a_letter_is_read_as_it_was_written() {
        let text = "Olá,\r\n\r\n東京 & more";
        let letter = write::Letter {
            subject: "Größe ".repeat(20).trim_end().to_owned(),
            text: text.into(),
            html: Some("<p>Olá</p>".into()),
            message_id: "<1@x>".into(),
            files: vec![write::File {
                name: "plan ü.pdf".into(),
                kind: "application/pdf".into(),
                bytes: (0..=255).collect(),
            }],
            ..write::Letter::default()
        };
        let mail = read(&letter.bytes());
        assert_eq!(words::decode(find(&mail.headers, "subject").unwrap_or_default()), letter.subject);
        assert_eq!(text::words(&mail), text);
        let file = mail.find("1").expect("the second part");
        assert_eq!((file.filename.as_str(), file.body.len()), ("plan ü.pdf", 256));
    }

    #[test]
    fn names_of_files_are_read_in_all_their_spellings() {
        for (disposition, expected) in [
            ("attachment; filename=a.txt", "a.txt"),
            ("attachment; filename=\"a; b.txt\"", "a; b.txt"),
            ("attachment; filename*=UTF-8''%C3%BC.txt; filename=x", "ü.txt"),
            ("attachment; filename*0*=UTF-8''%C3%BC; filename*1=\".txt\"", "ü.txt"),
            ("attachment; filename=\"=?UTF-8?Q?=C3=BC.txt?=\"", "ü.txt"),
        ] {
            let mail = read(format!("Content-Disposition: {disposition}\r\n\r\nx").as_bytes());
            assert_eq!(mail.filename, expected, "{disposition}");
        }
    }
}

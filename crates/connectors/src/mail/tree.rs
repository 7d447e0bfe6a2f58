//! The parts of a mail, where they stand, and what their heads say of them.
//!
//! Finds boundaries and nothing else: no byte of a body is decoded here. A mail within the mail is one part, unopened.
//! Each byte is looked at once for each level that it stands in, and there are no more levels than are allowed.

use super::{
    bounds::{Bound, DEEPEST_PART, LONGEST_FILE_NAME, LONGEST_VALUE_BYTES, MOST_PARTS, cut_letters},
    fields::{Fields, line_end, unfolded},
    transfer::Encoding,
    words,
};
use mail_parser::{ContentType, HeaderValue, parsers::MessageStream};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeSet, fmt, str::FromStr};

/// Where a part stands: `1.2` is the second part of the first. The only part of a mail is `1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartPath(pub Vec<u16>);

impl fmt::Display for PartPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u16::to_string).collect();
        formatter.write_str(&numbers.join("."))
    }
}

impl FromStr for PartPath {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers: Result<Vec<u16>, _> = text.split('.').take(DEEPEST_PART + 2).map(str::parse).collect();
        numbers.map(Self).map_err(|_| "not the path of a part")
    }
}

impl From<PartPath> for String {
    fn from(path: PartPath) -> Self {
        path.to_string()
    }
}

impl TryFrom<String> for PartPath {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// What a part's head says that it is.
#[derive(Debug, Default)]
pub struct Kind {
    /// `text` of `text/plain`, in lower case.
    pub top: String,
    /// `plain` of `text/plain`, in lower case.
    pub sub: String,
    /// What else is said, names in lower case.
    pub parameters: Vec<(String, String)>,
}

impl Kind {
    /// Whether it is of this type.
    pub fn is(&self, top: &str, sub: &str) -> bool {
        self.top == top && self.sub == sub
    }

    /// What is said under a name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The media type.
    pub fn media_type(&self) -> String {
        format!("{}/{}", self.top, self.sub)
    }
}

/// A part of a mail.
#[derive(Debug)]
pub struct Node<'a> {
    /// Where it stands.
    pub path: PartPath,
    /// Its head.
    pub fields: Fields<'a>,
    /// What it is.
    pub kind: Kind,
    /// How it wants to be shown: `attachment`, `inline`, or nothing.
    pub disposition: String,
    /// The name of the file, if it bears one.
    pub name: Option<String>,
    /// How its bytes were made fit for the way.
    pub encoding: Encoding,
    /// Its bytes, as they came.
    pub body: &'a [u8],
    /// The parts that it is made of.
    pub parts: Vec<Node<'a>>,
}

impl<'a> Node<'a> {
    /// A part of which only the head is read. Its body is taken as it is, and is not known yet.
    pub fn headed(head: &'a [u8], path: PartPath, is_in_digest: bool, cut: &mut BTreeSet<Bound>) -> Self {
        let (fields, _) = Fields::read(head);
        Self { encoding: Encoding::None, ..Self::of(fields, &[], path, is_in_digest, cut) }
    }

    fn of(fields: Fields<'a>, body: &'a [u8], path: PartPath, is_in_digest: bool, cut: &mut BTreeSet<Bound>) -> Self {
        if fields.is_cut {
            cut.insert(Bound::Fields);
        }
        let mut kind = structured(&fields, "Content-Type").unwrap_or_default();
        if kind.top.is_empty() {
            let (top, sub) = if is_in_digest { ("message", "rfc822") } else { ("text", "plain") };
            (kind.top, kind.sub) = (top.to_owned(), sub.to_owned());
        }
        let disposition = structured(&fields, "Content-Disposition").unwrap_or_default();
        let name = disposition.parameter("filename").or_else(|| kind.parameter("name")).and_then(file_name);
        let encoding = Encoding::named(fields.value("Content-Transfer-Encoding").as_deref());
        Self { path, fields, kind, disposition: disposition.top, name, encoding, body, parts: Vec::new() }
    }

    /// The part at a path.
    pub fn at(&self, path: &PartPath) -> Option<&Self> {
        if self.parts.is_empty() {
            return (self.path == *path).then_some(self);
        }
        self.parts.iter().find(|part| path.0.starts_with(&part.path.0)).and_then(|part| part.at(path))
    }

    /// The name by which the mail's own HTML may call it.
    pub fn content_id(&self) -> Option<String> {
        let id = self.fields.value("Content-ID")?;
        Some(id.trim().trim_matches(['<', '>']).to_owned()).filter(|id| !id.is_empty())
    }

    /// Its bytes, as they were.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        self.encoding.decode(self.body)
    }
}

/// Reads the tree of a mail. What was not looked at is written down in `cut`.
pub fn read<'a>(raw: &'a [u8], cut: &mut BTreeSet<Bound>) -> Node<'a> {
    let mut reader = Reader { left: MOST_PARTS, cut };
    let mut root = reader.node(raw, PartPath::default(), false);
    if root.parts.is_empty() {
        root.path = PartPath(vec![1]);
    }
    root
}

struct Reader<'c> {
    left: usize,
    cut: &'c mut BTreeSet<Bound>,
}

impl Reader<'_> {
    fn node<'a>(&mut self, raw: &'a [u8], path: PartPath, is_in_digest: bool) -> Node<'a> {
        let (fields, at) = Fields::read(raw);
        let mut node = Node::of(fields, &raw[at..], path, is_in_digest, self.cut);
        if node.kind.top == "multipart" {
            node.parts = self.parts(node.body, &node.kind, &node.path);
        }
        node
    }

    fn parts<'a>(&mut self, body: &'a [u8], kind: &Kind, path: &PartPath) -> Vec<Node<'a>> {
        if path.0.len() >= DEEPEST_PART {
            self.cut.insert(Bound::Depth);
            return Vec::new();
        }
        let named = kind.parameter("boundary").map(|name| name.trim_end().as_bytes()).filter(|name| !name.is_empty());
        let mut ranges = named.map(|boundary| pieces(body, boundary, self.left + 1)).unwrap_or_default();
        if ranges.is_empty()
            && let Some(boundary) = guessed(body)
        {
            ranges = pieces(body, boundary, self.left + 1);
        }
        let mut parts = Vec::new();
        for (number, piece) in (1..).zip(ranges) {
            if self.left == 0 {
                self.cut.insert(Bound::Parts);
                break;
            }
            self.left -= 1;
            let mut path = path.clone();
            path.0.push(number);
            parts.push(self.node(piece, path, kind.sub == "digest"));
        }
        parts
    }
}

/// What stands between the boundaries: `most` of it.
fn pieces<'a>(body: &'a [u8], boundary: &[u8], most: usize) -> Vec<&'a [u8]> {
    let (mut found, mut begun, mut at) = (Vec::new(), None, 0);
    while at < body.len() {
        let end = line_end(body, at);
        let is_last = match body[at..end].strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) {
            Some(rest) if rest.trim_ascii_end().is_empty() => Some(false),
            Some(rest) if rest.starts_with(b"--") => Some(true),
            _ => None,
        };
        if let Some(is_last) = is_last {
            if let Some(start) = begun {
                found.push(without_last_break(&body[start..at]));
            }
            if is_last || found.len() == most {
                return found;
            }
            begun = Some(end);
        }
        at = end;
    }
    // The mail was cut before its end.
    found.extend(begun.map(|start| &body[start..]));
    found
}

fn without_last_break(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    piece.strip_suffix(b"\r").unwrap_or(piece)
}

/// The boundary of a body whose head names another one, or none: the line that is followed by a part's head.
fn guessed(body: &[u8]) -> Option<&[u8]> {
    /// How far into the body it may stand.
    const WITHIN_BYTES: usize = 64 << 10;
    let mut at = 0;
    while at < body.len().min(WITHIN_BYTES) {
        let end = line_end(body, at);
        let boundary = body[at..end].strip_prefix(b"--").map(<[u8]>::trim_ascii_end);
        let next = &body[end..line_end(body, end)];
        let is_head = next.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"));
        if let Some(boundary) = boundary.filter(|boundary| !boundary.is_empty() && is_head) {
            return Some(boundary);
        }
        at = end;
    }
    None
}

/// A field of a type with parameters. None if there is none.
pub fn structured(fields: &Fields<'_>, name: &str) -> Option<Kind> {
    let (mut value, _) = unfolded(fields.all(name).next()?, LONGEST_VALUE_BYTES);
    value.push('\n');
    let HeaderValue::ContentType(read) = MessageStream::new(value.as_bytes()).parse_content_type() else {
        return None;
    };
    Some(kind_of(&read))
}

fn kind_of(read: &ContentType<'_>) -> Kind {
    let parameters = read.attributes().unwrap_or_default();
    let parameters = parameters.iter().map(|one| (one.name.to_ascii_lowercase(), words::decoded(&one.value)));
    let top = read.ctype().trim().to_ascii_lowercase();
    let sub = read.subtype().map(|sub| sub.trim().to_ascii_lowercase()).filter(|sub| !sub.is_empty());
    let default = if top == "text" { "plain" } else { "octet-stream" };
    Kind { top, sub: sub.unwrap_or_else(|| default.to_owned()), parameters: parameters.collect() }
}

/// The name of a file: the last piece of what may be a path, without what no name has.
pub fn file_name(text: &str) -> Option<String> {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_odd = |letter: char| letter.is_control() || is_turning(letter) || "\"<>:|?*".contains(letter);
    let mut name: String = last.chars().map(|letter| if is_odd(letter) { '_' } else { letter }).collect();
    name = name.trim().trim_start_matches('.').trim().to_owned();
    if name.chars().count() > LONGEST_FILE_NAME {
        // What a file is, is said at its end.
        let ending = name.rsplit_once('.').map(|(_, ending)| format!(".{ending}")).filter(|ending| ending.len() <= 10);
        let ending = ending.unwrap_or_default();
        cut_letters(&mut name, LONGEST_FILE_NAME - ending.chars().count());
        name.push_str(&ending);
    }
    (!name.is_empty()).then_some(name)
}

/// Marks that turn the direction of writing, by which `gpj.exe` may be shown as `exe.jpg`.
fn is_turning(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(node: &Node<'_>) -> String {
        let inside: Vec<_> = node.parts.iter().map(shape).collect();
        let inside = if inside.is_empty() { String::new() } else { format!("[{}]", inside.join(" ")) };
        format!("{}={}{inside}", node.path, node.kind.sub)
    }

    fn read_shape(raw: &str) -> String {
        shape(&read(raw.as_bytes(), &mut BTreeSet::new()))
    }

    #[test]
    fn parts_are_numbered_as_they_stand() {
        let raw = "Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\npreamble\r\n--a b\r\n\
            Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c\r\nContent-Type: text/html\r\n\r\ny\r\n--c--\r\n\
            --a b\r\nContent-Type: application/pdf\r\n\r\nz\r\n--a b--\r\nepilogue";
        assert_eq!(read_shape(raw), "=mixed[1=alternative[1.1=plain 1.2=html] 2=pdf]");
        let bare = raw.replace("\r\n", "\n");
        let root =
            read(bare.as_bytes(), &mut BTreeSet::new()).at(&"1.2".parse().unwrap()).map(|node| node.body.to_owned());
        assert_eq!(root.as_deref(), Some(&b"y"[..]));
    }

    #[test]
    fn what_is_cut_or_misnamed_is_still_found() {
        for (raw, wanted) in [
            ("a: b\n\nx", "1=plain"),
            ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx", "=mixed[1=plain]"),
            ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a\n", "=mixed[1=plain 2=plain]"),
            ("Content-Type: multipart/mixed; boundary=a\n\nx", "1=mixed"),
            ("Content-Type: multipart/mixed\n\n--q\nContent-Type: text/html\n\nx\n--q--", "=mixed[1=html]"),
            (
                "Content-Type: multipart/mixed; boundary=no\n\n--q\nContent-Type: text/html\n\nx\n--q--",
                "=mixed[1=html]",
            ),
            ("Content-Type: multipart/digest; boundary=a\n\n--a\n\nTo: b\n\nx\n--a--", "=digest[1=rfc822]"),
            // A part that bears the boundary of what it stands in goes round in no circle.
            (
                "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a--",
                "=mixed[1=mixed 2=plain]",
            ),
            ("Content-Type: text\n\nx", "1=plain"),
            ("Content-Type: ;;;\n\nx", "1=plain"),
        ] {
            assert_eq!(read_shape(raw), wanted, "{raw}");
        }
    }

    #[test]
    fn a_thousand_parts_in_each_other_are_not_followed() {
        let mut raw = String::new();
        for depth in 0..1_000 {
            raw.push_str(&format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n"));
        }
        let mut cut = BTreeSet::new();
        let mut node = &read(raw.as_bytes(), &mut cut);
        let mut depth = 0;
        while let Some(inner) = node.parts.first() {
            (node, depth) = (inner, depth + 1);
        }
        assert_eq!((depth, cut), (DEEPEST_PART, BTreeSet::from([Bound::Depth])));
    }

    #[test]
    fn a_thousand_parts_beside_each_other_are_not_all_read() {
        let raw = format!("Content-Type: multipart/mixed; boundary=a\n\n{}--a--", "--a\n\nx\n".repeat(1_000));
        let mut cut = BTreeSet::new();
        assert_eq!(read(raw.as_bytes(), &mut cut).parts.len(), MOST_PARTS);
        assert_eq!(cut, BTreeSet::from([Bound::Parts]));
    }

    #[test]
    fn names_of_files_are_only_names() {
        for (value, name) in [
            ("attachment; filename=plan.pdf", Some("plan.pdf")),
            ("attachment; filename*=UTF-8''Jahresabschlu%C3%9F.pdf; filename=x.pdf", Some("Jahresabschluß.pdf")),
            ("attachment; filename*0*=UTF-8''a%20; filename*1=b.txt", Some("a b.txt")),
            ("attachment; filename=\"=?utf-8?Q?caf=C3=A9.pdf?=\"", Some("café.pdf")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"C:\\\\dir\\\\a.txt\"", Some("a.txt")),
            ("attachment; filename=\"a\u{202e}gpj.exe\"", Some("a_gpj.exe")),
            ("attachment; filename=\"..\"", None),
            ("attachment", None),
        ] {
            let raw = format!("Content-Disposition: {value}\n\n");
            assert_eq!(read(raw.as_bytes(), &mut BTreeSet::new()).name.as_deref(), name, "{value}");
        }
        let long = file_name(&format!("{}.pdf", "a".repeat(500))).unwrap();
        assert!(long.ends_with("a.pdf") && long.chars().count() == LONGEST_FILE_NAME);
    }
}

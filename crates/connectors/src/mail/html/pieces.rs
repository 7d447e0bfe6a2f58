//! The pieces that tamed HTML is made of, and HTML out of such pieces.
//!
//! Whatever is written opens and closes its elements in order. It is not the last word on what is safe: that is `clean`.

use crate::mail::fold::Hint;

/// The elements that are kept, sorted. The words in all others are kept as well, but for `SILENT`.
pub const ELEMENTS: [&str; 66] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
];
/// Attributes that are kept, whatever bears them, sorted.
pub const ATTRIBUTES: [&str; 18] = [
    "align",
    "alt",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "lang",
    "rowspan",
    "size",
    "start",
    "title",
    "valign",
    "width",
];

/// Where the address of a picture stands that is elsewhere. Nothing is fetched for it.
pub const REMOTE: &str = "data-remote-src";

/// A tag with what it says.
#[derive(Debug)]
pub struct Element {
    /// One of `ELEMENTS`.
    pub name: &'static str,
    /// What is kept of its attributes.
    pub attributes: Vec<(&'static str, String)>,
    /// What its program says by it of a quote.
    pub hint: Hint,
    /// It holds words of somebody else, for certain.
    pub is_cited: bool,
}

impl Element {
    /// What it says under a name.
    pub fn says(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| *one == name).map(|(_, value)| value.as_str())
    }
}

/// A piece of HTML.
#[derive(Debug)]
pub enum Piece {
    /// An element begins.
    Open(Element),
    /// One that holds nothing.
    Void(Element),
    /// The last element that is open ends.
    Close(&'static str),
    /// Words, as they are read.
    Text(String),
}

/// HTML before and after a piece, each whole by itself.
pub fn part(pieces: &[Piece], at: Option<usize>) -> (String, String) {
    let Some(at) = at else { return (written(pieces, &[]), String::new()) };
    let mut at = at;
    // What only opens for the words that are parted off belongs to them.
    while at > 0 && is_empty(&pieces[at - 1]) {
        at -= 1;
    }
    let mut open: Vec<&Element> = Vec::new();
    for piece in &pieces[..at] {
        match piece {
            Piece::Open(element) => open.push(element),
            Piece::Close(_) => drop(open.pop()),
            Piece::Void(_) | Piece::Text(_) => {}
        }
    }
    (written(&pieces[..at], &[]), written(&pieces[at..], &open))
}

fn is_empty(piece: &Piece) -> bool {
    match piece {
        Piece::Open(_) => true,
        Piece::Void(element) => matches!(element.name, "br" | "hr"),
        Piece::Close(_) => false,
        Piece::Text(text) => text.chars().all(char::is_whitespace),
    }
}

/// HTML of pieces that stand in some elements. What is open at the end is closed.
fn written(pieces: &[Piece], within: &[&Element]) -> String {
    let mut out = String::new();
    let mut open: Vec<&'static str> = Vec::new();
    for element in within {
        tag(&mut out, element);
        open.push(element.name);
    }
    for piece in pieces {
        match piece {
            Piece::Open(element) => {
                tag(&mut out, element);
                open.push(element.name);
            }
            Piece::Void(element) => tag(&mut out, element),
            Piece::Close(name) => {
                open.pop();
                out.extend(["</", name, ">"]);
            }
            Piece::Text(text) => escape(&mut out, text),
        }
    }
    while let Some(name) = open.pop() {
        out.extend(["</", name, ">"]);
    }
    out
}

fn tag(out: &mut String, element: &Element) {
    out.extend(["<", element.name]);
    for (name, value) in &element.attributes {
        out.extend([" ", name, "=\""]);
        escape(out, value);
        out.push('"');
    }
    out.push('>');
}

fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"')) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sought_by_halves_is_sorted() {
        assert!(ELEMENTS.is_sorted() && ATTRIBUTES.is_sorted());
    }
}

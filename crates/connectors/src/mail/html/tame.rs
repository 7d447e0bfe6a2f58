//! HTML of strangers as a bounded row of pieces that stand properly in each other.
//!
//! What goes out has elements none too deep, and not too many: so nothing that is built of it costs more than the bounds
//! allow. It understands HTML as far as readers see it, and need not agree with a browser in all else.

use super::{
    pieces::{ATTRIBUTES, ELEMENTS, Element, Piece, REMOTE},
    style,
};
use crate::mail::{
    bounds::{DEEPEST_ELEMENT, LONGEST_ATTRIBUTE_BYTES, MOST_PARTS, MOST_PIECES},
    fold::Hint,
};
use html5gum::{StartTag, Token, Tokenizer, emitters::default::DefaultEmitter};

/// What stands in these is not said to anybody.
const SILENT: [&str; 11] =
    ["iframe", "noembed", "noframes", "noscript", "object", "plaintext", "script", "style", "template", "title", "xmp"];
/// Pictures that stand in their own address.
const OWN_PICTURES: [&str; 3] = ["data:image/png", "data:image/jpeg", "data:image/gif"];
/// As much of an address as tells where it leads, in bytes.
const LONGEST_SCHEME: usize = 20;
const VOID: [&str; 4] = ["br", "col", "hr", "img"];
/// Elements that only change how words look.
const LOOKS: [&str; 19] = [
    "a", "b", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "s", "small", "strike",
    "strong", "tt", "u",
];
/// Elements that stand within a line.
const INLINE: [&str; 9] = ["abbr", "bdi", "bdo", "br", "img", "q", "samp", "span", "sub"];
/// HTML, tamed.
#[derive(Debug, Default)]
pub struct Tamed {
    /// What it is made of.
    pub pieces: Vec<Piece>,
    /// There was more.
    pub is_cut: bool,
    /// It has pictures from elsewhere.
    pub has_remote: bool,
    /// The pictures of the mail itself, by Content-ID.
    pub inline: Vec<String>,
}

/// Reads HTML into pieces.
pub fn tame(html: &str) -> Tamed {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut tamer = Tamer { tamed: Tamed::default(), open: Vec::new(), looks: 0, silent: None, cost: 0 };
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        if tamer.cost > MOST_PIECES {
            tamer.tamed.is_cut = true;
            break;
        }
        match token {
            Token::StartTag(tag) => tamer.start(&tag),
            Token::EndTag(tag) => tamer.end(&tag.name),
            Token::String(text) => tamer.text(String::from_utf8_lossy(&text).into_owned()),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    tamer.close_to(0);
    tamer.tamed
}

struct Tamer {
    tamed: Tamed,
    open: Vec<&'static str>,
    /// How many of them are looks.
    looks: usize,
    /// The element that is open and says nothing, and how many of its name stand in each other.
    silent: Option<(Vec<u8>, usize)>,
    /// How many nodes a browser would make of it, at most.
    cost: usize,
}

impl Tamer {
    fn start(&mut self, tag: &StartTag<()>) {
        if let Some((name, depth)) = &mut self.silent {
            *depth += usize::from(*name == *tag.name && !VOID.iter().any(|void| void.as_bytes() == &tag.name[..]));
            return;
        }
        let says = |name: &str| tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value));
        let is_hidden = says("style").is_some_and(|style| style::is_hidden(&style)) || says("hidden").is_some();
        let name = listed(&ELEMENTS, &tag.name);
        let is_void = name.is_some_and(|name| VOID.contains(&name));
        let is_silent = SILENT.iter().any(|name| name.as_bytes() == &tag.name[..]);
        if (is_silent || is_hidden && name.is_some()) && !is_void {
            if !tag.self_closing {
                self.silent = Some((tag.name.to_vec(), 1));
            }
            return;
        }
        let Some(name) = name.filter(|_| !(is_void && is_hidden)) else { return };
        self.close_implied(name);
        let is_look = LOOKS.contains(&name);
        if !is_void && self.open.len() >= DEEPEST_ELEMENT {
            self.tamed.is_cut = true;
            return;
        }
        // Looks that are open may have to be made anew in each element.
        self.cost += 1 + self.looks;
        let element = self.element(name, tag);
        if element.says(REMOTE).is_some() {
            if is_dot(&element) {
                return;
            }
            self.tamed.has_remote = true;
        }
        if is_void {
            return self.tamed.pieces.push(Piece::Void(element));
        }
        self.open.push(name);
        self.looks += usize::from(is_look);
        self.tamed.pieces.push(Piece::Open(element));
    }

    fn element(&mut self, name: &'static str, tag: &StartTag<()>) -> Element {
        let mut element = Element { name, attributes: Vec::new(), hint: Hint::None, is_cited: false };
        let (mut class, mut id) = (String::new(), String::new());
        for (attribute, value) in &tag.attributes {
            let value = String::from_utf8_lossy(value);
            match &attribute[..] {
                b"class" => class = value.into_owned(),
                b"id" => id = value.into_owned(),
                b"type" => element.is_cited |= name == "blockquote" && value == "cite",
                b"href" if name == "a" && value.len() <= LONGEST_ATTRIBUTE_BYTES => {
                    element.attributes.push(("href", value.trim().to_owned()));
                }
                b"src" if name == "img" => element.attributes.extend(self.picture(&value)),
                b"style" => {
                    if style::is_outlook_line(&value) {
                        element.hint = Hint::History;
                    }
                    element.attributes.extend(style::kept(&value).map(|style| ("style", style)));
                }
                other => {
                    let kept = listed(&ATTRIBUTES, other).filter(|_| value.len() <= LONGEST_ATTRIBUTE_BYTES);
                    element.attributes.extend(kept.map(|kept| (kept, value.into_owned())));
                }
            }
        }
        if let Some(hint) = marked(&class, &id) {
            element.hint = hint;
        }
        element.is_cited |= name == "blockquote" && class.contains("_quote");
        element
    }

    /// The address of a picture, and the attribute that it is kept in: one from elsewhere is not to be fetched.
    fn picture(&mut self, address: &str) -> Option<(&'static str, String)> {
        let address = address.trim();
        let lower = address.get(..address.floor_char_boundary(LONGEST_SCHEME)).unwrap_or_default().to_ascii_lowercase();
        if lower.starts_with("cid:") {
            let id = address[4..].trim().to_owned();
            if self.tamed.inline.len() < MOST_PARTS && !self.tamed.inline.contains(&id) {
                self.tamed.inline.push(id);
            }
            return Some(("src", address.to_owned()));
        }
        if ["http://", "https://"].iter().any(|start| lower.starts_with(start)) {
            return (address.len() <= LONGEST_ATTRIBUTE_BYTES).then(|| (REMOTE, address.to_owned()));
        }
        if lower.starts_with("//") {
            return (address.len() <= LONGEST_ATTRIBUTE_BYTES).then(|| (REMOTE, format!("https:{address}")));
        }
        OWN_PICTURES.iter().any(|start| lower.starts_with(start)).then(|| ("src", address.to_owned()))
    }

    fn end(&mut self, name: &[u8]) {
        if let Some((silent, depth)) = &mut self.silent {
            *depth -= usize::from(silent[..] == *name);
            if *depth == 0 {
                self.silent = None;
            }
            return;
        }
        let Some(at) = self.open.iter().rposition(|open| open.as_bytes() == name) else { return };
        let is_inline = |open: &str| LOOKS.contains(&open) || INLINE.contains(&open);
        let is_of_table =
            |open: &str| matches!(open, "table" | "tbody" | "thead" | "tfoot" | "tr" | "td" | "th" | "caption");
        // The end of what stands within a line does not end a block, nor that of a block the cell around it.
        let stops = |open: &&&str| match self.open[at] {
            name if is_inline(name) => !is_inline(open),
            name if is_of_table(name) => **open == "table",
            _ => is_of_table(open),
        };
        if self.open[at + 1..].iter().find(stops).is_none() {
            self.close_to(at);
        }
    }

    fn close_to(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(name) = self.open.pop() else { break };
            self.looks -= usize::from(LOOKS.contains(&name));
            self.tamed.pieces.push(Piece::Close(name));
        }
    }

    /// Ends what the beginning of an element ends.
    fn close_implied(&mut self, name: &str) {
        let (ends, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl"]),
            "td" | "th" => (&["td", "th"], &["table"]),
            "tr" => (&["tr"], &["table"]),
            "tbody" | "thead" | "tfoot" => (&["tbody", "thead", "tfoot"], &["table"]),
            "a" => (&["a"], &["table", "td", "th"]),
            name if LOOKS.contains(&name) || INLINE.contains(&name) || name == "sup" => return,
            _ => (&["p"], &["td", "th", "table", "div", "li", "blockquote", "center", "ul", "ol", "section"]),
        };
        let found = self.open.iter().rposition(|open| ends.contains(open) || within.contains(open));
        if let Some(at) = found.filter(|at| ends.contains(&self.open[*at])) {
            self.close_to(at);
        }
    }

    fn text(&mut self, mut text: String) {
        if self.silent.is_none() {
            self.cost += 1;
            text.retain(|letter| !letter.is_control() || letter.is_whitespace());
            self.tamed.pieces.push(Piece::Text(text));
        }
    }
}

/// The one of a sorted list that has this name.
fn listed(all: &[&'static str], name: &[u8]) -> Option<&'static str> {
    all.binary_search_by(|one| one.as_bytes().cmp(name)).ok().map(|at| all[at])
}

/// Whether a picture is a dot, which shows nothing but to its owner that somebody looked.
fn is_dot(element: &Element) -> bool {
    let style = element.says("style").unwrap_or_default();
    ["width", "height"].iter().all(|side| {
        let measure = style::declared(style, side).or(element.says(side));
        measure.is_some_and(style::is_a_dot_at_most)
    })
}

/// What a program says by a class or an id of what it bears.
fn marked(class: &str, id: &str) -> Option<Hint> {
    const ATTRIBUTION: [&str; 4] = ["gmail_attr", "moz-cite-prefix", "protonmail_quote_header", "zmail_extra_hr"];
    const HISTORY: [&str; 2] = ["yahoo_quoted", "OutlookMessageHeader"];
    const HISTORY_IDS: [&str; 6] = [
        "divRplyFwdMsg",
        "appendonsend",
        "OLK_SRC_BODY_SECTION",
        "stopSpelling",
        "mail-editor-reference-message-container",
        "reply-intro",
    ];
    const SIGNATURE: [&str; 5] = [
        "gmail_signature",
        "gmail_signature_prefix",
        "moz-signature",
        "protonmail_signature_block",
        "x_gmail_signature",
    ];
    const SIGNATURE_IDS: [&str; 4] =
        ["Signature", "AppleMailSignature", "ms-outlook-mobile-signature", "lineBreakAtBeginningOfSignature"];
    let has = |names: &[&str]| class.split_ascii_whitespace().any(|class| names.contains(&class));
    // Outlook on the web puts `x_` before the ids of what it quotes.
    let is = |names: &[&str]| names.contains(&id.trim_start_matches("x_"));
    match () {
        () if has(&ATTRIBUTION) => Some(Hint::Attribution),
        () if has(&HISTORY) || is(&HISTORY_IDS) => Some(Hint::History),
        () if has(&SIGNATURE) || is(&SIGNATURE_IDS) => Some(Hint::Signature),
        () => None,
    }
}

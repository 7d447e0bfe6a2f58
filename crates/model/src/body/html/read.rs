//! From HTML to a body. Tags that are not of the strict part become their text.
//!
//! A line break of the source is a space, as in HTML; spaces that stand together are kept.

use crate::body::{Body, Builder, Span, Style, builder::is_address, named};
use html5gum::{StartTag, Token, Tokenizer};

/// Reads HTML.
pub fn read(html: &str) -> Body {
    let mut reader = Reader { at_rim: true, ..Reader::default() };
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::EndTag(tag) => reader.end(&tag.name),
            Token::String(text) => reader.text(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    builder: Builder,
    bold: usize,
    italic: usize,
    strike: usize,
    code: usize,
    /// The lines of code that is open, and their language.
    lines: Option<(Option<String>, String)>,
    /// Where the link that is open leads, and whether it said anything.
    link: Option<(String, bool)>,
    /// The kind and value of the mention that is open, and its label so far.
    named: Option<(String, String, String)>,
    /// What is begun and not ended, of what may stand in each other.
    open: Vec<&'static str>,
    /// Nothing was said since the last block began or ended.
    at_rim: bool,
    /// A line break of the source waits to be a space, if words follow.
    space: bool,
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// The name under which a tag that may hold blocks is kept.
fn holder(name: &[u8]) -> Option<&'static str> {
    ["blockquote", "ul", "ol", "li"].into_iter().find(|known| known.as_bytes() == name)
}

fn is_heading(name: &[u8]) -> bool {
    matches!(name, b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6")
}

impl Reader {
    fn style(&self) -> Style {
        Style { bold: self.bold > 0, italic: self.italic > 0, strike: self.strike > 0, code: self.code > 0 }
    }

    fn start(&mut self, tag: &StartTag<()>) {
        if self.lines.is_some() {
            // In lines of code, only their language is of interest.
            if let (b"code", Some((language @ None, text))) = (&tag.name[..], &mut self.lines)
                && text.is_empty()
            {
                *language =
                    attribute(tag, b"class").and_then(|class| class.strip_prefix("language-").map(str::to_owned));
            }
            return;
        }
        if let Some(holder) = holder(&tag.name) {
            return self.open(holder, tag);
        }
        match &tag.name[..] {
            b"b" | b"strong" => self.bold += 1,
            b"i" | b"em" => self.italic += 1,
            b"s" | b"del" | b"strike" => self.strike += 1,
            b"code" => self.code += 1,
            b"br" => {
                self.builder.text("\n", Style::PLAIN);
                self.at_rim = true;
            }
            b"p" => self.begin(Builder::new_paragraph),
            b"div" => self.begin(Builder::new_line),
            b"pre" => self.lines = Some((None, String::new())),
            b"a" => self.link = attribute(tag, b"href").filter(|to| is_address(to)).map(|to| (to, false)),
            b"span" => {
                if let (Some(kind), Some(value)) = (attribute(tag, b"data-kind"), attribute(tag, b"data-value")) {
                    self.named = Some((kind, value, String::new()));
                }
            }
            name if is_heading(name) => {
                self.begin(Builder::new_paragraph);
                self.bold += 1;
            }
            _ => {}
        }
    }

    fn begin(&mut self, part: fn(&mut Builder)) {
        part(&mut self.builder);
        self.at_rim = true;
    }

    fn open(&mut self, holder: &'static str, tag: &StartTag<()>) {
        self.at_rim = true;
        match holder {
            "blockquote" => self.builder.open_quote(),
            "ul" => self.builder.open_list(None),
            "ol" => {
                let first = attribute(tag, b"start").and_then(|start| start.parse().ok()).unwrap_or(1);
                self.builder.open_list(Some(first));
            }
            _ => {
                // A point ends where the next one begins.
                if self.open.last() == Some(&"li") {
                    self.close();
                }
                self.builder.open_item();
            }
        }
        self.open.push(holder);
    }

    fn close(&mut self) {
        self.open.pop();
        self.builder.close();
        self.at_rim = true;
    }

    fn end(&mut self, name: &[u8]) {
        if self.lines.is_some() {
            if name == b"pre" {
                self.end_lines();
            }
            return;
        }
        if let Some(holder) = holder(name) {
            if let Some(at) = self.open.iter().rposition(|open| *open == holder) {
                while self.open.len() > at {
                    self.close();
                }
            }
            return;
        }
        match name {
            b"b" | b"strong" => self.bold = self.bold.saturating_sub(1),
            b"i" | b"em" => self.italic = self.italic.saturating_sub(1),
            b"s" | b"del" | b"strike" => self.strike = self.strike.saturating_sub(1),
            b"code" => self.code = self.code.saturating_sub(1),
            b"p" => self.begin(Builder::new_paragraph),
            b"div" => self.begin(Builder::new_line),
            b"a" => self.end_link(),
            b"span" => self.end_named(),
            name if is_heading(name) => {
                self.bold = self.bold.saturating_sub(1);
                self.begin(Builder::new_paragraph);
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, lines)) = &mut self.lines {
            return lines.push_str(text);
        }
        let (text, space) = unbroken(text, self.at_rim);
        let before = std::mem::replace(&mut self.space, space) && !self.at_rim;
        if text.is_empty() {
            self.space |= before;
            return;
        }
        let text = if before { format!(" {text}") } else { text };
        self.at_rim = false;
        if let Some((_, _, label)) = &mut self.named {
            return label.push_str(&text);
        }
        let style = self.style();
        match &mut self.link {
            Some((address, said)) => {
                *said = true;
                self.builder.link(address, &text, style);
            }
            None => self.builder.text(&text, style),
        }
    }

    fn end_link(&mut self) {
        if let Some((address, false)) = self.link.take() {
            self.builder.link(&address, &address, self.style());
        }
    }

    fn end_named(&mut self) {
        let Some((kind, value, label)) = self.named.take() else { return };
        match named::read(&kind, &value, &label) {
            Some(what) => self.builder.span(Span { what, style: self.style() }),
            None => self.builder.text(&label, self.style()),
        }
        self.at_rim = false;
    }

    fn end_lines(&mut self) {
        if let Some((language, text)) = self.lines.take() {
            self.builder.code(language.as_deref(), &text);
            self.at_rim = true;
        }
    }

    fn finish(mut self) -> Body {
        self.end_lines();
        self.end_link();
        self.end_named();
        self.builder.finish()
    }
}

/// Text in which spaces around a line break of the source are one space, or none at a block's rim, and
/// whether it ends in such a one.
fn unbroken(text: &str, at_rim: bool) -> (String, bool) {
    if !text.contains(['\n', '\r']) {
        return (text.to_owned(), false);
    }
    let is_space = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_space) {
        let (words, spaces) = rest.split_at(start);
        out.push_str(words);
        let end = spaces.find(|letter| !is_space(letter)).unwrap_or(spaces.len());
        match spaces[..end].contains(['\n', '\r']) {
            true if end == spaces.len() => return (out, true),
            true if out.is_empty() && at_rim => {}
            true => out.push(' '),
            false => out.push_str(&spaces[..end]),
        }
        rest = &spaces[end..];
    }
    out.push_str(rest);
    (out, false)
}

//! A body as readable text: what is shown in short, searched, and told where nothing else can be shown.

use super::{Block, Body, Naming, Span, What, named};

const BULLETS: [&str; 3] = ["• ", "◦ ", "▪ "];

impl Body {
    /// The text as a reader sees it, with the names known by now.
    pub fn text(&self, names: &impl Naming) -> String {
        let mut lines = Lines { text: String::new(), prefix: String::new() };
        lines.blocks(&self.blocks, names, 0);
        lines.text
    }
}

struct Lines {
    text: String,
    /// What each new line begins with: the marks of quotes, the indent of lists.
    prefix: String,
}

impl Lines {
    fn begin(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&self.prefix);
    }

    fn words(&mut self, words: &str) {
        for (number, line) in words.split('\n').enumerate() {
            if number > 0 {
                self.text.push('\n');
                self.text.push_str(&self.prefix);
            }
            self.text.push_str(line);
        }
    }

    fn blocks(&mut self, blocks: &[Block], names: &impl Naming, indent: usize) {
        for block in blocks {
            match block {
                Block::Words { spans } => {
                    self.begin();
                    spans.iter().for_each(|span| self.words(&shown(span, names)));
                }
                Block::Code { text, .. } => {
                    self.begin();
                    self.words(text);
                }
                Block::Quote { blocks } => {
                    let before = self.prefix.len();
                    self.prefix.push_str("> ");
                    self.blocks(blocks, names, 0);
                    self.prefix.truncate(before);
                }
                Block::List { first, items } => self.list(*first, items, names, indent),
            }
        }
    }

    fn list(&mut self, first: Option<u32>, items: &[Vec<Block>], names: &impl Naming, indent: usize) {
        let before = self.prefix.len();
        for (number, item) in (u64::from(first.unwrap_or_default())..).zip(items) {
            self.begin();
            self.text.push_str(&match first {
                Some(_) => numbered(number, indent),
                None => BULLETS[indent % BULLETS.len()].to_owned(),
            });
            let mut rest = item.as_slice();
            if let [Block::Words { spans }, more @ ..] = item.as_slice() {
                spans.iter().for_each(|span| self.words(&shown(span, names)));
                rest = more;
            }
            self.prefix.push_str("    ");
            self.blocks(rest, names, indent + 1);
            self.prefix.truncate(before);
        }
    }
}

/// `1. ` on the outside, `a. ` one level in.
fn numbered(number: u64, indent: usize) -> String {
    match u8::try_from(number) {
        Ok(letter @ 1..=26) if indent % 3 == 1 => format!("{}. ", char::from(b'a' + letter - 1)),
        _ => format!("{number}. "),
    }
}

/// What a reader sees of a stretch.
pub(super) fn shown(span: &Span, names: &impl Naming) -> String {
    match &span.what {
        What::Text { text } => text.clone(),
        What::Link { address, text } => link(address, text),
        what => named::label(what, names),
    }
}

/// What a reader sees of a link: the address, and its words if they say something else.
pub(super) fn link(address: &str, text: &str) -> String {
    let bare = address.strip_prefix("mailto:").or_else(|| address.strip_prefix("tel:")).unwrap_or(address);
    // `example.com` says the same as its link.
    let says_the_same = text == bare || text == address || bare.split_once("://").is_some_and(|(_, rest)| rest == text);
    if text == address {
        bare.to_owned()
    } else if says_the_same {
        text.to_owned()
    } else {
        format!("{text} ({bare})")
    }
}

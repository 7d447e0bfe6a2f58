//! A body as mrkdwn, for notices and for clients that show no blocks.

use crate::slack::text::{escape, is_id};
use model::body::{Block, Body, Range, Span, Style, What};

/// The longest text of an edit that Slack takes. Beside blocks no more is needed of a post either.
pub const LONGEST: usize = 4_000;
const CUT: &str = "…";

/// Writes a body as mrkdwn, as far as it fits.
pub fn write(body: &Body) -> String {
    let mut writer = Writer::default();
    writer.blocks(body.blocks(), "");
    let length: usize = writer.pieces.iter().map(|piece| piece.chars().count()).sum();
    if length <= LONGEST {
        return writer.pieces.concat();
    }
    let (mut text, mut left) = (String::new(), LONGEST - CUT.chars().count());
    for piece in &writer.pieces {
        let Some(rest) = left.checked_sub(piece.chars().count()) else { break };
        text.push_str(piece);
        left = rest;
    }
    text + CUT
}

#[derive(Default)]
struct Writer {
    /// What must not be torn: a character or a mention each.
    pieces: Vec<String>,
}

impl Writer {
    fn words(&mut self, words: &str, prefix: &str) {
        for letter in words.chars() {
            self.pieces.push(escape(letter.encode_utf8(&mut [0; 4])));
            if letter == '\n' {
                self.pieces.push(prefix.to_owned());
            }
        }
    }

    fn begin(&mut self, prefix: &str) {
        if !self.pieces.is_empty() {
            self.pieces.push("\n".to_owned());
        }
        self.pieces.push(prefix.to_owned());
    }

    fn blocks(&mut self, blocks: &[Block], prefix: &str) {
        for block in blocks {
            match block {
                Block::Words { spans } => {
                    self.begin(prefix);
                    spans.iter().for_each(|span| self.span(span, prefix));
                }
                Block::Code { text, .. } => {
                    self.begin(prefix);
                    self.words(&format!("```\n{text}\n```"), prefix);
                }
                Block::Quote { blocks } => self.blocks(blocks, &format!("{prefix}&gt; ")),
                Block::List { first, items } => self.list(*first, items, prefix),
            }
        }
    }

    fn list(&mut self, first: Option<u32>, items: &[Vec<Block>], prefix: &str) {
        for (number, item) in (u64::from(first.unwrap_or_default())..).zip(items) {
            self.begin(prefix);
            let mark = if first.is_some() { format!("{number}. ") } else { "• ".to_owned() };
            self.pieces.push(mark);
            let deeper = format!("{prefix}    ");
            match item.as_slice() {
                [Block::Words { spans }, rest @ ..] => {
                    spans.iter().for_each(|span| self.span(span, &deeper));
                    self.blocks(rest, &deeper);
                }
                rest => self.blocks(rest, &deeper),
            }
        }
    }

    fn span(&mut self, span: &Span, prefix: &str) {
        let marks = marks(span.style);
        let shown = match &span.what {
            What::Text { text } if marks.is_empty() => return self.words(text, prefix),
            What::Text { text } => {
                // Marks hold at words alone, so spaces stay outside.
                let (start, said) = (text.len() - text.trim_start().len(), text.trim());
                self.words(&text[..start], prefix);
                self.words(&marks, prefix);
                self.words(said, prefix);
                self.words(&marks.chars().rev().collect::<String>(), prefix);
                return self.words(&text[start + said.len()..], prefix);
            }
            What::Link { address, text } if text == address => format!("<{}>", escape(address)),
            What::Link { address, text } => format!("<{}|{}>", escape(address), escape(&text.replace('|', "¦"))),
            What::Person { id, .. } if is_id(id.as_str()) => format!("<@{id}>"),
            What::Chat { id, .. } if is_id(id.as_str()) => format!("<#{id}>"),
            What::Group { id, .. } if is_id(id.as_str()) => format!("<!subteam^{id}>"),
            What::Broadcast { range: Range::Here } => "<!here>".to_owned(),
            What::Broadcast { range: Range::Channel } => "<!channel>".to_owned(),
            What::Broadcast { range: Range::Everyone } => "<!everyone>".to_owned(),
            What::Emoji { name } => format!(":{name}:"),
            What::Person { fallback, .. } | What::Group { fallback, .. } => escape(&format!("@{fallback}")),
            What::Chat { fallback, .. } => escape(&format!("#{fallback}")),
            What::Date { fallback, .. } => escape(fallback),
        };
        self.pieces.push(shown);
    }
}

fn marks(style: Style) -> String {
    let worn = [(style.bold, '*'), (style.italic, '_'), (style.strike, '~'), (style.code, '`')];
    worn.into_iter().filter(|(worn, _)| *worn).map(|(_, mark)| mark).collect()
}

//! From a body to `rich_text`.

use crate::slack::{emoji, text};
use model::body::{Block, Body, Span, Style, What};
use serde_json::{Map, Value, json};

/// Writes a body as one `rich_text` block.
pub fn write(body: &Body, block_id: &str) -> Value {
    let mut writer = Writer::default();
    writer.blocks(body.blocks(), true);
    json!({ "type": "rich_text", "block_id": block_id, "elements": writer.elements })
}

#[derive(Default)]
struct Writer {
    elements: Vec<Value>,
    /// How many quotes are open.
    quotes: usize,
    /// How many lists are open.
    lists: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block], is_end: bool) {
        for (number, block) in blocks.iter().enumerate() {
            self.block(block, is_end && number + 1 == blocks.len());
        }
    }

    fn block(&mut self, block: &Block, is_end: bool) {
        match block {
            Block::Words { spans } => {
                let kind = if self.quotes > 0 { "rich_text_quote" } else { "rich_text_section" };
                let mut leaves = self.leaves(spans);
                let ends_a_line =
                    leaves.last().and_then(|leaf| leaf["text"].as_str()).is_some_and(|text| text.ends_with('\n'));
                if ends_a_line && !is_end {
                    // The last line break of a section is that of its own line.
                    leaves.push(json!({ "type": "text", "text": "\n" }));
                }
                self.elements.push(json!({ "type": kind, "elements": leaves }));
            }
            Block::Code { text, .. } => {
                let leaves = json!([{ "type": "text", "text": text }]);
                let element = json!({ "type": "rich_text_preformatted", "elements": leaves });
                self.bordered(element);
            }
            Block::Quote { blocks } => {
                self.quotes += 1;
                self.blocks(blocks, is_end);
                self.quotes -= 1;
            }
            Block::List { first, items } => {
                self.list(*first, items);
            }
        }
    }

    fn bordered(&mut self, mut element: Value) {
        if self.quotes > 0 {
            element["border"] = json!(1);
        }
        self.elements.push(element);
    }

    /// Points in a row are one list; what stands in a point ends it, and the next one goes on.
    fn list(&mut self, first: Option<u32>, items: &[Vec<Block>]) {
        let mut row = Vec::new();
        let start = first.unwrap_or(1).max(1) - 1;
        let mut offset = start;
        for (number, item) in (start..).zip(items) {
            let (words, rest): (&[Span], _) = match item.as_slice() {
                [Block::Words { spans }, rest @ ..] => (spans, rest),
                rest => (&[], rest),
            };
            if !words.is_empty() {
                row.push(json!({ "type": "rich_text_section", "elements": self.leaves(words) }));
            }
            if !rest.is_empty() {
                self.row(first.is_some(), offset, std::mem::take(&mut row));
                self.lists += 1;
                self.blocks(rest, false);
                self.lists -= 1;
                offset = number.saturating_add(1);
            }
        }
        self.row(first.is_some(), offset, row);
    }

    fn row(&mut self, ordered: bool, offset: u32, items: Vec<Value>) {
        if items.is_empty() {
            return;
        }
        let style = if ordered { "ordered" } else { "bullet" };
        let mut element = json!({ "type": "rich_text_list", "style": style, "indent": self.lists, "elements": items });
        if ordered && offset > 0 {
            element["offset"] = json!(offset);
        }
        self.bordered(element);
    }

    fn leaves(&self, spans: &[Span]) -> Vec<Value> {
        // Slack has no quotes in quotes; the inner ones keep their mark.
        let inner = "> ".repeat(self.quotes.saturating_sub(1));
        let mut leaves = Vec::new();
        if !inner.is_empty() {
            leaves.push(json!({ "type": "text", "text": inner }));
        }
        leaves.extend(spans.iter().map(|span| leaf(span, &inner)));
        leaves
    }
}

/// One stretch. Slack knows fewer looks for mentions than for words, and none for the rest.
fn leaf(span: &Span, inner: &str) -> Value {
    let Span { what, style } = span;
    let mention = Style { code: false, ..*style };
    match what {
        What::Text { text } if inner.is_empty() => words(text, *style),
        What::Text { text } => words(&text.replace('\n', &format!("\n{inner}")), *style),
        What::Link { address, text } if text == address => styled(json!({ "type": "link", "url": address }), *style),
        What::Link { address, text } => styled(json!({ "type": "link", "url": address, "text": text }), *style),
        What::Person { id, .. } if text::is_id(id.as_str()) => {
            styled(json!({ "type": "user", "user_id": id.as_str() }), mention)
        }
        What::Chat { id, .. } if text::is_id(id.as_str()) => {
            styled(json!({ "type": "channel", "channel_id": id.as_str() }), mention)
        }
        What::Group { id, .. } if text::is_id(id.as_str()) => {
            styled(json!({ "type": "usergroup", "usergroup_id": id.as_str() }), mention)
        }
        What::Broadcast { range } => json!({ "type": "broadcast", "range": range }),
        What::Emoji { name } => emoji_leaf(name),
        What::Date { seconds, format, fallback } if !format.is_empty() => {
            json!({ "type": "date", "timestamp": seconds, "format": format, "fallback": fallback })
        }
        What::Person { fallback, .. } | What::Group { fallback, .. } => words(&format!("@{fallback}"), *style),
        What::Chat { fallback, .. } => words(&format!("#{fallback}"), *style),
        What::Date { fallback, .. } => words(fallback, *style),
    }
}

fn words(text: &str, style: Style) -> Value {
    styled(json!({ "type": "text", "text": text }), style)
}

fn emoji_leaf(name: &str) -> Value {
    match name.split_once("::skin-tone-") {
        Some((name, tone)) => match tone.parse::<u8>() {
            Ok(tone) => json!({ "type": "emoji", "name": name, "skin_tone": tone }),
            Err(_) => words(&emoji::shown(name), Style::PLAIN),
        },
        None => json!({ "type": "emoji", "name": name }),
    }
}

fn styled(mut leaf: Value, style: Style) -> Value {
    let looks = [("bold", style.bold), ("italic", style.italic), ("strike", style.strike), ("code", style.code)];
    let worn: Map<String, Value> =
        looks.into_iter().filter(|(_, worn)| *worn).map(|(name, _)| (name.to_owned(), json!(true))).collect();
    if !worn.is_empty() {
        leaf["style"] = Value::Object(worn);
    }
    leaf
}

//! How messages look at Slack and here, read from both sides without the connector's help.

use model::body::{Block, Body, Span, What};
use serde_json::Value;

/// A stretch of one line, as a reader sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// What it stands in: `>` for a quote, `#` for code, `•` or `1` for a list with its depth.
    place: String,
    /// `b`, `i`, `s` and `c`, as far as it wears them.
    style: String,
    pub words: String,
}

/// Whether these are words of the simulation's people.
pub fn is_word(words: &str) -> bool {
    words.strip_prefix('w').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn add(said: &mut Vec<Said>, place: &str, style: &str, words: &str) {
    for line in words.split('\n').filter(|line| !line.is_empty()) {
        said.push(Said { place: place.to_owned(), style: style.to_owned(), words: line.to_owned() });
    }
}

/// What Slack shows.
pub fn theirs(blocks: &[Value]) -> Vec<Said> {
    let mut said = Vec::new();
    for element in blocks.iter().flat_map(|block| block["elements"].as_array()).flatten() {
        let indent = element["indent"].as_u64().unwrap_or_default();
        let place = match (element["type"].as_str(), element["style"].as_str()) {
            (Some("rich_text_quote"), _) => ">".to_owned(),
            (Some("rich_text_preformatted"), _) => "#".to_owned(),
            (Some("rich_text_list"), Some("ordered")) => format!("1{indent}"),
            (Some("rich_text_list"), _) => format!("•{indent}"),
            _ => String::new(),
        };
        leaves(&mut said, &place, element);
    }
    said
}

fn leaves(said: &mut Vec<Said>, place: &str, part: &Value) {
    for leaf in part["elements"].as_array().into_iter().flatten() {
        let looks = [("b", "bold"), ("i", "italic"), ("s", "strike"), ("c", "code")];
        let style: String =
            looks.iter().filter(|(_, name)| leaf["style"][name] == true).map(|(short, _)| *short).collect();
        add(said, place, &style, leaf["text"].as_str().unwrap_or_default());
        leaves(said, place, leaf);
    }
}

/// What we hold.
pub fn ours(body: &Body) -> Vec<Said> {
    let mut said = Vec::new();
    blocks(&mut said, "", 0, body.blocks());
    said
}

fn blocks(said: &mut Vec<Said>, place: &str, depth: u64, all: &[Block]) {
    for block in all {
        match block {
            Block::Words { spans } => spans.iter().for_each(|span| add(said, place, &style(span), words(span))),
            Block::Code { text, .. } => add(said, "#", "", text),
            Block::Quote { blocks: inner } => blocks(said, ">", depth, inner),
            Block::List { first, items } => {
                let place = format!("{}{depth}", if first.is_some() { '1' } else { '•' });
                items.iter().for_each(|item| blocks(said, &place, depth + 1, item));
            }
        }
    }
}

fn style(span: &Span) -> String {
    let style = span.style;
    let looks = [("b", style.bold), ("i", style.italic), ("s", style.strike), ("c", style.code)];
    looks.iter().filter(|(_, worn)| *worn).map(|(short, _)| *short).collect()
}

fn words(span: &Span) -> &str {
    match &span.what {
        What::Text { text } | What::Link { text, .. } => text,
        What::Person { .. }
        | What::Chat { .. }
        | What::Group { .. }
        | What::Broadcast { .. }
        | What::Emoji { .. }
        | What::Date { .. } => "",
    }
}

//! Slack's `rich_text`, which people's messages carry, as the text that Slack itself would write for it.

use crate::slack::{
    blocks::{DEEPEST, emoji_of, list, person_of, str_of},
    id, text,
};
use model::body::{Body, Span};
use serde_json::Value;

/// The marks of a stretch, outermost first: bold, italic, struck through, code.
const MARKS: [(&str, &str); 4] = [("bold", "*"), ("italic", "_"), ("strike", "~"), ("code", "`")];
/// The deepest list that is indented.
const DEEPEST_LIST: usize = 8;
const BULLETS: [&str; 3] = ["• ", "◦ ", "▪ "];

/// Which of [`MARKS`] a stretch bears.
type Style = [bool; MARKS.len()];

/// Puts stretches together, with each mark only where a style begins or ends.
#[derive(Default)]
pub struct Writer {
    body: Body,
    open: Style,
    /// Space that waits until it is known whether the style goes on: marks hold only at words.
    space: String,
    /// A new line is due before the next word. What says nothing leaves no empty line behind.
    due: bool,
    /// What each line begins with, in a quote.
    prefix: &'static str,
}

impl Writer {
    /// Adds words in the style that is open.
    pub fn text(&mut self, words: &str) {
        self.styled(words, Style::default());
    }

    /// Adds all of a body.
    pub fn body(&mut self, body: &Body) {
        self.restyle(Style::default());
        for span in &body.spans {
            match span {
                Span::Text { text } => self.text(text),
                Span::Person { .. } | Span::Chat { .. } => self.mention(span.clone(), Style::default()),
            }
        }
    }

    /// Begins a new line, unless this one is still empty.
    pub fn new_line(&mut self) {
        self.restyle(Style::default());
        self.due = true;
    }

    /// Whether nothing was said so far.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty() && self.space.is_empty()
    }

    /// All that was said.
    pub fn finish(mut self) -> Body {
        self.restyle(Style::default());
        self.body
    }

    fn ends_a_line(&self) -> bool {
        matches!(self.body.spans.last(), Some(Span::Text { text }) if text.ends_with('\n'))
    }

    fn styled(&mut self, words: &str, style: Style) {
        if words.is_empty() {
            return;
        }
        if style == Style::default() {
            self.restyle(style);
            return self.push(words);
        }
        let said = words.trim_start();
        let lead = &words[..words.len() - said.len()];
        if said.is_empty() {
            self.space.push_str(words);
            return;
        }
        self.space.push_str(lead);
        self.restyle_before(style);
        let kept = said.trim_end();
        self.push(kept);
        self.space.push_str(&said[kept.len()..]);
    }

    fn mention(&mut self, span: Span, style: Style) {
        self.restyle_before(style);
        self.line_start();
        self.body.spans.push(span);
    }

    /// Goes over to a style, with the waiting space outside of whatever ends or begins.
    fn restyle_before(&mut self, style: Style) {
        if self.open == style {
            let space = std::mem::take(&mut self.space);
            return self.push(&space);
        }
        self.restyle(Style::default());
        for ((_, mark), wanted) in MARKS.iter().zip(style) {
            if wanted {
                self.push(mark);
            }
        }
        self.open = style;
    }

    fn restyle(&mut self, style: Style) {
        if self.open != style {
            for ((_, mark), held) in MARKS.iter().zip(self.open).rev() {
                if held {
                    self.push(mark);
                }
            }
            self.open = style;
        }
        let space = std::mem::take(&mut self.space);
        self.push(&space);
    }

    fn line_start(&mut self) {
        if std::mem::take(&mut self.due) && !self.body.is_empty() && !self.ends_a_line() {
            self.body.push_text("\n");
        }
        if !self.prefix.is_empty() && (self.body.is_empty() || self.ends_a_line()) {
            self.body.push_text(self.prefix);
        }
    }

    fn push(&mut self, words: &str) {
        for line in words.split_inclusive('\n') {
            self.line_start();
            self.body.push_text(line);
        }
    }
}

/// Writes a `rich_text` block.
pub fn write(writer: &mut Writer, block: &Value, depth: usize) {
    let mut numbers = [0; DEEPEST_LIST + 1];
    for element in list(&block["elements"]) {
        writer.new_line();
        if str_of(element, "type") == "rich_text_list" {
            write_list(writer, element, &mut numbers, depth);
        } else {
            container(writer, element, depth);
        }
    }
}

fn container(writer: &mut Writer, element: &Value, depth: usize) {
    let leaves = list(&element["elements"]);
    match str_of(element, "type") {
        "rich_text_quote" => {
            writer.prefix = "> ";
            leaves.iter().for_each(|leaf| write_leaf(writer, leaf, depth + 1));
            writer.restyle(Style::default());
            writer.prefix = "";
        }
        "rich_text_preformatted" => {
            writer.text("```");
            leaves.iter().for_each(|leaf| write_leaf(writer, leaf, depth + 1));
            writer.restyle(Style::default());
            writer.text("```");
        }
        // Sections, and whatever comes: its leaves say what there is to say.
        _ => leaves.iter().for_each(|leaf| write_leaf(writer, leaf, depth + 1)),
    }
}

/// Nested lists are a flat row of lists with growing indents, so the numbers go on by indent.
fn write_list(writer: &mut Writer, element: &Value, numbers: &mut [u64; DEEPEST_LIST + 1], depth: usize) {
    let indent = element["indent"].as_u64().and_then(|indent| usize::try_from(indent).ok());
    let indent = indent.unwrap_or(0).min(DEEPEST_LIST);
    let ordered = str_of(element, "style") == "ordered";
    numbers[indent] = element["offset"].as_u64().unwrap_or(0);
    for item in list(&element["elements"]) {
        writer.new_line();
        numbers[indent] = numbers[indent].saturating_add(1);
        writer.text(&"    ".repeat(indent));
        writer.text(&if ordered {
            number(numbers[indent], indent)
        } else {
            BULLETS[indent % BULLETS.len()].to_owned()
        });
        container(writer, item, depth + 1);
    }
}

/// `1. ` on the outside, `a. ` one level in, as Slack writes them.
fn number(number: u64, indent: usize) -> String {
    match u8::try_from(number) {
        Ok(letter @ 1..=26) if indent % 3 == 1 => format!("{}. ", char::from(b'a' + letter - 1)),
        _ => format!("{number}. "),
    }
}

fn write_leaf(writer: &mut Writer, leaf: &Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    let style = MARKS.map(|(name, _)| leaf["style"][name].as_bool().unwrap_or(false));
    match str_of(leaf, "type") {
        "text" => writer.styled(str_of(leaf, "text"), style),
        "link" => {
            let label = Some(str_of(leaf, "text")).filter(|label| !label.is_empty());
            writer.styled(&text::link(str_of(leaf, "url"), label), style);
        }
        "user" => {
            if let Some(id) = person_of(leaf) {
                let fallback = id.as_str().to_owned();
                writer.mention(Span::Person { id, fallback }, style);
            }
        }
        "channel" => {
            let channel = str_of(leaf, "channel_id");
            writer.mention(Span::Chat { id: id::chat(channel), fallback: channel.to_owned() }, style);
        }
        "usergroup" => writer.styled("@group", style),
        "team" => writer.styled("@team", style),
        "broadcast" => writer.styled(&format!("@{}", str_of(leaf, "range")), style),
        "emoji" => writer.styled(&emoji_of(leaf), style),
        "date" => writer.styled(str_of(leaf, "fallback"), style),
        "color" => writer.styled(str_of(leaf, "value"), style),
        // A list item may hold a section, and new leaves come without notice.
        _ if leaf["elements"].is_array() => container(writer, leaf, depth + 1),
        _ => writer.styled(str_of(leaf, "text"), style),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(elements: Value) -> String {
        let mut writer = Writer::default();
        write(&mut writer, &json!({ "type": "rich_text", "elements": elements }), 0);
        writer.finish().text(|_| None, |_| None)
    }

    fn section(leaves: Value) -> Value {
        json!({ "type": "rich_text_section", "elements": leaves })
    }

    #[test]
    fn every_leaf_can_be_read() {
        let leaves = json!([
            { "type": "text", "text": "a -> b & <c> :wave: " }, { "type": "user", "user_id": "U1" },
            { "type": "text", "text": " " }, { "type": "channel", "channel_id": "C1" }, { "type": "text", "text": " " },
            { "type": "link", "url": "https://x.org" }, { "type": "text", "text": " " },
            { "type": "link", "url": "https://x.org/a", "text": "page" }, { "type": "text", "text": " " },
            { "type": "emoji", "name": "wave", "skin_tone": 2 }, { "type": "emoji", "name": "heart" },
            { "type": "emoji", "name": "party_parrot" }, { "type": "emoji", "name": "unheard_of", "unicode": "1f44d" },
            { "type": "broadcast", "range": "here" }, { "type": "usergroup", "usergroup_id": "S1" },
            { "type": "date", "timestamp": 1, "fallback": "yesterday" }, { "type": "color", "value": "#fff" },
            { "type": "never_seen", "text": "?" }, { "type": "never_seen" }, null, 7,
        ]);
        assert_eq!(
            shown(json!([section(leaves)])),
            "a -> b & <c> :wave: @U1 #C1 https://x.org page (https://x.org/a) 👋🏻❤️:party_parrot:👍@here@groupyesterday#fff?"
        );
    }

    #[test]
    fn marks_stand_at_words_and_span_what_they_cover() {
        let bold = json!({ "bold": true });
        let both = json!({ "bold": true, "italic": true });
        let leaves = json!([
            { "type": "text", "text": "see " }, { "type": "text", "text": "this ", "style": bold },
            { "type": "user", "user_id": "U1", "style": bold }, { "type": "text", "text": " now ", "style": bold },
            { "type": "text", "text": "or", "style": both }, { "type": "text", "text": " never " },
            { "type": "text", "text": "x = 1", "style": { "code": true } }, { "type": "text", "text": "gone", "style": { "strike": true } },
        ]);
        assert_eq!(shown(json!([section(leaves)])), "see *this @U1 now* *_or_* never `x = 1`~gone~");
    }

    #[test]
    fn lists_quotes_and_code_keep_their_lines() {
        let item = |words: &str| section(json!([{ "type": "text", "text": words }]));
        let elements = json!([
            section(json!([{ "type": "text", "text": "first" }])),
            { "type": "rich_text_list", "style": "ordered", "indent": 0, "elements": [item("one"), item("two")] },
            { "type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [item("deep")] },
            { "type": "rich_text_list", "style": "ordered", "indent": 0, "offset": 2, "elements": [item("three")] },
            { "type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [item("dot")] },
            { "type": "rich_text_quote", "elements": [{ "type": "text", "text": "said\ntwice" }] },
            { "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": "a\n  b" }] },
            section(json!([{ "type": "text", "text": "last" }])),
        ]);
        assert_eq!(
            shown(elements),
            "first\n1. one\n2. two\n    a. deep\n3. three\n    ◦ dot\n> said\n> twice\n```a\n  b```\nlast"
        );
    }
}

//! From `rich_text` to a body.

use crate::slack::{
    blocks::{DEEPEST, emoji_of, list, person_of, str_of},
    emoji, id, text,
};
use model::body::{Builder, Span, Style, What};
use serde_json::Value;

/// The deepest list that is indented.
const DEEPEST_LIST: usize = 8;

/// Reads a `rich_text` block onto the end of a body.
pub fn read(builder: &mut Builder, block: &Value, depth: usize) {
    let elements = list(&block["elements"]);
    let mut reader = Reader { builder, depth, lists: 0, quoted: false };
    for (number, element) in elements.iter().enumerate() {
        reader.element(element, number > 0, number + 1 < elements.len());
    }
    reader.quote(false);
}

struct Reader<'a> {
    builder: &'a mut Builder,
    depth: usize,
    /// How many lists are open, each with a point of its own.
    lists: usize,
    quoted: bool,
}

impl Reader<'_> {
    fn element(&mut self, element: &Value, follows: bool, is_followed: bool) {
        let leaves = list(&element["elements"]);
        let bordered = element["border"].as_u64().is_some_and(|border| border > 0);
        match str_of(element, "type") {
            "rich_text_list" => {
                self.quote(bordered);
                self.list(element, leaves);
            }
            "rich_text_preformatted" => {
                self.quote(bordered);
                self.close_lists(0);
                let lines: String = leaves.iter().map(as_typed).collect();
                self.builder.code(element["language"].as_str(), &lines);
            }
            kind => {
                self.quote(kind == "rich_text_quote");
                self.close_lists(0);
                if follows {
                    self.builder.new_line();
                }
                leaves.iter().for_each(|leaf| write_leaf(self.builder, leaf, self.depth + 1));
                // What follows begins a line anyway.
                if is_followed && self.builder.ends_a_line() {
                    self.builder.drop_line_break();
                }
            }
        }
    }

    fn quote(&mut self, wanted: bool) {
        if self.quoted == wanted {
            return;
        }
        self.close_lists(0);
        match wanted {
            true => self.builder.open_quote(),
            false => self.builder.close(),
        }
        self.quoted = wanted;
    }

    fn close_lists(&mut self, down_to: usize) {
        while self.lists > down_to {
            self.builder.close();
            self.builder.close();
            self.lists -= 1;
        }
    }

    /// Nested lists are a flat row of lists with growing indents. One goes on where its offset says so.
    fn list(&mut self, element: &Value, items: &[Value]) {
        let indent = element["indent"].as_u64().and_then(|indent| usize::try_from(indent).ok());
        let indent = indent.unwrap_or(0).min(DEEPEST_LIST);
        self.close_lists(indent);
        while self.lists < indent {
            self.open_list(None);
        }
        let offset = u32::try_from(element["offset"].as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
        let ordered = str_of(element, "style") == "ordered";
        self.open_list(ordered.then(|| offset.saturating_add(1)));
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.builder.close();
                self.builder.open_item();
            }
            write_leaf(self.builder, item, self.depth + 1);
        }
    }

    fn open_list(&mut self, first: Option<u32>) {
        self.builder.open_list(first);
        self.builder.open_item();
        self.lists += 1;
    }
}

/// What somebody typed to get this leaf.
fn as_typed(leaf: &Value) -> String {
    match str_of(leaf, "type") {
        "link" if str_of(leaf, "text").is_empty() => str_of(leaf, "url").to_owned(),
        "emoji" => emoji_of(leaf).unwrap_or_else(|| emoji::shown(str_of(leaf, "name"))),
        "user" => format!("@{}", str_of(leaf, "user_id")),
        "channel" => format!("#{}", str_of(leaf, "channel_id")),
        "broadcast" => format!("@{}", str_of(leaf, "range")),
        _ => str_of(leaf, "text").to_owned(),
    }
}

fn style_of(leaf: &Value) -> Style {
    let is = |name: &str| leaf["style"][name].as_bool().unwrap_or(false);
    Style { bold: is("bold"), italic: is("italic"), strike: is("strike"), code: is("code") }
}

fn write_leaf(builder: &mut Builder, leaf: &Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    let style = style_of(leaf);
    let what = match str_of(leaf, "type") {
        "link" => return builder.link(str_of(leaf, "url"), str_of(leaf, "text"), style),
        "user" => match person_of(leaf) {
            Some(id) => What::Person { fallback: id.as_str().to_owned(), id },
            None => return,
        },
        "channel" => {
            let channel = str_of(leaf, "channel_id");
            What::Chat { id: id::chat(channel), fallback: channel.to_owned() }
        }
        "usergroup" => text::group(str_of(leaf, "usergroup_id"), None),
        "team" => What::Text { text: "@team".to_owned() },
        "broadcast" => text::broadcast(str_of(leaf, "range")),
        "emoji" => match emoji_of(leaf) {
            Some(character) => What::Text { text: character },
            None => What::Emoji { name: str_of(leaf, "name").to_owned() },
        },
        "date" => What::Date {
            seconds: leaf["timestamp"].as_i64().unwrap_or_default(),
            format: str_of(leaf, "format").to_owned(),
            fallback: str_of(leaf, "fallback").to_owned(),
        },
        "color" => What::Text { text: str_of(leaf, "value").to_owned() },
        // A point of a list is a section, and new leaves come without notice.
        _ if leaf["elements"].is_array() => {
            return list(&leaf["elements"]).iter().for_each(|inner| write_leaf(builder, inner, depth + 1));
        }
        _ => What::Text { text: str_of(leaf, "text").to_owned() },
    };
    builder.span(Span { what, style });
}

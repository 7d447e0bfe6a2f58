//! Slack's blocks and attachments as text that reads well anywhere.
//!
//! People's messages carry `rich_text`, which is exact where `text` is not. Blocks of apps are
//! flattened: their words are shown, their looks are not.

use crate::slack::{
    emoji, id,
    rich_text::{self, Writer},
    text,
};
use model::body::Body;
use serde_json::Value;

/// What the `block_id` of a section begins with that we sent, before our mark.
pub const OURS: &str = "bothways:";
/// Stands after the mark in the ids of the sections that follow the first.
const NUMBER: char = '#';
/// Ends the id of a section that begins in the middle of a line.
const TORN: char = '-';

/// The longest text of a section that Slack takes, in characters.
pub const LONGEST_SECTION: usize = 3_000;
/// The most blocks that Slack takes.
pub const MOST_BLOCKS: usize = 50;
/// How deep blocks may stand in each other. Slack itself goes three levels.
pub const DEEPEST: usize = 8;

/// What the blocks say. None if they say nothing that we can show.
pub fn read(blocks: &[Value]) -> Option<Body> {
    let mut writer = Writer::default();
    for block in blocks {
        match mark_of(block).and_then(|_| str_of(block, "block_id").split_once(NUMBER)) {
            Some((_, number)) if number.ends_with(TORN) => {}
            Some(_) => writer.text("\n"),
            None => writer.new_line(),
        }
        flatten(&mut writer, block, 0);
    }
    let body = writer.finish();
    (!body.is_empty()).then_some(body)
}

/// Whether every block can be shown as text, so that nothing of it has to be kept beside.
pub fn is_text_only(blocks: &[Value]) -> bool {
    blocks.iter().all(|block| str_of(block, "type") == "rich_text" || mark_of(block).is_some())
}

/// Our mark on a section that we sent.
pub fn mark_of(block: &Value) -> Option<&str> {
    let mark = str_of(block, "block_id").strip_prefix(OURS)?;
    Some(mark.split(NUMBER).next().unwrap_or(mark))
}

/// The sections that carry a body and its mark. None where it does not fit into as many as Slack takes.
pub fn marked_sections(body: &Body, mark: &str) -> Option<Vec<Value>> {
    let mut sections: Vec<(String, bool)> = Vec::new();
    let (mut section, mut length, mut torn) = (String::new(), 0, false);
    for piece in text::pieces(body) {
        let size = piece.chars().count();
        if length + size > LONGEST_SECTION {
            // A section is a paragraph of its own, so it best ends where a line does.
            let (whole, rest, rest_torn) = match section.rfind('\n').filter(|end| *end > 0) {
                Some(end) => (section[..end].to_owned(), section[end + 1..].to_owned(), false),
                None => (std::mem::take(&mut section), String::new(), true),
            };
            sections.push((whole, torn));
            (length, section, torn) = (rest.chars().count(), rest, rest_torn);
        }
        section.push_str(&piece);
        length += size;
    }
    sections.push((section, torn));
    // Slack refuses a section that shows nothing.
    if sections.len() > MOST_BLOCKS || sections.iter().any(|(words, _)| words.trim().is_empty()) {
        return None;
    }
    let numbered = sections.into_iter().enumerate().map(|(number, (words, torn))| {
        let suffix = match (number, torn) {
            (0, _) => String::new(),
            (_, false) => format!("{NUMBER}{number}"),
            (_, true) => format!("{NUMBER}{number}{TORN}"),
        };
        serde_json::json!({
            "type": "section", "block_id": format!("{OURS}{mark}{suffix}"),
            "text": { "type": "mrkdwn", "text": words },
        })
    });
    Some(numbered.collect())
}

/// Shows one block, by its kind.
fn flatten(writer: &mut Writer, block: &Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match str_of(block, "type") {
        "rich_text" => rich_text::write(writer, block, depth),
        "section" => {
            words(writer, &block["text"]);
            list(&block["fields"]).iter().for_each(|field| {
                writer.new_line();
                words(writer, field);
            });
        }
        "header" => words(writer, &block["text"]),
        "context" => list(&block["elements"]).iter().enumerate().for_each(|(number, element)| {
            if number > 0 {
                writer.text(" ");
            }
            words(writer, element);
        }),
        "markdown" => writer.text(str_of(block, "text")),
        "image" | "video" => match &block["title"] {
            Value::Null => words(writer, &block["alt_text"]),
            title => words(writer, title),
        },
        "actions" => list(&block["elements"]).iter().for_each(|element| button(writer, element)),
        "table" => list(&block["rows"]).iter().for_each(|row| {
            writer.new_line();
            list(row).iter().enumerate().for_each(|(number, cell)| {
                if number > 0 {
                    writer.text(" | ");
                }
                flatten(writer, cell, depth + 1);
            });
        }),
        "raw_text" => writer.text(str_of(block, "text")),
        // Blocks are added without notice, and most have their words here.
        _ => words(writer, &block["text"]),
    }
}

/// Shows a text object, an image inside a context, or a bare string.
fn words(writer: &mut Writer, object: &Value) {
    match object {
        Value::String(plain) => writer.text(plain),
        Value::Object(_) => match (str_of(object, "type"), object["text"].as_str()) {
            ("mrkdwn", Some(mrkdwn)) => writer.body(&text::parse(mrkdwn)),
            (_, Some(plain)) => {
                let mut body = Body::default();
                text::plain_into(&mut body, plain);
                writer.body(&body);
            }
            (_, None) => writer.text(str_of(object, "alt_text")),
        },
        _ => {}
    }
}

/// Shows what stands on a button, since it says what can be done there.
fn button(writer: &mut Writer, element: &Value) {
    if element["text"]["text"].as_str().is_some_and(|label| !label.is_empty()) {
        writer.text("[");
        words(writer, &element["text"]);
        writer.text("] ");
    }
}

/// Whether an attachment is a preview that Slack added to a link, not something that somebody wrote.
pub fn is_preview(attachment: &Value) -> bool {
    let says = |name: &str| !str_of(attachment, name).is_empty();
    let shared = attachment["is_share"].as_bool().unwrap_or(false);
    !shared && (says("from_url") || says("original_url") || attachment["is_app_unfurl"].as_bool().unwrap_or(false))
}

/// What an attachment says.
pub fn read_attachment(attachment: &Value) -> Body {
    let mut writer = Writer::default();
    let mrkdwn = |writer: &mut Writer, words: &str| {
        if !words.is_empty() {
            writer.new_line();
            writer.body(&text::parse(words));
        }
    };
    for part in ["pretext", "author_name", "title", "text"] {
        mrkdwn(&mut writer, str_of(attachment, part));
    }
    for field in list(&attachment["fields"]) {
        let (title, value) = (str_of(field, "title"), str_of(field, "value"));
        let separator = if title.is_empty() || value.is_empty() { "" } else { ": " };
        mrkdwn(&mut writer, &format!("{title}{separator}{value}"));
    }
    for block in list(&attachment["blocks"]) {
        writer.new_line();
        flatten(&mut writer, block, 1);
    }
    if writer.is_empty() {
        mrkdwn(&mut writer, str_of(attachment, "fallback"));
    }
    writer.finish()
}

/// A field that should be text; empty where it is none.
pub fn str_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A field that should be a list; empty where it is none.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A mention of a person as a leaf of `rich_text` names them.
pub fn person_of(leaf: &Value) -> Option<model::id::ExternalId> {
    Some(str_of(leaf, "user_id")).filter(|user| !user.is_empty()).map(id::person)
}

/// The emoji of a leaf: by its name, and by its code points where only Slack knows the name.
pub fn emoji_of(leaf: &Value) -> String {
    let name = str_of(leaf, "name");
    let toned = leaf["skin_tone"].as_u64().map(|tone| format!("{name}::skin-tone-{tone}"));
    toned
        .and_then(|toned| emoji::character(&toned))
        .or_else(|| emoji::character(name))
        .or_else(|| emoji::from_code_points(str_of(leaf, "unicode")))
        .unwrap_or_else(|| emoji::shown(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn shown(blocks: Value) -> String {
        read(list(&blocks)).unwrap_or_default().text(|_| None, |_| None)
    }

    #[test]
    fn blocks_of_apps_are_flattened() {
        let blocks = json!([
            { "type": "header", "text": { "type": "plain_text", "text": "Deploy :rocket:" } },
            { "type": "divider" },
            { "type": "section", "text": { "type": "mrkdwn", "text": "by <@U1> &amp; co" },
              "fields": [ { "type": "mrkdwn", "text": "*Where*\nprod" }, { "type": "plain_text", "text": "<ok>" } ] },
            { "type": "context", "elements": [ { "type": "image", "alt_text": "logo" }, { "type": "mrkdwn", "text": "now" } ] },
            { "type": "image", "alt_text": "a graph", "title": { "type": "plain_text", "text": "Load" } },
            { "type": "actions", "elements": [ { "type": "button", "text": { "type": "plain_text", "text": "Undo" } } ] },
            { "type": "table", "rows": [ [ { "type": "raw_text", "text": "a" }, { "type": "raw_text", "text": "b" } ] ] },
            { "type": "never_seen", "text": "new kind" }, 7, null, { "type": "section" },
        ]);
        assert_eq!(
            shown(blocks),
            "Deploy 🚀\nby @U1 & co\n*Where*\nprod\n<ok>\nlogo now\nLoad\n[Undo] \na | b\nnew kind"
        );
    }

    #[test]
    fn blocks_that_say_nothing_are_none() {
        assert_eq!(read(&[json!({ "type": "divider" })]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn attachments_that_slack_added_are_known() {
        assert!(is_preview(&json!({ "from_url": "https://x.org", "title": "X" })));
        assert!(!is_preview(&json!({ "title": "Build failed" })));
        assert!(!is_preview(&json!({ "from_url": "https://x.slack.com/archives/C1/p1", "is_share": true })));
    }

    #[test]
    fn an_attachment_reads_in_its_order() {
        let attachment = json!({ "fallback": "short", "pretext": "Look", "title": "Build <https://ci.org|7>",
            "text": "failed", "fields": [ { "title": "Branch", "value": "main" }, { "value": "red" } ] });
        let text = read_attachment(&attachment).text(|_| None, |_| None);
        assert_eq!(text, "Look\nBuild 7 (https://ci.org)\nfailed\nBranch: main\nred");
        let bare = read_attachment(&json!({ "fallback": "short" }));
        assert_eq!(bare, Body::plain("short"));
    }

    #[test]
    fn blocks_within_blocks_end_somewhere() {
        let mut cell = json!({ "type": "raw_text", "text": "deep" });
        for _ in 0..100 {
            cell = json!({ "type": "table", "rows": [[cell]] });
        }
        assert_eq!(shown(json!([cell])), "");
    }

    proptest! {
        /// What we send in sections is read back as what was meant, however it had to be torn.
        #[test]
        fn marked_sections_say_what_the_text_says(
            lines in proptest::collection::vec("[a-zA-Z0-9 &<>*_~`\u{1f44d}]{0,900}", 1..30),
            people in 0_usize..3,
        ) {
            let mut body = Body::plain(lines.join("\n"));
            for _ in 0..people {
                body.push_person("U1".into(), "U1");
                body.push_text(&"x".repeat(2_000));
            }
            let Some(sections) = marked_sections(&body, "m.ac") else { return Ok(()) };
            for section in &sections {
                prop_assert_eq!(mark_of(section), Some("m.ac"));
                prop_assert!(section["text"]["text"].as_str().unwrap_or_default().chars().count() <= LONGEST_SECTION);
            }
            prop_assert_eq!(read(&sections).unwrap_or_default(), text::parse(&text::write(&body)));
        }
    }
}

//! Slack's blocks and attachments as text that reads well anywhere.
//!
//! People's messages carry `rich_text`, which is exact where `text` is not. Other blocks of apps are
//! flattened: their words are shown, their looks are not.

use crate::slack::{emoji, id, rich_text, text};
use model::body::{Body, Builder, Style};
use serde_json::Value;

/// What the `block_id` of a block begins with that we sent, before our mark.
pub const OURS: &str = "bothways:";
/// Stands after the mark in the ids of sections that follow the first, as the first version sent them.
const NUMBER: char = '#';
/// Ends the id of a section that begins in the middle of a line.
const TORN: char = '-';

/// How deep blocks may stand in each other. Slack itself goes three levels.
pub const DEEPEST: usize = 8;

/// What the blocks say. None if they say nothing that we can show.
pub fn read(blocks: &[Value]) -> Option<Body> {
    let mut writer = Builder::default();
    for block in blocks {
        match mark_of(block).and_then(|_| str_of(block, "block_id").split_once(NUMBER)) {
            Some((_, number)) if number.ends_with(TORN) => {}
            Some(_) => writer.text("\n", Style::PLAIN),
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

/// Our mark on a block that we sent.
pub fn mark_of(block: &Value) -> Option<&str> {
    let mark = str_of(block, "block_id").strip_prefix(OURS)?;
    Some(mark.split(NUMBER).next().unwrap_or(mark))
}

/// The block that carries a body and its mark.
pub fn marked(body: &Body, mark: &str) -> Value {
    rich_text::write(body, &format!("{OURS}{mark}"))
}

/// Shows one block, by its kind.
fn flatten(writer: &mut Builder, block: &Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match str_of(block, "type") {
        "rich_text" => rich_text::read(writer, block, depth),
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
                writer.text(" ", Style::PLAIN);
            }
            words(writer, element);
        }),
        "markdown" => writer.text(str_of(block, "text"), Style::PLAIN),
        "image" | "video" => match &block["title"] {
            Value::Null => words(writer, &block["alt_text"]),
            title => words(writer, title),
        },
        "actions" => list(&block["elements"]).iter().for_each(|element| button(writer, element)),
        "table" => list(&block["rows"]).iter().for_each(|row| {
            writer.new_line();
            list(row).iter().enumerate().for_each(|(number, cell)| {
                if number > 0 {
                    writer.text(" | ", Style::PLAIN);
                }
                flatten(writer, cell, depth + 1);
            });
        }),
        "raw_text" => writer.text(str_of(block, "text"), Style::PLAIN),
        // Blocks are added without notice, and most have their words here.
        _ => words(writer, &block["text"]),
    }
}

/// Shows a text object, an image inside a context, or a bare string.
fn words(writer: &mut Builder, object: &Value) {
    match object {
        Value::String(plain) => writer.text(plain, Style::PLAIN),
        Value::Object(_) => match (str_of(object, "type"), object["text"].as_str()) {
            ("mrkdwn", Some(mrkdwn)) => text::parse_into(writer, mrkdwn),
            (_, Some(plain)) => text::plain_into(writer, plain),
            (_, None) => writer.text(str_of(object, "alt_text"), Style::PLAIN),
        },
        _ => {}
    }
}

/// Shows what stands on a button, since it says what can be done there.
fn button(writer: &mut Builder, element: &Value) {
    if element["text"]["text"].as_str().is_some_and(|label| !label.is_empty()) {
        writer.text("[", Style::PLAIN);
        words(writer, &element["text"]);
        writer.text("] ", Style::PLAIN);
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
    let mut writer = Builder::default();
    let mrkdwn = |writer: &mut Builder, words: &str| {
        if !words.is_empty() {
            writer.new_line();
            text::parse_into(writer, words);
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

/// The character of an emoji leaf: by its name, and by its code points where only Slack knows the name.
/// None for one that only its workspace has.
pub fn emoji_of(leaf: &Value) -> Option<String> {
    let name = str_of(leaf, "name");
    let toned = leaf["skin_tone"].as_u64().map(|tone| format!("{name}::skin-tone-{tone}"));
    toned
        .and_then(|toned| emoji::character(&toned))
        .or_else(|| emoji::character(name))
        .or_else(|| emoji::from_code_points(str_of(leaf, "unicode")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::body::Nameless;
    use serde_json::json;

    fn shown(blocks: Value) -> String {
        read(list(&blocks)).unwrap_or_default().text(&Nameless)
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
            "Deploy 🚀\nby @U1 & co\nWhere\nprod\n<ok>\nlogo now\nLoad\n[Undo] \na | b\nnew kind"
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
        let text = read_attachment(&attachment).text(&Nameless);
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

    /// Messages of the first version are still there.
    #[test]
    fn sections_of_the_first_version_are_read_as_they_were_meant() {
        let section = |id: &str, words: &str| {
            json!({ "type": "section", "block_id": format!("{OURS}{id}"),
            "text": { "type": "mrkdwn", "text": words } })
        };
        let blocks = [section("m.ac", "one"), section("m.ac#1", "two"), section("m.ac#2-", " and")];
        assert_eq!(read(&blocks), Some(Body::plain("one\ntwo and")));
        assert!(blocks.iter().all(|block| mark_of(block) == Some("m.ac")));
    }
}

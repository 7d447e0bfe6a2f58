//! The words of a mail: for its snippet and for those who search.

use super::{Part, text_of};

/// How long a snippet is, before it is escaped.
const SNIPPET_LETTERS: usize = 200;

/// The text that a person reads. What is attached or forwarded is not looked into.
pub fn words(mail: &Part) -> String {
    let parts = readable(mail);
    let plain = parts.iter().find(|part| part.kind == "text/plain" && !part.body.is_empty());
    match plain {
        Some(part) => text_of(&part.body),
        None => parts
            .iter()
            .find(|part| part.kind == "text/html")
            .map_or(String::new(), |part| without_tags(&text_of(&part.body))),
    }
}

fn readable(mail: &Part) -> Vec<&Part> {
    if mail.is_attachment() || mail.kind == "message/rfc822" {
        return Vec::new();
    }
    let mut found = vec![mail];
    for part in &mail.parts {
        found.extend(readable(part));
    }
    found
}

/// The first words, with HTML's special letters escaped as Gmail does.
pub fn snippet(words: &str) -> String {
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = joined.chars().take(SNIPPET_LETTERS).collect();
    crate::answers::escape(cut.trim_end())
}

fn without_tags(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        out.push(' ');
        let lower = rest[start..].get(..8).unwrap_or_default().to_ascii_lowercase();
        let end = if lower.starts_with("<style") {
            "</style>"
        } else if lower.starts_with("<script") {
            "</script>"
        } else {
            ">"
        };
        match rest[start..].to_ascii_lowercase().find(end) {
            Some(length) => rest = &rest[start + length + end.len()..],
            None => return out,
        }
    }
    out.push_str(rest);
    for (name, letter) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        out = out.replace(name, letter);
    }
    out
}

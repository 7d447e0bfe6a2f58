//! Text as Slack keeps it: what was typed or posted becomes escaped mrkdwn, and mrkdwn becomes the
//! `rich_text` block that Slack generates for it.

use serde_json::{Value, json};

use super::emoji;

/// How a text is taken in.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Whether `&amp;` is already an escape (from an app) or five characters (from a person).
    pub escaped: bool,
    pub link_urls: bool,
    pub link_names: bool,
}

/// Finds `U…` for `@name` and `C…` for `#name`.
pub type Names<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Brings a text into the form in which Slack keeps it.
pub fn take_in(text: &str, rules: Rules, names: &Names<'_>) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut border = true;
    while let Some(next) = rest.chars().next() {
        let (written, used) = piece(rest, next, border, rules, names);
        out.push_str(&written);
        border = !rest[..used].ends_with(|last: char| last.is_alphanumeric() || last == '_');
        rest = &rest[used..];
    }
    out
}

/// What stands for the beginning of `rest`, and how many bytes of it.
fn piece(rest: &str, next: char, border: bool, rules: Rules, names: &Names<'_>) -> (String, usize) {
    match next {
        '<' => match token(rest) {
            Some(token) => (token.to_owned(), token.len()),
            None => ("&lt;".into(), 1),
        },
        '>' => ("&gt;".into(), 1),
        '&' => match ["&amp;", "&lt;", "&gt;"].iter().find(|escape| rules.escaped && rest.starts_with(**escape)) {
            Some(escape) => ((*escape).to_owned(), escape.len()),
            None => ("&amp;".into(), 1),
        },
        'h' if border && rules.link_urls && (rest.starts_with("http://") || rest.starts_with("https://")) => {
            let url = bare_url(rest);
            (format!("<{}>", escape_keeping(url, rules.escaped)), url.len())
        }
        '@' | '#' if border && rules.link_names => match mention(rest, names) {
            Some(found) => found,
            None => (next.to_string(), 1),
        },
        _ => emoji::at_start(rest).unwrap_or_else(|| (next.to_string(), next.len_utf8())),
    }
}

/// `<…>` at the start of `rest`, if Slack would read it as a mention or link.
fn token(rest: &str) -> Option<&str> {
    let end = rest.find('>')?;
    let inner = &rest[1..end];
    if inner.contains(['<', '\n']) {
        return None;
    }
    let id = |kinds: [&str; 2]| kinds.iter().any(|kind| inner.starts_with(kind)) && inner.len() > 3;
    let scheme = ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| inner.starts_with(scheme));
    (id(["@U", "@W"]) || id(["#C", "#G"]) || (inner.starts_with('!') && inner.len() > 1) || scheme)
        .then(|| &rest[..=end])
}

fn bare_url(rest: &str) -> &str {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"')).unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '*', '_', '~', '`', '\''])
}

fn mention(rest: &str, names: &Names<'_>) -> Option<(String, usize)> {
    let word = &rest[1..];
    let end = word.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(word.len());
    let name = word[..end].trim_end_matches('.');
    if rest.starts_with('@') && matches!(name, "here" | "channel" | "everyone") {
        return Some((format!("<!{name}>"), 1 + name.len()));
    }
    let id = names(&rest[..=name.len()])?;
    Some((format!("<{}{id}>", &rest[..1]), 1 + name.len()))
}

fn escape_keeping(text: &str, escaped: bool) -> String {
    let plain = if escaped { unescape(text) } else { text.to_owned() };
    escape(&plain)
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The links in a kept text, without those to people and channels.
pub fn links(text: &str) -> Vec<String> {
    text.split('<')
        .skip(1)
        .filter_map(|part| part.split_once('>'))
        .map(|(inner, _)| inner.split('|').next().unwrap_or(inner))
        .filter(|inner| inner.starts_with("http://") || inner.starts_with("https://"))
        .map(unescape)
        .collect()
}

/// What a person's client makes of the beginnings of lines while they type: `- ` begins a point.
pub fn with_bullets(typed: &str) -> String {
    let bullet = |line: &str| match line.strip_prefix("- ") {
        Some(rest) => format!("• {rest}"),
        None => line.to_owned(),
    };
    typed.split('\n').map(bullet).collect::<Vec<_>>().join("\n")
}

/// The `rich_text` block that Slack makes of a kept text. Only what a person typed has lists.
pub fn rich_text(text: &str, block_id: &str, lists: bool) -> Value {
    let mut elements = Vec::new();
    for (index, part) in text.split("```").enumerate() {
        let closed = index % 2 == 1 && index < text.matches("```").count();
        if closed {
            let code = json!([{ "type": "text", "text": unescape(part.trim_matches('\n')) }]);
            elements.push(json!({ "type": "rich_text_preformatted", "elements": code, "border": 0 }));
        } else {
            containers(part.trim_matches(|c| index > 0 && c == '\n'), lists, &mut elements);
        }
    }
    json!({ "type": "rich_text", "block_id": block_id, "elements": elements })
}

/// A line that is a point of a list: its style, indent and number, and what it says.
fn point(line: &str) -> Option<(&'static str, usize, u64, &str)> {
    let said = line.trim_start_matches(' ');
    let indent = (line.len() - said.len()) / 4;
    if let Some(rest) = ["• ", "◦ ", "▪ "].iter().find_map(|bullet| said.strip_prefix(bullet)) {
        return Some(("bullet", indent, 1, rest));
    }
    let (number, rest) = said.split_once(". ")?;
    Some(("ordered", indent, number.parse().ok().filter(|number| *number > 0)?, rest))
}

/// The lists at the beginning of `lines`, one for each run of points of one style and indent.
fn lists_of(lines: &mut std::iter::Peekable<std::str::Split<'_, char>>, elements: &mut Vec<Value>) {
    while let Some((style, indent, number, _)) = lines.peek().and_then(|line| point(line)) {
        let mut items = Vec::new();
        let same = |line: &&str| point(line).is_some_and(|(other, deep, ..)| (other, deep) == (style, indent));
        while let Some((.., said)) = lines.next_if(|line| same(line)).and_then(point) {
            let mut leaves = Vec::new();
            write_leaves(said, &[], &mut leaves);
            items.push(json!({ "type": "rich_text_section", "elements": leaves }));
        }
        let mut list = json!({
            "type": "rich_text_list", "style": style, "indent": indent, "border": 0, "elements": items,
        });
        if number > 1 {
            list["offset"] = json!(number - 1);
        }
        elements.push(list);
    }
}

fn containers(text: &str, lists: bool, elements: &mut Vec<Value>) {
    let quote = |line: &str| line.strip_prefix("&gt;").map(|rest| rest.strip_prefix(' ').unwrap_or(rest).to_owned());
    let mut lines = text.split('\n').peekable();
    loop {
        if lists {
            lists_of(&mut lines, elements);
        }
        let Some(line) = lines.next() else { break };
        let quoted = quote(line);
        let mut run = quoted.clone().unwrap_or_else(|| line.to_owned());
        while let Some(more) =
            lines.next_if(|more| quote(more).is_some() == quoted.is_some() && !(lists && point(more).is_some()))
        {
            run.push('\n');
            run.push_str(&quote(more).unwrap_or_else(|| more.to_owned()));
        }
        if lines.peek().is_some() && quoted.is_none() {
            run.push('\n');
        }
        let kind = if quoted.is_some() { "rich_text_quote" } else { "rich_text_section" };
        let mut leaves = Vec::new();
        write_leaves(&run, &[], &mut leaves);
        if !leaves.is_empty() {
            elements.push(json!({ "type": kind, "elements": leaves }));
        }
    }
}

/// Splits a run of kept text into leaves, the styles of which are known so far.
fn write_leaves(text: &str, styles: &[&'static str], leaves: &mut Vec<Value>) {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let border = plain.chars().last().is_none_or(|last| !last.is_alphanumeric());
        let found = match next {
            '<' => token(rest).map(|token| (leaf_of_token(&token[1..token.len() - 1]), token.len())),
            ':' => emoji_leaf(rest),
            _ => None,
        };
        if let Some((leaf, used)) = found {
            flush(&mut plain, styles, leaves);
            leaves.push(styled(leaf, styles));
            rest = &rest[used..];
        } else if let Some((style, inner)) = styled_run(rest, next).filter(|_| border) {
            flush(&mut plain, styles, leaves);
            let mut inside = styles.to_vec();
            inside.push(style);
            if style == "code" {
                leaves.push(styled(json!({ "type": "text", "text": unescape(inner) }), &inside));
            } else {
                write_leaves(inner, &inside, leaves);
            }
            rest = &rest[inner.len() + 2..];
        } else {
            plain.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    flush(&mut plain, styles, leaves);
}

fn flush(plain: &mut String, styles: &[&'static str], leaves: &mut Vec<Value>) {
    if !plain.is_empty() {
        leaves.push(styled(json!({ "type": "text", "text": unescape(plain) }), styles));
        plain.clear();
    }
}

fn styled(mut leaf: Value, styles: &[&'static str]) -> Value {
    if !styles.is_empty() {
        let style: serde_json::Map<String, Value> =
            styles.iter().map(|style| ((*style).to_owned(), Value::Bool(true))).collect();
        leaf["style"] = Value::Object(style);
    }
    leaf
}

/// `*bold*` and its like at the start of `rest`: the style, and what stands between the marks.
fn styled_run(rest: &str, next: char) -> Option<(&'static str, &str)> {
    let style = match next {
        '*' => "bold",
        '_' => "italic",
        '~' => "strike",
        '`' => "code",
        _ => return None,
    };
    let inner = &rest[1..];
    let line = &inner[..inner.find('\n').unwrap_or(inner.len())];
    let end = line.match_indices(next).map(|(at, _)| at).find(|at| {
        let after = line[at + 1..].chars().next();
        *at > 0 && after.is_none_or(|after| !after.is_alphanumeric()) && !line[..*at].ends_with(' ')
    })?;
    (!inner.starts_with(' ')).then(|| (style, &inner[..end]))
}

fn leaf_of_token(inner: &str) -> Value {
    let (target, label) = match inner.split_once('|') {
        Some((target, label)) => (target, Some(unescape(label))),
        None => (inner, None),
    };
    if let Some(user) = target.strip_prefix('@') {
        return json!({ "type": "user", "user_id": user });
    }
    if let Some(channel) = target.strip_prefix('#') {
        return json!({ "type": "channel", "channel_id": channel });
    }
    if let Some(group) = target.strip_prefix("!subteam^") {
        return json!({ "type": "usergroup", "usergroup_id": group });
    }
    if let Some(date) = target.strip_prefix("!date^") {
        let (seconds, format) = date.split_once('^').unwrap_or((date, ""));
        let (timestamp, fallback) = (seconds.parse::<i64>().unwrap_or_default(), label.unwrap_or_default());
        return json!({ "type": "date", "timestamp": timestamp, "format": format, "fallback": fallback });
    }
    if let Some(range) = target.strip_prefix('!') {
        return json!({ "type": "broadcast", "range": range });
    }
    match label {
        Some(label) => json!({ "type": "link", "url": unescape(target), "text": label }),
        None => json!({ "type": "link", "url": unescape(target) }),
    }
}

fn emoji_leaf(rest: &str) -> Option<(Value, usize)> {
    let end = rest[1..].find(':')? + 1;
    let name = &rest[1..end];
    let character = emoji::character(name)?;
    let mut leaf = json!({ "type": "emoji", "name": name, "unicode": emoji::code_points(character) });
    let tone = rest[end..].strip_prefix("::skin-tone-").and_then(|tone| tone.get(..2)).filter(|t| t.ends_with(':'));
    if let Some(number) = tone.and_then(|tone| tone[..1].parse::<u32>().ok()) {
        leaf["skin_tone"] = number.into();
        return Some((leaf, end + "::skin-tone-2:".len()));
    }
    Some((leaf, end + 1))
}

/// The words of a block, without their looks: what notices show where nobody said it otherwise.
pub fn words(block: &Value) -> String {
    let own = ["text", "name", "url"].iter().find_map(|field| block[*field].as_str()).unwrap_or_default();
    let parts: Vec<_> = block["elements"].as_array().into_iter().flatten().map(words).collect();
    let between = if matches!(block["type"].as_str(), Some("rich_text" | "rich_text_list")) { "\n" } else { "" };
    escape(own) + &parts.join(between)
}

/// Whether Slack would take a `rich_text` block from an app.
pub fn is_rich_text(block: &Value) -> bool {
    let section = |part: &Value| part["type"] == "rich_text_section" && leaves_are_known(part);
    block["elements"].as_array().is_some_and(|elements| {
        elements.iter().all(|element| match element["type"].as_str() {
            Some("rich_text_section" | "rich_text_quote" | "rich_text_preformatted") => leaves_are_known(element),
            Some("rich_text_list") => {
                let styled = matches!(element["style"].as_str(), Some("bullet" | "ordered"));
                styled && element["elements"].as_array().is_some_and(|items| items.iter().all(section))
            }
            _ => false,
        })
    })
}

fn leaves_are_known(part: &Value) -> bool {
    let says = |leaf: &Value, field: &str| leaf[field].as_str().is_some_and(|value| !value.is_empty());
    let known = |leaf: &Value| match leaf["type"].as_str() {
        Some("text") => says(leaf, "text"),
        Some("link") => says(leaf, "url"),
        Some("user") => says(leaf, "user_id"),
        Some("channel") => says(leaf, "channel_id"),
        Some("usergroup") => says(leaf, "usergroup_id"),
        Some("emoji") => says(leaf, "name"),
        Some("broadcast") => matches!(leaf["range"].as_str(), Some("here" | "channel" | "everyone")),
        Some("date") => leaf["timestamp"].is_i64() && says(leaf, "format"),
        Some("color") => says(leaf, "value"),
        _ => false,
    };
    part["elements"].as_array().is_some_and(|leaves| leaves.iter().all(known))
}

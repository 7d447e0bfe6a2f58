//! What people and programs type, with what they mean by it: addresses, mentions and emoji by name.

use super::{Block, Body, Builder, Span, Style, What};
use crate::id::ExternalId;

/// The longest name of an emoji that is looked for.
const LONGEST_NAME: usize = 100;

/// Whether an id names somebody, or a chat, that is known.
pub struct Known<'a> {
    /// Of people.
    pub person: &'a dyn Fn(&ExternalId) -> bool,
    /// Of chats.
    pub chat: &'a dyn Fn(&ExternalId) -> bool,
}

impl Body {
    /// The people and the chats that `<@ID>`, `<#ID>` and mentions name, known or not.
    pub fn named(&self) -> (Vec<ExternalId>, Vec<ExternalId>) {
        let (mut people, mut chats) = (Vec::new(), Vec::new());
        for span in self.spans() {
            match &span.what {
                What::Person { id, .. } => people.push(id.clone()),
                What::Chat { id, .. } => chats.push(id.clone()),
                What::Text { text } if !span.style.code => {
                    for (_, sign, id) in brackets(text) {
                        if sign == '@' { &mut people } else { &mut chats }.push(ExternalId::from(id));
                    }
                }
                _ => {}
            }
        }
        (people, chats)
    }

    /// The body with what was meant: `<@ID>` and `<#ID>` of known things mention them, addresses of the
    /// web are links, `:name:` is an emoji. A mention of what nobody knows is words.
    pub fn meant(&self, known: &Known<'_>) -> Self {
        let mut builder = Builder::default();
        blocks(&mut builder, &self.blocks, known);
        builder.finish()
    }
}

fn blocks(builder: &mut Builder, all: &[Block], known: &Known<'_>) {
    for block in all {
        match block {
            Block::Words { spans } => {
                builder.new_paragraph();
                spans.iter().for_each(|span| mean(builder, span, known));
            }
            Block::Code { .. } => builder.block(block),
            Block::Quote { blocks } => {
                builder.open_quote();
                self::blocks(builder, blocks, known);
                builder.close();
            }
            Block::List { first, items } => {
                builder.open_list(*first);
                for item in items {
                    builder.open_item();
                    blocks(builder, item, known);
                    builder.close();
                }
                builder.close();
            }
        }
    }
}

fn mean(builder: &mut Builder, span: &Span, known: &Known<'_>) {
    match &span.what {
        What::Text { text } if !span.style.code => mentions(builder, text, span.style, known),
        What::Person { id, fallback } if !(known.person)(id) => builder.text(&format!("@{fallback}"), span.style),
        What::Chat { id, fallback } if !(known.chat)(id) => builder.text(&format!("#{fallback}"), span.style),
        _ => builder.span(span.clone()),
    }
}

fn mentions(builder: &mut Builder, text: &str, style: Style, known: &Known<'_>) {
    let mut end = 0;
    for (start, sign, id) in brackets(text) {
        let (named, fallback) = (ExternalId::from(id), id.to_owned());
        let what = match sign {
            '@' if (known.person)(&named) => What::Person { id: named, fallback },
            '#' if (known.chat)(&named) => What::Chat { id: named, fallback },
            _ => continue,
        };
        links(builder, &text[end..start], style);
        builder.span(Span { what, style });
        end = start + id.len() + "<@>".len();
    }
    links(builder, &text[end..], style);
}

/// Where `<@ID>` and `<#ID>` stand, with their sign and id.
fn brackets(text: &str) -> Vec<(usize, char, &str)> {
    let found = text.match_indices('<').filter_map(|(start, _)| {
        let tail = &text[start + 1..];
        let sign = tail.chars().next().filter(|sign| matches!(sign, '@' | '#'))?;
        let end = 1 + tail[1..].find(|letter: char| !letter.is_ascii_alphanumeric())?;
        (end > 1 && tail[end..].starts_with('>')).then(|| (start, sign, &tail[1..end]))
    });
    found.collect()
}

fn links(builder: &mut Builder, text: &str, style: Style) {
    let mut end = 0;
    for (start, _) in text.match_indices("http") {
        let alone = !text[..start].ends_with(char::is_alphanumeric);
        let tail = &text[start..];
        if start < end || !alone || !(tail.starts_with("http://") || tail.starts_with("https://")) {
            continue;
        }
        let address = address(tail);
        if address.len() <= "https://".len() {
            continue;
        }
        emoji(builder, &text[end..start], style);
        builder.link(address, address, style);
        end = start + address.len();
    }
    emoji(builder, &text[end..], style);
}

/// An address without the end of the sentence, or the bracket, that it stands in.
fn address(tail: &str) -> &str {
    let end = tail.find(|letter: char| letter.is_whitespace() || matches!(letter, '<' | '>' | '"' | '|'));
    let mut address = &tail[..end.unwrap_or(tail.len())];
    while let Some(last) = address.chars().next_back() {
        let closes = last == ')' && !address.contains('(');
        if !closes && !matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_') {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

fn emoji(builder: &mut Builder, text: &str, style: Style) {
    let mut end = 0;
    for (start, _) in text.match_indices(':') {
        let free = |letter: char| !letter.is_alphanumeric() && letter != ':';
        let Some(length) = text[start + 1..].find(':').filter(|length| *length <= LONGEST_NAME) else { continue };
        let (name, after) = (&text[start + 1..start + 1 + length], &text[start + length + 2..]);
        let named = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+'".contains(&byte));
        let lettered = name.bytes().any(|byte| byte.is_ascii_alphabetic()) || matches!(name, "+1" | "-1" | "100");
        let bordered = text[..start].chars().next_back().is_none_or(free);
        // A tone of skin follows its emoji.
        let toned = after.strip_prefix(":skin-tone-").and_then(|rest| rest.get(..2)).filter(|rest| rest.ends_with(':'));
        let after_all = toned.map_or(after, |tone| &after[":skin-tone-".len() + tone.len()..]);
        if start < end || !named || !lettered || !bordered || !after_all.chars().next().is_none_or(free) {
            continue;
        }
        builder.text(&text[end..start], style);
        let tone = toned.map(|tone| format!("::skin-tone-{}", &tone[..1])).unwrap_or_default();
        builder.span(Span { what: What::Emoji { name: format!("{name}{tone}") }, style });
        end = text.len() - after_all.len();
    }
    builder.text(&text[end..], style);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything but words, in brackets with its sort.
    fn seen(text: &str) -> String {
        let known = Known { person: &|id| id.as_str() == "U1", chat: &|id| id.as_str() == "C2" };
        let body = Body::plain(text).meant(&known);
        let show = |span: &&Span| match &span.what {
            What::Text { text } => text.clone(),
            What::Link { address, .. } => format!("[{address}]"),
            What::Emoji { name } => format!("[:{name}]"),
            What::Person { id, .. } => format!("[@{id}]"),
            What::Chat { id, .. } => format!("[#{id}]"),
            other => panic!("{other:?} is not typed"),
        };
        body.spans().iter().map(show).collect()
    }

    #[test]
    fn what_is_typed_is_read_as_it_is_meant() {
        for (typed, meant) in [
            ("hi <@U1>, see <#C2> & 1 < 2 <b> <@> <@U9>", "hi [@U1], see [#C2] & 1 < 2 <b> <@> <@U9>"),
            ("<é@U1> <@U1", "<é@U1> <@U1"),
            ("see https://x.org/a_(b), ok", "see [https://x.org/a_(b)], ok"),
            ("(http://x.org) xhttp://y.org https://", "([http://x.org]) xhttp://y.org https://"),
            (
                ":wave::skin-tone-2: :+1: at 10:30:00 a:b:c std::vec::x",
                "[:wave::skin-tone-2] [:+1] at 10:30:00 a:b:c std::vec::x",
            ),
            ("::a::b: :", "::a::b: :"),
        ] {
            assert_eq!(seen(typed), meant, "{typed}");
        }
    }
}

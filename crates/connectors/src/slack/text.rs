//! Slack's mrkdwn to a body, and a body to mrkdwn.
//!
//! Bold, italic and the like stay as the marks that people type, which read well as they are. What
//! stands in angle brackets becomes what a reader sees.

use crate::slack::{emoji, id};
use model::body::{Body, Span};

/// Reads mrkdwn.
pub fn parse(mrkdwn: &str) -> Body {
    let mut body = Body::default();
    parse_into(&mut body, mrkdwn);
    body
}

/// Reads mrkdwn onto the end of a body.
pub fn parse_into(body: &mut Body, mrkdwn: &str) {
    let mut rest = mrkdwn;
    while let Some(start) = rest.find(['<', ':', '`']) {
        body.push_text(&unescape(&rest[..start]));
        rest = &rest[start..];
        let taken = match rest.as_bytes()[0] {
            b'<' => token(body, rest),
            b'`' => code(body, rest),
            _ => emoji_name(body, rest),
        };
        let taken = taken.unwrap_or_else(|| {
            body.push_text(&rest[..1]);
            1
        });
        rest = &rest[taken..];
    }
    body.push_text(&unescape(rest));
}

/// Reads plain text in which emoji stand by name and nothing is escaped.
pub fn plain_into(body: &mut Body, text: &str) {
    let mut rest = text;
    while let Some(start) = rest.find(':') {
        body.push_text(&rest[..start]);
        rest = &rest[start..];
        let taken = emoji_name(body, rest).unwrap_or_else(|| {
            body.push_text(":");
            1
        });
        rest = &rest[taken..];
    }
    body.push_text(rest);
}

/// Reads `<…>` and says how long it was. None if it is not closed.
fn token(body: &mut Body, rest: &str) -> Option<usize> {
    let end = rest.find('>')?;
    let inside = &rest[1..end];
    if inside.contains(['<', '\n']) {
        return None;
    }
    let (target, label) = match inside.split_once('|') {
        Some((target, label)) => (target, Some(label).filter(|label| !label.is_empty())),
        None => (inside, None),
    };
    let label = label.map(unescape);
    if let Some(user) = target.strip_prefix('@') {
        body.push_person(id::person(user), label.unwrap_or_else(|| user.to_owned()));
    } else if let Some(channel) = target.strip_prefix('#') {
        body.push_chat(id::chat(channel), label.unwrap_or_else(|| channel.to_owned()));
    } else if let Some(command) = target.strip_prefix('!') {
        body.push_text(&special(command, label));
    } else if target.is_empty() {
        return None;
    } else {
        body.push_text(&link(&unescape(target), label.as_deref()));
    }
    Some(end + 1)
}

/// What a reader sees of `<!…>`.
fn special(command: &str, label: Option<String>) -> String {
    let at = |name: &str| if name.starts_with('@') { name.to_owned() } else { format!("@{name}") };
    match command.split('^').next().unwrap_or_default() {
        "date" => label.unwrap_or_else(|| command.split('^').nth(1).unwrap_or_default().to_owned()),
        "subteam" => at(&label.unwrap_or_else(|| "group".to_owned())),
        broadcast => at(label.as_deref().unwrap_or(broadcast)),
    }
}

/// What a reader sees of a link: the address, and its label if it says something else.
pub fn link(url: &str, label: Option<&str>) -> String {
    let bare = url.strip_prefix("mailto:").or_else(|| url.strip_prefix("tel:")).unwrap_or(url);
    // A bare `example.com` is linked by Slack, and says the same as its link.
    let same =
        |label: &str| label == bare || label == url || bare.split_once("://").is_some_and(|(_, rest)| rest == label);
    match label {
        None => bare.to_owned(),
        Some(label) if same(label) => label.to_owned(),
        Some(label) => format!("{label} ({bare})"),
    }
}

/// Reads code, in which nothing but the escapes means anything.
fn code(body: &mut Body, rest: &str) -> Option<usize> {
    let fence = if rest.starts_with("```") { "```" } else { "`" };
    let inside = &rest[fence.len()..];
    let end = inside.find(fence)?;
    if end == 0 || (fence == "`" && inside[..end].contains('\n')) {
        return None;
    }
    body.push_text(fence);
    // Addresses are linked inside code too, and are shown as they were typed.
    code_words(body, &inside[..end]);
    body.push_text(fence);
    Some(fence.len() * 2 + end)
}

fn code_words(body: &mut Body, words: &str) {
    let mut rest = words;
    while let Some(start) = rest.find('<') {
        body.push_text(&unescape(&rest[..start]));
        rest = &rest[start..];
        let taken = token(body, rest).unwrap_or_else(|| {
            body.push_text("<");
            1
        });
        rest = &rest[taken..];
    }
    body.push_text(&unescape(rest));
}

/// Reads `:name:` or `:name::skin-tone-2:`. None if it names no emoji.
fn emoji_name(body: &mut Body, rest: &str) -> Option<usize> {
    let end = rest[1..].find(':')? + 1;
    let name = &rest[1..end];
    if !emoji::is_name(name) {
        return None;
    }
    let toned = rest[end + 1..].strip_prefix(":skin-tone-").and_then(|tone| {
        let digit = tone.as_bytes().first().filter(|digit| digit.is_ascii_digit())?;
        (tone.as_bytes().get(1) == Some(&b':')).then(|| format!("{name}::skin-tone-{}", char::from(*digit)))
    });
    if let Some(toned) = toned {
        body.push_text(&emoji::character(&toned)?);
        return Some(end + 1 + ":skin-tone-2:".len());
    }
    body.push_text(&emoji::character(name)?);
    Some(end + 1)
}

/// Takes Slack's three escapes back, last of all, so that `&amp;lt;` stays `&lt;`.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Escapes what means something to Slack. Nothing else needs it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Writes a body as mrkdwn.
pub fn write(body: &Body) -> String {
    pieces(body).concat()
}

/// A body as mrkdwn, in pieces that must not be torn: a character or a mention each.
pub fn pieces(body: &Body) -> Vec<String> {
    let mut pieces = Vec::new();
    for span in &body.spans {
        match span {
            Span::Text { text } => {
                pieces.extend(text.chars().map(|letter| escape(letter.encode_utf8(&mut [0; 4]))));
            }
            Span::Person { id, fallback } => pieces.push(mention('@', id.as_str(), fallback)),
            Span::Chat { id, fallback } => pieces.push(mention('#', id.as_str(), fallback)),
        }
    }
    pieces
}

/// A mention; as words where the id is none of Slack's.
fn mention(sign: char, id: &str, fallback: &str) -> String {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        format!("<{sign}{id}>")
    } else {
        escape(&format!("{sign}{fallback}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(mrkdwn: &str) -> String {
        parse(mrkdwn).text(|_| None, |_| None)
    }

    #[test]
    fn mrkdwn_reads_as_people_see_it() {
        for (mrkdwn, seen) in [
            ("hello <@U222> &amp; co", "hello @U222 & co"),
            ("<@U222|ana> in <#C1|general> and <#C2|>", "@ana in #general and #C2"),
            ("see <https://x.org>", "see https://x.org"),
            ("see <https://x.org?a=1&amp;b=2|the page>", "see the page (https://x.org?a=1&b=2)"),
            ("<http://x.org|x.org> <mailto:a@b.c|a@b.c> <tel:+351|+351>", "x.org a@b.c +351"),
            ("<!here> <!channel|@channel> <!subteam^S1|@team> <!subteam^S1>", "@here @channel @team @group"),
            ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
            (":wave::skin-tone-2: :+1: :party_parrot: at 10:30:00", "👋🏻 👍 :party_parrot: at 10:30:00"),
            ("`:wave: &lt;` and ```a <https://x.org> :wave:```", "`:wave: <` and ```a https://x.org :wave:```"),
            ("a &lt; b &amp;lt; c", "a < b &lt; c"),
            ("a < b, <not closed", "a < b, <not closed"),
            ("~_*<@U1>*_~ :: : `` ```", "~_*@U1*_~ :: : `` ```"),
            ("", ""),
        ] {
            assert_eq!(shown(mrkdwn), seen, "{mrkdwn}");
        }
    }

    fn bodies() -> impl Strategy<Value = Body> {
        // A colon may name an emoji, which Slack shows as one; all else stands as it is.
        let words = "[a-zA-Z0-9 &<>*_~`|@#!/\\\\^;.,()\n\u{e9}\u{1f44d}-]{1,40}";
        let span = prop_oneof![
            4 => words.prop_map(|text| Span::Text { text }),
            1 => "[UW][A-Z0-9]{3,8}".prop_map(|id| Span::Person { fallback: id.clone(), id: id.as_str().into() }),
            1 => "C[A-Z0-9]{3,8}".prop_map(|id| Span::Chat { fallback: id.clone(), id: id.as_str().into() }),
        ];
        proptest::collection::vec(span, 0..8).prop_map(|spans| {
            let mut body = Body::default();
            for span in spans {
                match span {
                    Span::Text { text } => body.push_text(&text),
                    other => body.spans.push(other),
                }
            }
            body
        })
    }

    proptest! {
        /// What we write is read back as what was meant, whatever characters are in it.
        #[test]
        fn a_body_survives_the_way_to_slack_and_back(body in bodies()) {
            prop_assert_eq!(parse(&write(&body)), body);
        }

        /// Other people's text may hold anything.
        #[test]
        fn no_text_is_too_odd_to_read(mrkdwn in "(?s).{0,80}", odd in "[<>|@#!^:`&a;1-]{0,40}") {
            parse(&mrkdwn);
            parse(&odd);
        }
    }
}

//! Slack's mrkdwn to a body: what messages without blocks and bots' blocks hold.
//!
//! Marks hold at the borders of words and within a line; in code nothing but the escapes means anything.

use crate::slack::{emoji, id};
use model::body::{Body, Builder, Range, Span, Style, What};

const FENCE: &str = "```";
/// A `>` at the beginning of a line, as Slack keeps it.
const QUOTE: &str = "&gt;";
/// Three of them quote all that follows.
const QUOTE_ALL: &str = "&gt;&gt;&gt;";

/// Reads mrkdwn.
pub fn parse(mrkdwn: &str) -> Body {
    let mut builder = Builder::default();
    parse_into(&mut builder, mrkdwn);
    builder.finish()
}

/// Reads mrkdwn onto the end of a body.
pub fn parse_into(builder: &mut Builder, mrkdwn: &str) {
    let mut rest = mrkdwn;
    while let Some((before, code, after)) = fenced(rest) {
        lines(builder, before.strip_suffix('\n').unwrap_or(before));
        let code = code.strip_prefix('\n').unwrap_or(code);
        builder.code(None, &words_of_code(code.strip_suffix('\n').unwrap_or(code)));
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    lines(builder, rest);
}

/// What stands before, between and after the first fences.
fn fenced(rest: &str) -> Option<(&str, &str, &str)> {
    let (before, opened) = rest.split_once(FENCE)?;
    let (code, after) = opened.split_once(FENCE)?;
    (!code.is_empty()).then_some((before, code, after))
}

/// Lines outside of code. Those that begin with a quote's mark are one quote.
fn lines(builder: &mut Builder, text: &str) {
    if text.is_empty() {
        return;
    }
    let (mut quoted, mut to_the_end) = (false, false);
    for (number, line) in text.split('\n').enumerate() {
        let (is_quote, line) = match (to_the_end, line.strip_prefix(QUOTE_ALL), line.strip_prefix(QUOTE)) {
            (true, _, _) => (true, line),
            (false, Some(rest), _) => {
                to_the_end = true;
                (true, rest.strip_prefix(' ').unwrap_or(rest))
            }
            (false, None, Some(rest)) => (true, rest.strip_prefix(' ').unwrap_or(rest)),
            (false, None, None) => (false, line),
        };
        if is_quote != quoted {
            if is_quote {
                builder.open_quote()
            } else {
                builder.close()
            }
            quoted = is_quote;
        } else if number > 0 {
            builder.text("\n", Style::PLAIN);
        }
        inline(builder, line, Style::PLAIN);
    }
    if quoted {
        builder.close();
    }
}

/// The marks that people put around words.
const MARKS: [char; 3] = ['*', '_', '~'];

/// Reads one line, or what stands between two marks of it.
fn inline(builder: &mut Builder, line: &str, style: Style) {
    let (mut rest, mut plain) = (line, 0);
    // Marks that nothing closes to the end of the line.
    let mut open_ended = [false; MARKS.len()];
    while let Some(start) = rest[plain..].find(['<', ':', '`', '*', '_', '~']).map(|at| at + plain) {
        let sign = rest[start..].chars().next().unwrap_or_default();
        let before = rest[..start].chars().next_back().or_else(|| line[..line.len() - rest.len()].chars().next_back());
        let mark = MARKS.iter().position(|mark| *mark == sign);
        let between = mark
            .filter(|mark| !open_ended[*mark] && is_border(before))
            .map(|mark| (mark, marked(&rest[start..], sign)));
        if let Some((mark, None)) = between {
            open_ended[mark] =
                rest[start + 1..].chars().next().is_some_and(|next| !next.is_whitespace() && next != sign);
        }
        let read = match (sign, between) {
            (_, Some((mark, Some(words)))) => Some((words.len() + 2, Read::Marked(mark, words))),
            ('<', _) => token(&rest[start..]).map(|(length, what)| (length, Read::Span(what))),
            (':', _) => emoji_name(&rest[start..]).map(|(length, what)| (length, Read::Span(what))),
            ('`', _) => code(&rest[start..]).map(|words| (words.len() + 2, Read::Code(words))),
            _ => None,
        };
        let Some((length, read)) = read else {
            plain = start + 1;
            continue;
        };
        builder.text(&unescape(&rest[..start]), style);
        match read {
            Read::Marked(mark, words) => inline(builder, words, with(style, mark)),
            Read::Code(words) => builder.text(&words_of_code(words), Style { code: true, ..style }),
            Read::Span(what) => builder.span(Span { what, style }),
        }
        (rest, plain) = (&rest[start + length..], 0);
    }
    builder.text(&unescape(rest), style);
}

enum Read<'a> {
    Marked(usize, &'a str),
    Code(&'a str),
    Span(What),
}

fn with(style: Style, mark: usize) -> Style {
    match MARKS[mark] {
        '*' => Style { bold: true, ..style },
        '_' => Style { italic: true, ..style },
        _ => Style { strike: true, ..style },
    }
}

fn is_border(beside: Option<char>) -> bool {
    beside.is_none_or(|beside| !beside.is_alphanumeric())
}

/// What stands between a mark and the one that closes it.
fn marked(rest: &str, mark: char) -> Option<&str> {
    let inside = &rest[1..];
    if inside.starts_with(|first: char| first.is_whitespace() || first == mark) {
        return None;
    }
    let mut at = 0;
    while let Some(next) = inside[at..].chars().next() {
        let here = &inside[at..];
        let closes = next == mark && at > 0 && !inside[..at].ends_with(char::is_whitespace);
        if closes && is_border(here[1..].chars().next()) {
            return Some(&inside[..at]);
        }
        at += match next {
            '<' => here.find(['>', '\n']).map_or(1, |end| end + 1),
            '`' => code(here).map_or(1, |words| words.len() + 2),
            _ => next.len_utf8(),
        };
    }
    None
}

/// What stands between two backticks of one line.
fn code(rest: &str) -> Option<&str> {
    let end = rest[1..].find('`')?;
    (end > 0).then(|| &rest[1..=end])
}

/// Addresses are linked inside code too, and are shown as they were typed.
fn words_of_code(code: &str) -> String {
    let (mut words, mut rest) = (String::new(), code);
    while let Some(start) = rest.find('<') {
        words.push_str(&unescape(&rest[..start]));
        rest = &rest[start..];
        let shown = rest.find('>').map(|end| (end, &rest[1..end])).filter(|(_, inside)| !inside.contains(['<', '\n']));
        match shown {
            Some((end, inside)) => {
                let (target, label) = inside.split_once('|').unwrap_or((inside, inside));
                words.push_str(&unescape(if label.is_empty() { target } else { label }));
                rest = &rest[end + 1..];
            }
            None => {
                words.push('<');
                rest = &rest[1..];
            }
        }
    }
    words.push_str(&unescape(rest));
    words
}

/// Reads plain text in which emoji stand by name and nothing is escaped.
pub fn plain_into(builder: &mut Builder, text: &str) {
    let (mut rest, mut plain) = (text, 0);
    while let Some(start) = rest[plain..].find(':').map(|at| at + plain) {
        match emoji_name(&rest[start..]) {
            Some((length, what)) => {
                builder.text(&rest[..start], Style::PLAIN);
                builder.span(Span { what, style: Style::PLAIN });
                (rest, plain) = (&rest[start + length..], 0);
            }
            None => plain = start + 1,
        }
    }
    builder.text(rest, Style::PLAIN);
}

/// Reads `<…>`, and says how long it was. None if it is not closed or means nothing.
fn token(rest: &str) -> Option<(usize, What)> {
    let end = rest.find('>')?;
    let inside = &rest[1..end];
    if inside.contains(['<', '\n']) {
        return None;
    }
    let (target, label) = match inside.split_once('|') {
        Some((target, label)) => (target, Some(unescape(label)).filter(|label| !label.is_empty())),
        None => (inside, None),
    };
    let what = if let Some(user) = target.strip_prefix('@') {
        What::Person { id: id::person(user), fallback: label.unwrap_or_else(|| user.to_owned()) }
    } else if let Some(channel) = target.strip_prefix('#') {
        What::Chat { id: id::chat(channel), fallback: label.unwrap_or_else(|| channel.to_owned()) }
    } else if let Some(command) = target.strip_prefix('!') {
        special(command, label)
    } else if target.is_empty() {
        return None;
    } else {
        let address = unescape(target);
        What::Link { text: label.unwrap_or_else(|| address.clone()), address }
    };
    Some((end + 1, what))
}

/// What `<!…>` means.
fn special(command: &str, label: Option<String>) -> What {
    let mut parts = command.split('^');
    match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
        ("date", Some(seconds), format) => match seconds.parse() {
            Ok(seconds) => {
                let fallback = label.unwrap_or_default();
                What::Date { seconds, format: unescape(format.unwrap_or_default()), fallback }
            }
            Err(_) => What::Text { text: label.unwrap_or_else(|| seconds.to_owned()) },
        },
        ("subteam", Some(id), _) => group(id, label),
        (range, _, _) => broadcast(range),
    }
}

/// A group of people. Slack names it by its id alone, most of the time.
pub fn group(id: &str, label: Option<String>) -> What {
    let name = label.unwrap_or_else(|| "group".to_owned());
    What::Group { id: id.into(), fallback: name.strip_prefix('@').unwrap_or(&name).to_owned() }
}

/// A call to many.
pub fn broadcast(range: &str) -> What {
    match range {
        "here" => What::Broadcast { range: Range::Here },
        "channel" => What::Broadcast { range: Range::Channel },
        "everyone" => What::Broadcast { range: Range::Everyone },
        other => What::Text { text: format!("@{other}") },
    }
}

/// Reads `:name:` or `:name::skin-tone-2:`. None if it names no emoji that everybody knows.
fn emoji_name(rest: &str) -> Option<(usize, What)> {
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
        return Some((end + 1 + ":skin-tone-2:".len(), What::Text { text: emoji::character(&toned)? }));
    }
    Some((end + 1, What::Text { text: emoji::character(name)? }))
}

/// Whether an id can be one of Slack's.
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Takes Slack's three escapes back, last of all, so that `&amp;lt;` stays `&lt;`.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Escapes what means something to Slack. Nothing else needs it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::fallback;
    use model::body::{Nameless, html, markdown};
    use proptest::prelude::*;

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
            ("`:wave: &lt;` and ```a <https://x.org> :wave:```", ":wave: < and \na https://x.org :wave:"),
            ("a &lt; b &amp;lt; c", "a < b &lt; c"),
            ("a < b, <not closed", "a < b, <not closed"),
            (":: : ``", ":: : ``"),
            ("", ""),
        ] {
            assert_eq!(parse(mrkdwn).text(&Nameless), seen, "{mrkdwn}");
        }
    }

    #[test]
    fn marks_hold_at_words_and_within_a_line() {
        for (mrkdwn, seen) in [
            ("*bold* _it_ ~no~ `code`", "**bold** *it* ~~no~~ `code`"),
            ("(*bold*), *two words*.", "(<!-- -->**bold**), **two words**."),
            ("2*3*4 snake_case_name a * b * c", "2\\*3\\*4 snake\\_case\\_name a \\* b \\* c"),
            ("*not\nclosed* _", "\\*not  \nclosed\\* \\_"),
            ("~_*<@U1>*_~", "***~~[@U1](person:U1)~~***"),
            ("*a <https://x.org|b*c> `d*` e*", "**a <!-- -->**<!-- -->**[b\\*c](https://x.org)**"),
            ("&gt; said\n&gt;twice\nmore", "> said  \n> twice\n\nmore"),
            ("&gt;&gt;&gt; all\nof it", "> all  \n> of it"),
            ("see\n```\na *b*\n  c\n```\nend", "see\n\n```\na *b*\n  c\n```\n\nend"),
        ] {
            let written = markdown::write(&parse(mrkdwn), &Nameless);
            assert!(written.starts_with(seen), "{mrkdwn}: {written}");
        }
    }

    #[test]
    fn a_fallback_is_cut_between_letters_and_mentions() {
        let long = Body::plain("&".repeat(3_000));
        let text = fallback::write(&long);
        assert!(text.chars().count() <= fallback::LONGEST && text.ends_with("&amp;…"));
        let body = html::read(
            "<p>a &lt; <b> b </b><span data-kind=\"person\" data-value=\"U1\">@Ana</span></p><ol><li>x</li></ol>",
        );
        assert_eq!(fallback::write(&body), "a &lt;  *b* <@U1>\n1. x");
    }

    proptest! {
        /// Other people's text may hold anything.
        #[test]
        fn no_text_is_too_odd_to_read(mrkdwn in "(?s).{0,80}", odd in "[<>|@#!^:`&a;1*_~ \n-]{0,40}") {
            parse(&mrkdwn);
            parse(&odd);
        }

        /// A notice says what the message says, whatever characters are in it.
        #[test]
        fn the_words_of_a_fallback_are_those_of_the_body(text in "[a-zA-Z0-9 &<>|@#!/\\\\^;.,()\u{e9}\u{1f44d}-]{1,40}") {
            prop_assume!(!text.starts_with('>'));
            prop_assert_eq!(parse(&fallback::write(&Body::plain(&text))), Body::plain(&text));
        }
    }

    #[test]
    fn a_very_long_text_is_read_whole() {
        for piece in ["word ", "*a ", "_", "<", "<@", ":", "`", "```", "&gt; a\n", "*a* _b_ ", "~*_a"] {
            let long = piece.repeat(40_000 / piece.len());
            assert!(!parse(&long).is_empty(), "{piece}");
        }
    }
}

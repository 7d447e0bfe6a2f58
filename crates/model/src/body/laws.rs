//! What must hold of every body, whatever is said in it.

use super::{Block, Body, Builder, DEEPEST, Nameless, Range, Span, Style, What, html, markdown};
use crate::id::ExternalId;
use proptest::prelude::*;

/// Text of any script, with all that means something somewhere.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}( [a-z]{1,8}){0,3}",
        2 => "[a-z0-9 *_~`<>&#+=|!\\[\\]()\\\\.:;@\"'/\n-]{1,24}",
        1 => "[ \u{a0}\t\n]{1,4}",
        1 => "(?s).{1,12}",
        1 => "(&amp;|&#32;|<b>|<!-- -->|-->|\\*\\*|```|~~~|1\\. |- |> |\u{200d}|\u{202e}|\u{24b6}|\u{fe0f}|שלום|مرحبا|👩\u{200d}👩){1,4}",
    ]
}

fn styles() -> impl Strategy<Value = Style> {
    let flags = prop_oneof![4 => Just(0_u8), 4 => 0_u8..16];
    flags.prop_map(|flags| Style {
        bold: flags & 1 > 0,
        italic: flags & 2 > 0,
        strike: flags & 4 > 0,
        code: flags & 8 > 0,
    })
}

fn whats() -> impl Strategy<Value = What> {
    let id = "[A-Z0-9:/ ]{1,9}";
    prop_oneof![
        6 => texts().prop_map(|text| What::Text { text }),
        2 => ("(https?://|mailto:)[a-z.]{1,9}[a-z0-9/?&=;()<>*_\\\\%#é\"'-]{0,16}", prop_oneof![Just(String::new()), texts()])
            .prop_map(|(address, text)| What::Link { address, text }),
        1 => (id, texts()).prop_map(|(id, fallback)| What::Person { id: ExternalId(id), fallback }),
        1 => (id, texts()).prop_map(|(id, fallback)| What::Chat { id: ExternalId(id), fallback }),
        1 => (id, texts()).prop_map(|(id, fallback)| What::Group { id: ExternalId(id), fallback }),
        1 => prop_oneof![Just(Range::Here), Just(Range::Channel), Just(Range::Everyone)]
            .prop_map(|range| What::Broadcast { range }),
        1 => "[a-z0-9_+-]{1,9}(::skin-tone-3)?".prop_map(|name| What::Emoji { name }),
        1 => (any::<i64>(), "[a-z{}_ ^]{0,12}", texts())
            .prop_map(|(seconds, format, fallback)| What::Date { seconds, format, fallback }),
    ]
}

fn blocks() -> impl Strategy<Value = Block> {
    let spans = proptest::collection::vec((whats(), styles()).prop_map(|(what, style)| Span { what, style }), 1..5);
    let leaf = prop_oneof![
        4 => spans.prop_map(|spans| Block::Words { spans }),
        1 => (proptest::option::of("[a-z+#-]{1,6}"), "[a-z `~<>&\t\n*#-]{1,30}").prop_map(|(language, text)| Block::Code { language, text }),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let items = proptest::collection::vec(proptest::collection::vec(inner.clone(), 1..3), 1..4);
        prop_oneof![
            proptest::collection::vec(inner, 1..3).prop_map(|blocks| Block::Quote { blocks }),
            (proptest::option::of(prop_oneof![0_u32..12, any::<u32>()]), items)
                .prop_map(|(first, items)| Block::List { first, items }),
        ]
    })
}

/// Bodies, which are in their one form because nothing else can be made.
pub fn bodies() -> impl Strategy<Value = Body> {
    proptest::collection::vec(blocks(), 0..4).prop_map(|blocks| {
        let mut builder = Builder::default();
        blocks.iter().for_each(|block| builder.block(block));
        builder.finish()
    })
}

proptest! {
    #[test]
    fn a_body_survives_the_way_to_markdown_and_back(body in bodies()) {
        let written = markdown::write(&body, &Nameless);
        prop_assert_eq!(markdown::read(&written), body, "{}", written);
    }

    #[test]
    fn a_body_survives_the_way_to_html_and_back(body in bodies()) {
        let written = html::write(&body, &Nameless);
        prop_assert_eq!(html::read(&written), body, "{}", written);
    }

    #[test]
    fn a_body_survives_being_stored(body in bodies()) {
        let stored = serde_json::to_string(&body).unwrap();
        prop_assert_eq!(serde_json::from_str::<Body>(&stored).unwrap(), body);
    }

    /// Whatever it is made of, putting it together again changes nothing.
    #[test]
    fn a_body_has_one_form(body in bodies()) {
        let mut builder = Builder::default();
        builder.body(&body);
        prop_assert_eq!(builder.finish(), body);
    }

    /// No words, names or addresses become a tag, an attribute or a link elsewhere.
    #[test]
    fn nothing_becomes_html_that_is_not_ours(body in bodies(), foreign in "(?s).{0,60}", odd in "[<>/\"'=& a-zA-Z:!-]{0,60}") {
        check_html(&html::write(&body, &Nameless))?;
        for source in [&foreign, &odd] {
            for body in [html::read(source), markdown::read(source), Body::plain(source)] {
                check_html(&html::write(&body, &Nameless))?;
            }
        }
    }

    #[test]
    fn plain_words_stay_as_they_are(text in "[^\\p{Cc}]{0,60}") {
        prop_assert_eq!(Body::plain(&text).text(&Nameless), text.clone());
        prop_assert!(Body::plain(&text).is_plain());
    }
}

const TAGS: [&str; 13] = ["p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ol", "ul", "li", "a", "span"];

/// Goes through HTML by hand, so that the writer is not measured by what it is made of.
fn check_html(html: &str) -> Result<(), TestCaseError> {
    let mut open = Vec::new();
    for part in html.split('<').skip(1) {
        let (tag, text) = part.split_once('>').ok_or_else(|| TestCaseError::fail("a tag that does not end"))?;
        prop_assert!(!text.contains(['>', '"', '\'']), "{}", html);
        if let Some(name) = tag.strip_prefix('/') {
            prop_assert_eq!(open.pop(), Some(name), "{}", html);
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        prop_assert!(!name.is_empty() && TAGS.contains(&name), "{} in {}", name, html);
        if name != "br" {
            open.push(name);
        }
        let values: Vec<&str> = attributes.split('"').collect();
        for pair in values.chunks(2).filter(|pair| pair.len() == 2) {
            let (attribute, value) = (pair[0].trim(), pair[1]);
            let allowed = match (name, attribute) {
                ("a", "href=") => {
                    ["http://", "https://", "mailto:"].iter().any(|scheme| value.to_lowercase().starts_with(scheme))
                }
                ("a", "rel=") => value == "noopener noreferrer nofollow",
                ("ol", "start=") => value.bytes().all(|byte| byte.is_ascii_digit()),
                ("code", "class=") => value.starts_with("language-"),
                ("span", "data-kind=" | "data-value=") => true,
                _ => false,
            };
            prop_assert!(allowed, "{} {} in {}", name, attribute, html);
        }
        prop_assert_eq!(values.last().copied().unwrap_or_default(), "", "{}", html);
    }
    prop_assert!(open.is_empty(), "{}", html);
    Ok(())
}

#[test]
fn what_the_last_version_stored_can_be_read() {
    let stored = r##"[{"kind":"text","text":"hi "},{"kind":"person","id":"U1","fallback":"ana"},
                     {"kind":"text","text":" in "},{"kind":"chat","id":"C1","fallback":"C1"}]"##;
    let body: Body = serde_json::from_str(stored).unwrap();
    assert_eq!(body.text(&Nameless), "hi @ana in #C1");
    assert_eq!(body.blocks().len(), 1);
    assert_eq!(serde_json::from_str::<Body>("[]").unwrap(), Body::default());
}

#[test]
fn what_is_nested_too_deep_is_said_less_deep() {
    let deep = [format!("{}end", "> ".repeat(1_000)), format!("{}end", "- ".repeat(1_000))];
    for body in deep.iter().map(|source| markdown::read(source)) {
        let stored = serde_json::to_string(&body).unwrap();
        assert_eq!(serde_json::from_str::<Body>(&stored).unwrap(), body);
        assert!(body.text(&Nameless).ends_with("end"));
        assert!(stored.matches("\"kind\":\"quote\"").count() <= DEEPEST);
    }
    let tags = format!("{}end", "<blockquote><ul><li><b>".repeat(10_000));
    assert!(html::read(&tags).text(&Nameless).ends_with("end"));
}

#[test]
fn a_very_long_message_is_read_whole() {
    for piece in ["word ", "*", "_a*", "[", "`", "<b", "&", "![](", "שלום ", "\n> ", "- a\n"] {
        let long = piece.repeat(40_000 / piece.len());
        let body = markdown::read(&long);
        assert_eq!(markdown::read(&markdown::write(&body, &Nameless)), body, "{piece}");
        let body = html::read(&long);
        assert_eq!(html::read(&html::write(&body, &Nameless)), body, "{piece}");
    }
}

#[test]
fn markdown_is_read_as_people_mean_it() {
    for (source, expected) in [
        ("a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e</code></p>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("# Title\ntext", "<p><strong>Title</strong></p><p>text</p>"),
        ("- a\n  1. b\n  2. c\n- d", "<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>"),
        ("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"),
        ("> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        (
            "```rust\nlet a = \"<b>\";\n```",
            "<pre><code class=\"language-rust\">let a = &quot;&lt;b&gt;&quot;;</code></pre>",
        ),
        ("[x](javascript:alert(1))", "<p>x (javascript:alert(1))</p>"),
        (
            "![a cat](https://x.org/c.png)",
            "<p><a href=\"https://x.org/c.png\" rel=\"noopener noreferrer nofollow\">a cat</a></p>",
        ),
        ("a <b>c</b> <script>", "<p>a &lt;b&gt;c&lt;/b&gt; &lt;script&gt;</p>"),
        ("<div onclick=x>\nhi\n</div>", "<p>&lt;div onclick=x&gt;<br>hi<br>&lt;/div&gt;</p>"),
        ("[@Ana](person:U1)", "<p><span data-kind=\"person\" data-value=\"U1\">@Ana</span></p>"),
        ("a\n\n---\n\nb", "<p>a</p><p>---</p><p>b</p>"),
        ("", ""),
    ] {
        assert_eq!(html::write(&markdown::read(source), &Nameless), expected, "{source}");
    }
}

#[test]
fn html_outside_of_the_strict_part_is_its_text() {
    for (source, expected) in [
        ("<p>a <b>b</b> <i>c</i></p>", "a **b** *c*"),
        ("<table><tr><td>cell</td></tr></table>", "cell"),
        ("<a href=\"javascript:alert(1)\">x</a>", "x"),
        ("<img src=x onerror=alert(1)>hi", "hi"),
        ("<p>a</p>\n  <p>b\n  c</p>", "a\n\nb c"),
        ("<ul>\n  <li>a\n  <li>b</ul>", "- a\n- b"),
        ("<h1>T</h1>x", "**T**\n\nx"),
        ("<pre><code class=\"language-c\">a\nb</code></pre>", "```c\na\nb\n```"),
        ("<a href=\"https://x.org\"></a>", "<https://x.org>"),
        ("a<br>b", "a  \nb"),
        ("<span data-kind=\"chat\" data-value=\"C1\">#c</span>", "[#c](chat:C1)"),
        ("&lt;b&gt; &amp; &nbsp;", "\\<b> & &#160;"),
        ("</p></li></blockquote>x", "x"),
    ] {
        assert_eq!(markdown::write(&html::read(source), &Nameless), expected, "{source}");
    }
}

#[test]
fn text_reads_well() {
    for (source, expected) in [
        ("see **this**, [page](https://x.org) <https://y.org>", "see this, page (https://x.org) https://y.org"),
        ("- a\n  - b\n    1. c\n- d", "• a\n    ◦ b\n        1. c\n• d"),
        ("> said\n>\n> - x", "> said\n> • x"),
        ("1. a\n   1. b\n\n9. c", "1. a\n    a. b\n2. c"),
        ("```\nx\n  y\n```\nend", "x\n  y\nend"),
    ] {
        assert_eq!(markdown::read(source).text(&Nameless), expected, "{source}");
    }
}

use super::{read, write};
use crate::slack::{blocks, text};
use model::body::{Block, Body, Builder, Nameless, Range, Span, Style, What, html};
use proptest::prelude::*;
use serde_json::{Value, json};

fn body(elements: Value) -> Body {
    let mut builder = Builder::default();
    read(&mut builder, &json!({ "type": "rich_text", "elements": elements }), 0);
    builder.finish()
}

fn shown(elements: Value) -> String {
    html::write(&body(elements), &Nameless)
}

fn section(leaves: Value) -> Value {
    json!({ "type": "rich_text_section", "elements": leaves })
}

fn item(words: &str) -> Value {
    section(json!([{ "type": "text", "text": words }]))
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
        body(json!([section(leaves)])).text(&Nameless),
        "a -> b & <c> :wave: @U1 #C1 https://x.org page (https://x.org/a) 👋🏻❤️:party_parrot:👍@here@groupyesterday#fff?"
    );
}

#[test]
fn looks_are_kept() {
    let bold = json!({ "bold": true });
    let leaves = json!([
        { "type": "text", "text": "see " }, { "type": "text", "text": "this ", "style": bold },
        { "type": "user", "user_id": "U1", "style": bold }, { "type": "text", "text": " now" },
        { "type": "text", "text": "x = 1", "style": { "code": true } },
        { "type": "text", "text": "gone", "style": { "strike": true, "italic": true, "underline": true } },
    ]);
    assert_eq!(
        shown(json!([section(leaves)])),
        "<p>see <strong>this </strong><strong><span data-kind=\"person\" data-value=\"U1\">@U1</span></strong> now\
         <code>x = 1</code><em><s>gone</s></em></p>"
    );
}

#[test]
fn lists_quotes_and_code_keep_their_shape() {
    let elements = json!([
        section(json!([{ "type": "text", "text": "first\n" }])),
        { "type": "rich_text_list", "style": "ordered", "indent": 0, "elements": [item("one"), item("two")] },
        { "type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [item("deep")] },
        { "type": "rich_text_list", "style": "ordered", "indent": 0, "offset": 2, "elements": [item("three")] },
        { "type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [item("dot")] },
        { "type": "rich_text_quote", "elements": [{ "type": "text", "text": "said\ntwice" }] },
        { "type": "rich_text_list", "style": "bullet", "indent": 0, "border": 1, "elements": [item("quoted")] },
        { "type": "rich_text_preformatted", "border": 0, "elements": [{ "type": "text", "text": "a\n  b" }] },
        section(json!([{ "type": "text", "text": "last" }])),
    ]);
    assert_eq!(
        shown(elements.clone()),
        "<p>first</p><ol><li>one</li><li>two<ol><li>deep</li></ol></li><li>three<ul><li>dot</li></ul></li></ol>\
         <blockquote><p>said<br>twice</p><ul><li>quoted</li></ul></blockquote><pre><code>a\n  b</code></pre><p>last</p>"
    );
    assert_eq!(
        body(elements).text(&Nameless),
        "first\n1. one\n2. two\n    a. deep\n3. three\n    ◦ dot\n> said\n> twice\n> • quoted\na\n  b\nlast"
    );
}

#[test]
fn a_list_may_begin_anywhere() {
    let elements = json!([
        { "type": "rich_text_list", "style": "bullet", "indent": 2, "elements": [item("deep")] },
        { "type": "rich_text_list", "style": "bullet", "indent": 99, "elements": [item("deeper")] },
        { "type": "rich_text_list", "style": "ordered", "indent": 0, "offset": 4, "elements": [item("five"), {}] },
    ]);
    let text = body(elements).text(&Nameless);
    assert!(text.contains("deep") && text.contains("deeper") && text.ends_with("5. five"), "{text}");
}

/// What Slack has no word for is said by what comes nearest, and no words are lost.
#[test]
fn what_slack_cannot_say_is_said_otherwise() {
    for (markdown, back) in [
        ("> a\n> > b\n> > c", "> a\n> \\> b\n> \\> c"),
        ("- a\n  ```\n  b\n  ```\n- c", "- a\n\n```\nb\n```\n\n- c"),
        ("1. a\n   > b\n2. c", "1. a\n\n> b\n\n2. c"),
        ("```rust\nx\n```", "```\nx\n```"),
        ("0. a", "1. a"),
    ] {
        let body = model::body::markdown::read(markdown);
        let written = blocks::read(&[write(&body, "")]).unwrap();
        let says = model::body::markdown::write(&written, &Nameless);
        let packed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(packed(&says), packed(back), "{markdown}");
    }
}

fn words() -> impl Strategy<Value = Vec<Span>> {
    let style =
        || {
            (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
                .prop_map(|(bold, italic, strike, code)| Style { bold, italic, strike, code })
        };
    let mention = || style().prop_map(|style| Style { code: false, ..style });
    let text = prop_oneof![3 => "[a-z]{1,9}", 1 => "(?s).{1,12}", 1 => "[ \n*_~`<>&|:\u{200d}\u{202e}שم-]{1,9}"];
    let address = "(https?://|mailto:)[a-z.]{1,9}[a-z/?&=|<>*é-]{0,9}";
    let date = (any::<i64>(), "[a-z{}]{1,9}", "[a-z]{1,9}");
    let span = prop_oneof![
        6 => (text.clone(), style()).prop_map(|(text, style)| Span { what: What::Text { text }, style }),
        2 => (address, prop_oneof![Just(String::new()), text.boxed()], style())
            .prop_map(|(address, text, style)| Span { what: What::Link { address, text }, style }),
        1 => ("U[A-Z0-9]{3,8}", mention()).prop_map(|(id, style)| {
            Span { what: What::Person { id: id.as_str().into(), fallback: id }, style }
        }),
        1 => ("C[A-Z0-9]{3,8}", mention()).prop_map(|(id, style)| {
            Span { what: What::Chat { id: id.as_str().into(), fallback: id }, style }
        }),
        1 => ("S[A-Z0-9]{3,8}", mention()).prop_map(|(id, style)| Span { what: text::group(&id, None), style }),
        1 => prop_oneof![Just(Range::Here), Just(Range::Channel), Just(Range::Everyone)]
            .prop_map(|range| Span { what: What::Broadcast { range }, style: Style::PLAIN }),
        1 => "zz_[a-z_]{1,9}".prop_map(|name| Span { what: What::Emoji { name }, style: Style::PLAIN }),
        1 => date.prop_map(|(seconds, format, fallback)| {
            Span { what: What::Date { seconds, format, fallback }, style: Style::PLAIN }
        }),
    ];
    proptest::collection::vec(span, 1..5)
}

/// Lists whose points are words, and then perhaps one list more.
fn lists() -> impl Strategy<Value = Block> {
    let leaf = (proptest::option::of(1_u32..9), proptest::collection::vec(words(), 1..3)).prop_map(|(first, items)| {
        let items = items.into_iter().map(|spans| vec![Block::Words { spans }]).collect();
        Block::List { first, items }
    });
    leaf.prop_recursive(4, 12, 3, |inner| {
        let item = (words(), proptest::option::of(inner)).prop_map(|(spans, list)| {
            let mut item = vec![Block::Words { spans }];
            item.extend(list);
            item
        });
        (proptest::option::of(1_u32..9), proptest::collection::vec(item, 1..3))
            .prop_map(|(first, items)| Block::List { first, items })
    })
}

/// Bodies of what Slack can say.
pub fn sayable() -> impl Strategy<Value = Body> {
    let block = || {
        prop_oneof![
            4 => words().prop_map(|spans| Block::Words { spans }),
            1 => "[a-z \n*<>&`]{1,20}".prop_map(|text| Block::Code { language: None, text }),
            2 => lists(),
        ]
    };
    let quote = proptest::collection::vec(block(), 1..3).prop_map(|blocks| Block::Quote { blocks });
    proptest::collection::vec(prop_oneof![4 => block(), 1 => quote], 0..4).prop_map(|blocks| {
        let mut builder = Builder::default();
        blocks.iter().for_each(|block| builder.block(block));
        builder.finish()
    })
}

proptest! {
    /// What we write for Slack is read back as what was meant.
    #[test]
    fn a_body_survives_the_way_to_slack_and_back(body in sayable()) {
        let block = write(&body, "b");
        prop_assert_eq!(blocks::read(std::slice::from_ref(&block)).unwrap_or_default(), body, "{}", block);
    }

    /// Blocks of other people may hold anything, in any order. Written again, they say the same.
    #[test]
    fn blocks_survive_the_way_here_and_back(elements in proptest::collection::vec(elements(), 0..6)) {
        let read = body(Value::Array(elements));
        let block = write(&read, "b");
        let again = blocks::read(std::slice::from_ref(&block)).unwrap_or_default();
        prop_assert_eq!(said(&again), said(&read), "{}", block);
    }
}

/// The lines that say something. A point that only holds a list is no point to Slack.
fn said(body: &Body) -> Vec<String> {
    let text = body.text(&Nameless);
    let is_mark = |line: &str| line.trim_end().ends_with(['•', '◦', '▪', '.', '>']);
    text.lines().filter(|line| !is_mark(line)).map(str::to_owned).collect()
}

fn elements() -> impl Strategy<Value = Value> {
    let leaf = || {
        prop_oneof![
            4 => ("[a-z\n ]{0,9}", any::<bool>()).prop_map(|(text, bold)| {
                json!({ "type": "text", "text": text, "style": { "bold": bold } })
            }),
            1 => Just(json!({ "type": "link", "url": "tel:+1", "text": "call" })),
            1 => Just(json!({ "type": "user", "user_id": "U1" })),
            1 => Just(json!({ "type": "emoji", "name": "wave" })),
            1 => Just(json!({ "type": "never_seen" })),
        ]
    };
    let leaves = || proptest::collection::vec(leaf(), 0..3);
    prop_oneof![
        3 => leaves().prop_map(|leaves| json!({ "type": "rich_text_section", "elements": leaves })),
        1 => leaves().prop_map(|leaves| json!({ "type": "rich_text_quote", "elements": leaves })),
        1 => leaves().prop_map(|leaves| json!({ "type": "rich_text_preformatted", "elements": leaves })),
        3 => ("bullet|ordered", 0..3, 0..4, proptest::collection::vec(leaves(), 1..3)).prop_map(|(style, indent, offset, items)| {
            // A point without words is none, and its number with it.
            let said = |mut leaves: Vec<Value>| {
                leaves.insert(0, json!({ "type": "text", "text": "x" }));
                json!({ "type": "rich_text_section", "elements": leaves })
            };
            let items: Vec<_> = items.into_iter().map(said).collect();
            json!({ "type": "rich_text_list", "style": style, "indent": indent, "offset": offset, "elements": items })
        }),
    ]
}

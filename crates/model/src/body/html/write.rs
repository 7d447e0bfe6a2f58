//! From a body to HTML. What it writes is read back as the same body.

use crate::body::{
    Block, Body, Naming, Span, What, named,
    paragraphs::{Piece, paragraphs},
};
use std::fmt::Write;

/// Where a link leads, nobody here vouches for, and nobody there is told of us.
const REL: &str = "noopener noreferrer nofollow";

/// Writes a body in HTML, with the names known by now.
pub fn write(body: &Body, names: &impl Naming) -> String {
    let mut out = String::new();
    blocks(&mut out, body.blocks(), names);
    out
}

fn blocks(out: &mut String, all: &[Block], names: &impl Naming) {
    for block in all {
        match block {
            Block::Words { spans } => {
                for paragraph in paragraphs(spans) {
                    out.push_str("<p>");
                    words(out, &paragraph, names);
                    out.push_str("</p>");
                }
            }
            Block::Code { language, text } => {
                out.push_str("<pre><code");
                if let Some(language) = language {
                    attribute(out, "class", &format!("language-{language}"));
                }
                out.push('>');
                escape(out, text);
                out.push_str("</code></pre>");
            }
            Block::Quote { blocks } => {
                out.push_str("<blockquote>");
                self::blocks(out, blocks, names);
                out.push_str("</blockquote>");
            }
            Block::List { first, items } => list(out, *first, items, names),
        }
    }
}

fn list(out: &mut String, first: Option<u32>, items: &[Vec<Block>], names: &impl Naming) {
    out.push_str(if first.is_some() { "<ol" } else { "<ul" });
    if let Some(first) = first.filter(|first| *first != 1) {
        attribute(out, "start", &first.to_string());
    }
    out.push('>');
    for item in items {
        out.push_str("<li>");
        let mut rest = item.as_slice();
        if let [Block::Words { spans }, more @ ..] = item.as_slice()
            && let [only] = paragraphs(spans).as_slice()
        {
            words(out, only, names);
            rest = more;
        }
        blocks(out, rest, names);
        out.push_str("</li>");
    }
    out.push_str(if first.is_some() { "</ol>" } else { "</ul>" });
}

fn words(out: &mut String, paragraph: &[Piece<'_>], names: &impl Naming) {
    for piece in paragraph {
        match piece {
            Piece::Break => out.push_str("<br>"),
            Piece::Words(span, text) => self::span(out, span, text, names),
        }
    }
}

fn span(out: &mut String, span: &Span, text: &str, names: &impl Naming) {
    let style = span.style;
    let marks = [(style.bold, "strong"), (style.italic, "em"), (style.strike, "s"), (style.code, "code")];
    let worn = marks.iter().filter(|(worn, _)| *worn).map(|(_, tag)| *tag);
    worn.clone().for_each(|tag| out.extend(["<", tag, ">"]));
    match &span.what {
        What::Text { .. } => escape(out, text),
        What::Link { address, text } => {
            out.push_str("<a");
            attribute(out, "href", address);
            attribute(out, "rel", REL);
            out.push('>');
            escape(out, text);
            out.push_str("</a>");
        }
        what => {
            let (kind, value) = named::parts(what).expect("all but words and links have a kind");
            out.push_str("<span");
            attribute(out, "data-kind", kind);
            attribute(out, "data-value", &value);
            out.push('>');
            escape(out, &named::label(what, names));
            out.push_str("</span>");
        }
    }
    worn.rev().for_each(|tag| out.extend(["</", tag, ">"]));
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"");
    escape(out, value);
    out.push('"');
}

fn escape(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
}

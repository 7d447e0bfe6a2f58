//! From Markdown to a body. What has no place in a body becomes its text; raw HTML does, too.

use super::SEPARATOR;
use crate::body::{Body, Builder, Span, Style, What, builder::is_address, named};
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// Reads Markdown.
pub fn read(markdown: &str) -> Body {
    let source = markdown.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::default();
    for event in Parser::new_ext(&source, Options::ENABLE_STRIKETHROUGH) {
        reader.event(event);
    }
    reader.builder.finish()
}

#[derive(Default)]
struct Reader {
    builder: Builder,
    bold: usize,
    italic: usize,
    strike: usize,
    /// The lines of code that is open, and their language.
    code: Option<(Option<String>, String)>,
    /// The address of the link that is open, and its words so far.
    link: Option<(String, Vec<(String, Style)>)>,
    /// How many pictures are open inside a link.
    inner: usize,
}

impl Reader {
    fn style(&self) -> Style {
        Style { bold: self.bold > 0, italic: self.italic > 0, strike: self.strike > 0, code: false }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, lines)) => lines.push_str(&text),
                None => self.words(&text, self.style()),
            },
            Event::Code(text) => self.words(&text, Style { code: true, ..self.style() }),
            Event::Html(html) | Event::InlineHtml(html) => {
                if html.trim() != SEPARATOR {
                    self.words(&html, self.style());
                }
            }
            Event::SoftBreak | Event::HardBreak => self.words("\n", Style::PLAIN),
            Event::Rule => {
                self.builder.new_paragraph();
                self.builder.text("---", Style::PLAIN);
            }
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.words(&text, self.style());
            }
            Event::TaskListMarker(done) => self.words(if done { "[x] " } else { "[ ] " }, self.style()),
        }
    }

    fn words(&mut self, text: &str, style: Style) {
        let Some((_, words)) = &mut self.link else { return self.builder.text(text, style) };
        match words.last_mut() {
            Some((last, held)) if *held == style => last.push_str(text),
            _ => words.push((text.to_owned(), style)),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.builder.new_paragraph(),
            Tag::Heading { .. } => {
                self.builder.new_paragraph();
                self.bold += 1;
            }
            Tag::BlockQuote(_) => self.builder.open_quote(),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().map(str::to_owned),
                    CodeBlockKind::Indented => None,
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(first) => {
                self.builder.open_list(first.map(|first| u32::try_from(first).unwrap_or(u32::MAX)));
            }
            Tag::Item => self.builder.open_item(),
            Tag::Emphasis => self.italic += 1,
            Tag::Strong => self.bold += 1,
            Tag::Strikethrough => self.strike += 1,
            Tag::Link { dest_url, link_type, .. } => {
                let mail = if link_type == LinkType::Email { "mailto:" } else { "" };
                self.open_link(format!("{mail}{dest_url}"));
            }
            Tag::Image { dest_url, .. } => self.open_link(dest_url.into_string()),
            // None of these is asked for; what they hold is text.
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Table(_)
            | Tag::TableHead
            | Tag::TableRow
            | Tag::TableCell
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn open_link(&mut self, address: String) {
        match self.link {
            Some(_) => self.inner += 1,
            None => self.link = Some((address, Vec::new())),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Emphasis => self.italic = self.italic.saturating_sub(1),
            TagEnd::Strikethrough => self.strike = self.strike.saturating_sub(1),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => self.builder.close(),
            TagEnd::CodeBlock => {
                if let Some((language, lines)) = self.code.take() {
                    self.builder.code(language.as_deref(), lines.strip_suffix('\n').unwrap_or(&lines));
                }
            }
            TagEnd::HtmlBlock => self.builder.drop_line_break(),
            TagEnd::Link | TagEnd::Image if self.inner > 0 => self.inner -= 1,
            TagEnd::Link | TagEnd::Image => self.close_link(),
            TagEnd::Paragraph
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Table
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::TableCell
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn close_link(&mut self) {
        let Some((address, words)) = self.link.take() else { return };
        if let Some((what, style)) = named_by(&address, &words) {
            return self.builder.span(Span { what, style: style.unwrap_or_else(|| self.style()) });
        }
        if is_address(&address) && words.is_empty() {
            return self.builder.link(&address, &address, self.style());
        }
        if is_address(&address) {
            return words.iter().for_each(|(text, style)| self.builder.link(&address, text, *style));
        }
        for (text, style) in &words {
            self.builder.text(text, *style);
        }
        if !address.is_empty() {
            let lead = if words.is_empty() { address } else { format!(" ({address})") };
            self.builder.text(&lead, self.style());
        }
    }
}

/// A mention or the like, written as a link of its own scheme, and the style of its label.
fn named_by(address: &str, words: &[(String, Style)]) -> Option<(What, Option<Style>)> {
    let (kind, value) = address.split_once(':')?;
    let label: String = words.iter().map(|(text, _)| text.as_str()).collect();
    let what = named::read(kind, &from_percent(value)?, &label)?;
    Some((what, words.first().map(|(_, style)| *style)))
}

fn from_percent(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let pair = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

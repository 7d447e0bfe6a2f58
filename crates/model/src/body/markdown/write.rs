//! From a body to Markdown. What it writes is read back as the same body.

use super::SEPARATOR;
use crate::body::{
    Block, Body, HIGHEST_NUMBER, Naming, Span, Style, What, named,
    paragraphs::{Piece, paragraphs},
};

/// Writes a body in Markdown, with the names known by now.
pub fn write(body: &Body, names: &impl Naming) -> String {
    blocks(body.blocks(), names).join("\n")
}

/// The lines of blocks, without the marks of what they stand in.
fn blocks(all: &[Block], names: &impl Naming) -> Vec<String> {
    let mut lines = Vec::new();
    let mut before: Option<&Block> = None;
    for block in all {
        if before.is_some() {
            lines.push(String::new());
        }
        if before.is_some_and(|before| would_go_on(before, block)) {
            lines.extend([SEPARATOR.to_owned(), String::new()]);
        }
        match block {
            Block::Words { spans } => lines.extend(words(spans, names).split('\n').map(str::to_owned)),
            Block::Code { language, text } => code(&mut lines, language.as_deref(), text),
            Block::Quote { blocks } => {
                let quoted = self::blocks(blocks, names).into_iter();
                lines.extend(quoted.map(|line| if line.is_empty() { ">".to_owned() } else { format!("> {line}") }));
            }
            Block::List { first, items } => list(&mut lines, *first, items, names),
        }
        before = Some(block);
    }
    lines
}

/// Whether two lists would be read as one.
fn would_go_on(before: &Block, block: &Block) -> bool {
    match (before, block) {
        (Block::List { first: one, .. }, Block::List { first: other, .. }) => one.is_some() == other.is_some(),
        _ => false,
    }
}

fn code(lines: &mut Vec<String>, language: Option<&str>, text: &str) {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    lines.push(format!("{fence}{}", language.unwrap_or_default()));
    lines.extend(text.split('\n').map(str::to_owned));
    lines.push(fence);
}

/// The most backticks that stand together.
fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

fn list(lines: &mut Vec<String>, first: Option<u32>, items: &[Vec<Block>], names: &impl Naming) {
    for (number, item) in (first.unwrap_or_default()..).zip(items) {
        let mark = match first {
            Some(_) => format!("{}. ", number.min(HIGHEST_NUMBER)),
            None => "- ".to_owned(),
        };
        let indent = " ".repeat(mark.len());
        for (number, line) in blocks(item, names).into_iter().enumerate() {
            lines.push(match (number, line.is_empty()) {
                (0, _) => format!("{mark}{line}"),
                (_, true) => line,
                (_, false) => format!("{indent}{line}"),
            });
        }
    }
}

fn words(spans: &[Span], names: &impl Naming) -> String {
    let mut writer = Writer::default();
    for (number, paragraph) in paragraphs(spans).iter().enumerate() {
        if number > 0 {
            writer.end_line("\n\n");
        }
        for (at, piece) in paragraph.iter().enumerate() {
            let ends_line = !matches!(paragraph.get(at + 1), Some(Piece::Words(..)));
            match piece {
                // A line break at the rim of a paragraph would be nothing.
                Piece::Break if at == 0 || at + 1 == paragraph.len() => writer.raw("&#10;"),
                Piece::Break => writer.end_line("  \n"),
                Piece::Words(span, text) => writer.span(span, text, ends_line, names),
            }
        }
    }
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Nothing stands on this line yet.
    started: bool,
    /// The last mark is one only if no letter follows.
    loose: bool,
}

impl Writer {
    fn raw(&mut self, text: &str) {
        self.out.push_str(text);
        (self.started, self.loose) = (true, false);
    }

    fn end_line(&mut self, end: &str) {
        self.out.push_str(end);
        (self.started, self.loose) = (false, false);
    }

    fn span(&mut self, span: &Span, text: &str, ends_line: bool, names: &impl Naming) {
        if span.style == Style::PLAIN && matches!(span.what, What::Text { .. }) {
            let escaped = escape(text, !self.started, ends_line);
            if self.loose && !escaped.starts_with(' ') {
                self.out.push_str(SEPARATOR);
            }
            return self.raw(&escaped);
        }
        let content = content(span, text, names);
        let marked = Marked::new(content, span.style);
        // Marks and brackets mean what they should only beside a space, or beside letters that do not matter.
        let before = self.out.chars().next_back().filter(|_| self.started);
        let free = before.is_none_or(|before| before == ' ' || (marked.tight && is_letter(before)));
        if !free || self.loose {
            self.out.push_str(SEPARATOR);
        }
        self.raw(&marked.text);
        self.loose = !marked.tight || !ends_line;
        if marked.tight {
            self.loose = false;
        }
        self.started = true;
    }
}

/// What stands between the marks of a style.
fn content(span: &Span, text: &str, names: &impl Naming) -> String {
    let label = |label: &str| if span.style.code { code_span(label) } else { escape(label, false, false) };
    match &span.what {
        What::Text { .. } => label(text),
        What::Link { address, text } if text == address && !span.style.code && !address.contains(['<', '>']) => {
            format!("<{address}>")
        }
        What::Link { address, text } => format!("[{}]({})", label(text), destination(address)),
        what => {
            let (kind, value) = named::parts(what).expect("all but words and links have a kind");
            format!("[{}]({kind}:{})", label(&named::label(what, names)), percent(&value))
        }
    }
}

/// Words in the marks of their style.
struct Marked {
    text: String,
    /// Letters may stand on both sides.
    tight: bool,
}

impl Marked {
    fn new(content: String, style: Style) -> Self {
        let stars = match (style.bold, style.italic) {
            (true, true) => "***",
            (true, false) => "**",
            (false, true) => "*",
            (false, false) => "",
        };
        let strike = if style.strike { "~~" } else { "" };
        if stars.is_empty() && strike.is_empty() {
            // Code and links need no borders, but nothing may grow together with them.
            return Self { text: content, tight: false };
        }
        let is_space = |letter: Option<char>| letter.is_some_and(char::is_whitespace);
        let first = if is_space(content.chars().next()) { SEPARATOR } else { "" };
        let last = if is_space(content.chars().next_back()) { SEPARATOR } else { "" };
        let letters =
            content.chars().next().is_some_and(is_letter) && content.chars().next_back().is_some_and(is_letter);
        Self {
            text: format!("{stars}{strike}{first}{content}{last}{strike}{stars}"),
            tight: letters && strike.is_empty(),
        }
    }
}

/// Whether CommonMark takes it for a letter. Letters in circles and squares are symbols there.
fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() && !matches!(letter, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}')
}

fn code_span(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let rim = |mark: char| text.starts_with(mark) || text.ends_with(mark);
    let all_spaces = text.chars().all(|letter| letter == ' ');
    let pad = if rim('`') || (rim(' ') && !all_spaces) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Words that mean nothing but themselves.
fn escape(text: &str, starts_line: bool, ends_line: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut digits = starts_line;
    let mut letters = text.chars().enumerate().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let first = at == 0 && starts_line;
        match letter {
            ' ' if first || (next.is_none() && ends_line) => out.push_str("&#32;"),
            ' ' => out.push(' '),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' => out.extend(['\\', letter]),
            '&' if next.is_none_or(|next| next == '#' || next.is_ascii_alphanumeric()) => out.push_str("\\&"),
            '!' if next.is_none() && !ends_line => out.push_str("\\!"),
            '#' | '>' | '+' | '-' | '=' if first => out.extend(['\\', letter]),
            '.' | ')' if digits && at > 0 => out.extend(['\\', letter]),
            letter if letter.is_whitespace() => out.push_str(&format!("&#{};", u32::from(letter))),
            letter => out.push(letter),
        }
        digits &= letter.is_ascii_digit();
    }
    out
}

/// An address as the target of a link.
fn destination(address: &str) -> String {
    let has_entity = address.contains(';');
    let mut out = String::with_capacity(address.len());
    for letter in address.chars() {
        if matches!(letter, '\\' | '(' | ')' | '<' | '>') || (letter == '&' && has_entity) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Any text as a part of an address.
fn percent(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

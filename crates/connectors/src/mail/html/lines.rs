//! Pieces of HTML as the lines that a reader sees.

use super::pieces::{Element, Piece};
use crate::mail::fold::{self, Folded, Hint, Voice};

/// A line, and the piece that it begins with.
#[derive(Debug)]
pub struct Line {
    text: String,
    voice: Voice,
    hint: Hint,
    /// How many quotes it stands in.
    depth: usize,
    /// The number of its first piece.
    pub first: usize,
}

/// Elements that stand within a line.
const INLINE: [&str; 33] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "img", "ins", "kbd",
    "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "td", "th", "tt", "u", "col",
    "colgroup", "tbody",
];
/// Elements that stand apart from what is before and after them.
const APART: [&str; 11] = ["blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "ul"];

/// The lines that a reader sees.
pub fn lines(pieces: &[Piece]) -> Vec<Line> {
    let mut writer = Writer::default();
    for (number, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Open(element) => writer.open(number, element),
            Piece::Close(name) => writer.close(name),
            Piece::Void(element) => writer.void(number, element),
            Piece::Text(text) => writer.text(number, text),
        }
    }
    writer.end_line();
    writer.lines
}

/// Where the new words end.
pub fn history(lines: &[Line], is_forward: bool) -> Option<usize> {
    let seen: Vec<_> =
        lines.iter().map(|line| fold::Line { text: &line.text, voice: line.voice, hint: line.hint }).collect();
    fold::history(&seen, is_forward)
}

/// The lines as text, parted before one of them.
pub fn text(lines: &[Line], at: Option<usize>) -> Folded {
    let mut whole = String::new();
    let mut parted = None;
    for (number, line) in lines.iter().enumerate() {
        if Some(number) == at {
            parted = Some(whole.trim_end().len());
        }
        for _ in 0..line.depth {
            whole.push('>');
        }
        if line.depth > 0 && !line.text.is_empty() {
            whole.push(' ');
        }
        whole.push_str(line.text.trim_end());
        whole.push('\n');
    }
    whole.truncate(whole.trim_end().len());
    let parted = parted.unwrap_or(whole.len()).min(whole.len());
    let quoted = whole.split_off(parted);
    Folded { new: whole, quoted }
}

#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    words: String,
    /// The piece that the line that is open began with.
    first: Option<usize>,
    /// A space is due if more words follow.
    space: bool,
    /// An empty line is due if more words follow.
    apart: bool,
    pre: usize,
    /// The number of the next point, of each list that is open; none for bullets.
    lists: Vec<Option<u32>>,
    /// What a point begins with.
    point: Option<String>,
    /// The quotes that are open: whether each is for certain one.
    quotes: Vec<bool>,
    /// The elements that are open, with what each of them says.
    hints: Vec<Hint>,
    /// History begins here.
    history: Option<usize>,
}

impl Writer {
    fn open(&mut self, number: usize, element: &Element) {
        self.break_for(element.name);
        match element.name {
            "blockquote" => self.quotes.push(element.is_cited),
            "pre" => self.pre += 1,
            "ul" => self.lists.push(None),
            "ol" => {
                self.lists.push(Some(element.says("start").and_then(|start| start.parse().ok()).unwrap_or(1)));
            }
            "li" => {
                self.point = Some(match self.lists.last_mut() {
                    Some(Some(next)) => {
                        *next = next.saturating_add(1);
                        format!("{}. ", next.saturating_sub(1))
                    }
                    _ => "• ".to_owned(),
                });
            }
            _ => {}
        }
        if element.hint == Hint::History && self.history.is_none() {
            self.end_line();
            self.history = Some(number);
        }
        self.hints.push(element.hint);
    }

    fn close(&mut self, name: &str) {
        match name {
            "td" | "th" => self.space = true,
            "pre" => self.pre = self.pre.saturating_sub(1),
            "ul" | "ol" => drop(self.lists.pop()),
            _ => {}
        }
        self.break_for(name);
        if name == "blockquote" {
            self.quotes.pop();
        }
        self.hints.pop();
    }

    fn void(&mut self, number: usize, element: &Element) {
        match element.name {
            "br" => self.line_break(),
            "hr" => self.end_line(),
            "img" => {
                if let Some(alt) = element.says("alt") {
                    self.text(number, alt);
                }
            }
            _ => {}
        }
        if element.hint == Hint::History && self.history.is_none() {
            self.end_line();
            self.history = Some(number);
        }
    }

    fn break_for(&mut self, name: &str) {
        if !INLINE.contains(&name) {
            self.end_line();
            self.apart |= APART.contains(&name);
        }
    }

    fn text(&mut self, number: usize, text: &str) {
        for (part, line) in text.split('\n').enumerate() {
            if part > 0 {
                if self.pre > 0 {
                    self.line_break();
                } else {
                    self.space = true;
                }
            }
            for letter in line.chars().filter(|letter| !is_padding(*letter)) {
                if letter.is_whitespace() && self.pre == 0 {
                    self.space = true;
                } else {
                    self.letter(number, letter);
                }
            }
        }
    }

    fn letter(&mut self, number: usize, letter: char) {
        if self.first.is_none() {
            self.space = false;
            self.begin(number);
        }
        if std::mem::take(&mut self.space) {
            self.words.push(' ');
        }
        self.words.push(letter);
    }

    fn begin(&mut self, number: usize) {
        let apart = std::mem::take(&mut self.apart);
        if apart && self.lines.last().is_some_and(|line| !line.text.is_empty()) {
            let depth = self.quotes.len().min(self.lines.last().map_or(0, |line| line.depth));
            let (voice, hint) =
                if depth == self.quotes.len() { (self.voice(), self.hint()) } else { (Voice::Own, Hint::None) };
            self.lines.push(Line { text: String::new(), voice, hint, depth, first: number });
        }
        self.first = Some(number);
        self.words.push_str(&self.point.take().unwrap_or_default());
    }

    fn line_break(&mut self) {
        if self.first.is_none() {
            // An empty line, but never two: people do not read them.
            self.apart = !self.lines.is_empty();
            return;
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        self.space = false;
        if let Some(first) = self.first.take() {
            let text = std::mem::take(&mut self.words);
            let (voice, depth) = (self.voice(), self.quotes.len());
            let (hint, first) = match self.history.take() {
                Some(opened) => (Hint::History, opened),
                None => (self.hint(), first),
            };
            self.lines.push(Line { text, voice, hint, depth, first });
        }
    }

    fn voice(&self) -> Voice {
        match self.quotes.as_slice() {
            [] => Voice::Own,
            quotes if quotes.contains(&true) => Voice::Quoted,
            _ => Voice::SetIn,
        }
    }

    fn hint(&self) -> Hint {
        let tells = |hint: &&Hint| matches!(hint, Hint::Attribution | Hint::Signature);
        self.hints.iter().rev().find(tells).copied().unwrap_or_default()
    }
}

/// Letters that fill up a preview and are not seen.
fn is_padding(letter: char) -> bool {
    matches!(letter, '\u{34f}' | '\u{200b}' | '\u{feff}' | '\u{ad}' | '\u{2007}')
}

//! Where the new words of a mail end and the history begins that they answer.
//!
//! Pure and careful: nothing is lost by it, both sides are kept. Answers between quoted lines, answers below a quote
//! and mails that are handed on stay whole, and so does whatever would leave nothing.

use super::attribution::{
    is_attribution, is_forwarded, is_head, is_original, is_rule, is_sent_from, is_signature_mark,
};
use serde::{Deserialize, Serialize};

/// How many lines a signature may have.
const LONGEST_SIGNATURE: usize = 15;
/// How many lines an attribution may be wrapped into.
const LONGEST_ATTRIBUTION: usize = 4;

/// Something said, parted from the history below it. Both together are the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    /// What its author says.
    pub new: String,
    /// What they answer, with the signature above it; empty if there is neither.
    pub quoted: String,
}

impl Folded {
    /// All of it.
    pub fn whole(&self) -> String {
        format!("{}{}", self.new, self.quoted)
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.quoted.is_empty()
    }
}

/// Whose words a line is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The author's.
    Own,
    /// It is set in like a quote, which some people do with words of their own.
    SetIn,
    /// Somebody else's.
    Quoted,
}

/// What a mail program says of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hint {
    /// Nothing.
    #[default]
    None,
    /// That it names who is quoted.
    Attribution,
    /// That all from here on is history.
    History,
    /// That it is of a signature.
    Signature,
}

/// A line of a mail.
#[derive(Debug)]
pub struct Line<'a> {
    /// Its words.
    pub text: &'a str,
    /// Whose they are.
    pub voice: Voice,
    /// What its program says of it.
    pub hint: Hint,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.chars().all(|letter| letter.is_whitespace() || letter == '\u{200b}')
    }

    fn is_own(&self) -> bool {
        self.voice == Voice::Own
    }
}

/// Parts plain text.
pub fn text(whole: &str, is_forward: bool) -> Folded {
    let lines: Vec<_> = whole.split_inclusive('\n').map(|line| (line, line.trim_end_matches(['\n', '\r']))).collect();
    let seen: Vec<_> = lines.iter().map(|(_, text)| plain_line(text)).collect();
    let Some(at) = history(&seen, is_forward) else {
        return Folded { new: whole.to_owned(), quoted: String::new() };
    };
    let start: usize = lines[..at].iter().map(|(line, _)| line.len()).sum();
    let new = whole[..start].trim_end();
    Folded { new: new.to_owned(), quoted: whole[new.len()..].to_owned() }
}

fn plain_line(text: &str) -> Line<'_> {
    let voice = if text.starts_with('>') { Voice::Quoted } else { Voice::Own };
    Line { text, voice, hint: Hint::None }
}

/// The first line that is no longer new; none if all is.
pub fn history(lines: &[Line<'_>], is_forward: bool) -> Option<usize> {
    let forwarded = lines.iter().position(|line| line.is_own() && is_forwarded(line.text));
    let below = [rest(lines, is_forward), quotes(lines)].into_iter().flatten().min();
    let at = match (below, forwarded) {
        // What is handed on is what the mail says.
        (_, Some(forwarded)) if below.is_none_or(|below| below >= forwarded) => return None,
        (Some(below), _) => above(lines, below),
        (None, _) => signature(lines, lines.len())?,
    };
    lines[..at].iter().any(|line| !line.is_blank()).then_some(at)
}

/// Where all that follows is history, since a program says so or repeats a head.
fn rest(lines: &[Line<'_>], is_forward: bool) -> Option<usize> {
    lines.iter().enumerate().position(|(at, line)| {
        let begins = || {
            let below = lines[at..].iter().filter(|line| !line.is_blank()).map(|line| line.text);
            line.hint == Hint::History || is_head(below)
        };
        // Blank lines first: to look below each of many would take time without end.
        line.is_own() && !line.is_blank() && (is_original(line.text) || !is_forward && begins())
    })
}

/// Where the quotes begin that a mail ends in.
fn quotes(lines: &[Line<'_>]) -> Option<usize> {
    let last = lines.iter().rposition(|line| !line.is_own())?;
    if !is_tail(&lines[last + 1..]) {
        return None;
    }
    let is_of_run = |line: &Line<'_>| !line.is_own() || line.is_blank();
    let own = lines[..last].iter().rposition(|line| !is_of_run(line));
    let first = own.map_or(0, |own| own + 1);
    let first = first + lines[first..].iter().position(|line| !line.is_own())?;
    if let Some(at) = own.and_then(|own| attributed(lines, own)) {
        return Some(at);
    }
    let is_between = lines[..first].iter().any(|line| !line.is_own());
    let is_quoted = lines[first..=last].iter().any(|line| line.voice == Voice::Quoted);
    (is_quoted && !is_between).then_some(first)
}

/// Where the attribution begins whose last line this is.
fn attributed(lines: &[Line<'_>], last: usize) -> Option<usize> {
    let mut joined = String::new();
    for at in (last.saturating_sub(LONGEST_ATTRIBUTION - 1)..=last).rev() {
        let line = &lines[at];
        if line.hint == Hint::Attribution {
            let is_of_it = |line: &Line<'_>| line.hint == Hint::Attribution;
            return Some(lines[..at].iter().rposition(|line| !is_of_it(line)).map_or(0, |before| before + 1));
        }
        if line.is_blank() || !line.is_own() {
            return None;
        }
        joined = format!("{} {joined}", line.text.trim());
        if is_attribution(&joined) {
            return Some(at);
        }
    }
    None
}

/// Whether nothing new is said in what follows the last quote: it is empty, a signature, or what a list adds.
fn is_tail(lines: &[Line<'_>]) -> bool {
    let ends = |line: &Line<'_>| is_signature_mark(line.text) || is_rule(line.text) || line.hint == Hint::Signature;
    let own = lines.iter().take_while(|line| !ends(line));
    own.into_iter().all(|line| line.is_blank() || is_sent_from(line.text))
}

/// Where the signature and the rules begin that stand above the history.
fn above(lines: &[Line<'_>], below: usize) -> usize {
    let is_drawn = |line: &Line<'_>| line.is_blank() || is_rule(line.text);
    let at = lines[..below].iter().rposition(|line| !is_drawn(line)).map_or(0, |last| last + 1);
    signature(lines, at).unwrap_or(at)
}

/// Where the signature begins that ends here.
fn signature(lines: &[Line<'_>], end: usize) -> Option<usize> {
    let end = lines[..end].iter().rposition(|line| !line.is_blank())? + 1;
    let begins = |line: &Line<'_>| is_signature_mark(line.text);
    let from = end.saturating_sub(LONGEST_SIGNATURE + 1);
    let marked = lines[from..end].iter().rposition(begins).map(|at| at + from);
    if let Some(at) = marked.filter(|at| lines[*at..end].iter().all(Line::is_own)) {
        return Some(at);
    }
    if lines[end - 1].hint == Hint::Signature {
        let is_of_it = |line: &Line<'_>| line.hint == Hint::Signature || line.is_blank();
        return Some(lines[..end].iter().rposition(|line| !is_of_it(line)).map_or(0, |before| before + 1));
    }
    (lines[end - 1].is_own() && is_sent_from(lines[end - 1].text)).then_some(end - 1)
}

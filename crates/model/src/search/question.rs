//! What was asked for. Nothing that a person types is an error: signs that mean nothing here are sought
//! as they stand.

use super::{Haystack, Token, Tokens, tokens, tokens::folded};
use std::ops::Range;

/// How many letters a question has at most.
pub const LONGEST_QUESTION: usize = 200;
/// Signs that people write around words and do not mean.
const AROUND: &str = ".,;:!?'\"()[]{}…、。！？，；：（）「」『』";

/// All that must be found, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Each of them must be found.
    pub terms: Vec<Term>,
}

/// A word, a phrase, or a piece of code or an address: what must be found in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The words in a row.
    pub words: Vec<String>,
    /// Whether the last word may go on.
    pub begins: bool,
    /// The marks that must stand somewhere; whether such a mark may go on.
    pub marks: Vec<(String, bool)>,
    /// What must stand there letter by letter, where marks matter.
    pub literal: Option<String>,
}

impl Question {
    /// Reads what a person typed: words, and phrases in quotes. The last word may be its beginning only.
    pub fn parse(text: &str) -> Self {
        let (mut terms, mut chunk, mut quoted) = (Vec::new(), String::new(), false);
        for letter in text.chars() {
            if matches!(letter, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}') {
                terms.extend(Term::new(&std::mem::take(&mut chunk), quoted, false));
                quoted = !quoted;
            } else if letter.is_whitespace() && !quoted {
                terms.extend(Term::new(&std::mem::take(&mut chunk), false, false));
            } else {
                chunk.push(letter);
            }
        }
        if chunk.is_empty()
            && !quoted
            && !text.ends_with('"')
            && let Some(last) = terms.last_mut()
        {
            // A space after the last word does not make it whole: it may come from the keyboard's help.
            last.begins |= last.ends_with_word(text);
        }
        terms.extend(Term::new(&chunk, quoted, true));
        if terms.is_empty() {
            terms.extend(Term::of_marks(text));
        }
        Self { terms }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether every term stands in one of these texts.
    pub fn is_met<'a>(&self, texts: impl Iterator<Item = &'a Haystack> + Clone) -> bool {
        !self.is_empty() && self.terms.iter().all(|term| texts.clone().any(|text| term.is_in(text)))
    }

    /// Where the terms stand in a text, in order and without overlaps.
    pub fn places(&self, text: &Haystack) -> Vec<Range<usize>> {
        let mut places: Vec<_> =
            self.terms.iter().filter(|term| term.is_in(text)).flat_map(|term| term.places(text)).collect();
        places.sort_by_key(|place| (place.start, place.end));
        let mut joined: Vec<Range<usize>> = Vec::new();
        for place in places {
            match joined.last_mut() {
                Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
                _ => joined.push(place),
            }
        }
        joined
    }
}

impl Term {
    fn new(chunk: &str, quoted: bool, last: bool) -> Option<Self> {
        let whole = chunk.trim();
        let trimmed = whole.trim_matches(|letter| !quoted && AROUND.contains(letter));
        // Signs alone are meant, whichever they are; but not those that stand alone among words.
        let trimmed = if tokens(trimmed).words.is_empty() && !trimmed.is_empty() { whole } else { trimmed };
        let Tokens { words, marks } = tokens(trimmed);
        let matter =
            !quoted || words.is_empty() || marks.iter().any(|mark| !mark.text.chars().all(|one| AROUND.contains(one)));
        let marks = if matter { in_runs(&marks) } else { Vec::new() };
        let at_end = words.last().is_some_and(|word| word.end == trimmed.len());
        let (words, single) = in_a_row(&words);
        let literal = (!marks.is_empty()).then(|| folded(trimmed));
        let begins = single || (last && at_end);
        (!words.is_empty() || !marks.is_empty()).then_some(Self { words, begins, marks, literal })
    }

    /// Nothing but signs was typed, so they are meant.
    fn of_marks(text: &str) -> Option<Self> {
        let marks = in_runs(&tokens(text.trim()).marks);
        let literal = Some(folded(text));
        (!marks.is_empty()).then_some(Self { words: Vec::new(), begins: false, marks, literal })
    }

    fn ends_with_word(&self, text: &str) -> bool {
        tokens(text).words.last().is_some_and(|word| word.end == text.trim_end().len()) && !self.words.is_empty()
    }

    /// Whether it stands in a text.
    pub fn is_in(&self, text: &Haystack) -> bool {
        let has = |(mark, begins): &(String, bool)| {
            text.tokens.marks.iter().any(|held| held.text == *mark || (*begins && held.text.starts_with(mark.as_str())))
        };
        self.literal.as_ref().is_none_or(|literal| text.folded.contains(literal.as_str()))
            && self.marks.iter().all(has)
            && (self.words.is_empty() || self.rows(text).next().is_some())
    }

    fn places(&self, text: &Haystack) -> Vec<Range<usize>> {
        if self.words.is_empty() {
            let meant = |held: &&Token| {
                self.marks
                    .iter()
                    .any(|(mark, begins)| held.text == *mark || (*begins && held.text.starts_with(mark.as_str())))
            };
            let place = |held: &Token| {
                let whole = self.marks.iter().any(|(mark, _)| held.text == *mark);
                held.start..if whole { held.end } else { held.first_end }
            };
            return text.tokens.marks.iter().filter(meant).map(place).collect();
        }
        let place = |row: &[Token]| {
            let (first, last) = (row.first()?, row.last()?);
            let whole = self.words.last() == Some(&last.text);
            Some(first.start..if last.paired && !whole { last.first_end } else { last.end })
        };
        self.rows(text).filter_map(place).collect()
    }

    /// Where the words stand in a row.
    fn rows<'a>(&'a self, text: &'a Haystack) -> impl Iterator<Item = &'a [Token]> {
        text.tokens.words.windows(self.words.len().max(1)).filter(|row| {
            let last = self.words.len().saturating_sub(1);
            row.iter().zip(&self.words).enumerate().all(|(at, (held, word))| {
                held.text == *word || (self.begins && at == last && held.text.starts_with(word.as_str()))
            })
        })
    }
}

/// The words of a term. A run of pairs that ends it says nothing of what follows its last letter: whether
/// a single letter is left, that begins a pair.
fn in_a_row(words: &[Token]) -> (Vec<String>, bool) {
    let mut texts: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
    let Some(last) = words.last().filter(|last| last.paired) else { return (texts, false) };
    let before = words.len().checked_sub(2).map(|at| &words[at]);
    let of_pair = before.is_some_and(|before| before.paired && before.end == last.end);
    if of_pair {
        texts.pop();
    }
    (texts, !of_pair)
}

/// The marks of a term: of each run its pairs, or the one mark that it has.
fn in_runs(marks: &[Token]) -> Vec<(String, bool)> {
    let mut kept: Vec<(String, bool)> = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        let single = mark.text.chars().count() == 1;
        let ends_run = at.checked_sub(1).is_some_and(|before| marks[before].end == mark.end);
        if kept.contains(&(mark.text.clone(), single)) || (single && ends_run) {
            continue;
        }
        kept.push((mark.text.clone(), single));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(question: &str, text: &str) -> bool {
        Question::parse(question).is_met([Haystack::new(text)].iter())
    }

    #[test]
    fn what_is_typed_finds_what_is_meant() {
        let cases: &[(&str, &str, bool)] = &[
            ("cafe", "Un café noir", true),
            ("CAFÉ", "cafe", true),
            ("caf", "Un café", true),
            ("afe", "Un café", false),
            ("caf noir", "Un café noir", false),
            ("cafe no", "Un café noir", true),
            ("noir cafe", "Un café noir", true),
            ("\"noir cafe\"", "Un café noir", false),
            ("\"café noir\"", "Un café, noir", true),
            ("\"caf\"", "Un café", false),
            ("foo_bar", "call foo_bar()", true),
            ("foo_bar", "foo bar", false),
            ("bar", "call foo_bar()", true),
            ("a->b", "if a->b then", true),
            ("a->b", "a-b", false),
            ("->", "if a->b", true),
            (">", "if a->b", true),
            ("->", "a > b -", false),
            ("std::ve", "use std::vec;", true),
            ("std::vec", "std vec", false),
            ("ada@example.com", "Mail ada@example.com!", true),
            ("example.com", "Mail ada@example.com!", true),
            ("ada@ex", "Mail ada@example.com!", true),
            ("我们", "今天我们在家", true),
            ("们", "今天我们在家", true),
            ("家", "今天我们在家", true),
            ("我们在家", "今天我们在家", true),
            ("我在", "今天我们在家", false),
            ("们在ok", "我们在ok", true),
            ("ok我们", "ok我们在", true),
            ("👍", "Well done 🎉👍🏽", true),
            ("hello!", "hello there", true),
            ("\"hello", "say hello there", true),
            ("don't", "I don’t know", true),
            ("don't", "don t", false),
            ("AND OR NOT", "and or nothing", true),
            ("foo*", "foo bar", false),
            ("foo*", "foo* bar", true),
            ("?", "Really?", true),
            ("?", "Really", false),
            ("", "anything", false),
            ("\"\"", "anything", false),
            ("cafe ", "cafeteria", true),
        ];
        for (question, text, expected) in cases {
            assert_eq!(finds(question, text), *expected, "{question:?} in {text:?}: {:?}", Question::parse(question));
        }
    }

    #[test]
    fn places_are_those_of_the_text_as_it_stands() {
        let shown = |question: &str, text: &str| {
            let places = Question::parse(question).places(&Haystack::new(text));
            places.into_iter().map(|place| text[place].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shown("cafe", "Café oder CAFÉTERIA"), ["Café", "CAFÉTERIA"]);
        assert_eq!(shown("们", "我们 们"), ["们", "们"]);
        assert_eq!(shown("天我", "今天我们"), ["天我"]);
        assert_eq!(shown("\"b c\"", "a b c b, c"), ["b c", "b, c"]);
        assert_eq!(shown("->", "a->b"), ["->"]);
    }
}

//! What a text is found by: words, and the marks between them.
//!
//! Letters are folded: `café`, `CAFE` and `Ｃａｆｅ` are one word. Scripts that put no spaces between
//! words (Chinese, Japanese, Korean, Thai, …) are cut into overlapping pairs, so that a word of two
//! letters is one token and a longer one is a phrase of them. Marks (`->`, `::`, `@`, emoji) are cut the
//! same way and kept apart from the words, so that a phrase reaches across a comma.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// How many bytes of one text are looked at. What follows is not found.
pub const LONGEST_TEXT: usize = 256 * 1_024;
/// How many letters a token has at most; a longer word is several in a row.
const LONGEST_TOKEN: usize = 64;

/// One token, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Folded.
    pub text: String,
    /// The byte at which it begins.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
    /// The byte after its first letter, for a pair of which only the first is meant.
    pub first_end: usize,
    /// Whether it is one of overlapping pairs.
    pub paired: bool,
}

/// All tokens of a text, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Words, and pairs of letters.
    pub words: Vec<Token>,
    /// Pairs of marks, and the last mark of each run alone.
    pub marks: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Space,
    Word,
    Unspaced,
    Mark,
}

/// A folded letter and the letter of the text that it came from.
struct Letter {
    folded: char,
    start: usize,
    end: usize,
}

/// Cuts a text into tokens.
pub fn tokens(text: &str) -> Tokens {
    let mut found = Tokens::default();
    let (mut run, mut sort) = (Vec::new(), Sort::Space);
    for (start, letter) in text.char_indices().take_while(|(start, _)| *start < LONGEST_TEXT) {
        let end = start + letter.len_utf8();
        for folded in fold(letter) {
            let next = sort_of(folded);
            if next != sort {
                found.take(sort, &run);
                run.clear();
                sort = next;
            }
            run.push(Letter { folded, start, end });
        }
    }
    found.take(sort, &run);
    found
}

/// A text as it is compared letter by letter: folded, with one space between words.
pub(super) fn folded(text: &str) -> String {
    let (mut plain, mut space) = (String::new(), false);
    for letter in text.char_indices().take_while(|(start, _)| *start < LONGEST_TEXT).flat_map(|(_, one)| fold(one)) {
        if sort_of(letter) == Sort::Space {
            space = !plain.is_empty();
        } else {
            if std::mem::take(&mut space) {
                plain.push(' ');
            }
            plain.push(letter);
        }
    }
    plain
}

impl Tokens {
    fn take(&mut self, sort: Sort, run: &[Letter]) {
        match sort {
            Sort::Space => {}
            Sort::Word => self.words.extend(run.chunks(LONGEST_TOKEN).filter_map(|part| token(part, false))),
            Sort::Unspaced => self.words.extend(pairs(run)),
            Sort::Mark => self.marks.extend(pairs(run)),
        }
    }
}

fn pairs(run: &[Letter]) -> impl Iterator<Item = Token> {
    (0..run.len()).filter_map(|at| token(&run[at..run.len().min(at + 2)], true))
}

fn token(letters: &[Letter], paired: bool) -> Option<Token> {
    let (first, last) = (letters.first()?, letters.last()?);
    let text = letters.iter().map(|letter| letter.folded).collect();
    Some(Token { text, start: first.start, end: last.end, first_end: first.end, paired })
}

fn sort_of(letter: char) -> Sort {
    if is_unspaced(letter) {
        Sort::Unspaced
    } else if letter.is_alphanumeric() || is_combining_mark(letter) {
        Sort::Word
    } else if letter.is_whitespace() || letter.is_control() {
        Sort::Space
    } else {
        Sort::Mark
    }
}

/// A letter as it is compared: without accents, case and width. Nothing for what is not read.
fn fold(letter: char) -> impl Iterator<Item = char> {
    let whole = is_unspaced(letter).then_some(letter);
    let parts = whole.is_none().then(|| std::iter::once(letter).nfkd());
    let parts = parts.into_iter().flatten().flat_map(char::to_lowercase).filter(|part| !is_silent(*part));
    // Wide and narrow forms become letters of scripts without spaces, too.
    whole.into_iter().chain(parts).flat_map(plain)
}

/// Letters that Unicode does not take apart, and that people write either way.
fn plain(letter: char) -> impl Iterator<Item = char> {
    let (first, second) = match letter {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'ø' => ('o', None),
        'ł' => ('l', None),
        'đ' | 'ð' => ('d', None),
        'ı' => ('i', None),
        'ς' => ('σ', None),
        'ё' => ('е', None),
        '\u{2018}' | '\u{2019}' => ('\'', None),
        '\u{201c}' | '\u{201d}' | '\u{201e}' => ('"', None),
        '\u{2010}'..='\u{2015}' => ('-', None),
        // Used here for what is no text.
        '\u{e000}'..='\u{f8ff}' => ('\u{fffd}', None),
        other => (other, None),
    };
    std::iter::once(first).chain(second)
}

/// Accents, vowel points, joiners and variants: read over when texts are compared.
fn is_silent(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Scripts whose words stand together, or bear endings that nobody types.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{30fa}' | '\u{30fc}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> (Vec<String>, Vec<String>) {
        let texts = |tokens: Vec<Token>| tokens.into_iter().map(|token| token.text).collect();
        let Tokens { words, marks } = tokens(text);
        (texts(words), texts(marks))
    }

    #[test]
    fn texts_of_many_scripts_are_cut_into_what_they_are_found_by() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("Café, CAFE\u{301}", &["cafe", "cafe"], &[","]),
            ("foo_bar a->b", &["foo", "bar", "a", "b"], &["_", "->", ">"]),
            ("std::vec", &["std", "vec"], &["::", ":"]),
            ("ada@example.com", &["ada", "example", "com"], &["@", "."]),
            ("我们在 ok", &["我们", "们在", "在", "ok"], &[]),
            ("학교에서", &["학교", "교에", "에서", "서"], &[]),
            ("ไทย", &["ไท", "ทย", "ย"], &[]),
            ("ﾊﾟﾘ Ｔｏｋｙｏ", &["ハ\u{309a}", "\u{309a}リ", "リ", "tokyo"], &[]),
            ("हिन्दी", &["हिन्दी"], &[]),
            ("كِتَاب", &["كتاب"], &[]),
            ("Straße Søren Łódź Ёж", &["strasse", "soren", "lodz", "еж"], &[]),
            ("👍🏽❤️", &[], &["👍🏽", "🏽❤", "❤"]),
            ("don’t", &["don", "t"], &["'"]),
            ("", &[], &[]),
        ];
        for (text, words, marks) in cases {
            let expected =
                (words.iter().map(ToString::to_string).collect(), marks.iter().map(ToString::to_string).collect());
            assert_eq!(cut(text), expected, "{text}");
        }
    }

    #[test]
    fn tokens_know_where_they_stand() {
        let text = "Ça, 我们";
        let found = tokens(text);
        let at = |token: &Token| &text[token.start..token.end];
        assert_eq!(found.words.iter().map(at).collect::<Vec<_>>(), ["Ça", "我们", "们"]);
        assert_eq!(&text[found.words[1].start..found.words[1].first_end], "我");
    }

    #[test]
    fn a_word_without_end_is_several_tokens() {
        let words = tokens(&"x".repeat(LONGEST_TOKEN * 2 + 1)).words;
        assert_eq!(words.iter().map(|word| word.text.len()).collect::<Vec<_>>(), [LONGEST_TOKEN, LONGEST_TOKEN, 1]);
    }

    #[test]
    fn a_text_is_compared_with_one_space_between_words() {
        assert_eq!(folded("  Foo\n\t ->  BAR "), "foo -> bar");
    }
}

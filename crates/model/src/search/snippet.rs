//! The part of a text that shows why it was found.

use super::{Haystack, Question};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many letters a snippet shows at most.
const LETTERS: usize = 200;
/// How many of them stand before the first place.
const LETTERS_BEFORE: usize = 50;

/// A stretch of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Piece {
    /// The words as they stand.
    pub text: String,
    /// Whether they are what was sought.
    pub hit: bool,
}

/// The part of a text around the first place, in pieces. From its beginning, if nothing stands in it.
pub fn snippet(question: &Question, text: &str) -> Vec<Piece> {
    let places = question.places(&Haystack::new(text));
    let first = places.first().map_or(0, |place| place.start);
    let before = text[..first].char_indices().rev().take(LETTERS_BEFORE).last().map_or(first, |(at, _)| at);
    let begin = if before == 0 {
        0
    } else {
        text[before..first].find(char::is_whitespace).map_or(before, |at| before + at + 1)
    };
    // A space is not one byte everywhere.
    let begin = (begin..=first).find(|at| text.is_char_boundary(*at)).unwrap_or(first);
    let end = text[begin..].char_indices().nth(LETTERS).map_or(text.len(), |(at, _)| begin + at);
    let mut pieces = Vec::new();
    let mut push = |words: &str, hit: bool| {
        if !words.is_empty() {
            pieces.push(Piece { text: words.to_owned(), hit });
        }
    };
    if begin > 0 {
        push("… ", false);
    }
    let mut at = begin;
    for place in places.into_iter().filter(|place| place.start < end) {
        push(&text[at..place.start], false);
        at = place.end.min(end);
        push(&text[place.start..at], true);
    }
    push(&text[at..end], false);
    if end < text.len() {
        push(" …", false);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_snippet_shows_the_first_place_and_those_near_it() {
        let text = format!("{} Café and cafe {}", "before ".repeat(30), "after ".repeat(60));
        let pieces = snippet(&Question::parse("cafe"), &text);
        let hits: Vec<_> = pieces.iter().filter(|piece| piece.hit).map(|piece| piece.text.as_str()).collect();
        assert_eq!(hits, ["Café", "cafe"]);
        assert!(pieces[0].text == "… " && pieces.last().unwrap().text == " …", "{pieces:?}");
    }

    proptest! {
        #[test]
        fn a_snippet_is_a_part_of_the_text(text in "[a-c é我们👍\u{2003}_.]{0,400}", sought in "[a-c我们👍_.]{1,3}") {
            let pieces = snippet(&Question::parse(&sought), &text);
            let whole: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            let inner = whole.strip_prefix("… ").unwrap_or(&whole);
            prop_assert!(text.contains(inner.strip_suffix(" …").unwrap_or(inner)));
        }
    }
}

//! Lines of words parted into paragraphs, for languages in which an empty line parts them.

use super::{Span, What};

/// A stretch of a line, or the end of one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    /// Words without a line break; of a stretch of text, only these.
    Words(&'a Span, &'a str),
    /// A line break.
    Break,
}

/// The paragraphs; none is empty. Put together again with an empty line between, they are the same words.
pub(super) fn paragraphs(spans: &[Span]) -> Vec<Vec<Piece<'_>>> {
    let pieces = pieces(spans);
    let mut paragraphs = Vec::new();
    let mut paragraph = Vec::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        let parts = matches!(pieces.get(at..at + 2), Some([Piece::Break, Piece::Break])) && at + 2 < pieces.len();
        if parts && !paragraph.is_empty() {
            paragraphs.push(std::mem::take(&mut paragraph));
            at += 2;
        } else {
            paragraph.push(*piece);
            at += 1;
        }
    }
    paragraphs.push(paragraph);
    paragraphs
}

fn pieces(spans: &[Span]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for span in spans {
        let What::Text { text } = &span.what else {
            pieces.push(Piece::Words(span, ""));
            continue;
        };
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                pieces.push(Piece::Break);
            }
            if !line.is_empty() {
                pieces.push(Piece::Words(span, line));
            }
        }
    }
    pieces
}

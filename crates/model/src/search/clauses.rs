//! From what was asked to what the index is asked: more may be found than was meant, never less.

use super::{Term, Tokens};
use crate::index::{Field, Needle};

impl Term {
    /// What the index must hold for it. `bears` are the marks of people whose names have its words: whose
    /// messages may have it, too, as their sender's name or as one that they mention.
    pub fn clauses(&self, bears: &[String]) -> Vec<Vec<Needle>> {
        let of_people = || bears.iter().map(|mark| needle(Field::Marks, [mark.clone()], false));
        let words: Vec<Needle> = if bears.is_empty() {
            (!self.words.is_empty())
                .then(|| needle(Field::Words, self.words.clone(), self.begins))
                .into_iter()
                .collect()
        } else {
            // A phrase may go through a name, so that its words are sought one by one.
            self.words_alone()
        };
        let marks = self.marks.iter().map(|(mark, begins)| needle(Field::Marks, [mark.clone()], *begins));
        words.into_iter().chain(marks).map(|needle| std::iter::once(needle).chain(of_people()).collect()).collect()
    }

    /// Its words, each as one to find.
    pub fn words_alone(&self) -> Vec<Needle> {
        let last = self.words.len().saturating_sub(1);
        let alone = |(at, word): (usize, &String)| needle(Field::Words, [word.clone()], self.begins && at == last);
        self.words.iter().enumerate().map(alone).collect()
    }
}

fn needle(field: Field, tokens: impl IntoIterator<Item = String>, begins: bool) -> Needle {
    Needle { field, tokens: tokens.into_iter().collect(), begins }
}

impl Tokens {
    /// Adds another text's tokens behind these.
    pub fn append(&mut self, other: Self) {
        self.words.extend(other.words);
        self.marks.extend(other.marks);
    }

    /// What an entry keeps: the words in order, and each mark once.
    pub fn texts(self) -> (Vec<String>, Vec<String>) {
        let words = self.words.into_iter().map(|token| token.text).collect();
        let marks: std::collections::BTreeSet<_> = self.marks.into_iter().map(|token| token.text).collect();
        (words, marks.into_iter().collect())
    }
}

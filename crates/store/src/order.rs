//! How lists are ordered, searched and continued; the same in every store.
//!
//! A page ends with the place of its last item, not with a count, so that rows that come in between
//! neither repeat an item nor hide one.

use model::{
    participant::Participant,
    store::{Paging, Slice},
};
use std::{collections::BTreeSet, fmt::Display, str::FromStr};

/// The place of an item in a list: what the list is ordered by, then the item's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place<K, I> {
    /// What the list is ordered by.
    pub(crate) key: K,
    /// The item.
    pub(crate) id: I,
}

impl<K: Display, I: Display> Place<K, I> {
    /// The place as a text for the next page.
    pub(crate) fn text(&self) -> String {
        format!("{}.{}", self.id, self.key)
    }
}

impl<K: FromStr, I: FromStr> Place<K, I> {
    /// Reads a place back. The id's prefix tells a place of this list from one of another.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (id, key) = text.split_once('.')?;
        Some(Self { key: key.parse().ok()?, id: id.parse().ok()? })
    }
}

/// Where a page begins.
pub(crate) enum Start<P> {
    /// At the first item.
    First,
    /// After the item at this place.
    After(P),
    /// Nowhere: no page gave this text, or nothing is wanted.
    Nowhere,
}

/// Reads where a page begins.
pub(crate) fn start<K: FromStr, I: FromStr>(paging: &Paging) -> Start<Place<K, I>> {
    match &paging.after {
        _ if paging.limit == 0 => Start::Nowhere,
        None => Start::First,
        Some(text) => Place::parse(text).map_or(Start::Nowhere, Start::After),
    }
}

/// Makes a page of items of which one more than wanted was read, to know whether there is a next one.
pub(crate) fn slice<T>(mut items: Vec<T>, limit: usize, place: impl Fn(&T) -> String) -> Slice<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(place);
    Slice { items, next }
}

/// The page of a list that has nothing.
pub(crate) fn nothing<T>() -> Slice<T> {
    Slice { items: Vec::new(), next: None }
}

/// Each item once, where it stood first.
pub(crate) fn once<T: Ord + Clone>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}

/// A text as it is compared in searches, whatever the case of its letters.
pub(crate) fn folded(text: &str) -> String {
    // Letter by letter: the lower case of a whole word would give a final sigma another shape.
    text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}

/// What people are listed by.
pub(crate) fn name_key(person: &Participant) -> String {
    folded(person.name().unwrap_or_default())
}

/// What a search for people looks into, a line each. None while nothing is known of them.
pub(crate) fn search_lines(person: &Participant) -> Option<String> {
    let facts = &person.facts.as_ref()?.value;
    let lines = [facts.name.as_str()].into_iter().chain(facts.handle.as_deref());
    let lines: Vec<_> = lines.chain(facts.emails.iter().map(String::as_str)).map(folded).collect();
    Some(lines.join("\n"))
}

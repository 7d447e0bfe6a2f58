//! The laws that every search index keeps.

use super::samples::*;
use model::{
    changes::Thing,
    customer::CustomerId,
    index::{Entry, Field, Index, Indexing, Lookup, Needle, Progress},
    search,
    store::{NamedKind, StoreError},
};

/// Runs every law against an index: `index_contract!(name: how to open a fresh one)`.
macro_rules! index_contract {
    ($name:ident: $open:expr) => {
        mod $name {
            use super::*;
            use crate::contract::index::*;
            index_laws! { $open;
                words_are_found_whole_begun_and_in_a_row,
                marks_are_found_apart_from_words,
                each_clause_must_be_met_by_one_of_its_needles,
                the_latest_come_first_and_pages_go_on,
                times_bound_what_is_found,
                kinds_and_customers_are_apart,
                an_entry_takes_the_place_of_the_one_before,
                what_is_removed_is_gone,
                a_stale_turn_writes_nothing,
                all_entries_go_at_once,
                what_was_found_by_any_sign_is_no_error,
            }
        }
    };
}

macro_rules! index_laws {
    ($open:expr; $($law:ident,)*) => {$(
        #[tokio::test]
        async fn $law() {
            let opened = $open;
            crate::contract::index::$law(&opened.store).await;
        }
    )*};
}

pub(crate) use index_contract;
pub(crate) use index_laws;

const NONE: [i64; 0] = [];

/// A message's entry: what it says, and when.
pub(crate) fn entry(customer: &CustomerId, number: i64, text: &str, millis: i64) -> Entry {
    let (words, marks) = search::tokens(text).texts();
    let (thing, chat) = (Thing::Message(message_id(number)), Some(chat_id(1)));
    Entry { customer: customer.clone(), thing, at: at(millis), chat, words, marks, bears: Vec::new() }
}

pub(crate) async fn put(index: &dyn Index, entries: impl IntoIterator<Item = Entry>) {
    change(index, entries.into_iter().map(Indexing::Put).collect()).await;
}

async fn change(index: &dyn Index, changes: Vec<Indexing>) {
    let before = index.progress().await.unwrap();
    let after = Progress { position: before.position + 1, begun: true, ..before.clone() };
    index.apply(&before, after, changes).await.unwrap();
}

fn needle(field: Field, tokens: &str, begins: bool) -> Needle {
    Needle { field, tokens: tokens.split(' ').map(str::to_owned).collect(), begins }
}

fn word(tokens: &str) -> Needle {
    needle(Field::Words, tokens, false)
}

fn lookup(clauses: Vec<Vec<Needle>>) -> Lookup {
    let (customer, kind) = (ada(), NamedKind::Message);
    Lookup { customer, kind, clauses, since: None, until: None, before: None, limit: 99 }
}

async fn numbers(index: &dyn Index, lookup: Lookup) -> Vec<i64> {
    let found = index.find(lookup).await.unwrap();
    let number = |thing: Thing| (0..100).find(|number| thing == Thing::Message(message_id(*number))).unwrap();
    found.into_iter().map(|found| number(found.thing)).collect()
}

async fn found(index: &dyn Index, one: Needle) -> Vec<i64> {
    numbers(index, lookup(vec![vec![one]])).await
}

pub(crate) async fn words_are_found_whole_begun_and_in_a_row(index: &dyn Index) {
    put(
        index,
        [entry(&ada(), 1, "Un café noir", 1), entry(&ada(), 2, "noir, un café", 2), entry(&ada(), 3, "我们在家", 3)],
    )
    .await;
    assert_eq!(found(index, word("cafe")).await, [2, 1]);
    assert_eq!(found(index, word("caf")).await, NONE);
    assert_eq!(found(index, needle(Field::Words, "c", true)).await, [2, 1]);
    assert_eq!(found(index, needle(Field::Words, "cafe", true)).await, [2, 1]);
    assert_eq!(found(index, word("cafe noir")).await, [1]);
    assert_eq!(found(index, needle(Field::Words, "un ca", true)).await, [2, 1]);
    assert_eq!(found(index, word("我们")).await, [3]);
    assert_eq!(found(index, word("我们 们在")).await, [3]);
    assert_eq!(found(index, needle(Field::Words, "在", true)).await, [3]);
}

pub(crate) async fn marks_are_found_apart_from_words(index: &dyn Index) {
    put(index, [entry(&ada(), 1, "a->b", 1), entry(&ada(), 2, "a - b", 2), entry(&ada(), 3, "\"*\" 👍", 3)]).await;
    assert_eq!(found(index, needle(Field::Marks, "->", false)).await, [1]);
    assert_eq!(found(index, needle(Field::Marks, "-", true)).await, [2, 1]);
    assert_eq!(found(index, needle(Field::Words, "->", false)).await, NONE);
    assert_eq!(found(index, needle(Field::Marks, "\"*", false)).await, [3]);
    assert_eq!(found(index, needle(Field::Marks, "👍", false)).await, [3]);
}

pub(crate) async fn each_clause_must_be_met_by_one_of_its_needles(index: &dyn Index) {
    put(index, [entry(&ada(), 1, "red apple", 1), entry(&ada(), 2, "green apple", 2), entry(&ada(), 3, "red pear", 3)])
        .await;
    let ask = |clauses: &[&[&str]]| {
        lookup(clauses.iter().map(|clause| clause.iter().map(|one| word(one)).collect()).collect())
    };
    assert_eq!(numbers(index, ask(&[&["red"], &["apple"]])).await, [1]);
    assert_eq!(numbers(index, ask(&[&["red", "green"], &["apple"]])).await, [2, 1]);
    assert_eq!(numbers(index, ask(&[&["red"], &["plum"]])).await, NONE);
    assert_eq!(numbers(index, ask(&[])).await, NONE, "who asks for nothing gets nothing");
    assert_eq!(numbers(index, ask(&[&["red"], &[]])).await, NONE, "and what nothing can meet is not met");
}

pub(crate) async fn the_latest_come_first_and_pages_go_on(index: &dyn Index) {
    put(index, (1..8).map(|number| entry(&ada(), number, "word", 100 * (number * 3 % 8)))).await;
    let whole = found(index, word("word")).await;
    assert_eq!(whole, [5, 2, 7, 4, 1, 6, 3], "by time, and not in the order in which they came");
    let mut ask = Lookup { limit: 2, ..lookup(vec![vec![word("word")]]) };
    let mut paged = Vec::new();
    loop {
        let page = index.find(ask.clone()).await.unwrap();
        let Some(last) = page.last() else { break };
        ask.before = Some(last.place);
        paged.extend(page.iter().map(|found| found.thing));
        put(index, [entry(&ada(), 50 + paged.len() as i64, "word", 100_000)]).await;
    }
    assert_eq!(paged, whole.into_iter().map(|number| Thing::Message(message_id(number))).collect::<Vec<_>>());
}

pub(crate) async fn times_bound_what_is_found(index: &dyn Index) {
    put(index, [0, 10, 20, 30].map(|millis| entry(&ada(), millis, "word", millis))).await;
    let ask = |since: Option<i64>, until: Option<i64>| Lookup {
        since: since.map(at),
        until: until.map(at),
        ..lookup(vec![vec![word("word")]])
    };
    assert_eq!(numbers(index, ask(Some(10), None)).await, [30, 20, 10]);
    assert_eq!(numbers(index, ask(None, Some(20))).await, [10, 0]);
    assert_eq!(numbers(index, ask(Some(10), Some(30))).await, [20, 10]);
    assert_eq!(numbers(index, ask(Some(30), Some(10))).await, NONE);
    assert_eq!(numbers(index, ask(Some(-5), Some(i64::MAX / 1_000))).await, [30, 20, 10, 0]);
}

pub(crate) async fn kinds_and_customers_are_apart(index: &dyn Index) {
    let of_chat = Entry { thing: Thing::Chat(chat_id(1)), chat: None, ..entry(&ada(), 1, "word", 5) };
    let bears = vec!["m1".to_owned(), "m2".to_owned()];
    let of_person = Entry { thing: Thing::Participant(participant_id(1)), bears: bears.clone(), ..of_chat.clone() };
    put(index, [entry(&ada(), 1, "word", 5), entry(&bob(), 2, "word", 6), of_chat, of_person]).await;
    assert_eq!(found(index, word("word")).await, [1]);
    for (kind, thing) in
        [(NamedKind::Chat, Thing::Chat(chat_id(1))), (NamedKind::Participant, Thing::Participant(participant_id(1)))]
    {
        let found = index.find(Lookup { kind, ..lookup(vec![vec![word("word")]]) }).await.unwrap();
        assert_eq!(found.iter().map(|found| found.thing).collect::<Vec<_>>(), [thing]);
        assert_eq!(found[0].bears.is_empty(), kind == NamedKind::Chat);
    }
    let nobody = Lookup { customer: CustomerId::new("carl").unwrap(), ..lookup(vec![vec![word("word")]]) };
    assert_eq!(numbers(index, nobody).await, NONE);
}

pub(crate) async fn an_entry_takes_the_place_of_the_one_before(index: &dyn Index) {
    put(index, [entry(&ada(), 1, "first words", 5), entry(&ada(), 2, "words", 6)]).await;
    put(index, [entry(&ada(), 1, "never read", 5), entry(&ada(), 1, "second words", 9)]).await;
    assert_eq!(found(index, word("first")).await, NONE);
    assert_eq!(found(index, word("never")).await, NONE);
    assert_eq!(found(index, word("words")).await, [1, 2]);
    put(index, [entry(&ada(), 1, "second words", 9)]).await;
    assert_eq!(found(index, word("second words")).await, [1]);
}

pub(crate) async fn what_is_removed_is_gone(index: &dyn Index) {
    put(index, [entry(&ada(), 1, "word", 5), entry(&bob(), 1, "word", 5), entry(&ada(), 2, "word", 5)]).await;
    assert_eq!(index.of_chat(&ada(), chat_id(1), 9).await.unwrap(), [message_id(1), message_id(2)]);
    assert_eq!(index.of_chat(&ada(), chat_id(1), 1).await.unwrap().len(), 1);
    assert_eq!(index.of_chat(&ada(), chat_id(2), 9).await.unwrap(), []);
    let gone = |customer: &CustomerId, number| Indexing::Remove(customer.clone(), Thing::Message(message_id(number)));
    change(index, vec![gone(&ada(), 1), gone(&ada(), 7)]).await;
    assert_eq!(found(index, word("word")).await, [2]);
    let of_bob = Lookup { customer: bob(), ..lookup(vec![vec![word("word")]]) };
    assert_eq!(numbers(index, of_bob).await, [1]);
    change(index, vec![gone(&ada(), 2), Indexing::Put(entry(&ada(), 2, "back", 5))]).await;
    assert_eq!((found(index, word("word")).await, found(index, word("back")).await), (vec![], vec![2]));
}

pub(crate) async fn a_stale_turn_writes_nothing(index: &dyn Index) {
    let before = index.progress().await.unwrap();
    assert_eq!(before, Progress::default());
    put(index, [entry(&ada(), 1, "word", 5)]).await;
    let held = index.progress().await.unwrap();
    assert!(held.begun && held.position == 1);
    let after = Progress { position: 9, ..held.clone() };
    let late = index.apply(&before, after, vec![Indexing::Put(entry(&ada(), 2, "word", 5))]).await;
    assert!(matches!(late, Err(StoreError::Stale)));
    assert_eq!((index.progress().await.unwrap(), found(index, word("word")).await), (held, vec![1]));
}

pub(crate) async fn all_entries_go_at_once(index: &dyn Index) {
    put(index, [entry(&ada(), 1, "word", 5), entry(&bob(), 2, "word", 6)]).await;
    change(
        index,
        vec![Indexing::Put(entry(&ada(), 3, "word", 5)), Indexing::Clear, Indexing::Put(entry(&ada(), 4, "word", 7))],
    )
    .await;
    assert_eq!(found(index, word("word")).await, [4]);
    assert_eq!(index.of_chat(&bob(), chat_id(1), 9).await.unwrap(), []);
}

pub(crate) async fn what_was_found_by_any_sign_is_no_error(index: &dyn Index) {
    let signs: String = (' '..='~').chain(['\u{e001}', '\u{e122}', '§', '\0', '🏽']).collect();
    let apart: String = signs.chars().flat_map(|sign| [sign, ' ']).collect();
    put(index, [entry(&ada(), 1, &apart, 5)]).await;
    for sign in signs.chars() {
        let question = search::Question::parse(&sign.to_string());
        let clauses: Vec<_> = question.terms.iter().flat_map(|term| term.clauses(&[])).collect();
        let expected = usize::from(!clauses.is_empty());
        assert_eq!(numbers(index, lookup(clauses)).await.len(), expected, "{sign:?}");
        assert_eq!(expected == 1, !(sign == ' ' || sign == '\0'), "{sign:?}");
    }
}

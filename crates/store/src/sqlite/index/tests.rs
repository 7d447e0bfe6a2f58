//! What only the index in a file has to prove.

use super::*;
use crate::contract::{index::*, samples::*};
use model::{
    index::Indexing,
    search::{Haystack, Question, tokens},
    store::NamedKind,
};
use proptest::{collection::vec, prelude::*, sample::select};

fn bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.flat_map(|file| std::fs::read(file).unwrap()).collect()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn nothing_of_what_was_removed_stays_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let index = SqliteIndex::open(folder.path().join("search.db")).unwrap();
    for turn in 0..20 {
        put(
            &index,
            (0..20).map(|number| entry(&ada(), turn * 20 + number, &format!("common words{number} here"), number)),
        )
        .await;
    }
    put(&index, [entry(&ada(), 900, "zanzibarish", 3), entry(&ada(), 901, "quokkalike common", 3)]).await;
    assert!(holds(&bytes(folder.path()), "zanzibarish"));
    put(&index, [entry(&ada(), 901, "common", 3)]).await;
    let before = index.progress().await.unwrap();
    let gone = Indexing::Remove(ada(), Thing::Message(message_id(900)));
    index.apply(&before, before.clone(), vec![gone]).await.unwrap();
    let held = bytes(folder.path());
    for word in ["zanzibarish", "zanzi", "quokkalike", "quok"] {
        assert!(!holds(&held, word), "{word} is still there");
    }
    assert!(holds(&held, "common"));
}

#[tokio::test]
async fn an_index_is_found_again_and_a_broken_one_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.db");
    let index = SqliteIndex::open(&path).unwrap();
    put(&index, [entry(&ada(), 1, "word", 5)]).await;
    assert!(matches!(SqliteIndex::open(&path), Err(StoreError::Broken(_))), "one server has it");
    drop(index);
    let index = SqliteIndex::open(&path).unwrap();
    assert!(index.progress().await.unwrap().begun);
    drop(index);
    for broken in [b"not a database, whatever it was".to_vec(), Vec::new()] {
        for file in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        std::fs::write(&path, broken).unwrap();
        let index = SqliteIndex::open(&path).unwrap();
        assert!(!index.progress().await.unwrap().begun, "whoever fills it begins from the beginning");
        put(&index, [entry(&ada(), 1, "word", 5)]).await;
    }
}

/// Texts that meet: few words of many scripts, joined by whatever people join words with.
fn texts() -> impl Strategy<Value = String> {
    let words = select(vec![
        "cafe",
        "Café",
        "CAFETERIA",
        "a",
        "b",
        "foo",
        "bar",
        "std",
        "我们",
        "我",
        "在家",
        "ไทย",
        "한국어",
        "하나",
        "привет",
        "ПРИВЕТ",
        "हिन्दी",
        "كتاب",
        "كِتَاب",
        "👍",
        "👍🏽",
        "🎉",
        "ß",
        "ss",
        "1",
        "22",
        "ｆｏｏ",
        "ガ",
        "\u{301}",
    ]);
    let joins = select(vec![
        " ", " ", " ", "", "_", "->", "::", "@", ".", ", ", "'", "\"", "*", "(", ")", "\n", " - ", "^", "\u{200d}",
    ]);
    vec((words, joins), 0..7).prop_map(|parts| parts.into_iter().map(|(word, join)| format!("{word}{join}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The index never lacks what a look at every text finds.
    #[test]
    fn the_index_finds_what_a_look_at_every_text_finds(held in vec(texts(), 1..24), asked in vec(texts(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let index = SqliteIndex::open(folder.path().join("search.db")).unwrap();
            let entries = held.iter().enumerate().map(|(number, text)| entry(&ada(), number as i64, text, number as i64 % 5));
            put(&index, entries).await;
            for asked in &asked {
                let question = Question::parse(asked);
                let clauses: Vec<_> = question.terms.iter().flat_map(|term| term.clauses(&[])).collect();
                let lookup = Lookup { customer: ada(), kind: NamedKind::Message, clauses, since: None, until: None, before: None, limit: 99 };
                let candidates: Vec<_> = index.find(lookup).await.unwrap().into_iter().map(|found| found.thing).collect();
                for (number, text) in held.iter().enumerate() {
                    let meant = question.is_met([Haystack::new(text)].iter());
                    let is_candidate = candidates.contains(&Thing::Message(message_id(number as i64)));
                    assert!(!meant || is_candidate, "{asked:?} does not find {text:?}: {question:?}");
                    // What is found and not meant costs a look at its row, so it must be rare: only marks
                    // are not sought in their place.
                    let marks = question.terms.iter().any(|term| !term.marks.is_empty());
                    assert!(meant || !is_candidate || marks, "{asked:?} finds {text:?} for nothing: {:?}", tokens(text));
                }
            }
        });
    }
}

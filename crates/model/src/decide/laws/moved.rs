//! The laws of chats that get another id.

use super::*;
use crate::{chat::ReadMark, update::Said};

/// What is told under any name of the chat comes under the one that its messages are named under: the
/// engine sees to that. So here a move stands between other news, at any place and more than once.
fn with_moves() -> impl Strategy<Value = (Vec<Update>, Vec<Update>)> {
    let moved = || Update::ChatMoved { from: "C".into(), into: "D".into(), version: Version(5) };
    (prop::collection::vec(update(), 0..16), prop::collection::vec(any::<prop::sample::Index>(), 1..4)).prop_map(
        move |(told, places)| {
            let mut with = told.clone();
            for place in places {
                with.insert(place.index(with.len() + 1), moved());
            }
            (told, with)
        },
    )
}

proptest! {
    /// A chat that gets another id keeps its messages, whatever is told of them before and after.
    #[test]
    fn a_move_changes_no_message((told, moved) in with_moves(), batch in 1..6_usize) {
        let (still, gone) = (replay(&told, batch), replay(&moved, batch));
        prop_assert_eq!(still.shape(), gone.shape());
        prop_assert_eq!(gone.chat.external_id.as_str(), "D");
        prop_assert_eq!(gone.chat.named_under().as_str(), "C");
        prop_assert!(gone.chat.is_called(&"C".into()) && gone.chat.is_called(&"D".into()));
        prop_assert_eq!(gone.shown(), gone.replayed());
    }
}

/// The move from C to D, when both have a row, and that of D bears this id by now.
fn joined(old: ChatState, new: ChatState, by_now: &str) -> (Chat, Changes) {
    let mut held = Held::new();
    held.chat.state = old;
    let mut other = held.chat.clone();
    (other.id, other.external_id, other.state) = (ChatId::from(held.uuid()), by_now.into(), new);
    if by_now != "D" {
        other.aliases.insert("D".into(), Version(6));
    }
    let known = Known { chat: Some(held.chat.clone()), other_chat: Some(other), ..Known::nothing(connection()) };
    let ids = || held.uuid();
    let context = quiet(&ids);
    let moved = Update::ChatMoved { from: "C".into(), into: "D".into(), version: Version(5) };
    (held.chat.clone(), decide(known, &[moved], None, &context))
}

/// Others may have answered before its id was known, and nobody may have heard of it.
#[test]
fn of_a_thread_that_was_begun_here_nothing_is_known_yet_when_it_gets_its_id() {
    let known_since = |begun_here: bool| {
        let mut held = Held::new();
        (held.chat.state, held.chat.begun_here) = (ChatState::Imported, begun_here);
        let known = Known { chat: Some(held.chat.clone()), ..Known::nothing(connection()) };
        let ids = || held.uuid();
        let moved = Update::ChatMoved { from: "C".into(), into: "D".into(), version: Version(5) };
        let changes = decide(known, &[moved], None, &quiet(&ids));
        changes.writes.into_iter().find_map(|write| match write {
            Write::Completeness(known) => Some((known.since, known.wanted_since)),
            _ => None,
        })
    };
    assert_eq!(known_since(true), Some((None, Timestamp::default())));
    assert_eq!(known_since(false), None, "what is known of another chat stays known");
}

#[test]
fn of_two_rows_of_one_chat_the_imported_one_stays() {
    use ChatState::{Available, Deleted, Imported};
    for (old, new, keeps_old) in [
        (Imported, Available, true),
        (Imported, Deleted, true),
        (Imported, Imported, true),
        (Available, Imported, false),
        (Deleted, Imported, false),
        (Available, Available, true),
        (Deleted, Available, true),
    ] {
        let (old_row, changes) = joined(old, new, "D");
        let rows = changes.writes.iter().filter_map(|write| match write {
            Write::Chat(chat) => Some(chat),
            _ => None,
        });
        let (kept, gone): (Vec<_>, Vec<_>) = rows.partition(|chat| (chat.id == old_row.id) == keeps_old);
        let (kept, gone) = (kept[0], gone[0]);
        assert_eq!(kept.external_id.as_str(), "D", "{old:?} {new:?}");
        assert_eq!(kept.named_under().as_str(), if keeps_old { "C" } else { "D" }, "{old:?} {new:?}");
        assert!(kept.is_called(&"C".into()) && kept.is_called(&"D".into()));
        assert_eq!((gone.state, gone.generation), (Deleted, 2), "{old:?} {new:?}");
        let both = old == Imported && new == Imported;
        assert_eq!(changes.writes.contains(&Write::EmptyChat(gone.id)), both, "{old:?} {new:?}");
        assert_eq!(changes.writes.contains(&Write::Quiet(gone.id)), both, "{old:?} {new:?}");
        let merged = changes.events.iter().filter(|event| event.merged_from == Some(gone.id.to_string())).count();
        assert_eq!(merged, usize::from(both), "{old:?} {new:?}");
    }
}

#[test]
fn a_move_that_is_told_late_leads_to_the_id_that_the_chat_bears_by_now() {
    use ChatState::{Available, Imported};
    for (old, new) in [(Imported, Available), (Available, Imported), (Imported, Imported)] {
        let (_, changes) = joined(old, new, "E");
        let kept = changes.writes.iter().find_map(|write| match write {
            Write::Chat(chat) if chat.state != ChatState::Deleted => Some(chat),
            _ => None,
        });
        let kept = kept.unwrap();
        assert_eq!(kept.external_id.as_str(), "E", "{old:?} {new:?}");
        assert!(["C", "D"].iter().all(|name| kept.aliases.contains_key(&ExternalId::from(*name))), "{old:?} {new:?}");
        assert!(!kept.aliases.contains_key(&"E".into()), "{old:?} {new:?}");
    }
}

/// The row that went had its messages under the other name, and so had its mark.
#[test]
fn the_platform_knows_a_mark_whatever_name_its_message_has() {
    let mark = |message: &str| ReadMark { position: "0005".to_owned(), message: message.into() };
    let mut held = Held::new();
    (held.chat.read, held.chat.mark_due_at) = (Some(mark("D:5")), Some(Timestamp::default()));
    held.take(&[Update::Read { chat: "C".into(), mark: mark("C:5"), said: Said::There }], None, &[], false);
    assert_eq!(held.chat.mark_due_at, None, "it is told no more");
}

/// What nobody at the platform knows is not compared with it. Once it is there, it is, and that once.
#[test]
fn a_chat_that_was_begun_here_is_followed_once_the_platform_has_it() {
    let mut held = Held::new();
    (held.chat.begun_here, held.chat.external_id) = (true, "new:C".into());
    let moved = Update::ChatMoved { from: "new:C".into(), into: "T".into(), version: Version(5) };
    let take = |chat: &Chat| {
        let known = Known { chat: Some(chat.clone()), ..Known::nothing(connection()) };
        let ids = || held.uuid();
        let changes = decide(known, std::slice::from_ref(&moved), None, &quiet(&ids));
        let chat = changes.writes.iter().find_map(|write| match write {
            Write::Chat(chat) => Some(chat.clone()),
            _ => None,
        });
        (chat, changes.writes.iter().any(|write| matches!(write, Write::Completeness(_))))
    };
    assert!(!held.chat.is_followed());
    let (chat, compared) = take(&held.chat);
    let chat = chat.unwrap();
    assert!(chat.is_followed() && compared);
    assert_eq!((chat.external_id.as_str(), chat.named_under().as_str()), ("T", "new:C"));
    assert_eq!(take(&chat), (None, false), "a repeat says nothing new");
}

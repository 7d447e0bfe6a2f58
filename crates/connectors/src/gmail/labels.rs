//! The labels of a mailbox, by the names that people know them by. Pure.

use crate::gmail::{convert::Sight, wire};
use model::label::Label;

/// How many labels a mailbox may have.
const MOST_LABELS: usize = 10_000;

/// Gmail's own labels, as its page calls them, in the order in which they are offered.
const OF_GMAIL: &[(&str, &str)] = &[
    ("INBOX", "Inbox"),
    ("STARRED", "Starred"),
    ("IMPORTANT", "Important"),
    ("UNREAD", "Unread"),
    ("SENT", "Sent"),
    ("CATEGORY_PERSONAL", "Primary"),
    ("CATEGORY_SOCIAL", "Social"),
    ("CATEGORY_PROMOTIONS", "Promotions"),
    ("CATEGORY_UPDATES", "Updates"),
    ("CATEGORY_FORUMS", "Forums"),
    ("SPAM", "Spam"),
    ("TRASH", "Trash"),
];
/// Labels of what is never imported, and of what is imported only where the customer chose so.
const NOT_IMPORTED: &[&str] = &["DRAFT", "CHAT"];
const PUT_AWAY: &[&str] = &["SPAM", "TRASH"];

/// Those by which threads can be chosen: Gmail's own first, then those of the mailbox's owner by name.
pub fn offered(listed: Vec<wire::Label>, sight: Sight) -> Vec<Label> {
    let is_imported = |label: &wire::Label| {
        let id = label.id.as_str();
        !NOT_IMPORTED.contains(&id) && (sight.trash_and_spam || !PUT_AWAY.contains(&id))
    };
    let own = |label: &Label| OF_GMAIL.iter().position(|(id, _)| *id == label.id);
    let named = listed.into_iter().filter(is_imported).map(|label| {
        let known = OF_GMAIL.iter().find(|(id, _)| *id == label.id);
        Label { name: known.map_or(label.name, |(_, name)| (*name).to_owned()), id: label.id }
    });
    let mut offered: Vec<_> = named.take(MOST_LABELS).collect();
    offered.sort_by_cached_key(|label| {
        (own(label).unwrap_or(OF_GMAIL.len()), label.name.to_lowercase(), label.id.clone())
    });
    offered
}

//! Where an entry of the search index stands. The same in every index, so that pages go on after it was
//! made anew.

use model::{
    changes::Thing,
    index::{Entry, Lookup},
    store::NamedKind,
    time::Timestamp,
};
use std::ops::RangeInclusive;

/// How many bits tell apart what happened within one microsecond.
const BITS: u32 = 10;
/// The last microsecond that is told apart, in the year 2112.
const LAST_MICROS: i64 = (1 << 52) - 1;
const CHATS: i64 = -(1 << 61);
const PEOPLE: i64 = -(1 << 62);
/// How many places chats and people have each.
const SPREAD: i64 = 1 << 59;

/// The place that an entry takes, if nothing else has it: messages by their time, the rest spread out.
pub(crate) fn wanted(entry: &Entry) -> i64 {
    match entry.thing {
        Thing::Message(id) => begin(entry.at) + 1 + (hash(&id.to_string()) & ((1 << BITS) - 1)),
        Thing::Chat(id) => CHATS + hash(&id.to_string()) % SPREAD,
        Thing::Participant(id) => PEOPLE + hash(&id.to_string()) % SPREAD,
    }
}

/// The places that a lookup looks at.
pub(crate) fn sought(lookup: &Lookup) -> RangeInclusive<i64> {
    let (first, last) = match lookup.kind {
        NamedKind::Message => (lookup.since.map_or(0, begin) + 1, lookup.until.map_or(i64::MAX, begin)),
        NamedKind::Chat => (CHATS, CHATS + SPREAD + SPREAD),
        NamedKind::Participant => (PEOPLE, PEOPLE + SPREAD + SPREAD),
    };
    first..=lookup.before.map_or(last, |before| last.min(before.saturating_sub(1)))
}

fn begin(at: Timestamp) -> i64 {
    at.micros().clamp(0, LAST_MICROS) << BITS
}

/// FNV-1a, without its sign.
fn hash(text: &str) -> i64 {
    let mixed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    i64::try_from(mixed >> 2).unwrap_or(0)
}

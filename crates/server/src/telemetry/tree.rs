//! Which traces the spans of one turn belong to. Pure.
//!
//! A turn may be about many messages, so its spans are shown in each of their traces: those that name the
//! message, those that name what was named together with it (the request that told of it), and those that
//! name nothing and are about all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

/// The longest tree of spans; what is more is left out.
pub const MOST_SPANS: usize = 1_000;
/// In how many traces one tree is shown at most.
const MOST_TRACES: usize = 200;
/// The time that a request waited until it was read.
const KEPT: &str = "kept";

/// The id of a message or a request, and so of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A message.
    Message(u128),
    /// A raw request.
    Intake(u128),
}

impl Named {
    /// The trace of it.
    pub fn trace(self) -> u128 {
        match self {
            Self::Message(id) | Self::Intake(id) => id,
        }
    }
}

/// What a span says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
}

/// What stands on which side of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// All of it is here.
    #[default]
    Internal,
    /// Somebody called us.
    Server,
    /// We called somebody.
    Client,
}

/// A place in a trace: a span of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub trace: u128,
    pub span: u64,
}

/// A span that ended.
#[derive(Clone, Debug)]
pub struct Span {
    pub id: u64,
    pub parent: Option<u64>,
    pub name: &'static str,
    pub kind: Kind,
    pub began: SystemTime,
    pub ended: SystemTime,
    pub named: BTreeSet<Named>,
    /// What the caller was about.
    pub caller: Option<Place>,
    pub fields: Vec<(&'static str, Value)>,
}

/// A span in one trace.
#[derive(Clone, Debug)]
pub struct Shown {
    pub trace: u128,
    pub links: Vec<Place>,
    pub span: Span,
}

/// Each trace that these spans belong to, one after another. `fresh` gives ids of spans.
pub fn traces(spans: &[Span], wanted: impl Fn(u128) -> bool, mut fresh: impl FnMut() -> u64) -> Vec<Vec<Shown>> {
    let named: BTreeSet<Named> = spans.iter().flat_map(|span| span.named.iter().copied()).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let about = about(spans);
    let wanted = named.into_iter().filter(|named| wanted(named.trace())).take(MOST_TRACES);
    wanted.map(|of| trace(of, spans, &about, &mut fresh)).collect()
}

/// What each span is about: what it names, or the nearest around it that names something.
fn about(spans: &[Span]) -> BTreeMap<u64, &BTreeSet<Named>> {
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (span.id, span)).collect();
    let nearest = |span: &Span| {
        let mut at = by_id.get(&span.id).copied();
        while let Some(span) = at.filter(|span| span.named.is_empty()) {
            at = span.parent.and_then(|parent| by_id.get(&parent).copied());
        }
        at.map(|span| &span.named)
    };
    spans.iter().filter_map(|span| Some((span.id, nearest(span)?))).collect()
}

fn trace(
    of: Named,
    spans: &[Span],
    about: &BTreeMap<u64, &BTreeSet<Named>>,
    fresh: &mut impl FnMut() -> u64,
) -> Vec<Shown> {
    let together = spans.iter().filter(|span| span.named.contains(&of)).flat_map(|span| span.named.iter().copied());
    let friends: BTreeSet<Named> = together.collect();
    let belongs = |span: &&Span| about.get(&span.id).is_none_or(|named| !named.is_disjoint(&friends));
    let mut shown: Vec<_> = spans.iter().filter(belongs).map(|span| show(of, span)).collect();
    for friend in friends.iter().copied().filter(|friend| *friend != of) {
        let Named::Intake(intake) = friend else { continue };
        let first = spans.iter().filter(|span| span.named.contains(&friend)).min_by_key(|span| span.began);
        if let Some(first) = first {
            let (began, links) = (came_at(intake), vec![Place { trace: intake, span: first.id }]);
            let (parent, ended) = (None, first.began.max(began));
            let (named, fields) = (BTreeSet::new(), Vec::new());
            let kept = Span { id: fresh(), parent, name: KEPT, began, ended, named, fields, caller: None, ..*first };
            shown.push(Shown { trace: of.trace(), links, span: kept });
        }
    }
    shown
}

fn show(of: Named, span: &Span) -> Shown {
    let others = span.named.iter().filter(|named| **named != of);
    let links = others.map(|named| Place { trace: named.trace(), span: span.id }).chain(span.caller).collect();
    Shown { trace: of.trace(), links, span: span.clone() }
}

/// When a request came: its id, a UUID of version 7, says so in its first 48 bits.
fn came_at(intake: u128) -> SystemTime {
    let millis = u64::try_from(intake >> 80).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Named = Named::Message(1);
    const OTHER: Named = Named::Message(2);
    const REQUEST: Named = Named::Intake(3);
    const REST: Named = Named::Intake(4);

    fn span(id: u64, parent: Option<u64>, name: &'static str, named: &[Named]) -> Span {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(id);
        let (named, fields) = (named.iter().copied().collect(), Vec::new());
        Span { id, parent, name, kind: Kind::Internal, began: at, ended: at, named, caller: None, fields }
    }

    /// Two requests that are read in one turn, and become a message each.
    fn turn() -> Vec<Span> {
        vec![
            span(1, None, "read", &[]),
            span(2, Some(1), "part", &[REQUEST]),
            span(3, Some(2), "call", &[]),
            span(4, Some(1), "part", &[REST]),
            span(5, Some(4), "call", &[]),
            span(6, Some(1), "decide", &[FIRST, REQUEST]),
            span(7, Some(1), "decide", &[OTHER, REST]),
            span(8, Some(1), "commit", &[FIRST]),
            span(9, Some(1), "commit", &[OTHER]),
        ]
    }

    fn names(shown: &[Shown]) -> Vec<(u64, &'static str)> {
        shown.iter().map(|shown| (shown.span.id, shown.span.name)).collect()
    }

    #[test]
    fn a_messages_trace_has_its_own_request_and_no_others() {
        let traces = traces(&turn(), |_| true, || 99);
        assert_eq!(traces.len(), 4);
        let own = [(1, "read"), (2, "part"), (3, "call"), (6, "decide"), (8, "commit")];
        assert_eq!(names(&traces[0]), [own.as_slice(), &[(99, "kept")]].concat());
        assert!(traces[0].iter().all(|shown| shown.trace == 1));
        assert_eq!(traces[0][3].links, [Place { trace: 3, span: 6 }]);
        assert_eq!(traces[0][5].links, [Place { trace: 3, span: 2 }]);
        let of_request = &traces[2];
        assert_eq!(names(of_request), own);
        assert_eq!(of_request[3].links, [Place { trace: 1, span: 6 }]);
    }

    #[test]
    fn spans_that_name_nothing_alone_are_nobodys_and_sampling_leaves_out_whole_traces() {
        assert!(traces(&[span(1, None, "request", &[])], |_| true, || 99).is_empty());
        let some = traces(&turn(), |trace| trace == 2, || 99);
        assert_eq!(some.iter().map(|shown| shown[0].trace).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_request_was_kept_from_when_it_came_until_it_was_read() {
        let intake = Named::Intake(500 << 80);
        let spans = [span(1, None, "part", &[intake]), span(2, None, "decide", &[FIRST, intake])];
        let kept = traces(&spans, |trace| trace == 1, || 99).remove(0).pop().unwrap().span;
        let after = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!((kept.name, after(kept.began)), (KEPT, Duration::from_millis(500)));
        assert_eq!(after(kept.ended), Duration::from_secs(1));
    }
}

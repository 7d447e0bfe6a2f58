//! A part of a chat's main line or of a thread, by time.

use super::id;
use model::time::Timestamp;

/// A part of a line, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Nothing older.
    pub oldest: Option<Timestamp>,
    /// Nothing newer.
    pub latest: Option<Timestamp>,
}

impl Span {
    /// As Slack's methods take it.
    pub fn arguments(self) -> Vec<(&'static str, String)> {
        let ends = [("oldest", self.oldest), ("latest", self.latest)];
        let mut arguments: Vec<_> =
            ends.into_iter().filter_map(|(name, end)| Some((name, id::ts_text(end?)))).collect();
        if !arguments.is_empty() {
            arguments.push(("inclusive", "true".to_owned()));
        }
        arguments
    }
}

//! Since when what has ended is still kept.

use crate::time::Timestamp;

/// Since when things are kept: what is older goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptSince {
    /// Requests that are routed and that no part refers to, by when they came.
    pub raw: Timestamp,
    /// Parts that could not be read, by when their request came. The request can go then, too.
    pub parked: Timestamp,
    /// Runs that ended, by when they did.
    pub runs: Timestamp,
    /// Commands that were done, by when they were accepted. Those that failed can still be tried again.
    pub done: Timestamp,
}

//! What a platform says of an attempt whose answer was lost.

use crate::{id::ExternalId, update::Update};
use std::time::Duration;

/// What became of such an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// It took effect; this is what the platform holds now.
    Happened(Vec<Update>),
    /// It is not there by now. Counts only after the time in which it may still appear.
    NotThere,
    /// The platform cannot tell.
    CannotTell,
    /// There was no room to look at everything. What was looked at need not be looked at again, so that a long search
    /// comes to its end beside whatever else needs room.
    Unfinished {
        /// All that was looked at so far, and is something else.
        looked_at: Vec<ExternalId>,
        /// When to go on.
        after: Duration,
    },
}

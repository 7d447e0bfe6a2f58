//! The platforms that Bothways speaks to, one folder each.
//!
//! A connector translates and talks. It stores nothing, decides nothing and remembers nothing
//! between calls.

mod effect;
pub mod gmail;
pub mod mail;
pub mod slack;

use model::connector::Connector;
use std::sync::Arc;

/// All connectors, by the name of their platform.
pub fn all() -> Vec<(&'static str, Arc<dyn Connector>)> {
    vec![("slack", Arc::new(slack::Slack)), ("gmail", Arc::new(gmail::Gmail))]
}

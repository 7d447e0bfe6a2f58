//! Slack's `rich_text`, which people's messages carry: read as a body, and written from one.
//!
//! What Slack can say is written and read back as the same. What it cannot say (quotes in quotes, code
//! in a point of a list, the language of code) is said by what comes nearest.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::read;
pub use write::write;

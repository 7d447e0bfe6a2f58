//! A body in Markdown, and Markdown as a body.
//!
//! CommonMark with GitHub's `~~struck~~`. What it has no word for is a link of a scheme of its own:
//! `[@Ana](person:U1)`. Where marks would touch letters that take their meaning away, an empty comment
//! stands between, as CommonMark itself advises; it is the only HTML that means anything here.

mod read;
mod write;

pub use read::read;
pub use write::write;

/// Parts what would else be read as one.
const SEPARATOR: &str = "<!-- -->";

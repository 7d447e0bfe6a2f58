//! A body in HTML, and HTML as a body.
//!
//! What is written is made here, tag by tag, with everything escaped, so no words can become a tag.
//! What is read is a strict part of HTML; what is not in it becomes its text.

mod read;
mod write;

pub use read::read;
pub use write::write;

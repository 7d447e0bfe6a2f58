//! Mail as everybody sends it (RFC 5322, MIME), read into values, and written out of them.
//!
//! Pure: bytes in, values out, and back. It knows no platform and calls nobody; who may see a mail and where it belongs
//! is not decided here. Reading never fails and never costs more than `bounds` allow: what cannot be understood is left
//! as it stands, and what was cut is named.
//!
//! ```text
//! bytes ─ fields, tree ─▶ content ─▶ text, HTML, attachments ─▶ fold, html::clean ─▶ Mail
//!           └─▶ words, address, ids, date, subject · automatic, bounce, reaction, calendar ▶
//! Mail ─ reply, forward ─▶ Draft ─ write ─▶ bytes, with places for the files
//! ```

mod address;
mod attribution;
mod automatic;
mod bounce;
mod bounds;
mod calendar;
mod charset;
mod content;
mod date;
mod draft;
mod fields;
mod flowed;
mod fold;
mod html;
mod ids;
mod outline;
mod own;
mod reaction;
mod read;
mod subject;
#[cfg(test)]
mod tests;
mod transfer;
mod tree;
mod words;
mod write;

pub use address::{Address, Mailbox, mailboxes};
pub use automatic::{Automatic, List};
pub use bounce::{Action, Bounce, Fate, Receipt};
pub use bounds::*;
pub use calendar::Invitation;
pub use content::{Attachment, Role};
pub use date::{MOST_AHEAD, settled};
pub use draft::{Draft, Enclosure, Forwarded, MOST_WRITTEN_REFERENCES};
pub use fold::Folded;
pub use html::Html;
pub use ids::MessageId;
pub use outline::{Outline, read_outline};
pub use own::{Own, Sameness, sameness};
pub use reaction::Reaction;
pub use read::{Mail, PartBytes, Wanted, part, read};
pub use subject::{base as base_subject, is_forward};
pub use tree::PartPath;
pub use write::{FileLines, LONGEST_MARK_BYTES, MOST_FILES, MOST_RECIPIENTS, Outgoing, Refused, Stretch, write};

//! HTML of strangers: tamed, parted from its history, cleaned, and as text.
//!
//! Nothing leaves here that `clean` has not passed. What comes in is bounded before anything is built of it.

mod clean;
mod lines;
mod pieces;
mod style;
mod tame;

use super::{bounds::Bound, fold::Folded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The HTML of a mail, cleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Html {
    /// What its author says and what they answer. Each is whole by itself.
    pub folded: Folded,
    /// It has pictures that are elsewhere. Their addresses stand where nothing fetches them, in `data-remote-src`.
    pub hides_remote_images: bool,
    /// The pictures of the mail itself that are shown, by Content-ID. Their addresses are `cid:…`, to be filled in.
    pub inline: Vec<String>,
}

/// HTML, read.
pub struct Read {
    /// Cleaned.
    pub html: Html,
    /// In words.
    pub text: Folded,
}

/// Reads HTML.
pub fn read(html: &str, is_forward: bool, cut: &mut BTreeSet<Bound>) -> Read {
    let tamed = tame::tame(html);
    if tamed.is_cut {
        cut.insert(Bound::Html);
    }
    let lines = lines::lines(&tamed.pieces);
    let at = lines::history(&lines, is_forward);
    let (new, quoted) = pieces::part(&tamed.pieces, at.map(|at| lines[at].first));
    let folded = Folded { new: clean::clean(&new), quoted: clean::clean(&quoted) };
    let text = lines::text(&lines, at);
    let html = Html { folded, hides_remote_images: tamed.has_remote, inline: tamed.inline };
    Read { html, text }
}

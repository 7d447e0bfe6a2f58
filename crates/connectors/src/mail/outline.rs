//! A mail of which only some parts are at hand: what it says is read out of those, and the others keep their places.
//!
//! For mails that are too large to be held. Where all words are at hand, the same comes of it as of the whole mail.

use super::{
    bounds::{Bound, DEEPEST_PART, MOST_PARTS},
    read::{Mail, Wanted, of},
    tree::{Node, PartPath},
};
use std::collections::{BTreeMap, BTreeSet};

/// A part of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its head, as it stands in the mail.
    pub head: Vec<u8>,
    /// Its bytes, as they were before they were made fit for the way; nothing where they are not at hand.
    pub bytes: Vec<u8>,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The parts that it is made of.
    pub parts: Vec<Outline>,
}

/// Reads a mail by its outline.
pub fn read_outline(outline: &Outline, wanted: &Wanted<'_>) -> Mail {
    let mut cut = BTreeSet::new();
    let mut planter = Planter { left: MOST_PARTS, sizes: BTreeMap::new(), cut: &mut cut };
    let mut root = planter.node(outline, PartPath::default(), false);
    let mut sizes = planter.sizes;
    if root.parts.is_empty() {
        root.path = PartPath(vec![1]);
        sizes.insert(root.path.clone(), outline.size_bytes);
    }
    let mut mail = of(&root, wanted, cut);
    for attachment in &mut mail.attachments {
        attachment.size_bytes = sizes.get(&attachment.path).copied().unwrap_or(attachment.size_bytes);
    }
    mail
}

struct Planter<'c> {
    left: usize,
    sizes: BTreeMap<PartPath, u64>,
    cut: &'c mut BTreeSet<Bound>,
}

impl Planter<'_> {
    fn node<'a>(&mut self, outline: &'a Outline, path: PartPath, is_in_digest: bool) -> Node<'a> {
        let mut node = Node::headed(&outline.head, path, is_in_digest, self.cut);
        node.body = &outline.bytes;
        self.sizes.insert(node.path.clone(), outline.size_bytes);
        if node.kind.top != "multipart" {
            return node;
        }
        if node.path.0.len() >= DEEPEST_PART {
            self.cut.insert(Bound::Depth);
            return node;
        }
        for (number, part) in (1..).zip(&outline.parts) {
            if self.left == 0 {
                self.cut.insert(Bound::Parts);
                break;
            }
            self.left -= 1;
            let mut path = node.path.clone();
            path.0.push(number);
            node.parts.push(self.node(part, path, node.kind.sub == "digest"));
        }
        node
    }
}

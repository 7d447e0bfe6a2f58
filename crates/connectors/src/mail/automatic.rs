//! Mails that no person wrote to this one: from lists, in bulk, and by programs.

use super::{address::Address, fields::Fields};
use serde::{Deserialize, Serialize};

/// Why a mail is no person's own word to its reader. No program should answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automatic {
    /// A program answers for somebody: they are away.
    Reply,
    /// A program wrote it.
    Generated,
    /// It went to many at once.
    Bulk,
}

/// The list that a mail came through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Its id: what stands in the brackets of `List-Id`. The address to post to, where there is none.
    pub id: String,
    /// Where one writes to all of it.
    pub post: Option<Address>,
}

/// Whether and why no person wrote it.
pub fn automatic(fields: &Fields<'_>) -> Option<Automatic> {
    let lower = |name: &str| fields.value(name).map(|value| value.to_ascii_lowercase());
    let submitted = lower("Auto-Submitted").unwrap_or_default();
    let submitted = submitted.split([';', ' ']).next().unwrap_or_default();
    let precedence = lower("Precedence").unwrap_or_default();
    let answers = ["X-Autoreply", "X-Autorespond", "X-Autoreply-From", "X-Mail-Autoreply"];
    let is_reply = submitted == "auto-replied"
        || precedence == "auto_reply"
        || answers.iter().any(|name| lower(name).is_some_and(|value| value != "no"));
    if is_reply {
        return Some(Automatic::Reply);
    }
    if !submitted.is_empty() && submitted != "no" {
        return Some(Automatic::Generated);
    }
    let is_bulk = matches!(precedence.as_str(), "bulk" | "list" | "junk") || fields.has("Feedback-ID");
    is_bulk.then_some(Automatic::Bulk)
}

/// The list that it came through.
pub fn list(fields: &Fields<'_>) -> Option<List> {
    let post = fields.value("List-Post").and_then(|value| {
        let (_, inside) = value.split_once('<')?;
        Address::parse(inside.split_once('>').map_or(inside, |(inside, _)| inside))
    });
    let id = fields.text("List-Id").map(|value| {
        let inside = value.rsplit_once('<').and_then(|(_, inside)| inside.split_once('>')).map(|(id, _)| id.to_owned());
        inside.unwrap_or(value).trim().to_owned()
    });
    let id = id.filter(|id| !id.is_empty()).or_else(|| post.as_ref().map(Address::key))?;
    Some(List { id, post })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_person_wrote_is_known() {
        for (head, wanted) in [
            ("Auto-Submitted: auto-replied", Some(Automatic::Reply)),
            ("Auto-Submitted: auto-generated; owner-email=\"x\"", Some(Automatic::Generated)),
            ("Auto-Submitted: no", None),
            ("X-Autoreply: yes", Some(Automatic::Reply)),
            ("Precedence: auto_reply", Some(Automatic::Reply)),
            ("Precedence: Bulk", Some(Automatic::Bulk)),
            ("Precedence: first-class", None),
            ("X-Auto-Response-Suppress: All", None),
            ("Subject: Out of office", None),
        ] {
            assert_eq!(automatic(&Fields::read(format!("{head}\n\n").as_bytes()).0), wanted, "{head}");
        }
    }

    #[test]
    fn a_list_has_an_id_and_an_address_to_post_to() {
        for (head, id, post) in [
            ("List-Id: =?utf-8?q?Caf=C3=A9?= <cafe.lists.x.org>", Some("cafe.lists.x.org"), None),
            ("List-ID: cafe.lists.x.org", Some("cafe.lists.x.org"), None),
            ("List-Post: <mailto:cafe@x.org?subject=a>", Some("cafe@x.org"), Some("cafe@x.org")),
            ("List-Post: NO\nList-Id: <a.b>", Some("a.b"), None),
            ("List-Unsubscribe: <https://x.org>", None, None),
        ] {
            let raw = format!("{head}\n\n");
            let list = list(&Fields::read(raw.as_bytes()).0);
            assert_eq!(list.as_ref().map(|list| list.id.as_str()), id, "{head}");
            assert_eq!(list.and_then(|list| list.post).map(|post| post.to_string()).as_deref(), post, "{head}");
        }
    }
}

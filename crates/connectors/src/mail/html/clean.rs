//! The last word on what of a stranger's HTML may be shown.
//!
//! No scripts, handlers, forms, styles that move things about, no address but of the web, of mail and of phones. What is
//! allowed is listed; everything else is not.

use super::{
    pieces::{ATTRIBUTES, ELEMENTS, REMOTE},
    style,
};
use ammonia::{Builder, UrlRelative};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// Where a link leads, nobody here vouches for, and nobody there is told of us.
const REL: &str = "noopener noreferrer nofollow";
/// What a link may lead to.
const LINKS: [&str; 4] = ["http", "https", "mailto", "tel"];
/// What may be shown as a picture: what the mail brings itself.
const OWN_PICTURES: [&str; 4] = ["cid:", "data:image/png", "data:image/jpeg", "data:image/gif"];
/// Where a picture may be that waits until somebody asks for it.
const ELSEWHERE: [&str; 2] = ["http://", "https://"];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(cleaner);

/// Cleans HTML.
pub fn clean(html: &str) -> String {
    if html.is_empty() {
        return String::new();
    }
    String::from(CLEANER.clean(html)).trim().to_owned()
}

fn cleaner() -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(ATTRIBUTES.into_iter().chain(["style"]).collect())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("img", HashSet::from(["src", REMOTE]))]))
        .url_schemes(LINKS.into_iter().chain(["cid", "data"]).collect())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some(REL))
        .filter_style_properties(HashSet::from(style::KEPT))
        .attribute_filter(filtered);
    builder
}

fn filtered<'a>(element: &str, attribute: &str, value: &'a str) -> Option<Cow<'a, str>> {
    let lower = value.get(..value.floor_char_boundary(20)).unwrap_or_default().trim_start().to_ascii_lowercase();
    let is_link = || LINKS.iter().any(|scheme| lower.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(':')));
    let begins = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    match (element, attribute) {
        ("a", "href") => is_link().then_some(Cow::Borrowed(value)),
        ("img", "src") => begins(&OWN_PICTURES).then_some(Cow::Borrowed(value)),
        ("img", REMOTE) => begins(&ELSEWHERE).then_some(Cow::Borrowed(value)),
        (_, "style") => style::kept(value).map(Cow::Owned),
        _ => Some(Cow::Borrowed(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_web_may_wait_and_only_in_a_picture() {
        for html in [
            "<img data-remote-src=\"javascript:alert(1)\">",
            "<img data-remote-src=\"data:image/png,x\">",
            "<img data-remote-src=\"//x.org/a.png\">",
            "<img data-remote-src=\"https:a.png\">",
            "<img data-remote-src=\"\">",
            "<img data-remote-srcset=\"https://x.org/a.png\">",
            "<img src=\"https://x.org/a.png\">",
        ] {
            assert_eq!(clean(html), "<img>", "{html}");
        }
        assert_eq!(clean("<p data-remote-src=\"https://x.org/a.png\">a</p>"), "<p>a</p>");
        let kept = "<img data-remote-src=\"https://x.org/a.png?b&amp;c\">";
        assert_eq!(clean(kept), kept);
    }
}

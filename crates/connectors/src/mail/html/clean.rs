//! The last word on what of a stranger's HTML may be shown.
//!
//! No scripts, handlers, forms, styles that move things about, no address but of the web, of mail and of phones. What is
//! allowed is listed; everything else is not.

use super::{
    pieces::{ATTRIBUTES, ELEMENTS},
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

static STRICT: LazyLock<Builder<'static>> = LazyLock::new(|| builder(false));
static WITH_REMOTE: LazyLock<Builder<'static>> = LazyLock::new(|| builder(true));

/// Cleans HTML.
pub fn clean(html: &str, keep_remote: bool) -> String {
    if html.is_empty() {
        return String::new();
    }
    let builder = if keep_remote { &WITH_REMOTE } else { &STRICT };
    builder.clean(html).to_string().trim().to_owned()
}

fn builder(keep_remote: bool) -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(["script", "style"]))
        .generic_attributes(ATTRIBUTES.into_iter().chain(["style"]).collect())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("img", HashSet::from(["src"]))]))
        .url_schemes(LINKS.into_iter().chain(["cid", "data"]).collect())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some(REL))
        .filter_style_properties(HashSet::from(style::KEPT))
        .attribute_filter(move |element, attribute, value| filtered(element, attribute, value, keep_remote));
    builder
}

fn filtered<'a>(element: &str, attribute: &str, value: &'a str, keep_remote: bool) -> Option<Cow<'a, str>> {
    let lower = value.get(..value.floor_char_boundary(20)).unwrap_or_default().trim_start().to_ascii_lowercase();
    let has_scheme = |schemes: &[&str]| {
        schemes.iter().any(|scheme| lower.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(':')))
    };
    match (element, attribute) {
        ("a", "href") => has_scheme(&LINKS).then_some(Cow::Borrowed(value)),
        ("img", "src") => {
            let is_own = OWN_PICTURES.iter().any(|start| lower.starts_with(start));
            (is_own || keep_remote && has_scheme(&["http", "https"])).then_some(Cow::Borrowed(value))
        }
        (_, "style") => style::kept(value).map(Cow::Owned),
        _ => Some(Cow::Borrowed(value)),
    }
}

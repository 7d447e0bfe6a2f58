//! What may be said in a `style`: how words look. Nothing that moves them about, covers others or fetches anything.

use std::borrow::Cow;

/// The properties that are kept, sorted.
pub const KEPT: [&str; 43] = [
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "direction",
    "display",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "vertical-align",
    "white-space",
    "width",
];
/// The longest value of one property, in bytes.
const LONGEST_VALUE_BYTES: usize = 200;
/// Colours of the line that Outlook draws above what is answered.
const OUTLOOK_LINES: [&str; 2] = ["solid #e1e1e1", "solid #b5c4df"];

/// The declarations that may stay; none if nothing is left.
pub fn kept(style: &str) -> Option<String> {
    let mut kept = String::with_capacity(style.len());
    for (name, value) in declarations(style) {
        if KEPT.binary_search(&&*name).is_ok() && is_calm(value) {
            let between = if kept.is_empty() { "" } else { ";" };
            kept.extend([between, &*name, ":", value]);
        }
    }
    (!kept.is_empty()).then_some(kept)
}

fn declarations(style: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let parts = style.split(';').filter_map(|declaration| declaration.split_once(':'));
    parts.map(|(name, value)| (lower(name.trim()), value.trim()))
}

/// In lower case, which most of it is already.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// Whether a value only says a colour, a measure or a name: no function but of colours, nothing negative, no escape.
fn is_calm(value: &str) -> bool {
    let lower = lower(value);
    let is_plain = lower.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" #%.,()'-!".contains(&byte));
    let functions = lower.split('(').rev().skip(1);
    let names_colours = functions
        .into_iter()
        .all(|before| ["rgb", "rgba", "hsl", "hsla"].contains(&before.rsplit([' ', ',']).next().unwrap_or_default()));
    let count = |letter: u8| lower.bytes().filter(|byte| *byte == letter).count();
    let is_quoted_whole = count(b'\'').is_multiple_of(2);
    let is_closed = count(b'(') == count(b')');
    let parts = lower.trim_end_matches("!important").split([' ', ',', '(', ')']);
    let measures = parts.into_iter().all(is_name_or_measure);
    value.len() <= LONGEST_VALUE_BYTES && is_plain && names_colours && is_closed && is_quoted_whole && measures
}

/// Whether a word begins with a letter, or is a number that is not negative, in a unit that everybody knows. An unknown
/// one may be read as something else.
fn is_name_or_measure(word: &str) -> bool {
    const UNITS: [&str; 10] = ["", "px", "pt", "em", "ex", "rem", "%", "cm", "mm", "in"];
    let unit = word.trim_start_matches(|one: char| one.is_ascii_digit() || one == '.');
    let is_number = unit.len() < word.len();
    let is_negative =
        word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_digit() || one == '.'));
    !is_negative && (!is_number || UNITS.contains(&unit))
}

/// Whether what bears this style is not to be seen.
pub fn is_hidden(style: &str) -> bool {
    let is_nothing = |value: &str| value.trim_end_matches("!important").trim().trim_end_matches("px") == "0";
    let (mut is_flat, mut is_clipped) = (false, false);
    for (name, value) in declarations(style) {
        match &*name {
            "display" if lower(value).starts_with("none") => return true,
            "visibility" if lower(value).starts_with("hidden") => return true,
            "opacity" if is_nothing(&lower(value)) => return true,
            "max-height" => is_flat |= is_nothing(&lower(value)),
            "overflow" => is_clipped |= lower(value).starts_with("hidden"),
            _ => {}
        }
    }
    is_flat && is_clipped
}

/// What a style declares of a property: what it says last of it.
pub fn declared<'a>(style: &'a str, property: &str) -> Option<&'a str> {
    declarations(style).filter(|(name, _)| name == property).last().map(|(_, value)| value)
}

/// Whether a measure is one dot or less.
pub fn is_a_dot_at_most(measure: &str) -> bool {
    let lower = measure.to_ascii_lowercase();
    let number = lower.trim_end_matches("!important").trim_end().trim_end_matches("px").trim();
    number.parse().is_ok_and(|dots: f32| (0.0..=1.0).contains(&dots))
}

/// Whether it draws the line under which Outlook puts what is answered.
pub fn is_outlook_line(style: &str) -> bool {
    declarations(style).filter(|(name, _)| name.starts_with("border")).any(|(name, value)| {
        let value = lower(value);
        name == "border-top" && OUTLOOK_LINES.iter().any(|line| value.contains(line))
            || name == "border" && value == "none" && style.to_ascii_lowercase().contains("border-top:solid #e1e1e1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sought_by_halves_is_sorted() {
        assert!(KEPT.is_sorted());
    }

    #[test]
    fn only_looks_are_kept() {
        for (style, wanted) in [
            ("color: red; font-weight:bold", Some("color:red;font-weight:bold")),
            ("COLOR:#1f497d;position:fixed;top:0", Some("color:#1f497d")),
            ("background-color:rgb(1, 2, 3)", Some("background-color:rgb(1, 2, 3)")),
            ("font-family:'Segoe UI', sans-serif", Some("font-family:'Segoe UI', sans-serif")),
            ("background-color:url(https://x)", None),
            ("background:url(x)", None),
            ("width:expression(alert(1))", None),
            ("width:calc(100% - 1px)", None),
            ("margin:-500px", None),
            ("margin:0 -.5em", None),
            ("margin:0 1e3px", None),
            ("margin:0.8e,", None),
            ("margin:1px 2.5em!important", Some("margin:1px 2.5em!important")),
            ("color:var(--x)", None),
            ("col\\6fr:red", None),
            ("color:r\\65 d", None),
            ("color:red/**/;", None),
            ("font-family:'x", None),
            ("", None),
        ] {
            assert_eq!(kept(style).as_deref(), wanted, "{style}");
        }
    }

    #[test]
    fn a_dot_is_known_in_all_its_spellings() {
        for measure in ["1", "0", "1px", "1PX !important", "0.5px", " 1 "] {
            assert!(is_a_dot_at_most(measure), "{measure}");
        }
        for measure in ["2", "10px", "1%", "100%", "1em", "auto", "-1", "nan", ""] {
            assert!(!is_a_dot_at_most(measure), "{measure}");
        }
        assert_eq!(declared("width:1px;WIDTH: 2px;height:3px", "width"), Some("2px"));
        assert_eq!(declared("max-width:1px", "width"), None);
    }

    #[test]
    fn what_is_hidden_is_known() {
        for style in ["display:none", "DISPLAY: none !important", "max-height:0px;overflow:hidden", "opacity:0"] {
            assert!(is_hidden(style), "{style}");
        }
        for style in ["font-size:0", "max-height:0", "display:block", "mso-hide:all", ""] {
            assert!(!is_hidden(style), "{style}");
        }
    }
}

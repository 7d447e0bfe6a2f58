//! Text whose lines may flow (`format=flowed`, RFC 3676), made into lines as they were typed.

/// Joins what flows. `delete_space` says that the space at a soft break is no letter (`DelSp=yes`).
pub fn unflowed(text: &str, delete_space: bool) -> String {
    let mut joined = String::with_capacity(text.len());
    // How deep the quote is whose last line flows on.
    let mut flows: Option<usize> = None;
    for line in text.split('\n') {
        let words = line.trim_start_matches('>');
        let depth = line.len() - words.len();
        let words = words.strip_prefix(' ').unwrap_or(words);
        let is_signature = words == "-- ";
        let goes_on = flows == Some(depth) && !is_signature;
        if !goes_on {
            if !joined.is_empty() || flows.is_some() {
                joined.push('\n');
            }
            joined.extend(std::iter::repeat_n('>', depth));
            if depth > 0 {
                joined.push(' ');
            }
        }
        let is_soft = words.ends_with(' ') && !is_signature;
        joined.push_str(if is_soft && delete_space { &words[..words.len() - 1] } else { words });
        // `Some` also tells that a line was written, if it was an empty one.
        flows = if is_soft { Some(depth) } else { Some(usize::MAX) };
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_breaks_are_joined_and_all_others_stay() {
        for (text, delete_space, meant) in [
            ("a \nb\nc", false, "a b\nc"),
            ("a \nb\nc", true, "ab\nc"),
            ("> a \n> b\n>> c \n> d", false, "> a b\n>> c \n> d"),
            (" stuffed\n >not a quote", false, "stuffed\n>not a quote"),
            ("a \n\nb", false, "a \nb"),
            ("a\n-- \nme \nyou", false, "a\n-- \nme you"),
            ("a \n-- \nme", false, "a \n-- \nme"),
            ("\n\na", false, "\n\na"),
            ("", false, ""),
        ] {
            assert_eq!(unflowed(text, delete_space), meant, "{text:?}");
        }
    }
}

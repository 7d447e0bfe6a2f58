//! Subjects, and what they are about without the marks of replies.

use super::bounds::{LONGEST_SUBJECT, cut_letters};

/// What programs put before the subject of a reply, in lower case.
const REPLY: [&str; 19] = [
    "re",
    "aw",
    "sv",
    "vs",
    "antw",
    "antwort",
    "res",
    "r",
    "rif",
    "odp",
    "ynt",
    "vb",
    "ref",
    "отв",
    "ответ",
    "回复",
    "答复",
    "回覆",
    "返信",
];
/// The same of what is forwarded.
const FORWARD: [&str; 16] = [
    "fwd",
    "fw",
    "wg",
    "rv",
    "enc",
    "tr",
    "i",
    "doorst",
    "vl",
    "pd",
    "ilt",
    "vbs",
    "пересылка",
    "转发",
    "轉寄",
    "転送",
];
/// Marks of one letter mean something else before a name: `I: a plan` is a list, `R: …` may be a letter's.
const SHORT: usize = 1;
/// The longest name of a list that stands in brackets before a subject, in characters.
const LONGEST_TAG: usize = 40;
/// How many marks are taken off.
const MOST_MARKS: usize = 50;

/// A subject as it is kept: one line, not too long.
pub fn kept(subject: &str) -> String {
    let mut subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    cut_letters(&mut subject, LONGEST_SUBJECT);
    subject
}

/// What the subject is about: without `Re:`, `Fwd:`, `AW:`, `Re[2]:` and names of lists before it.
pub fn base(subject: &str) -> &str {
    let mut rest = subject.trim();
    for _ in 0..MOST_MARKS {
        let Some(after) = unmarked(rest).map(|(_, after)| after).or_else(|| untagged(rest)) else { break };
        // A subject that is nothing but marks stays.
        if after.is_empty() {
            break;
        }
        rest = after;
    }
    rest
}

/// Whether the subject says that a mail is forwarded.
pub fn is_forward(subject: &str) -> bool {
    let mut rest = subject.trim();
    while let Some(after) = untagged(rest) {
        rest = after;
    }
    unmarked(rest).is_some_and(|(is_forward, _)| is_forward)
}

/// Whether the subject says that a mail is an answer.
pub fn is_reply(subject: &str) -> bool {
    let mut rest = subject.trim();
    while let Some(after) = untagged(rest) {
        rest = after;
    }
    unmarked(rest).is_some_and(|(is_forward, _)| !is_forward)
}

/// What stands behind the first mark, and whether that is one of a forward.
fn unmarked(subject: &str) -> Option<(bool, &str)> {
    let colon = subject.find([':', '：'])?;
    let mark = subject[..colon].trim();
    // `Re[2]`, `Re(3)`, `Re^2`.
    let word = mark.trim_end_matches(|letter: char| letter.is_ascii_digit() || "[]()^*".contains(letter)).trim();
    let lower = word.to_lowercase();
    if lower.chars().count() <= SHORT && !word.chars().all(char::is_uppercase) {
        return None;
    }
    let is_forward = FORWARD.contains(&lower.as_str());
    (is_forward || REPLY.contains(&lower.as_str()))
        .then(|| (is_forward, subject[colon..].trim_start_matches([':', '：']).trim_start()))
}

/// What stands behind the name of a list.
fn untagged(subject: &str) -> Option<&str> {
    let (tag, after) = subject.strip_prefix('[')?.split_once(']')?;
    let fits = !tag.is_empty() && tag.chars().count() <= LONGEST_TAG && !tag.contains('[');
    fits.then(|| after.trim_start()).filter(|after| !after.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_replies_are_taken_off() {
        for (subject, about) in [
            ("Plan", "Plan"),
            ("Re: Plan", "Plan"),
            ("RE: re: Re : Plan", "Plan"),
            ("Re[2]: Plan", "Plan"),
            ("Re(3): Plan", "Plan"),
            ("AW: WG: Plan", "Plan"),
            ("SV: VS: Plan", "Plan"),
            ("RES: ENC: Plan", "Plan"),
            ("RV: TR: Fwd: FW: Plan", "Plan"),
            ("回复：答复: Plan", "Plan"),
            ("[list] Re: [list] Plan", "Plan"),
            ("Re: [JIRA-1] Plan", "Plan"),
            ("R: I: Plan", "Plan"),
            ("i: a plan", "i: a plan"),
            ("Report: numbers", "Report: numbers"),
            ("Re:", "Re:"),
            ("Re: Re:", "Re:"),
            ("[only]", "[only]"),
            ("", ""),
        ] {
            assert_eq!(base(subject), about, "{subject}");
        }
    }

    #[test]
    fn a_forward_says_so() {
        for (subject, is) in [("Fwd: x", true), ("[a] WG: x", true), ("Re: Fwd: x", false), ("Forward: x", false)] {
            assert_eq!(is_forward(subject), is, "{subject}");
        }
    }
}

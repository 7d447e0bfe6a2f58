//! What stands in Gmail's search field: `from:ana -label:news newer_than:2d "the plan"`.
//!
//! Words side by side must all fit; `OR` between two lets either; `-` excludes. Braces and brackets group nothing here.

use super::super::head::Head;
use super::super::mailbox::{Mailbox, Message};
use super::super::mime::addresses::{self, Address};
use crate::calendar::days_since_1970;

const DAY_SECS: i64 = 86_400;
/// Dates begin at midnight in California, without its summer time.
const PACIFIC_SECS: i64 = 8 * 3_600;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// All of these have to fit, each by one of its terms.
    all: Vec<Vec<Term>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    excludes: bool,
    what: Wanted,
}

#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Words(String),
    In(String),
    From(String),
    To(String),
    Cc(String),
    Bcc(String),
    Subject(String),
    Label(String),
    Is(String),
    Has(String),
    Filename(String),
    List(String),
    DeliveredTo(String),
    MessageId(String),
    /// At or after, in seconds.
    Since(i64),
    Before(i64),
    Larger(usize),
    Smaller(usize),
    /// What nobody understands fits nothing.
    Nothing,
}

impl Query {
    pub fn read(text: &str, now_micros: i64) -> Query {
        let mut all: Vec<Vec<Term>> = Vec::new();
        let mut joins_last = false;
        for (word, is_quoted) in words(text) {
            if word == "OR" && !is_quoted {
                joins_last = true;
                continue;
            }
            let Some(term) = term(&word, is_quoted, now_micros) else { continue };
            match all.last_mut().filter(|_| joins_last) {
                Some(last) => last.push(term),
                None => all.push(vec![term]),
            }
            joins_last = false;
        }
        Query { all }
    }

    /// Whether spam and trash are looked at, too.
    pub fn is_everywhere(&self) -> bool {
        self.all.iter().flatten().any(|term| {
            let away = |place: &str| matches!(place, "anywhere" | "trash" | "spam");
            matches!(&term.what, Wanted::In(place) | Wanted::Label(place) | Wanted::Is(place) if away(place))
                || matches!(term.what, Wanted::MessageId(_))
        })
    }

    pub fn matches(&self, mailbox: &Mailbox, message: &Message) -> bool {
        self.all.iter().all(|terms| terms.iter().any(|term| term.what.fits(mailbox, message) != term.excludes))
    }
}

/// The words of a search; one that has quotes in it is marked.
fn words(text: &str) -> Vec<(String, bool)> {
    let (mut found, mut word, mut quoted, mut had_quotes) = (Vec::new(), String::new(), false, false);
    for letter in text.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                had_quotes = true;
            }
            _ if !quoted && (letter.is_whitespace() || "(){}".contains(letter)) => {
                if !word.is_empty() {
                    found.push((std::mem::take(&mut word), had_quotes));
                }
                had_quotes = false;
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        found.push((word, had_quotes));
    }
    found
}

fn term(word: &str, is_quoted: bool, now_micros: i64) -> Option<Term> {
    let (excludes, word) = match word.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let lower = word.to_lowercase();
    let what = match lower.split_once(':') {
        Some((name, value)) if !value.is_empty() => {
            let exact = word.split_once(':').map_or(value, |(_, value)| value);
            operator(name, value, exact, now_micros).unwrap_or(Wanted::Words(lower.clone()))
        }
        Some((_, _)) if !is_quoted => return None,
        _ => Wanted::Words(lower.clone()),
    };
    Some(Term { excludes, what })
}

fn operator(name: &str, value: &str, exact: &str, now_micros: i64) -> Option<Wanted> {
    let text = || value.to_owned();
    let now_secs = now_micros.div_euclid(1_000_000);
    Some(match name {
        "in" => Wanted::In(text()),
        "from" => Wanted::From(text()),
        "to" => Wanted::To(text()),
        "cc" => Wanted::Cc(text()),
        "bcc" => Wanted::Bcc(text()),
        "subject" => Wanted::Subject(text()),
        "label" | "category" => Wanted::Label(text()),
        "is" => Wanted::Is(text()),
        "has" => Wanted::Has(text()),
        "filename" => Wanted::Filename(text()),
        "list" => Wanted::List(text()),
        "deliveredto" => Wanted::DeliveredTo(text()),
        "rfc822msgid" => Wanted::MessageId(exact.trim_matches(['<', '>']).to_owned()),
        "after" | "newer" => date(value).map_or(Wanted::Nothing, Wanted::Since),
        "before" | "older" => date(value).map_or(Wanted::Nothing, Wanted::Before),
        "newer_than" => span(value).map_or(Wanted::Nothing, |secs| Wanted::Since(now_secs - secs)),
        "older_than" => span(value).map_or(Wanted::Nothing, |secs| Wanted::Before(now_secs - secs)),
        "larger" | "size" => size(value).map_or(Wanted::Nothing, Wanted::Larger),
        "smaller" => size(value).map_or(Wanted::Nothing, Wanted::Smaller),
        _ => return None,
    })
}

/// `2026/01/05`, or seconds since 1970.
fn date(value: &str) -> Option<i64> {
    if value.len() > 8 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok();
    }
    let mut numbers = value.split(['/', '-']).map(str::parse::<i64>);
    let (year, month, day) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(days_since_1970(year, month, day) * DAY_SECS + PACIFIC_SECS)
}

fn span(value: &str) -> Option<i64> {
    let (number, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok()?;
    Some(
        number
            * match unit {
                "h" => 3_600,
                "d" => DAY_SECS,
                "m" => 30 * DAY_SECS,
                "y" => 365 * DAY_SECS,
                _ => return None,
            },
    )
}

fn size(value: &str) -> Option<usize> {
    let number: usize = value.trim_end_matches(['k', 'm', 'b']).parse().ok()?;
    Some(match value.trim_end_matches('b').chars().next_back()? {
        'k' => number * 1024,
        'm' => number * 1024 * 1024,
        _ => number,
    })
}

impl Wanted {
    fn fits(&self, mailbox: &Mailbox, message: &Message) -> bool {
        let head = &message.head;
        let secs = message.internal_millis.div_euclid(1000);
        match self {
            Wanted::Words(words) => has_words(head, words),
            Wanted::In(place) => match place.as_str() {
                "anywhere" | "all" => true,
                "drafts" => message.has("DRAFT"),
                "archive" => !["INBOX", "TRASH", "SPAM", "SENT", "DRAFT"].iter().any(|label| message.has(label)),
                other => labelled(mailbox, message, other),
            },
            Wanted::From(who) => names(mailbox, &head.from, who),
            Wanted::To(who) => {
                names(mailbox, &head.to, who) || names(mailbox, &head.cc, who) || names(mailbox, &head.bcc, who)
            }
            Wanted::Cc(who) => names(mailbox, &head.cc, who),
            Wanted::Bcc(who) => names(mailbox, &head.bcc, who),
            Wanted::Subject(words) => head.subject.to_lowercase().contains(words.as_str()),
            Wanted::Label(label) => labelled(mailbox, message, label),
            Wanted::Is(state) => match state.as_str() {
                "read" => !message.has("UNREAD"),
                other => labelled(mailbox, message, other),
            },
            Wanted::Has(what) => match what.as_str() {
                "attachment" => !head.filenames.is_empty(),
                "userlabels" => message.labels.iter().any(|label| mailbox.labels.contains_key(label)),
                "nouserlabels" => !message.labels.iter().any(|label| mailbox.labels.contains_key(label)),
                _ => false,
            },
            Wanted::Filename(part) => head.filenames.iter().any(|name| name.to_lowercase().contains(part.as_str())),
            Wanted::List(part) => head.list.to_lowercase().contains(part.as_str()),
            Wanted::DeliveredTo(address) => head.delivered_to.iter().any(|one| one == address),
            Wanted::MessageId(id) => head.message_id.as_deref() == Some(id),
            Wanted::Since(at) => secs >= *at,
            Wanted::Before(at) => secs < *at,
            Wanted::Larger(bytes) => message.raw.0.len() > *bytes,
            Wanted::Smaller(bytes) => message.raw.0.len() < *bytes,
            Wanted::Nothing => false,
        }
    }
}

fn has_words(head: &Head, wanted: &str) -> bool {
    let people = head.everybody().any(|person| names_one(person, wanted));
    people || head.subject.to_lowercase().contains(wanted) || head.words.to_lowercase().contains(wanted)
}

fn names(mailbox: &Mailbox, people: &[Address], wanted: &str) -> bool {
    people.iter().any(|person| {
        names_one(person, wanted) || (wanted == "me" && mailbox.answers_to(&addresses::key(&person.address)))
    })
}

fn names_one(person: &Address, wanted: &str) -> bool {
    person.address.to_lowercase().contains(wanted) || person.name.to_lowercase().contains(wanted)
}

/// By its id, or by its name with dashes for what a search cannot hold.
fn labelled(mailbox: &Mailbox, message: &Message, wanted: &str) -> bool {
    message.labels.iter().any(|label| {
        let name = mailbox.labels.get(label).map(|held| held.name.to_lowercase().replace([' ', '/'], "-"));
        let id = label.to_lowercase();
        id == wanted || name.as_deref() == Some(wanted) || id.strip_prefix("category_") == Some(wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_as_gmail_reads_it() {
        let read =
            Query::read("from:Ana -in:trash \"the Plan\" OR subject:\"big plan\" newer_than:2d", 1_000_000_000_000_000);
        let term = |what| Term { excludes: false, what };
        let expected = vec![
            vec![term(Wanted::From("ana".into()))],
            vec![Term { excludes: true, what: Wanted::In("trash".into()) }],
            vec![term(Wanted::Words("the plan".into())), term(Wanted::Subject("big plan".into()))],
            vec![term(Wanted::Since(1_000_000_000 - 2 * DAY_SECS))],
        ];
        assert_eq!(read.all, expected);
        assert_eq!(date("2026/01/05"), Some(1_767_600_000));
        assert_eq!(date("1767571200"), Some(1_767_571_200));
    }
}

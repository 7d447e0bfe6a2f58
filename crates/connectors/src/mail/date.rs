//! The time that a mail claims to be from, in every form that programs have written it.
//!
//! Pure: what it claims may be long ago or far ahead. `settled` says what to go by.

use model::time::Timestamp;
use std::time::Duration;
use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// How far ahead of its receipt a mail may claim to be, since clocks differ.
pub const MOST_AHEAD: Duration = Duration::from_secs(5 * 60);
/// No mail is older. What claims to be, was written by a clock that nobody had set.
const EARLIEST_YEAR: i32 = 1982;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const ZONES: [(&str, i8); 14] = [
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("cet", 1),
    ("cest", 2),
];

/// The time to go by: what the mail claims, unless it says nothing, cannot be, or is ahead of its receipt.
pub fn settled(claimed: Option<Timestamp>, received: Timestamp) -> Timestamp {
    let earliest = Date::from_ordinal_date(EARLIEST_YEAR, 1).map(|date| date.midnight().assume_utc().unix_timestamp());
    let is_before = |claimed: Timestamp| earliest.is_ok_and(|earliest| claimed.millis() < earliest * 1_000);
    match claimed {
        Some(claimed) if claimed <= received + MOST_AHEAD && !is_before(claimed) => claimed,
        _ => received,
    }
}

/// Reads a Date. None if no day can be made out.
pub fn parse(value: &str) -> Option<Timestamp> {
    let value = without_comments(value);
    if let Some(time) = Timestamp::parse(value.trim()) {
        return Some(time);
    }
    let mut found = Found::default();
    for token in value.split(|letter: char| letter.is_whitespace() || letter == ',').filter(|token| !token.is_empty()) {
        found.take(token);
    }
    found.time()
}

fn without_comments(value: &str) -> String {
    let (mut text, mut depth) = (String::with_capacity(value.len()), 0_u32);
    for letter in value.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            letter if depth == 0 => text.push(letter),
            _ => {}
        }
    }
    text
}

#[derive(Default)]
struct Found {
    day: Option<u8>,
    month: Option<u8>,
    year: Option<i32>,
    time: Option<(u8, u8, u8)>,
    is_afternoon: Option<bool>,
    zone: Option<i32>,
}

impl Found {
    fn take(&mut self, token: &str) {
        let lower = token.to_ascii_lowercase();
        let month = MONTHS.iter().position(|month| lower.get(..3) == Some(*month));
        if let Some(parts) = self.dashed(&lower) {
            (self.day, self.month, self.year) = (Some(parts.0), Some(parts.1), Some(parts.2));
        } else if token.contains(':') && !token.starts_with(['+', '-']) {
            self.clock(&lower);
        } else if let (Some(month), None) = (month, self.month) {
            self.month = u8::try_from(month + 1).ok();
        } else if lower == "am" || lower == "pm" {
            self.is_afternoon = Some(lower == "pm");
        } else if let Some((_, hours)) = ZONES.iter().find(|(name, _)| *name == lower) {
            self.zone = self.zone.or(Some(i32::from(*hours) * 3_600));
        } else if token.starts_with(['+', '-']) {
            self.zone = self.zone.or_else(|| offset(token));
        } else if let Ok(number) = token.parse::<i32>() {
            let digits = token.len();
            if self.day.is_none() && digits <= 2 {
                self.day = u8::try_from(number).ok();
            } else if self.year.is_none() && (2..=4).contains(&digits) {
                self.year = Some(full_year(number, digits));
            }
        }
    }

    /// `5-Jan-2026`, `2026-01-05`, `2026-01-05T10:00:00+01:00`.
    fn dashed(&mut self, token: &str) -> Option<(u8, u8, i32)> {
        let (date, clock) = token.split_once('t').unwrap_or((token, ""));
        let (date, clock) = if date.contains('-') { (date, clock) } else { (token, "") };
        let mut parts = date.split(['-', '/']);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        let month = match MONTHS.iter().position(|month| second.get(..3) == Some(*month)) {
            Some(month) => u8::try_from(month + 1).ok()?,
            None => second.parse().ok()?,
        };
        if !clock.is_empty() {
            self.clock(clock);
        }
        match first.len() {
            4 => Some((third.parse().ok()?, month, first.parse().ok()?)),
            _ => Some((first.parse().ok()?, month, full_year(third.parse().ok()?, third.len()))),
        }
    }

    fn clock(&mut self, token: &str) {
        let token = token.trim_end_matches('z');
        let zone = token.rfind(['+', '-']);
        if let Some(zone) = zone {
            self.zone = self.zone.or_else(|| offset(&token[zone..]));
        }
        let mut parts = token[..zone.unwrap_or(token.len())].split([':', '.']);
        let mut next = || parts.next().map_or(Some(0), |part| part.parse::<u8>().ok());
        if let (Some(hour), Some(minute), Some(second), None) = (next(), next(), next(), self.time) {
            self.time = Some((hour, minute, second));
        }
    }

    fn time(self) -> Option<Timestamp> {
        let month = Month::try_from(self.month?).ok()?;
        let date = Date::from_calendar_date(self.year?, month, self.day?).ok()?;
        let (mut hour, minute, second) = self.time.unwrap_or_default();
        match self.is_afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => {}
        }
        // A leap second is the second before it, and a minute of midnight is the day's last.
        let time = Time::from_hms(hour.min(23), minute.min(59), second.min(59)).ok()?;
        let offset = UtcOffset::from_whole_seconds(self.zone.unwrap_or_default()).ok()?;
        let seconds = PrimitiveDateTime::new(date, time).assume_offset(offset).unix_timestamp();
        Some(Timestamp::from_millis(seconds * 1_000))
    }
}

/// `26` is 2026, `99` is 1999, and `126` is what some programs once wrote for 2026.
fn full_year(number: i32, digits: usize) -> i32 {
    match digits {
        4 => number,
        3 => 1900 + number,
        _ if number < 50 => 2000 + number,
        _ => 1900 + number,
    }
}

/// `+0100`, `-05:30`, `+1`.
fn offset(token: &str) -> Option<i32> {
    let digits: String = token.chars().filter(char::is_ascii_digit).collect();
    let number: i32 = digits.get(..digits.len().min(4))?.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    let seconds = hours * 3_600 + minutes * 60;
    (hours < 24).then_some(if token.starts_with('-') { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form() {
        for (value, meant) in [
            ("Mon, 5 Jan 2026 10:00:00 +0100", "2026-01-05T09:00:00.000Z"),
            ("5 Jan 2026 10:00:00 +0100", "2026-01-05T09:00:00.000Z"),
            ("Mon,  5 Jan 2026 10:00 -0530 (IST)", "2026-01-05T15:30:00.000Z"),
            ("Mon, 5 Jan 2026 10:00:00 (comment (nested)) GMT", "2026-01-05T10:00:00.000Z"),
            ("Mon, 5 Jan 2026 10:00:00 EST", "2026-01-05T15:00:00.000Z"),
            ("Mon, 5 Jan 2026 10:00:00", "2026-01-05T10:00:00.000Z"),
            ("Mon, 5 Jan 2026 10:00:00 Somewhere/Else", "2026-01-05T10:00:00.000Z"),
            ("5 January 26 10:00:00 +0000", "2026-01-05T10:00:00.000Z"),
            ("5 Jan 99 10:00:00 +0000", "1999-01-05T10:00:00.000Z"),
            ("5 Jan 126 10:00:00 +0000", "2026-01-05T10:00:00.000Z"),
            ("Mon Jan  5 10:00:00 2026", "2026-01-05T10:00:00.000Z"),
            ("Mon Jan 5 10:00:00 CET 2026", "2026-01-05T09:00:00.000Z"),
            ("2026-01-05 10:00:00", "2026-01-05T10:00:00.000Z"),
            ("2026-01-05T10:00:00+01:00", "2026-01-05T09:00:00.000Z"),
            ("2026-01-05 10:00:00 +0100", "2026-01-05T09:00:00.000Z"),
            ("05-Jan-2026 10:00:00 +0000", "2026-01-05T10:00:00.000Z"),
            ("Jan 5, 2026 1:05 PM", "2026-01-05T13:05:00.000Z"),
            ("Wed, 31 Dec 2025 23:59:60 +0000", "2025-12-31T23:59:59.000Z"),
            ("Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z"),
            ("Fri, 1 Jan 2099 00:00:00 +0000", "2099-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(parse(value).map(|time| time.to_string()).as_deref(), Some(meant), "{value}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for value in ["", "yesterday", "31 Feb 2026", "Mon", "99 Jan 2026 00:00", "1 Jan 99999", "::::", "--", "+"] {
            assert_eq!(parse(value), None, "{value}");
        }
    }

    #[test]
    fn a_claim_that_cannot_be_is_replaced_by_the_receipt() {
        let received = parse("5 Jan 2026 10:00:00 +0000").unwrap();
        for (claimed, is_believed) in [
            (Some("5 Jan 2026 09:00:00 +0000"), true),
            (Some("5 Jan 2026 10:04:00 +0000"), true),
            (Some("5 Jan 2026 10:06:00 +0000"), false),
            (Some("1 Jan 2099 00:00:00 +0000"), false),
            (Some("1 Jan 1970 00:00:00 +0000"), false),
            (Some("1 Jan 1996 00:00:00 +0000"), true),
            (None, false),
        ] {
            let claimed = claimed.map(|value| parse(value).unwrap());
            let wanted = if is_believed { claimed.unwrap() } else { received };
            assert_eq!(settled(claimed, received), wanted, "{claimed:?}");
        }
    }
}

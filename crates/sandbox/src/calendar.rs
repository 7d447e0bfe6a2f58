//! Days and times as the platforms write them, in the Gregorian calendar and in UTC.

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment taken apart.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    weekday: &'static str,
    month_name: &'static str,
}

impl Moment {
    fn of(secs: i64) -> Moment {
        let (days, second) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        Moment {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: WEEKDAYS[usize::try_from(days.rem_euclid(7)).unwrap_or(0)],
            month_name: MONTHS[usize::try_from(month - 1).unwrap_or(0)],
        }
    }
}

/// A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(micros: i64) -> String {
    let Moment { year, day, hour, minute, second, weekday, month_name, .. } = Moment::of(micros.div_euclid(1_000_000));
    format!("{weekday}, {day:02} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// A time as mail writes it: `Sun, 6 Nov 1994 08:49:37 +0000`.
pub fn mail_date(micros: i64) -> String {
    let Moment { year, day, hour, minute, second, weekday, month_name, .. } = Moment::of(micros.div_euclid(1_000_000));
    format!("{weekday}, {day} {month_name} {year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

/// A time with milliseconds as RFC 3339 writes it: `1994-11-06T08:49:37.000Z`.
pub fn rfc3339(micros: i64) -> String {
    let Moment { year, month, day, hour, minute, second, .. } = Moment::of(micros.div_euclid(1_000_000));
    let millis = micros.rem_euclid(1_000_000) / 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Reads a mail's date as seconds since 1970. A zone that is only a name counts as UTC.
pub fn read_mail_date(text: &str) -> Option<i64> {
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| name.get(..3).is_some_and(|start| month.eq_ignore_ascii_case(start)))?;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i64>);
    let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
    let second = clock.next().and_then(Result::ok).unwrap_or(0);
    let zone = words.next().map_or(0, zone_secs);
    if !(1..=31).contains(&day) || !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    let days = days_since_1970(year, i64::try_from(month).ok()? + 1, day);
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - zone)
}

fn zone_secs(zone: &str) -> i64 {
    let sign = match zone.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let digits: i64 = zone[1..].parse().unwrap_or(0);
    sign * (digits / 100 * 3600 + digits % 100 * 60)
}

/// Counts the days from 1970 to a day.
pub fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the odd day stands at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of a day counted from 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    // A first guess may be a year too late, never too early.
    let mut year = 1970 + (days + 366).div_euclid(365);
    while days_since_1970(year, 1, 1) > days {
        year -= 1;
    }
    let month = (2..=12).find(|month| days_since_1970(year, *month, 1) > days).map_or(12, |next| next - 1);
    (year, month, days - days_since_1970(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_is_written_is_read_as_itself() {
        for days in (-800_i64..40_000).step_by(13) {
            let secs = days * 86_400 + days.rem_euclid(86_400);
            assert_eq!(read_mail_date(&mail_date(secs * 1_000_000)), Some(secs), "{days}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(http_date(784_111_777_000_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(rfc3339(1_709_210_096_789_000), "2024-02-29T12:34:56.789Z");
        assert_eq!(read_mail_date("Thu, 29 Feb 2024 09:34:56 -0300 (BRT)"), Some(1_709_210_096));
        assert_eq!(read_mail_date("29 Feb 2024 12:34 GMT"), Some(1_709_210_040));
        assert_eq!(read_mail_date("yesterday"), None);
    }
}

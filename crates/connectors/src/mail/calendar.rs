//! What a calendar that comes with a mail says of a meeting.
//!
//! Of a calendar its first event is read, and of that what people want to know at a glance; the file itself stays among
//! the attachments. What is no calendar, or does what nobody here knows, is no invitation, and never an error.

use super::{
    address::{Address, Mailbox},
    bounds::{LONGEST_CALENDAR_BYTES, LONGEST_MEETING_WORDS, LONGEST_NAME, cut_bytes, cut_letters},
    charset,
    tree::Node,
};
use calcard::{
    common::{IanaParse, PartialDateTime, timezone::Tz},
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarEntry, ICalendarMethod, ICalendarParameterName,
        ICalendarParameterValue, ICalendarParticipationStatus, ICalendarProperty, ICalendarValue,
    },
};
use model::{
    invitation::{Attendance, InvitationMethod, Moment},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A meeting that a mail is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// What the mail does about it.
    pub method: InvitationMethod,
    /// What it is called.
    pub summary: String,
    /// When it begins; of one that repeats, the first time.
    pub starts_at: Option<Moment>,
    /// When it ends.
    pub ends_at: Option<Moment>,
    /// It takes place again and again.
    pub repeats: bool,
    /// Where it is.
    pub location: Option<String>,
    /// Who holds it.
    pub organizer: Option<Mailbox>,
    /// Who answers, and whether they come.
    pub answer: Option<(Mailbox, Attendance)>,
}

/// Reads a part that is a calendar.
pub fn read(part: &Node<'_>) -> Option<Invitation> {
    let bytes = part.encoding.decode_first(part.body, LONGEST_CALENDAR_BYTES);
    let bytes = &bytes[..bytes.len().min(LONGEST_CALENDAR_BYTES)];
    let mut text = charset::labelled(bytes, part.kind.parameter("charset"));
    cut_bytes(&mut text, LONGEST_CALENDAR_BYTES);
    let calendar = ICalendar::parse(text.trim_start()).ok()?;
    let event = calendar.components.iter().find(|component| component.component_type.is_event())?;
    let method = method(&calendar, event, part.kind.parameter("method"))?;
    let starts_at = event.property(&ICalendarProperty::Dtstart).and_then(|entry| moment(entry, &calendar));
    let summary = words(event, &ICalendarProperty::Summary).unwrap_or_default();
    if summary.is_empty() && starts_at.is_none() {
        return None;
    }
    Some(Invitation {
        method,
        summary,
        ends_at: starts_at.as_ref().and_then(|start| end(event, start, &calendar)),
        starts_at,
        repeats: event.has_property(&ICalendarProperty::Rrule) || event.has_property(&ICalendarProperty::Rdate),
        location: words(event, &ICalendarProperty::Location),
        organizer: event.property(&ICalendarProperty::Organizer).and_then(mailbox),
        answer: (method == InvitationMethod::Answer).then(|| answer(event)).flatten(),
    })
}

/// What is done about the meeting. The calendar's own word counts more than that of the part's head.
fn method(calendar: &ICalendar, event: &ICalendarComponent, label: Option<&str>) -> Option<InvitationMethod> {
    let said = calendar.components.first().and_then(|root| root.property(&ICalendarProperty::Method));
    let method = match said.and_then(|entry| entry.values.first()) {
        Some(ICalendarValue::Method(method)) => method.clone(),
        Some(_) => return None,
        None => ICalendarMethod::parse(label?.as_bytes())?,
    };
    let sequence = event.property(&ICalendarProperty::Sequence).and_then(|entry| entry.values.first()?.as_integer());
    match method {
        ICalendarMethod::Request if sequence.is_some_and(|sequence| sequence > 0) => Some(InvitationMethod::Update),
        ICalendarMethod::Request => Some(InvitationMethod::Invite),
        ICalendarMethod::Reply => Some(InvitationMethod::Answer),
        ICalendarMethod::Cancel => Some(InvitationMethod::Cancel),
        ICalendarMethod::Publish
        | ICalendarMethod::Add
        | ICalendarMethod::Refresh
        | ICalendarMethod::Counter
        | ICalendarMethod::Declinecounter => None,
    }
}

/// What is said of it in words, in one line.
fn words(event: &ICalendarComponent, property: &ICalendarProperty) -> Option<String> {
    let text = event.property(property)?.values.first()?.as_text()?;
    let lines = text.lines().map(|line| line.chars().filter(|letter| !letter.is_control()).collect::<String>());
    let lines: Vec<_> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    let mut words = lines.join(", ");
    cut_letters(&mut words, LONGEST_MEETING_WORDS);
    Some(words).filter(|words| !words.is_empty())
}

/// A time in the zone that it names, if anybody knows that.
fn moment(entry: &ICalendarEntry, calendar: &ICalendar) -> Option<Moment> {
    let said = entry.values.first()?.as_partial_date_time()?;
    let local = said.to_date_time().filter(|_| said.year.is_some_and(|year| (1..=9_999).contains(&year)))?;
    if said.hour.is_none() {
        return Some(Moment::Date(local.date_time.date().to_string()));
    }
    let zone = entry.tz_id().and_then(|name| calendar.build_tz_resolver().resolve(name));
    let time = match (zone.filter(|zone| !zone.is_floating()), entry.tz_id()) {
        (Some(zone), _) => local.to_date_time_with_tz(zone),
        (None, Some(name)) if local.offset.is_none() => {
            let offset = lone_offset(calendar, name);
            offset.and_then(|offset| shifted(said, offset).to_date_time_with_tz(Tz::Floating))
        }
        (None, _) => local.offset.and_then(|_| local.to_date_time_with_tz(Tz::Floating)),
    };
    Some(match time {
        Some(time) => Moment::At(Timestamp::from_millis(time.timestamp_millis())),
        None => Moment::Local(local.date_time.format("%Y-%m-%dT%H:%M:%S").to_string()),
    })
}

/// How far a zone is from UTC that the calendar brings along under a name of its own, if that is the same all year.
fn lone_offset<'c>(calendar: &'c ICalendar, name: &str) -> Option<&'c PartialDateTime> {
    let is_named = |zone: &&ICalendarComponent| {
        let id = zone.property(&ICalendarProperty::Tzid).and_then(|entry| entry.values.first()?.as_text());
        id == Some(name)
    };
    let zone = calendar.timezones().find(is_named)?;
    let rules = zone.component_ids.iter().filter_map(|id| calendar.component_by_id(*id));
    let mut offsets =
        rules.filter_map(|rule| rule.property(&ICalendarProperty::Tzoffsetto)?.values.first()?.as_partial_date_time());
    let first = offsets.next()?;
    offsets.all(|other| other == first).then_some(first)
}

fn shifted(time: &PartialDateTime, offset: &PartialDateTime) -> PartialDateTime {
    let PartialDateTime { tz_hour, tz_minute, tz_minus, .. } = *offset;
    PartialDateTime { tz_hour, tz_minute, tz_minus, ..time.clone() }
}

/// When it ends: what is said, or as long after its start as is said. A day that is named is the first one after it.
fn end(event: &ICalendarComponent, start: &Moment, calendar: &ICalendar) -> Option<Moment> {
    let said = event.property(&ICalendarProperty::Dtend).and_then(|entry| match (moment(entry, calendar)?, start) {
        (Moment::Date(_), Moment::Date(start)) => {
            let after = entry.values.first()?.as_partial_date_time()?.to_date_time()?.date_time.date();
            Some(Moment::Date(after.pred_opt()?.to_string().max(start.clone())))
        }
        (end, _) => Some(end),
    });
    let lasts = event.property(&ICalendarProperty::Duration).and_then(|entry| match entry.values.first()? {
        ICalendarValue::Duration(duration) => u64::try_from(duration.as_seconds()).ok(),
        _ => None,
    });
    match (said, start, lasts) {
        (Some(end), ..) => Some(end),
        (None, Moment::At(start), Some(seconds)) => Some(Moment::At(*start + Duration::from_secs(seconds))),
        (None, Moment::Date(day), None) => Some(Moment::Date(day.clone())),
        (None, ..) => None,
    }
}

/// Who of the people answers, and what.
fn answer(event: &ICalendarComponent) -> Option<(Mailbox, Attendance)> {
    event.properties(&ICalendarProperty::Attendee).find_map(|entry| {
        let attendance = match entry.parameter(&ICalendarParameterName::Partstat)? {
            ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Accepted) => Attendance::Accepted,
            ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Tentative) => Attendance::Tentative,
            ICalendarParameterValue::Partstat(ICalendarParticipationStatus::Declined) => Attendance::Declined,
            _ => return None,
        };
        Some((mailbox(entry)?, attendance))
    })
}

/// Somebody with an address. Some programs put that beside a name of their own making.
fn mailbox(entry: &ICalendarEntry) -> Option<Mailbox> {
    let parameter = |name: &ICalendarParameterName| entry.parameter(name).and_then(ICalendarParameterValue::as_text);
    let beside = || parameter(&ICalendarParameterName::Email).and_then(Address::parse);
    let address = entry.calendar_address().and_then(Address::parse).or_else(beside)?;
    let name = parameter(&ICalendarParameterName::Cn).map(|name| {
        let mut name: String = name.trim().chars().filter(|letter| !letter.is_control()).collect();
        cut_letters(&mut name, LONGEST_NAME);
        name
    });
    Some(Mailbox { name: name.filter(|name| !name.is_empty() && *name != address.as_str()), address })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::tree;
    use std::collections::BTreeSet;

    fn read_event(method: &str, lines: &str) -> Option<Invitation> {
        let raw = format!(
            "Content-Type: text/calendar; charset=utf-8\n\nBEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\nSUMMARY:Plan\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        read(&tree::read(raw.as_bytes(), &mut BTreeSet::new()))
    }

    fn at(text: &str) -> Moment {
        Moment::At(Timestamp::parse(text).unwrap())
    }

    #[test]
    fn times_are_as_exact_as_they_are_told() {
        for (lines, start, end) in [
            ("DTSTART:20260105T100000Z", at("2026-01-05T10:00:00Z"), None),
            (
                "DTSTART:20260105T100000Z\nDURATION:PT1H30M",
                at("2026-01-05T10:00:00Z"),
                Some(at("2026-01-05T11:30:00Z")),
            ),
            ("DTSTART;TZID=Europe/Lisbon:20260705T100000", at("2026-07-05T09:00:00Z"), None),
            ("DTSTART;TZID=\"Eastern Standard Time\":20260705T100000", at("2026-07-05T14:00:00Z"), None),
            (
                "DTSTART;TZID=W. Europe Standard Time:20260105T100000\nDTEND;TZID=W. Europe Standard Time:20260105T110000",
                at("2026-01-05T09:00:00Z"),
                Some(at("2026-01-05T10:00:00Z")),
            ),
            ("DTSTART:20260105T100000", Moment::Local("2026-01-05T10:00:00".into()), None),
            ("DTSTART;TZID=The Moon:20260105T100000", Moment::Local("2026-01-05T10:00:00".into()), None),
            // An hour that the clocks of that zone leave out.
            ("DTSTART;TZID=Europe/Lisbon:20260329T013000", Moment::Local("2026-03-29T01:30:00".into()), None),
            (
                "DTSTART;VALUE=DATE:20260601\nDTEND;VALUE=DATE:20260604",
                Moment::Date("2026-06-01".into()),
                Some(Moment::Date("2026-06-03".into())),
            ),
            ("DTSTART;VALUE=DATE:20260601", Moment::Date("2026-06-01".into()), Some(Moment::Date("2026-06-01".into()))),
            (
                "DTSTART;VALUE=DATE:20260601\nDTEND;VALUE=DATE:20260601",
                Moment::Date("2026-06-01".into()),
                Some(Moment::Date("2026-06-01".into())),
            ),
        ] {
            let invitation = read_event("REQUEST", lines).unwrap();
            assert_eq!((invitation.starts_at, invitation.ends_at), (Some(start), end), "{lines}");
        }
        for lines in ["DTSTART:20260231T100000Z", "DTSTART:tomorrow", "DTSTART:", "DTSTART;VALUE=DATE:99999999"] {
            assert_eq!(read_event("REQUEST", lines).unwrap().starts_at, None, "{lines}");
        }
    }

    #[test]
    fn a_zone_that_the_calendar_brings_along_is_known_if_it_is_the_same_all_year() {
        let zone = |offsets: &[&str]| {
            let rules = offsets.iter().map(|offset| {
                format!(
                    "BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:{offset}\nEND:STANDARD\n"
                )
            });
            let rules: String = rules.collect();
            format!(
                "DTSTART;TZID=Ours:20260105T100000\nEND:VEVENT\nBEGIN:VTIMEZONE\nTZID:Ours\n{rules}END:VTIMEZONE\nBEGIN:VEVENT"
            )
        };
        let start = |offsets: &[&str]| read_event("REQUEST", &zone(offsets)).unwrap().starts_at;
        assert_eq!(start(&["+0530"]), Some(at("2026-01-05T04:30:00Z")));
        assert_eq!(start(&["-0300", "-0300"]), Some(at("2026-01-05T13:00:00Z")));
        let unknown = Some(Moment::Local("2026-01-05T10:00:00".into()));
        assert_eq!((start(&["+0100", "+0200"]), start(&[])), (unknown.clone(), unknown));
    }

    #[test]
    fn only_what_is_done_about_a_meeting_is_told() {
        let method = |method: &str, lines: &str| read_event(method, lines).map(|invitation| invitation.method);
        assert_eq!(method("REQUEST", "SEQUENCE:0"), Some(InvitationMethod::Invite));
        assert_eq!(method("request", "SEQUENCE:1"), Some(InvitationMethod::Update));
        assert_eq!(method("REPLY", ""), Some(InvitationMethod::Answer));
        assert_eq!(method("CANCEL", ""), Some(InvitationMethod::Cancel));
        for unknown in ["PUBLISH", "COUNTER", "X-ODD", ""] {
            assert_eq!(method(unknown, ""), None, "{unknown}");
        }
    }

    #[test]
    fn an_answer_says_who_comes() {
        let answer = |line: &str| read_event("REPLY", line).unwrap().answer.map(|(by, says)| (by.to_string(), says));
        assert_eq!(
            answer("ATTENDEE;PARTSTAT=DECLINED;CN=\"Reis, Rui\":MAILTO:Rui@x.org").map(|(_, says)| says),
            Some(Attendance::Declined)
        );
        for none in ["ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@x.org", "ATTENDEE;PARTSTAT=ACCEPTED:urn:uuid:1", ""] {
            assert_eq!(answer(none), None, "{none}");
        }
        let asked = read_event("REQUEST", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.org").unwrap();
        assert_eq!(asked.answer, None, "who invites has accepted, which is no answer");
    }

    #[test]
    fn what_is_no_calendar_is_no_invitation() {
        for text in [
            "",
            "BEGIN:VCALENDAR",
            "BEGIN:VCARD\nFN:a\nEND:VCARD",
            "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTODO\nSUMMARY:a\nEND:VTODO\nEND:VCALENDAR",
            "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\nEND:VCALENDAR",
            "<html>",
        ] {
            let raw = format!("Content-Type: text/calendar\n\n{text}");
            assert_eq!(read(&tree::read(raw.as_bytes(), &mut BTreeSet::new())), None, "{text}");
        }
    }
}

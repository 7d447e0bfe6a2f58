//! Makes and reads the ids of things at Slack. Nobody else looks inside one.
//!
//! All ids of a connection live in one workspace. A chat, a person and a bot go by Slack's own id; a
//! message goes by its channel and its `ts`, because a `ts` is unique in its channel only.

use model::{
    connector::ConnectorError,
    id::{ExternalAccount, ExternalId},
    message::Problem,
    time::Timestamp,
};

/// Slack's `ts`: an id that looks like a time. Kept as text, since a float would lose its last digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ts(pub String);

impl Ts {
    /// Reads a `ts`, if the text is one.
    pub fn parse(text: &str) -> Option<Self> {
        split(text).map(|_| Self(text.to_owned()))
    }

    /// Microseconds since 1970, which is also the order of all that has a `ts`.
    pub fn micros(&self) -> i64 {
        let (seconds, micros) = split(&self.0).expect("a Ts is made by parse alone");
        seconds * 1_000_000 + micros
    }

    /// The same as a time.
    pub fn time(&self) -> Timestamp {
        Timestamp::from_micros(self.micros())
    }

    /// A text whose order is the order of the messages in their channel.
    pub fn position(&self) -> String {
        position(self.micros())
    }
}

/// The position of a message that was written at this time, in microseconds.
pub fn position(micros: i64) -> String {
    let micros = micros.max(0);
    format!("{:013}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// A time as Slack's arguments want it.
pub fn ts_text(time: Timestamp) -> String {
    let micros = time.micros().max(0);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// No real time has more digits, and with these nothing can overflow.
const MOST_SECONDS_DIGITS: usize = 11;

fn split(text: &str) -> Option<(i64, i64)> {
    let (seconds, fraction) = match text.split_once('.') {
        Some(parts) => parts,
        // Some events bear their time without the dot. Sixteen digits end in microseconds.
        None if text.len() > MOST_SECONDS_DIGITS && text.is_ascii() => text.split_at(text.len() - 6),
        None => (text, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || seconds.len() > MOST_SECONDS_DIGITS || !all_digits(seconds) || !all_digits(fraction) {
        return None;
    }
    let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some((seconds.parse().ok()?, micros))
}

/// A channel's id.
pub fn chat(channel: &str) -> ExternalId {
    ExternalId::from(channel)
}

/// The channel of a chat's id.
pub fn channel(chat: &ExternalId) -> Result<&str, ConnectorError> {
    plain(chat.as_str()).ok_or_else(|| foreign("chat"))
}

/// A person's or bot's id.
pub fn person(id: &str) -> ExternalId {
    ExternalId::from(id)
}

/// Slack's id of a person or bot.
pub fn user(person: &ExternalId) -> Result<&str, ConnectorError> {
    plain(person.as_str()).ok_or_else(|| foreign("person"))
}

/// Whether the id is a bot's own (`B…`), not that of the user it appears as.
pub fn is_bot(id: &str) -> bool {
    id.starts_with('B')
}

/// A message's id.
pub fn message(channel: &str, ts: &Ts) -> ExternalId {
    ExternalId(format!("{channel}:{}", ts.0))
}

/// The channel and the `ts` of a message's id.
pub fn place(message: &ExternalId) -> Result<(&str, Ts), ConnectorError> {
    message
        .as_str()
        .split_once(':')
        .and_then(|(channel, ts)| Some((plain(channel)?, Ts::parse(ts)?)))
        .ok_or_else(|| foreign("message"))
}

/// The account of a workspace, whose login is the app's bot.
pub fn workspace(team: &str) -> ExternalAccount {
    ExternalAccount::from(team)
}

/// Whether the id is that of an organization, whose token speaks for all its workspaces.
pub fn is_organization(team: &str) -> bool {
    team.starts_with('E')
}

/// The account of a person in a workspace, whose login is their own.
pub fn member(team: &str, user: &str) -> ExternalAccount {
    ExternalAccount(format!("{team}/{user}"))
}

/// Whether an account is a person's, not a workspace's.
pub fn is_member(account: &ExternalAccount) -> bool {
    account.as_str().contains('/')
}

fn plain(id: &str) -> Option<&str> {
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(id)
}

fn foreign(what: &str) -> ConnectorError {
    ConnectorError::Refused(Problem {
        code: "slack.not_an_id".to_owned(),
        detail: format!("This is not the id of a {what} at Slack."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ts_keeps_its_last_digits() {
        let ts = Ts::parse("1626342128.008700").expect("a ts");
        assert_eq!(ts.micros(), 1_626_342_128_008_700);
        assert_eq!(ts.position(), "0001626342128.008700");
        assert_eq!(ts_text(ts.time()), "1626342128.008700");
    }

    #[test]
    fn a_ts_without_its_dot_is_the_same_time() {
        assert_eq!(Ts::parse("1515449522000016").map(|ts| ts.micros()), Some(1_515_449_522_000_016));
        assert_eq!(Ts::parse("1515449522").map(|ts| ts.micros()), Some(1_515_449_522_000_000));
        assert_eq!(Ts::parse("1515449522.1").map(|ts| ts.micros()), Some(1_515_449_522_100_000));
    }

    #[test]
    fn what_is_no_ts_is_refused() {
        for text in ["", ".", "x", "1.x", "-1.0", "1e9", "999999999999.0", "١٢٣٤٥٦٧٨٩٠١٢", "99999999999999999999999"]
        {
            assert_eq!(Ts::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_read_back_and_foreign_ones_are_refused() {
        let ts = Ts::parse("1626342128.008700").expect("a ts");
        assert_eq!(place(&message("C1", &ts)).expect("ours"), ("C1", ts));
        for text in ["", "C1", "C1:", ":1.0", "C1:x", "C 1:1.0", "C1&x=y:1.0"] {
            assert!(place(&ExternalId::from(text)).is_err(), "{text}");
        }
        assert!(channel(&ExternalId::from("C1:1.0")).is_err());
        assert!(user(&ExternalId::from("../x")).is_err());
    }
}

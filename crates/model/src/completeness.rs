//! How much of a chat's history is known whole, when it was compared last, and when it is next.
//!
//! Pure. What is known whole is one stretch of time, less its gaps. Only a pull that joins on extends it;
//! what a platform tells by itself never does. It covers the chat's main line and the threads that begin in
//! it.

use crate::{
    chat::Chat,
    compare::{Check, ON_ITS_WAY},
    customer::CustomerId,
    id::{ChatId, ConnectionId},
    message::Problem,
    time::{Timestamp, exact, exact_if_any},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// By how much a comparison reaches back into what is known whole: clocks differ, and news may be late.
pub const OVERLAP: Duration = Duration::from_secs(5 * 60);
/// How many gaps of one chat are told apart. More become one that spans them.
pub const MOST_GAPS: usize = 16;

/// How often chats are compared with their platform, and how deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The pause after something was missed.
    pub shortest: Duration,
    /// The pause of a chat that is silent and misses nothing.
    pub longest: Duration,
    /// The pause of a chat that is not silent and misses nothing.
    pub longest_if_active: Duration,
    /// How far back each comparison goes.
    pub recent: Duration,
    /// How far back one goes now and then.
    pub deep: Duration,
    /// How often one goes so far back.
    pub deep_every: Duration,
    /// How often all that was imported is compared.
    pub whole_every: Duration,
    /// For how long every server must have been down until it counts as an outage. Platforms tell again what
    /// failed for a shorter time.
    pub outage: Duration,
    /// How often a lively chat is asked for news where the platform cannot push.
    pub poll: Duration,
    /// How often a silent chat is, at least.
    pub longest_poll: Duration,
    /// How often new chats are looked for where the platform cannot push.
    pub list_every: Duration,
    /// How often the emoji of an account are listed anew, in case that one was not told.
    pub emoji_every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let (minute, hour, day) = (60, 3_600, 86_400);
        Self {
            shortest: Duration::from_secs(10 * minute),
            longest: Duration::from_secs(day),
            longest_if_active: Duration::from_secs(hour),
            recent: Duration::from_secs(2 * day),
            deep: Duration::from_secs(14 * day),
            deep_every: Duration::from_secs(day),
            whole_every: Duration::from_secs(30 * day),
            outage: Duration::from_secs(5 * minute),
            poll: Duration::from_secs(15),
            longest_poll: Duration::from_secs(5 * minute),
            list_every: Duration::from_secs(10 * minute),
            emoji_every: Duration::from_secs(day),
        }
    }
}

/// How deep a comparison goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// What is new, where nobody tells it.
    News,
    /// The last days.
    Recent,
    /// The last weeks.
    Deep,
    /// All that was imported.
    Whole,
}

/// What can be done about a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapState {
    /// The platform can be asked, and will be.
    Fillable,
    /// The platform does not give it out.
    Unavailable,
    /// Nobody can tell whether anything is missing.
    Unverifiable,
}

/// A part of a chat's history that is not known whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// From this time on.
    #[serde(with = "exact")]
    pub from: Timestamp,
    /// Up to this time.
    #[serde(with = "exact")]
    pub to: Timestamp,
    /// What can be done about it.
    pub state: GapState,
    /// Why it is there.
    pub reason: Problem,
}

/// How much of a chat is known whole, as it is stored. Its own row, so that a comparison which finds nothing
/// changes nothing that a reader sees of the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completeness {
    /// Which chat.
    pub chat_id: ChatId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Raised by one with every write; a write decided on an older one is refused.
    pub revision: u64,
    /// Since when history is wanted; 1970 where all of it is.
    #[serde(with = "exact")]
    pub wanted_since: Timestamp,
    /// Since when it is known whole; none before the first page of its import.
    #[serde(with = "exact_if_any")]
    pub since: Option<Timestamp>,
    /// Until when it is known whole.
    #[serde(with = "exact_if_any")]
    pub until: Option<Timestamp>,
    /// Parts between, or before, that are not.
    pub gaps: Vec<Gap>,
    /// When a comparison last came to its end.
    #[serde(with = "exact_if_any")]
    pub checked_at: Option<Timestamp>,
    /// When one last went back some days.
    #[serde(with = "exact")]
    pub recent_at: Timestamp,
    /// When one last went back some weeks.
    #[serde(with = "exact")]
    pub deep_at: Timestamp,
    /// When one last went back as far as there is anything.
    #[serde(with = "exact")]
    pub whole_at: Timestamp,
    /// The comparison under way.
    pub check: Option<Check>,
    /// How deep it goes.
    pub depth: Depth,
    /// The pause before the next one, in seconds.
    pub pause_seconds: u64,
    /// When the next one, or its next page, is due.
    #[serde(with = "exact")]
    pub due_at: Timestamp,
    /// How often in a row it broke off.
    pub failures: u32,
    /// Not before this time, also where there is a gap.
    #[serde(with = "exact")]
    pub not_before: Timestamp,
    /// Nothing is asked for its chat while its connection is closed.
    pub asleep: bool,
    /// When something last happened in the chat, as of the last comparison.
    #[serde(with = "exact")]
    pub active_at: Timestamp,
    /// How many messages all comparisons looked at.
    pub checked: u64,
    /// How many of them should have been told, and were not.
    pub missed: u64,
}

impl Completeness {
    /// Of a chat whose history since this time is wanted, and not read yet.
    pub fn new(chat: &Chat, wanted_since: Timestamp, now: Timestamp) -> Self {
        Self {
            chat_id: chat.id,
            customer_id: chat.customer_id.clone(),
            connection_id: chat.connection_id,
            revision: 1,
            wanted_since,
            since: None,
            until: None,
            gaps: Vec::new(),
            checked_at: None,
            recent_at: now,
            deep_at: now,
            whole_at: now,
            check: None,
            depth: Depth::Recent,
            pause_seconds: 0,
            due_at: now,
            failures: 0,
            not_before: Timestamp::default(),
            asleep: false,
            active_at: now,
            checked: 0,
            missed: 0,
        }
    }

    /// Of a chat that is kept from now on, without what was before.
    pub fn from_now_on(chat: &Chat, now: Timestamp) -> Self {
        let begin = now - OVERLAP;
        Self { since: Some(begin), until: Some(begin), ..Self::new(chat, begin, now) }
    }

    /// A pull listed everything between these times. It counts only where it joins on. The gaps that it
    /// filled.
    pub fn extend(&mut self, from: Timestamp, to: Timestamp) -> Vec<Gap> {
        if from > to {
            return Vec::new(); // All that was listed is newer than the question.
        }
        if self.since.is_none() {
            // It was put off because there was nothing to compare.
            self.not_before = Timestamp::default();
        }
        let (since, until) = (self.since.unwrap_or(from), self.until.unwrap_or(to));
        if from > until || to < since {
            return Vec::new();
        }
        (self.since, self.until) = (Some(since.min(from)), Some(until.max(to)));
        let filled = |gap: &Gap| from <= gap.from && gap.to <= to;
        let (gone, kept) = std::mem::take(&mut self.gaps).into_iter().partition(filled);
        self.gaps = kept;
        gone
    }

    /// A part was found not to be known whole. False if that was known.
    pub fn find_gap(&mut self, gap: Gap) -> bool {
        if let Some(held) = self.gaps.iter_mut().find(|held| held.from == gap.from) {
            let known = held.state == gap.state && held.to >= gap.to;
            *held = Gap { to: held.to.max(gap.to), ..gap };
            return !known;
        }
        self.gaps.push(gap);
        self.gaps.sort_by_key(|gap| gap.from);
        if self.gaps.len() > MOST_GAPS {
            let next = self.gaps.remove(1);
            self.gaps[0].to = self.gaps[0].to.max(next.to);
        }
        true
    }

    /// The part that a platform hides: what was wanted, and is older than what it listed.
    pub fn hidden(&self, from: Option<Timestamp>, listed: Option<Timestamp>, reason: Problem) -> Option<Gap> {
        let (from, to) = (from.unwrap_or(self.wanted_since).max(self.wanted_since), listed?);
        (from < to).then_some(Gap { from, to, state: GapState::Unavailable, reason })
    }

    /// Whether something may have happened that nobody was told.
    pub fn is_behind(&self) -> bool {
        let after = |gap: &Gap| gap.state == GapState::Fillable && self.until.is_some_and(|until| gap.to > until);
        self.gaps.iter().any(after)
    }

    /// The comparison that is begun now. None before there is anything to compare.
    pub fn begin(&mut self, pace: &Pace, polled: bool, behind: bool, now: Timestamp) -> Option<Check> {
        let (since, until) = (self.since?, self.until?);
        self.depth = if now.since(self.whole_at) >= pace.whole_every {
            Depth::Whole
        } else if now.since(self.deep_at) >= pace.deep_every {
            Depth::Deep
        } else if polled && now.since(self.recent_at) < pace.shortest {
            Depth::News
        } else {
            Depth::Recent
        };
        let back = match self.depth {
            Depth::News => now,
            Depth::Recent => now - pace.recent,
            Depth::Deep => now - pace.deep,
            Depth::Whole => since,
        };
        let from = back.min(until - OVERLAP).max(since);
        // What is on its way is left to come by itself, unless nobody can have told it.
        let to = if polled || behind { now } else { (now - ON_ITS_WAY).max(from) };
        let from = Some(from).filter(|from| *from > Timestamp::default());
        Some(Check::new(from, Some(to), now))
    }

    /// Whether all of it is to be compared because something was lost or chosen otherwise, and was not yet.
    pub fn seeks_all(&self) -> bool {
        self.whole_at == Timestamp::default()
    }

    /// A comparison came to its end. The gaps that it filled.
    pub fn finish(&mut self, check: &Check, pace: &Pace, polled: bool, now: Timestamp) -> Vec<Gap> {
        let from = check.from.unwrap_or_default();
        let filled = check.to.map(|to| self.extend(from, to)).unwrap_or_default();
        self.checked_at = Some(now);
        let (recent, deep, whole) = match self.depth {
            Depth::News => (false, false, false),
            Depth::Recent => (true, false, false),
            Depth::Deep => (true, true, false),
            Depth::Whole => (true, true, true),
        };
        for (went, at) in [(recent, &mut self.recent_at), (deep, &mut self.deep_at), (whole, &mut self.whole_at)] {
            *at = if went { now } else { *at };
        }
        self.checked += check.checked;
        self.missed += check.missed;
        (self.check, self.failures) = (None, 0);
        self.not_before = Timestamp::default();
        let pause = self.pause(check.missed, pace, polled, now);
        self.pause_seconds = pause.as_secs();
        self.due_at = now + pause;
        filled
    }

    /// How long a chat rests: shortly after a miss, then twice as long each time; the longer it is silent, the
    /// longer.
    fn pause(&self, missed: u64, pace: &Pace, polled: bool, now: Timestamp) -> Duration {
        let silence = now.since(self.active_at);
        if polled {
            return (silence / 20).clamp(pace.poll, pace.longest_poll.max(pace.poll));
        }
        if missed > 0 {
            return pace.shortest;
        }
        let longest = (silence / 4).clamp(pace.longest_if_active, pace.longest.max(pace.longest_if_active));
        Duration::from_secs(self.pause_seconds).saturating_mul(2).clamp(pace.shortest.min(longest), longest)
    }
}

/// How many messages comparisons looked at, and how many of them should have been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// How many were compared.
    pub checked: u64,
    /// How many were not told.
    pub missed: u64,
}

impl Measured {
    /// The share that was missed; none before anything was compared.
    pub fn rate(self) -> Option<f64> {
        (self.checked > 0).then(|| self.missed as f64 / self.checked as f64)
    }
}

/// When any server was last up, and the last time that all were down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// When a server was last up.
    #[serde(with = "exact")]
    pub alive_at: Timestamp,
    /// When the last outage began.
    #[serde(with = "exact")]
    pub down_since: Timestamp,
    /// When it ended.
    #[serde(with = "exact")]
    pub down_until: Timestamp,
}

impl Heartbeat {
    /// A server is up. It was an outage if none was for so long.
    pub fn beat(self, now: Timestamp, outage: Duration) -> Self {
        let alive_at = self.alive_at.max(now);
        if self.alive_at > Timestamp::default() && now.since(self.alive_at) > outage {
            return Self { alive_at, down_since: self.alive_at, down_until: now };
        }
        Self { alive_at, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    /// Of a chat whose history was not read yet.
    fn unread() -> Completeness {
        let row = serde_json::json!({
            "chat_id": ChatId::from(uuid::Uuid::nil()), "customer_id": "ana",
            "connection_id": ConnectionId::from(uuid::Uuid::nil()), "revision": 1, "wanted_since": 0, "since": null,
            "until": null, "gaps": [], "checked_at": null, "recent_at": 0, "deep_at": 0, "whole_at": 0, "check": null,
            "depth": "recent", "pause_seconds": 0, "due_at": 0, "failures": 0, "not_before": 600_000_000, "asleep": false,
            "active_at": 0, "checked": 0, "missed": 0,
        });
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn what_was_put_off_for_want_of_history_is_compared_once_there_is_some() {
        let mut row = unread();
        assert_eq!(row.begin(&Pace::default(), false, true, at(11)), None);
        row.extend(at(5), at(12));
        assert_eq!(row.not_before, Timestamp::default());
        assert!(row.begin(&Pace::default(), false, true, at(13)).is_some());
        row.not_before = at(600);
        row.extend(at(2), at(5));
        assert_eq!(row.not_before, at(600), "a hold for another reason stays");
    }

    #[test]
    fn a_page_of_what_is_newer_than_the_question_keeps_no_older_page_from_joining_on() {
        let mut row = unread();
        row.extend(at(20), at(10));
        assert_eq!((row.since, row.until), (None, None));
        row.extend(at(0), at(10));
        assert_eq!((row.since, row.until), (Some(at(0)), Some(at(10))));
    }
}

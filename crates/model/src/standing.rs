//! What a connection is doing, why, and what a person can do: all of it follows from a few facts.
//!
//! Pure. A state is entered and left on named grounds, and never flaps: trouble shows once it has lasted,
//! and goes once it has stayed away.

use crate::{
    connection::{Connection, ConnectionState},
    time::{Timestamp, exact, exact_if_any},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long news that nobody reads now are kept: those of a paused or ended connection, and those that no
/// connection claims.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Trouble that lasts so long shows as `degraded`.
pub const DEGRADED_AFTER: Duration = Duration::from_secs(3 * 60);
/// Trouble that stayed away for so long is over.
pub const CALM_FOR: Duration = Duration::from_secs(2 * 60);
/// News that could not be read are trouble for so long.
pub const PARKED_FOR: Duration = Duration::from_secs(60 * 60);
/// Trouble that goes on is noted no more often.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// A wait that a platform asks for is trouble from here on.
pub const LONG_WAIT: Duration = Duration::from_secs(30);
/// How often it is looked whether a key that was lost is there again.
pub const KEY_LOOK: Duration = Duration::from_secs(60);
/// How many silences are remembered; older ones run together.
const MOST_SILENCES: usize = 8;

/// Why only a person can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The platform no longer accepts a login.
    Lost,
    /// None of its logins may do what is needed.
    Unable,
    /// The key that a login was sealed with is not configured. It heals when the key is there again.
    Sealed,
}

/// What is in the way for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The platform does not answer.
    Unreachable,
    /// The platform asks to wait, and for long.
    Busy,
    /// The platform does not refresh the login's tokens, and says why.
    NotRefreshed,
    /// News came that could not be read.
    Parked,
}

/// Trouble, from when it was first met until it has stayed away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What it is.
    pub ground: Ground,
    /// When it was first met.
    #[serde(with = "exact")]
    pub since: Timestamp,
    /// When it was last noted.
    #[serde(with = "exact")]
    pub seen_at: Timestamp,
    /// Since when all goes well again.
    #[serde(default, with = "exact_if_any")]
    pub calm_since: Option<Timestamp>,
    /// It has lasted, so that it is shown.
    pub shown: bool,
}

/// A time in which nobody listened: what happened then is found only by comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// From when.
    #[serde(with = "exact")]
    pub from: Timestamp,
    /// Until when; none while it lasts.
    #[serde(default, with = "exact_if_any")]
    pub until: Option<Timestamp>,
}

/// What a connection's state follows from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// It was ended here.
    pub ended: bool,
    /// A person paused it.
    pub paused: bool,
    /// Its people and chats are still being learnt.
    pub learning: bool,
    /// History is being read.
    pub importing: bool,
    /// Why only a person can go on.
    pub need: Option<Need>,
    /// What is in the way for now.
    pub trouble: Option<Trouble>,
    /// When nobody listened, oldest first.
    pub silences: Vec<Silence>,
    /// When the account's emoji are listed anew.
    #[serde(with = "exact_if_any")]
    pub emoji_at: Option<Timestamp>,
    /// When upkeep looks at it again.
    #[serde(with = "exact_if_any")]
    pub check_at: Option<Timestamp>,
}

impl Standing {
    /// What the connection is doing.
    pub fn state(&self) -> ConnectionState {
        if self.ended {
            ConnectionState::Disconnected
        } else if self.need.is_some() {
            ConnectionState::NeedsLogin
        } else if self.paused {
            ConnectionState::Paused
        } else if self.learning {
            ConnectionState::Connecting
        } else if self.trouble.is_some_and(|trouble| trouble.shown) {
            ConnectionState::Degraded
        } else if self.importing {
            ConnectionState::Importing
        } else {
            ConnectionState::Active
        }
    }

    /// Why, and what a person can do.
    pub fn reason(&self) -> &'static str {
        match (self.state(), self.need, self.trouble.map(|trouble| trouble.ground)) {
            (ConnectionState::Disconnected, ..) => "Disconnected. Connect again to go on with the same chats.",
            (ConnectionState::NeedsLogin, Some(Need::Sealed), _) => {
                "The key that this login was stored with is missing. Put it back into the server's key file, and it \
                 goes on by itself; or connect again. Your chats are kept."
            }
            (ConnectionState::NeedsLogin, Some(Need::Unable), _) => {
                "What was granted is not enough to speak for you. Connect again and grant all of it; your chats are \
                 kept."
            }
            (ConnectionState::NeedsLogin, ..) => {
                "The platform no longer accepts the login. Connect again; your chats are kept, and what waits to be \
                 sent is sent then."
            }
            (ConnectionState::Paused, ..) => {
                "Paused. What is written here waits, and news are kept for 24 hours and read when you go on. What \
                 came before is left to the next comparison with the platform."
            }
            (ConnectionState::Connecting, ..) => "Learning people and chats. You can import already.",
            (ConnectionState::Degraded, _, Some(Ground::Busy)) => {
                "The platform asks to wait, so news and messages come late. There is nothing to do; it goes on by \
                 itself."
            }
            (ConnectionState::Degraded, _, Some(Ground::NotRefreshed)) => {
                "The platform does not refresh the login. Whoever runs the server should check the integration's \
                 client id and secret; it goes on by itself then."
            }
            (ConnectionState::Degraded, _, Some(Ground::Parked)) => {
                "Some news could not be read and were set aside. The rest goes on; compare the chat if a message is \
                 missing."
            }
            (ConnectionState::Degraded, ..) => {
                "The platform does not answer. What is written here waits, and it goes on by itself; look at the \
                 platform's status page if it lasts."
            }
            (ConnectionState::Importing, ..) => {
                "Reading the history of chats that you picked. You can read and write meanwhile."
            }
            (ConnectionState::Active, ..) => "All is well. There is nothing to do.",
        }
    }

    /// Whether news are taken in and commands are performed.
    pub fn is_listening(&self) -> bool {
        !self.ended && !self.paused && self.need.is_none()
    }

    /// When it last began to listen again, and since when it had not.
    pub fn last_silence(&self) -> Option<Silence> {
        self.silences.last().copied()
    }

    /// Trouble was met. None if that changes nothing worth keeping.
    pub fn met(&self, ground: Ground, now: Timestamp) -> Option<Self> {
        let lasts = |since: Timestamp| now.since(since) >= DEGRADED_AFTER;
        let trouble = match self.trouble {
            Some(held) => Trouble {
                ground: if held.shown { held.ground } else { ground },
                seen_at: now,
                calm_since: None,
                shown: held.shown || lasts(held.since) || ground == Ground::Parked,
                ..held
            },
            None => Trouble { ground, since: now, seen_at: now, calm_since: None, shown: ground == Ground::Parked },
        };
        let noted = self.trouble.is_some_and(|held| {
            held.shown == trouble.shown && held.calm_since.is_none() && now.since(held.seen_at) < NOTED_EVERY
        });
        let check_at = (ground == Ground::Parked).then(|| now + PARKED_FOR).or(self.check_at);
        (!noted).then(|| Self { trouble: Some(trouble), check_at, ..self.clone() })
    }

    /// All went well. None if that changes nothing.
    pub fn eased(&self, now: Timestamp) -> Option<Self> {
        let held = self.trouble?;
        if held.ground == Ground::Parked {
            return (now.since(held.seen_at) >= PARKED_FOR).then(|| Self { trouble: None, ..self.clone() });
        }
        match held.calm_since {
            _ if !held.shown => Some(Self { trouble: None, ..self.clone() }),
            None => {
                let trouble = Some(Trouble { calm_since: Some(now), ..held });
                Some(Self { trouble, check_at: Some(now + CALM_FOR), ..self.clone() })
            }
            Some(since) if now.since(since) >= CALM_FOR => Some(Self { trouble: None, ..self.clone() }),
            Some(_) => None,
        }
    }

    /// Its time has come to be looked at: calm that has lasted ends the trouble.
    pub fn looked_at(&self, now: Timestamp) -> Self {
        let calm = self.trouble.is_some_and(|held| held.calm_since.is_some() || held.ground == Ground::Parked);
        let next = if calm { self.eased(now) } else { None };
        let next = next.unwrap_or_else(|| self.clone());
        let due = next.trouble.filter(|_| calm).map(|held| match held.calm_since {
            Some(since) => since + CALM_FOR,
            None => held.seen_at + PARKED_FOR,
        });
        Self { check_at: due, ..next }
    }

    /// Begins or ends a silence, as it listens or not.
    fn mark_silence(&mut self, now: Timestamp) {
        let listening = self.is_listening();
        match self.silences.last_mut().filter(|silence| silence.until.is_none()) {
            Some(silence) if listening => silence.until = Some(now),
            None if !listening => self.silences.push(Silence { from: now, until: None }),
            _ => {}
        }
        while self.silences.len() > MOST_SILENCES {
            let oldest = self.silences.remove(0);
            self.silences[0].from = oldest.from;
        }
    }
}

impl Connection {
    /// The facts of a row, also of one that was written before they were kept.
    pub fn standing(&self) -> Standing {
        let mut held = self.standing.clone();
        held.ended |= self.state == ConnectionState::Disconnected;
        if self.state == ConnectionState::NeedsLogin && held.need.is_none() {
            held.need = Some(Need::Lost);
        }
        held
    }

    /// The connection with other facts, and what follows from them.
    pub fn with(&self, mut standing: Standing, now: Timestamp) -> Self {
        standing.mark_silence(now);
        if standing.is_listening() {
            standing.check_at = standing.check_at.into_iter().chain(standing.emoji_at).min();
        }
        Self {
            state: standing.state(),
            reason: Some(standing.reason().to_owned()),
            revision: self.revision + 1,
            updated_at: now,
            standing,
            ..self.clone()
        }
    }

    /// Whether news that nobody reads now are kept for it.
    pub fn is_awaited(&self, now: Timestamp) -> bool {
        let held = self.standing();
        let away = held.ended || held.paused;
        away && held.last_silence().is_none_or(|silence| now.since(silence.from) < KEPT_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(0) + Duration::from_secs(seconds)
    }

    /// Trouble at these seconds, told as it is met.
    fn troubled(seconds: &[u64]) -> Standing {
        let meet = |held: Standing, second: &u64| held.met(Ground::Unreachable, at(*second)).unwrap_or(held);
        seconds.iter().fold(Standing::default(), meet)
    }

    #[test]
    fn trouble_shows_once_it_has_lasted() {
        assert_eq!(troubled(&[0, 100, 179]).state(), ConnectionState::Active);
        assert_eq!(troubled(&[0, 100, 180]).state(), ConnectionState::Degraded);
        let eased = troubled(&[0, 100]).eased(at(170)).unwrap();
        assert_eq!(eased.trouble, None, "what never showed is forgotten at once");
    }

    #[test]
    fn trouble_goes_once_it_has_stayed_away() {
        let shown = troubled(&[0, 180]);
        let calm = shown.eased(at(200)).unwrap();
        assert_eq!((calm.state(), calm.check_at), (ConnectionState::Degraded, Some(at(320))));
        assert_eq!(calm.eased(at(319)), None);
        let again = calm.met(Ground::Unreachable, at(319)).unwrap();
        assert_eq!(again.looked_at(at(320)).state(), ConnectionState::Degraded, "it came back");
        let over = calm.looked_at(at(320));
        assert_eq!((over.state(), over.check_at, over.trouble), (ConnectionState::Active, None, None));
    }

    #[test]
    fn trouble_that_goes_on_is_seldom_written() {
        let writes = (0..600).filter(|second| {
            let earlier: Vec<_> = (0..*second).collect();
            troubled(&earlier).met(Ground::Unreachable, at(*second)).is_some()
        });
        assert_eq!(writes.count(), 10, "once a minute");
    }

    #[test]
    fn news_that_were_set_aside_are_trouble_for_their_time() {
        let parked = Standing::default().met(Ground::Parked, at(0)).unwrap();
        assert_eq!((parked.state(), parked.check_at), (ConnectionState::Degraded, Some(at(3_600))));
        assert_eq!(parked.eased(at(10)), None);
        assert_eq!(parked.looked_at(at(3_599)).check_at, Some(at(3_600)));
        assert_eq!(parked.looked_at(at(3_600)).state(), ConnectionState::Active);
    }

    #[test]
    fn what_only_a_person_can_mend_comes_first() {
        let mut held = troubled(&[0, 300]);
        (held.learning, held.importing) = (true, true);
        assert_eq!(held.state(), ConnectionState::Connecting);
        held.learning = false;
        assert_eq!(held.state(), ConnectionState::Degraded);
        held.paused = true;
        assert_eq!(held.state(), ConnectionState::Paused);
        held.need = Some(Need::Sealed);
        assert_eq!(held.state(), ConnectionState::NeedsLogin);
        assert!(held.reason().contains("key"));
        held.ended = true;
        assert_eq!(held.state(), ConnectionState::Disconnected);
    }

    #[test]
    fn silences_are_kept_as_they_begin_and_end() {
        let mut held = Standing::default();
        for second in 0..20 {
            held.paused = second % 2 == 0;
            held.mark_silence(at(second));
        }
        assert_eq!(held.silences.len(), MOST_SILENCES);
        assert_eq!(held.silences[0].from, at(0), "older ones run together");
        assert_eq!(held.last_silence(), Some(Silence { from: at(18), until: Some(at(19)) }));
    }
}

//! Counts what calls cost: units for each person and for the project in a minute, and calls that are under way.

use std::collections::{BTreeMap, VecDeque};

use super::config::Quota;

const MINUTE_MICROS: i64 = 60_000_000;
const PROJECT_UNITS: u64 = 1_200_000;
/// Who calls while they are to wait, waits longer, up to this.
const PENALTY_MICROS: i64 = 1_000_000;
const LONGEST_WAIT_MICROS: i64 = 15 * MINUTE_MICROS;
/// The project's own row.
const PROJECT: &str = "";

/// Why a call was too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// The person's units, until a time.
    OfPerson {
        until_micros: i64,
    },
    OfProject {
        until_micros: i64,
    },
    AtOnce,
}

#[derive(Debug)]
pub struct Meter {
    quota: Quota,
    used: BTreeMap<String, VecDeque<(i64, u64)>>,
    waiting: BTreeMap<String, i64>,
    /// When the calls end that are under way.
    busy: BTreeMap<String, Vec<i64>>,
    pub refused: BTreeMap<String, u64>,
}

impl Meter {
    pub fn new(quota: Quota) -> Meter {
        Meter {
            quota,
            used: BTreeMap::new(),
            waiting: BTreeMap::new(),
            busy: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    pub fn set(&mut self, quota: Quota) {
        *self = Meter::new(quota);
    }

    /// Counts a call, or says why not.
    pub fn pass(&mut self, who: &str, units: (u64, u64), at_once: usize, now_micros: i64) -> Result<(), TooMuch> {
        let busy = self.busy.entry(who.to_owned()).or_default();
        busy.retain(|ends| *ends > now_micros);
        if busy.len() >= at_once {
            return Err(TooMuch::AtOnce);
        }
        let (units, most) = match self.quota {
            Quota::Off => return Ok(()),
            Quota::New => (units.0, 6_000),
            Quota::Old => (units.1, 15_000),
        };
        if let Some(until) = self.waiting.get_mut(who).filter(|until| **until > now_micros) {
            *until = (*until + PENALTY_MICROS).min(now_micros + LONGEST_WAIT_MICROS);
            return Err(TooMuch::OfPerson { until_micros: *until });
        }
        if let Some(until_micros) = self.full(PROJECT, units, PROJECT_UNITS, now_micros) {
            return Err(TooMuch::OfProject { until_micros });
        }
        if let Some(until_micros) = self.full(who, units, most, now_micros) {
            self.waiting.insert(who.to_owned(), until_micros);
            return Err(TooMuch::OfPerson { until_micros });
        }
        for row in [who, PROJECT] {
            self.used.entry(row.to_owned()).or_default().push_back((now_micros, units));
        }
        Ok(())
    }

    /// A call takes its time, and a place.
    pub fn occupy(&mut self, who: &str, until_micros: i64) {
        self.busy.entry(who.to_owned()).or_default().push(until_micros);
    }

    /// The units that somebody used in the last minute.
    pub fn units(&mut self, who: &str, now_micros: i64) -> u64 {
        let row = self.used.entry(who.to_owned()).or_default();
        while row.front().is_some_and(|(at, _)| at + MINUTE_MICROS <= now_micros) {
            row.pop_front();
        }
        row.iter().map(|(_, units)| units).sum()
    }

    /// When there is room again; none if there is.
    fn full(&mut self, who: &str, units: u64, most: u64, now_micros: i64) -> Option<i64> {
        let mut over = (self.units(who, now_micros) + units).checked_sub(most).filter(|over| *over > 0)?;
        for (at, used) in &self.used[who] {
            if *used >= over {
                return Some(at + MINUTE_MICROS);
            }
            over -= used;
        }
        Some(now_micros + MINUTE_MICROS)
    }
}

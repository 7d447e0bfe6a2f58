//! One bucket: the calls of the last span, who waits for room, and the rest that the platform asked for.

use super::{Ask, Purpose, Quota, Rule};
use crate::{customer::CustomerId, time::Timestamp};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How long the place of one who waits is kept after its time came.
const GRACE: Duration = Duration::from_secs(5);
/// Nobody is told a later time than this, unless the platform asked for a rest: those ahead may never come.
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60);
/// By how much the last of one customer's is told to come after the first.
const LONGEST_LINE: Duration = Duration::from_secs(60);
/// How many may have a place. Others are told a time, and have none.
const MOST_WAITING: usize = 4_096;
/// Of so many calls, one is for reconciliation while it waits, whoever else does.
pub(super) const FLOOR_EVERY: u32 = 10;
/// In how many steps a bucket opens again after a rest.
const STEPS: u32 = 100;
/// Each purpose leaves one part in so many of the rule to each one that is more urgent.
const PARTS: u32 = 20;
/// A span counts as longer by one part in so many, since calls do not arrive when they leave.
const MARGIN: u32 = 20;

/// Who takes turns: a customer, for one purpose.
type Asker = (Purpose, Option<CustomerId>);

/// One bucket.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// When calls left and as how many each counts, the oldest first; none is older than a span.
    taken: VecDeque<(Timestamp, u32)>,
    /// Until when the platform wants no call.
    paused_until: Option<Timestamp>,
    /// Who waits, one place for each customer and purpose, however much they have to do.
    waiting: BTreeMap<Asker, Place>,
    /// The turn by now, by purpose, and the next turn of those who are ahead of it: whoever had a call
    /// waits for those who had none, and nobody saves turns up.
    turn: BTreeMap<Purpose, u64>,
    turns: BTreeMap<Asker, u64>,
    /// How many calls left since the last one for reconciliation.
    without_floor: u32,
    /// The rule, as last asked with.
    rule: Option<Rule>,
    /// For how long a call counts.
    span: Duration,
}

/// A place among those who wait.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The turn that it waits for.
    turn: u64,
    /// Since when: of equal turn, the longest waiting goes first.
    since: Timestamp,
    /// The last time that was told to one of this customer's.
    last: Timestamp,
}

impl Bucket {
    /// Whether a call may leave now; else when there should be room for it.
    pub(super) fn look(&mut self, quota: &Quota, ask: &Ask, begun: u32) -> Result<(), Timestamp> {
        let Quota { rule, units, .. } = quota;
        self.tidy(rule, ask.now);
        if let Some(until) = self.paused_until {
            return Err(until);
        }
        // One call that weighs more than the rule allows leaves alone. Those ahead are taken to weigh the same.
        let units = (*units as usize).clamp(1, most(rule));
        let others = self.ahead(ask).saturating_mul(units);
        let needed =
            if begun > 0 { units } else { (units + self.reserve(rule, ask.purpose, units)).saturating_add(others) };
        if self.used().saturating_add(needed) <= most(rule) {
            return Ok(());
        }
        // An errand that broke off begins anew, and then needs again what it had.
        Err(self.room_for(rule, needed.saturating_add(begun as usize), ask.now))
    }

    /// As how many the calls of the last span count together.
    fn used(&self) -> usize {
        self.taken.iter().map(|(_, units)| *units as usize).sum()
    }

    /// Counts a call.
    pub(super) fn take(&mut self, ask: &Ask, units: u32) {
        let now = self.taken.back().map_or(ask.now, |(last, _)| ask.now.max(*last));
        self.taken.push_back((now, units));
        let key = (ask.purpose, ask.customer.clone());
        let turn = self.turn_of(&key);
        self.waiting.remove(&key);
        // Whoever waits keeps their turn, also where others found room before it.
        let waiting = self.waiting.iter().filter(|((purpose, _), _)| *purpose == ask.purpose);
        let current = waiting.map(|(_, place)| place.turn).fold(turn, u64::min);
        self.turn.entry(ask.purpose).and_modify(|held| *held = current.max(*held)).or_insert(current);
        self.turns.insert(key, turn + 1);
        let current = &self.turn;
        self.turns.retain(|(purpose, _), next| current.get(purpose).is_none_or(|turn| *next > *turn));
        let floor = ask.purpose == Purpose::Reconciliation;
        self.without_floor = if floor { 0 } else { self.without_floor.saturating_add(1) };
    }

    /// Gives a place, and the time to come again. Several who come for one customer are told several times.
    pub(super) fn wait(&mut self, rule: &Rule, ask: &Ask, room_at: Timestamp) -> Timestamp {
        let turns = u32::try_from(self.ahead(ask)).unwrap_or(u32::MAX).saturating_add(1);
        let step = rule.pace().saturating_mul(turns);
        let key = (ask.purpose, ask.customer.clone());
        let held = self.waiting.get(&key).copied();
        let first = room_at.min(self.paused_until.unwrap_or(ask.now) + LONGEST_WAIT);
        let in_line = held.filter(|place| place.last >= ask.now).map_or(first, |place| first.max(place.last + step));
        let last = in_line.min(first + LONGEST_LINE);
        if held.is_some() || self.waiting.len() < MOST_WAITING {
            let since = held.map_or(ask.now, |place| place.since);
            let turn = self.turn_of(&key);
            self.waiting.insert(key, Place { turn, since, last });
        }
        last
    }

    /// The platform asked for a rest. A shorter one does not end a longer one. It counted more than we did,
    /// so after it calls leave one by one, until a span of our own counting has passed.
    pub fn pause(&mut self, until: Timestamp) {
        self.paused_until = self.paused_until.max(Some(until));
        let Some(rule) = self.rule else { return };
        let (first, steps) = (until - self.span, rule.most.clamp(1, STEPS));
        let each = rule.most.max(1).div_ceil(steps);
        self.taken = (0..steps).map(|place| (first + self.span / steps * place, each)).collect();
    }

    /// Until when the platform wants no call, as last heard.
    pub fn paused_until(&self) -> Option<Timestamp> {
        self.paused_until
    }

    /// How many others wait for room with a purpose that is no less urgent.
    pub fn others_waiting(&self, purpose: Purpose, customer: Option<&CustomerId>, now: Timestamp) -> usize {
        let waits = |(held, of): &Asker, place: &Place| {
            *held <= purpose && of.as_ref() != customer && place.last + GRACE >= now
        };
        self.waiting.iter().filter(|(asker, place)| waits(asker, place)).count()
    }

    /// Whether nothing is lost when it is forgotten.
    pub(super) fn is_at_rest(&self, now: Timestamp) -> bool {
        let counts = self.taken.back().is_some_and(|(last, _)| *last + self.span > now);
        let waits = self.waiting.values().any(|place| place.last + GRACE >= now);
        !counts && !waits && self.paused_until.is_none_or(|until| until <= now)
    }

    /// Drops what is over: calls out of the span, a rest that ended, places of those who did not come.
    fn tidy(&mut self, rule: &Rule, now: Timestamp) {
        (self.rule, self.span) = (Some(*rule), rule.per + rule.per / MARGIN);
        while self.taken.front().is_some_and(|(first, _)| *first + self.span <= now) {
            self.taken.pop_front();
        }
        self.paused_until = self.paused_until.filter(|until| *until > now);
        self.waiting.retain(|_, place| place.last + GRACE >= now);
    }

    /// What a purpose leaves to those that are more urgent.
    fn reserve(&self, rule: &Rule, purpose: Purpose, units: usize) -> usize {
        if purpose == Purpose::Reconciliation && self.floor_is_due() {
            return 0;
        }
        let parts = match purpose {
            Purpose::Asked => 0,
            Purpose::News => 1,
            Purpose::Gaps => 2,
            Purpose::Import => 3,
            Purpose::Reconciliation => 4,
        };
        (most(rule) * parts / PARTS as usize).min(most(rule) - units)
    }

    fn floor_is_due(&self) -> bool {
        self.without_floor >= FLOOR_EVERY
    }

    /// How many calls come before this one: one of each who is more urgent, and of those who want the same
    /// as many as they are behind.
    fn ahead(&self, ask: &Ask) -> usize {
        let key = (ask.purpose, ask.customer.clone());
        let since = self.waiting.get(&key).map_or(ask.now, |place| place.since);
        let (turn, floor) = (self.turn_of(&key), self.floor_is_due());
        let urgency = |purpose: Purpose| (!(floor && purpose == Purpose::Reconciliation), purpose);
        let before = |((purpose, customer), place): (&Asker, &Place)| match urgency(*purpose).cmp(&urgency(ask.purpose))
        {
            Ordering::Less => 1,
            Ordering::Greater => 0,
            Ordering::Equal => {
                let first = (place.since, customer) < (since, &ask.customer);
                (turn + u64::from(first)).saturating_sub(place.turn)
            }
        };
        let calls: u64 = self.waiting.iter().map(before).sum();
        usize::try_from(calls).unwrap_or(usize::MAX)
    }

    fn turn_of(&self, key: &Asker) -> u64 {
        if let Some(place) = self.waiting.get(key) {
            return place.turn;
        }
        let current = self.turn.get(&key.0).copied().unwrap_or(0);
        self.turns.get(key).copied().unwrap_or(0).max(current)
    }

    /// When so much more will fit, if no others leave until then.
    fn room_for(&self, rule: &Rule, needed: usize, now: Timestamp) -> Timestamp {
        let over = self.used().saturating_add(needed).saturating_sub(most(rule));
        let Some((last, _)) = self.taken.back() else { return now + self.span };
        let mut freed = 0;
        for (left_at, units) in &self.taken {
            freed += *units as usize;
            if freed >= over {
                return (*left_at + self.span).max(now);
            }
        }
        let rounds = (over - freed).div_ceil(most(rule));
        (*last + self.span.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))).max(now)
    }
}

fn most(rule: &Rule) -> usize {
    rule.most.max(1) as usize
}

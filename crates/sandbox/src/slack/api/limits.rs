//! The documented limits of the Web API, counted per method, workspace and app over a sliding span.

use std::collections::{BTreeMap, VecDeque};

use super::super::config::RateLimits;

const SECOND_MICROS: i64 = 1_000_000;
const MINUTE_MICROS: i64 = 60 * SECOND_MICROS;
/// Methods that are slowed down for apps that are sold outside the Marketplace.
const REDUCED: [&str; 2] = ["conversations.history", "conversations.replies"];
/// The largest page that such an app gets of them.
pub const REDUCED_PAGE: usize = 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    One,
    Two,
    Three,
    Four,
    /// Hundreds per minute.
    Special,
    /// About one a second in each channel, and several hundred a minute in a workspace.
    Posting,
}

/// So many calls in a span.
#[derive(Debug, Clone, Copy)]
struct Rule {
    most: usize,
    span_micros: i64,
}

const fn a_minute(most: usize) -> Rule {
    Rule { most, span_micros: MINUTE_MICROS }
}

/// A few posts at once are tolerated, as long as there is no more than one a second over a while.
const POSTS_IN_A_CHANNEL: Rule = Rule { most: 10, span_micros: 10 * SECOND_MICROS };

/// Whose call it is.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    pub team: &'a str,
    pub channel: &'a str,
}

#[derive(Debug, Default)]
pub struct Limits {
    calls: BTreeMap<String, VecDeque<i64>>,
    refused: BTreeMap<&'static str, u64>,
}

impl Limits {
    /// Counts a call, or says after how many seconds to come again.
    pub fn pass(
        &mut self,
        config: RateLimits,
        method: &'static str,
        tier: Tier,
        caller: Caller<'_>,
        now_micros: i64,
    ) -> Result<(), u64> {
        let of_workspace = format!("{method}/{}", caller.team);
        let mut counted = vec![(of_workspace, rule(config, method, tier))];
        if tier == Tier::Posting {
            counted.push((format!("{method}/{}/{}", caller.team, caller.channel), POSTS_IN_A_CHANNEL));
        }
        let wait = counted.iter().filter_map(|(key, rule)| self.wait(key, *rule, now_micros)).max();
        if let Some(micros) = wait {
            *self.refused.entry(method).or_default() += 1;
            return Err(u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).max(1));
        }
        for (key, _) in counted {
            self.calls.entry(key).or_default().push_back(now_micros);
        }
        Ok(())
    }

    /// How long until there is room; none if there is.
    fn wait(&mut self, key: &str, rule: Rule, now_micros: i64) -> Option<i64> {
        let calls = self.calls.entry(key.to_owned()).or_default();
        while calls.front().is_some_and(|first| first + rule.span_micros <= now_micros) {
            calls.pop_front();
        }
        let oldest = calls.front().copied().filter(|_| calls.len() >= rule.most)?;
        Some((oldest + rule.span_micros - now_micros).max(0))
    }

    /// How often a call was refused, by method.
    pub fn refused(&self) -> &BTreeMap<&'static str, u64> {
        &self.refused
    }
}

fn rule(config: RateLimits, method: &str, tier: Tier) -> Rule {
    if config == RateLimits::OutsideMarketplace && REDUCED.contains(&method) {
        return a_minute(1);
    }
    match tier {
        Tier::One => a_minute(1),
        Tier::Two => a_minute(20),
        Tier::Three => a_minute(50),
        Tier::Four => a_minute(100),
        Tier::Special | Tier::Posting => a_minute(600),
    }
}

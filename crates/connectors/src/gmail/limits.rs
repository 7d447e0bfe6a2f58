//! What Gmail's methods cost: units, counted together for each mailbox and minute.
//!
//! The prices changed in May 2026. A Google Cloud project that was in use before keeps the older ones, which the
//! setting `older_quota` names.

use model::{
    connector::Settings,
    limits::{MethodLimit, Quota, Rule},
};

/// The setting of a project that keeps the limits from before May 2026.
pub const OLDER_QUOTA: &str = "older_quota";

const UNITS: Rule = Rule::a_minute(6_000);
const OLDER_UNITS: Rule = Rule::a_minute(15_000);
/// The bucket in which all methods count.
const BUCKET: &str = "units";

/// The method, what it costs, and what it cost before.
const PRICES: &[(&str, u32, u32)] = &[
    ("getProfile", 1, 1),
    ("history.list", 2, 2),
    ("labels.list", 1, 1),
    ("messages.attachments.get", 20, 5),
    ("messages.batchModify", 50, 50),
    ("messages.get", 20, 5),
    ("messages.insert", 25, 25),
    ("messages.list", 5, 5),
    ("messages.modify", 5, 5),
    ("messages.send", 100, 100),
    ("messages.trash", 20, 5),
    ("messages.untrash", 5, 5),
    ("settings.sendAs.list", 1, 1),
    ("threads.get", 40, 10),
    ("threads.list", 10, 10),
    ("threads.modify", 10, 10),
    ("watch", 100, 100),
];
/// What a method costs that nobody wrote down: as much as most.
const UNKNOWN: u32 = 20;

/// What is said of it all.
pub const LIMITS: &[MethodLimit] = &[MethodLimit { method: BUCKET, rule: UNITS, counted_by: "mailbox" }];

/// What calls of a method count against.
pub fn quotas(settings: &Settings, method: &str, calls: u32, mailbox: &str) -> Vec<Quota> {
    let is_older = settings.get(OLDER_QUOTA).is_some_and(|value| value == "true");
    let price = PRICES.iter().find(|(name, ..)| *name == method);
    let units = price.map_or(UNKNOWN, |(_, now, before)| if is_older { *before } else { *now });
    let rule = if is_older { OLDER_UNITS } else { UNITS };
    vec![Quota { method: BUCKET.to_owned(), key: mailbox.to_owned(), rule, units: units.saturating_mul(calls) }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::world::Secret;

    #[test]
    fn a_project_from_before_has_its_own_prices() {
        let older = Settings { values: [(OLDER_QUOTA.to_owned(), Secret("true".to_owned()))].into_iter().collect() };
        let cost = |settings: &Settings, method| {
            let quota = quotas(settings, method, 3, "ana@example.com").remove(0);
            (quota.units, quota.rule.most, quota.key)
        };
        let mailbox = "ana@example.com".to_owned();
        assert_eq!(cost(&Settings::default(), "threads.get"), (120, 6_000, mailbox.clone()));
        assert_eq!(cost(&older, "threads.get"), (30, 15_000, mailbox.clone()));
        assert_eq!(cost(&Settings::default(), "unheard.of"), (60, 6_000, mailbox));
    }
}

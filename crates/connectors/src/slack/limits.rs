//! How often Slack lets its methods be called, as it publishes it: per method, workspace and app.
//!
//! Slack names tiers as "so many and more a minute"; we keep to the number. Apps that are sold outside
//! its Marketplace read history at one call a minute.

use model::{
    connector::Settings,
    limits::{MethodLimit, Quota, Rule},
};

/// The setting of an app that is sold outside Slack's Marketplace.
pub const OUTSIDE_MARKETPLACE: &str = "outside_marketplace";

const TIER_1: Rule = Rule::a_minute(1);
const TIER_2: Rule = Rule::a_minute(20);
const TIER_3: Rule = Rule::a_minute(50);
const TIER_4: Rule = Rule::a_minute(100);
/// "Hundreds per minute."
const HUNDREDS: Rule = Rule::a_minute(300);
/// About one a second in each channel, and a few at once.
const POSTS_IN_A_CHANNEL: Rule = Rule::in_seconds(3, 3);
/// What reads history, and is slowed down for apps outside the Marketplace.
const HISTORY: [&str; 2] = ["conversations.history", "conversations.replies"];
const REDUCED: Rule = Rule::a_minute(1);
const POST: &str = "chat.postMessage";

/// How many items a page should have; Slack advises no more, and may give fewer.
const PAGE: &str = "200";
/// The same of history, for an app outside the Marketplace.
const REDUCED_PAGE: &str = "15";

const fn of_workspace(method: &'static str, rule: Rule) -> MethodLimit {
    MethodLimit { method, rule, counted_by: "workspace" }
}

/// The methods that are of use to us.
pub const LIMITS: &[MethodLimit] = &[
    MethodLimit { method: "apps.connections.open", rule: TIER_1, counted_by: "app" },
    of_workspace("auth.revoke", TIER_3),
    of_workspace("auth.teams.list", TIER_2),
    of_workspace("auth.test", HUNDREDS),
    of_workspace("bots.info", TIER_3),
    of_workspace("chat.delete", TIER_3),
    of_workspace(POST, HUNDREDS),
    MethodLimit { method: POST, rule: POSTS_IN_A_CHANNEL, counted_by: "channel" },
    of_workspace("chat.update", TIER_3),
    of_workspace("chat.getPermalink", HUNDREDS),
    of_workspace("conversations.history", TIER_3),
    of_workspace("conversations.info", TIER_3),
    of_workspace("conversations.join", TIER_3),
    of_workspace("conversations.mark", TIER_3),
    of_workspace("conversations.members", TIER_4),
    of_workspace("conversations.open", TIER_3),
    of_workspace("conversations.replies", TIER_3),
    of_workspace("emoji.list", TIER_2),
    of_workspace("files.completeUploadExternal", TIER_4),
    of_workspace("files.getUploadURLExternal", TIER_4),
    of_workspace("files.info", TIER_4),
    of_workspace("oauth.v2.access", TIER_4),
    of_workspace("reactions.add", TIER_3),
    of_workspace("reactions.get", TIER_3),
    of_workspace("reactions.remove", TIER_2),
    of_workspace("users.conversations", TIER_2),
    of_workspace("users.info", TIER_4),
    of_workspace("users.list", TIER_2),
];

/// Which limits hold for an integration.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    reduced: bool,
}

impl Limits {
    /// As the integration is configured.
    pub fn of(settings: &Settings) -> Self {
        Self { reduced: settings.get(OUTSIDE_MARKETPLACE).is_some_and(|value| value == "true") }
    }

    /// How many items a page of a method should have.
    pub fn page(&self, method: &str) -> &'static str {
        if self.reduced && HISTORY.contains(&method) { REDUCED_PAGE } else { PAGE }
    }

    /// What a call counts against, the widest first.
    pub fn quotas(&self, method: &str, workspace: &str, channel: Option<&str>) -> Vec<Quota> {
        let quota = |limit: &MethodLimit| {
            let key = match (limit.counted_by, channel) {
                ("channel", Some(channel)) => format!("{workspace}/{channel}"),
                _ => workspace.to_owned(),
            };
            let rule = if self.reduced && HISTORY.contains(&method) { REDUCED } else { limit.rule };
            Quota { method: method.to_owned(), key, rule, units: 1 }
        };
        let quotas: Vec<_> = LIMITS.iter().filter(|limit| limit.method == method).map(quota).collect();
        if quotas.is_empty() {
            // Nobody wrote down how often it may be called: as seldom as most.
            return vec![Quota { method: method.to_owned(), key: workspace.to_owned(), rule: TIER_2, units: 1 }];
        }
        quotas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_counts_in_its_workspace_and_in_its_channel() {
        let limits = Limits::of(&Settings::default());
        let keys = |quotas: Vec<Quota>| quotas.into_iter().map(|quota| quota.key).collect::<Vec<_>>();
        assert_eq!(keys(limits.quotas(POST, "T1", Some("C1"))), ["T1", "T1/C1"]);
        assert_eq!(keys(limits.quotas("chat.update", "T1", Some("C1"))), ["T1"]);
        assert_eq!(keys(limits.quotas("admin.unheard_of", "T1", None)), ["T1"]);
    }

    #[test]
    fn an_app_outside_the_marketplace_reads_history_slowly_and_all_else_as_others_do() {
        let values = [(OUTSIDE_MARKETPLACE.to_owned(), model::world::Secret("true".to_owned()))];
        let limits = Limits::of(&Settings { values: values.into_iter().collect() });
        let usual = Limits::of(&Settings::default());
        for method in HISTORY {
            assert_eq!((limits.quotas(method, "T1", None)[0].rule, limits.page(method)), (REDUCED, REDUCED_PAGE));
            assert_eq!((usual.quotas(method, "T1", None)[0].rule, usual.page(method)), (TIER_3, PAGE));
        }
        assert_eq!(limits.quotas("users.list", "T1", None), usual.quotas("users.list", "T1", None));
    }
}

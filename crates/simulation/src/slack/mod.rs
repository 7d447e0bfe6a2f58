//! The emulated Slack of a run: how large it is, and how often it goes wrong.

mod compare;

pub use compare::theirs;

use crate::sockets::listens;
use sandbox::slack::{CallChaos, Config, EventChaos, RateLimits, Rotation, WorldSize};

pub fn config(seed: u64) -> Config {
    let mut config = Config {
        seed,
        world: WorldSize {
            workspaces: if is_shared(seed) { 2 } else { 1 },
            organization: false,
            people: 4,
            bots: 0,
            public_channels: 2,
            private_channels: 2,
            direct_chats: 3,
            group_chats: 0,
            messages_per_channel: 6,
            messages_per_chat: 3,
            threads_per_channel: 1,
            replies_per_thread: 3,
            // What people touch is no older than what each comparison goes back to.
            days: 1,
        },
        history_page_max: 4,
        rate_limits: rate_limits(seed),
        ..Config::default()
    };
    // In every other world tokens end, soon enough to do so several times. The grace is longer than any
    // outage of these worlds, so that a login that dies is our fault.
    config.app.rotation = rotates(seed).then_some(Rotation { expires_in_secs: 1_200, grace_secs: 3 * 60 * 60 });
    // In two worlds of five there is no address that Slack could call.
    config.app.socket_mode = listens(seed);
    config.app.events_url = (!listens(seed)).then(|| "https://bothways.invalid/hooks/slack".to_owned());
    config
}

/// In some worlds the two customers are of two companies, and share channels.
pub fn is_shared(seed: u64) -> bool {
    seed % 7 == 3
}

fn rotates(seed: u64) -> bool {
    seed.is_multiple_of(2)
}

/// Most worlds keep limits; speed shows in the others.
fn rate_limits(seed: u64) -> RateLimits {
    if seed.is_multiple_of(3) { RateLimits::Off } else { RateLimits::Tiers }
}

pub fn call_chaos(seed: u64) -> CallChaos {
    CallChaos {
        answer_lost: 0.04,
        answer_lost_late: 0.05,
        late_max_micros: 30_000_000,
        call_lost: 0.02,
        rate_limited: 0.02,
        retry_after_secs: 7,
        server_error: 0.02,
        tokens_expired: if rotates(seed) { 0.01 } else { 0.0 },
    }
}

pub fn event_chaos() -> EventChaos {
    EventChaos {
        duplicate_same: 0.1,
        duplicate_new: 0.1,
        late: 0.15,
        delay_max_micros: 90_000_000,
        reorder: 0.15,
        drop: 0.06,
        before_answer: 0.3,
    }
}

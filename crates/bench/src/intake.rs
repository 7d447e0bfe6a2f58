//! How many webhooks a second are on disk before they are answered, against the same server without a disk.

use crate::{
    place::Place,
    table::{Table, Times, rate},
    webhooks::{Channel, Load, tell},
};
use sandbox::slack::WorldSize;
use std::sync::Arc;
use store::memory::Memory;

const MESSAGES: usize = 20_000;
const WARM_UP: usize = 1_000;

/// Many connections at once, and one.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    for connections in [32, 1] {
        let size = || WorldSize { messages_per_channel: 1, messages_per_chat: 1, ..WorldSize::default() };
        let durable = Place::open(size(), None).await?;
        let kept = load(&durable, connections).await?;
        durable.close().await?;
        let bare = Place::open(size(), Some(Arc::new(Memory::forgetful()))).await?;
        let dropped = load(&bare, connections).await?;
        bare.close().await?;
        let what = match connections {
            1 => "webhooks on disk and answered, one connection".to_owned(),
            more => format!("webhooks on disk and answered, {more} connections"),
        };
        let told = |(rate, times): &(f64, Times)| format!("{rate:.0}/s, {}", times.told());
        table.row(&what, told(&kept), format!("storing off: {}", told(&dropped)), Some(kept.0 / dropped.0));
    }
    Ok(())
}

/// How many a second are answered, and how soon each. They are of a workspace that nobody is connected to.
pub async fn load(place: &Place, connections: usize) -> anyhow::Result<(f64, Times)> {
    let channels = [Channel::of_nobody()];
    let load = Load { connections, messages: WARM_UP, first: 0, pace: None };
    tell(place, &channels, load).await?;
    let messages = if connections == 1 { MESSAGES / 5 } else { MESSAGES };
    let told = tell(place, &channels, Load { messages, first: WARM_UP, ..load }).await?;
    Ok((rate(messages, told.began.elapsed()), Times::of(told.took)))
}

//! The search index follows the feed: new events in the order of their commits, a batch a turn.
//!
//! Never in the path of a message that comes in. What an event is about is read as it is by now, so that
//! a batch that is taken twice changes nothing. An index that is new, or that followed another log than
//! the store's (a backup was restored), is made anew out of everything that is stored.

use crate::{Engine, EngineError, Turn};
use model::{
    changes::Thing,
    customer::CustomerId,
    event::{Event, EventKind, Subject},
    id::{ChatId, MessageId},
    index::{Indexing, Progress, Reread, Sweep},
    store::{Paging, StoreError},
};
use std::collections::{BTreeMap, BTreeSet};

/// How many events, rows or people one turn takes.
const BATCH: usize = 256;

/// How far the index is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexLag {
    /// How many events of the app's log are not contained.
    pub events: u64,
    /// It is being made anew, so that what is older may be missing, too.
    pub rebuilding: bool,
}

/// What a batch of events changed of one customer.
#[derive(Default)]
struct Touched {
    messages: BTreeSet<MessageId>,
    chats: BTreeSet<ChatId>,
    rereads: BTreeSet<ChatId>,
}

impl Engine {
    /// Takes the next batch into the index.
    pub async fn index_turn(&self) -> Result<Turn, EngineError> {
        match self.alone("index", self.index_on()).await? {
            // Somebody else was faster, so the work is done.
            Some(Err(EngineError::Store(StoreError::Stale))) => Ok(Turn::Worked),
            Some(turned) => turned,
            None => Ok(Turn::Idle),
        }
    }

    /// How far the index is behind, for those who watch over the server.
    pub async fn index_lag(&self) -> Result<IndexLag, EngineError> {
        let progress = self.index().progress().await?;
        let last = self.store().last_position().await?;
        let rebuilding = !progress.begun || progress.sweep.is_some() || !progress.chats.is_empty();
        Ok(IndexLag { events: last.saturating_sub(progress.position), rebuilding })
    }

    async fn index_on(&self) -> Result<Turn, EngineError> {
        let before = self.index().progress().await?;
        // The last event that is contained comes first, to see that it is still the same.
        let mut events = self.store().log(before.position.saturating_sub(1), BATCH + 1).await?;
        if self.is_elsewhere(&before, &events).await? {
            return self.begin_index(&before).await;
        }
        events.retain(|event| event.position > before.position);
        if let Some(reread) = before.chats.first() {
            return self.renew_chat(&before, reread.clone()).await;
        }
        if let Some(sweep) = &before.sweep {
            return self.sweep(&before, sweep.clone()).await;
        }
        let people = self.store().people_after(before.people, BATCH).await?;
        if let Some((last, _)) = people.last() {
            let changes = people.iter().map(|(_, row)| Self::person_entry(row)).collect();
            let after = Progress { people: *last, ..before.clone() };
            self.index().apply(&before, after, changes).await?;
            return Ok(Turn::Worked);
        }
        self.follow(&before, &events).await
    }

    /// Whether the log is another one than the index followed, or lost what it has not read.
    async fn is_elsewhere(&self, before: &Progress, events: &[Event]) -> Result<bool, EngineError> {
        if !before.begun {
            return Ok(true);
        }
        Ok(match events.first() {
            Some(first) if first.position == before.position => {
                !before.print.is_empty() && before.print != print(first)
            }
            Some(first) => first.position != before.position + 1,
            None => self.store().last_position().await? != before.position,
        })
    }

    /// Makes the index anew out of what is stored by now.
    pub(crate) async fn renew_index(&self) -> Result<(), EngineError> {
        let before = self.index().progress().await?;
        self.begin_index(&before).await.map(drop)
    }

    async fn begin_index(&self, before: &Progress) -> Result<Turn, EngineError> {
        let position = self.store().last_position().await?;
        let last = self.store().log(position.saturating_sub(1), 1).await?;
        let print = last.first().filter(|event| event.position == position).map(print).unwrap_or_default();
        let sweep = Some(Sweep::default());
        let after = Progress { position, print, sweep, begun: true, ..Progress::default() };
        self.index().apply(before, after, vec![Indexing::Clear]).await?;
        Ok(Turn::Worked)
    }

    /// Reads on in all that is stored: the chats, then the messages.
    async fn sweep(&self, before: &Progress, mut sweep: Sweep) -> Result<Turn, EngineError> {
        let mut changes = Vec::new();
        let mut after = before.clone();
        if sweep.chats_read {
            let rows = self.store().messages_after(parsed(sweep.after.as_ref()), BATCH).await?;
            sweep.after = rows.last().map(|row| (row.customer_id.clone(), row.id.to_string()));
            let mut of_customers: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for row in rows {
                of_customers.entry(row.customer_id.clone()).or_default().push(row);
            }
            for (customer, rows) in of_customers {
                changes.extend(self.message_entries(&customer, &rows).await?);
            }
            after.sweep = sweep.after.is_some().then_some(sweep);
        } else {
            let rows = self.store().chats_after(parsed(sweep.after.as_ref()), BATCH).await?;
            sweep.after = rows.last().map(|row| (row.customer_id.clone(), row.id.to_string()));
            sweep.chats_read = rows.is_empty();
            for row in &rows {
                changes.push(self.chat_entry(row).await?);
            }
            after.sweep = Some(sweep);
        }
        self.index().apply(before, after, changes).await?;
        Ok(Turn::Worked)
    }

    /// Takes a chat's entries out, and puts its messages in as they are by now; some of them a turn.
    async fn renew_chat(&self, before: &Progress, mut reread: Reread) -> Result<Turn, EngineError> {
        let (customer, chat) = (reread.customer.clone(), reread.chat);
        let mut changes = Vec::new();
        let mut ended = false;
        if reread.emptied {
            let paging = Paging { after: reread.after.take(), limit: BATCH };
            let page = self.store().messages_of(&customer, chat, &paging).await?;
            changes = self.message_entries(&customer, &page.items).await?;
            reread.after = page.next;
            ended = reread.after.is_none();
        } else {
            let held = self.index().of_chat(&customer, chat, BATCH).await?;
            reread.emptied = held.len() < BATCH;
            changes.extend(held.into_iter().map(|id| Indexing::Remove(customer.clone(), Thing::Message(id))));
        }
        let mut after = before.clone();
        if ended {
            after.chats.remove(0);
        } else {
            after.chats[0] = reread;
        }
        self.index().apply(before, after, changes).await?;
        Ok(Turn::Worked)
    }

    async fn follow(&self, before: &Progress, events: &[Event]) -> Result<Turn, EngineError> {
        let Some(last) = events.last() else { return Ok(Turn::Idle) };
        let mut after = Progress { position: last.position, print: print(last), ..before.clone() };
        let mut changes = Vec::new();
        for (customer, touched) in touched(events) {
            let ids: Vec<_> = touched.messages.into_iter().collect();
            let rows = self.store().messages(&customer, &ids).await?;
            let gone = ids.iter().filter(|id| !rows.iter().any(|row| row.id == **id));
            changes.extend(gone.map(|id| Indexing::Remove(customer.clone(), Thing::Message(*id))));
            changes.extend(self.message_entries(&customer, &rows).await?);
            for chat in touched.chats {
                match self.store().chat(&customer, chat).await? {
                    Some(row) => changes.push(self.chat_entry(&row).await?),
                    None => changes.push(Indexing::Remove(customer.clone(), Thing::Chat(chat))),
                }
            }
            let reread = |chat| Reread { customer: customer.clone(), chat, emptied: false, after: None };
            after.chats.extend(touched.rereads.into_iter().map(reread));
        }
        self.index().apply(before, after, changes).await?;
        Ok(Turn::Worked)
    }
}

fn parsed<T: std::str::FromStr>(after: Option<&(CustomerId, String)>) -> Option<(CustomerId, T)> {
    after.and_then(|(customer, id)| Some((customer.clone(), id.parse().ok()?)))
}

/// What an event was. Another log has another one at its place.
fn print(event: &Event) -> String {
    let Event { customer_id, seq, event, .. } = event;
    format!("{customer_id} {seq} {:?} {} {}", event.subject, event.revision, event.at.micros())
}

fn touched(events: &[Event]) -> BTreeMap<CustomerId, Touched> {
    let mut all: BTreeMap<CustomerId, Touched> = BTreeMap::new();
    for Event { customer_id, event, .. } in events {
        let touched = all.entry(customer_id.clone()).or_default();
        let from = event.merged_from.as_deref();
        let (message, chat) = match event.subject {
            Subject::Message(id) => (Some(id), None),
            Subject::Chat(id) => (None, Some(id)),
            Subject::Connection(_) | Subject::SyncStatus(_) | Subject::UserPlatform(_) => (None, None),
        };
        match event.kind {
            EventKind::MessageCreated
            | EventKind::MessageUpdated
            | EventKind::MessageDeleted
            | EventKind::MessageMerged => {
                touched.messages.extend(message);
                touched.messages.extend(from.and_then(|from| from.parse::<MessageId>().ok()));
            }
            EventKind::ChatCreated | EventKind::ChatUpdated => touched.chats.extend(chat),
            EventKind::ChatDeleted | EventKind::ChatMerged => {
                let chats = [chat, from.and_then(|from| from.parse().ok())];
                touched.chats.extend(chats.iter().flatten());
                touched.rereads.extend(chats.iter().flatten());
            }
            // Nothing that is sought.
            EventKind::ReactionAdded
            | EventKind::ReactionRemoved
            | EventKind::ChatRead
            | EventKind::ConnectionUpdated
            | EventKind::SyncStatusUpdated
            | EventKind::UserPlatformUpdated
            | EventKind::GapFound
            | EventKind::GapFilled => {}
        }
    }
    all
}

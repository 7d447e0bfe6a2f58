//! All of a customer's messages as one stream, each shown once.

use crate::{Engine, EngineError};
use model::{
    connection::Connection,
    customer::CustomerId,
    id::{ChatId, ConnectionId, ExternalId, MessageId},
    message::Message,
    store::{Paging, Slice},
    view,
};
use std::collections::{BTreeMap, BTreeSet};

/// How often more is read to fill a page of which much was left out.
pub(crate) const MOST_ROUNDS: usize = 8;

/// Through which of a customer's connections messages are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Through {
    /// Of this platform only.
    pub platform: Option<String>,
    /// Of this connection only.
    pub connection: Option<ConnectionId>,
}

/// A message, and the connections that it is seen through.
pub(crate) type Seen = (Message, Vec<ConnectionId>);

impl Engine {
    /// The messages of all imported chats, the latest first. What two connections see is shown once.
    pub async fn timeline(
        &self,
        customer: &CustomerId,
        through: &Through,
        paging: &Paging,
    ) -> Result<Slice<view::Sighting>, EngineError> {
        let all = self.store().connections(customer).await?;
        let wanted = self.chosen(&all, through);
        let ids: Vec<_> = wanted.iter().copied().collect();
        let (mut items, limit, mut paging) = (Vec::new(), paging.limit, paging.clone());
        for _ in 0..MOST_ROUNDS {
            let page = self.store().timeline(customer, &ids, &paging).await?;
            items.extend(self.seen_once(customer, &all, &wanted, page.items, Message::is_shown).await?);
            paging.limit = limit.saturating_sub(items.len());
            paging.after = page.next;
            if paging.after.is_none() || paging.limit == 0 {
                break;
            }
        }
        Ok(Slice { items: self.show_seen(customer, &items).await?, next: paging.after })
    }

    /// The connections that are wanted.
    pub(crate) fn chosen(&self, all: &[Connection], through: &Through) -> BTreeSet<ConnectionId> {
        let is_wanted = |row: &&Connection| {
            through.connection.is_none_or(|id| id == row.id)
                && through.platform.as_ref().is_none_or(|platform| platform == self.platform(&row.integration))
        };
        all.iter().filter(is_wanted).map(|row| row.id).collect()
    }

    /// Leaves out what an earlier one of the wanted connections shows, too, and says through which each is
    /// seen. Only those that share an account can mean the same by an external id.
    pub(crate) async fn seen_once(
        &self,
        customer: &CustomerId,
        all: &[Connection],
        wanted: &BTreeSet<ConnectionId>,
        rows: Vec<Message>,
        counts: fn(&Message) -> bool,
    ) -> Result<Vec<Seen>, EngineError> {
        let mut through: BTreeMap<(ConnectionId, ExternalId), Vec<ConnectionId>> = BTreeMap::new();
        for (connection, names) in names_by_connection(&rows) {
            let Some(own) = all.iter().find(|row| row.id == connection) else { continue };
            for other in all.iter().filter(|other| share(own, other)) {
                for twin in self.store().messages_named(customer, other.id, &names).await? {
                    if let (Some(name), true) = (twin.external_id.clone(), counts(&twin)) {
                        through.entry((connection, name)).or_default().push(other.id);
                    }
                }
            }
        }
        let order = |id: &ConnectionId| all.iter().position(|row| row.id == *id);
        let seen = rows.into_iter().filter_map(|row| {
            let name = row.external_id.clone().map(|name| (row.connection_id, name));
            let mut ids = name.and_then(|name| through.get(&name).cloned()).unwrap_or_default();
            let own = order(&row.connection_id);
            let shown_before = ids.iter().any(|id| wanted.contains(id) && order(id) < own);
            ids.push(row.connection_id);
            ids.sort_by_key(order);
            (!shown_before).then_some((row, ids))
        });
        Ok(seen.collect())
    }

    /// Shows messages with the names of their chats.
    pub(crate) async fn show_seen(
        &self,
        customer: &CustomerId,
        rows: &[Seen],
    ) -> Result<Vec<view::Sighting>, EngineError> {
        let messages: Vec<_> = rows.iter().map(|(row, _)| row.clone()).collect();
        let names = self.chat_names(customer, messages.iter().map(|row| row.chat_id).collect()).await?;
        let shown = self.show_messages(customer, &messages).await?;
        let sighting = |(message, (_, ids)): (view::Message, &Seen)| view::Sighting {
            chat_name: names.get(&message.chat_id).cloned().unwrap_or_default(),
            connection_ids: ids.clone(),
            message,
        };
        Ok(shown.into_iter().zip(rows).map(sighting).collect())
    }

    async fn chat_names(
        &self,
        customer: &CustomerId,
        ids: BTreeSet<ChatId>,
    ) -> Result<BTreeMap<ChatId, String>, EngineError> {
        let rows = self.listed_chats(customer, ids).await?;
        Ok(self.show_chats(customer, &rows).await?.into_iter().map(|chat| (chat.id, chat.name)).collect())
    }

    /// These messages as they are by now, in this order, those that can be read.
    pub(crate) async fn readable(&self, customer: &CustomerId, ids: &[MessageId]) -> Result<Vec<Message>, EngineError> {
        let rows = self.store().messages(customer, ids).await?;
        Ok(rows.into_iter().filter(can_be_read).collect())
    }
}

/// Whether somebody can read what it says.
pub(crate) fn can_be_read(row: &Message) -> bool {
    row.is_shown() && !row.facets.is_deleted()
}

fn share(one: &Connection, other: &Connection) -> bool {
    one.id != other.id
        && one.integration == other.integration
        && one.listens_to.iter().any(|account| other.listens_to.contains(account))
}

fn names_by_connection(rows: &[Message]) -> BTreeMap<ConnectionId, Vec<ExternalId>> {
    let mut names: BTreeMap<ConnectionId, Vec<ExternalId>> = BTreeMap::new();
    for row in rows {
        names.entry(row.connection_id).or_default().extend(row.external_id.clone());
    }
    names
}

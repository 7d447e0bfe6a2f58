//! Puts names to what is stored, so that it can be shown whole.

use crate::{Engine, EngineError, connect::chat_name};
use model::{
    abilities::Abilities,
    chat::Chat,
    connection::{Connection, ConnectionState},
    customer::CustomerId,
    emoji::{MOST_ALIASES, Picture},
    event::{Event, Subject},
    id::{ChatId, ConnectionId, ExternalId, Integration, MessageId},
    message::Message,
    participant::Participant,
    store::ListedChat,
    sync_status::SyncStatus,
    view::{self, Names},
};
use std::collections::{BTreeMap, BTreeSet};

/// Why news are late where a platform has no way to us.
const POLLED: &str =
    "There is no public address that the platform could call, so it is asked for news every few seconds to minutes.";
/// Why news come late although they should come through a socket.
const DEAF: &str = "No socket to the platform could be opened for a while, so it is asked for news every few seconds to \
                    minutes.";

impl Engine {
    pub(crate) fn platform(&self, integration: &Integration) -> &'static str {
        self.parts.integrations.get(integration).map_or("", |offered| offered.connector.describe().platform)
    }

    /// The names that a connection has for people and chats.
    pub(crate) async fn names(
        &self,
        connection: &Connection,
        people: BTreeSet<ExternalId>,
        chats: BTreeSet<ExternalId>,
    ) -> Result<Names, EngineError> {
        let (store, customer) = (self.store(), &connection.customer_id);
        let mut names = Names {
            platform: self.platform(&connection.integration).to_owned(),
            me: connection.own_ids().cloned().collect(),
            linked: connection.linked.iter().cloned().collect(),
            senders: connection.senders.iter().cloned().collect(),
            ..Names::default()
        };
        let people: Vec<_> = people.into_iter().collect();
        if !people.is_empty() {
            for person in store.participants_named(customer, connection.id, &people).await? {
                for id in person.external_ids.clone() {
                    names.people.insert(id, person.clone());
                }
            }
        }
        let chats: Vec<_> = chats.into_iter().collect();
        if !chats.is_empty() {
            for chat in store.chats_named(customer, connection.id, &chats).await? {
                let name = chat_name(&chat, &names);
                names.chats.extend(chat.aliases.into_keys().map(|former| (former, name.clone())));
                names.chats.insert(chat.external_id, name);
            }
        }
        Ok(names)
    }

    /// Shows messages of one customer.
    pub async fn show_messages(
        &self,
        customer: &CustomerId,
        rows: &[Message],
    ) -> Result<Vec<view::Message>, EngineError> {
        let names = self
            .names_by_connection(customer, rows.iter().map(|row| (row.connection_id, Named::in_message(row))))
            .await?;
        let unknown = Names::default();
        let mut shown: Vec<_> = rows
            .iter()
            .map(|row| view::message(row, names.get(&row.connection_id).map_or(&unknown, |(_, names)| names)))
            .collect();
        let chats: BTreeSet<_> = rows.iter().map(|row| row.chat_id).collect();
        for id in chats {
            let Some(chat) = self.store().chat(customer, id).await?.filter(|chat| chat.named_under.is_some()) else {
                continue;
            };
            let Some((connection, _)) = names.get(&chat.connection_id) else { continue };
            for message in shown.iter_mut().filter(|message| message.chat_id == id) {
                for name in [&mut message.external_id, &mut message.thread_root].into_iter().flatten() {
                    *name = self.name_there(connection, &chat, name)?;
                }
            }
        }
        Ok(shown)
    }

    /// Shows chats of one customer.
    pub async fn show_chats(&self, customer: &CustomerId, rows: &[ListedChat]) -> Result<Vec<view::Chat>, EngineError> {
        let names = self
            .names_by_connection(customer, rows.iter().map(|row| (row.chat.connection_id, Named::in_chat(row))))
            .await?;
        let ids: Vec<_> = rows.iter().map(|row| row.chat.id).collect();
        let known = self.store().completeness(customer, &ids).await?;
        let known: BTreeMap<_, _> = known.iter().map(|row| (row.chat_id, row)).collect();
        let shown = |row: &ListedChat| {
            let (connection, names) = names.get(&row.chat.connection_id)?;
            let abilities = self.abilities(connection);
            Some(view::chat(row, names, &abilities, known.get(&row.chat.id).copied()))
        };
        Ok(rows.iter().filter_map(shown).collect())
    }

    /// Shows connections.
    pub async fn show_connections(&self, rows: &[Connection]) -> Result<Vec<view::Connection>, EngineError> {
        let mut all = Vec::new();
        for row in rows {
            let measured = self.store().measured(&row.customer_id, row.id).await?;
            let mut shown = view::connection(row, self.platform(&row.integration), measured);
            shown.abilities = self.abilities(row);
            if row.state == ConnectionState::Active {
                shown.reason = self.hindrance(row).or(shown.reason);
            }
            all.push(shown);
        }
        Ok(all)
    }

    /// Why news come late, if they do.
    fn hindrance(&self, connection: &Connection) -> Option<String> {
        let offered = self.parts.integrations.get(&connection.integration)?;
        let polled = if offered.ears.is_some() { DEAF } else { POLLED };
        let stopped = offered.ears.as_ref().and_then(|ears| ears.stopped());
        stopped.map(|problem| problem.detail).or_else(|| offered.is_polled().then(|| polled.to_owned()))
    }

    /// What can be done through a connection, here: without a public address no platform calls us.
    fn abilities(&self, connection: &Connection) -> Abilities {
        let mut abilities = connection.abilities.clone();
        if let Some(offered) = self.parts.integrations.get(&connection.integration) {
            abilities.news = vec![offered.news()];
        }
        abilities
    }

    /// Shows runs of import of one customer, with the names of their chats.
    pub async fn show_sync_statuses(
        &self,
        customer: &CustomerId,
        rows: &[SyncStatus],
    ) -> Result<Vec<view::SyncStatus>, EngineError> {
        let (mut chats, mut named) = (BTreeMap::new(), Vec::new());
        for id in rows.iter().filter_map(|row| row.chat_id).collect::<BTreeSet<_>>() {
            if let Some(chat) = self.store().chat(customer, id).await? {
                named.push((chat.connection_id, Named::in_facts(&chat)));
                chats.insert(id, chat);
            }
        }
        let names = self.names_by_connection(customer, named.into_iter()).await?;
        let name = |id: ChatId| {
            let chat = chats.get(&id)?;
            Some(chat_name(chat, &names.get(&chat.connection_id)?.1))
        };
        Ok(rows.iter().map(|row| view::sync_status(row, row.chat_id.and_then(name))).collect())
    }

    /// Shows people of one connection.
    pub fn show_people(&self, connection: &Connection, rows: &[Participant]) -> Vec<view::Participant> {
        let mut names = Names { me: connection.own_ids().cloned().collect(), ..Names::default() };
        let mut shown = Vec::new();
        for row in rows {
            if let Some(id) = row.external_ids.first() {
                names.people.insert(id.clone(), row.clone());
                shown.push(names.participant(id));
            }
        }
        shown
    }

    /// What stands for these emoji, and for those that they are other names of.
    async fn emoji(
        &self,
        connection: &Connection,
        names: BTreeSet<String>,
    ) -> Result<BTreeMap<String, Picture>, EngineError> {
        let mut found = BTreeMap::new();
        let mut wanted: Vec<_> = names.into_iter().collect();
        for _ in 0..MOST_ALIASES {
            if wanted.is_empty() {
                break;
            }
            let rows = self.store().emoji_named(&connection.customer_id, connection.id, &wanted).await?;
            found.extend(rows.into_iter().filter_map(|row| Some((row.name, row.picture?))));
            let aliases = found.values().filter_map(|picture| match picture {
                Picture::Alias(other) => Some(other.clone()),
                Picture::Address(_) | Picture::Character(_) => None,
            });
            wanted = aliases.filter(|name| !found.contains_key(name)).collect();
        }
        Ok(found)
    }

    async fn names_by_connection(
        &self,
        customer: &CustomerId,
        named: impl Iterator<Item = (ConnectionId, Named)>,
    ) -> Result<BTreeMap<ConnectionId, (Connection, Names)>, EngineError> {
        let mut wanted: BTreeMap<ConnectionId, Named> = BTreeMap::new();
        for (id, named) in named {
            let all = wanted.entry(id).or_default();
            all.people.extend(named.people);
            all.chats.extend(named.chats);
            all.roots.extend(named.roots);
            all.emoji.extend(named.emoji);
        }
        let mut names = BTreeMap::new();
        for (id, named) in wanted {
            if let Some(connection) = self.store().connection(customer, id).await? {
                let mut found = self.names(&connection, named.people, named.chats).await?;
                found.emoji = self.emoji(&connection, named.emoji).await?;
                let roots: Vec<_> = named.roots.into_iter().collect();
                if !roots.is_empty() {
                    for row in self.store().messages_named(customer, id, &roots).await? {
                        found
                            .roots
                            .extend(row.external_id.filter(|_| row.facets.is_known()).map(|name| (name, row.id)));
                    }
                }
                names.insert(id, (connection, found));
            }
        }
        Ok(names)
    }

    /// Shows events with their objects as they are by now.
    pub async fn show_events(&self, rows: &[Event]) -> Result<Vec<view::Event>, EngineError> {
        let mut objects = BTreeMap::new();
        let customers: BTreeSet<_> = rows.iter().map(|row| &row.customer_id).collect();
        for customer in customers {
            let subjects = rows.iter().filter(|row| row.customer_id == *customer).map(|row| row.event.subject);
            objects.insert(customer.clone(), self.objects(customer, subjects.collect()).await?);
        }
        Ok(rows.iter().map(|row| show_event(row, &objects[&row.customer_id])).collect())
    }

    async fn objects(
        &self,
        customer: &CustomerId,
        subjects: Vec<Subject>,
    ) -> Result<BTreeMap<String, serde_json::Value>, EngineError> {
        let (mut messages, mut objects) = (BTreeSet::new(), BTreeMap::new());
        let (mut connections, mut syncs, mut chats, mut users) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for subject in subjects {
            match subject {
                Subject::Message(id) => drop(messages.insert(id)),
                Subject::Chat(id) => drop(chats.insert(id)),
                Subject::Connection(id) => drop(connections.insert(id)),
                Subject::SyncStatus(id) => drop(syncs.insert(id)),
                Subject::UserPlatform(id) => drop(users.insert(id)),
            }
        }
        let messages: Vec<MessageId> = messages.into_iter().collect();
        let rows: Vec<_> = self.store().messages(customer, &messages).await?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.merged_into.is_none()).collect();
        for shown in self.show_messages(customer, &rows).await? {
            objects.insert(shown.id.to_string(), json(&shown));
        }
        for shown in self.show_chats(customer, &self.listed_chats(customer, chats).await?).await? {
            objects.insert(shown.id.to_string(), json(&shown));
        }
        for id in connections {
            let row = self.store().connection(customer, id).await?;
            let shown = self.show_connections(row.as_slice()).await?;
            objects.extend(shown.iter().map(|shown| (shown.id.to_string(), json(shown))));
        }
        for id in syncs {
            let row = self.store().sync_status(customer, id).await?;
            let shown = self.show_sync_statuses(customer, row.as_slice()).await?;
            objects.extend(shown.iter().map(|shown| (shown.id.to_string(), json(shown))));
        }
        if !users.is_empty() {
            let rows = self.store().user_platforms(customer).await?;
            let rows = rows.into_iter().filter(|row| users.contains(&row.id));
            objects.extend(rows.map(|row| (row.id.to_string(), json(&view::user_platform(&row)))));
        }
        Ok(objects)
    }

    pub(crate) async fn listed_chats(
        &self,
        customer: &CustomerId,
        ids: BTreeSet<ChatId>,
    ) -> Result<Vec<ListedChat>, EngineError> {
        let mut rows = Vec::new();
        for id in ids {
            rows.extend(self.store().listed_chat(customer, id).await?.filter(|row| row.chat.is_imported()));
        }
        Ok(rows)
    }
}

/// The people and chats that showing a row needs names of.
#[derive(Default)]
struct Named {
    people: BTreeSet<ExternalId>,
    chats: BTreeSet<ExternalId>,
    roots: BTreeSet<ExternalId>,
    emoji: BTreeSet<String>,
}

impl Named {
    fn in_message(row: &Message) -> Self {
        let chats = row.facets.shown().map(|content| content.body.chats().cloned().collect()).unwrap_or_default();
        let roots = row.facets.content.iter().filter_map(|content| content.value.thread_root.clone()).collect();
        Self { people: view::people_of(row), chats, roots, emoji: view::emoji_of(row) }
    }

    fn in_chat(row: &ListedChat) -> Self {
        let mut named = row.last_message.as_ref().map(Self::in_message).unwrap_or_default();
        named.people.extend(Self::in_facts(&row.chat).people);
        named
    }

    fn in_facts(chat: &Chat) -> Self {
        Self {
            people: chat.facts.iter().flat_map(|facts| facts.value.people.iter().cloned()).collect(),
            ..Self::default()
        }
    }
}

fn show_event(row: &Event, objects: &BTreeMap<String, serde_json::Value>) -> view::Event {
    let object_id = match row.event.subject {
        Subject::Message(id) => id.to_string(),
        Subject::Chat(id) => id.to_string(),
        Subject::Connection(id) => id.to_string(),
        Subject::SyncStatus(id) => id.to_string(),
        Subject::UserPlatform(id) => id.to_string(),
    };
    view::Event {
        seq: row.seq,
        position: row.position,
        customer_id: row.customer_id.clone(),
        kind: row.event.kind,
        revision: row.event.revision,
        origin: row.event.origin,
        connection_id: row.event.connection_id,
        chat_id: row.event.chat_id,
        into: row.event.merged_from.as_ref().map(|_| object_id.clone()),
        from: row.event.merged_from.clone(),
        at: row.event.at,
        object: objects.get(&object_id).cloned(),
        object_id,
    }
}

fn json(shown: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(shown).expect("views are plain data, which always serialises")
}

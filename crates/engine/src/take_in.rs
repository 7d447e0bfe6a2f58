//! Decide, commit, announce: the one way in which news change what is stored.

use crate::{Engine, EngineError, MOST_DECISIONS, flow::About};
use model::{
    changes::{Changes, Write},
    connection::Connection,
    connector::{Access, ConnectorError, Reading},
    decide::{Context, Settled, decide},
    event::{NewEvent, Origin},
    facets::Version,
    id::{ChatId, ExternalId, IntakeId, MessageId},
    participant::PersonFacts,
    store::StoreError,
    time::Timestamp,
    update::Update,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many people one batch of news may ask the platform about.
const MOST_LOOKUPS: usize = 20;

/// What is taken in, and what is written in the same commit.
pub(crate) struct News<'a> {
    pub connection: &'a Connection,
    pub updates: Vec<Update>,
    pub origin: Origin,
    /// Rows that must be written with it, or not at all: a part that was read, a cursor.
    pub with: Vec<Write>,
    pub events: Vec<NewEvent>,
    /// By which request each message was told of; nothing where the platform was asked.
    pub told_by: BTreeMap<ExternalId, IntakeId>,
    /// The command that was answered with it, and the chat that it is in.
    pub settled: Option<(Settled, ExternalId)>,
    /// When the platform was asked for them; none for what it told by itself.
    pub asked_at: Option<Timestamp>,
    pub lists_own_chats: bool,
    pub begins_import: bool,
    pub import_new_chat: bool,
    pub no_asides: bool,
}

impl<'a> News<'a> {
    pub fn new(connection: &'a Connection, updates: Vec<Update>, origin: Origin) -> Self {
        Self {
            connection,
            updates,
            origin,
            with: Vec::new(),
            events: Vec::new(),
            told_by: BTreeMap::new(),
            settled: None,
            asked_at: None,
            lists_own_chats: false,
            begins_import: false,
            import_new_chat: false,
            no_asides: false,
        }
    }
}

impl Engine {
    /// Takes in what a platform reported. One commit for the batch, decided anew if it came too late.
    ///
    /// Moves of chats go before it, each alone: a move may write the rows of two chats, and whatever else is
    /// told of them must be decided on what it leaves. The run that reads the chat again is committed with it.
    pub(crate) async fn take_in(&self, news: &News<'_>) -> Result<(), EngineError> {
        let is_move = |update: &Update| matches!(update, Update::ChatMoved { .. });
        let (moves, others): (Vec<_>, Vec<_>) = news.updates.iter().cloned().partition(is_move);
        for moved in moves {
            let run = self.run_after_move(news.connection, &moved).await?;
            let events = run.iter().map(|run| self.sync_event(run)).collect();
            let with = run.into_iter().map(Write::SyncStatus).collect();
            let alone = News::new(news.connection, Vec::new(), news.origin);
            self.take_in_at_once(&News { asked_at: news.asked_at, with, events, ..alone }, vec![moved]).await?;
        }
        self.take_in_at_once(news, others).await
    }

    async fn take_in_at_once(&self, news: &News<'_>, updates: Vec<Update>) -> Result<(), EngineError> {
        let mut connection = news.connection.clone();
        for _ in 0..MOST_DECISIONS {
            let changes = self.decide(&connection, news, updates.clone()).await?;
            if changes.is_empty() {
                return Ok(());
            }
            match self.commit(changes).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Stale) => {} // Somebody else was faster. Look again.
                Err(error) => return Err(error.into()),
            }
            let held = self.own_connection(&connection.customer_id, connection.id).await?;
            (connection.linked, connection.identity) = (held.linked, held.identity);
        }
        Err(StoreError::Stale.into())
    }

    async fn decide(
        &self,
        connection: &Connection,
        news: &News<'_>,
        updates: Vec<Update>,
    ) -> Result<Changes, EngineError> {
        let mut changes = Changes::of(&connection.customer_id);
        let updates = self.under_our_names(connection, updates).await?;
        for (chat, updates) in by_chat(updates, news.settled.as_ref().map(|(_, chat)| chat)) {
            let settled = news.settled.as_ref().filter(|(_, of)| chat.as_ref() == Some(of)).map(|(settled, _)| settled);
            let messages: Vec<MessageId> = settled.iter().map(|settled| settled.command.message_id).collect();
            let known = self.known(connection, chat.as_ref(), &updates, &messages).await?;
            let ids = || self.uuid();
            let context = Context {
                now: self.now(),
                origin: news.origin,
                ids: &ids,
                asked_at: news.asked_at,
                lists_own_chats: news.lists_own_chats,
                begins_import: news.begins_import,
                import_new_chat: news.import_new_chat,
                no_asides: news.no_asides,
            };
            let about = About::of(&known, &updates, &news.told_by);
            let mut decided = decide(known, &updates, settled.cloned(), &context);
            about.decided(&news.told_by, &decided.writes);
            changes.writes.append(&mut decided.writes);
            changes.events.append(&mut decided.events);
        }
        changes.writes.extend(news.with.iter().cloned());
        changes.events.extend(news.events.iter().cloned());
        if !changes.is_empty() {
            // Whose a message is was decided by who the customer is; and nothing comes to whoever was erased meanwhile.
            changes.writes.push(Write::Identity { connection_id: connection.id, identity: connection.identity });
        }
        Ok(changes)
    }

    /// Asks the platform about people whom the updates name and nobody knows. Who cannot be found is not
    /// asked for again. Names are a courtesy: that they cannot be had now holds up nothing.
    pub(crate) async fn look_up_people(
        &self,
        connector: &dyn model::connector::Connector,
        access: &Access<'_>,
        updates: &mut Vec<Update>,
    ) -> Result<(), EngineError> {
        let named: BTreeSet<_> = updates.iter().flat_map(people_in).collect();
        let told: BTreeSet<_> = updates.iter().flat_map(people_told).collect();
        let mut named: Vec<_> = named.difference(&told).cloned().collect();
        if named.is_empty() {
            return Ok(());
        }
        let connection = access.connection;
        let known = self.store().participants_named(&connection.customer_id, connection.id, &named).await?;
        named.retain(|id| !known.iter().any(|person| person.external_ids.contains(id)));
        for id in named.into_iter().take(MOST_LOOKUPS) {
            match connector.pull(access, &Reading::Person(id.clone()), None).await {
                Ok(page) => updates.extend(page.updates),
                Err(ConnectorError::Refused(_) | ConnectorError::Unreadable(_)) => updates.push(Update::Person {
                    ids: vec![id],
                    facts: PersonFacts::default(),
                    version: Version(i64::MIN),
                }),
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Decides on news that were set aside, once no open send of the chat can be theirs any more.
    pub(crate) async fn take_up(&self, connection: &Connection, chat: ChatId) -> Result<(), EngineError> {
        let asides = self.store().asides(&connection.customer_id, chat).await?;
        if asides.is_empty() {
            return Ok(());
        }
        let with = asides.iter().map(|aside| Write::TakeUp {
            chat_id: chat,
            external_id: aside.external_id.clone(),
            version: aside.version,
        });
        let with = with.collect();
        let updates = asides.iter().map(|aside| aside.update.clone()).collect();
        let news = News { with, no_asides: true, ..News::new(connection, updates, Origin::Live) };
        self.take_in(&news).await
    }
}

/// One group a chat; news of no chat go with the first, so that they cost no decision of their own.
fn by_chat(updates: Vec<Update>, settled: Option<&ExternalId>) -> BTreeMap<Option<ExternalId>, Vec<Update>> {
    let mut groups: BTreeMap<Option<ExternalId>, Vec<Update>> = BTreeMap::new();
    for update in updates {
        groups.entry(update.chat().cloned()).or_default().push(update);
    }
    if let Some(chat) = settled {
        groups.entry(Some(chat.clone())).or_default();
    }
    if groups.len() == 2
        && let Some(people) = groups.remove(&None)
        && let Some(mut group) = groups.first_entry()
    {
        group.get_mut().extend(people);
    }
    groups
}

fn people_in(update: &Update) -> Vec<ExternalId> {
    match update {
        Update::Message(message) => {
            message.content.sender.iter().chain(message.content.body.people()).cloned().collect()
        }
        Update::Reacted { actor, .. } => vec![actor.clone()],
        Update::Chat { facts, .. } => facts.people.clone(),
        Update::Deleted { .. }
        | Update::Restored { .. }
        | Update::Undelivered { .. }
        | Update::Reactions { .. }
        | Update::ChatGone { .. }
        | Update::Read { .. }
        | Update::Person { .. }
        | Update::Emoji { .. }
        | Update::EmojiListed { .. }
        | Update::Member { .. }
        | Update::ChatMoved { .. }
        | Update::LoginLost { .. } => Vec::new(),
    }
}

fn people_told(update: &Update) -> Vec<ExternalId> {
    match update {
        Update::Person { ids, .. } => ids.clone(),
        _ => Vec::new(),
    }
}

//! Names of chats that got another id: what is told under any of their ids is put under one.

use crate::{Engine, EngineError};
use model::{
    chat::Chat,
    connection::Connection,
    connector::{Connector, Page},
    id::ExternalId,
    sync_status::{SyncKind, SyncStatus},
    update::Update,
};
use std::{collections::BTreeSet, time::Duration};

/// How soon it is tried again to make two chats one, of which the one that goes still sends something.
pub(crate) const MOVE_AGAIN_AFTER: Duration = Duration::from_secs(2);

impl Engine {
    /// The updates, with their chats and messages under the names that they have here.
    pub(crate) async fn under_our_names(
        &self,
        connection: &Connection,
        updates: Vec<Update>,
    ) -> Result<Vec<Update>, EngineError> {
        let told: BTreeSet<_> = updates.iter().filter_map(Update::chat).cloned().collect();
        let told: Vec<_> = told.into_iter().collect();
        if told.is_empty() {
            return Ok(updates);
        }
        let chats = self.store().chats_named(&connection.customer_id, connection.id, &told).await?;
        let moved: Vec<_> = chats.into_iter().filter(|chat| !chat.aliases.is_empty()).collect();
        if moved.is_empty() {
            return Ok(updates);
        }
        let connector = &*self.offered(&connection.integration)?.connector;
        let rename = |mut update: Update| {
            let chat = moved.iter().find(|chat| update.chat().is_some_and(|told| chat.is_called(told)));
            chat.inspect(|chat| put_under(connector, &mut update, chat.named_under()));
            update
        };
        Ok(updates.into_iter().map(rename).collect())
    }

    /// The same for a page about one chat, with the threads that it vouches for.
    pub(crate) async fn page_under_our_names(
        &self,
        connection: &Connection,
        chat: &Chat,
        page: Page,
    ) -> Result<Page, EngineError> {
        if chat.named_under.is_none() {
            return Ok(page);
        }
        let connector = &*self.offered(&connection.integration)?.connector;
        let mut whole = page.whole;
        for thread in whole.iter_mut().filter_map(|stretch| stretch.thread.as_mut()) {
            *thread = connector.named_in(thread, chat.named_under());
        }
        Ok(Page { updates: self.under_our_names(connection, page.updates).await?, whole, ..page })
    }

    /// Whether two chats are to become one, and the one that goes has commands that must be done first.
    pub(crate) async fn must_wait(&self, connection: &Connection, updates: &[Update]) -> Result<bool, EngineError> {
        for update in updates {
            let Update::ChatMoved { from, into, .. } = update else { continue };
            let [from, into] = self.both(connection, from, into).await?;
            if let (Some(from), Some(into)) = (from, into)
                && from.id != into.id
                && from.is_imported()
                && into.is_imported()
                && !self.store().open_commands(&into.customer_id, into.id).await?.is_empty()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The run that reads a chat again which moves: what was told around the move under an id that could not be asked
    /// about was held back. Of one that was begun here, others may have written before its id was known.
    pub(crate) async fn run_after_move(
        &self,
        connection: &Connection,
        moved: &Update,
    ) -> Result<Option<SyncStatus>, EngineError> {
        let Update::ChatMoved { from, into, .. } = moved else { return Ok(None) };
        let [from, other] = self.both(connection, from, into).await?;
        let begun_here = from.as_ref().is_some_and(|from| from.begun_here);
        // The one that will stand for both; none for a repeat, and where nothing was told under the old id.
        let kept = match (from, other) {
            (Some(from), Some(other)) if from.id == other.id => None,
            (Some(from), _) if from.is_imported() => Some(from),
            (Some(_), other) => other.filter(Chat::is_imported),
            (None, _) => None,
        };
        let kind = if begun_here { SyncKind::Import } else { SyncKind::Reconcile };
        Ok(kept.map(|chat| self.new_sync(connection, Some(&chat), kind, None)))
    }

    async fn both(
        &self,
        connection: &Connection,
        from: &ExternalId,
        into: &ExternalId,
    ) -> Result<[Option<Chat>; 2], EngineError> {
        let store = self.store();
        let mut chats = [None, None];
        for (slot, name) in chats.iter_mut().zip([from, into]) {
            let named = std::slice::from_ref(name);
            *slot = store.chats_named(&connection.customer_id, connection.id, named).await?.pop();
        }
        Ok(chats)
    }

    /// A message's name at the platform by now, where its chat may have got another id.
    pub(crate) fn name_there(
        &self,
        connection: &Connection,
        chat: &Chat,
        message: &ExternalId,
    ) -> Result<ExternalId, EngineError> {
        if chat.named_under.is_none() {
            return Ok(message.clone());
        }
        Ok(self.offered(&connection.integration)?.connector.named_in(message, &chat.external_id))
    }
}

fn put_under(connector: &dyn Connector, update: &mut Update, name: &ExternalId) {
    match update {
        Update::Message(told) => {
            told.chat.clone_from(name);
            told.id = connector.named_in(&told.id, name);
            let root = told.content.thread_root.take();
            told.content.thread_root = root.map(|root| connector.named_in(&root, name));
        }
        Update::Deleted { chat, message, .. }
        | Update::Restored { chat, message, .. }
        | Update::Undelivered { chat, message, .. }
        | Update::Reacted { chat, message, .. }
        | Update::Reactions { chat, message, .. } => {
            chat.clone_from(name);
            *message = connector.named_in(message, name);
        }
        Update::Chat { chat, .. } | Update::ChatGone { chat, .. } | Update::Member { chat, .. } => {
            chat.clone_from(name);
        }
        Update::Read { chat, mark, .. } => {
            chat.clone_from(name);
            mark.message = connector.named_in(&mark.message, name);
        }
        // Which of its ids it gave up is what a move tells.
        Update::ChatMoved { .. }
        | Update::Person { .. }
        | Update::Emoji { .. }
        | Update::EmojiListed { .. }
        | Update::LoginLost { .. } => {}
    }
}

//! Accepts what the app or a person wants, once for each idempotency key.

use crate::{
    Backlogged, Engine, EngineError, FLOW, MOST_DECISIONS,
    compose::{Mail, with_chat},
};
use model::{
    accept::{self, Accepted, Answers, Desk, mail},
    body::{self, Body, Known},
    changes::{Remembered, Write},
    chat::Chat,
    connection::Connection,
    customer::CustomerId,
    event::Origin,
    id::{ChatId, ConnectionId, ExternalId, MessageId, UploadId},
    letter::{Envelope, Letter},
    message::{Message, Problem},
    store::StoreError,
    upload::Upload,
};
use std::time::Duration;
use tracing::{Instrument, debug_span};

/// How long the answer to an unsafe call is remembered.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many messages that were merged are followed to the one that stands for them.
const MOST_MERGES: usize = 8;

/// What is to be said, in the language that it is written in. In each, `<@ID>` mentions a person and
/// `<#ID>` a chat by the platform's id, and addresses of the web and `:emoji:` are what they look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wording {
    /// Words as they stand.
    Text(String),
    /// Markdown.
    Markdown(String),
    /// A strict part of HTML.
    Html(String),
}

impl Wording {
    fn read(&self) -> Body {
        match self {
            Self::Text(text) => Body::plain(text),
            Self::Markdown(markdown) => body::markdown::read(markdown),
            Self::Html(html) => body::html::read(html),
        }
    }
}

/// A message that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it says.
    pub wording: Wording,
    /// A message of the thread to answer in.
    pub thread_root: Option<MessageId>,
    /// Uploaded files that go with it.
    pub files: Vec<UploadId>,
    /// The answer is to stand in the chat's main line as well.
    pub broadcast: bool,
    /// What is to stand on it, where it is a mail.
    pub mail: Option<Mail>,
}

/// What makes a repeated call the same call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The caller's key.
    pub key: String,
    /// A hash of all that was asked.
    pub request_hash: String,
}

/// What is to become of a message that failed or is uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Send it again.
    SendAgain,
    /// Somebody saw it there.
    ItWasSent,
    /// It is not to be sent.
    GiveUp,
}

/// Where something is asked for.
pub(crate) enum Place<'a> {
    /// In a chat that is here.
    Chat(ChatId),
    /// In a thread of mail that begins with it.
    Begun(ConnectionId, &'a Envelope),
}

/// What is asked for.
pub(crate) enum Wish<'a> {
    Send { draft: &'a Draft, thread: Option<Answers> },
    Edit { id: MessageId, wording: &'a Wording },
    Delete { id: MessageId },
    React { id: MessageId, emoji: &'a str, present: bool },
    Retry { id: MessageId, resolution: Resolution },
}

/// What is asked for, with the rows that it is about.
enum Wanted<'a> {
    Send(Body, Option<Answers>, Vec<Upload>, Option<Letter>),
    Edit(Message, Body),
    Delete(Message),
    React(Message, &'a str, bool),
    Retry(Message, Resolution),
}

impl Wanted<'_> {
    fn put(self, desk: &Desk<'_>) -> Result<Accepted, Problem> {
        match self {
            Self::Send(body, thread, files, letter) => desk.send(body, thread, files, letter),
            Self::Edit(message, body) => desk.edit(&message, body),
            Self::Delete(message) => desk.delete(&message),
            Self::React(message, emoji, present) => desk.react(&message, emoji, present),
            Self::Retry(message, Resolution::SendAgain) => desk.send_again(&message),
            Self::Retry(message, Resolution::ItWasSent) => desk.resolve(&message, true),
            Self::Retry(message, Resolution::GiveUp) => desk.resolve(&message, false),
        }
    }
}

impl Engine {
    /// Accepts a new message. It is on disk, and shows as pending, when this returns.
    pub async fn send(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        draft: Draft,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        let broadcast = draft.broadcast;
        let thread = match draft.thread_root {
            Some(id) => Some(Answers { root: thread_of(&self.living_message(customer, id).await?)?, broadcast }),
            None if broadcast => {
                let detail = "Only an answer in a thread can be shown outside of it. Name its thread_root.";
                return Err(EngineError::refused("broadcast_without_thread", detail));
            }
            None => None,
        };
        let wish = Wish::Send { draft: &draft, thread };
        self.accept(customer, &Place::Chat(chat), &wish, origin, key).instrument(accepting(customer)).await
    }

    /// Accepts a change of what a message says.
    pub async fn edit(
        &self,
        customer: &CustomerId,
        id: MessageId,
        wording: &Wording,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        self.accept_change(customer, id, Wish::Edit { id, wording }, origin, key).await
    }

    /// Accepts a deletion.
    pub async fn delete(
        &self,
        customer: &CustomerId,
        id: MessageId,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        self.accept_change(customer, id, Wish::Delete { id }, origin, key).await
    }

    /// Accepts a reaction, or taking one back.
    pub async fn react(
        &self,
        customer: &CustomerId,
        id: MessageId,
        emoji: &str,
        present: bool,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        self.accept_change(customer, id, Wish::React { id, emoji, present }, origin, key).await
    }

    /// Accepts what is to become of a message that failed or is uncertain.
    pub async fn retry(
        &self,
        customer: &CustomerId,
        id: MessageId,
        resolution: Resolution,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        self.accept_change(customer, id, Wish::Retry { id, resolution }, origin, key).await
    }

    async fn accept_change(
        &self,
        customer: &CustomerId,
        id: MessageId,
        wish: Wish<'_>,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        let chat = self.living_message(customer, id).await?.chat_id;
        self.accept(customer, &Place::Chat(chat), &wish, origin, key).instrument(accepting(customer)).await
    }

    /// One commit takes the command, its message and the memory of the key, or nothing.
    pub(crate) async fn accept(
        &self,
        customer: &CustomerId,
        place: &Place<'_>,
        wish: &Wish<'_>,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        for _ in 0..MOST_DECISIONS {
            if let Some(message) = self.answered_before(customer, key).await? {
                return Ok(message);
            }
            let (connection, chat) = self.place(customer, place).await?;
            // Counted after the number is known: whoever came in between has that number, unless it was freed.
            let number = self.store().next_command_number(customer).await?;
            let ends = matches!(wish, Wish::Retry { resolution: Resolution::ItWasSent | Resolution::GiveUp, .. });
            if !ends {
                self.check_room(customer).await?;
            }
            let wanted = self.wanted(&connection, &chat, wish).await?;
            let mut accepted = {
                let ids = || self.uuid();
                let (connection, chat, now) = (&connection, &chat, self.now());
                wanted.put(&Desk { connection, chat, number, now, origin, ids: &ids }).map_err(EngineError::Refused)?
            };
            if let Place::Begun(..) = place {
                with_chat(&mut accepted, &connection, chat, origin);
            }
            accepted.changes.writes.extend(self.remembered(&accepted.message, key));
            match self.commit(accepted.changes).await {
                Ok(_) => return Ok(accepted.message),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy(Duration::from_secs(1)))
    }

    async fn place(&self, customer: &CustomerId, place: &Place<'_>) -> Result<(Connection, Chat), EngineError> {
        match place {
            Place::Chat(id) => {
                let chat = self.store().chat(customer, *id).await?.ok_or(EngineError::NotFound)?;
                Ok((self.own_connection(customer, chat.connection_id).await?, chat))
            }
            Place::Begun(id, envelope) => {
                let connection = self.own_connection(customer, *id).await?;
                let chat = mail::begun(&connection, envelope, ChatId::from(self.uuid()), self.now());
                Ok((connection, chat))
            }
        }
    }

    /// What is kept for the call to be repeated, if it bears a key.
    fn remembered(&self, message: &Message, key: Option<&Idempotency>) -> Option<Write> {
        let key = key?;
        Some(Write::Remember(Remembered {
            key: key.key.clone(),
            request_hash: key.request_hash.clone(),
            answer: serde_json::json!({ "message_id": message.id }),
            until: self.now() + REMEMBERED_FOR,
        }))
    }

    /// Refuses what would be one too many to wait. What ends something is always taken.
    async fn check_room(&self, customer: &CustomerId) -> Result<(), EngineError> {
        let most = self.parts.bounds.outbox;
        if self.store().open_command_count(customer, most).await? >= most {
            return Err(EngineError::Full(Backlogged::Outbox));
        }
        Ok(())
    }

    /// A wish with the rows and names that it is about, or why it cannot be.
    async fn wanted<'a>(
        &self,
        connection: &Connection,
        chat: &Chat,
        wish: &Wish<'a>,
    ) -> Result<Wanted<'a>, EngineError> {
        let customer = &connection.customer_id;
        Ok(match wish {
            Wish::Send { draft, thread } => {
                let (body, files) = self.content(connection, draft, thread.as_ref()).await?;
                let letter = self.letter(connection, chat, draft.mail.as_ref()).await?;
                Wanted::Send(body, thread.clone(), files, letter)
            }
            Wish::Edit { id, wording } => {
                let (message, body) = (self.living_message(customer, *id).await?, wording.read());
                accept::check_edit(&connection.abilities, &message, &body).map_err(EngineError::Refused)?;
                Wanted::Edit(message, self.meant(connection, &body).await?)
            }
            Wish::Delete { id } => Wanted::Delete(self.living_message(customer, *id).await?),
            Wish::React { id, emoji, present } => {
                Wanted::React(self.living_message(customer, *id).await?, emoji, *present)
            }
            Wish::Retry { id, resolution } => Wanted::Retry(self.living_message(customer, *id).await?, *resolution),
        })
    }

    /// What a draft says, with its files.
    async fn content(
        &self,
        connection: &Connection,
        draft: &Draft,
        thread: Option<&Answers>,
    ) -> Result<(Body, Vec<Upload>), EngineError> {
        let body = draft.wording.read();
        let files = self.uploads(&connection.customer_id, &draft.files).await?;
        accept::check_send(&connection.abilities, &body, thread, &files).map_err(EngineError::Refused)?;
        Ok((self.meant(connection, &body).await?, files))
    }

    async fn answered_before(
        &self,
        customer: &CustomerId,
        key: Option<&Idempotency>,
    ) -> Result<Option<Message>, EngineError> {
        let Some(key) = key else { return Ok(None) };
        let Some(held) = self.store().remembered(customer, &key.key).await? else { return Ok(None) };
        if held.request_hash != key.request_hash {
            return Err(EngineError::KeyReused);
        }
        let id = held.answer["message_id"].as_str().and_then(|id| id.parse().ok()).ok_or(EngineError::NotFound)?;
        self.living_message(customer, id).await.map(Some)
    }

    /// A message, or the one that it turned out to be.
    pub async fn living_message(&self, customer: &CustomerId, id: MessageId) -> Result<Message, EngineError> {
        let mut id = id;
        for _ in 0..MOST_MERGES {
            let message = self.store().message(customer, id).await?.ok_or(EngineError::NotFound)?;
            match message.merged_into {
                Some(into) => id = into,
                None if message.is_shown() => return Ok(message),
                None => return Err(EngineError::NotFound),
            }
        }
        Err(EngineError::NotFound)
    }

    /// A body with its mentions, as far as they name somebody whom the connection knows.
    async fn meant(&self, connection: &Connection, body: &Body) -> Result<Body, EngineError> {
        let (people, chats) = body.named();
        let (customer, store) = (&connection.customer_id, self.store());
        let people = store.participants_named(customer, connection.id, &people).await?;
        let chats = store.chats_named(customer, connection.id, &chats).await?;
        Ok(body.meant(&Known {
            person: &|id| people.iter().any(|one| one.external_ids.contains(id)),
            chat: &|id| chats.iter().any(|chat| chat.external_id == *id),
        }))
    }
}

pub(crate) fn accepting(customer_id: &CustomerId) -> tracing::Span {
    debug_span!(target: FLOW, "accept", %customer_id)
}

/// The thread that a message stands in: its root's, or its own.
fn thread_of(message: &Message) -> Result<ExternalId, EngineError> {
    let held = message.facets.shown().and_then(|content| content.thread_root.clone());
    held.or_else(|| message.external_id.clone()).ok_or_else(|| {
        EngineError::Refused(Problem {
            code: "root_not_sent".to_owned(),
            detail: "The message to answer is not at the platform yet. Try again when it is sent.".to_owned(),
        })
    })
}

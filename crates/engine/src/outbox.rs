//! Accepts what the app or a person wants, once for each idempotency key.

use crate::{Engine, EngineError, MOST_DECISIONS};
use model::{
    accept::{self, Accepted, Desk},
    body::Body,
    changes::{Remembered, Write},
    chat::Chat,
    connection::Connection,
    customer::CustomerId,
    event::Origin,
    id::{ChatId, ExternalId, MessageId},
    message::{Message, Problem},
    store::StoreError,
};
use std::time::Duration;
use uuid::Uuid;

/// How long the answer to an unsafe call is remembered.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many messages that were merged are followed to the one that stands for them.
const MOST_MERGES: usize = 8;

/// A message that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The text. `<@ID>` mentions a person and `<#ID>` a chat, by the platform's id.
    pub text: String,
    /// A message of the thread to answer in.
    pub thread_root: Option<MessageId>,
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
        let root = match draft.thread_root {
            Some(id) => Some(self.living_message(customer, id).await?),
            None => None,
        };
        self.accept(customer, chat, origin, key, async |connection, desk| {
            accept::check_send(&connection.abilities, &draft.text, root.is_some()).map_err(EngineError::Refused)?;
            let root = root.as_ref().map(thread_of).transpose()?;
            let body = self.body(connection, &draft.text).await?;
            desk.send(body, root).map_err(EngineError::Refused)
        })
        .await
    }

    /// Accepts a change of what a message says.
    pub async fn edit(
        &self,
        customer: &CustomerId,
        id: MessageId,
        text: &str,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        let chat = self.living_message(customer, id).await?.chat_id;
        self.accept(customer, chat, origin, key, async |connection, desk| {
            accept::check_edit(&connection.abilities, text).map_err(EngineError::Refused)?;
            let body = self.body(connection, text).await?;
            desk.edit(&self.living_message(customer, id).await?, body).map_err(EngineError::Refused)
        })
        .await
    }

    /// Accepts a deletion.
    pub async fn delete(
        &self,
        customer: &CustomerId,
        id: MessageId,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        let chat = self.living_message(customer, id).await?.chat_id;
        self.accept(customer, chat, origin, key, async |_, desk| {
            desk.delete(&self.living_message(customer, id).await?).map_err(EngineError::Refused)
        })
        .await
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
        let chat = self.living_message(customer, id).await?.chat_id;
        self.accept(customer, chat, origin, key, async |_, desk| {
            desk.react(&self.living_message(customer, id).await?, emoji, present).map_err(EngineError::Refused)
        })
        .await
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
        let chat = self.living_message(customer, id).await?.chat_id;
        self.accept(customer, chat, origin, key, async |_, desk| {
            let message = self.living_message(customer, id).await?;
            let accepted = match resolution {
                Resolution::SendAgain => desk.send_again(&message),
                Resolution::ItWasSent => desk.resolve(&message, true),
                Resolution::GiveUp => desk.resolve(&message, false),
            };
            accepted.map_err(EngineError::Refused)
        })
        .await
    }

    /// One commit takes the command, its message and the memory of the key, or nothing.
    async fn accept(
        &self,
        customer: &CustomerId,
        chat: ChatId,
        origin: Origin,
        key: Option<&Idempotency>,
        take: impl AsyncFn(&Connection, &Desk<'_>) -> Result<Accepted, EngineError>,
    ) -> Result<Message, EngineError> {
        for _ in 0..MOST_DECISIONS {
            if let Some(message) = self.answered_before(customer, key).await? {
                return Ok(message);
            }
            let chat = self.store().chat(customer, chat).await?.ok_or(EngineError::NotFound)?;
            let connection = self.own_connection(customer, chat.connection_id).await?;
            let number = self.store().next_command_number(customer).await?;
            let ids = || self.uuid();
            let mut accepted = take(&connection, &self.desk(&connection, &chat, number, origin, &ids)).await?;
            if let Some(key) = key {
                accepted.changes.writes.push(Write::Remember(Remembered {
                    key: key.key.clone(),
                    request_hash: key.request_hash.clone(),
                    answer: serde_json::json!({ "message_id": accepted.message.id }),
                    until: self.now() + REMEMBERED_FOR,
                }));
            }
            match self.commit(accepted.changes).await {
                Ok(_) => return Ok(accepted.message),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy(Duration::from_secs(1)))
    }

    fn desk<'a>(
        &self,
        connection: &'a Connection,
        chat: &'a Chat,
        number: u64,
        origin: Origin,
        ids: &'a dyn Fn() -> Uuid,
    ) -> Desk<'a> {
        Desk { connection, chat, number, now: self.now(), origin, ids }
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

    /// A text with its mentions, as far as they name somebody whom the connection knows.
    async fn body(&self, connection: &Connection, text: &str) -> Result<Body, EngineError> {
        let pieces = pieces(text);
        let ids = |wanted: char| -> Vec<ExternalId> {
            let named = |piece: &Piece<'_>| match piece {
                Piece::Mention(sign, id) if *sign == wanted => Some(ExternalId::from(*id)),
                Piece::Mention(..) | Piece::Words(_) => None,
            };
            pieces.iter().filter_map(named).collect()
        };
        let (customer, store) = (&connection.customer_id, self.store());
        let people = store.participants_named(customer, connection.id, &ids('@')).await?;
        let chats = store.chats_named(customer, connection.id, &ids('#')).await?;
        let mut body = Body::default();
        for piece in &pieces {
            match piece {
                Piece::Words(words) => body.push_text(words),
                Piece::Mention('@', id)
                    if people.iter().any(|one| one.external_ids.contains(&ExternalId::from(*id))) =>
                {
                    body.push_person(ExternalId::from(*id), *id);
                }
                Piece::Mention('#', id) if chats.iter().any(|chat| chat.external_id.as_str() == *id) => {
                    body.push_chat(ExternalId::from(*id), *id);
                }
                Piece::Mention(sign, id) => body.push_text(&format!("<{sign}{id}>")),
            }
        }
        Ok(body)
    }
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

enum Piece<'a> {
    Words(&'a str),
    Mention(char, &'a str),
}

/// Splits a text at its mentions, `<@ID>` and `<#ID>`.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    let mut from = 0;
    while let Some(start) = rest[from..].find('<').map(|at| at + from) {
        let tail = &rest[start + 1..];
        let sign = tail.chars().next().filter(|sign| matches!(sign, '@' | '#'));
        let end =
            tail.find('>').filter(|end| *end > 1 && tail[1..*end].chars().all(|letter| letter.is_ascii_alphanumeric()));
        match (sign, end) {
            (Some(sign), Some(end)) => {
                pieces.push(Piece::Words(&rest[..start]));
                pieces.push(Piece::Mention(sign, &tail[1..end]));
                (rest, from) = (&tail[end + 1..], 0);
            }
            _ => from = start + 1,
        }
    }
    pieces.push(Piece::Words(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |piece: &Piece<'_>| match piece {
            Piece::Words(words) => (*words).to_owned(),
            Piece::Mention(sign, id) => format!("[{sign}{id}]"),
        };
        pieces(text).iter().map(show).filter(|piece| !piece.is_empty()).collect()
    }

    #[test]
    fn mentions_are_found_and_other_brackets_stay_words() {
        assert_eq!(
            shown("hi <@U1>, see <#C2> & 1 < 2 <b> <@>"),
            ["hi ", "[@U1]", ", see ", "[#C2]", " & 1 < 2 <b> <@>"]
        );
        assert_eq!(shown("<é@U1> <@U1"), ["<é@U1> <@U1"]);
    }
}

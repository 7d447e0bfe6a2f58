//! Accepts what is written as mail: what stands on it, and threads that are begun.

use crate::{
    Draft, Engine, EngineError, Idempotency,
    outbox::{Place, Wish, accepting},
};
use model::{
    accept::{Accepted, mail},
    changes::{Naming, Thing, Write},
    chat::Chat,
    connection::Connection,
    customer::CustomerId,
    event::{EventKind, NewEvent, Origin, Subject},
    facets::Content,
    id::{ConnectionId, MessageId},
    letter::{Correspondent, Envelope, Letter, Manner},
    message::{Message, Problem},
    store::Paging,
};
use tracing::Instrument;

/// Among how many of the newest messages the mail is looked for that an answer is about.
const NEWEST_LOOKED_AT: usize = 20;

/// What is to stand on a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// How it stands to those before it.
    pub manner: Manner,
    /// The mail that it answers or hands on; the newest of the thread where none is named.
    pub about: Option<MessageId>,
    /// To whom, where somebody says so.
    pub to: Option<Vec<Correspondent>>,
    /// Who else is to read it, where somebody says so.
    pub cc: Option<Vec<Correspondent>>,
    /// Who reads it without the others' knowing.
    pub bcc: Vec<Correspondent>,
    /// What it is about, where somebody says so.
    pub subject: Option<String>,
}

impl Mail {
    fn envelope(&self, about: Option<&Message>) -> Envelope {
        Envelope {
            manner: self.manner,
            about: about.and_then(|about| about.external_id.clone()),
            to: self.to.clone(),
            cc: self.cc.clone(),
            bcc: self.bcc.clone(),
            subject: self.subject.clone(),
        }
    }
}

impl Engine {
    /// Begins a thread of mail: its chat, its first message and the command are one commit. The chat is here, and its
    /// message shows as pending, when this returns.
    pub async fn begin_thread(
        &self,
        customer: &CustomerId,
        connection: ConnectionId,
        draft: Draft,
        origin: Origin,
        key: Option<&Idempotency>,
    ) -> Result<Message, EngineError> {
        let mail = Mail { manner: Manner::New, ..draft.mail.clone().unwrap_or_default() };
        let envelope = mail.envelope(None);
        let draft = Draft { mail: Some(mail), ..draft };
        let wish = Wish::Send { draft: &draft, thread: None };
        let place = Place::Begun(connection, &envelope);
        self.accept(customer, &place, &wish, origin, key).instrument(accepting(customer)).await
    }

    /// How a mail shows until it is sent, if the connection has mail at all.
    pub(crate) async fn letter(
        &self,
        connection: &Connection,
        chat: &Chat,
        asked: Option<&Mail>,
    ) -> Result<Option<Letter>, EngineError> {
        if !connection.abilities.mail && asked.is_none() {
            return Ok(None);
        }
        let named = match asked.and_then(|asked| asked.about) {
            Some(id) => Some(self.about(chat, id).await?),
            None => None,
        };
        let envelope = asked.map(|asked| asked.envelope(named.as_ref()));
        if let Some(envelope) = &envelope {
            mail::check_envelope(&connection.abilities, envelope).map_err(EngineError::Refused)?;
        }
        let about = match named {
            Some(named) => Some(named),
            None => self.newest_mail(chat).await?,
        };
        let about = about.as_ref().and_then(|about| about.facets.shown());
        let own = connection.own_ids().cloned().collect();
        Ok(Some(mail::letter(envelope.as_ref(), about, &own)))
    }

    /// The mail that is named to be answered or handed on.
    async fn about(&self, chat: &Chat, id: MessageId) -> Result<Message, EngineError> {
        let message = self.living_message(&chat.customer_id, id).await?;
        let refused = |code: &str, detail: &str| {
            Err(EngineError::Refused(Problem { code: code.to_owned(), detail: detail.to_owned() }))
        };
        if message.chat_id != chat.id {
            return refused("about_elsewhere", "The mail to answer or hand on stands in another chat.");
        }
        if message.facets.is_deleted() {
            return refused("message_deleted", "The message is deleted.");
        }
        if message.external_id.is_none() {
            return refused("about_not_sent", "The mail to answer or hand on is not sent yet. Try again when it is.");
        }
        Ok(message)
    }

    /// The newest mail of a chat, from wherever; what waits here to be sent counts too.
    async fn newest_mail(&self, chat: &Chat) -> Result<Option<Message>, EngineError> {
        let newest = Paging { after: None, limit: NEWEST_LOOKED_AT };
        let newest = self.store().messages_of(&chat.customer_id, chat.id, &newest).await?;
        let is_mail = |message: &Message| message.facets.shown().is_some_and(has_letter);
        Ok(newest.items.into_iter().find(is_mail))
    }
}

fn has_letter(content: &Content) -> bool {
    content.letter.is_some()
}

/// Puts the chat before the message in it. Nothing is written for a connection that is gone meanwhile.
pub(crate) fn with_chat(accepted: &mut Accepted, connection: &Connection, chat: Chat, origin: Origin) {
    let (connection_id, thing) = (connection.id, Thing::Chat(chat.id));
    let created = NewEvent {
        kind: EventKind::ChatCreated,
        subject: Subject::Chat(chat.id),
        revision: chat.revision,
        connection_id: Some(connection_id),
        chat_id: Some(chat.id),
        origin,
        merged_from: None,
        at: chat.created_at,
    };
    let writes = [
        Write::Identity { connection_id, identity: connection.identity },
        Write::Name(Naming { connection_id, external_id: chat.external_id.clone(), thing }),
        Write::Chat(chat),
    ];
    accepted.changes.writes.splice(0..0, writes);
    accepted.changes.events.insert(0, created);
}

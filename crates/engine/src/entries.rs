//! What messages, chats and people are found by.
//!
//! A name that changes later rewrites no message: what somebody wrote, or is named in, bears their mark,
//! and the names are looked up when something is asked.

use crate::{Engine, EngineError};
use model::{
    changes::Thing,
    chat::Chat,
    customer::CustomerId,
    index::{Entry, Indexing},
    message::Message,
    participant::Participant,
    search::{self, Tokens, chat_mark, connection_mark, person_mark},
    view,
};

/// How many people of a chat it is found by.
const PEOPLE_OF_CHAT: usize = 500;

impl Engine {
    /// What these messages are found by; those that nobody sees, by nothing.
    pub(crate) async fn message_entries(
        &self,
        customer: &CustomerId,
        rows: &[Message],
    ) -> Result<Vec<Indexing>, EngineError> {
        let shown = self.show_messages(customer, rows).await?;
        Ok(rows.iter().zip(&shown).map(|(row, shown)| message_entry(row, shown)).collect())
    }

    /// What a chat is found by: its own name, and the other people in it.
    pub(crate) async fn chat_entry(&self, row: &Chat) -> Result<Indexing, EngineError> {
        let customer = row.customer_id.clone();
        let connection = self.store().connection(&customer, row.connection_id).await?;
        let (Some(connection), Some(facts), true) = (connection, &row.facts, row.is_imported()) else {
            return Ok(Indexing::Remove(customer, Thing::Chat(row.id)));
        };
        let (words, mut marks) = search::tokens(facts.value.name.as_deref().unwrap_or_default()).texts();
        let others = facts.value.people.iter().filter(|id| !connection.person.contains(id)).take(PEOPLE_OF_CHAT);
        marks.extend(others.map(|id| person_mark(row.connection_id, id)));
        marks.push(connection_mark(row.connection_id));
        let (thing, at) = (Thing::Chat(row.id), row.created_at);
        Ok(Indexing::Put(Entry { customer, thing, at, chat: None, words, marks, bears: Vec::new() }))
    }

    /// What a person is found by: names and mail addresses.
    pub(crate) fn person_entry(row: &Participant) -> Indexing {
        let (customer, thing) = (row.customer_id.clone(), Thing::Participant(row.id));
        let Some(facts) = row.facts.as_ref().map(|facts| &facts.value).filter(|_| !row.external_ids.is_empty()) else {
            return Indexing::Remove(customer, thing);
        };
        let mut tokens = Tokens::default();
        let names = [facts.name.as_str()].into_iter().chain(facts.handle.as_deref());
        for name in names.chain(facts.emails.iter().map(String::as_str)) {
            tokens.append(search::tokens(name));
        }
        let (words, marks) = tokens.texts();
        let bears = row.external_ids.iter().map(|id| person_mark(row.connection_id, id)).collect();
        Indexing::Put(Entry { customer, thing, at: row.asked_at, chat: None, words, marks, bears })
    }
}

fn message_entry(row: &Message, shown: &view::Message) -> Indexing {
    let (customer, thing) = (row.customer_id.clone(), Thing::Message(row.id));
    let Some(content) = row.facets.shown().filter(|_| row.is_shown()) else {
        return Indexing::Remove(customer, thing);
    };
    let mut tokens = search::tokens(&shown.body.text);
    for attachment in &shown.attachments {
        tokens.append(search::tokens(&attachment.name));
    }
    let (words, mut marks) = tokens.texts();
    let people: std::collections::BTreeSet<_> = content.body.people().chain(&content.sender).collect();
    marks.extend(people.into_iter().map(|id| person_mark(row.connection_id, id)));
    marks.extend([chat_mark(row.chat_id), connection_mark(row.connection_id)]);
    let (at, chat) = (row.sent_at(), Some(row.chat_id));
    Indexing::Put(Entry { customer, thing, at, chat, words, marks, bears: Vec::new() })
}

//! Read marks: Slack keeps one for each person and chat, which only their own token sees and sets.

use crate::slack::{
    client::{Answer, Client},
    id::{self, Ts},
    login, problem, wire,
};
use model::{
    chat::ReadMark,
    connector::{Access, ConnectorError, Page},
    id::ExternalId,
    update::{Said, Update},
};

/// How far the person of the connection has read a chat. Nothing by a bot, whose mark is its own.
pub async fn pull(access: &Access<'_>, chat: &ExternalId) -> Result<Page, ConnectorError> {
    let client = Client::reading(access)?;
    if !id::is_member(&login::reading(access)?.login.account) {
        return Ok(Page::default());
    }
    let channel = id::channel(chat)?;
    let held = last_read(&client.conversations_info(channel).await?)?;
    Ok(Page { updates: held.map(|ts| read(channel, &ts)).into_iter().collect(), ..Page::default() })
}

/// Sets how far the person has read. Slack would let a mark go backwards, so it is asked first.
pub async fn mark(access: &Access<'_>, chat: &ExternalId, message: &ExternalId) -> Result<Vec<Update>, ConnectorError> {
    if !id::is_member(&login::writing(access)?.login.account) {
        return Err(problem::refused("not_allowed_token_type", None));
    }
    let client = Client::writing(access)?;
    let (channel, (_, ts)) = (id::channel(chat)?, id::place(message)?);
    let held = last_read(&client.conversations_info(channel).await?)?;
    if let Some(held) = held.filter(|held| held.micros() >= ts.micros()) {
        return Ok(vec![read(channel, &held)]);
    }
    client.conversations_mark(channel, &ts).await?;
    Ok(vec![read(channel, &ts)])
}

fn last_read(answer: &Answer) -> Result<Option<Ts>, ConnectorError> {
    let shown: wire::Channel = answer.field("channel")?;
    // Where nothing was ever read, Slack says the beginning of time.
    Ok(shown.last_read.as_deref().and_then(Ts::parse).filter(|ts| ts.micros() > 0))
}

fn read(channel: &str, ts: &Ts) -> Update {
    let mark = ReadMark { position: ts.position(), message: id::message(channel, ts) };
    Update::Read { chat: id::chat(channel), mark, said: Said::There }
}

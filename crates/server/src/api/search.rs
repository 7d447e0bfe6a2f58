//! All chats as one stream, and what is found in them.

use crate::{
    api::{
        ask::{Asked, named},
        auth::Customer,
        connections::own,
        error::ApiError,
        lists::{Listed, PageOf},
    },
    serve::Server,
};
use axum::{Json, extract::State};
use engine::{Through, Within};
use model::{
    id::{ChatId, ConnectionId},
    search::LONGEST_QUESTION,
    time::Timestamp,
    view,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which messages are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// Of this platform only.
    pub platform: Option<String>,
    /// Of this connection only.
    pub connection_id: Option<String>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// How many at most; 50 by itself, 200 at most.
    pub limit: Option<usize>,
}

/// What is sought, and where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words that must all be there; the last may be a beginning. Phrases stand in quotes. 200 letters at
    /// most.
    pub q: Option<String>,
    /// In this chat only.
    pub chat_id: Option<String>,
    /// Of this connection only.
    pub connection_id: Option<String>,
    /// Of this platform only.
    pub platform: Option<String>,
    /// Nothing older.
    pub from: Option<Timestamp>,
    /// Nothing from then on.
    pub to: Option<Timestamp>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// How many at most; 50 by itself, 200 at most.
    pub limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchAnswer {
    /// Messages, the latest first. A page may have fewer than asked for, and still not be the last.
    pub items: Vec<view::Hit>,
    /// Chats whose names or people were sought, the most recently active first. On the first page of a
    /// search through all chats and times.
    pub chats: Vec<view::ChatHit>,
    /// Gives the next page; none at the end.
    pub next_cursor: Option<String>,
    /// The number of the customer's last event.
    pub as_of_seq: u64,
    /// The feed up to this number can be found. What is later may still be missing.
    pub indexed_to_seq: u64,
    /// The index is being made anew, and older things may be missing, too.
    pub rebuilding: bool,
}

async fn through(
    server: &Server,
    customer: &Customer,
    connection: Option<&str>,
    platform: Option<String>,
) -> Result<Through, ApiError> {
    let connection = connection.map(named::<ConnectionId>).transpose()?;
    if let Some(id) = connection {
        own(server, customer, id).await?;
    }
    Ok(Through { platform, connection })
}

/// The messages of all imported chats, the latest first. One that two connections see is shown once.
#[utoipa::path(get, path = "/v1/timeline", tag = "messages", params(TimelineQuery), responses((status = 200, description = "A page of them", body = Listed<view::Sighting>)))]
pub async fn show_timeline(
    State(server): State<Server>,
    customer: Customer,
    Asked(query): Asked<TimelineQuery>,
) -> Result<Json<Listed<view::Sighting>>, ApiError> {
    let through = through(&server, &customer, query.connection_id.as_deref(), query.platform).await?;
    let filter = format!("{through:?}");
    let page = PageOf::new(&server, ("timeline", &customer.id, &filter), query.cursor.as_deref(), query.limit)?;
    let as_of_seq = server.engine.store().last_seq(&customer.id).await?;
    let found = server.engine.timeline(&customer.id, &through, &page.paging).await?;
    Ok(Json(Listed { items: found.items, next_cursor: page.cursor(found.next), as_of_seq }))
}

/// Search messages and chats. The index follows the feed; the answer says how far.
#[utoipa::path(get, path = "/v1/search", tag = "messages", params(SearchQuery), responses((status = 200, description = "What was found", body = SearchAnswer)))]
pub async fn find(
    State(server): State<Server>,
    customer: Customer,
    Asked(query): Asked<SearchQuery>,
) -> Result<Json<SearchAnswer>, ApiError> {
    let sought = query.q.unwrap_or_default();
    if sought.chars().count() > LONGEST_QUESTION {
        let detail = format!("Seek with {LONGEST_QUESTION} letters at most.");
        return Err(ApiError::malformed("question_too_long", detail));
    }
    let through = through(&server, &customer, query.connection_id.as_deref(), query.platform).await?;
    let chat = query.chat_id.as_deref().map(named::<ChatId>).transpose()?;
    if let Some(id) = chat {
        server.engine.store().chat(&customer.id, id).await?.ok_or(ApiError::NotFound)?;
    }
    let within = Within { through, chat, since: query.from, until: query.to };
    let filter = format!("{sought}\n{within:?}");
    let page = PageOf::new(&server, ("search", &customer.id, &filter), query.cursor.as_deref(), query.limit)?;
    let found = server.engine.search(&customer.id, &sought, &within, &page.paging).await?;
    Ok(Json(SearchAnswer {
        items: found.hits,
        chats: found.chats,
        next_cursor: page.cursor(found.next),
        as_of_seq: found.as_of_seq,
        indexed_to_seq: found.indexed_to_seq,
        rebuilding: found.rebuilding,
    }))
}

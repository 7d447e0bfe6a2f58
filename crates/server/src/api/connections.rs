//! A customer's connections: made, changed and ended.

use crate::{
    api::{
        ask::{Ask, Bare, Named},
        auth::Customer,
        error::ApiError,
        lists::{Items, Listed},
    },
    connect,
    serve::Server,
};
use axum::{Json, extract::State, http::StatusCode};
use engine::{Choices, EngineError};
use model::{
    connection,
    connector::Grant,
    id::{ConnectionId, Integration},
    label::Label,
    time::Timestamp,
    view,
    world::Secret,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What is to be connected.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    /// At which integration.
    pub integration: Integration,
    /// Where the browser goes afterwards: a path of this server, or an address that is allowed in the
    /// configuration. It gets `?connection=…` or `?error=…`.
    pub return_to: Option<String>,
    /// Tokens that a person pasted, by the names of the integration's fields. Without them, the answer
    /// is the address of a page.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub pasted: Option<BTreeMap<String, Secret>>,
}

/// How it goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Connecting {
    /// Send the person's browser here. The address is good once.
    pub connect_url: Option<String>,
    /// When the address ends.
    pub expires_at: Option<Timestamp>,
    /// The connection, where pasted tokens made it at once.
    pub connection: Option<view::Connection>,
}

/// What is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    /// Whether new chats are imported by themselves.
    pub import_new_chats: Option<bool>,
    /// Of mail: whether what lies in the trash or was taken for spam is imported as well. What lies there is deleted
    /// only once the platform deletes it for good, or where it was deleted from here. Either change has everything
    /// compared once more. What was known as deleted before stays so, unless it is taken out of the trash.
    pub include_trash_and_spam: Option<bool>,
    /// Whether it is paused. Commands wait then, and news are kept for 24 hours and read when it goes on.
    pub paused: Option<bool>,
}

async fn shown(server: &Server, held: &connection::Connection) -> Result<view::Connection, ApiError> {
    let mut shown = server.engine.show_connections(std::slice::from_ref(held)).await?;
    shown.pop().ok_or(ApiError::NotFound)
}

/// Refuses a connection that is not the customer's.
pub async fn own(server: &Server, customer: &Customer, id: ConnectionId) -> Result<connection::Connection, ApiError> {
    server.engine.store().connection(&customer.id, id).await?.ok_or(ApiError::NotFound)
}

/// A customer's connections, oldest first.
#[utoipa::path(get, path = "/v1/connections", tag = "connections", responses((status = 200, description = "All of them", body = Listed<view::Connection>)))]
pub async fn list_connections(
    State(server): State<Server>,
    customer: Customer,
) -> Result<Json<Listed<view::Connection>>, ApiError> {
    let store = server.engine.store();
    let as_of_seq = store.last_seq(&customer.id).await?;
    let held = store.connections(&customer.id).await?;
    Ok(Json(Listed { items: server.engine.show_connections(&held).await?, next_cursor: None, as_of_seq }))
}

/// Connect: by pasted tokens at once, or else by a one-time page of ours that leads to the platform.
#[utoipa::path(post, path = "/v1/connections", tag = "connections", request_body = NewConnection, responses((status = 201, description = "Where it goes on", body = Connecting)))]
pub async fn create_connection(
    State(server): State<Server>,
    customer: Customer,
    ask: Ask<NewConnection>,
) -> Result<(StatusCode, Json<Connecting>), ApiError> {
    let NewConnection { integration, return_to, pasted } = ask.body;
    if !server.engine.integrations().contains_key(&integration) {
        return Err(ApiError::Engine(EngineError::NotFound));
    }
    let connecting = match pasted {
        Some(pasted) => {
            let held = server.engine.connect(&customer.id, &integration, &Grant::Pasted(pasted)).await?;
            Connecting { connect_url: None, expires_at: None, connection: Some(shown(&server, &held).await?) }
        }
        None => {
            let page = connect::begin(&server, &customer.id, &integration, return_to).await?;
            Connecting { connect_url: Some(page.url), expires_at: Some(page.expires_at), connection: None }
        }
    };
    Ok((StatusCode::CREATED, Json(connecting)))
}

/// One connection.
#[utoipa::path(get, path = "/v1/connections/{id}", tag = "connections", params(("id" = ConnectionId, Path)), responses((status = 200, description = "The connection", body = view::Connection)))]
pub async fn show_connection(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ConnectionId>,
) -> Result<Json<view::Connection>, ApiError> {
    let held = own(&server, &customer, id).await?;
    shown(&server, &held).await.map(Json)
}

/// The labels by which chats can be chosen, for `label` of `/v1/chats/available` and `/v1/chats/import`. None where the
/// platform has none.
#[utoipa::path(get, path = "/v1/connections/{id}/labels", tag = "connections", params(("id" = ConnectionId, Path)), responses((status = 200, description = "All of them", body = Items<Label>)))]
pub async fn list_labels(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ConnectionId>,
) -> Result<Json<Items<Label>>, ApiError> {
    Ok(Json(Items { items: server.engine.labels(&customer.id, id).await? }))
}

/// Change what a connection does by itself.
#[utoipa::path(patch, path = "/v1/connections/{id}", tag = "connections", params(("id" = ConnectionId, Path)), request_body = ConnectionChange, responses((status = 200, description = "The connection", body = view::Connection)))]
pub async fn change_connection(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ConnectionId>,
    ask: Ask<ConnectionChange>,
) -> Result<Json<view::Connection>, ApiError> {
    let mut held = own(&server, &customer, id).await?;
    let ConnectionChange { import_new_chats, include_trash_and_spam, paused } = ask.body;
    let choices = Choices { import_new_chats, include_trash_and_spam };
    if choices != Choices::default() {
        held = server.engine.choose(&customer.id, id, choices).await?;
    }
    if let Some(on) = paused {
        held = server.engine.set_paused(&customer.id, id, on).await?;
    }
    shown(&server, &held).await.map(Json)
}

/// Disconnect. Chats and messages stay; connecting again revives them.
#[utoipa::path(delete, path = "/v1/connections/{id}", tag = "connections", params(("id" = ConnectionId, Path)), responses((status = 200, description = "The connection, disconnected", body = view::Connection)))]
pub async fn end_connection(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ConnectionId>,
    _bare: Bare,
) -> Result<Json<view::Connection>, ApiError> {
    let held = server.engine.disconnect(&customer.id, id).await?;
    shown(&server, &held).await.map(Json)
}

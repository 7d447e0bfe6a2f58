//! What could not be read, and reading again what was kept.

use crate::{
    api::{
        ask::{Ask, Asked, Bare, Named, named},
        auth::Customer,
        error::ApiError,
        lists::{Items, Listed, PageOf},
    },
    serve::Server,
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    id::{ConnectionId, ExternalId},
    intake::{PartId, PartState, QueuedPart},
    time::Timestamp,
    view,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A piece of news that could not be read.
#[derive(Serialize, ToSchema)]
pub struct ParkedPart {
    /// Names it.
    pub id: PartId,
    /// For which connection it came.
    pub connection_id: ConnectionId,
    /// The platform's id of the chat that it is about, if it is about one.
    pub chat: Option<ExternalId>,
    /// When it came.
    pub received_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it could not be read; none once it waits to be read again.
    pub error: Option<String>,
}

/// Which page is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ParkedQuery {
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// How many at most; 50 by itself, 200 at most.
    pub limit: Option<usize>,
}

/// What is to be read again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reread {
    /// What came at this time or later. Raw requests are kept for a configured time.
    pub since: Timestamp,
    /// For this connection only.
    pub connection_id: Option<String>,
}

/// News that could not be read, newest first.
#[utoipa::path(get, path = "/v1/parked", tag = "parked", params(ParkedQuery), responses((status = 200, description = "A page of them", body = Listed<ParkedPart>)))]
pub async fn list_parked(
    State(server): State<Server>,
    customer: Customer,
    Asked(query): Asked<ParkedQuery>,
) -> Result<Json<Listed<ParkedPart>>, ApiError> {
    let page = PageOf::new(&server, ("parked", &customer.id, ""), query.cursor.as_deref(), query.limit)?;
    let store = server.engine.store();
    let as_of_seq = store.last_seq(&customer.id).await?;
    let found = store.parked(&customer.id, &page.paging).await?;
    let items = found.items.into_iter().map(show).collect();
    Ok(Json(Listed { items, next_cursor: page.cursor(found.next), as_of_seq }))
}

/// Try to read it again. It is parked again if that fails.
#[utoipa::path(post, path = "/v1/parked/{id}/replay", tag = "parked", params(("id" = PartId, Path)), responses((status = 202, description = "It waits to be read", body = ParkedPart)))]
pub async fn replay_parked(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<PartId>,
    _bare: Bare,
) -> Result<(StatusCode, Json<ParkedPart>), ApiError> {
    let part = server.engine.replay(&customer.id, id).await?;
    Ok((StatusCode::ACCEPTED, Json(show(part))))
}

/// Read again what the platforms told since a time, out of the raw requests that are still kept.
#[utoipa::path(post, path = "/v1/intake/reread", tag = "parked", request_body = Reread, responses((status = 202, description = "A run for each connection", body = Items<view::SyncStatus>)))]
pub async fn reread_intake(
    State(server): State<Server>,
    customer: Customer,
    ask: Ask<Reread>,
) -> Result<(StatusCode, Json<Items<view::SyncStatus>>), ApiError> {
    let connection = ask.body.connection_id.as_deref().map(named::<ConnectionId>).transpose()?;
    let runs = server.engine.reread(&customer.id, connection, ask.body.since).await?;
    let items = server.engine.show_sync_statuses(&customer.id, &runs).await?;
    Ok((StatusCode::ACCEPTED, Json(Items { items })))
}

fn show(part: QueuedPart) -> ParkedPart {
    ParkedPart {
        id: part.id(),
        connection_id: part.connection_id,
        received_at: part.intake_id.came_at(),
        chat: part.chat,
        attempts: part.attempts,
        error: match part.state {
            PartState::Waiting => None,
            PartState::Parked { error } => Some(error),
        },
    }
}

//! How far imports have come.

use crate::{
    api::{
        ask::{Asked, Bare, Named, named},
        auth::Customer,
        connections::own,
        error::ApiError,
        lists::{Listed, PageOf},
    },
    serve::Server,
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    id::{ConnectionId, SyncStatusId},
    sync_status, view,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which runs are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunsQuery {
    /// Of this connection only.
    pub connection_id: Option<String>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// How many at most; 50 by itself, 200 at most.
    pub limit: Option<usize>,
}

/// Runs of import and the like, newest first.
#[utoipa::path(get, path = "/v1/sync-statuses", tag = "sync statuses", params(RunsQuery), responses((status = 200, description = "A page of them", body = Listed<view::SyncStatus>)))]
pub async fn list_sync_statuses(
    State(server): State<Server>,
    customer: Customer,
    Asked(query): Asked<RunsQuery>,
) -> Result<Json<Listed<view::SyncStatus>>, ApiError> {
    let connection = query.connection_id.as_deref().map(named::<ConnectionId>).transpose()?;
    if let Some(id) = connection {
        own(&server, &customer, id).await?;
    }
    let filter = format!("{connection:?}");
    let page = PageOf::new(&server, ("sync statuses", &customer.id, &filter), query.cursor.as_deref(), query.limit)?;
    let store = server.engine.store();
    let as_of_seq = store.last_seq(&customer.id).await?;
    let found = store.sync_statuses(&customer.id, connection, &page.paging).await?;
    let items = server.engine.show_sync_statuses(&customer.id, &found.items).await?;
    Ok(Json(Listed { items, next_cursor: page.cursor(found.next), as_of_seq }))
}

/// A run, with the name of its chat.
pub async fn shown(
    server: &Server,
    customer: &Customer,
    run: sync_status::SyncStatus,
) -> Result<view::SyncStatus, ApiError> {
    let mut shown = server.engine.show_sync_statuses(&customer.id, &[run]).await?;
    shown.pop().ok_or(ApiError::NotFound)
}

/// Stop a run. What was read stays.
#[utoipa::path(post, path = "/v1/sync-statuses/{id}/cancel", tag = "sync statuses", params(("id" = SyncStatusId, Path)), responses((status = 200, description = "The run", body = view::SyncStatus)))]
pub async fn cancel_sync_status(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<SyncStatusId>,
    _bare: Bare,
) -> Result<Json<view::SyncStatus>, ApiError> {
    let run = server.engine.cancel_sync(&customer.id, id).await?;
    Ok(Json(shown(&server, &customer, run).await?))
}

/// Go on with a run that failed or was stopped, where it ended.
#[utoipa::path(post, path = "/v1/sync-statuses/{id}/retry", tag = "sync statuses", params(("id" = SyncStatusId, Path)), responses((status = 202, description = "The run", body = view::SyncStatus)))]
pub async fn retry_sync_status(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<SyncStatusId>,
    _bare: Bare,
) -> Result<(StatusCode, Json<view::SyncStatus>), ApiError> {
    let run = server.engine.retry_sync(&customer.id, id).await?;
    Ok((StatusCode::ACCEPTED, Json(shown(&server, &customer, run).await?)))
}

//! Who is signed in.

use crate::{
    api::{auth::Customer, error::ApiError},
    login,
    serve::Server,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use model::customer::CustomerId;
use serde::Serialize;
use utoipa::ToSchema;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// For which customer.
    pub customer_id: CustomerId,
    /// The name of the app.
    pub app_name: String,
}

/// Who is signed in.
#[utoipa::path(get, path = "/v1/session", tag = "session", responses((status = 200, description = "Somebody", body = Session)))]
pub async fn show_session(State(server): State<Server>, customer: Customer) -> Json<Session> {
    Json(Session { customer_id: customer.id, app_name: server.config.app_name.clone() })
}

/// Sign out: ends the page's session.
#[utoipa::path(delete, path = "/v1/session", tag = "session", responses((status = 204, description = "Nobody is signed in")))]
pub async fn end_session(
    State(server): State<Server>,
    _customer: Customer,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let cookie = login::end_session(&server, &headers).await?;
    Ok((StatusCode::NO_CONTENT, cookie).into_response())
}

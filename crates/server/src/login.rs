//! How the person who runs the server signs in: by a one-time address, into a session of the page.

use crate::{
    api::{
        auth::{bearer, cookie},
        error::ApiError,
    },
    html, keys,
    serve::Server,
};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use model::{
    customer::CustomerId,
    store::{StoreError, Ticket},
};
use serde_json::json;
use std::time::Duration;

/// The cookie that holds a session.
pub const SESSION: &str = "bothways_session";
/// Where a running server is asked for a new address.
pub const CONTROL_PATH: &str = "/control/login-link";
const LINK: &str = "login";
const LINK_FOR: Duration = Duration::from_secs(15 * 60);
const SESSION_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A new one-time address for the page.
pub async fn link(server: &Server) -> Result<String, StoreError> {
    let ticket = keep(server, LINK, &server.config.owner, LINK_FOR).await?;
    Ok(format!("{}/login/{ticket}", server.base))
}

async fn keep(server: &Server, kind: &str, customer: &CustomerId, life: Duration) -> Result<String, StoreError> {
    let shown = server.fresh();
    let ticket = Ticket {
        kind: kind.to_owned(),
        hash: keys::hash(&shown),
        document: json!({ "customer": customer }),
        expires_at: server.engine.now() + life,
    };
    server.engine.store().put_ticket(ticket).await?;
    Ok(shown)
}

fn customer_of(ticket: &Ticket) -> Option<CustomerId> {
    serde_json::from_value(ticket.document["customer"].clone()).ok()
}

/// The customer of a session that has not ended.
pub async fn session_of(server: &Server, shown: &str) -> Result<Option<CustomerId>, StoreError> {
    let held = server.engine.store().ticket(SESSION, &keys::hash(shown), server.engine.now()).await?;
    Ok(held.as_ref().and_then(customer_of))
}

/// Spends a one-time address and begins a session.
pub async fn sign_in(State(server): State<Server>, Path(ticket): Path<String>) -> Response {
    begin_session(&server, &ticket).await.unwrap_or_else(IntoResponse::into_response)
}

async fn begin_session(server: &Server, ticket: &str) -> Result<Response, ApiError> {
    let held = server.engine.store().take_ticket(LINK, &keys::hash(ticket), server.engine.now()).await?;
    let Some(customer) = held.as_ref().and_then(customer_of) else {
        let sentence = "This address was used or is too old. Run “bothways login-link” for a new one.";
        return Ok(html::message(StatusCode::UNAUTHORIZED, "This address has ended", sentence));
    };
    let session = keep(server, SESSION, &customer, SESSION_FOR).await?;
    let cookie = server.cookie(SESSION, &session, "/", SESSION_FOR);
    let headers = [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Ends the session of a request, and says so to the browser.
pub async fn end_session(server: &Server, headers: &HeaderMap) -> Result<impl IntoResponse + use<>, StoreError> {
    if let Some(shown) = cookie(headers, SESSION) {
        server.engine.store().take_ticket(SESSION, &keys::hash(&shown), server.engine.now()).await?;
    }
    Ok(AppendHeaders([(header::SET_COOKIE, server.cookie(SESSION, "", "/", Duration::ZERO))]))
}

/// Gives a new address to whoever can read the server's key.
pub async fn control(State(server): State<Server>, headers: HeaderMap) -> Result<Response, ApiError> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    if !shown.is_some_and(|token| server.keys.is_control(token, server.engine.now())) {
        return Err(ApiError::Unauthorized);
    }
    Ok(Json(json!({ "url": link(&server).await? })).into_response())
}

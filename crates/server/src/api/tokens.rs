//! Customer tokens: with one, a browser speaks for one customer.

use crate::{
    api::{ask::Ask, auth::App, error::ApiError},
    serve::Server,
};
use axum::{Json, extract::State, http::StatusCode};
use model::{customer::CustomerId, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// How long a token is good, unless asked otherwise.
const USUAL_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long a token is good at most.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// For whom a token is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomerToken {
    /// The customer, by the app's own id.
    pub customer_id: CustomerId,
    /// How long it is good: an hour by itself, a day at most.
    pub expires_in_seconds: Option<u64>,
}

/// A token for a browser.
#[derive(Serialize, ToSchema)]
pub struct CustomerToken {
    /// The token, for `Authorization: Bearer …`.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Make a customer token. Only an API key can.
#[utoipa::path(post, path = "/v1/customer-tokens", tag = "keys", request_body = NewCustomerToken, responses((status = 201, description = "The token", body = CustomerToken)))]
pub async fn create_customer_token(
    State(server): State<Server>,
    _app: App,
    ask: Ask<NewCustomerToken>,
) -> Result<(StatusCode, Json<CustomerToken>), ApiError> {
    let life = ask.body.expires_in_seconds.map_or(USUAL_LIFE, Duration::from_secs);
    if life.is_zero() || life > LONGEST_LIFE {
        let longest = LONGEST_LIFE.as_secs();
        return Err(ApiError::WrongShape(format!("expires_in_seconds is at least 1 and at most {longest}.")));
    }
    let expires_at = server.engine.now() + life;
    let token = server.keys.customer_token(&ask.body.customer_id, expires_at);
    Ok((StatusCode::CREATED, Json(CustomerToken { token, expires_at })))
}

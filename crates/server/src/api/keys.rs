//! API keys: shown once when they are made, kept as a hash.

use crate::{
    api::{
        ask::{Ask, Bare, Named},
        auth::KeyHolder,
        error::ApiError,
        lists::Items,
    },
    keys,
    serve::Server,
};
use axum::{Json, extract::State, http::StatusCode};
use model::{store, time::Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest name of a key, in characters.
const LONGEST_NAME: usize = 100;
/// How many keys there may be.
const MOST_KEYS: usize = 100;

/// An API key, without the key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// What names it.
    pub id: String,
    /// What a person called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a new key is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// Its name.
    pub name: String,
}

/// A new key. It is shown this once.
#[derive(Serialize, ToSchema)]
pub struct MadeApiKey {
    /// What names it.
    pub id: String,
    /// What a person called it.
    pub name: String,
    /// The key itself. It is not kept and cannot be shown again.
    pub key: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// All API keys, oldest first.
#[utoipa::path(get, path = "/v1/api-keys", tag = "keys", responses((status = 200, description = "All of them", body = Items<ApiKey>)))]
pub async fn list_api_keys(State(server): State<Server>, _holder: KeyHolder) -> Result<Json<Items<ApiKey>>, ApiError> {
    let show = |key: store::ApiKey| ApiKey { id: key.id, name: key.name, created_at: key.created_at };
    let held = server.engine.store().api_keys().await?;
    Ok(Json(Items { items: held.into_iter().map(show).collect() }))
}

/// Make an API key.
#[utoipa::path(post, path = "/v1/api-keys", tag = "keys", request_body = NewApiKey, responses((status = 201, description = "The key, shown this once", body = MadeApiKey)))]
pub async fn create_api_key(
    State(server): State<Server>,
    _holder: KeyHolder,
    ask: Ask<NewApiKey>,
) -> Result<(StatusCode, Json<MadeApiKey>), ApiError> {
    let name = ask.body.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(ApiError::WrongShape(format!("A key's name has 1 to {LONGEST_NAME} characters.")));
    }
    let store = server.engine.store();
    if store.api_keys().await?.len() >= MOST_KEYS {
        return Err(ApiError::TooMany("There are too many API keys. Delete one first."));
    }
    let made = MadeApiKey {
        id: format!("key_{}", &keys::hash(&server.fresh())[..24]),
        name,
        key: format!("{}{}", keys::API_KEY_PREFIX, server.fresh()),
        created_at: server.engine.now(),
    };
    let kept = store::ApiKey {
        id: made.id.clone(),
        name: made.name.clone(),
        hash: keys::hash(&made.key),
        created_at: made.created_at,
    };
    store.put_api_key(kept).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Delete an API key. It is refused from now on.
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "keys", params(("id" = String, Path)), responses((status = 204, description = "It is gone")))]
pub async fn delete_api_key(
    State(server): State<Server>,
    _holder: KeyHolder,
    Named(id): Named<String>,
    _bare: Bare,
) -> Result<StatusCode, ApiError> {
    let gone = server.engine.store().remove_api_key(&id).await?;
    gone.then_some(StatusCode::NO_CONTENT).ok_or(ApiError::NotFound)
}

//! How calls are read: their ids, questions and bodies. What is wrong with them is a clear problem.

use crate::{api::error::ApiError, keys, serve::Server};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use engine::Idempotency;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// The header that makes a repeated call the same call.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST_KEY_BYTES: usize = 255;

/// Reads an id. One that is not of our making names nothing.
pub fn named<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound)
}

/// The id in a path.
pub struct Named<T>(pub T);

impl<T: FromStr> FromRequestParts<Server> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, server).await.map_err(|_| ApiError::NotFound)?;
        named(&text).map(Self)
    }
}

/// The id in a path, and the text behind it.
pub struct NamedPair<T>(pub T, pub String);

impl<T: FromStr> FromRequestParts<Server> for NamedPair<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        let read = Path::<(String, String)>::from_request_parts(parts, server).await;
        let Path((id, text)) = read.map_err(|_| ApiError::NotFound)?;
        Ok(Self(named(&id)?, text))
    }
}

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Server> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        let read = Query::<T>::from_request_parts(parts, server).await;
        read.map(|Query(asked)| Self(asked)).map_err(|error| ApiError::malformed("bad_query", error.body_text()))
    }
}

/// An unsafe call without a body that matters, and its idempotency key.
pub struct Bare {
    /// The key, if the caller gave one.
    pub key: Option<Idempotency>,
}

/// An unsafe call with its body, and its idempotency key.
pub struct Ask<T> {
    /// The body.
    pub body: T,
    /// The key, if the caller gave one.
    pub key: Option<Idempotency>,
}

impl FromRequest<Server> for Bare {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &Server) -> Result<Self, ApiError> {
        read(request, server).await.map(|(_, _, key)| Self { key })
    }
}

impl<T: DeserializeOwned> FromRequest<Server> for Ask<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &Server) -> Result<Self, ApiError> {
        let (headers, bytes, key) = read(request, server).await?;
        if !is_json(&headers) {
            return Err(ApiError::WrongContentType);
        }
        match serde_json::from_slice(&bytes) {
            Ok(body) => Ok(Self { body, key }),
            Err(error) if error.is_data() => Err(ApiError::WrongShape(format!("The body is not as wanted: {error}."))),
            Err(error) => Err(ApiError::malformed("broken_json", format!("The body is not JSON: {error}."))),
        }
    }
}

async fn read(request: Request, server: &Server) -> Result<(HeaderMap, Bytes, Option<Idempotency>), ApiError> {
    let headers = request.headers().clone();
    let what = format!("{} {}", request.method(), request.uri().path());
    let read = Bytes::from_request(request, server).await;
    let bytes = read.map_err(|error| unread(&error, server))?;
    let key = idempotency(&headers, &what, &bytes)?;
    Ok((headers, bytes, key))
}

/// Why a body could not be read.
pub fn unread(error: &BytesRejection, server: &Server) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge(server.config.limits.body_bytes),
        _ => ApiError::malformed("body_unread", "The body broke off."),
    }
}

fn idempotency(headers: &HeaderMap, what: &str, body: &[u8]) -> Result<Option<Idempotency>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY_BYTES);
    let wrong = || format!("An Idempotency-Key has 1 to {LONGEST_KEY_BYTES} plain characters.");
    let key = key.ok_or_else(|| ApiError::malformed("bad_idempotency_key", wrong()))?;
    let request_hash = keys::hash(&format!("{what}\n{}", hex::encode(body)));
    Ok(Some(Idempotency { key: key.to_owned(), request_hash }))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// What answers where no route is.
pub async fn no_route() -> impl IntoResponse {
    ApiError::NoRoute
}

/// What answers where a route does not take the method.
pub async fn wrong_method() -> impl IntoResponse {
    ApiError::WrongMethod
}

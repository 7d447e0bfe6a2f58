//! Who is calling, and for whom they may speak.
//!
//! A failure says nothing of which part was wrong.

use crate::{
    api::error::ApiError,
    keys,
    login::{SESSION, session_of},
    serve::Server,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};
use model::{customer::CustomerId, event::Origin};

/// Names the customer that an API key speaks for.
pub const CUSTOMER_HEADER: &str = "bothways-customer";
/// Other sites cannot set it, so an unsafe call that bears it is the page's own.
pub const PAGE_HEADER: &str = "bothways-page";

/// Somebody who is known.
pub enum Caller {
    /// A server of the app; it may name a customer.
    App(Option<CustomerId>),
    /// A browser of a customer, by a token.
    Customer(CustomerId),
    /// The person who runs the server, on the page.
    Page(CustomerId),
}

/// The customer that a call is about.
pub struct Customer {
    /// Whose data it reaches.
    pub id: CustomerId,
    /// By the app, or by a person on the page.
    pub origin: Origin,
}

/// Somebody who may see and change API keys.
pub struct KeyHolder;

/// A server of the app.
pub struct App;

/// Whose feed may be read: one customer's, or with none, everybody's.
pub struct Reader(pub Option<CustomerId>);

impl FromRequestParts<Server> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        if let Some(shown) = parts.headers.get(header::AUTHORIZATION) {
            let token = shown.to_str().ok().and_then(bearer).ok_or(ApiError::Unauthorized)?;
            if is_api_key(server, token).await? {
                return customer_named(&parts.headers).map(Self::App);
            }
            let customer = server.keys.customer_of(token, server.engine.now());
            return customer.map(Self::Customer).ok_or(ApiError::Unauthorized);
        }
        let shown = cookie(&parts.headers, SESSION).ok_or(ApiError::Unauthorized)?;
        let customer = session_of(server, &shown).await?.ok_or(ApiError::Unauthorized)?;
        let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !safe && parts.headers.get(PAGE_HEADER).is_none_or(|value| value != "1") {
            return Err(ApiError::PageHeaderMissing);
        }
        Ok(Self::Page(customer))
    }
}

/// The token of an `Authorization` header.
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

async fn is_api_key(server: &Server, token: &str) -> Result<bool, ApiError> {
    if !token.starts_with(keys::API_KEY_PREFIX) {
        return Ok(false);
    }
    let hash = keys::hash(token);
    // Each is compared, so that the time tells nothing of which one it was.
    Ok(server.engine.store().api_keys().await?.iter().fold(false, |found, key| keys::same(&key.hash, &hash) | found))
}

fn customer_named(headers: &HeaderMap) -> Result<Option<CustomerId>, ApiError> {
    let Some(value) = headers.get(CUSTOMER_HEADER) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).unwrap_or_default();
    CustomerId::new(text).map(Some).map_err(|error| ApiError::malformed("bad_customer", format!("{error}.")))
}

/// A cookie of a request.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let held = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = held.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(held, _)| *held == name).map(|(_, value)| value.to_owned())
}

impl FromRequestParts<Server> for Customer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, server).await? {
            Caller::App(None) => Err(ApiError::CustomerMissing),
            Caller::App(Some(id)) | Caller::Customer(id) => Ok(Self { id, origin: Origin::App }),
            Caller::Page(id) => Ok(Self { id, origin: Origin::Page }),
        }
    }
}

impl FromRequestParts<Server> for KeyHolder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, server).await? {
            Caller::App(_) | Caller::Page(_) => Ok(Self),
            Caller::Customer(_) => Err(ApiError::Forbidden("A customer token cannot see or change API keys.")),
        }
    }
}

impl FromRequestParts<Server> for App {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, server).await? {
            Caller::App(_) => Ok(Self),
            Caller::Customer(_) | Caller::Page(_) => Err(ApiError::Forbidden("Only an API key can do this.")),
        }
    }
}

impl FromRequestParts<Server> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, server).await? {
            Caller::App(customer) => Ok(Self(customer)),
            Caller::Customer(id) | Caller::Page(id) => Ok(Self(Some(id))),
        }
    }
}

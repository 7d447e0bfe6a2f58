//! The answers of the Web API as HTTP.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::Method;
use super::limits::Tier;
pub use crate::answers::{lost, server_error};

pub fn ok(body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    let kind = header::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

pub fn too_many(method: &Method, retry_after_secs: u64) -> Response<Body> {
    let error = if method.tier == Tier::Posting { "rate_limited" } else { "ratelimited" };
    let mut response = ok(&json!({ "ok": false, "error": error }));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, retry_after_secs.into());
    response
}

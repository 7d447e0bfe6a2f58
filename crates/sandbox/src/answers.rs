//! The marks on answers that are slow, late or lost, and what a broken server says.
//!
//! Nothing here waits: an emulator only marks its answers, and who runs it on a port carries that out.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};

/// Marks an answer that never reaches the caller. A caller without a socket finds it in the
/// response's extensions (and sees status 599); on a port the connection is dropped.
#[derive(Debug, Clone, Copy)]
pub struct AnswerLost;

/// Marks an answer that takes this many seconds. Only a port can take its time.
#[derive(Debug, Clone, Copy)]
pub struct Slow(pub u64);

/// Marks an answer that comes after the events which its call caused.
#[derive(Debug, Clone)]
pub struct AfterEvents(pub Vec<u64>);

pub fn lost() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(599).unwrap_or(StatusCode::GATEWAY_TIMEOUT);
    response.extensions_mut().insert(AnswerLost);
    response
}

pub fn server_error(status: u16) -> Response<Body> {
    let mut response = Response::new(Body::from("<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>"));
    let status = StatusCode::from_u16(status).ok().filter(StatusCode::is_server_error);
    *response.status_mut() = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Makes text harmless in HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

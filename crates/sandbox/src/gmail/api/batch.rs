//! Many calls in one request, each answered for itself, in any order.

use axum::body::{Body, Bytes};
use axum::extract::State as Extract;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, Response, Uri, header};

use super::super::Gmail;
use super::super::faults::FaultKind;
use super::super::mime;
use super::super::state::State;
use super::can_break_off;
use super::errors::Refused;
use crate::answers::{AfterEvents, AnswerLost, lost, server_error};

/// How many calls one batch may hold.
const MOST: usize = 100;

pub async fn answer(Extract(gmail): Extract<Gmail>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    gmail.answer(|state, now| {
        let fault = state.faults.take_call_if("batch", can_break_off);
        match fault {
            Some(FaultKind::CallLost) => lost(),
            Some(FaultKind::ServerError { status }) => server_error(status),
            Some(FaultKind::AnswerLost) => {
                all(state, now, &headers, &body);
                lost()
            }
            _ => all(state, now, &headers, &body),
        }
    })
}

fn all(state: &mut State, now_micros: i64, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    // The request is a mail without its headers.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut whole = format!("Content-Type: {kind}\r\n\r\n").into_bytes();
    whole.extend_from_slice(body);
    let read = mime::read(&whole);
    if !kind.starts_with("multipart/mixed") || read.parts.is_empty() {
        return Refused::invalid("Failed to parse batch request, error: Missing or malformed boundary.").response();
    }
    if read.parts.len() > MOST {
        return Refused::invalid(format!("The batch request exceeds the limit of {MOST} calls.")).response();
    }
    let mut parts = read.parts;
    let mut shuffled = Vec::new();
    while !parts.is_empty() {
        let index = state.below(i64::try_from(parts.len()).unwrap_or(1));
        shuffled.push(parts.remove(usize::try_from(index).unwrap_or(0)));
    }
    let boundary = format!("batch_{}", state.new_letters("batch", 32).replace(['-', '_'], "x"));
    let (mut out, mut caused) = (String::new(), Vec::new());
    for part in shuffled {
        let id = mime::find(&part.headers, "Content-ID").unwrap_or_default().trim_matches(['<', '>']).to_owned();
        let response = one(state, now_micros, headers, &part.body);
        caused.extend(response.extensions().get::<AfterEvents>().into_iter().flat_map(|after| after.0.clone()));
        out.push_str(&format!("--{boundary}\r\nContent-Type: application/http\r\n"));
        if !id.is_empty() {
            out.push_str(&format!("Content-ID: <response-{id}>\r\n"));
        }
        out.push_str(&format!("\r\n{}\r\n", written(response)));
    }
    out.push_str(&format!("--{boundary}--\r\n"));
    let mut response = Response::new(Body::from(out));
    if let Ok(kind) = HeaderValue::from_str(&format!("multipart/mixed; boundary={boundary}")) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    if !caused.is_empty() {
        response.extensions_mut().insert(AfterEvents(caused));
    }
    response
}

/// One call of a batch: a request line, headers, an empty line, a body.
fn one(state: &mut State, now_micros: i64, outer: &HeaderMap, bytes: &[u8]) -> Response<Body> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = mime::text_of(&bytes[..end]);
    let mut words = line.split_whitespace();
    let verb = words.next().and_then(|verb| Verb::from_bytes(verb.as_bytes()).ok());
    let uri = words.next().and_then(|uri| uri.parse::<Uri>().ok());
    let Some((verb, uri)) = verb.zip(uri) else {
        return Refused::invalid("Failed to parse batch request, error: Failed in parsing HTTP headers.").response();
    };
    if uri.path().contains("/upload/") {
        return Refused::invalid("Media is not allowed in a batch.").response();
    }
    let rest = &bytes[(end + 1).min(bytes.len())..];
    let (inner, begin) = mime::headers(rest);
    let mut headers = HeaderMap::new();
    if let Some(value) = outer.get(header::AUTHORIZATION) {
        headers.insert(header::AUTHORIZATION, value.clone());
    }
    for one in inner {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(one.name.as_bytes()), HeaderValue::from_str(&one.value))
        {
            headers.insert(name, value);
        }
    }
    super::call(state, now_micros, &verb, uri.path(), uri.query(), &headers, &rest[begin..])
}

/// A response as text. One that was lost is that of a server which gave up.
fn written(response: Response<Body>) -> String {
    let is_lost = response.extensions().get::<AnswerLost>().is_some();
    let response = if is_lost { Refused::backend(503).response() } else { response };
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut out = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
    for (name, value) in response.headers() {
        out.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    // Bodies here are whole from the beginning: there is nothing to wait for.
    let whole = whole(response.into_body());
    out.push_str(&format!("Content-Length: {}\r\n\r\n{}", whole.len(), String::from_utf8_lossy(&whole)));
    out
}

fn whole(body: Body) -> Bytes {
    let mut collected = std::pin::pin!(axum::body::to_bytes(body, usize::MAX));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::future::Future::poll(collected.as_mut(), &mut context) {
        std::task::Poll::Ready(Ok(whole)) => whole,
        _ => Bytes::new(),
    }
}

//! The answers of the Web API as HTTP, and the marks on those that are slow, late or lost.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::Method;
use super::limits::Tier;

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

pub fn ok(body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    let kind = header::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

pub fn lost() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(599).unwrap_or(StatusCode::GATEWAY_TIMEOUT);
    response.extensions_mut().insert(AnswerLost);
    response
}

pub fn too_many(method: &Method, retry_after_secs: u64) -> Response<Body> {
    let error = if method.tier == Tier::Posting { "rate_limited" } else { "ratelimited" };
    let mut response = ok(&json!({ "ok": false, "error": error }));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, retry_after_secs.into());
    response
}

pub fn server_error(status: u16) -> Response<Body> {
    let mut response = Response::new(Body::from("<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>"));
    let status = StatusCode::from_u16(status).ok().filter(StatusCode::is_server_error);
    *response.status_mut() = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// A time as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(micros: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let secs = micros.div_euclid(1_000_000);
    let (days, second) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let weekday = DAYS[usize::try_from(days.rem_euclid(7)).unwrap_or(0)];
    let month = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Year, month and day of a day counted from 1970, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    let (mut year, mut rest) = (1970, days);
    loop {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = if leap { 366 } else { 365 };
        if rest >= length {
            rest -= length;
            year += 1;
            continue;
        }
        let february = if leap { 29 } else { 28 };
        for (month, length) in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
            if rest < length {
                return (year, i64::try_from(month).unwrap_or(0) + 1, rest + 1);
            }
            rest -= length;
        }
    }
}

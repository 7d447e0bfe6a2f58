//! The host of files: takes the bytes of uploads, and hands files out to those who bear a token.
//!
//! Whoever bears none, or a wrong one, gets 200 with the page for signing in, as at Slack.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State as Extract};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};

use super::Slack;
use super::api::{self, Upload};
use super::world::File;

const SIGN_IN: &str = "<!DOCTYPE html><html lang=\"en\"><head><title>Sign in | Slack</title></head><body>\
                       <h1>Sign in to your workspace</h1></body></html>";

pub fn routes() -> Router<Slack> {
    Router::new()
        .route("/files-pri/{file}/{name}", get(hand_out))
        .route(
            "/files-pri/{file}/download/{name}",
            get(async |slack, Path((file, name)), headers| hand_out(slack, Path((file, name)), headers).await),
        )
        .route("/files-tmb/{file}/{name}", get(thumbnail))
        .route("/upload/v1/{secret}", post(take).layer(DefaultBodyLimit::disable()))
}

/// The file of an address, if the token may read it.
fn readable(slack: &Slack, address: &str, headers: &HeaderMap) -> Option<(File, Bytes)> {
    let bearer = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?.to_owned();
    slack.act(|state, _| {
        let (team, id) = address.split_once('-')?;
        let token = state.world.tokens.get(&bearer).filter(|token| !token.revoked)?;
        if !token.scopes.contains("files:read") {
            return None;
        }
        let file = state
            .world
            .files
            .get(id)
            .filter(|file| file.team == team && file.ready && file.completed && !file.deleted)?;
        let seen = |channel: &String| {
            let reached = |channel: &&super::world::Channel| state.world.reaches(&token.team, channel);
            state.world.channel(channel).filter(reached).is_some_and(|channel| {
                channel.kind == super::ChannelKind::Public || channel.members.contains(&token.user)
            })
        };
        (file.user == token.user || file.shares.keys().any(seen)).then_some(())?;
        Some((file.clone(), state.blobs.get(id)?))
    })
}

fn sign_in() -> Response<Body> {
    let mut response = Response::new(Body::from(SIGN_IN));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

async fn hand_out(
    Extract(slack): Extract<Slack>,
    Path((file, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    let Some((file, bytes)) = readable(&slack, &file, &headers) else { return sign_in() };
    if let Some(fault) = slack.download_fault() {
        return fault;
    }
    let total = bytes.len();
    let span = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).and_then(|range| span(range, total));
    let mut response = Response::new(Body::empty());
    let shown = match span {
        None => bytes,
        Some(Some((first, last))) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let range = HeaderValue::from_str(&format!("bytes {first}-{last}/{total}"));
            response.headers_mut().extend(range.ok().map(|range| (header::CONTENT_RANGE, range)));
            bytes.slice(first..=last)
        }
        Some(None) => {
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return response;
        }
    };
    let kind = HeaderValue::from_str(&file.mimetype);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    *response.body_mut() = Body::from(shown);
    response
}

/// The first and last byte that are wanted; an inner `None` if there are none such.
fn span(range: &str, total: usize) -> Option<Option<(usize, usize)>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) => (first, last.min(total.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, total.saturating_sub(1)),
        (Err(_), Ok(count)) if first.is_empty() => (total.saturating_sub(count), total.saturating_sub(1)),
        _ => return None,
    };
    Some((first < total && first <= last).then_some((first, last)))
}

/// A coloured square in place of a small picture.
async fn thumbnail(
    Extract(slack): Extract<Slack>,
    Path((file, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    let Some((file, _)) = readable(&slack, &file, &headers) else { return sign_in() };
    let hue = file.id.bytes().fold(7u32, |hue, byte| (hue * 131 + u32::from(byte) * 47) % 360);
    let drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"360\" height=\"240\">\
         <rect width=\"360\" height=\"240\" fill=\"hsl({hue} 45% 65%)\"/></svg>"
    );
    let mut response = Response::new(Body::from(drawing));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    response
}

/// The bytes of an upload: as they are, or as the one field of a form.
async fn take(
    Extract(slack): Extract<Slack>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let bytes = match kind.split_once("boundary=").filter(|_| kind.starts_with("multipart/form-data")) {
        Some((_, boundary)) => field(&body, boundary.trim_matches('"')),
        None => Some(body),
    };
    match bytes {
        Some(bytes) => slack.take_upload(&Upload { secret, bytes }),
        None => api::plain(StatusCode::BAD_REQUEST, "no file in the form"),
    }
}

/// The content of the first field of a form.
fn field(body: &Bytes, boundary: &str) -> Option<Bytes> {
    let find = |from: usize, wanted: &[u8]| {
        body.get(from..)?.windows(wanted.len()).position(|part| part == wanted).map(|at| from + at)
    };
    let start = find(0, b"\r\n\r\n")? + 4;
    let end = find(start, format!("\r\n--{boundary}").as_bytes())?;
    Some(body.slice(start..end))
}

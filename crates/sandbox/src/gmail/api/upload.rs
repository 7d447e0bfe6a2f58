//! Mail that is uploaded as it is: simply, beside its JSON, or piece by piece.

use axum::body::Body;
use axum::http::{HeaderMap, Method as Verb, Response, StatusCode, Uri, header};

use super::super::mime;
use super::super::state::State;
use super::errors::Refused;
use super::request::{Request, Unread};
use super::{nothing_there, respond, token_of};

/// Where Google tells that an upload wants more.
const RESUME_INCOMPLETE: u16 = 308;
/// How many uploads may be under way; the oldest is given up.
const UPLOADS_MOST: usize = 100;

/// An upload that comes in pieces.
pub struct Upload {
    request: Request,
    bytes: Vec<u8>,
    begun: u64,
}

pub fn answer(
    state: &mut State,
    now_micros: i64,
    verb: &Verb,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Body> {
    let (path, query) = (uri.path(), uri.query());
    let Some((_, rest)) = path.split_once("/gmail/v1/users/") else { return nothing_there(path) };
    let field = |name: &str| {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
        pairs.into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
    };
    if let Some(id) = field("upload_id") {
        return go_on(state, now_micros, &id, headers, body);
    }
    let mut request = match Request::read(verb, rest, query, headers) {
        Ok(request) => request,
        Err(Unread::NoSuchPath) => return nothing_there(path),
        Err(Unread::Refused(refused)) => return refused.response(),
    };
    let Some(most) = request.method.media else { return nothing_there(path) };
    if body.len() as u64 > most {
        return Refused::too_large().response();
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let usual = if path.starts_with("/resumable") { "resumable" } else { "media" };
    let read = match field("uploadType").unwrap_or_else(|| usual.to_owned()).as_str() {
        "media" => {
            request.media = Some(body.to_vec());
            is_mail(kind)
        }
        "multipart" => beside(&mut request, kind, body),
        "resumable" => return begin(state, now_micros, request, path, headers, body),
        other => Err(Refused::invalid(format!("Invalid value for uploadType: {other}"))),
    };
    match read {
        Ok(()) => respond(state, now_micros, request),
        Err(refused) => refused.response(),
    }
}

fn is_mail(kind: &str) -> Result<(), Refused> {
    if kind.starts_with("message/") || kind.starts_with("application/octet-stream") {
        return Ok(());
    }
    Err(Refused::invalid(format!("Media type '{kind}' is not supported. Valid media types: [message/*]")))
}

/// JSON first, then the mail.
fn beside(request: &mut Request, kind: &str, body: &[u8]) -> Result<(), Refused> {
    let mut whole = format!("Content-Type: {kind}\r\n\r\n").into_bytes();
    whole.extend_from_slice(body);
    let mut parts = mime::read(&whole).parts.into_iter();
    let (Some(json), Some(mail), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Refused::invalid("Missing end boundary in multipart body or invalid number of parts."));
    };
    is_mail(&mail.kind)?;
    request.media = Some(mail.body);
    request.read_json(&json.body)
}

fn begin(
    state: &mut State,
    now_micros: i64,
    mut request: Request,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Body> {
    let read = token_of(state, now_micros, &request).and_then(|_| request.read_json(body));
    if let Err(refused) = read {
        return refused.response();
    }
    let announced = headers.get("x-upload-content-length").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > request.method.media.unwrap_or(0)) {
        return Refused::too_large().response();
    }
    let begun = state.next_given();
    let id = state.new_letters("upload", 80);
    let location = format!("{}{path}?uploadType=resumable&upload_id={id}", state.config.base);
    if state.uploads.len() >= UPLOADS_MOST {
        let oldest = state.uploads.iter().min_by_key(|(_, upload)| upload.begun).map(|(id, _)| id.clone());
        oldest.and_then(|id| state.uploads.remove(&id));
    }
    state.uploads.insert(id.clone(), Upload { request, bytes: Vec::new(), begun });
    let mut response = Response::new(Body::empty());
    for (name, value) in [("location", location), ("x-guploader-uploadid", id)] {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A piece of an upload, or a question how far it has come.
fn go_on(state: &mut State, now_micros: i64, id: &str, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
    let Some(upload) = state.uploads.get_mut(id) else { return Refused::not_found().response() };
    let range = headers.get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok()).map(str::to_owned);
    let total = match range.as_deref().and_then(|range| range.strip_prefix("bytes ")?.split_once('/')) {
        None => {
            upload.bytes = body.to_vec();
            Some(body.len())
        }
        Some((span, total)) => {
            if let Some(begin) = span.split_once('-').and_then(|(begin, _)| begin.parse::<usize>().ok()) {
                if begin > upload.bytes.len() {
                    return Refused::invalid("Invalid request. There were gaps in the upload.").response();
                }
                upload.bytes.truncate(begin);
                upload.bytes.extend_from_slice(body);
            }
            total.parse().ok()
        }
    };
    if upload.bytes.len() as u64 > upload.request.method.media.unwrap_or(0) {
        state.uploads.remove(id);
        return Refused::too_large().response();
    }
    if total != Some(upload.bytes.len()) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(RESUME_INCOMPLETE).unwrap_or(StatusCode::PERMANENT_REDIRECT);
        if let Some(value) = upload.bytes.len().checked_sub(1).and_then(|last| format!("bytes=0-{last}").parse().ok()) {
            response.headers_mut().insert(header::RANGE, value);
        }
        return response;
    }
    let Some(Upload { mut request, bytes, .. }) = state.uploads.remove(id) else {
        return Refused::not_found().response();
    };
    request.media = Some(bytes);
    respond(state, now_micros, request)
}

//! Files, both ways. What comes from a platform is handed on piece by piece, always as a download that
//! no browser opens as a page of ours.

use crate::{
    api::{
        ask::{Asked, Named},
        auth::Customer,
        error::ApiError,
    },
    serve::Server,
    transfer::{self, Incoming},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::Fetched;
use model::{
    attachment::{AttachmentId, Rendition},
    view,
};
use serde::Deserialize;
use std::{fmt::Write, sync::Arc};
use utoipa::IntoParams;

/// The media type of what nobody named one for.
const UNTYPED: &str = "application/octet-stream";
/// The longest name that is told in a header, in characters.
const LONGEST_NAME: usize = 150;
/// Should a browser open a file as a page after all, it may do nothing there.
const SANDBOX: &str = "default-src 'none'; sandbox";
/// A small picture may stay in the browser of the one who saw it; everything else is asked for anew.
const PREVIEW_STAYS: &str = "private, max-age=600";

/// How a file is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AttachmentQuery {
    /// The small picture of it, where `preview` of the attachment says that there is one.
    #[serde(default)]
    pub preview: bool,
}

/// What is uploaded.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// The file's name.
    pub name: String,
}

/// Upload a file, to send it with a message. The body is the file as it is, and `Content-Type` its media type. It
/// waits for a day, and is then forgotten unless a message has it.
#[utoipa::path(post, path = "/v1/attachments", tag = "attachments", params(UploadQuery), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, description = "The file, which can be named in a message", body = view::Attachment)))]
pub async fn upload_attachment(
    State(server): State<Server>,
    customer: Customer,
    Asked(query): Asked<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<view::Attachment>), ApiError> {
    let seat = Arc::clone(&server.transfers).try_acquire_owned();
    let _seat = seat.map_err(|_| ApiError::TooMany("Too many files are on their way. Try again soon."))?;
    if query.name.trim().is_empty()
        || query.name.chars().count() > LONGEST_NAME
        || query.name.contains(char::is_control)
    {
        let detail = format!("A file's name has 1 to {LONGEST_NAME} characters, none of them for control.");
        return Err(ApiError::malformed("bad_name", detail));
    }
    let (parts, body) = request.into_parts();
    let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let media_type = header(header::CONTENT_TYPE).filter(|kind| is_media_type(kind)).unwrap_or(UNTYPED).to_owned();
    let said_bytes = header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let mut body = Incoming::new(body);
    let upload = server.engine.upload(&customer.id, query.name, media_type, said_bytes, &mut body).await?;
    Ok((StatusCode::CREATED, Json(view::upload(&upload))))
}

/// `type/subtype`, perhaps with parameters.
fn is_media_type(kind: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    kind.len() <= LONGEST_NAME && essence.split_once('/').is_some_and(|(kind, sort)| plain(kind) && plain(sort))
}

/// Fetch a file, straight from its platform. A `Range` is passed on where it is a single one.
#[utoipa::path(get, path = "/v1/attachments/{id}", tag = "attachments", params(("id" = AttachmentId, Path), AttachmentQuery), responses((status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream"), (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn fetch_attachment(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<AttachmentId>,
    Asked(query): Asked<AttachmentQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let rendition = if query.preview { Rendition::Preview } else { Rendition::Whole };
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).filter(|range| is_single(range));
    let seat = Arc::clone(&server.transfers).try_acquire_owned();
    let seat = seat.map_err(|_| ApiError::TooMany("Too many files are on their way. Try again soon."))?;
    let fetched = server.engine.fetch_attachment(&customer.id, id, rendition, range).await?;
    let headers = described(&fetched, rendition);
    let status = if fetched.file.content_range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    Ok((status, headers, transfer::body(fetched.file.chunks, seat)).into_response())
}

/// One range in bytes, as `bytes=0-99`.
fn is_single(range: &str) -> bool {
    let known = |letter: u8| letter.is_ascii_digit() || letter == b'-';
    range.strip_prefix("bytes=").is_some_and(|span| !span.is_empty() && span.bytes().all(known))
}

fn described(fetched: &Fetched, rendition: Rendition) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let untyped = HeaderValue::from_static(UNTYPED);
    let kind = match rendition {
        Rendition::Whole => &fetched.media_type,
        Rendition::Preview => {
            fetched.file.media_type.as_ref().filter(|kind| kind.starts_with("image/")).unwrap_or(&fetched.media_type)
        }
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap_or(untyped));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&fetched.name));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let stays = if rendition == Rendition::Preview { PREVIEW_STAYS } else { "private, no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(stays));
    headers.insert(header::VARY, HeaderValue::from_static("Authorization, Cookie, Bothways-Customer"));
    let sizes = [
        (header::CONTENT_LENGTH, fetched.file.size_bytes.map(|size| size.to_string())),
        (header::CONTENT_RANGE, fetched.file.content_range.clone()),
    ];
    let known = |(name, value): (HeaderName, Option<String>)| Some((name, HeaderValue::from_str(&value?).ok()?));
    headers.extend(sizes.into_iter().filter_map(known));
    headers
}

/// A download under this name, whatever letters it has. Folders and control characters are left out.
fn disposition(name: &str) -> HeaderValue {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    let name = if name.trim_matches('.').is_empty() { "file" } else { &name };
    let plain: String = name
        .chars()
        .map(
            |letter| {
                if letter == ' ' || (letter.is_ascii_graphic() && !"\"\\%;".contains(letter)) { letter } else { '_' }
            },
        )
        .collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let shown = |name: &str| disposition(name).to_str().unwrap().to_owned();
        assert_eq!(shown("plan.png"), "attachment; filename=\"plan.png\"; filename*=UTF-8''plan.png");
        assert_eq!(
            shown("a\"; x=\"\r\n b.html"),
            "attachment; filename=\"a__ x=_ b.html\"; filename*=UTF-8''a%22%3B%20x%3D%22%20b.html"
        );
        assert_eq!(shown("../../etc/passwd"), "attachment; filename=\"passwd\"; filename*=UTF-8''passwd");
        assert_eq!(
            shown("Übersicht 📎"),
            "attachment; filename=\"_bersicht _\"; filename*=UTF-8''%C3%9Cbersicht%20%F0%9F%93%8E"
        );
        assert_eq!(shown(".."), "attachment; filename=\"file\"; filename*=UTF-8''file");
    }

    #[test]
    fn only_one_plain_range_is_passed_on() {
        for (range, single) in [("bytes=0-9", true), ("bytes=5-", true), ("bytes=-5", true)] {
            assert_eq!(is_single(range), single, "{range}");
        }
        for range in ["", "bytes=", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b"] {
            assert!(!is_single(range), "{range}");
        }
    }
}

//! The page's files, as they were built into the program.

use crate::html;
use axum::{
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{Embed, EmbeddedFile};

/// The build of `ui/`. It may be missing, so that the server builds without Node.
#[derive(Embed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";
/// Their names change with their content.
const NAMED_BY_CONTENT: &str = "assets/";

/// Answers with a file; any other address is a screen of the page.
pub async fn show(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    match Files::get(path).filter(|_| path != INDEX && !path.is_empty()) {
        Some(file) => answer(path, file),
        None if path.starts_with(NAMED_BY_CONTENT) => StatusCode::NOT_FOUND.into_response(),
        None => match Files::get(INDEX) {
            Some(file) => answer(INDEX, file),
            None => html::message(StatusCode::OK, "Bothways", "The server runs. The page was not built into it."),
        },
    }
}

fn answer(path: &str, file: EmbeddedFile) -> Response {
    let lasting = path.starts_with(NAMED_BY_CONTENT);
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, media_type(path)), (header::CACHE_CONTROL, cache)], file.data).into_response()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

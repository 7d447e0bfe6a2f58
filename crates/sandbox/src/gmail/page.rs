//! A plain mail program in one page, in which a person can be somebody with a mailbox.

use axum::Router;
use axum::response::Html;
use axum::routing::get;

use super::Gmail;

pub fn routes() -> Router<Gmail> {
    Router::new().route("/", get(async || Html(include_str!("page.html"))))
}

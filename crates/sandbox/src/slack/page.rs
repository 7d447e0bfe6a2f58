//! A plain page on which a person can be somebody in the workspace, and the avatars.

use axum::Router;
use axum::extract::{Path, State as Extract};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::Slack;
use crate::answers::escape;

pub fn routes() -> Router<Slack> {
    Router::new().route("/", get(async || Html(include_str!("page.html")))).route("/avatars/{file}", get(avatar))
}

/// A coloured square with the first letter of a name, the same at every look.
async fn avatar(Extract(slack): Extract<Slack>, Path(file): Path<String>) -> Response {
    let id = file.trim_end_matches(".svg");
    let name = slack.lock().world.user(id).map_or("#".to_owned(), |user| user.real_name.clone());
    let letter: String = name.chars().take(1).collect();
    let hue = id.bytes().fold(7u32, |hue, byte| (hue * 131 + u32::from(byte) * 47) % 360);
    let drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"72\" height=\"72\">\
         <rect width=\"72\" height=\"72\" rx=\"12\" fill=\"hsl({hue} 45% 45%)\"/>\
         <text x=\"36\" y=\"48\" font-family=\"sans-serif\" font-size=\"36\" fill=\"#fff\" \
         text-anchor=\"middle\">{}</text></svg>",
        escape(&letter)
    );
    ([(header::CONTENT_TYPE, "image/svg+xml")], drawing).into_response()
}

//! The few pages that the server draws itself: plain, without scripts.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

/// Makes a text harmless in HTML.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A page with a title; `content` is HTML.
pub fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let text = include_str!("page.html").replace("{title}", &escape(title)).replace("{content}", content);
    (status, Html(text)).into_response()
}

/// A page that says one thing.
pub fn message(status: StatusCode, title: &str, sentence: &str) -> Response {
    page(status, title, &format!("<h1>{}</h1><p>{}</p>", escape(title), escape(sentence)))
}

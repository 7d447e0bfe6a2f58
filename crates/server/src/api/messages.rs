//! Messages: read, sent, edited, deleted, retried, reacted to.
//!
//! What is wanted of a platform is accepted here and answered 202; how it went comes in the feed.

use crate::{
    api::{
        ask::{Ask, Asked, Bare, Named, NamedPair, named},
        auth::Customer,
        error::ApiError,
        lists::{Listed, PageOf},
        mail::NewMail,
    },
    serve::Server,
};
use axum::{Json, extract::State, http::StatusCode};
use engine::{Draft, Wording};
use model::{
    attachment::AttachmentId,
    id::{ChatId, MessageId, UploadId},
    message, view,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which messages are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// How many at most; 50 by itself, 200 at most.
    pub limit: Option<usize>,
}

/// What is to be sent. It is said in one of `text`, `markdown` and `html`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// Words as they stand. They may be left out where there are attachments.
    pub text: Option<String>,
    /// The same in Markdown: CommonMark with `~~struck~~`. What it has beyond a message is its text.
    pub markdown: Option<String>,
    /// The same in HTML: paragraphs, lists, quotes, code, bold, italic, struck, links. Other tags are their text.
    pub html: Option<String>,
    /// Files that were uploaded with `POST /v1/attachments`, in their order. Each goes with one message.
    #[serde(default)]
    #[schema(value_type = Vec<AttachmentId>)]
    pub attachments: Vec<String>,
    /// The message to answer in a thread.
    #[schema(value_type = Option<MessageId>)]
    pub thread_root: Option<String>,
    /// Show the answer outside of its thread as well. Good only with `thread_root`.
    #[serde(default)]
    pub broadcast: bool,
    /// What stands on it, where it is a mail. By itself it answers the newest mail, to all who have it.
    pub mail: Option<NewMail>,
}

/// What a message is to say, in one of `text`, `markdown` and `html`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Words as they stand.
    pub text: Option<String>,
    /// The same in Markdown.
    pub markdown: Option<String>,
    /// The same in HTML.
    pub html: Option<String>,
}

/// The one language that a message is written in.
fn wording(text: Option<String>, markdown: Option<String>, html: Option<String>) -> Result<Wording, ApiError> {
    match (text, markdown, html) {
        (Some(text), None, None) => Ok(Wording::Text(text)),
        (None, Some(markdown), None) => Ok(Wording::Markdown(markdown)),
        (None, None, Some(html)) => Ok(Wording::Html(html)),
        _ => Err(ApiError::malformed(
            "one_wording",
            "Say it in text, markdown or html: in one of them, and in one only.",
        )),
    }
}

/// What a new message says, with its files, which may go without words.
pub fn said(
    text: Option<String>,
    markdown: Option<String>,
    html: Option<String>,
    attachments: &[String],
) -> Result<(Wording, Vec<UploadId>), ApiError> {
    let files: Vec<_> = attachments.iter().map(|id| named(id)).collect::<Result<_, _>>()?;
    let text = text.or_else(|| (!files.is_empty() && markdown.is_none() && html.is_none()).then(String::new));
    Ok((wording(text, markdown, html)?, files))
}

/// What is to become of a message that failed, or of which nobody can tell.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Send it again.
    SendAgain,
    /// It was sent: somebody looked.
    ItWasSent,
    /// Leave it.
    GiveUp,
}

/// How to go on with a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryMessage {
    /// How; `send_again` by itself.
    pub resolution: Option<Resolution>,
}

type Accepted = Result<(StatusCode, Json<view::Message>), ApiError>;

async fn shown(server: &Server, customer: &Customer, held: message::Message) -> Result<Json<view::Message>, ApiError> {
    let mut shown = server.engine.show_messages(&customer.id, &[held]).await?;
    shown.pop().map(Json).ok_or(ApiError::NotFound)
}

async fn accepted(server: &Server, customer: &Customer, held: message::Message) -> Accepted {
    Ok((StatusCode::ACCEPTED, shown(server, customer, held).await?))
}

/// The messages of a chat, newest first, deleted ones included.
#[utoipa::path(get, path = "/v1/chats/{id}/messages", tag = "messages", params(("id" = ChatId, Path), MessagesQuery), responses((status = 200, description = "A page of them", body = Listed<view::Message>)))]
pub async fn list_messages(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ChatId>,
    Asked(query): Asked<MessagesQuery>,
) -> Result<Json<Listed<view::Message>>, ApiError> {
    let store = server.engine.store();
    store.chat(&customer.id, id).await?.ok_or(ApiError::NotFound)?;
    let list = ("messages", &customer.id, id.to_string());
    let page = PageOf::new(&server, (list.0, list.1, &list.2), query.cursor.as_deref(), query.limit)?;
    let as_of_seq = store.last_seq(&customer.id).await?;
    let found = store.messages_of(&customer.id, id, &page.paging).await?;
    let items = server.engine.show_messages(&customer.id, &found.items).await?;
    Ok(Json(Listed { items, next_cursor: page.cursor(found.next), as_of_seq }))
}

/// Send a message. It shows at once as `pending`.
#[utoipa::path(post, path = "/v1/chats/{id}/messages", tag = "messages", params(("id" = ChatId, Path)), request_body = NewMessage, responses((status = 202, description = "The message, on its way", body = view::Message)))]
pub async fn send_message(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ChatId>,
    ask: Ask<NewMessage>,
) -> Accepted {
    let NewMessage { text, markdown, html, thread_root, broadcast, attachments, mail } = ask.body;
    let (wording, files) = said(text, markdown, html, &attachments)?;
    let thread_root = thread_root.as_deref().map(named).transpose()?;
    let mail = mail.map(NewMail::read).transpose()?;
    let draft = Draft { wording, thread_root, broadcast, files, mail };
    let held = server.engine.send(&customer.id, id, draft, customer.origin, ask.key.as_ref()).await?;
    accepted(&server, &customer, held).await
}

/// One message. One that was merged answers with the message that it turned out to be.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", params(("id" = MessageId, Path)), responses((status = 200, description = "The message", body = view::Message)))]
pub async fn show_message(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<MessageId>,
) -> Result<Json<view::Message>, ApiError> {
    let held = server.engine.living_message(&customer.id, id).await?;
    shown(&server, &customer, held).await
}

/// Change what a message says.
#[utoipa::path(patch, path = "/v1/messages/{id}", tag = "messages", params(("id" = MessageId, Path)), request_body = Edit, responses((status = 202, description = "The message, with the change under way", body = view::Message)))]
pub async fn edit_message(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<MessageId>,
    ask: Ask<Edit>,
) -> Accepted {
    let Edit { text, markdown, html } = ask.body;
    let wording = wording(text, markdown, html)?;
    let held = server.engine.edit(&customer.id, id, &wording, customer.origin, ask.key.as_ref()).await?;
    accepted(&server, &customer, held).await
}

/// Delete a message at its platform.
#[utoipa::path(delete, path = "/v1/messages/{id}", tag = "messages", params(("id" = MessageId, Path)), responses((status = 202, description = "The message, with the deletion under way", body = view::Message)))]
pub async fn delete_message(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<MessageId>,
    ask: Bare,
) -> Accepted {
    let held = server.engine.delete(&customer.id, id, customer.origin, ask.key.as_ref()).await?;
    accepted(&server, &customer, held).await
}

/// Go on with a message that failed or is `uncertain`: send it again, or say what became of it.
#[utoipa::path(post, path = "/v1/messages/{id}/retry", tag = "messages", params(("id" = MessageId, Path)), request_body = RetryMessage, responses((status = 202, description = "The message", body = view::Message)))]
pub async fn retry_message(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<MessageId>,
    ask: Ask<RetryMessage>,
) -> Accepted {
    let resolution = match ask.body.resolution.unwrap_or(Resolution::SendAgain) {
        Resolution::SendAgain => engine::Resolution::SendAgain,
        Resolution::ItWasSent => engine::Resolution::ItWasSent,
        Resolution::GiveUp => engine::Resolution::GiveUp,
    };
    let held = server.engine.retry(&customer.id, id, resolution, customer.origin, ask.key.as_ref()).await?;
    accepted(&server, &customer, held).await
}

/// React: a Unicode emoji, or `:name:` for one that only the platform has.
#[utoipa::path(put, path = "/v1/messages/{id}/reactions/{emoji}", tag = "messages", params(("id" = MessageId, Path), ("emoji" = String, Path)), responses((status = 202, description = "The message", body = view::Message)))]
pub async fn add_reaction(
    State(server): State<Server>,
    customer: Customer,
    NamedPair(id, emoji): NamedPair<MessageId>,
    ask: Bare,
) -> Accepted {
    let held = server.engine.react(&customer.id, id, &emoji, true, customer.origin, ask.key.as_ref()).await?;
    accepted(&server, &customer, held).await
}

/// Take a reaction back.
#[utoipa::path(delete, path = "/v1/messages/{id}/reactions/{emoji}", tag = "messages", params(("id" = MessageId, Path), ("emoji" = String, Path)), responses((status = 202, description = "The message", body = view::Message)))]
pub async fn remove_reaction(
    State(server): State<Server>,
    customer: Customer,
    NamedPair(id, emoji): NamedPair<MessageId>,
    ask: Bare,
) -> Accepted {
    let held = server.engine.react(&customer.id, id, &emoji, false, customer.origin, ask.key.as_ref()).await?;
    accepted(&server, &customer, held).await
}

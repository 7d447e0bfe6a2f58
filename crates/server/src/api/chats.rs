//! Chats: those at the platform, and those that are held here.

use crate::{
    api::{
        ask::{Ask, Asked, Bare, Named, named},
        auth::Customer,
        connections::own,
        error::ApiError,
        lists::{Items, Listed, PageOf},
        mail::{Addressee, correspondents},
        messages::said,
        sync_statuses,
    },
    serve::Server,
};
use axum::{Json, extract::State, http::StatusCode};
use engine::{Draft, Mail};
use model::{
    attachment::AttachmentId,
    chat::{ChatKind, ChatState},
    id::{ChatId, ConnectionId, Cursor, ExternalId, MessageId},
    message::Problem,
    store::ChatFilter,
    sync_status::Selection,
    time::Timestamp,
    view,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many chats one call may pick.
const MOST_PICKED: usize = 1_000;

/// Which of the platform's chats are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AvailableQuery {
    /// Through which connection.
    pub connection_id: String,
    /// Only chats whose name contains this, in any case. A page may then hold few of them, or none: go on
    /// while there is a `next_cursor`. Of mail, those that the platform's own search finds by it.
    pub q: Option<String>,
    /// Only those with this label, by its id in `/v1/connections/{id}/labels`; for mail.
    pub label: Option<String>,
    /// Only those in which something happened since then; for mail.
    pub since: Option<Timestamp>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
}

/// A chat as the platform has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableChat {
    /// The platform's id.
    pub external_id: ExternalId,
    /// Its real name.
    pub name: String,
    /// What sort it is.
    pub kind: ChatKind,
    /// Nothing can be written in it any more.
    pub archived: bool,
    /// Our id, if it was imported before.
    pub chat_id: Option<ChatId>,
    /// How far it is held here, if it was imported before.
    pub state: Option<ChatState>,
}

/// A page of the platform's chats. The platform decides how long it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableChats {
    /// The chats.
    pub items: Vec<AvailableChat>,
    /// Gives the next page; none at the end.
    pub next_cursor: Option<String>,
}

/// One chat, and how much of the feed is contained in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneChat {
    /// The chat.
    #[serde(flatten)]
    pub chat: view::Chat,
    /// The feed up to this number is contained. Follow it from here.
    pub as_of_seq: u64,
}

/// A thread of mail that is to be begun. Its first mail is said in one of `text`, `markdown` and `html`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChat {
    /// Through which connection.
    #[schema(value_type = ConnectionId)]
    pub connection_id: String,
    /// To whom.
    #[serde(default)]
    pub to: Vec<Addressee>,
    /// Who else is to read it.
    #[serde(default)]
    pub cc: Vec<Addressee>,
    /// Who reads it without the others' knowing.
    #[serde(default)]
    pub bcc: Vec<Addressee>,
    /// What it is about.
    #[serde(default)]
    pub subject: String,
    /// Words as they stand. They may be left out where there are attachments.
    pub text: Option<String>,
    /// The same in Markdown.
    pub markdown: Option<String>,
    /// The same in HTML.
    pub html: Option<String>,
    /// Files that were uploaded with `POST /v1/attachments`, in their order.
    #[serde(default)]
    #[schema(value_type = Vec<AttachmentId>)]
    pub attachments: Vec<String>,
}

/// A chat that was begun, with its first message on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct BegunChat {
    /// The chat. Until the platform has it, its `external_id` is none of the platform's and begins with `new:`.
    pub chat: view::Chat,
    /// The message.
    pub message: view::Message,
}

/// Which chats are to be imported.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// Through which connection.
    #[schema(value_type = ConnectionId)]
    pub connection_id: String,
    /// These, by the platform's ids.
    #[serde(default)]
    pub chats: Vec<ExternalId>,
    /// Or all that the connection can see.
    #[serde(default)]
    pub all: bool,
    /// Of all, only those that the platform's own search finds by this; for mail.
    pub q: Option<String>,
    /// Of all, only those with this label, by its id in `/v1/connections/{id}/labels`; for mail.
    pub label: Option<String>,
    /// Nothing older. Mail threads come whole: of all, those in which there was mail since then.
    pub since: Option<Timestamp>,
}

/// Which chats are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChatsQuery {
    /// Of this connection only.
    pub connection_id: Option<String>,
    /// Only those with unread messages.
    pub unread: Option<bool>,
    /// In this state only; `imported` by itself.
    #[param(inline)]
    pub state: Option<ChatState>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// How many at most; 50 by itself, 200 at most.
    pub limit: Option<usize>,
}

/// The platform's chats with their real names, marked if they are held here.
#[utoipa::path(get, path = "/v1/chats/available", tag = "chats", params(AvailableQuery), responses((status = 200, description = "A page of them", body = AvailableChats)))]
pub async fn list_available_chats(
    State(server): State<Server>,
    customer: Customer,
    Asked(query): Asked<AvailableQuery>,
) -> Result<Json<AvailableChats>, ApiError> {
    let connection: ConnectionId = named(&query.connection_id)?;
    own(&server, &customer, connection).await?;
    let search = query.q.filter(|words| !words.is_empty());
    let selection = Selection { search, label: query.label, since: query.since };
    let filter = format!("{connection}\n{selection:?}");
    let page = PageOf::new(&server, ("available", &customer.id, &filter), query.cursor.as_deref(), None)?;
    let cursor = page.paging.after.clone().map(Cursor);
    let (found, next) = server.engine.available(&customer.id, connection, selection, cursor).await?;
    let show = |chat: engine::Available| AvailableChat {
        external_id: chat.external_id,
        name: chat.name,
        kind: chat.kind,
        archived: chat.archived,
        chat_id: chat.chat_id,
        state: chat.state,
    };
    let next_cursor = page.cursor(next.map(|cursor| cursor.0));
    Ok(Json(AvailableChats { items: found.into_iter().map(show).collect(), next_cursor }))
}

/// Import picked chats, or all. Their history is read newest first; the answer says how far it is.
#[utoipa::path(post, path = "/v1/chats/import", tag = "chats", request_body = ImportRequest, responses((status = 202, description = "The runs of import", body = Items<view::SyncStatus>)))]
pub async fn import_chats(
    State(server): State<Server>,
    customer: Customer,
    ask: Ask<ImportRequest>,
) -> Result<(StatusCode, Json<Items<view::SyncStatus>>), ApiError> {
    let ImportRequest { connection_id, chats, all, q, label, since } = ask.body;
    let connection: ConnectionId = named(&connection_id)?;
    own(&server, &customer, connection).await?;
    if all != chats.is_empty() {
        return Err(ApiError::WrongShape("Name the chats to import, or say all; one of both.".to_owned()));
    }
    if chats.len() > MOST_PICKED {
        return Err(ApiError::WrongShape(format!("Pick at most {MOST_PICKED} chats in one call, or say all.")));
    }
    let selection = Selection { search: q, label, since };
    if !all && selection.needs_search() {
        let detail = "A search picks some of all chats. Name the chats to import, or say all and search.".to_owned();
        return Err(engine::EngineError::Refused(Problem { code: "search_without_all".to_owned(), detail }).into());
    }
    let runs = if all {
        vec![server.engine.import_all(&customer.id, connection, selection).await?]
    } else {
        server.engine.import_chats(&customer.id, connection, &chats, since).await?
    };
    Ok((StatusCode::ACCEPTED, Json(Items { items: server.engine.show_sync_statuses(&customer.id, &runs).await? })))
}

/// Chats that are held here, the most recently active first.
#[utoipa::path(get, path = "/v1/chats", tag = "chats", params(ChatsQuery), responses((status = 200, description = "A page of them", body = Listed<view::Chat>)))]
pub async fn list_chats(
    State(server): State<Server>,
    customer: Customer,
    Asked(query): Asked<ChatsQuery>,
) -> Result<Json<Listed<view::Chat>>, ApiError> {
    let connection = query.connection_id.as_deref().map(named::<ConnectionId>).transpose()?;
    if let Some(id) = connection {
        own(&server, &customer, id).await?;
    }
    let state = Some(query.state.unwrap_or(ChatState::Imported));
    let filter = ChatFilter { connection, state, unread: query.unread.unwrap_or(false) };
    let list = ("chats", &customer.id, format!("{filter:?}"));
    let page = PageOf::new(&server, (list.0, list.1, &list.2), query.cursor.as_deref(), query.limit)?;
    let store = server.engine.store();
    let as_of_seq = store.last_seq(&customer.id).await?;
    let found = store.chats(&customer.id, &filter, &page.paging).await?;
    let items = server.engine.show_chats(&customer.id, &found.items).await?;
    Ok(Json(Listed { items, next_cursor: page.cursor(found.next), as_of_seq }))
}

/// Begin a thread of mail, where the connection's abilities say `mail`. The chat and its message are here at once; how
/// it went comes in the feed.
#[utoipa::path(post, path = "/v1/chats", tag = "chats", request_body = NewChat, responses((status = 202, description = "The chat, with its message on its way", body = BegunChat)))]
pub async fn begin_chat(
    State(server): State<Server>,
    customer: Customer,
    ask: Ask<NewChat>,
) -> Result<(StatusCode, Json<BegunChat>), ApiError> {
    let NewChat { connection_id, to, cc, bcc, subject, text, markdown, html, attachments } = ask.body;
    let connection: ConnectionId = named(&connection_id)?;
    let (wording, files) = said(text, markdown, html, &attachments)?;
    let mail = Mail {
        to: Some(correspondents(to)),
        cc: Some(correspondents(cc)),
        bcc: correspondents(bcc),
        subject: Some(subject),
        ..Mail::default()
    };
    let draft = Draft { wording, thread_root: None, broadcast: false, files, mail: Some(mail) };
    let (engine, key) = (&server.engine, ask.key.as_ref());
    let held = engine.begin_thread(&customer.id, connection, draft, customer.origin, key).await?;
    let chat = engine.store().listed_chat(&customer.id, held.chat_id).await?.ok_or(ApiError::NotFound)?;
    let chat = engine.show_chats(&customer.id, &[chat]).await?.pop().ok_or(ApiError::NotFound)?;
    let message = engine.show_messages(&customer.id, &[held]).await?.pop().ok_or(ApiError::NotFound)?;
    Ok((StatusCode::ACCEPTED, Json(BegunChat { chat, message })))
}

/// One chat.
#[utoipa::path(get, path = "/v1/chats/{id}", tag = "chats", params(("id" = ChatId, Path)), responses((status = 200, description = "The chat", body = OneChat)))]
pub async fn show_chat(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ChatId>,
) -> Result<Json<OneChat>, ApiError> {
    let as_of_seq = server.engine.store().last_seq(&customer.id).await?;
    let held = server.engine.store().listed_chat(&customer.id, id).await?.ok_or(ApiError::NotFound)?;
    let mut shown = server.engine.show_chats(&customer.id, &[held]).await?;
    let chat = shown.pop().ok_or(ApiError::NotFound)?;
    Ok(Json(OneChat { chat, as_of_seq }))
}

/// How far a chat is read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadUpTo {
    /// The last message that was read; the newest by itself.
    #[schema(value_type = Option<MessageId>)]
    pub message_id: Option<String>,
}

/// Say how far the customer has read. It shows here at once, and at the platform where it has read marks and
/// the login may set them. This moves a mark on, and never back.
#[utoipa::path(post, path = "/v1/chats/{id}/read", tag = "chats", params(("id" = ChatId, Path)), request_body = ReadUpTo, responses((status = 200, description = "The chat", body = OneChat)))]
pub async fn mark_chat_read(
    state: State<Server>,
    customer: Customer,
    Named(id): Named<ChatId>,
    ask: Ask<ReadUpTo>,
) -> Result<Json<OneChat>, ApiError> {
    let up_to = ask.body.message_id.as_deref().map(named).transpose()?;
    state.engine.mark_read(&customer.id, id, up_to, customer.origin).await?;
    show_chat(state, customer, Named(id)).await
}

/// From where on a chat is unread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnreadFrom {
    /// The first message that is to be unread.
    #[schema(value_type = MessageId)]
    pub message_id: String,
}

/// Call a message unread again, with all that others wrote after it, here and at the platform. Possible where the
/// abilities have `mark_unread`.
#[utoipa::path(post, path = "/v1/chats/{id}/unread", tag = "chats", params(("id" = ChatId, Path)), request_body = UnreadFrom, responses((status = 200, description = "The chat", body = OneChat)))]
pub async fn mark_chat_unread(
    state: State<Server>,
    customer: Customer,
    Named(id): Named<ChatId>,
    ask: Ask<UnreadFrom>,
) -> Result<Json<OneChat>, ApiError> {
    let from = named(&ask.body.message_id)?;
    state.engine.mark_unread(&customer.id, id, from, customer.origin).await?;
    show_chat(state, customer, Named(id)).await
}

/// Delete a chat here, with its messages. The platform keeps it, and it can be imported again.
#[utoipa::path(delete, path = "/v1/chats/{id}", tag = "chats", params(("id" = ChatId, Path)), responses((status = 204, description = "It is gone here")))]
pub async fn delete_chat(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ChatId>,
    _bare: Bare,
) -> Result<StatusCode, ApiError> {
    server.engine.delete_chat(&customer.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Compare a chat with the platform now.
#[utoipa::path(post, path = "/v1/chats/{id}/sync", tag = "chats", params(("id" = ChatId, Path)), responses((status = 202, description = "The run", body = view::SyncStatus)))]
pub async fn sync_chat(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ChatId>,
    _bare: Bare,
) -> Result<(StatusCode, Json<view::SyncStatus>), ApiError> {
    let run = server.engine.sync_chat(&customer.id, id).await?;
    Ok((StatusCode::ACCEPTED, Json(sync_statuses::shown(&server, &customer, run).await?)))
}

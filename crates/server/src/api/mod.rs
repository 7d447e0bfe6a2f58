//! The API: every route, and the description that comes out of them.

pub mod ask;
pub mod attachments;
pub mod auth;
pub mod chats;
pub mod connections;
pub mod customers;
pub mod docs;
pub mod error;
pub mod events;
pub mod integrations;
pub mod keys;
pub mod lists;
pub mod mail;
pub mod messages;
pub mod parked;
pub mod people;
pub mod search;
pub mod session;
pub mod sync_statuses;
pub mod tokens;

use crate::serve::Server;
use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Every route below `/v1`, with its description.
fn described() -> OpenApiRouter<Server> {
    OpenApiRouter::with_openapi(docs::frame())
        .routes(routes!(session::show_session, session::end_session))
        .routes(routes!(integrations::list_integrations))
        .routes(routes!(connections::list_connections, connections::create_connection))
        .routes(routes!(connections::show_connection, connections::change_connection, connections::end_connection))
        .routes(routes!(connections::list_labels))
        .routes(routes!(people::list_people))
        .routes(routes!(people::list_user_platforms))
        .routes(routes!(people::put_user_platform))
        .routes(routes!(chats::list_available_chats))
        .routes(routes!(chats::import_chats))
        .routes(routes!(chats::list_chats, chats::begin_chat))
        .routes(routes!(chats::show_chat, chats::delete_chat))
        .routes(routes!(chats::mark_chat_read))
        .routes(routes!(chats::mark_chat_unread))
        .routes(routes!(chats::sync_chat))
        .routes(routes!(messages::list_messages, messages::send_message))
        .routes(routes!(messages::show_message, messages::edit_message, messages::delete_message))
        .routes(routes!(messages::retry_message))
        .routes(routes!(messages::add_reaction, messages::remove_reaction))
        .routes(routes!(attachments::upload_attachment))
        .routes(routes!(attachments::fetch_attachment))
        .routes(routes!(search::show_timeline))
        .routes(routes!(search::find))
        .routes(routes!(sync_statuses::list_sync_statuses))
        .routes(routes!(sync_statuses::cancel_sync_status))
        .routes(routes!(sync_statuses::retry_sync_status))
        .routes(routes!(parked::list_parked))
        .routes(routes!(parked::replay_parked))
        .routes(routes!(parked::reread_intake))
        .routes(routes!(events::list_events))
        .routes(routes!(events::stream_events))
        .routes(routes!(keys::list_api_keys, keys::create_api_key))
        .routes(routes!(keys::delete_api_key))
        .routes(routes!(tokens::create_customer_token))
        .routes(routes!(customers::erase_customer))
}

/// The routes of the API.
pub fn router() -> Router<Server> {
    described().split_for_parts().0
}

/// The description of the API.
pub fn openapi() -> OpenApi {
    docs::finish(described().split_for_parts().1)
}

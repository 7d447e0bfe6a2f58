//! People: whom one can write to, and who the customer is.

use crate::{
    api::{
        ask::{Ask, Asked, Named},
        auth::Customer,
        connections::own,
        error::ApiError,
        lists::{Items, Listed, PageOf},
    },
    serve::Server,
};
use axum::{Json, extract::State};
use engine::Statement;
use model::{
    id::{ConnectionId, ExternalId, UserPlatformId},
    view,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Whom one looks for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// A part of the name, handle or mail address, in any case.
    #[serde(default)]
    pub q: Option<String>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// How many at most; 50 by itself, 200 at most.
    pub limit: Option<usize>,
}

/// The people of a connection whom one can mention or write to, by name.
#[utoipa::path(get, path = "/v1/connections/{id}/people", tag = "people", params(("id" = ConnectionId, Path), PeopleQuery), responses((status = 200, description = "A page of them", body = Listed<view::Participant>)))]
pub async fn list_people(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<ConnectionId>,
    Asked(query): Asked<PeopleQuery>,
) -> Result<Json<Listed<view::Participant>>, ApiError> {
    let connection = own(&server, &customer, id).await?;
    let text = query.q.unwrap_or_default();
    let filter = format!("{id} {text:?}");
    let page = PageOf::new(&server, ("people", &customer.id, &filter), query.cursor.as_deref(), query.limit)?;
    let store = server.engine.store();
    let as_of_seq = store.last_seq(&customer.id).await?;
    let found = store.people(&customer.id, id, &text, &page.paging).await?;
    let items = server.engine.show_people(&connection, &found.items);
    Ok(Json(Listed { items, next_cursor: page.cursor(found.next), as_of_seq }))
}

/// Who the customer is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// All the platform's ids of them: those that the authorization proved, and others that they write under.
    /// What any of them wrote is `outgoing`, unless another customer is connected as that person. They open
    /// no chat.
    pub external_user_ids: Vec<ExternalId>,
    /// Their name. Without it, what the platform says.
    pub name: Option<String>,
    /// Their mail addresses. Without them, what the platform says.
    pub emails: Option<Vec<String>>,
}

/// Who the customer is on each platform, by connection.
#[utoipa::path(get, path = "/v1/user-platforms", tag = "people", responses((status = 200, description = "All of them", body = Items<view::UserPlatform>)))]
pub async fn list_user_platforms(
    State(server): State<Server>,
    customer: Customer,
) -> Result<Json<Items<view::UserPlatform>>, ApiError> {
    let held = server.engine.store().user_platforms(&customer.id).await?;
    Ok(Json(Items { items: held.iter().map(view::user_platform).collect() }))
}

/// Say who the customer is on a platform. Messages that are stored follow in a run of their own.
#[utoipa::path(put, path = "/v1/user-platforms/{id}", tag = "people", params(("id" = UserPlatformId, Path)), request_body = Identity, responses((status = 200, description = "Who they are by now", body = view::UserPlatform)))]
pub async fn put_user_platform(
    State(server): State<Server>,
    customer: Customer,
    Named(id): Named<UserPlatformId>,
    ask: Ask<Identity>,
) -> Result<Json<view::UserPlatform>, ApiError> {
    let Identity { external_user_ids: ids, name, emails } = ask.body;
    let statement = Statement { ids, name, emails };
    let held = server.engine.state_identity(&customer.id, id, &statement, customer.origin).await?;
    Ok(Json(view::user_platform(&held)))
}

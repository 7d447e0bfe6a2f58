//! People: whom one can write to, and who the customer is.

use crate::{
    api::{
        ask::{Asked, Named},
        auth::Customer,
        connections::own,
        error::ApiError,
        lists::{Items, Listed, PageOf},
    },
    serve::Server,
};
use axum::{Json, extract::State};
use model::{connection::UserPlatform, id::ConnectionId, view};
use serde::Deserialize;
use utoipa::IntoParams;

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

/// Who the customer is on each platform, by connection.
#[utoipa::path(get, path = "/v1/user-platforms", tag = "people", responses((status = 200, description = "All of them", body = Items<UserPlatform>)))]
pub async fn list_user_platforms(
    State(server): State<Server>,
    customer: Customer,
) -> Result<Json<Items<UserPlatform>>, ApiError> {
    Ok(Json(Items { items: server.engine.store().user_platforms(&customer.id).await? }))
}

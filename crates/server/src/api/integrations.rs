//! What can be connected.

use crate::{
    api::{auth::Customer, lists::Items},
    serve::Server,
};
use axum::{Json, extract::State};
use engine::Offered;
use model::{abilities::Abilities, id::Integration};
use serde::Serialize;
use utoipa::ToSchema;

/// A platform as this installation offers it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedIntegration {
    /// Its name in other calls.
    pub integration: Integration,
    /// The platform.
    pub platform: String,
    /// Its name for people.
    pub name: String,
    /// Whether it can be connected now.
    pub ready: bool,
    /// What is missing, if it is not ready.
    pub reason: Option<String>,
    /// Whether a person can connect by granting access at the platform.
    pub oauth: bool,
    /// What a person can paste instead; empty where the platform gives nothing to paste.
    pub pasted: Vec<PastedField>,
    /// Whether its chats can be chosen by the platform's own search, by label and by time before they are imported.
    pub searches: bool,
    /// What can be done at best.
    pub abilities: Abilities,
}

/// A field of the form in which a token is pasted.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastedField {
    /// Its name in the request.
    pub name: String,
    /// What the form says.
    pub label: String,
    /// Whether it may stay empty.
    pub optional: bool,
}

/// What can be connected, with what each platform can do.
#[utoipa::path(get, path = "/v1/integrations", tag = "integrations", responses((status = 200, description = "All of them", body = Items<OfferedIntegration>)))]
pub async fn list_integrations(State(server): State<Server>, _customer: Customer) -> Json<Items<OfferedIntegration>> {
    let shown = server.engine.integrations().iter().map(|(name, offered)| show(&server, name, offered));
    Json(Items { items: shown.collect() })
}

fn show(server: &Server, name: &Integration, offered: &Offered) -> OfferedIntegration {
    let described = offered.connector.describe();
    // The connector knows best which settings it needs: it refuses to lead anybody without them.
    let refused = server.engine.authorize(name, "probe", &server.redirect_uri()).err();
    let oauth = refused.is_none();
    let pasted: Vec<_> = described
        .pasted
        .iter()
        .map(|field| PastedField {
            name: field.name.to_owned(),
            label: field.label.to_owned(),
            optional: field.optional,
        })
        .collect();
    OfferedIntegration {
        integration: name.clone(),
        platform: described.platform.to_owned(),
        name: described.name.to_owned(),
        ready: oauth || !pasted.is_empty(),
        reason: refused.map(|error| error.to_string()),
        oauth,
        pasted,
        searches: described.searches,
        abilities: offered.abilities(),
    }
}

//! Customers come by being named, and go when the app says so.

use crate::{
    api::{
        ask::{Bare, Named},
        auth::App,
        error::ApiError,
    },
    serve::Server,
};
use axum::{extract::State, http::StatusCode};
use model::customer::CustomerId;

/// Erase a customer with everything: connections, chats, messages, people, events and the platforms' raw requests
/// that were for nobody else. Their connections are closed when this answers; the rest follows. A repeat changes
/// nothing. Only an API key can.
#[utoipa::path(delete, path = "/v1/customers/{id}", tag = "keys", params(("id" = CustomerId, Path, description = "The customer, by the app's own id")), responses((status = 202, description = "Nothing of them is shown or taken in any more, and all of it goes")))]
pub async fn erase_customer(
    State(server): State<Server>,
    _app: App,
    Named(id): Named<String>,
    _bare: Bare,
) -> Result<StatusCode, ApiError> {
    let customer = CustomerId::new(id).map_err(|_| ApiError::NotFound)?;
    server.engine.erase(&customer).await?;
    tracing::info!(customer.id = %customer, "Erasing {customer}");
    Ok(StatusCode::ACCEPTED)
}

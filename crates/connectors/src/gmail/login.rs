//! What a login of Google holds.

use model::{
    connector::{ConnectorError, OpenLogin},
    world::Secret,
};
use serde::{Deserialize, Serialize};

/// The secret of a login, as it is sealed.
#[derive(Serialize, Deserialize)]
pub struct Tokens {
    /// What calls are made with, for about an hour.
    pub access_token: String,
    /// What new ones are made with.
    pub refresh_token: String,
}

/// The secret that a login is kept with.
pub fn secret(tokens: &Tokens) -> Secret {
    Secret(serde_json::to_string(tokens).expect("two texts always serialise"))
}

/// The tokens of a login.
pub fn tokens(open: &OpenLogin) -> Result<Tokens, ConnectorError> {
    let lost = |_| ConnectorError::LoginLost { account: Some(open.login.account.clone()) };
    serde_json::from_str(&open.secret.0).map_err(lost)
}

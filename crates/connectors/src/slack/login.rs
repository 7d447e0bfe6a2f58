//! What a login of Slack holds, and which one speaks when.
//!
//! A workspace's login is the app's bot, and is shared by all customers there. A person's login is
//! their own: it sees what they see and writes as them.

use crate::slack::id;
use model::{
    connection::Login,
    connector::{Access, ConnectorError, OpenLogin},
    world::Secret,
};
use serde::{Deserialize, Serialize};

/// What is known of a login beside its token, from `auth.test`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The workspace, or the organization if the app is installed there as a whole.
    #[serde(default)]
    pub team_id: String,
    /// The person, or the user that the bot appears as.
    #[serde(default)]
    pub user_id: String,
    /// The bot, if it is one.
    #[serde(default)]
    pub bot_id: Option<String>,
    /// The app, where Slack tells.
    #[serde(default)]
    pub app_id: Option<String>,
    /// The workspace's address.
    #[serde(default)]
    pub url: Option<String>,
}

/// The secret of a login, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Tokens {
    access_token: String,
    /// Only where the app rotates its tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// The secret that a login is kept with.
pub fn secret(access_token: &str, refresh_token: Option<&str>) -> Secret {
    let tokens = Tokens { access_token: access_token.to_owned(), refresh_token: refresh_token.map(str::to_owned) };
    Secret(serde_json::to_string(&tokens).expect("two texts always serialise"))
}

/// The token that calls are made with.
pub fn token(open: &OpenLogin) -> Result<String, ConnectorError> {
    let lost = |_| ConnectorError::LoginLost { account: Some(open.login.account.clone()) };
    tokens(&open.secret).map(|tokens| tokens.access_token).map_err(lost)
}

/// The token that new ones are made with, where the app rotates its tokens.
pub fn refresh_token(secret: &Secret) -> Option<String> {
    tokens(secret).ok()?.refresh_token
}

fn tokens(secret: &Secret) -> serde_json::Result<Tokens> {
    serde_json::from_str(&secret.0)
}

/// What is known of a login.
pub fn facts(login: &Login) -> Facts {
    serde_json::from_value(login.facts.clone()).unwrap_or_default()
}

/// The login that reads: the person's, since they see most, unless they grant no reading.
pub fn reading<'a>(access: &Access<'a>) -> Result<&'a OpenLogin, ConnectorError> {
    let may_read = |login: &&OpenLogin| {
        let scopes = &login.login.scopes;
        scopes.is_empty() || scopes.iter().any(|scope| scope.ends_with(":history"))
    };
    let person = access.logins.iter().find(|login| id::is_member(&login.login.account));
    let bot = access.logins.iter().find(|login| !id::is_member(&login.login.account));
    alive(person.filter(may_read).or(bot).or(person))
}

/// The login that commands appear from. No other one stands in for it: a person's words must never
/// go out under the bot's name.
pub fn writing<'a>(access: &Access<'a>) -> Result<&'a OpenLogin, ConnectorError> {
    let is_sender = |login: &&OpenLogin| {
        let user = facts(&login.login).user_id;
        access.connection.senders.iter().any(|sender| sender.as_str() == user)
    };
    alive(access.logins.iter().find(is_sender))
}

fn alive(login: Option<&OpenLogin>) -> Result<&OpenLogin, ConnectorError> {
    let login = login.ok_or(ConnectorError::LoginLost { account: None })?;
    if login.login.lost {
        return Err(ConnectorError::LoginLost { account: Some(login.login.account.clone()) });
    }
    Ok(login)
}

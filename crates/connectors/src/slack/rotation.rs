//! Fresh tokens for an app that rotates them, and whether Slack still accepts one.
//!
//! A refresh token is good once: Slack revokes it a short while after its successor was made. So whoever
//! lost the answer asks again at once with the same one.

use crate::slack::{
    client::{self, Client},
    login,
    oauth::{basic, ends_at},
    problem::CallError,
    wire,
};
use model::connector::{ConnectorError, OpenLogin, Refreshed, Threshold};

/// What Slack says of a refresh token that it will never take again.
const REFUSED_FOR_GOOD: &[&str] =
    &["invalid_refresh_token", "token_revoked", "invalid_grant", "team_access_not_granted"];

/// Makes new tokens out of a login's refresh token.
pub async fn refresh(threshold: &Threshold<'_>, open: &OpenLogin) -> Result<Refreshed, ConnectorError> {
    let account = &open.login.account;
    let lost = || ConnectorError::LoginLost { account: Some(account.clone()) };
    let token = login::refresh_token(&open.secret).ok_or_else(lost)?;
    let arguments = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token)];
    let asked_at = threshold.clock.now();
    let answer = match client::oauth_v2_access(threshold, &basic(threshold)?, arguments).await {
        Err(error) if error.is(REFUSED_FOR_GOOD) => return Err(lost()),
        answer => answer.map_err(|error| of(error, open))?,
    };
    let access: wire::OAuthAccess = serde_json::from_value(answer.value)
        .map_err(|error| ConnectorError::Unreadable(format!("Slack's new tokens have another shape: {error}")))?;
    let user = access.authed_user;
    let pair = access.access_token.map(|token| (token, access.refresh_token, access.expires_in));
    let pair = pair.or_else(|| user.access_token.map(|token| (token, user.refresh_token, user.expires_in)));
    let Some((access_token, Some(refresh_token), expires_in)) = pair else {
        return Err(ConnectorError::Unreadable("Slack's new tokens are not whole".to_owned()));
    };
    let secret = login::secret(&access_token, Some(&refresh_token));
    Ok(Refreshed { secret, expires_at: ends_at(asked_at, expires_in) })
}

/// Asks Slack whose token it is, which it says of a living one only.
pub async fn check(threshold: &Threshold<'_>, open: &OpenLogin) -> Result<(), ConnectorError> {
    let token = login::token(open)?;
    match Client::with_token(threshold, &token).auth_test().await {
        Ok(_) => Ok(()),
        Err(error) => Err(of(error, open)),
    }
}

/// An error of a call that was made for one login.
fn of(error: CallError, open: &OpenLogin) -> ConnectorError {
    client::naming(ConnectorError::from(error), &open.login.account)
}

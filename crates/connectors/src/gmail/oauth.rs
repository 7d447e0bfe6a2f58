//! Makes logins by Google's sign-in, refreshes them, and gives them back.

use crate::{
    gmail::{
        client::{Client, host},
        login::{self, Tokens},
        news,
        problem::{self, CallError, Effect, problem as told},
        wire,
    },
    mail::Address,
};
use bytes::Bytes;
use model::{
    abilities::Abilities,
    connector::{Authorized, ConnectorError, Grant, Identity, NewLogin, OpenLogin, Refreshed, Settings, Threshold},
    http::{Method, Request, Response},
    id::{ExternalAccount, ExternalId},
    time::Timestamp,
};
use serde::Deserialize;
use std::time::Duration;

/// Where people grant access.
const CONSENT: &str = "https://accounts.google.com";
/// Where tokens are made and given back.
const TOKENS: &str = "https://oauth2.googleapis.com";
/// Reads, and hears of news.
const READ: &str = "https://www.googleapis.com/auth/gmail.readonly";
/// Reads, sends, labels and trashes; nothing is deleted for good.
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
/// Everything, which includes what `MODIFY` allows.
const ALL: &str = "https://mail.google.com/";
/// What a person is asked for beside the mailbox: who they are.
const IDENTITY: &str = "openid email profile";
/// Tokens end a little before Google says so, for the time that a call takes.
const EARLY: Duration = Duration::from_secs(60);

/// The address where a person grants access. Without `prompt=consent` Google gives a refresh token only the first time.
pub fn authorize(settings: &Settings, state: &str, redirect_uri: &str) -> Result<String, ConnectorError> {
    credentials(settings)?;
    // A person may untick either of both: `MODIFY` would do for all, and without it the mailbox can still be read.
    let scopes = [IDENTITY, READ, MODIFY].join(" ");
    let query = serde_urlencoded::to_string([
        ("client_id", settings.get("client_id").unwrap_or_default()),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        ("scope", &scopes),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("include_granted_scopes", "true"),
        ("state", state),
    ]);
    let query = query.map_err(|error| ConnectorError::Unreadable(error.to_string()))?;
    Ok(format!("{}/o/oauth2/v2/auth?{query}", host(settings, CONSENT)))
}

/// Turns the code that a person brought back into a login.
pub async fn complete(threshold: &Threshold<'_>, grant: &Grant) -> Result<Authorized, ConnectorError> {
    let Grant::Code { code, redirect_uri } = grant else {
        return Err(refused("not_pasted", "Gmail is connected by signing in with Google; there is nothing to paste."));
    };
    let asked_at = threshold.clock.now();
    let form = [("grant_type", "authorization_code"), ("code", &code.0), ("redirect_uri", redirect_uri)];
    let granted = match token(threshold, &form, Effect::Once).await? {
        Ok(granted) => granted,
        Err(_) => {
            return Err(refused("code_not_accepted", "Google does not accept the code any more. Connect again."));
        }
    };
    let scopes: Vec<String> =
        granted.scope.as_deref().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let Some(abilities) = abilities(&scopes) else {
        return Err(refused(
            "insufficient_scope",
            "You did not allow to read mail. Connect again and tick all permissions; without the one to write and \
             organise mail, it is only read.",
        ));
    };
    let Some(refresh_token) = granted.refresh_token else {
        return Err(refused("no_refresh_token", "Google gave no lasting permission. Connect again."));
    };
    let tokens = Tokens { access_token: granted.access_token, refresh_token };
    let expires_at = ends_at(asked_at, granted.expires_in);
    let made = authorized(threshold, tokens, expires_at, scopes).await?;
    Ok(Authorized { abilities, ..made })
}

/// What can be done with what a person allowed; none where the mailbox may not even be read.
fn abilities(scopes: &[String]) -> Option<Abilities> {
    let has = |wanted: &[&str]| scopes.iter().any(|scope| wanted.contains(&scope.as_str()));
    match (has(&[MODIFY, ALL]), has(&[READ])) {
        (true, _) => Some(super::abilities()),
        (false, true) => Some(super::reading_only()),
        (false, false) => None,
    }
}

async fn authorized(
    threshold: &Threshold<'_>,
    tokens: Tokens,
    expires_at: Option<Timestamp>,
    scopes: Vec<String>,
) -> Result<Authorized, ConnectorError> {
    let client = Client::with_token(threshold, &tokens.access_token, ExternalAccount::from(""));
    let profile = client.profile().await.map_err(new)?;
    let address = key(&profile.email_address);
    let aliases = client.send_as().await.map_err(new)?;
    let is_own = |alias: &&wire::SendAs| alias.is_primary || alias.verification_status.as_deref() == Some("accepted");
    let name = aliases.iter().find(|alias| alias.is_primary).map(|alias| alias.display_name.clone());
    let mut emails = vec![address.clone()];
    emails.extend(aliases.iter().filter(is_own).map(|alias| key(&alias.send_as_email)));
    emails.dedup();
    let person: Vec<_> = emails.iter().map(|email| ExternalId::from(email.as_str())).collect();
    let account = ExternalAccount::from(address.as_str());
    Ok(Authorized {
        account: account.clone(),
        account_name: profile.email_address,
        listens_to: vec![account.clone()],
        logins: vec![NewLogin {
            account,
            secret: login::secret(&tokens),
            expires_at,
            scopes: scopes.clone(),
            facts: serde_json::Value::Null,
        }],
        senders: person.clone(),
        person,
        identity: Identity { name: name.filter(|name| !name.is_empty()).unwrap_or(address), emails },
        abilities: super::abilities(),
        scopes,
        cursor: Some(news::cursor(profile.history_id)),
    })
}

/// A login that never worked is none that was lost.
fn new(error: CallError) -> ConnectorError {
    match ConnectorError::from(error) {
        ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. } => {
            refused("token_not_accepted", "Google does not accept the token that it gave. Connect again.")
        }
        other => other,
    }
}

/// New access tokens. Google keeps the refresh token, and says so by giving none.
pub async fn refresh(threshold: &Threshold<'_>, open: &OpenLogin) -> Result<Refreshed, ConnectorError> {
    let held = login::tokens(open)?;
    let asked_at = threshold.clock.now();
    let form = [("grant_type", "refresh_token"), ("refresh_token", held.refresh_token.as_str())];
    let granted = match token(threshold, &form, Effect::Repeatable).await? {
        Ok(granted) => granted,
        Err(Dead) => return Err(ConnectorError::LoginLost { account: Some(open.login.account.clone()) }),
    };
    let refresh_token = granted.refresh_token.unwrap_or(held.refresh_token);
    let secret = login::secret(&Tokens { access_token: granted.access_token, refresh_token });
    Ok(Refreshed { secret, expires_at: ends_at(asked_at, granted.expires_in) })
}

/// Whether Google still accepts a login.
pub async fn check(threshold: &Threshold<'_>, open: &OpenLogin) -> Result<(), ConnectorError> {
    let token = login::tokens(open)?.access_token;
    let client = Client::with_token(threshold, &token, open.login.account.clone());
    Ok(client.profile().await.map(drop)?)
}

/// Gives a login back. One that Google no longer knows is gone already.
pub async fn revoke(threshold: &Threshold<'_>, open: &OpenLogin) -> Result<(), ConnectorError> {
    let Ok(tokens) = login::tokens(open) else { return Ok(()) };
    let response = post(threshold, "revoke", &[("token", &tokens.refresh_token)], Effect::Repeatable).await?;
    match response.status {
        200..300 | 400 => Ok(()),
        status => Err(problem::broken(&format!("Google answered {status}"), Effect::Repeatable)),
    }
}

/// What was granted is gone for good.
struct Dead;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    error: String,
}

async fn token(
    threshold: &Threshold<'_>,
    form: &[(&str, &str)],
    effect: Effect,
) -> Result<Result<wire::Tokens, Dead>, ConnectorError> {
    let (id, secret) = credentials(threshold.settings)?;
    let form: Vec<_> = form.iter().copied().chain([("client_id", id), ("client_secret", secret)]).collect();
    let response = post(threshold, "token", &form, effect).await?;
    if response.status == 200 {
        let tokens = serde_json::from_slice(&response.body)
            .map_err(|error| ConnectorError::Unreadable(format!("Google's tokens have another shape: {error}")))?;
        return Ok(Ok(tokens));
    }
    let said = serde_json::from_slice::<Said>(&response.body).unwrap_or_default().error;
    match said.as_str() {
        "invalid_grant" => Ok(Err(Dead)),
        "invalid_client" | "unauthorized_client" | "redirect_uri_mismatch" => Err(refused(
            "client_not_accepted",
            "Google does not know this client id and secret, or not for this address. Check the integration's settings.",
        )),
        _ => Err(problem::broken(&format!("Google answered {}", response.status), effect)),
    }
}

async fn post(
    threshold: &Threshold<'_>,
    path: &str,
    form: &[(&str, &str)],
    effect: Effect,
) -> Result<Response, ConnectorError> {
    let body = serde_urlencoded::to_string(form)
        .map_err(|error| ConnectorError::Unreadable(format!("the arguments are no form: {error}")))?;
    let request = Request {
        method: Method::Post,
        url: format!("{}/{path}", host(threshold.settings, TOKENS)),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: Bytes::from(body),
        deadline: threshold.deadline,
        quotas: Vec::new(),
    };
    threshold.http.send(request).await.map_err(|error| problem::unanswered(error, effect))
}

fn credentials(settings: &Settings) -> Result<(&str, &str), ConnectorError> {
    let setting = |name: &str| {
        settings.get(name).ok_or_else(|| {
            refused("not_configured", &format!("The setting {name} of this Gmail integration is missing."))
        })
    };
    Ok((setting("client_id")?, setting("client_secret")?))
}

fn ends_at(asked_at: Timestamp, expires_in: Option<u64>) -> Option<Timestamp> {
    let left = Duration::from_secs(expires_in?);
    Some(asked_at + left.checked_sub(EARLY).unwrap_or(left))
}

/// An address as people are known by it.
pub fn key(address: &str) -> String {
    Address::parse(address).map_or_else(|| address.to_lowercase(), |address| address.key())
}

fn refused(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(told(code, detail.to_owned()))
}

//! The way of a person's browser from the app to the platform and back.
//!
//! Each step is good once: the page by its ticket, the return by its state, which is bound to the
//! browser that left by a cookie. Nothing is believed of what comes back.

use crate::{api::auth::cookie, api::error::ApiError, html, keys, serve::Server};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::EngineError;
use model::{connector::Grant, customer::CustomerId, id::Integration, store::Ticket, time::Timestamp, world::Secret};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a connect page, and the way over the platform, may take.
const GOOD_FOR: Duration = Duration::from_secs(10 * 60);
const PAGE: &str = "connect";
const STATE: &str = "state";
const COOKIE: &str = "bothways_connect_";

/// The address of a connect page.
pub struct ConnectPage {
    /// Where.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a ticket stands for.
#[derive(Serialize, Deserialize)]
struct Wish {
    customer: CustomerId,
    integration: Integration,
    return_to: Option<String>,
    /// The hash of what the browser holds, once it left for the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
}

/// Prepares a connect page for a customer.
pub async fn begin(
    server: &Server,
    customer: &CustomerId,
    integration: &Integration,
    return_to: Option<String>,
) -> Result<ConnectPage, ApiError> {
    if return_to.as_deref().is_some_and(|address| !may_return(server, address)) {
        let detail = "return_to must be a path of this server, or begin with an address of the setting return_to.";
        return Err(ApiError::malformed("bad_return_to", detail));
    }
    // Told now rather than on the way: settings that are missing.
    server.engine.authorize(integration, "probe", &server.redirect_uri())?;
    let wish = Wish { customer: customer.clone(), integration: integration.clone(), return_to, browser: None };
    let (ticket, expires_at) = keep(server, PAGE, &wish).await?;
    Ok(ConnectPage { url: format!("{}/connect/{ticket}", server.base), expires_at })
}

async fn keep(server: &Server, kind: &str, wish: &Wish) -> Result<(String, Timestamp), ApiError> {
    let (shown, expires_at) = (server.fresh(), server.engine.now() + GOOD_FOR);
    let document = serde_json::to_value(wish).map_err(|_| ApiError::Broken)?;
    let ticket = Ticket { kind: kind.to_owned(), hash: keys::hash(&shown), document, expires_at };
    server.engine.store().put_ticket(ticket).await?;
    Ok((shown, expires_at))
}

fn may_return(server: &Server, address: &str) -> bool {
    // Browsers read a backslash as a slash, and `//` as another host.
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let path = address.starts_with('/') && !address.starts_with("//");
    let ours = [&server.base].into_iter().chain(&server.config.return_to);
    plain && (path || ours.into_iter().any(|allowed| begins(address, allowed)))
}

/// Whether an address is `allowed` or below it.
fn begins(address: &str, allowed: &str) -> bool {
    let rest = address.strip_prefix(allowed.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

fn gone() -> Response {
    let sentence = "This address was used or is too old. Go back to the app and connect again.";
    html::message(StatusCode::GONE, "This address has ended", sentence)
}

fn failed(error: ApiError) -> Response {
    let sentence = error.to_string();
    let status = error.into_response().status();
    html::message(status, "Something is wrong", &sentence)
}

/// Shows who wants to connect what. The ticket stays good, so that a look ahead does not spend it.
pub async fn show(State(server): State<Server>, Path(ticket): Path<String>) -> Response {
    let held = server.engine.store().ticket(PAGE, &keys::hash(&ticket), server.engine.now()).await;
    let wish = match held {
        Ok(Some(held)) => serde_json::from_value::<Wish>(held.document).ok(),
        Ok(None) => None,
        Err(error) => return failed(error.into()),
    };
    let Some(wish) = wish else { return gone() };
    let Some(offered) = server.engine.integrations().get(&wish.integration) else { return gone() };
    let platform = html::escape(offered.connector.describe().name);
    let (app, customer) = (html::escape(&server.config.app_name), html::escape(wish.customer.as_str()));
    let content = format!(
        "<h1>Connect {platform}</h1><p><b>{app}</b> wants to read and write in {platform} for its customer \
         <b>{customer}</b>.</p><p>On the next page {platform} asks you to allow it. Go on only if you came here \
         from {app}.</p><form method=\"post\"><button>Go on to {platform}</button></form>"
    );
    let mut response = html::page(StatusCode::OK, &format!("Connect {platform}"), &content);
    // The form leads to the platform, which the general policy does not let it.
    let target = server.engine.authorize(&wish.integration, "probe", &server.redirect_uri());
    let origin =
        target.ok().and_then(|url| reqwest::Url::parse(&url).ok()).map(|url| url.origin().ascii_serialization());
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        origin.unwrap_or_default()
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Spends the ticket, binds the browser, and leads it to the platform.
pub async fn leave(State(server): State<Server>, Path(ticket): Path<String>) -> Response {
    depart(&server, &ticket).await.unwrap_or_else(failed)
}

async fn depart(server: &Server, ticket: &str) -> Result<Response, ApiError> {
    let held = server.engine.store().take_ticket(PAGE, &keys::hash(ticket), server.engine.now()).await?;
    let Some(held) = held else { return Ok(gone()) };
    let browser = server.fresh();
    let wish: Wish = serde_json::from_value(held.document).map_err(|_| ApiError::Broken)?;
    let wish = Wish { browser: Some(keys::hash(&browser)), ..wish };
    let (state, _) = keep(server, STATE, &wish).await?;
    let target = server.engine.authorize(&wish.integration, &state, &server.redirect_uri())?;
    let cookie = server.cookie(&cookie_of(&state), &browser, "/oauth", GOOD_FOR);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, target), (header::SET_COOKIE, cookie)]).into_response())
}

/// Each way has a cookie of its own, so that two tabs do not disturb each other.
fn cookie_of(state: &str) -> String {
    format!("{COOKIE}{}", &keys::hash(state)[..12])
}

/// What a browser brings back from a platform.
#[derive(Deserialize)]
pub struct Return {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
}

/// Completes a connection when the browser comes back.
pub async fn come_back(State(server): State<Server>, headers: HeaderMap, Query(back): Query<Return>) -> Response {
    arrive(&server, &headers, back).await.unwrap_or_else(failed)
}

async fn arrive(server: &Server, headers: &HeaderMap, back: Return) -> Result<Response, ApiError> {
    let store = server.engine.store();
    let hash = keys::hash(&back.state);
    let now = server.engine.now();
    let Some(held) = store.ticket(STATE, &hash, now).await? else { return Ok(gone()) };
    let wish: Wish = serde_json::from_value(held.document).map_err(|_| ApiError::Broken)?;
    let name = cookie_of(&back.state);
    let shown = cookie(headers, &name).map(|browser| keys::hash(&browser));
    let bound = matches!((&shown, &wish.browser), (Some(shown), Some(bound)) if keys::same(shown, bound));
    // Another browser must not spend the state of the one that left.
    if !bound || store.take_ticket(STATE, &hash, now).await?.is_none() {
        return Ok(gone());
    }
    let outcome = match (back.error, back.code) {
        (Some(error), _) => Err(error),
        (None, None) => Err("no_code".to_owned()),
        (None, Some(code)) => {
            let grant = Grant::Code { code: Secret(code), redirect_uri: server.redirect_uri() };
            match server.engine.connect(&wish.customer, &wish.integration, &grant).await {
                Ok(connection) => Ok(connection.id.to_string()),
                Err(error) => Err(code_of(error)),
            }
        }
    };
    let ended = server.cookie(&name, "", "/oauth", Duration::ZERO);
    let mut response = answer(wish.return_to.as_deref(), &outcome);
    if let Ok(ended) = HeaderValue::from_str(&ended) {
        response.headers_mut().append(header::SET_COOKIE, ended);
    }
    Ok(response)
}

fn code_of(error: EngineError) -> String {
    tracing::warn!("Connecting failed: {error}");
    match error {
        EngineError::Refused(problem) => problem.code,
        _ => "connecting_failed".to_owned(),
    }
}

fn answer(return_to: Option<&str>, outcome: &Result<String, String>) -> Response {
    if let Some(address) = return_to {
        let (name, value) = match outcome {
            Ok(connection) => ("connection", connection),
            Err(error) => ("error", error),
        };
        let target = with_query(address, name, value);
        return (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response();
    }
    match outcome.as_ref().map_err(String::as_str) {
        Ok(_) => html::message(StatusCode::OK, "Connected", "You can close this window and go back to the app."),
        Err("access_denied") => {
            let sentence = "You did not allow it, so nothing was connected. You can close this window.";
            html::message(StatusCode::OK, "Not connected", sentence)
        }
        Err(error) => {
            let sentence = format!("The platform said: {error}. Go back to the app and try again.");
            html::message(StatusCode::BAD_REQUEST, "Not connected", &sentence)
        }
    }
}

fn with_query(address: &str, name: &str, value: &str) -> String {
    let value: String =
        value.chars().filter(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(*letter)).collect();
    let (before, fragment) =
        address.split_once('#').map_or((address, String::new()), |(before, rest)| (before, format!("#{rest}")));
    let sign = if before.contains('?') { '&' } else { '?' };
    format!("{before}{sign}{name}={value}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_address_allows_what_is_below_it_and_no_other_host() {
        let allowed = "https://app.example.com/settings";
        assert!(begins("https://app.example.com/settings", allowed));
        assert!(begins("https://app.example.com/settings/slack?x=1", allowed));
        assert!(!begins("https://app.example.com/settings.evil", allowed));
        assert!(!begins("https://app.example.com.evil.example/settings", allowed));
        assert!(!begins("https://app.example.com@evil.example/", "https://app.example.com"));
    }

    #[test]
    fn the_answer_goes_before_the_fragment_and_cannot_add_to_the_address() {
        assert_eq!(with_query("/inbox#top", "error", "access_denied"), "/inbox?error=access_denied#top");
        assert_eq!(with_query("/inbox?a=1", "error", "x&y=2\r\nSet-Cookie: z"), "/inbox?a=1&error=xy2Set-Cookiez");
    }
}

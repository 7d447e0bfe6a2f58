//! Pushes of Cloud Pub/Sub: who they are from, and which mailbox they are about.
//!
//! A push says no more than that something is new, so one that was replayed does no more than make us look. Yet
//! nobody else may make us: it bears a token that Google signed for the service account that was configured.

use crate::gmail::{
    client::{Client, host},
    oauth::key,
    problem::{self, Effect},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use model::{
    connector::{Admission, ConnectorError, Refusal, Settings, Threshold, Trust},
    http::{Method, Request},
    id::ExternalAccount,
    intake::RawRequest,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::json;

/// The topic that Gmail publishes to.
pub const TOPIC: &str = "pubsub_topic";
/// The subscription that pushes to us; any of the project where it is not named.
pub const SUBSCRIPTION: &str = "pubsub_subscription";
/// Whom the pushes are for: the address that they go to, unless the subscription names another audience.
pub const AUDIENCE: &str = "pubsub_audience";
/// As which service account Google signs them.
pub const SERVICE_ACCOUNT: &str = "pubsub_service_account";

/// Where Google publishes the keys that it signs with.
const KEYS: &str = "https://www.googleapis.com";
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// By how much Google's clock may differ from ours, in seconds.
const LEEWAY_SECONDS: i64 = 5 * 60;

/// What a push says, wrapped by Pub/Sub.
#[derive(Deserialize)]
struct Push {
    message: Wrapped,
    #[serde(default)]
    subscription: String,
}

#[derive(Deserialize)]
struct Wrapped {
    data: String,
}

/// What Gmail says. Its history id is of no use: we go on from where we are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    email_address: String,
}

/// What Google's token claims.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
    exp: i64,
    iat: i64,
}

/// Whether pushes are configured.
pub fn is_configured(settings: &Settings) -> bool {
    [TOPIC, AUDIENCE, SERVICE_ACCOUNT].iter().all(|name| settings.get(name).is_some())
}

/// Judges a push by its token, and reads which mailbox it is about.
pub fn admit(request: &RawRequest, trust: &Trust<'_>) -> Admission {
    let settings = trust.settings;
    let (Some(audience), Some(account)) = (settings.get(AUDIENCE), settings.get(SERVICE_ACCOUNT)) else {
        return Admission::Refuse(Refusal::NotConfigured);
    };
    let bearer = request.header("authorization").and_then(|value| value.split_once(' '));
    let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let Some(token) = token else { return Admission::Refuse(Refusal::Untrusted) };
    let claims = match claims(token, trust.keys) {
        Ok(claims) => claims,
        Err(Distrust::UnknownKey) => return Admission::NeedsKeys,
        Err(Distrust::Bad) => return Admission::Refuse(Refusal::Untrusted),
    };
    if !is_for_us(&claims, audience, account, trust.now) {
        return Admission::Refuse(Refusal::Untrusted);
    }
    let push = serde_json::from_slice::<Push>(&request.body).ok();
    let Some(push) = push else { return Admission::Refuse(Refusal::Unreadable) };
    if settings.get(SUBSCRIPTION).is_some_and(|name| name != push.subscription) {
        return Admission::Refuse(Refusal::Untrusted);
    }
    match notice(&push.message.data) {
        Some(notice) => Admission::Hint(ExternalAccount(key(&notice.email_address))),
        None => Admission::Refuse(Refusal::Unreadable),
    }
}

/// Why a token is not believed.
enum Distrust {
    /// It may be signed with a newer key than those that are known.
    UnknownKey,
    Bad,
}

/// What a token claims, if its signature holds. Only times are left to be checked, by the clock that was given.
fn claims(token: &str, keys: Option<&[u8]>) -> Result<Claims, Distrust> {
    let header = decode_header(token).map_err(|_| Distrust::Bad)?;
    if header.alg != Algorithm::RS256 {
        return Err(Distrust::Bad);
    }
    let name = header.kid.ok_or(Distrust::Bad)?;
    let set: JwkSet = keys.and_then(|keys| serde_json::from_slice(keys).ok()).ok_or(Distrust::UnknownKey)?;
    let key = DecodingKey::from_jwk(set.find(&name).ok_or(Distrust::UnknownKey)?).map_err(|_| Distrust::Bad)?;
    let mut validation = Validation::new(Algorithm::RS256);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation.required_spec_claims.clear();
    Ok(decode::<Claims>(token, &key, &validation).map_err(|_| Distrust::Bad)?.claims)
}

fn is_for_us(claims: &Claims, audience: &str, account: &str, now: Timestamp) -> bool {
    let now = now.millis().div_euclid(1_000);
    ISSUERS.contains(&claims.iss.as_str())
        && claims.aud == audience
        && claims.email_verified
        && claims.email.eq_ignore_ascii_case(account)
        && now <= claims.exp.saturating_add(LEEWAY_SECONDS)
        && claims.iat <= now.saturating_add(LEEWAY_SECONDS)
}

fn notice(data: &str) -> Option<Notice> {
    let data = data.replace('-', "+").replace('_', "/");
    let bytes = STANDARD.decode(data).ok()?;
    let notice: Notice = serde_json::from_slice(&bytes).ok()?;
    Some(notice).filter(|notice| !notice.email_address.trim().is_empty())
}

/// The keys that Google signs with by now.
pub async fn keys(threshold: &Threshold<'_>) -> Result<Bytes, ConnectorError> {
    let url = format!("{}/oauth2/v3/certs", host(threshold.settings, KEYS));
    let Threshold { http, deadline, .. } = *threshold;
    let (headers, quotas) = (Vec::new(), Vec::new());
    let request = Request { method: Method::Get, url, headers, body: Bytes::new(), deadline, quotas };
    let answer = http.send(request).await.map_err(|error| problem::unanswered(error, Effect::Repeatable))?;
    match answer.status {
        200 => Ok(answer.body),
        status => Err(problem::broken(&format!("Google answered {status}"), Effect::Repeatable)),
    }
}

/// Asks Gmail to publish what is new in the mailbox, and says how long it will.
pub async fn watch(client: &Client<'_>, settings: &Settings) -> Result<Timestamp, ConnectorError> {
    let topic = settings.get(TOPIC).unwrap_or_default();
    let watched = client.post("watch", "watch", &json!({ "topicName": topic }), Effect::Repeatable).await;
    let watched: crate::gmail::wire::Watched = watched?;
    Ok(Timestamp::from_millis(watched.expiration))
}

//! Whether a request is Slack's, by its signature over the raw bytes.

use crate::slack::wire;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use model::{
    connector::{Admission, Refusal, Trust},
    intake::RawRequest,
    time::Timestamp,
};
use sha2::Sha256;
use std::time::Duration;

/// How far a request's time may be from ours, before or after. Slack's own figure.
const WINDOW: Duration = Duration::from_secs(5 * 60);

/// Checks a request, and answers Slack's test of the address.
pub fn admit(request: &RawRequest, trust: &Trust<'_>) -> Admission {
    let Some(secret) = trust.settings.get("signing_secret") else {
        return Admission::Refuse(Refusal::NotConfigured);
    };
    if !is_signed(request, secret, trust.now) {
        return Admission::Refuse(Refusal::Untrusted);
    }
    let media_type = request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Admission::Refuse(Refusal::WrongType);
    }
    let Some(envelope) = wire::Envelope::read(&request.body) else {
        return Admission::Refuse(Refusal::Unreadable);
    };
    if envelope.kind != "url_verification" {
        return Admission::Keep;
    }
    match envelope.challenge {
        Some(challenge) => Admission::Answer { content_type: "text/plain", body: Bytes::from(challenge) },
        None => Admission::Refuse(Refusal::Unreadable),
    }
}

fn is_signed(request: &RawRequest, secret: &str, now: Timestamp) -> bool {
    let (Some(stamp), Some(signature)) =
        (request.header("x-slack-request-timestamp"), request.header("x-slack-signature"))
    else {
        return false;
    };
    let Some(sent_at) = seconds(stamp) else { return false };
    if now.since(sent_at) > WINDOW || sent_at.since(now) > WINDOW {
        return false;
    }
    let Some(signature) = signature.strip_prefix("v0=").and_then(|hex| hex::decode(hex).ok()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(b"v0:");
    mac.update(stamp.as_bytes());
    mac.update(b":");
    mac.update(&request.body);
    // Takes as long for a wrong signature as for a right one.
    mac.verify_slice(&signature).is_ok()
}

fn seconds(stamp: &str) -> Option<Timestamp> {
    if stamp.is_empty() || !stamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    stamp.parse::<i64>().ok()?.checked_mul(1_000_000).map(Timestamp::from_micros)
}

//! Slack's Socket Mode: where a socket is opened, and what its frames mean.
//!
//! An envelope holds the same body as a request of the Events API, byte for byte, so it is routed and read by
//! the same code. It bears no signature: the socket was opened with the app's own token.

use crate::slack::{
    client::Client,
    problem::{self, CallError},
};
use bytes::Bytes;
use model::{
    connector::{ConnectorError, Settings, Threshold},
    intake::RawRequest,
    message::Problem,
    sockets::{Frame, SocketAddress},
    time::Timestamp,
    world::Secret,
};
use serde_json::{json, value::RawValue};
use std::collections::BTreeMap;

/// The setting that holds the token of the app itself.
pub const APP_TOKEN: &str = "app_token";

/// Errors that stay until a person acts.
const FINAL: &[&str] = &[
    "access_denied",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "team_access_not_granted",
    "team_disabled",
];

/// Whether news come through sockets.
pub fn is_wanted(settings: &Settings) -> bool {
    settings.get(APP_TOKEN).is_some()
}

/// Asks where a socket is opened. Each address is good once, and at once.
pub async fn open(threshold: &Threshold<'_>) -> Result<SocketAddress, ConnectorError> {
    let token = threshold.settings.get(APP_TOKEN).unwrap_or_default();
    let answer = match Client::with_token(threshold, token).apps_connections_open().await {
        Ok(answer) => answer,
        Err(error) if error.is(FINAL) => return Err(error.into()),
        Err(CallError::Declined { error, .. }) => {
            return Err(ConnectorError::Unreadable(format!("Slack declined a socket: {}", problem::code(&error))));
        }
        Err(CallError::Other(ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. })) => {
            return Err(ConnectorError::Refused(token_refused()));
        }
        Err(CallError::Other(error)) => return Err(error),
    };
    Ok(SocketAddress(Secret(answer.field("url")?)))
}

fn token_refused() -> Problem {
    Problem {
        code: "slack.app_token_refused".to_owned(),
        detail: "Slack does not accept app_token. Make an app-level token with the scope connections:write (Basic \
                 Information of the Slack app), put it into the configuration, and start the server again."
            .to_owned(),
    }
}

fn link_disabled() -> Problem {
    Problem {
        code: "slack.link_disabled".to_owned(),
        detail: "Socket Mode is turned off in the Slack app. Turn it on (Socket Mode), or take app_token out of the \
                 configuration and let Slack call the public address."
            .to_owned(),
    }
}

/// What a frame means. One that is not understood is kept like news, so that nothing is lost unseen.
pub fn frame(bytes: &Bytes, received_at: Timestamp) -> Frame {
    let request = |body: Bytes| {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        RawRequest { headers, body, received_at }
    };
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let acknowledgement =
        text("envelope_id").map(|envelope| Bytes::from(json!({ "envelope_id": envelope }).to_string()));
    match text("type").as_deref() {
        Some("hello") => Frame::Welcome,
        Some("disconnect") => match text("reason").as_deref() {
            Some("link_disabled") => Frame::Stop(link_disabled()),
            Some("too_many_websockets") => Frame::Crowded,
            // `warning`, `refresh_requested`, or a reason that is new: this socket ends, and another one does not.
            _ => Frame::Closing,
        },
        Some("events_api") => {
            let payload = fields.get("payload").map(|raw| raw.get()).filter(|payload| payload.starts_with('{'));
            let body = payload.map_or_else(|| bytes.clone(), |payload| bytes.slice_ref(payload.as_bytes()));
            Frame::News { request: request(body), acknowledgement }
        }
        // Clicks and commands of the app's own pages, of which it has none.
        Some(_) => Frame::Nothing { acknowledgement },
        None => Frame::News { request: request(bytes.clone()), acknowledgement },
    }
}

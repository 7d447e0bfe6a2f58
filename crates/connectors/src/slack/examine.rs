//! Finds out whether what was configured for Slack is good, without changing anything there.

use crate::slack::{
    client::{self, Client},
    oauth,
    problem::CallError,
    socket,
};
use model::connector::{ConnectorError, Finding, Settings, Threshold};

/// No code that Slack ever gave, so that nothing can be granted by it.
const NO_CODE: &str = "bothways-doctor";

/// What is found, in words.
pub async fn examine(threshold: &Threshold<'_>) -> Vec<Finding> {
    let mut findings = vec![signing(threshold.settings)];
    if socket::is_wanted(threshold.settings) {
        findings.push(socket(threshold).await);
    }
    match oauth::basic(threshold) {
        Ok(credentials) => findings.push(tried(threshold, &credentials).await),
        Err(_) => {
            let says = "client_id or client_secret is not set, so people connect with pasted tokens only.";
            findings.push(Finding::doubtful(says));
            findings.push(reached(Client::with_token(threshold, "").auth_test().await));
        }
    }
    findings
}

fn signing(settings: &Settings) -> Finding {
    match settings.get("signing_secret") {
        Some(_) => Finding::good("signing_secret is set; Slack's first event shows whether it is the right one."),
        None if socket::is_wanted(settings) => {
            Finding::good("signing_secret is not set, and not needed where events come through sockets.")
        }
        None => Finding::bad("signing_secret is not set, so nothing new arrives. Copy it from Basic Information."),
    }
}

/// Asks where a socket is opened, and opens none.
async fn socket(threshold: &Threshold<'_>) -> Finding {
    match socket::open(threshold).await {
        Ok(_) => Finding::good("app_token opens sockets, so events come without a public address."),
        Err(ConnectorError::Refused(problem)) => Finding::bad(problem.detail),
        Err(ConnectorError::Busy { .. }) => {
            Finding::doubtful("Slack gives no socket just now. Look again in a minute.")
        }
        Err(error) => reached(Err(error.into())),
    }
}

/// Shows the credentials with a code that is none. Slack looks at the credentials first.
async fn tried(threshold: &Threshold<'_>, credentials: &str) -> Finding {
    let arguments = vec![("code", NO_CODE.to_owned())];
    match client::oauth_v2_access(threshold, credentials, arguments).await {
        Err(error) if error.is(&["invalid_code", "bad_redirect_uri"]) => {
            Finding::good("Slack knows client_id and client_secret.")
        }
        Err(error) if error.is(&["invalid_client_id"]) => {
            Finding::bad("Slack knows no app with this client_id. Copy it from the app's Basic Information.")
        }
        Err(error) if error.is(&["bad_client_secret"]) => {
            Finding::bad("client_secret is not the one of this client_id. Copy both from the app's Basic Information.")
        }
        other => reached(other),
    }
}

fn reached(answer: Result<client::Answer, CallError>) -> Finding {
    match answer {
        // Whatever it is, it is an answer of Slack's.
        Ok(_) | Err(CallError::Declined { .. } | CallError::Other(ConnectorError::LoginLost { .. })) => {
            Finding::good("Slack answers.")
        }
        Err(CallError::Other(ConnectorError::Refused(problem))) => Finding::bad(problem.detail),
        Err(CallError::Other(error)) => {
            Finding::bad(format!("Slack does not answer ({error}). Check the way to the internet, and base_url."))
        }
    }
}

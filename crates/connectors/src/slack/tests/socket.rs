//! What the frames of a socket mean, and how one is opened.

use super::*;
use crate::slack::socket::APP_TOKEN;
use model::{
    connector::{ConnectorError, Grade},
    intake::RawRequest,
    sockets::{Frame, SocketAddress},
};
use std::path::Path;

fn frames() -> BTreeMap<String, Bytes> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/slack/fixtures/frames");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap().into()))
        .collect()
}

fn text(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn told(frame: &Frame) -> Value {
    let answered = |acknowledgement: &Option<Bytes>| acknowledgement.as_ref().map(|bytes| text(bytes).to_owned());
    match frame {
        Frame::Welcome => json!("welcome"),
        Frame::Closing => json!("closing"),
        Frame::Crowded => json!("crowded"),
        Frame::Stop(problem) => json!({ "stop": problem }),
        Frame::Nothing { acknowledgement } => json!({ "nothing": { "answered": answered(acknowledgement) } }),
        Frame::News { request, acknowledgement } => {
            assert_eq!(request.received_at, NOW);
            assert_eq!(request.headers, [("content-type".to_owned(), "application/json".to_owned())]);
            json!({ "news": { "kept": text(&request.body), "answered": answered(acknowledgement) } })
        }
    }
}

#[test]
fn every_kind_of_frame_is_understood_or_kept() {
    let told: BTreeMap<_, _> =
        frames().iter().map(|(name, frame)| (name.clone(), told(&Slack.frame(frame, NOW)))).collect();
    insta::with_settings!({ snapshot_path => "../fixtures/snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_json_snapshot!("frames", told);
    });
}

/// A body that came through a socket is the one that a signed request would have had: both are routed by the
/// same code, and to the same parts.
#[test]
fn what_an_envelope_holds_is_routed_like_a_request() {
    let frame = &frames()["events_api"];
    let Frame::News { request, .. } = Slack.frame(frame, NOW) else { panic!("it is news") };
    let whole: Value = serde_json::from_slice(frame).unwrap();
    let posted = RawRequest { headers: Vec::new(), body: whole["payload"].to_string().into(), received_at: NOW };
    let parts = |request: &RawRequest| {
        let routed = Slack.route(request).unwrap();
        routed.into_iter().map(|part| (part.number, part.account, part.chat)).collect::<Vec<_>>()
    };
    assert_eq!(parts(&request), parts(&posted));
    assert_eq!(parts(&request).len(), 1);
}

/// What cannot be read at all is no part of any account, and waits for a connector that understands it.
#[test]
fn a_frame_that_nobody_understands_cannot_be_routed() {
    for name in ["no_json", "cut_off", "list", "events_api.half_a_letter"] {
        let Frame::News { request, .. } = Slack.frame(&frames()[name], NOW) else { panic!("{name} is kept") };
        assert!(matches!(Slack.route(&request), Err(ConnectorError::Unreadable(_))), "{name}");
    }
}

fn with_token() -> Settings {
    let mut settings = settings();
    settings.values.insert(APP_TOKEN.to_owned(), Secret("xapp-1-A111-hush".to_owned()));
    settings
}

#[test]
fn sockets_are_wanted_where_there_is_a_token_of_the_app() {
    assert!(Slack.has_sockets(&with_token()));
    assert!(!Slack.has_sockets(&settings()));
}

#[test]
fn a_socket_is_asked_for_with_the_token_of_the_app() {
    let slack =
        FakeSlack::new(|_| json!({ "ok": true, "url": "wss://wss-primary.slack.com/link/?ticket=t&app_id=A111" }));
    let settings = with_token();
    let address = run(Slack.socket(&threshold(&settings, &slack))).unwrap();
    assert_eq!(address, SocketAddress(Secret("wss://wss-primary.slack.com/link/?ticket=t&app_id=A111".to_owned())));
    assert!(!format!("{address:?}").contains("ticket"), "whoever has the ticket has the app's news");
    let calls = slack.calls();
    assert_eq!(
        (calls[0].method.as_str(), calls[0].token.as_str()),
        ("apps.connections.open", "Bearer xapp-1-A111-hush")
    );
}

#[test]
fn what_a_person_must_mend_is_told_from_what_passes() {
    let asked = |error: &'static str| {
        let slack = FakeSlack::new(move |_| declined(error));
        run(Slack.socket(&threshold(&with_token(), &slack))).unwrap_err()
    };
    for error in ["not_authed", "invalid_auth", "account_inactive", "user_removed_from_team", "token_revoked"] {
        let ConnectorError::Refused(problem) = asked(error) else { panic!("{error} stays") };
        assert!(problem.detail.contains("connections:write"), "{error}: {}", problem.detail);
    }
    for error in ["team_disabled", "not_allowed_token_type", "missing_scope"] {
        let ConnectorError::Refused(problem) = asked(error) else { panic!("{error} stays") };
        assert_eq!(problem.code, format!("slack.{error}"));
    }
    for error in ["internal_error", "ratelimited", "service_unavailable"] {
        assert!(matches!(asked(error), ConnectorError::Busy { .. }), "{error} passes");
    }
    assert!(matches!(asked("some_new_error"), ConnectorError::Unreadable(_)), "who knows");
}

#[test]
fn the_doctor_tries_the_token_of_the_app() {
    for (answer, grade, words) in [
        (json!({ "ok": true, "url": "wss://wss-primary.slack.com/link/?ticket=t" }), Grade::Good, "opens sockets"),
        (declined("invalid_auth"), Grade::Bad, "does not accept app_token"),
        (declined("ratelimited"), Grade::Doubtful, "in a minute"),
    ] {
        let slack = FakeSlack::new(move |call| {
            if call.method == "apps.connections.open" { answer.clone() } else { declined("invalid_code") }
        });
        let settings = with_token();
        let found = run(Slack.examine(&threshold(&settings, &slack)));
        assert!(found.iter().any(|one| one.grade == grade && one.says.contains(words)), "{words}: {found:?}");
    }
    let mut settings = with_token();
    settings.values.remove("signing_secret");
    let slack = FakeSlack::new(|_| declined("invalid_code"));
    assert_eq!(run(Slack.examine(&threshold(&settings, &slack)))[0].grade, Grade::Good, "no signature is needed");
}

//! Sign-in with Google: its tokens, and their ends.

use super::{ANA, Call, FixedClock, NOW, Wire, World, answer, error, reading::fixture, run};
use crate::gmail::{Gmail, login};
use model::{
    connector::{Authorized, Connector, ConnectorError, Grant, Settings, Threshold},
    http::{HttpError, Response},
    world::Secret,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

fn settings() -> Settings {
    let values = [("client_id", "1.apps.googleusercontent.com"), ("client_secret", "GOCSPX-hush")];
    Settings { values: values.map(|(name, value)| (name.to_owned(), Secret(value.to_owned()))).into() }
}

fn threshold<'a>(settings: &'a Settings, http: &'a Wire) -> Threshold<'a> {
    Threshold { settings, http, clock: &FixedClock, deadline: NOW }
}

/// Google, with this answer of its token endpoint.
fn google(tokens: impl Fn() -> Response + Send + Sync + 'static) -> Wire {
    Wire::new(move |call| {
        Ok(match call.path.as_str() {
            "https://oauth2.googleapis.com/token" => tokens(),
            "profile?" => answer(200, &fixture(include_str!("../fixtures/profile.json"))),
            "settings/sendAs?" => answer(200, &fixture(include_str!("../fixtures/send_as.json"))),
            other => panic!("{other}"),
        })
    })
}

fn tokens() -> Value {
    fixture(include_str!("../fixtures/tokens.json"))
}

fn complete(wire: &Wire) -> Result<Authorized, ConnectorError> {
    let (code, redirect_uri) = (Secret("4/0A".to_owned()), "https://b.example/oauth/callback".to_owned());
    run(Gmail.complete(&threshold(&settings(), wire), &Grant::Code { code, redirect_uri }))
}

fn form(call: &Call) -> BTreeMap<String, String> {
    serde_urlencoded::from_bytes(&call.body).unwrap()
}

fn code<T: std::fmt::Debug>(outcome: Result<T, ConnectorError>) -> String {
    match outcome {
        Err(ConnectorError::Refused(problem)) => problem.code,
        other => panic!("refused, not {other:?}"),
    }
}

#[test]
fn a_code_becomes_a_login_with_all_proven_addresses() {
    let wire = google(|| answer(200, &tokens()));
    let made = complete(&wire).unwrap();
    assert_eq!((made.account.as_str(), made.account_name.as_str()), (ANA, "Ana@Acme.example"));
    let person: Vec<_> = made.person.iter().map(|id| id.as_str()).collect();
    assert_eq!(person, [ANA, "sales@acme.example"], "one that is pending is nobody's");
    assert_eq!((made.identity.name.as_str(), made.senders.len()), ("Ana Costa", 2));
    let login = &made.logins[0];
    assert_eq!(login.expires_at, Some(NOW + Duration::from_secs(3_539)));
    let held: Value = serde_json::from_str(&login.secret.0).unwrap();
    assert_eq!(held, json!({ "access_token": "ya29.a0-new", "refresh_token": "1//0g-new" }));
    let asked = form(&wire.calls()[0]);
    assert_eq!((asked["grant_type"].as_str(), asked["code"].as_str()), ("authorization_code", "4/0A"));
    assert_eq!(asked["redirect_uri"], "https://b.example/oauth/callback");
}

#[test]
fn a_consent_with_a_box_unticked_and_a_token_that_does_not_last_are_no_login() {
    let without = |name: &'static str, value: Value| {
        google(move || {
            let mut given = tokens();
            given[name] = value.clone();
            answer(200, &given)
        })
    };
    assert_eq!(code(complete(&without("scope", json!("openid email")))), "gmail.insufficient_scope");
    assert_eq!(code(complete(&without("refresh_token", Value::Null))), "gmail.no_refresh_token");
    let said =
        |said: &'static str| google(move || answer(400, &json!({ "error": said, "error_description": "Bad Request" })));
    assert_eq!(code(complete(&said("invalid_grant"))), "gmail.code_not_accepted");
    assert_eq!(code(complete(&said("redirect_uri_mismatch"))), "gmail.client_not_accepted");
    let unauthorized = google(|| answer(401, &json!({ "error": "invalid_client" })));
    assert_eq!(code(complete(&unauthorized)), "gmail.client_not_accepted");
    let bare = Wire::json(|_| panic!("nobody is asked"));
    let pasted = run(Gmail.complete(
        &threshold(&Settings::default(), &bare),
        &Grant::Code { code: Secret(String::new()), redirect_uri: String::new() },
    ));
    assert_eq!(code(pasted), "gmail.not_configured");
}

#[test]
fn a_mailbox_that_may_only_be_read_is_connected_for_reading() {
    let granted = |scope: &'static str| {
        let wire = google(move || {
            let mut given = tokens();
            given["scope"] = json!(scope);
            answer(200, &given)
        });
        complete(&wire).unwrap().abilities
    };
    let all = Gmail.describe().abilities;
    let reading = granted("openid https://www.googleapis.com/auth/gmail.readonly");
    let writes = |can: &model::abilities::Abilities| {
        [can.send, can.delete, can.files, can.mark_read, can.mark_unread, can.mail, can.reply, can.edit, can.react]
    };
    assert_eq!(writes(&reading), [false; 9]);
    assert_eq!((reading.history, &reading.news), (all.history, &all.news), "it is read, and its news are");
    let both = "https://www.googleapis.com/auth/gmail.readonly https://www.googleapis.com/auth/gmail.modify";
    for scope in [both, "https://www.googleapis.com/auth/gmail.modify", "https://mail.google.com/"] {
        assert_eq!(granted(scope), all, "{scope}");
    }
}

#[test]
fn each_permission_is_asked_for_by_itself() {
    let asked = Gmail.authorize(&settings(), "s", "https://b.example/oauth/callback").unwrap();
    let query: BTreeMap<String, String> = serde_urlencoded::from_str(asked.split_once('?').unwrap().1).unwrap();
    let wanted = "openid email profile https://www.googleapis.com/auth/gmail.readonly \
                  https://www.googleapis.com/auth/gmail.modify";
    assert_eq!((query["scope"].as_str(), query["include_granted_scopes"].as_str()), (wanted, "true"));
}

#[test]
fn a_refresh_keeps_what_google_does_not_give_again() {
    let world = World::new();
    let refresh = |wire: &Wire| run(Gmail.refresh(&threshold(&settings(), wire), &world.logins[0]));
    let wire =
        google(|| answer(200, &json!({ "access_token": "ya29.next", "expires_in": 3599, "token_type": "Bearer" })));
    let fresh = refresh(&wire).unwrap();
    let held: login::Tokens = serde_json::from_str(&fresh.secret.0).unwrap();
    assert_eq!((held.access_token.as_str(), held.refresh_token.as_str()), ("ya29.next", "1//ana"));
    assert_eq!(form(&wire.calls()[0])["refresh_token"], "1//ana");
    let dead = google(|| {
        answer(400, &json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." }))
    });
    assert!(matches!(refresh(&dead), Err(ConnectorError::LoginLost { account: Some(_) })));
    let rapt = google(|| answer(400, &json!({ "error": "invalid_grant", "error_subtype": "invalid_rapt" })));
    assert!(matches!(refresh(&rapt), Err(ConnectorError::LoginLost { .. })));
    let down = google(|| answer(503, &json!({})));
    assert!(matches!(refresh(&down), Err(ConnectorError::Busy { .. })), "the token may still be good");
}

#[test]
fn a_login_is_given_back_whether_or_not_google_still_knows_it() {
    let world = World::new();
    let revoke = |answered: fn() -> Result<Response, HttpError>| {
        let wire = Wire::new(move |_| answered());
        let done = run(Gmail.revoke(&threshold(&settings(), &wire), &world.logins[0]));
        assert_eq!(wire.lines(), ["POST https://oauth2.googleapis.com/revoke"]);
        assert_eq!(form(&wire.calls()[0])["token"], "1//ana");
        done
    };
    revoke(|| Ok(answer(200, &json!({})))).unwrap();
    revoke(|| Ok(answer(400, &json!({ "error": "invalid_token" })))).unwrap();
    assert!(matches!(revoke(|| Ok(answer(500, &json!({})))), Err(ConnectorError::Busy { .. })));
}

#[test]
fn whether_a_login_lives_is_asked_with_one_unit() {
    let world = World::new();
    let check = |wire: &Wire| run(Gmail.check(&threshold(&settings(), wire), &world.logins[0]));
    let wire = google(|| panic!("no token is asked for"));
    check(&wire).unwrap();
    assert_eq!(wire.calls().iter().map(|call| call.units).collect::<Vec<_>>(), [1]);
    let ended = Wire::new(|_| Ok(error(401, "authError", "Invalid Credentials")));
    assert!(matches!(check(&ended), Err(ConnectorError::TokenExpired { .. })));
}

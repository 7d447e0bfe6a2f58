//! Watches, and how what they tell is pushed or pulled.

use axum::body::Body;
use axum::http::Request;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

use sandbox::gmail::{FaultKind, Outcome};

use crate::mailboxes::{ANA, ENDPOINT, Mailboxes, PULLED, PUSHED, TOPIC, notice};

const TOO_SOON: i64 = 999_999;

fn watched() -> Mailboxes {
    let world = Mailboxes::new();
    let answer = world.post("watch", json!({ "topicName": TOPIC }));
    assert_eq!(answer["historyId"], world.history_id());
    let week = 7 * 86_400_000_i64;
    assert_eq!(answer["expiration"], (1_760_000_000_000 + week).to_string());
    assert_eq!(world.told().len(), 1, "a new watch is told of at once");
    world.pass(1_000_000);
    world
}

fn arrive(world: &Mailboxes, subject: &str) {
    world.act("x@customer.example", json!({ "do": "send", "to": ANA, "subject": subject, "text": "x" }));
}

#[test]
fn a_push_names_the_mailbox_and_how_far_it_is() {
    let world = watched();
    arrive(&world, "Hi");
    let pushes = world.take();
    assert_eq!((pushes.len(), pushes[0].url.as_str()), (1, ENDPOINT));
    let said = notice(&pushes[0]);
    assert_eq!((&said["emailAddress"], said["historyId"].to_string()), (&json!(ANA), world.history_id()));
    let body: Value = serde_json::from_slice(&pushes[0].body).unwrap();
    assert_eq!(body["subscription"], PUSHED);
    assert_eq!(body["message"]["messageId"], body["message"]["message_id"]);
    let token =
        pushes[0].headers.iter().find(|(name, _)| name == "Authorization").unwrap().1.strip_prefix("Bearer ").unwrap();
    let keys = world.send(Request::get("/oauth2/v3/certs").body(Body::empty()).unwrap()).body["keys"][0].clone();
    let key = DecodingKey::from_rsa_components(keys["n"].as_str().unwrap(), keys["e"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[ENDPOINT]);
    validation.set_issuer(&["https://accounts.google.com"]);
    // The clock of this world stands still, far from that of the computer.
    validation.validate_exp = false;
    let read = decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!((read.header.kid.as_deref(), &read.claims["email_verified"]), (keys["kid"].as_str(), &json!(true)));
    assert_eq!(read.claims["email"], "pusher@bothways-sandbox.iam.gserviceaccount.com");
    assert_eq!(read.claims["exp"], 1_760_000_001 + 3_600);
}

#[test]
fn more_than_one_in_a_second_is_never_told() {
    let world = watched();
    for number in 0..3 {
        arrive(&world, &number.to_string());
    }
    world.pass(TOO_SOON);
    arrive(&world, "too soon");
    assert_eq!((world.told().len(), world.gmail.crowded_out()), (1, 3));
    world.pass(1);
    arrive(&world, "in time");
    assert_eq!(world.told().len(), 1);
}

#[test]
fn a_push_that_is_not_acknowledged_comes_again_later_and_later() {
    let world = watched();
    arrive(&world, "Hi");
    for (attempt, pause) in [(0, 1_000_000), (1, 2_000_000), (2, 4_000_000)] {
        let due = world.gmail.take_due();
        assert_eq!((due.len(), due[0].attempt), (1, attempt));
        world.gmail.delivered(&due[0], Outcome::of_status(500));
        world.pass(pause - 1);
        assert!(world.gmail.take_due().is_empty());
        world.pass(1);
    }
    let due = world.gmail.take_due();
    world.gmail.delivered(&due[0], Outcome::of_status(204));
    world.pass(86_400_000_000);
    assert!(world.gmail.take_due().is_empty());
    assert_eq!((Outcome::of_status(302), Outcome::of_status(206)), (Outcome::Failed, Outcome::Failed));
}

#[test]
fn a_notice_that_nobody_takes_is_kept_for_a_week() {
    let world = watched();
    arrive(&world, "Hi");
    assert_eq!(world.gmail.pending_pushes(), 3, "one to be pushed, and two to be pulled");
    world.pass(7 * 86_400_000_000 + 1);
    assert!(world.gmail.take_due().is_empty());
    assert_eq!(world.gmail.pending_pushes(), 0);
}

#[test]
fn a_watch_ends_after_a_week_or_when_it_is_stopped() {
    let world = watched();
    world.pass(7 * 86_400_000_000);
    arrive(&world, "late");
    assert!(world.told().is_empty());
    let world = watched();
    world.gmail.expire_watch(ANA);
    arrive(&world, "lapsed");
    assert!(world.told().is_empty());
    let world = watched();
    assert_eq!(world.call("POST", "stop", json!(null)).status, 204);
    arrive(&world, "stopped");
    assert!(world.told().is_empty());
}

#[test]
fn a_watch_may_leave_labels_out_and_there_is_one_for_each_mailbox() {
    let world = Mailboxes::new();
    world.post("watch", json!({ "topicName": TOPIC, "labelIds": ["SENT"], "labelFilterBehavior": "EXCLUDE" }));
    world.take();
    world.pass(1_000_000);
    world.mail("To: bruno@acme.example\nSubject: x\n\nx");
    assert!(world.told().is_empty());
    arrive(&world, "Hi");
    assert_eq!(world.told().len(), 1);
    for (topic, words) in [
        ("projects/bothways-sandbox/topics/other", "Error sending test message to Cloud PubSub"),
        ("projects/somebody/topics/gmail", "Invalid topicName"),
        ("gmail", "Invalid topicName"),
    ] {
        let refused = world.call("POST", "watch", json!({ "topicName": topic }));
        assert_eq!(refused.status, 400);
        assert!(refused.body["error"]["message"].as_str().unwrap().starts_with(words), "{}", refused.text);
    }
}

#[test]
fn pushes_are_repeated_reordered_delayed_and_lost_on_demand() {
    let world = watched();
    let order = |kind: FaultKind| world.gmail.faults().once(None, kind);
    // Two subscriptions hear of everything; the one that is pulled comes first, by its name.
    let both = |kind: FaultKind| {
        order(kind.clone());
        order(kind);
    };
    both(FaultKind::PushDropped);
    arrive(&world, "dropped");
    assert!(world.told().is_empty());
    world.pass(1_000_000);
    both(FaultKind::PushDuplicate);
    arrive(&world, "twice");
    let twice = world.told();
    assert!(twice.len() == 2 && twice[0] == twice[1], "{twice:?}");
    world.pass(1_000_000);
    both(FaultKind::PushLate { after_micros: 5_000_000 });
    arrive(&world, "late");
    assert!(world.told().is_empty());
    world.pass(5_000_000);
    assert_eq!(world.told().len(), 1);
    order(FaultKind::PushDropped);
    order(FaultKind::PushReordered);
    arrive(&world, "first");
    world.pass(1_000_000);
    order(FaultKind::PushDropped);
    arrive(&world, "second");
    let mut order = world.told();
    world.pass(1);
    order.extend(world.told());
    assert!(order.len() == 2 && order[0] > order[1], "{order:?}");
}

fn account_token(world: &Mailboxes, change: impl Fn(&mut Value)) -> crate::mailboxes::Answer {
    let file = world.gmail.service_account_file("https://oauth2.googleapis.com/token");
    let pem = file["private_key"].as_str().unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, der).unwrap();
    // What stands before the key itself in PKCS #8.
    let key = EncodingKey::from_rsa_der(&der[26..]);
    let mut claims = json!({
        "iss": file["client_email"], "scope": "https://www.googleapis.com/auth/pubsub", "aud": file["token_uri"],
        "iat": 1_760_000_000, "exp": 1_760_003_600,
    });
    change(&mut claims);
    let assertion = encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
    world.form("/token", &[("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)])
}

#[test]
fn a_service_account_pulls_and_acknowledges() {
    let world = watched();
    let answer = account_token(&world, |_| ());
    assert_eq!(answer.status, 200, "{}", answer.text);
    let token = answer.body["access_token"].as_str().unwrap().to_owned();
    let call = |token: &str, action: &str, body: Value| {
        let request =
            Request::post(format!("/v1/{PULLED}:{action}")).header("authorization", format!("Bearer {token}"));
        world.send(request.body(Body::from(body.to_string())).unwrap())
    };
    let pull = || call(&token, "pull", json!({ "maxMessages": 10 })).body;
    let first = pull();
    assert_eq!(first["receivedMessages"].as_array().unwrap().len(), 1);
    assert_eq!(pull(), json!({}), "what was handed out waits for its deadline");
    world.pass(10_000_000);
    let again = pull();
    assert_eq!(
        again["receivedMessages"][0]["message"]["messageId"],
        first["receivedMessages"][0]["message"]["messageId"]
    );
    let ack = again["receivedMessages"][0]["ackId"].clone();
    assert_eq!(call(&token, "acknowledge", json!({ "ackIds": [ack] })).body, json!({}));
    world.pass(10_000_000);
    assert_eq!(pull(), json!({}));
    assert_eq!(call(&world.ana, "pull", json!({ "maxMessages": 1 })).status, 403);
    assert_eq!(call("nothing", "pull", json!({ "maxMessages": 1 })).status, 401);
    let request = Request::get(format!("/v1/{PULLED}")).header("authorization", format!("Bearer {token}"));
    assert_eq!(world.send(request.body(Body::empty()).unwrap()).body["topic"], TOPIC);
    for (name, value) in [
        ("iss", json!("somebody@else.example")),
        ("exp", json!(1_750_000_000)),
        ("aud", json!("https://else.example")),
        ("scope", json!("")),
    ] {
        let refused = account_token(&world, |claims| claims[name] = value.clone());
        assert_eq!(refused.status, 400, "{name}");
    }
}

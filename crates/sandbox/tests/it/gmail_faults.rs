//! What goes wrong on demand or by chance, and what has happened all the same.

use serde_json::{Value, json};

use sandbox::gmail::{AfterEvents, CallChaos, Config, FaultKind, FaultName, PushChaos};

use crate::mailboxes::{ANA, BRUNO, Mailboxes, TOPIC, empty, encoded};

fn mail() -> Value {
    json!({ "raw": encoded("To: bruno@acme.example\nSubject: Once\n\nx") })
}

fn arrived(world: &Mailboxes) -> usize {
    world.history_id();
    world.gmail.mailbox(BRUNO).unwrap().messages.len()
}

#[test]
fn an_answer_may_be_lost_though_the_mail_is_sent() {
    let world = Mailboxes::new();
    world.gmail.faults().once(Some("messages.send"), FaultKind::AnswerLost);
    let answer = world.call("POST", "messages/send", mail());
    assert!(answer.response_lost && answer.status == 599);
    assert_eq!((arrived(&world), world.gmail.sent().len(), world.gmail.calls()["messages.send"]), (1, 1, 1));
    world.gmail.faults().once(None, FaultKind::CallLost);
    assert!(world.call("POST", "messages/send", mail()).response_lost);
    assert_eq!(arrived(&world), 1);
}

#[test]
fn a_lost_call_may_land_later() {
    let world = Mailboxes::new();
    world.gmail.faults().once(None, FaultKind::AnswerLostLate { after_micros: 9_000_000 });
    assert!(world.call("POST", "messages/send", mail()).response_lost);
    assert_eq!(arrived(&world), 0);
    assert_eq!(world.gmail.next_due_micros(), Some(world.gmail.now_micros() + 9_000_000));
    world.pass(9_000_000);
    assert_eq!(arrived(&world), 1);
    world.gmail.faults().once(Some("messages.send"), FaultKind::AnswerLostLate { after_micros: 9_000_000 });
    world.call("POST", "messages/send", mail());
    world.gmail.run_late_effects();
    assert_eq!(arrived(&world), 2);
}

#[test]
fn refusals_on_demand_have_their_real_shapes_and_no_effect() {
    let world = Mailboxes::new();
    for (kind, status, reason) in [
        (FaultKind::RateLimited { retry_after_secs: 30 }, 403, "rateLimitExceeded"),
        (FaultKind::TooManyAtOnce, 429, "rateLimitExceeded"),
        (FaultKind::ServerError { status: 500 }, 500, "backendError"),
        (FaultKind::ServerError { status: 503 }, 503, "backendError"),
        (FaultKind::NotFound, 404, "notFound"),
    ] {
        world.gmail.faults().once(Some("messages.send"), kind);
        let answer = world.call("POST", "messages/send", mail());
        assert_eq!((answer.status, &answer.body["error"]["errors"][0]["reason"]), (status, &json!(reason)));
    }
    world.gmail.faults().once(None, FaultKind::ServerError { status: 502 });
    assert!(world.call("GET", "profile", json!(null)).text.contains("<html>"));
    assert_eq!(arrived(&world), 0);
}

#[test]
fn a_fault_waits_for_a_call_that_it_can_befall() {
    let world = Mailboxes::new();
    world.gmail.faults().once(None, FaultKind::InvalidGrant);
    assert_eq!(world.call("GET", "profile", json!(null)).status, 200);
    assert_eq!(world.gmail.faults().waiting().len(), 1);
    world.gmail.faults().once(None, FaultKind::TooManyAtOnce);
    let app = world.gmail.config().app.clone();
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
    ];
    assert_eq!(world.form("/token", &fields).body["error"], "invalid_grant");
    assert_eq!(world.gmail.faults().waiting().len(), 1);
    assert_eq!(world.call("GET", "profile", json!(null)).status, 429);
}

#[test]
fn tokens_end_or_are_taken_back_in_the_middle() {
    let world = Mailboxes::new();
    world.gmail.faults().once(None, FaultKind::TokenExpired);
    assert_eq!(world.call("GET", "profile", json!(null)).status, 401);
    assert_eq!(world.call_as(&world.bruno, "GET", "profile", json!(null)).status, 401, "all of them ended");
    let granted = world.gmail.grant(ANA, crate::mailboxes::MODIFY).unwrap();
    world.gmail.faults().once(Some("messages.send"), FaultKind::TokenRevoked);
    assert_eq!(world.call_as(&granted.access_token, "GET", "profile", json!(null)).status, 200);
    assert_eq!(world.call_as(&granted.access_token, "POST", "messages/send", mail()).status, 401);
    assert_eq!(world.call_as(&granted.access_token, "GET", "profile", json!(null)).status, 401);
}

#[test]
fn history_may_be_forgotten_in_the_middle() {
    let world = Mailboxes::new();
    let start = world.history_id();
    world.post("messages/send", mail());
    world.gmail.faults().once(None, FaultKind::HistoryExpired);
    let path = format!("history?startHistoryId={start}");
    assert_eq!(world.call("GET", &path, json!(null)).status, 404);
    assert_eq!(world.call("GET", &path, json!(null)).status, 404, "it is gone");
    assert_eq!(world.call("GET", &format!("history?startHistoryId={}", world.history_id()), json!(null)).status, 200);
}

#[test]
fn a_push_may_come_before_the_answer() {
    let world = Mailboxes::new();
    world.post("watch", json!({ "topicName": TOPIC }));
    world.take();
    world.pass(1_000_000);
    world.gmail.faults().once(Some("messages.send"), FaultKind::PushBeforeAnswer);
    let request = axum::http::Request::post("/gmail/v1/users/me/messages/send")
        .header("authorization", format!("Bearer {}", world.ana))
        .body(axum::body::Body::from(mail().to_string()))
        .unwrap();
    let response = crate::world::run(tower::ServiceExt::oneshot(world.gmail.router(), request)).unwrap();
    let AfterEvents(pushes) = response.extensions().get::<AfterEvents>().unwrap();
    let due: Vec<u64> = world.gmail.take_due().iter().map(|push| push.id).collect();
    assert!(due.len() == 1 && pushes.contains(&due[0]), "{pushes:?} {due:?}");
}

#[test]
fn slow_answers_take_a_place_among_those_that_are_under_way() {
    let world = Mailboxes::with(Config { calls_at_once: 2, ..empty() });
    for _ in 0..2 {
        world.gmail.faults().once(None, FaultKind::Slow { secs: 3 });
        assert_eq!(world.call("GET", "profile", json!(null)).status, 200);
    }
    let refused = world.call("GET", "profile", json!(null));
    assert_eq!((refused.status, &refused.body["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    assert_eq!(world.call_as(&world.bruno, "GET", "profile", json!(null)).status, 200);
    world.pass(3_000_000);
    assert_eq!(world.call("GET", "profile", json!(null)).status, 200);
}

#[test]
fn chaos_is_the_same_for_the_same_seed_and_hits_everything() {
    let calls = CallChaos {
        answer_lost: 0.1,
        answer_lost_late: 0.1,
        late_max_micros: 5_000_000,
        call_lost: 0.1,
        rate_limited: 0.1,
        retry_after_secs: 1,
        server_error: 0.1,
        tokens_expired: 0.05,
        not_found_fresh: 0.5,
    };
    let pushes = PushChaos {
        duplicate: 0.2,
        late: 0.2,
        delay_max_micros: 3_000_000,
        reorder: 0.2,
        drop: 0.2,
        before_answer: 0.1,
    };
    let history = |seed: u64| {
        let world = Mailboxes::with(Config { seed, ..empty() });
        world.post("watch", json!({ "topicName": TOPIC }));
        world.gmail.set_chaos(calls.clone(), pushes.clone());
        let mut log = Vec::new();
        for round in 0..150 {
            let token = world.gmail.grant(ANA, crate::mailboxes::MODIFY).unwrap().access_token;
            let answer = world.call_as(&token, "POST", "messages/send", mail());
            let id = answer.body["id"].as_str().unwrap_or("0").to_owned();
            log.push(format!("{round} {} {id}", answer.status));
            log.push(
                world.call_as(&token, "GET", &format!("messages/{id}?format=minimal"), json!(null)).status.to_string(),
            );
            world.pass(1_100_000);
            log.extend(world.told().iter().map(u64::to_string));
        }
        (log, world.gmail.faults().fired())
    };
    let (one, fired) = history(7);
    let (again, _) = history(7);
    assert_eq!(one, again);
    assert_ne!(one, history(8).0);
    for name in [
        FaultName::AnswerLost,
        FaultName::AnswerLostLate,
        FaultName::CallLost,
        FaultName::RateLimited,
        FaultName::ServerError,
        FaultName::TokenExpired,
        FaultName::NotFound,
        FaultName::PushBeforeAnswer,
        FaultName::PushDuplicate,
        FaultName::PushLate,
        FaultName::PushReordered,
        FaultName::PushDropped,
    ] {
        assert!(fired.get(&name).is_some_and(|count| *count > 0), "{name:?} never happened: {fired:?}");
    }
}

//! What goes wrong on demand.

use sandbox::slack::{CallChaos, Config, EventChaos, Fault, FaultKind, FaultName};
use serde_json::{Value, json};

use crate::world::{Answer, World, small};

fn order(world: &World, method: &str, kind: FaultKind) {
    world.slack.faults().push(Fault { method: Some(method.into()), kind, times: 1 });
}

fn post(world: &World, text: &str) -> Answer {
    world.call_as(world.bot(), "chat.postMessage", json!({ "channel": world.channel, "text": text }))
}

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event_id"].as_str().unwrap()).collect()
}

#[test]
fn a_lost_answer_leaves_the_message_posted() {
    let world = World::new();
    order(&world, "chat.postMessage", FaultKind::AnswerLost);
    let answer = post(&world, "hi");
    assert!(answer.response_lost && answer.status == 599);
    assert_eq!(world.texts(), ["hi"]);
    assert_eq!(world.slack.calls()["chat.postMessage"], 1);
    assert_eq!(world.slack.faults().fired()[&FaultName::AnswerLost], 1);
    assert!(!post(&world, "again").response_lost);
}

#[test]
fn a_lost_call_may_take_effect_later_but_not_before() {
    let world = World::new();
    order(&world, "chat.postMessage", FaultKind::AnswerLostLate { after_micros: 9_000_000 });
    assert!(post(&world, "late").response_lost);
    world.pass(8_000_000);
    assert!(world.events().is_empty() && world.texts().is_empty());
    assert_eq!(world.slack.next_due_micros(), Some(world.slack.now_micros() + 1_000_000));
    world.pass(1_000_000);
    assert_eq!(world.only_event()["text"], "late");
    assert_eq!(world.slack.calls()["chat.postMessage"], 1);
    order(&world, "chat.postMessage", FaultKind::AnswerLostLate { after_micros: 9_000_000 });
    post(&world, "hurried");
    world.slack.run_late_effects();
    assert_eq!(world.texts(), ["late", "hurried"]);
}

#[test]
fn a_call_lost_on_its_way_changes_nothing() {
    let world = World::new();
    order(&world, "chat.postMessage", FaultKind::CallLost);
    assert!(post(&world, "never").response_lost);
    assert!(world.texts().is_empty() && world.slack.calls().is_empty());
}

#[test]
fn limits_and_broken_servers_answer_as_slack_does() {
    let world = World::new();
    order(&world, "chat.postMessage", FaultKind::RateLimited { retry_after_secs: 7 });
    let answer = post(&world, "x");
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "7"));
    order(&world, "chat.postMessage", FaultKind::ServerError { status: 502 });
    let answer = post(&world, "x");
    assert!(answer.status == 502 && answer.text.contains("<html>"));
    assert!(world.texts().is_empty());
}

#[test]
fn a_token_can_be_revoked_in_the_middle_of_things() {
    let world = World::new();
    order(&world, "chat.postMessage", FaultKind::TokenRevoked);
    assert_eq!(post(&world, "x").body["error"], "token_revoked");
    assert_eq!(world.only_event()["type"], "tokens_revoked");
}

#[test]
fn events_can_be_doubled_under_one_id_or_two() {
    let world = World::new();
    order(&world, "message", FaultKind::EventDuplicate);
    post(&world, "one");
    world.pass(1);
    let events = world.events();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], events[1]);
    order(&world, "message", FaultKind::EventDuplicateNewId);
    post(&world, "two");
    world.pass(1);
    let events = world.events();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["event"], events[1]["event"]);
    assert_ne!(ids(&events)[0], ids(&events)[1]);
}

#[test]
fn events_can_be_late_dropped_or_out_of_order() {
    let world = World::new();
    order(&world, "message", FaultKind::EventLate { after_micros: 60_000_000 });
    post(&world, "late");
    assert!(world.events().is_empty());
    world.pass(60_000_000);
    assert_eq!(world.only_event()["text"], "late");
    order(&world, "message", FaultKind::EventDropped);
    post(&world, "dropped");
    order(&world, "message", FaultKind::EventReordered);
    post(&world, "first");
    assert!(world.events().is_empty());
    post(&world, "second");
    world.pass(1);
    let texts: Vec<Value> = world.events().into_iter().map(|event| event["event"]["text"].clone()).collect();
    assert_eq!(texts, ["second", "first"]);
}

#[test]
fn an_event_that_waits_for_a_follower_does_not_wait_forever() {
    let world = World::new();
    order(&world, "message", FaultKind::EventReordered);
    post(&world, "alone");
    world.pass(5_000_000);
    assert_eq!(world.only_event()["text"], "alone");
}

#[test]
fn chance_is_the_same_for_the_same_seed() {
    let chaos = |seed| {
        let event_chaos = EventChaos {
            duplicate_same: 0.2,
            duplicate_new: 0.2,
            late: 0.2,
            reorder: 0.2,
            drop: 0.1,
            delay_max_micros: 1_000_000,
            before_answer: 0.0,
        };
        let call_chaos = CallChaos { answer_lost: 0.1, call_lost: 0.1, server_error: 0.1, ..CallChaos::default() };
        let world = World::with(Config { seed, event_chaos, call_chaos, ..small() });
        for index in 0..100 {
            post(&world, &format!("{index}"));
            world.pass(1000);
        }
        world.pass(10_000_000);
        (world.texts(), world.events(), world.slack.faults().fired())
    };
    let (texts, events, fired) = chaos(7);
    assert_eq!((&texts, &events, &fired), (&chaos(7).0, &chaos(7).1, &chaos(7).2));
    assert!(fired.len() >= 7, "{fired:?}");
    assert_ne!(texts, chaos(8).0);
}

#[test]
fn chaos_ends_when_it_is_switched_off() {
    let calls = CallChaos { call_lost: 1.0, ..CallChaos::default() };
    let world = World::with(Config { call_chaos: calls, ..small() });
    assert!(post(&world, "lost").response_lost);
    world.slack.set_chaos(CallChaos::default(), EventChaos::default());
    assert!(!post(&world, "heard").response_lost);
    assert_eq!(world.texts(), ["heard"]);
}

#[test]
fn faults_can_be_ordered_and_counted_from_outside() {
    let world = World::new();
    let body = json!({ "kind": "rate_limited", "retry_after_secs": 3, "method": "auth.test" });
    let request = axum::http::Request::post("/control/faults").header("content-type", "application/json");
    assert_eq!(world.send(request.body(body.to_string().into()).unwrap()).body["ok"], true);
    assert_eq!(world.call_as(world.bot(), "auth.test", json!({})).status, 429);
    assert_eq!(world.get("/control/faults").body, json!({ "waiting": [], "fired": { "rate_limited": 1 } }));
}

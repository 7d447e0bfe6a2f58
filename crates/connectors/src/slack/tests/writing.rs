//! Commands, and what became of those whose answer was lost.

use super::{Call, FakeSlack, NOW, SEEN, World, answer, declined, response, run};
use crate::slack::Slack;
use model::{
    body::{Body, markdown},
    command::{Action, Attempt},
    connector::{Connector, ConnectorError, Outcome, Proof, Step},
    facets::Version,
    http::{HttpError, Response},
    id::ExternalId,
    time::Timestamp,
    update::{RemoteMessage, Update},
};
use serde_json::{Value, json};

const MARK: &str = "cmd_0190.5d41402a";
const TS: &str = "1626342140.000100";

fn send(text: &str) -> Action {
    Action::Send { body: Body::plain(text), thread_root: None, broadcast: false, files: Vec::new(), envelope: None }
}

fn message() -> ExternalId {
    ExternalId(format!("C1:{TS}"))
}

fn perform(world: &World, slack: &FakeSlack, action: &Action) -> Result<Vec<Update>, ConnectorError> {
    let (chat, message) = (ExternalId::from("C1"), message());
    let step = Step { action, chat: &chat, message: Some(&message), mark: MARK, progress: &Value::Null };
    match run(Slack.perform(&world.access(slack), &step))? {
        Outcome::Done(updates) => Ok(updates),
        Outcome::Next { .. } => panic!("every command takes one step"),
    }
}

fn prove(world: &World, slack: &FakeSlack, action: &Action) -> Result<Proof, ConnectorError> {
    let (chat, message) = (ExternalId::from("C1"), message());
    let step = Step { action, chat: &chat, message: Some(&message), mark: MARK, progress: &Value::Null };
    let attempt = Attempt::new(1, Timestamp::from_micros(1_626_342_120_000_000), NOW);
    run(Slack.prove(&world.access(slack), &step, &attempt))
}

/// Slack shows a message the way it was asked to.
fn echo(call: &Call) -> Value {
    let mut message = json!({ "type": "message", "user": "U111", "text": call.argument("text"), "ts": TS });
    for nested in ["blocks", "metadata"] {
        if let Some(given) = call.argument(nested) {
            message[nested] = serde_json::from_str(given).unwrap();
        }
    }
    if let Some(thread) = call.argument("thread_ts") {
        message["thread_ts"] = json!(thread);
    }
    message
}

fn posting() -> FakeSlack {
    FakeSlack::new(|call| json!({ "ok": true, "channel": "C1", "ts": TS, "message": echo(call) }))
}

fn told(updates: &[Update]) -> &RemoteMessage {
    match updates.last() {
        Some(Update::Message(message)) => message,
        other => panic!("a message, not {other:?}"),
    }
}

#[test]
fn an_answer_is_shown_outside_of_its_thread_where_that_is_wanted() {
    let root = Some("C1:1626342092.008500".into());
    let action =
        Action::Send { body: Body::plain("hi"), thread_root: root, broadcast: true, files: Vec::new(), envelope: None };
    let slack = posting();
    perform(&World::of_a_person(), &slack, &action).unwrap();
    assert_eq!(slack.calls()[0].argument("reply_broadcast"), Some("true"));
    assert_eq!(slack.calls()[0].argument("thread_ts"), Some("1626342092.008500"));
}

#[test]
fn a_message_goes_out_with_its_mark_and_comes_back_as_it_was() {
    let body = markdown::read("a < b & \\*c\\* **d** [@U222](person:U222)");
    let action = Action::Send {
        body: body.clone(),
        thread_root: Some("C1:1626342092.008500".into()),
        broadcast: false,
        files: Vec::new(),
        envelope: None,
    };
    for (world, token) in
        [(World::of_a_person(), "Bearer xoxp-1"), (World::of_a_person_behind_a_bot(), "Bearer xoxb-1")]
    {
        let slack = posting();
        let updates = perform(&world, &slack, &action).unwrap();
        let message = told(&updates);
        assert_eq!(message.content.body, body);
        assert_eq!(message.mark.as_deref(), Some(MARK));
        assert_eq!(message.id, self::message());
        // What the event of the same message will say too.
        assert_eq!(message.version, Version(1_626_342_140_000_100));
        assert_eq!(message.content.thread_root, Some("C1:1626342092.008500".into()));
        let call = slack.calls().remove(0);
        assert_eq!(call.token, token);
        assert_eq!(call.argument("text"), Some("a &lt; b &amp; *c* *d* <@U222>"));
        assert_eq!(call.argument("channel"), Some("C1"));
        assert_eq!(call.argument("reply_broadcast"), None);
        assert!(call.argument("metadata").unwrap().contains(MARK));
        assert!(call.argument("blocks").unwrap().contains(MARK));
    }
}

/// Whether a person's message keeps metadata is not sure, so the block bears the mark as well.
#[test]
fn a_mark_is_found_in_metadata_or_in_a_block() {
    let world = World::of_a_person();
    for hidden in ["metadata", "blocks"] {
        let slack = FakeSlack::new(move |call| {
            let mut message = echo(call);
            message[hidden] = Value::Null;
            json!({ "ok": true, "channel": "C1", "ts": TS, "message": message })
        });
        let updates = perform(&world, &slack, &send("hi")).unwrap();
        assert_eq!(told(&updates).mark.as_deref(), Some(MARK), "without {hidden}");
        assert_eq!(told(&updates).content.body, Body::plain("hi"), "without {hidden}");
    }
}

#[test]
fn an_edit_states_all_that_is_to_stand() {
    let slack = FakeSlack::new(|call| {
        let mut message = echo(call);
        message["ts"] = Value::Null;
        message["edited"] = json!({ "user": "B999", "ts": "1626342140.000000" });
        json!({ "ok": true, "channel": "C1", "ts": TS, "message": message })
    });
    let action = Action::Edit { body: Body::plain("new") };
    let updates = perform(&World::of_a_person_behind_a_bot(), &slack, &action).unwrap();
    let message = told(&updates);
    assert_eq!((message.id.clone(), &message.content.body), (self::message(), &Body::plain("new")));
    assert!(message.content.edited_at.is_some());
    // No later than the edit can have been, though the answer came late: a newer edit must win over it.
    assert_eq!(message.version, Version(1_626_342_140_000_101));
    let call = slack.calls().remove(0);
    assert_eq!(call.argument("attachments"), Some("[]"));
    assert!(call.argument("blocks").unwrap().contains("\"text\":\"new\""));
    assert_eq!((call.argument("ts"), call.argument("metadata")), (Some(TS), None));
}

#[test]
fn what_is_done_already_is_done() {
    let world = World::of_a_person();
    let delete = |slack: &FakeSlack| perform(&world, slack, &Action::Delete).unwrap();
    let gone = [Update::Deleted { chat: "C1".into(), message: message(), version: Version(SEEN) }];
    assert_eq!(delete(&FakeSlack::new(|_| json!({ "ok": true }))), gone);
    assert_eq!(delete(&FakeSlack::new(|_| declined("message_not_found"))), gone);
    for (present, method, error) in
        [(true, "reactions.add", "already_reacted"), (false, "reactions.remove", "no_reaction")]
    {
        for reply in [json!({ "ok": true }), declined(error)] {
            let slack = FakeSlack::new(move |_| reply.clone());
            let action = Action::React { emoji: "👍🏽".to_owned(), present };
            let expected = Update::Reacted {
                chat: "C1".into(),
                message: message(),
                actor: "U111".into(),
                emoji: "👍🏽".to_owned(),
                present,
                version: Version(SEEN),
            };
            assert_eq!(perform(&world, &slack, &action).unwrap(), [expected]);
            let call = slack.calls().remove(0);
            assert_eq!((call.method.as_str(), call.argument("name")), (method, Some("+1::skin-tone-4")));
            assert_eq!(call.argument("timestamp"), Some(TS));
        }
    }
}

#[test]
fn a_reaction_that_is_no_emoji_is_refused_before_anybody_is_asked() {
    let slack = FakeSlack::new(|_| panic!("nobody may be asked"));
    let action = Action::React { emoji: "no emoji".to_owned(), present: true };
    let refused = perform(&World::of_a_person(), &slack, &action);
    assert!(matches!(refused, Err(ConnectorError::Refused(problem)) if problem.code == "slack.invalid_name"));
}

fn failing(script: fn() -> Result<Response, HttpError>) -> ConnectorError {
    perform(&World::of_a_person(), &FakeSlack::raw(move |_| script()), &send("hi")).unwrap_err()
}

#[test]
fn a_write_that_may_have_happened_is_not_asked_again() {
    let unknown: [fn() -> Result<Response, HttpError>; 8] = [
        || Err(HttpError::Broken("gone".to_owned())),
        || Ok(response(503, "<!DOCTYPE html>")),
        || Ok(response(200, "<!DOCTYPE html>")),
        || Ok(response(200, "{}")),
        || Ok(answer(&declined("internal_error"))),
        || Ok(answer(&declined("fatal_error"))),
        || Ok(answer(&json!({ "ok": true }))),
        || Ok(answer(&json!({ "ok": true, "channel": "C1", "ts": "x", "message": {} }))),
    ];
    for (number, script) in unknown.into_iter().enumerate() {
        let error = failing(script);
        assert!(matches!(error, ConnectorError::Unknown(_)), "{number}: {error}");
    }
}

#[test]
fn a_write_that_did_not_happen_says_what_to_do() {
    assert!(matches!(failing(|| Err(HttpError::NotSent("down".to_owned()))), ConnectorError::Busy { .. }));
    assert!(matches!(failing(|| Ok(response(429, ""))), ConnectorError::Busy { .. }));
    assert!(matches!(failing(|| Ok(answer(&declined("token_revoked")))), ConnectorError::LoginLost { .. }));
    let ConnectorError::Refused(problem) = failing(|| Ok(answer(&declined("not_in_channel")))) else { panic!() };
    assert_eq!(problem.code, "slack.not_in_channel");
    assert!(problem.detail.contains("/invite"));
}

/// Their words must not go out under another name.
#[test]
fn a_bot_never_stands_in_for_a_person() {
    let mut world = World::of_a_person();
    let slack = FakeSlack::new(|_| panic!("nobody may be asked"));
    world.logins[1].login.lost = true;
    assert!(matches!(perform(&world, &slack, &send("hi")), Err(ConnectorError::LoginLost { .. })));
    world.logins.remove(1);
    assert!(matches!(perform(&world, &slack, &send("hi")), Err(ConnectorError::LoginLost { .. })));
}

fn sent(mark: &str) -> Value {
    json!({ "user": "U111", "text": "hi", "ts": TS,
            "metadata": { "event_type": "bothways_message", "event_payload": { "mark": mark } } })
}

#[test]
fn a_lost_answer_is_found_by_its_mark_on_any_page() {
    let slack = FakeSlack::new(|call| match call.argument("cursor") {
        None => json!({ "ok": true, "messages": [sent("another")], "response_metadata": { "next_cursor": "a=" } }),
        Some(_) => json!({ "ok": true, "messages": [sent(MARK)] }),
    });
    let proof = prove(&World::of_a_person(), &slack, &send("hi")).unwrap();
    let Proof::Happened(updates) = proof else { panic!("{proof:?}") };
    assert_eq!(told(&updates).id, message());
    let call = slack.calls().remove(0);
    // A minute before the attempt, since clocks differ.
    assert_eq!(call.argument("oldest"), Some("1626342060.000000"));
    assert_eq!(call.argument("include_all_metadata"), Some("true"));
}

#[test]
fn a_reply_is_looked_for_in_its_thread() {
    let action = Action::Send {
        body: Body::plain("hi"),
        thread_root: Some("C1:1626342092.008500".into()),
        broadcast: false,
        files: Vec::new(),
        envelope: None,
    };
    let slack = FakeSlack::new(|_| json!({ "ok": true, "messages": [sent(MARK)] }));
    assert!(matches!(prove(&World::of_a_person(), &slack, &action), Ok(Proof::Happened(_))));
    let call = slack.calls().remove(0);
    assert_eq!((call.method.as_str(), call.argument("ts")), ("conversations.replies", Some("1626342092.008500")));
}

#[test]
fn what_is_not_there_is_told_from_what_cannot_be_told() {
    let world = World::of_a_person();
    let of = |slack: FakeSlack| prove(&world, &slack, &send("hi"));
    let empty = FakeSlack::new(|_| json!({ "ok": true, "messages": [sent("another")] }));
    assert_eq!(of(empty).unwrap(), Proof::NotThere);
    let endless =
        FakeSlack::new(|_| json!({ "ok": true, "messages": [], "response_metadata": { "next_cursor": "a=" } }));
    assert_eq!(of(endless).unwrap(), Proof::CannotTell);
    assert_eq!(of(FakeSlack::new(|_| declined("channel_not_found"))).unwrap(), Proof::CannotTell);
    assert!(matches!(of(FakeSlack::new(|_| declined("ratelimited"))), Err(ConnectorError::Busy { .. })));
}

fn standing(message: Value) -> FakeSlack {
    FakeSlack::new(move |call| match call.method.as_str() {
        "conversations.history" => json!({ "ok": true, "messages": [message.clone()] }),
        _ => declined("thread_not_found"),
    })
}

#[test]
fn changes_are_proven_by_what_stands_there() {
    let world = World::of_a_person();
    let post = |text: &str| json!({ "user": "U111", "text": text, "ts": TS, "reactions": [{ "name": "thumbsup", "users": ["U111"], "count": 1 }] });
    let edit = Action::Edit { body: markdown::read("new [:wave:](emoji:wave)") };
    let react = |emoji: &str, present| Action::React { emoji: emoji.to_owned(), present };
    let tombstone = || json!({ "subtype": "tombstone", "ts": TS });
    let cases = [
        (&edit, post("new :wave:"), true),
        (&edit, post("old"), false),
        (&edit, post("*new* :wave:"), false),
        (&edit, json!({ "ts": TS, "text": "*new* 👋", "edited": { "ts": "1626342119.000000" } }), true),
        (&edit, json!({ "ts": TS, "text": "*new* 👋", "edited": { "ts": "1626342117.000000" } }), false),
        (&edit, json!({ "ts": "1.000000" }), false),
        (&Action::Delete, post("old"), false),
        (&Action::Delete, json!({ "ts": "1.000000" }), true),
        (&Action::Delete, tombstone(), true),
        (&react("👍", true), post("x"), true),
        (&react("👍", false), post("x"), false),
        (&react("🎉", true), post("x"), false),
        (&react("🎉", false), post("x"), true),
        (&react("👍", false), tombstone(), false),
    ];
    for (number, (action, message, happened)) in cases.into_iter().enumerate() {
        let proof = prove(&world, &standing(message), action).unwrap();
        assert_eq!(matches!(proof, Proof::Happened(_)), happened, "case {number}: {proof:?}");
        assert!(happened || proof == Proof::NotThere, "case {number}: {proof:?}");
    }
}

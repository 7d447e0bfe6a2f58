//! Files on their way to Slack, step by step.

use super::{Call, FakeSlack, NOW, World, answer, declined, gone_upload, response, run};
use crate::slack::{Slack, blocks};
use model::{
    body::Body,
    command::{Action, Attempt},
    connector::{Connector, ConnectorError, Outcome, Proof, Step},
    http::{HttpError, Response},
    id::{ExternalId, UploadId, uuid_v7},
    update::Update,
    upload::SentFile,
};
use serde_json::{Value, json};

const TS: &str = "1626342140.000100";

fn file(name: &str) -> SentFile {
    let upload = UploadId::from(uuid_v7(NOW, [1; 10]));
    SentFile { upload, name: name.to_owned(), media_type: "text/plain".to_owned(), size_bytes: 11 }
}

fn send(files: &[SentFile]) -> Action {
    Action::Send {
        body: Body::plain("see"),
        thread_root: None,
        broadcast: false,
        files: files.to_vec(),
        envelope: None,
    }
}

/// Slack, with files that got an id; `shown` says whether they stand in the chat by now.
fn slack(shown: bool) -> FakeSlack {
    let begun = std::sync::atomic::AtomicU32::new(0);
    FakeSlack::raw(move |call| match call.method.as_str() {
        "files.getUploadURLExternal" => {
            let number = begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let url = format!("https://files.slack.com/upload/v1/{number}");
            Ok(answer(&json!({ "ok": true, "file_id": format!("F{number}"), "upload_url": url })))
        }
        "files.completeUploadExternal" => Ok(answer(&json!({ "ok": true, "files": [{ "id": "F0", "shares": {} }] }))),
        "files.info" => {
            let shares = if shown { json!({ "public": { "C1": [{ "ts": TS }] } }) } else { json!({}) };
            Ok(answer(&json!({ "ok": true, "file": { "id": "F0", "shares": shares } })))
        }
        "conversations.history" => Ok(answer(&json!({
            "ok": true, "messages": [{ "user": "U111", "text": "see", "ts": TS, "subtype": "file_share",
                "files": [{ "id": "F0", "name": "a.txt", "mode": "hosted", "url_private": "https://files.slack.com/a" }] }],
        }))),
        url if url.contains("/upload/") => Ok(response(200, "OK - 11")),
        other => panic!("{other}"),
    })
}

fn step(slack: &FakeSlack, action: &Action, progress: &Value) -> Result<Outcome, ConnectorError> {
    let chat = ExternalId::from("C1");
    let step = Step { action, chat: &chat, message: None, mark: "m", progress };
    run(Slack.perform(&World::of_a_person().access(slack), &step))
}

fn next(slack: &FakeSlack, action: &Action, progress: &Value) -> Value {
    match step(slack, action, progress).unwrap() {
        Outcome::Next { left, .. } => left,
        Outcome::Done(updates) => panic!("there are more steps: {updates:?}"),
    }
}

fn prove(slack: &FakeSlack, action: &Action, progress: &Value) -> Proof {
    prove_attempt(slack, action, progress, false)
}

fn prove_attempt(slack: &FakeSlack, action: &Action, progress: &Value, put_back: bool) -> Proof {
    let chat = ExternalId::from("C1");
    let step = Step { action, chat: &chat, message: None, mark: "m", progress };
    let attempt = Attempt { put_back, ..Attempt::new(1, NOW, NOW) };
    run(Slack.prove(&World::of_a_person().access(slack), &step, &attempt)).unwrap()
}

/// What is left before the last call.
fn brought(slack: &FakeSlack, action: &Action) -> Value {
    (0..4).fold(Value::Null, |progress, _| next(slack, action, &progress))
}

#[test]
fn two_files_go_out_step_by_step_as_one_message() {
    let slack = slack(true);
    let action = send(&[file("a.txt"), file("b.txt")]);
    let completed = next(&slack, &action, &brought(&slack, &action));
    let Outcome::Done(updates) = step(&slack, &action, &completed).unwrap() else { panic!("it is done") };
    let message = updates.iter().find_map(|update| match update {
        Update::Message(message) => Some(message),
        _ => None,
    });
    assert_eq!(message.unwrap().id, ExternalId(format!("C1:{TS}")));
    let calls = slack.calls();
    let methods: Vec<_> = calls.iter().map(|call: &Call| call.method.rsplit('/').next().unwrap()).collect();
    let expected = [
        "files.getUploadURLExternal",
        "0",
        "files.getUploadURLExternal",
        "1",
        "files.completeUploadExternal",
        "files.info",
        "conversations.history",
    ];
    assert_eq!(methods[..7], expected);
    assert_eq!((calls[0].argument("filename"), calls[0].argument("length")), (Some("a.txt"), Some("11")));
    assert_eq!((calls[1].argument("body"), calls[1].token.as_str()), (Some("hello world"), ""));
    let files: Value = serde_json::from_str(calls[4].argument("files").unwrap()).unwrap();
    assert_eq!(files, json!([{ "id": "F0", "title": "a.txt" }, { "id": "F1", "title": "b.txt" }]));
    assert_eq!((calls[4].argument("channel_id"), calls[4].argument("initial_comment")), (Some("C1"), None));
    let said: Value = serde_json::from_str(calls[4].argument("blocks").unwrap()).unwrap();
    assert_eq!(said, json!([blocks::marked(&Body::plain("see"), "m")]));
}

#[test]
fn a_lost_answer_to_the_bytes_is_asked_again_and_a_dead_address_begins_anew() {
    let action = send(&[file("a.txt")]);
    let begun = next(&slack(true), &action, &Value::Null);
    let lost = FakeSlack::raw(|_| Err(HttpError::Broken("gone".to_owned())));
    assert!(matches!(step(&lost, &action, &begun), Err(ConnectorError::Busy { .. })));
    let dead = |status: u16| {
        FakeSlack::raw(move |call| match call.method.as_str() {
            "files.getUploadURLExternal" => {
                Ok(answer(&json!({ "ok": true, "file_id": "F9", "upload_url": "https://files.slack.com/upload/v1/9" })))
            }
            _ => Ok(response(status, "")),
        })
    };
    let mut progress = next(&dead(404), &action, &begun);
    assert_eq!((&progress["files"][0]["id"], &progress["files"][0]["beginnings"]), (&json!("F9"), &json!(2)));
    for _ in 0..3 {
        progress = next(&dead(404), &action, &progress);
    }
    let code = |slack: &FakeSlack, progress: &Value, action: &Action| match step(slack, action, progress) {
        Err(ConnectorError::Refused(problem)) => problem.code,
        other => panic!("refused, not {other:?}"),
    };
    assert_eq!(code(&dead(404), &progress, &action), "slack.upload_failed");
    assert_eq!(code(&dead(413), &begun, &action), "slack.file_too_large");
    let gone = send(&[SentFile { upload: gone_upload(), ..file("a.txt") }]);
    assert_eq!(code(&dead(200), &begun, &gone), "upload_gone");
    let full = FakeSlack::new(|_| declined("storage_limit_reached"));
    assert_eq!(code(&full, &Value::Null, &action), "slack.storage_limit_reached");
}

#[test]
fn the_last_call_is_never_repeated_while_it_may_have_happened() {
    let action = send(&[file("a.txt"), file("b.txt")]);
    let brought = brought(&slack(true), &action);
    let lost: fn(&Call) -> Result<Response, HttpError> = |_| Err(HttpError::Broken("gone".to_owned()));
    assert!(matches!(step(&FakeSlack::raw(lost), &action, &brought), Err(ConnectorError::Unknown(_))));
    assert!(matches!(prove(&slack(true), &action, &brought), Proof::Happened(_)));
    // Slack has it, and may show it yet.
    assert_eq!(prove(&slack(false), &action, &brought), Proof::CannotTell);
    let unknown = || FakeSlack::new(|_| declined("file_not_found"));
    assert_eq!(prove(&unknown(), &action, &brought), Proof::NotThere);
    // What nobody has seen can be done again.
    let nobody = FakeSlack::new(|_| panic!("nobody may be asked"));
    assert_eq!(prove(&nobody, &action, &Value::Null), Proof::NotThere);
}

#[test]
fn a_message_that_does_not_appear_is_waited_for_and_then_left_to_proof() {
    let action = send(&[file("a.txt")]);
    let at = |micros: i64| json!({ "files": [{ "id": "F0", "beginnings": 1 }], "completed_at": micros });
    let now = NOW.micros();
    assert!(matches!(step(&slack(false), &action, &at(now)), Err(ConnectorError::Busy { .. })));
    let late = at(now - 120_000_000);
    assert!(matches!(step(&slack(false), &action, &late), Err(ConnectorError::Unknown(_))));
    assert_eq!(prove(&slack(false), &action, &late), Proof::CannotTell);
    assert!(matches!(prove(&slack(true), &action, &late), Proof::Happened(_)));
}

#[test]
fn what_an_older_store_forgot_is_looked_for_before_it_is_sent_again() {
    let action = send(&[file("a.txt")]);
    let chat_with = |user: &str, name: &str, blocks: Value| {
        let file = json!({ "id": "F7", "name": name, "size": 11, "mode": "hosted" });
        let message = json!({ "user": user, "text": "see", "ts": TS, "subtype": "file_share", "files": [file], "blocks": blocks });
        FakeSlack::raw(move |call| match call.method.as_str() {
            "files.info" => Ok(answer(&declined("file_not_found"))),
            "conversations.history" => Ok(answer(&json!({ "ok": true, "messages": [message] }))),
            other => panic!("{other}"),
        })
    };
    let begun = json!({ "files": [{ "id": "F0", "url": "https://files.slack.com/upload/v1/0", "beginnings": 1 }] });
    let unmarked = json!([]);
    for progress in [Value::Null, begun] {
        let prove = |slack: &FakeSlack| prove_attempt(slack, &action, &progress, true);
        let marked = json!([blocks::marked(&Body::plain("see"), "m")]);
        assert!(matches!(prove(&chat_with("U111", "a.txt", marked)), Proof::Happened(_)));
        // It may be the one, or have been sent before it.
        assert_eq!(prove(&chat_with("U111", "a.txt", unmarked.clone())), Proof::CannotTell);
        assert_eq!(prove(&chat_with("U111", "b.txt", unmarked.clone())), Proof::NotThere);
        assert_eq!(prove(&chat_with("U999", "a.txt", unmarked.clone())), Proof::NotThere);
    }
    let known = json!({ "files": [{ "id": "F0", "url": "https://files.slack.com/upload/v1/0", "beginnings": 1 }] });
    assert!(matches!(prove_attempt(&slack(true), &action, &known, true), Proof::Happened(_)), "its id tells");
}

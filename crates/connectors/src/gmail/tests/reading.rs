//! Threads and mails as Gmail writes them, and what its errors lead to.

use super::{ANA, Call, Wire, World, answer, arrived, error, is_of_schema, quiet, run, snapshot};
use crate::gmail::Gmail;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{
    connector::{Connector, ConnectorError, Page, Reading},
    facets::Version,
    http::{HttpError, Method, Response},
    id::{Cursor, ExternalId},
    sync_status::Selection,
    update::Update,
};
use serde_json::{Value, json};
use std::time::Duration;

const THREAD: &str = "19aa00000000beef";
const HEADERS: &str = "format=metadata&metadataHeaders=Subject&metadataHeaders=From&metadataHeaders=To\
                       &metadataHeaders=Cc&metadataHeaders=Message-ID";

pub fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The calls of a batch, each by what follows `/gmail/v1/users/me/`.
fn batched(call: &Call) -> Vec<String> {
    let text = String::from_utf8(call.body.clone()).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("GET /gmail/v1/users/me/"));
    lines.map(str::to_owned).collect()
}

/// Answers a batch as Gmail does, the last call first.
fn batch(call: &Call) -> Response {
    let part = |(number, path): (usize, String)| {
        let inner = gmail(&Call { path, method: Method::Get, ..call.clone() }).unwrap();
        let (status, body) = (inner.status, String::from_utf8(inner.body.to_vec()).unwrap());
        let head = format!("Content-Type: application/http\r\nContent-ID: <response-{number}>");
        format!("--b\r\n{head}\r\n\r\nHTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n\r\n{body}\r\n")
    };
    let mut parts: Vec<_> = batched(call).into_iter().enumerate().map(part).collect();
    parts.reverse();
    let headers = vec![("content-type".to_owned(), "multipart/mixed; boundary=b".to_owned())];
    Response { status: 200, headers, body: (parts.concat() + "--b--\r\n").into_bytes().into() }
}

/// Gmail, with the threads and mails of the fixtures.
fn gmail(call: &Call) -> Result<Response, HttpError> {
    let thread = fixture(include_str!("../fixtures/thread.json"));
    is_of_schema("Thread", &thread);
    if call.path.ends_with("/batch/gmail/v1") {
        return Ok(batch(call));
    }
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    Ok(match path.split('/').collect::<Vec<_>>()[..] {
        ["threads"] => {
            let page = fixture(include_str!("../fixtures/threads.json"));
            is_of_schema("ListThreadsResponse", &page);
            answer(200, &page)
        }
        ["threads", THREAD] => answer(200, &thread),
        // Nothing but what was trashed is left of it.
        ["threads", "19aa000000000ace"] => {
            answer(200, &json!({ "id": "19aa000000000ace", "historyId": "1", "messages": [thread["messages"][3]] }))
        }
        ["threads", _] => error(404, "notFound", "Requested entity was not found."),
        ["profile"] => answer(200, &fixture(include_str!("../fixtures/profile.json"))),
        ["messages", id] => {
            let held = thread["messages"].as_array().unwrap().iter().find(|one| one["id"] == id);
            let Some(held) = held else { return Ok(error(404, "notFound", "Requested entity was not found.")) };
            let mut shown = held.clone();
            shown.as_object_mut().unwrap().remove("payload");
            let raw = match id {
                THREAD => include_str!("../fixtures/plain.eml"),
                "19aa00000000bef1" => include_str!("../fixtures/html.eml"),
                "19aa00000000bef2" => include_str!("../fixtures/attachment.eml"),
                _ => "",
            };
            if query.contains("raw") {
                shown["raw"] = json!(URL_SAFE_NO_PAD.encode(raw.replace('\n', "\r\n")));
            }
            is_of_schema("Message", &shown);
            answer(200, &shown)
        }
        _ => panic!("{}", call.path),
    })
}

fn pull(wire: &Wire, reading: &Reading) -> Result<Page, ConnectorError> {
    run(Gmail.pull(&World::new().access(wire), reading, None))
}

fn chats() -> Reading {
    Reading::Chats(Selection::default())
}

fn units(wire: &Wire) -> Vec<(String, u32)> {
    wire.calls().into_iter().map(|call| (call.line(), call.units)).collect()
}

#[test]
fn a_page_of_threads_says_what_each_is_like() {
    let wire = Wire::new(gmail);
    let page = pull(&wire, &chats()).unwrap();
    assert_eq!(page.next, Some(Cursor("09251380431275123011".to_owned())), "a token is no number");
    snapshot("threads", &page.updates);
    let asked = units(&wire);
    assert_eq!(asked[0], ("GET threads?maxResults=20".to_owned(), 10));
    assert_eq!((asked.len(), asked[1].1), (2, 3 * 40), "three threads in one request, each for its price");
    assert_eq!(batched(&wire.calls()[1])[0], format!("threads/{THREAD}?{HEADERS}"));
    let next = run(Gmail.pull(&World::new().access(&wire), &chats(), page.next.as_ref())).unwrap();
    assert_eq!(next.updates, page.updates);
    assert!(wire.lines().contains(&"GET threads?maxResults=20&pageToken=09251380431275123011".to_owned()));
}

#[test]
fn a_thread_is_told_mail_by_mail_without_drafts_and_with_what_went_away() {
    let wire = Wire::new(gmail);
    let page = pull(&wire, &Reading::History { chat: ExternalId::from(THREAD), since: None }).unwrap();
    snapshot("thread", &page.updates);
    assert_eq!((page.next, page.whole.len()), (None, 1));
    let raw = |id: &str| (format!("GET messages/{id}?format=raw"), 20);
    let thread = (format!("GET threads/{THREAD}?{HEADERS}"), 40);
    assert_eq!(units(&wire), [thread, raw("19aa00000000bef2"), raw("19aa00000000bef1"), raw(THREAD)]);
}

#[test]
fn an_id_that_is_none_asks_for_nothing_else() {
    for odd in ["", "..", "../profile", "19aa?alt=media", "19aa/trash", "19aa%2Ftrash", "19aä"] {
        let wire = Wire::new(gmail);
        let (chat, message) = (ExternalId::from(odd), ExternalId::from(odd));
        let told = pull(&wire, &Reading::Chat(chat.clone())).unwrap_err();
        assert!(matches!(&told, ConnectorError::Refused(why) if why.code == "gmail.not_found"), "{odd}: {told:?}");
        pull(&wire, &Reading::Message { chat, message }).unwrap();
        assert_eq!(wire.lines(), ["GET profile?"], "{odd}");
    }
}

#[test]
fn a_mail_is_looked_up_by_itself() {
    let look = |id: &str| {
        let wire = Wire::new(gmail);
        let reading = Reading::Message { chat: ExternalId::from(THREAD), message: ExternalId::from(id) };
        (pull(&wire, &reading).unwrap().updates, units(&wire).iter().map(|(_, units)| *units).collect::<Vec<_>>())
    };
    let (told, cost) = look("19aa00000000bef1");
    assert!(told.iter().any(|one| matches!(one, Update::Message(mail) if mail.mark.as_deref() == Some("m.1.abc"))));
    assert_eq!(cost, [1, 20, 20]);
    for id in ["19aa00000000bef3", "19aa00000000bef4", "19aa00000000ffff"] {
        assert!(matches!(&look(id).0[..], [Update::Deleted { message, .. }] if message.as_str() == id), "{id}");
    }
    assert_eq!(look("19aa00000000bef5").0, [], "a draft is no message");
}

#[test]
fn gmails_errors_lead_to_what_is_done_next() {
    let said = |response: Response| {
        let wire = Wire::new(move |_| Ok(response.clone()));
        pull(&wire, &chats()).unwrap_err()
    };
    let waits = |response: Response| match said(response) {
        ConnectorError::Busy { after } => after,
        other => panic!("busy, not {other:?}"),
    };
    let code = |response: Response| match said(response) {
        ConnectorError::Refused(problem) => problem.code,
        other => panic!("refused, not {other:?}"),
    };
    let limited = "User-rate limit exceeded.  Retry after 2026-01-05T10:02:00.000Z";
    assert_eq!(waits(error(403, "rateLimitExceeded", limited)), Duration::from_secs(60));
    assert_eq!(waits(error(403, "userRateLimitExceeded", limited)), Duration::from_secs(60));
    let mut later = error(429, "rateLimitExceeded", "Too many concurrent requests for user");
    later.headers.push(("retry-after".to_owned(), "7".to_owned()));
    assert_eq!(waits(later), Duration::from_secs(7));
    let past = "Retry after 2026-01-05T10:00:00.000Z";
    assert_eq!(waits(error(429, "rateLimitExceeded", past)), Duration::from_secs(1), "what is over is over");
    waits(error(429, "", ""));
    for status in [408, 500, 502, 503, 504] {
        waits(error(status, "backendError", "Backend Error"));
    }
    assert!(matches!(said(error(401, "authError", "Invalid Credentials")), ConnectorError::TokenExpired { .. }));
    assert_eq!(code(error(403, "insufficientPermissions", "Insufficient Permission")), "gmail.insufficient_scope");
    let details = json!({ "error": { "code": 403, "message": "Request had insufficient authentication scopes.",
        "status": "PERMISSION_DENIED", "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com" }] } });
    assert_eq!(code(answer(403, &details)), "gmail.insufficient_scope");
    assert_eq!(code(error(403, "accessNotConfigured", "Gmail API has not been used")), "gmail.api_disabled");
    assert_eq!(
        code(error(403, "domainPolicy", "The domain administrators have disabled Gmail apps.")),
        "gmail.domain_policy"
    );
    assert_eq!(code(error(403, "forbidden", "no")), "gmail.declined");
    assert_eq!(code(error(404, "notFound", "Requested entity was not found.")), "gmail.not_found");
    assert_eq!(code(error(400, "invalidArgument", "Invalid pageToken")), "gmail.declined");
    assert_eq!(code(Response { status: 418, headers: Vec::new(), body: "<html>".into() }), "gmail.declined");
    let other = Response { status: 200, headers: Vec::new(), body: "<html>".into() };
    assert!(matches!(said(other), ConnectorError::Unreadable(_)));
}

#[test]
fn calls_that_have_no_answer_can_be_made_again() {
    let said = |error: HttpError| {
        let wire = Wire::new(move |_| Err(error.clone()));
        pull(&wire, &chats()).unwrap_err()
    };
    let after = Duration::from_secs(9);
    assert!(matches!(said(HttpError::NoRoom { after }), ConnectorError::Busy { after: told } if told == after));
    for error in [HttpError::NotSent("x".to_owned()), HttpError::Broken("x".to_owned())] {
        assert!(matches!(said(error), ConnectorError::Busy { .. }));
    }
    let forbidden = said(HttpError::Forbidden("evil.example".to_owned()));
    assert!(matches!(forbidden, ConnectorError::Refused(problem) if problem.code == "gmail.host_forbidden"));
}

#[test]
fn a_login_that_is_lost_calls_nobody() {
    let mut world = World::new();
    world.logins[0].login.lost = true;
    let wire = Wire::json(|_| panic!("nobody is asked"));
    let pulled = run(Gmail.pull(&world.access(&wire), &chats(), None));
    assert!(matches!(pulled, Err(ConnectorError::LoginLost { account: Some(_) })));
}

#[test]
fn an_older_project_pays_older_prices() {
    let mut world = World::new();
    world.settings.values.insert("older_quota".to_owned(), model::world::Secret("true".to_owned()));
    let wire = Wire::new(gmail);
    run(Gmail.pull(&world.access(&wire), &chats(), None)).unwrap();
    assert_eq!(units(&wire).iter().map(|(_, units)| *units).collect::<Vec<_>>(), [10, 3 * 10]);
}

#[test]
fn what_others_call_somebody_counts_less_than_what_they_call_themselves() {
    let gmail = quiet();
    let write = |raw: &str| drop(arrived(&gmail, raw));
    let told = |subject: &str| {
        let id = gmail.mailbox(ANA).unwrap().about(subject)[0].id.clone();
        let reading = Reading::Message { chat: ExternalId::from(id.as_str()), message: ExternalId::from(id.as_str()) };
        let updates = run(Gmail.pull(&World::at(&gmail).access(&Wire::to(&gmail)), &reading, None)).unwrap().updates;
        let people = updates.into_iter().filter_map(|update| match update {
            Update::Person { ids, facts, version } => Some((ids[0].0.clone(), facts.name, version)),
            _ => None,
        });
        people.collect::<Vec<_>>()
    };
    write(
        "From: bruno@elsewhere.example\nTo: Ana <ana@acme.example>, \"rui@x.example\" <rui@x.example>\n\
         Cc: Rita the Roofer <rita@x.example>, tom@x.example\nSubject: One\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n\nhi",
    );
    let heard = told("One");
    let names: Vec<_> = heard.iter().map(|(id, name, _)| (id.as_str(), name.as_str())).collect();
    let wanted = [("ana@acme.example", "Ana"), ("rita@x.example", "Rita the Roofer")];
    assert_eq!(names, wanted, "an address is no name, and who has none has none");
    write(
        "From: Rita <rita@x.example>\nTo: ana@acme.example\nSubject: Two\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n\nhi",
    );
    let herself = told("Two");
    assert_eq!((herself[0].0.as_str(), herself[0].1.as_str()), ("rita@x.example", "Rita"));
    assert!(heard[1].2 < herself[0].2 && heard[1].2 > Version(0), "more than nobody's word, and less than her own");
}

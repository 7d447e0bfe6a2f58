//! The API as its callers meet it: formats, lists, searches, labels, drafts, batches, uploads, errors.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use sandbox::gmail::{Config, Quota, WorldSize};

use crate::mailboxes::{ANA, Answer, BRUNO, Mailboxes, empty, encoded, labels};

const FULL: &str = "From: Guilherme <guilherme@customer.example>\nTo: ana@acme.example\nSubject: =?UTF-8?Q?Offer_=E2=82=AC?=\n\
Message-ID: <full@customer.example>\nDate: Mon, 6 Oct 2025 10:00:00 +0200\nMIME-Version: 1.0\n\
Content-Type: multipart/mixed; boundary=\"out\"\n\n--out\nContent-Type: multipart/alternative; boundary=in\n\n\
--in\nContent-Type: text/plain; charset=\"UTF-8\"\nContent-Transfer-Encoding: quoted-printable\n\nIt wasn't =E2=82=AC 5\n\
--in\nContent-Type: text/html; charset=utf-8\n\n<p>It wasn't</p>\n--in--\n--out\n\
Content-Type: application/pdf; name=\"plan.pdf\"\nContent-Disposition: attachment; filename=\"plan.pdf\"\n\
Content-Transfer-Encoding: base64\n\nSGVsbG8gd29ybGQ=\n--out--\n";

fn put_in(world: &Mailboxes, raw: &str, more: Value) -> Value {
    let mut body = json!({ "raw": encoded(raw) });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.post("messages/import", body)
}

fn decoded(text: &Value) -> String {
    let text = text.as_str().unwrap();
    let bytes = if text.contains('=') { URL_SAFE.decode(text) } else { URL_SAFE_NO_PAD.decode(text) };
    String::from_utf8(bytes.unwrap()).unwrap()
}

fn reason(answer: &Answer) -> (u16, &str, &str) {
    let error = &answer.body["error"];
    (answer.status, error["errors"][0]["reason"].as_str().unwrap_or("?"), error["status"].as_str().unwrap_or("?"))
}

#[test]
fn a_message_is_shown_in_each_format() {
    let world = Mailboxes::new();
    let made = put_in(&world, FULL, json!({ "labelIds": ["INBOX", "UNREAD"] }));
    let id = made["id"].as_str().unwrap();
    assert_eq!(u64::from_str_radix(id, 16).unwrap() >> 20, 1_760_000_000_000, "the time stands in its upper bits");
    let full = world.get(&format!("messages/{id}"));
    assert_eq!(full["snippet"], "It wasn&#39;t € 5");
    assert_eq!(full["internalDate"], "1759737600000");
    let payload = &full["payload"];
    assert_eq!((&payload["partId"], &payload["mimeType"]), (&json!(""), &json!("multipart/mixed")));
    assert_eq!(payload["headers"][2], json!({ "name": "Subject", "value": "Offer €" }));
    let text = &payload["parts"][0]["parts"][0];
    assert_eq!((&text["partId"], decoded(&text["body"]["data"])), (&json!("0.0"), "It wasn't € 5".into()));
    let file = &payload["parts"][1];
    assert_eq!((&file["filename"], &file["body"]["size"]), (&json!("plan.pdf"), &json!(11)));
    assert!(file["body"]["data"].is_null());
    let raw = world.get(&format!("messages/{id}?format=raw"));
    assert_eq!(decoded(&raw["raw"]), FULL.replace('\n', "\r\n"));
    assert!(raw["payload"].is_null());
    let metadata = world.get(&format!("messages/{id}?format=metadata&metadataHeaders=subject&metadataHeaders=FROM"));
    assert_eq!(metadata["payload"]["headers"].as_array().unwrap().len(), 2);
    assert!(metadata["payload"]["parts"].is_null() && metadata["raw"].is_null());
    let minimal = world.get(&format!("messages/{id}?format=minimal"));
    assert!(minimal["payload"]["headers"].is_null() && minimal["labelIds"] == json!(["INBOX", "UNREAD"]));
}

#[test]
fn an_attachment_has_another_id_at_every_look_and_old_ones_end() {
    let world = Mailboxes::new();
    let id = put_in(&world, FULL, json!({}))["id"].as_str().unwrap().to_owned();
    let token = || {
        world.get(&format!("messages/{id}"))["payload"]["parts"][1]["body"]["attachmentId"].as_str().unwrap().to_owned()
    };
    let (first, second) = (token(), token());
    assert_ne!(first, second);
    let file = world.get(&format!("messages/{id}/attachments/{first}"));
    assert_eq!((&file["size"], decoded(&file["data"])), (&json!(11), "Hello world".into()));
    assert!(file["data"].as_str().unwrap().ends_with('='), "this answer is padded");
    world.pass(3_601_000_000);
    let late = world.call("GET", &format!("messages/{id}/attachments/{second}"), json!(null));
    let fresh = world.ana.clone();
    assert_eq!(late.status, 401, "{}", late.text);
    drop(fresh);
    let anew = world.gmail.grant(ANA, crate::mailboxes::EVERYTHING).unwrap().access_token;
    let late = world.call_as(&anew, "GET", &format!("messages/{id}/attachments/{second}"), json!(null));
    assert_eq!(reason(&late), (400, "invalidArgument", "INVALID_ARGUMENT"));
    assert_eq!(late.body["error"]["message"], "Invalid attachment token");
}

#[test]
fn lists_go_on_by_tokens_of_digits() {
    let world = Mailboxes::new();
    for number in 0..7 {
        world.pass(1_000_000);
        put_in(
            &world,
            &format!("From: a@customer.example\nSubject: {number}\nMessage-ID: <{number}@x>\n\nx"),
            json!({ "labelIds": ["INBOX"] }),
        );
    }
    let mut path = "messages?maxResults=3".to_owned();
    let (mut seen, mut tokens) = (Vec::new(), Vec::new());
    loop {
        let page = world.get(&path);
        seen.extend(page["messages"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(token) = page["nextPageToken"].as_str() else { break };
        assert!(token.bytes().all(|byte| byte.is_ascii_digit()));
        tokens.push(token.to_owned());
        path = format!("messages?maxResults=3&pageToken={token}");
    }
    assert_eq!((seen.len(), tokens.len()), (7, 2));
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.reverse();
    assert_eq!(seen, sorted, "the newest first");
    let other = world.call("GET", &format!("messages?q=x&pageToken={}", tokens[0]), json!(null));
    assert_eq!(reason(&other), (400, "invalidArgument", "INVALID_ARGUMENT"));
    assert_eq!(world.get("messages?labelIds=TRASH"), json!({ "resultSizeEstimate": 0 }));
    let threads = world.get("threads?maxResults=2");
    assert_eq!(threads["threads"].as_array().unwrap().len(), 2);
    assert_eq!(threads["threads"][0]["id"], seen[0]);
}

#[test]
fn a_search_finds_what_it_says() {
    let world = Mailboxes::new();
    put_in(&world, FULL, json!({ "labelIds": ["INBOX", "UNREAD"] }));
    put_in(
        &world,
        "From: Bruno <bruno@acme.example>\nTo: ana@acme.example\nSubject: Other\nDate: Thu, 9 Oct 2025 08:00:00 +0000\n\nnumbers",
        json!({ "labelIds": ["INBOX", "Label_1"] }),
    );
    put_in(
        &world,
        "From: spam@x.example\nTo: ana@acme.example\nSubject: Win\n\nnumbers",
        json!({ "labelIds": ["SPAM"] }),
    );
    let count = |q: &str| {
        let query = serde_urlencoded::to_string([("q", q)]).unwrap();
        world.get(&format!("messages?{query}"))["messages"].as_array().map_or(0, Vec::len)
    };
    for (query, expected) in [
        ("", 2),
        ("in:inbox", 2),
        ("in:spam", 1),
        ("in:anywhere", 3),
        ("from:guilherme", 1),
        ("from:bruno@acme.example", 1),
        ("to:me", 2),
        ("subject:offer", 1),
        ("-subject:offer", 1),
        ("numbers", 1),
        ("numbers in:anywhere", 2),
        ("is:unread", 1),
        ("is:read", 1),
        ("has:attachment", 1),
        ("filename:pdf", 1),
        ("label:customers-porto", 1),
        ("label:inbox label:unread", 1),
        ("rfc822msgid:full@customer.example", 1),
        ("rfc822msgid:<full@customer.example>", 1),
        ("rfc822msgid:FULL@customer.example", 0),
        ("after:2025/10/08", 1),
        ("before:2025/10/08", 1),
        ("after:1759737600", 2),
        ("after:1759737601", 1),
        ("newer_than:1d", 1),
        ("older_than:1d", 1),
        ("offer OR other", 2),
        ("\"it wasn't\"", 1),
        ("nothing-like-this", 0),
    ] {
        assert_eq!(count(query), expected, "{query}");
    }
}

#[test]
fn a_partial_answer_has_only_what_was_asked_for() {
    let world = Mailboxes::new();
    let id = put_in(&world, FULL, json!({}))["id"].as_str().unwrap().to_owned();
    let partial = world.get(&format!("messages/{id}?fields=id,payload(parts/mimeType)&prettyPrint=false"));
    assert_eq!(
        partial,
        json!({ "id": id, "payload": { "parts": [{ "mimeType": "multipart/alternative" }, { "mimeType": "application/pdf" }] } })
    );
    assert_eq!(world.call("GET", "profile?fields=(", json!(null)).status, 400);
}

#[test]
fn labels_come_and_go_and_exclude_each_other() {
    let world = Mailboxes::new();
    let id = put_in(&world, FULL, json!({ "labelIds": ["INBOX"] }))["id"].as_str().unwrap().to_owned();
    let modified = world.post(&format!("messages/{id}/modify"), json!({ "addLabelIds": ["STARRED"] }));
    assert_eq!(labels(&modified), ["INBOX", "STARRED"]);
    assert!(modified["snippet"].is_string() && modified["payload"].is_null());
    let trashed = world.post(&format!("messages/{id}/trash"), json!(null));
    assert_eq!(trashed, json!({ "id": id, "threadId": id, "labelIds": ["STARRED", "TRASH"] }));
    let back = world.post(&format!("messages/{id}/untrash"), json!(null));
    assert_eq!(labels(&back), ["STARRED"], "it is not in the inbox again");
    for (body, words) in [
        (json!({ "addLabelIds": ["SENT"] }), "Invalid label: SENT"),
        (json!({ "addLabelIds": ["Label_99"] }), "Invalid label: Label_99"),
        (json!({}), "No label add or removes specified"),
    ] {
        let refused = world.call("POST", &format!("messages/{id}/modify"), body);
        assert_eq!((refused.status, &refused.body["error"]["message"]), (400, &json!(words)));
    }
    let label = world.post("labels", json!({ "name": "Leads" }));
    assert_eq!(world.call("POST", "labels", json!({ "name": "leads" })).status, 409);
    let label = label["id"].as_str().unwrap();
    world.post("messages/batchModify", json!({ "ids": [id, "19aa00000000beef"], "addLabelIds": [label] }));
    let counted = world.get(&format!("labels/{label}"));
    assert_eq!((&counted["messagesTotal"], &counted["type"]), (&json!(1), &json!("user")));
    assert_eq!(world.call("PATCH", &format!("labels/{label}"), json!({ "name": "Won" })).body["name"], "Won");
    assert_eq!(world.call("DELETE", &format!("labels/{label}"), json!(null)).status, 204);
    assert_eq!(labels(&world.get(&format!("messages/{id}"))), ["STARRED"]);
    assert_eq!(world.get("labels")["labels"].as_array().unwrap().len(), 15);
}

#[test]
fn a_draft_keeps_its_id_and_its_message_does_not() {
    let world = Mailboxes::new();
    let start = world.history_id();
    let draft =
        world.post("drafts", json!({ "message": { "raw": encoded("To: bruno@acme.example\nSubject: D\n\none") } }));
    let (id, first) = (draft["id"].as_str().unwrap(), draft["message"]["id"].as_str().unwrap());
    assert!(id.trim_start_matches("r-").trim_start_matches('r').bytes().all(|byte| byte.is_ascii_digit()));
    world.pass(1_000_000);
    let put = world.call(
        "PUT",
        &format!("drafts/{id}"),
        json!({ "message": { "raw": encoded("To: bruno@acme.example\nSubject: D\n\ntwo") } }),
    );
    assert_eq!((&put.body["id"], labels(&put.body["message"])), (&json!(id), vec!["DRAFT"]));
    assert_ne!(put.body["message"]["id"], first);
    assert_eq!(put.body["message"]["threadId"], draft["message"]["threadId"]);
    assert_eq!(world.get("drafts")["drafts"].as_array().unwrap().len(), 1);
    world.pass(1_000_000);
    let sent = world.post("drafts/send", json!({ "id": id }));
    assert_eq!(labels(&sent), ["SENT"]);
    assert_eq!(sent["threadId"], draft["message"]["threadId"]);
    assert_ne!(sent["id"], put.body["message"]["id"]);
    assert_eq!(world.call("GET", &format!("drafts/{id}"), json!(null)).status, 404);
    assert_eq!(world.gmail.mailbox(BRUNO).unwrap().messages[0].text, "two");
    let kinds: Vec<String> = world
        .history_since(&start)
        .iter()
        .map(|record| {
            let fields = record.as_object().unwrap().keys();
            fields.filter(|key| key.ends_with("ed")).cloned().collect::<Vec<_>>().join("+")
        })
        .collect();
    assert_eq!(kinds, ["messagesAdded", "messagesAdded", "messagesDeleted", "messagesDeleted", "messagesAdded"]);
}

#[test]
fn a_thread_keeps_its_id_without_its_first_message() {
    let world = Mailboxes::new();
    let first = world.mail("To: bruno@acme.example\nSubject: Plan\n\nfirst");
    let message_id = world.header(first["id"].as_str().unwrap(), "Message-ID").unwrap();
    world.pass(1_000_000);
    let second = world.mail(&format!("To: bruno@acme.example\nSubject: Re: Plan\nReferences: {message_id}\n\nsecond"));
    assert_eq!(world.call("DELETE", &format!("messages/{}", first["id"].as_str().unwrap()), json!(null)).status, 204);
    let thread = world.get(&format!("threads/{}?format=minimal", first["threadId"].as_str().unwrap()));
    assert_eq!(thread["messages"].as_array().unwrap().len(), 1);
    assert_eq!((&thread["messages"][0]["id"], &thread["id"]), (&second["id"], &first["id"]));
    let theirs = world.call_as(&world.bruno, "GET", "threads", json!(null)).body;
    let theirs = theirs["threads"][0]["id"].as_str().unwrap().to_owned();
    world.call_as(&world.bruno, "POST", &format!("threads/{theirs}/modify"), json!({ "removeLabelIds": ["UNREAD"] }));
    assert!(world.gmail.mailbox(BRUNO).unwrap().messages.iter().all(|message| !message.labels.contains("UNREAD")));
    assert_eq!(world.call_as(&world.bruno, "DELETE", &format!("threads/{theirs}"), json!(null)).status, 204);
    assert_eq!(world.call_as(&world.bruno, "GET", &format!("threads/{theirs}"), json!(null)).status, 404);
}

#[test]
fn what_is_wrong_is_said_as_google_says_it() {
    let world = Mailboxes::new();
    let refused = |verb: &str, path: &str, body: Value| world.call(verb, path, body);
    assert_eq!(reason(&refused("GET", "messages/19aa00000000beef", json!(null))), (404, "notFound", "NOT_FOUND"));
    assert_eq!(refused("GET", "messages/not-hex", json!(null)).body["error"]["message"], "Invalid id value");
    assert_eq!(
        reason(&refused("GET", "messages?maxResult=3", json!(null))),
        (400, "invalidArgument", "INVALID_ARGUMENT")
    );
    assert_eq!(
        reason(&refused("POST", "messages/send", json!({ "Raw": "x" }))),
        (400, "invalidArgument", "INVALID_ARGUMENT")
    );
    for (raw, words) in
        [("Subject: nobody\n\nx", "Recipient address required"), ("To: somebody\n\nx", "Invalid To header")]
    {
        assert_eq!(refused("POST", "messages/send", json!({ "raw": encoded(raw) })).body["error"]["message"], words);
    }
    assert_eq!(refused("GET", "nothing/here", json!(null)).status, 404);
    let nobody = world.call_as("ya29.wrong", "GET", "profile", json!(null));
    assert_eq!(reason(&nobody), (401, "authError", "UNAUTHENTICATED"));
    let request = Request::get(format!("/gmail/v1/users/{BRUNO}/profile"))
        .header("authorization", format!("Bearer {}", world.ana));
    assert_eq!(reason(&world.send(request.body(Body::empty()).unwrap())).0, 403);
    let little = world.gmail.grant(ANA, "https://www.googleapis.com/auth/gmail.metadata").unwrap().access_token;
    let id = put_in(&world, FULL, json!({}))["id"].as_str().unwrap().to_owned();
    assert_eq!(world.call_as(&little, "GET", &format!("messages/{id}"), json!(null)).status, 403);
    assert_eq!(world.call_as(&little, "GET", &format!("messages/{id}?format=metadata"), json!(null)).status, 200);
    assert_eq!(world.call_as(&little, "GET", "messages?q=x", json!(null)).status, 403);
    let send = world.call_as(&little, "POST", "messages/send", json!({ "raw": encoded("To: a@b.example\n\nx") }));
    assert_eq!(reason(&send), (403, "insufficientPermissions", "PERMISSION_DENIED"));
    assert_eq!(send.body["error"]["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(
        world
            .call_as(
                &world.gmail.grant(ANA, crate::mailboxes::MODIFY).unwrap().access_token,
                "DELETE",
                &format!("messages/{id}"),
                json!(null)
            )
            .status,
        403
    );
}

#[test]
fn a_quota_is_counted_by_person_and_minute() {
    for (quota, cost, most) in [(Quota::New, 20, 6_000), (Quota::Old, 5, 15_000)] {
        let world = Mailboxes::with(Config { quota, ..empty() });
        let id = world.mail("To: bruno@acme.example\nSubject: x\n\nx")["id"].as_str().unwrap().to_owned();
        world.pass(60_000_000);
        for _ in 0..most / cost {
            world.get(&format!("messages/{id}?fields=id"));
        }
        assert_eq!(world.gmail.units_used(ANA), most);
        world.pass(1_500_000);
        let refused = world.call("GET", &format!("messages/{id}"), json!(null));
        assert_eq!(reason(&refused), (403, "rateLimitExceeded", "PERMISSION_DENIED"));
        let words = refused.body["error"]["message"].as_str().unwrap();
        assert_eq!(words, "User-rate limit exceeded.  Retry after 2025-10-09T08:55:20.000Z");
        assert!(refused.headers.get("retry-after").is_none());
        assert_eq!(world.call_as(&world.bruno, "GET", "profile", json!(null)).status, 200, "others have their own");
        let again = world.call("GET", "profile", json!(null));
        assert_eq!(again.body["error"]["message"], "User-rate limit exceeded.  Retry after 2025-10-09T08:55:21.000Z");
        world.pass(60_000_000);
        assert_eq!(world.call("GET", "profile", json!(null)).status, 200);
    }
}

#[test]
fn a_batch_answers_each_call_for_itself_in_any_order() {
    let world = Mailboxes::new();
    let id = put_in(&world, FULL, json!({}))["id"].as_str().unwrap().to_owned();
    let mut body = String::new();
    for number in 0..12 {
        let id = if number % 4 == 3 { "19aa00000000beef" } else { &id };
        body.push_str(&format!("--b\r\nContent-Type: application/http\r\nContent-ID: <n{number}>\r\n\r\nGET /gmail/v1/users/me/messages/{id}?format=minimal HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"));
    }
    body.push_str("--b--\r\n");
    let request = Request::post("/batch/gmail/v1").header("authorization", format!("Bearer {}", world.ana));
    let answer =
        world.send(request.header("content-type", "multipart/mixed; boundary=\"b\"").body(Body::from(body)).unwrap());
    assert_eq!(answer.status, 200);
    let kind = answer.headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap();
    let parts: Vec<&str> =
        answer.text.split(&format!("--{boundary}")).filter(|part| part.contains("HTTP/1.1")).collect();
    let order: Vec<usize> = parts
        .iter()
        .map(|part| part.split("<response-n").nth(1).unwrap().split('>').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(parts.len(), 12);
    assert_ne!(order, (0..12).collect::<Vec<_>>());
    for (part, number) in parts.iter().zip(&order) {
        let expected = if number % 4 == 3 { "HTTP/1.1 404 Not Found" } else { "HTTP/1.1 200 OK" };
        assert!(part.contains(expected), "{part}");
    }
    assert_eq!(world.gmail.calls()["messages.get"], 9);
}

#[test]
fn a_large_mail_is_uploaded_simply_beside_its_json_or_in_pieces() {
    let world = Mailboxes::new();
    let first = world.mail("To: bruno@acme.example\nSubject: Big\n\nfirst");
    let upload = |path: &str, kind: &str, body: &str| {
        let request =
            Request::post(path).header("authorization", format!("Bearer {}", world.ana)).header("content-type", kind);
        world.send(request.body(Body::from(body.to_owned())).unwrap())
    };
    let mail = "To: bruno@acme.example\r\nSubject: Re: Big\r\n\r\nhello";
    let simple = upload("/upload/gmail/v1/users/me/messages/send?uploadType=media", "message/rfc822", mail);
    assert_eq!(labels(&simple.body), ["SENT"], "{}", simple.text);
    let both = format!(
        "--x\r\nContent-Type: application/json\r\n\r\n{}\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n{mail}\r\n--x--",
        json!({ "threadId": first["threadId"] })
    );
    let multipart =
        upload("/upload/gmail/v1/users/me/messages/send?uploadType=multipart", "multipart/related; boundary=x", &both);
    assert_eq!(multipart.body["threadId"], first["threadId"], "{}", multipart.text);
    let begun =
        upload("/resumable/upload/gmail/v1/users/me/messages/send?uploadType=resumable", "application/json", "{}");
    let place =
        begun.headers["location"].to_str().unwrap().strip_prefix("https://gmail.googleapis.com").unwrap().to_owned();
    let piece = |range: &str, bytes: &str| {
        let request = Request::put(&place).header("content-range", range);
        world.send(request.body(Body::from(bytes.to_owned())).unwrap())
    };
    let (head, tail) = mail.split_at(20);
    let total = mail.len();
    let more = piece(&format!("bytes 0-19/{total}"), head);
    assert_eq!((more.status, more.headers["range"].to_str().unwrap()), (308, "bytes=0-19"));
    assert_eq!(piece(&format!("bytes */{total}"), "").status, 308);
    let done = piece(&format!("bytes 20-{}/{total}", total - 1), tail);
    assert_eq!(labels(&done.body), ["SENT"], "{}", done.text);
    assert_eq!(world.gmail.mailbox(BRUNO).unwrap().messages.len(), 4);
    assert_eq!(upload("/upload/gmail/v1/users/me/messages/send?uploadType=media", "text/plain", mail).status, 400);
}

#[test]
fn a_seed_makes_the_same_world_of_people_who_wrote_to_each_other() {
    let config = || Config {
        world: WorldSize { people: 6, threads_per_person: 10, messages_per_thread: 8, days: 90 },
        ..Config::default()
    };
    let (one, other) = (Mailboxes::with(config()), Mailboxes::with(config()));
    assert_eq!(one.gmail.snapshot(), other.gmail.snapshot());
    let own = one.gmail.mailbox(ANA).unwrap();
    assert!(own.messages.len() > 50, "{}", own.messages.len());
    let threads: std::collections::BTreeSet<&str> =
        own.messages.iter().map(|message| message.thread.as_str()).collect();
    assert!(threads.len() > 8 && threads.len() < own.messages.len());
    assert!(own.messages.iter().any(|message| !message.files.is_empty()));
    assert!(own.messages.iter().all(|message| !message.text.is_empty() && message.from.is_some()));
    assert_eq!(one.get("profile")["messagesTotal"], own.messages.len());
}

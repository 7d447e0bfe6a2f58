//! What becomes of a mail: sent, threaded, delivered, sent back.

use serde_json::json;

use crate::mailboxes::{ANA, BRUNO, Mailboxes, empty, labels};
use sandbox::gmail::Config;

#[test]
fn a_mail_that_is_sent_gets_another_id_and_date_and_keeps_its_own_headers() {
    let world = Mailboxes::new();
    let sent = world.mail(
        "From: Ana <ana@acme.example>\nTo: Bruno <bruno@acme.example>\nBcc: guilherme@customer.example\n\
         Subject: =?UTF-8?B?T2zDoQ==?=\nMessage-ID: <mine@app.example>\nDate: Mon, 1 Jan 2001 00:00:00 +0000\n\
         X-Bothways-Ref: 4711\nX-Mailer: Bothways\n\nHello",
    );
    let id = sent["id"].as_str().unwrap();
    assert_eq!(sent, json!({ "id": id, "threadId": id, "labelIds": ["SENT"] }));
    let message_id = world.header(id, "message-id").unwrap();
    assert!(message_id.starts_with("<CA") && message_id.ends_with("@mail.gmail.com>"), "{message_id}");
    let metadata = world.get(&format!("messages/{id}?format=metadata&metadataHeaders=Message-ID&metadataHeaders=Date"));
    assert_eq!(metadata["payload"]["headers"].as_array().unwrap().len(), 2, "nothing is left of those that came");
    assert_eq!(world.header(id, "Date").unwrap(), "Thu, 9 Oct 2025 08:53:20 +0000");
    assert_eq!(world.header(id, "Subject").unwrap(), "Olá");
    assert_eq!(world.header(id, "Bcc").unwrap(), "guilherme@customer.example");
    assert!(world.header(id, "Received").unwrap().contains("with HTTPREST"));
    let theirs = world.gmail.mailbox(BRUNO).unwrap();
    let [copy] = &theirs.messages[..] else { panic!("{:?}", theirs.messages) };
    assert_ne!(copy.id, id, "the same mail has another id in another mailbox");
    assert_eq!(copy.message_id.as_deref(), Some(message_id.trim_matches(['<', '>'])));
    assert_eq!((copy.bcc.len(), copy.from_name.as_deref()), (0, Some("Ana")));
    assert_eq!((copy.extra["x-bothways-ref"].as_str(), copy.extra["x-mailer"].as_str()), ("4711", "Bothways"));
    assert!(copy.labels.contains("INBOX") && copy.labels.contains("UNREAD"));
    let journal = world.gmail.sent();
    assert_eq!(journal.len(), 1);
    assert_eq!((journal[0].by.as_str(), journal[0].by_api), (ANA, true));
    assert_eq!(
        (&journal[0].recipients[..], &journal[0].bcc[..]),
        (&[BRUNO.to_owned()][..], &["guilherme@customer.example".to_owned()][..])
    );
}

#[test]
fn only_own_addresses_stand_in_from() {
    let world = Mailboxes::new();
    let from = |from: &str| {
        let sent = world.mail(&format!("From: {from}\nTo: bruno@acme.example\nSubject: {from}\n\nx"));
        world.header(sent["id"].as_str().unwrap(), "From").unwrap()
    };
    assert_eq!(from("Somebody <somebody@else.example>"), "Ana Silva <ana@acme.example>");
    assert_eq!(from("Sales <SALES@acme.example>"), "Sales <SALES@acme.example>");
    assert_eq!(from("ana@private.example"), "Ana Silva <ana@acme.example>", "an address that is not accepted yet");
    let bare = world.mail("To: bruno@acme.example\nSubject: none\n\nx");
    assert_eq!(world.header(bare["id"].as_str().unwrap(), "From").unwrap(), "Ana Silva <ana@acme.example>");
}

#[test]
fn raw_bytes_in_headers_come_out_garbled() {
    let world = Mailboxes::new();
    let sent = world.mail("To: bruno@acme.example\nSubject: Olá\n\nx");
    assert_eq!(world.header(sent["id"].as_str().unwrap(), "Subject").unwrap(), "OlÃ¡");
}

#[test]
fn a_mail_to_oneself_is_one_message() {
    let world = Mailboxes::new();
    let sent = world.mail("To: ana+notes@acme.example, Ana <sales@acme.example>\nSubject: note\n\nx");
    assert_eq!(labels(&sent), ["UNREAD", "SENT", "INBOX"]);
    assert_eq!(world.gmail.mailbox(ANA).unwrap().messages.len(), 1);
}

#[test]
fn an_answer_joins_its_thread_on_both_sides_and_a_new_subject_leaves_it() {
    let world = Mailboxes::new();
    let sent = world.mail("To: bruno@acme.example\nSubject: Plan\n\nfirst");
    let theirs = world.gmail.mailbox(BRUNO).unwrap().messages[0].clone();
    world.pass(60_000_000);
    world.gmail.act_reply_all(BRUNO, &theirs.id, "second").unwrap();
    let mine = world.gmail.mailbox(ANA).unwrap();
    assert_eq!(mine.messages.len(), 2);
    assert_eq!(mine.messages[1].thread, sent["threadId"].as_str().unwrap());
    assert_eq!(mine.messages[1].subject, "Re: Plan");
    let parent = mine.messages[1].message_id.clone().unwrap();
    // Refers to what is known, but is about something else.
    world.pass(60_000_000);
    let other = world.mail(&format!(
        "To: bruno@acme.example\nSubject: Another plan\nIn-Reply-To: <{parent}>\nReferences: <{parent}>\n\nx"
    ));
    assert_eq!(other["id"], other["threadId"]);
    // Refers to nothing that is known here.
    let lost = world.mail("To: bruno@acme.example\nSubject: Re: Plan\nReferences: <nobody@knows.example>\n\nx");
    assert_eq!(lost["id"], lost["threadId"]);
}

#[test]
fn only_with_a_thread_id_the_other_side_sees_another_thread() {
    let world = Mailboxes::new();
    let first = world.mail("To: bruno@acme.example\nSubject: Plan\nX-A: 1\n\nfirst");
    world.pass(8 * 86_400_000_000);
    let raw = crate::mailboxes::encoded("To: bruno@acme.example\nSubject: Re: Plan\n\nsecond");
    let token = world.gmail.grant(ANA, crate::mailboxes::EVERYTHING).unwrap().access_token;
    let send = |thread: &serde_json::Value| {
        world.call_as(&token, "POST", "messages/send", json!({ "raw": raw, "threadId": thread }))
    };
    assert_eq!(send(&first["threadId"]).body["threadId"], first["threadId"]);
    let theirs = world.gmail.mailbox(BRUNO).unwrap();
    assert_ne!(theirs.messages[0].thread, theirs.messages[1].thread);
    let unknown = send(&json!("19aa00000000beef"));
    assert_eq!((unknown.status, &unknown.body["error"]["errors"][0]["reason"]), (404, &json!("notFound")));
}

#[test]
fn a_thread_goes_on_in_another_one_when_it_is_long() {
    let world = Mailboxes::with(Config { thread_most: 3, ..empty() });
    let mut parent = String::new();
    let mut threads = Vec::new();
    for number in 0..5 {
        world.pass(1_000_000);
        let references = if parent.is_empty() { String::new() } else { format!("References: {parent}\n") };
        let sent = world.mail(&format!("To: bruno@acme.example\nSubject: Long\n{references}\n{number}"));
        parent = world.header(sent["id"].as_str().unwrap(), "Message-ID").unwrap();
        threads.push(sent["threadId"].as_str().unwrap().to_owned());
    }
    assert!(threads[0] == threads[2] && threads[3] == threads[4] && threads[0] != threads[3], "{threads:?}");
}

#[test]
fn a_mail_that_nobody_is_there_for_comes_back_into_its_thread() {
    let world = Mailboxes::new();
    let sent = world.mail("To: nobody@acme.example, x@nowhere.invalid, y@customer.example\nSubject: Hello\n\nx");
    assert_eq!(world.gmail.mailbox(ANA).unwrap().messages.len(), 1, "only later");
    world.pass(2_000_000);
    let thread = world.get(&format!("threads/{}?format=full", sent["threadId"].as_str().unwrap()));
    let messages = thread["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    let bounce = &messages[1]["payload"];
    assert_eq!(bounce["mimeType"], "multipart/report");
    let header = |name: &str| {
        bounce["headers"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!(header("X-Failed-Recipients"), "nobody@acme.example");
    assert_eq!(header("From"), "Mail Delivery Subsystem <mailer-daemon@googlemail.com>");
    assert_eq!(header("In-Reply-To"), json!(world.header(sent["id"].as_str().unwrap(), "Message-ID")));
    let parts: Vec<&str> =
        bounce["parts"].as_array().unwrap().iter().map(|part| part["mimeType"].as_str().unwrap()).collect();
    assert_eq!(parts, ["text/plain", "message/delivery-status", "message/rfc822"]);
}

#[test]
fn too_many_mails_in_a_day_are_told_late() {
    let world = Mailboxes::with(Config { sends_a_day: 2, ..empty() });
    for number in 0..3 {
        world.mail(&format!("To: bruno@acme.example\nSubject: {number}\n\nx"));
    }
    world.pass(2_000_000);
    world.history_id();
    assert_eq!(world.gmail.mailbox(BRUNO).unwrap().messages.len(), 2);
    let own = world.gmail.mailbox(ANA).unwrap();
    assert!(own.messages.iter().any(|message| message.text.contains("You have reached a limit for sending mail")));
}

#[test]
fn bytes_from_outside_stay_as_they_are() {
    let world = Mailboxes::new();
    let raw =
        b"From: =?broken?= <x@customer.example>\nTo: ana@acme.example\nMessage-ID: <odd one>\nX-Odd:\t\xff\n\nx\xff\n";
    assert_eq!(world.gmail.act_raw("x@customer.example", raw).unwrap()["arrived"], 1);
    let own = world.gmail.mailbox(ANA).unwrap();
    let kept = world.gmail.raw(ANA, &own.messages[0].id).unwrap();
    assert!(kept.ends_with(raw) && kept.starts_with(b"Delivered-To: ana@acme.example\r\n"));
    assert_eq!(world.get(&format!("messages/{}", own.messages[0].id))["payload"]["mimeType"], "text/plain");
}

#[test]
fn mail_from_outside_arrives_as_it_is() {
    let world = Mailboxes::new();
    let writing = json!({ "do": "send", "to": "Ana <ana@acme.example>", "cc": "bruno@acme.example", "subject": "Größe", "text": "Olá",
        "files": [{ "name": "plan ü.pdf", "kind": "application/pdf", "content": "SGFsbG8=" }] });
    let made = world.act("\"Dias, Guilherme\" <guilherme@customer.example>", writing);
    assert_eq!(made["arrived"], 2);
    let own = world.gmail.mailbox(ANA).unwrap();
    let message = &own.messages[0];
    assert_eq!(message.from_name.as_deref(), Some("Dias, Guilherme"));
    assert_eq!(
        message.message_id.as_deref().map(|id| format!("<{id}>")),
        made["message_id"].as_str().map(str::to_owned)
    );
    assert_eq!((message.subject.as_str(), message.text.as_str()), ("Größe", "Olá"));
    assert_eq!((message.files[0].name.as_str(), message.files[0].size), ("plan ü.pdf", 5));
}

#[test]
fn a_mail_is_on_its_way_for_as_long_as_it_takes() {
    let world = Mailboxes::with(Config { arrives_after: std::time::Duration::from_secs(5), ..empty() });
    world.mail("To: bruno@acme.example\nSubject: Slow\n\nx");
    assert!(world.gmail.mailbox(BRUNO).unwrap().messages.is_empty());
    world.pass(5_000_000);
    world.history_id();
    assert_eq!(world.gmail.mailbox(BRUNO).unwrap().messages.len(), 1);
}

#[test]
fn an_answer_may_quote_what_it_answers() {
    let world = Mailboxes::new();
    world.act(
        "Guilherme <guilherme@customer.example>",
        json!({ "do": "send", "to": ANA, "subject": "Plan", "text": "Is it <done>?" }),
    );
    let own = world.gmail.mailbox(ANA).unwrap();
    world.act(ANA, json!({ "do": "reply", "message": own.messages[0].id, "quote": true, "text": "Yes." }));
    let own = world.gmail.mailbox(ANA).unwrap();
    let line = "On Thu, 9 Oct 2025 08:53:20, Guilherme <guilherme@customer.example> wrote:";
    assert_eq!(own.messages[1].text, format!("Yes.\n\n{line}\n\n> Is it <done>?"));
    let html = own.messages[1].html.as_deref().unwrap();
    assert!(html.contains("class=\"gmail_quote\"") && html.contains("Is it &lt;done&gt;?"), "{html}");
}

#[test]
fn a_reaction_is_a_mail_with_a_part_of_its_own() {
    let world = Mailboxes::new();
    let sent = world.mail("To: bruno@acme.example\nSubject: Plan\n\nfirst");
    let theirs = world.gmail.mailbox(BRUNO).unwrap().messages[0].id.clone();
    world.act(BRUNO, json!({ "do": "react", "message": theirs, "emoji": "👍" }));
    let thread = world.get(&format!("threads/{}", sent["threadId"].as_str().unwrap()));
    let parts = thread["messages"][1]["payload"]["parts"].as_array().unwrap().clone();
    let kinds: Vec<&str> = parts.iter().map(|part| part["mimeType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text/plain", "text/vnd.google.email-reaction+json", "text/html"]);
    let own = world.gmail.mailbox(ANA).unwrap();
    assert_eq!(own.messages[1].references.last(), own.messages[0].message_id.as_ref());
}

#[test]
fn a_draft_may_be_sent_in_its_place() {
    let world = Mailboxes::new();
    let draft = world.act(ANA, json!({ "do": "draft", "to": BRUNO, "subject": "Draft", "text": "one" }));
    let id = world.gmail.mailbox(ANA).unwrap().messages[0].id.clone();
    let start = world.history_id();
    world.act(ANA, json!({ "do": "send_draft", "draft": draft["draft"], "in_place": true }));
    let own = world.gmail.mailbox(ANA).unwrap();
    assert_eq!((own.messages.len(), own.messages[0].id.as_str()), (1, id.as_str()));
    let records = world.history_since(&start);
    assert_eq!(records[0]["labelsAdded"][0]["labelIds"], json!(["SENT"]));
    assert_eq!(records[1]["labelsRemoved"][0]["labelIds"], json!(["DRAFT"]));
    assert_eq!(world.gmail.mailbox(BRUNO).unwrap().messages[0].message_id, own.messages[0].message_id);
    assert_eq!(world.get("drafts"), json!({ "resultSizeEstimate": 0 }));
}

#[test]
fn the_trash_is_emptied_after_a_month() {
    let world = Mailboxes::new();
    let sent = world.mail("To: bruno@acme.example\nSubject: Away\n\nx");
    let id = sent["id"].as_str().unwrap();
    world.post(&format!("messages/{id}/trash"), json!(null));
    world.pass(30 * 86_400_000_000);
    world.gmail.take_due();
    assert_eq!(world.gmail.mailbox(ANA).unwrap().messages.len(), 1);
    world.pass(3_600_000_000);
    world.gmail.take_due();
    assert_eq!(world.gmail.mailbox(ANA).unwrap().messages.len(), 0);
}

#[test]
fn people_answer_what_the_app_writes() {
    let world = Mailboxes::with(Config { people: true, ..empty() });
    world.gmail.revoke(BRUNO);
    let sent = world.mail("To: bruno@acme.example\nSubject: Question\n\nAre you there?");
    world.pass(4_000_000);
    world.gmail.take_due();
    let own = world.gmail.mailbox(ANA).unwrap();
    let thread = own.thread(sent["threadId"].as_str().unwrap());
    assert_eq!((thread.len(), thread[1].from.as_deref()), (2, Some(BRUNO)));
    world.pass(120_000_000);
    world.gmail.take_due();
    assert!(world.gmail.sent().len() > 2, "and they write by themselves");
}

#[test]
fn a_thread_may_be_as_long_as_it_wants_to_be() {
    let world = Mailboxes::with(Config { thread_most: 5_000, ..empty() });
    let first = world.mail("To: bruno@acme.example\nSubject: Long\n\n0");
    let thread = first["threadId"].as_str().unwrap();
    for number in 1..1_500 {
        let raw = crate::mailboxes::encoded(&format!("To: bruno@acme.example\nSubject: Re: Long\n\n{number}"));
        world.post("messages/import", json!({ "raw": raw, "threadId": thread }));
    }
    let read = world.get(&format!("threads/{thread}?format=minimal&fields=messages/id"));
    assert_eq!(read["messages"].as_array().unwrap().len(), 1_500);
}

#[test]
fn a_journal_brings_the_same_world_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config { journal: Some(folder.path().to_owned()), ..empty() };
    let world = Mailboxes::with(config());
    let sent = world.mail("To: bruno@acme.example\nSubject: Kept\n\nx");
    world.post("watch", json!({ "topicName": crate::mailboxes::TOPIC }));
    world.post(&format!("messages/{}/trash", sent["id"].as_str().unwrap()), json!(null));
    let (snapshot, token) = (world.gmail.snapshot(), world.ana.clone());
    drop(world);
    let gmail = sandbox::gmail::Gmail::new(config(), std::sync::Arc::new(sandbox::clock::SystemClock));
    assert_eq!(gmail.snapshot(), snapshot);
    assert_eq!((gmail.pending_pushes(), gmail.sent().len()), (2, 1));
    // The token is known, and has ended since.
    gmail.expire_tokens(None);
    let body = axum::body::Body::empty();
    let request =
        axum::http::Request::get("/gmail/v1/users/me/profile").header("authorization", format!("Bearer {token}"));
    let answer = crate::world::run(tower::ServiceExt::oneshot(gmail.router(), request.body(body).unwrap())).unwrap();
    assert_eq!(answer.status(), 401);
}

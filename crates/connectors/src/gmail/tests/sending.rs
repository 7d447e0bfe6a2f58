//! Mails on their way out.

use super::{ANA, BRUNO, Call, Wire, World, answer, emulated, error, mixed, quiet, run};
use crate::{gmail::Gmail, mail};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use model::{
    body::Body,
    command::Action,
    connector::{Connector, ConnectorError, Outcome, Step},
    http::HttpError,
    id::ExternalId,
    letter::{Correspondent, Envelope, Manner},
    update::{RemoteMessage, Update},
    upload::SentFile,
};
use sandbox::gmail::{Act, Deed, Gmail as Emulated};
use serde_json::{Value, json};
use std::time::Duration;

pub const MARK: &str = "m.1.abc";

pub fn action(text: &str, files: &[SentFile], envelope: Envelope) -> Action {
    let envelope = Some(Box::new(envelope));
    Action::Send { body: Body::plain(text), thread_root: None, broadcast: false, files: files.to_vec(), envelope }
}

pub fn people(addresses: &[&str]) -> Vec<Correspondent> {
    addresses.iter().map(|address| Correspondent { id: ExternalId::from(*address), name: None }).collect()
}

pub fn step(wire: &Wire, world: &World, chat: &str, action: &Action, left: &Value) -> Result<Outcome, ConnectorError> {
    let chat = ExternalId::from(chat);
    run(Gmail.perform(&world.access(wire), &Step { action, chat: &chat, message: None, mark: MARK, progress: left }))
}

/// Takes all steps.
pub fn send(wire: &Wire, world: &World, chat: &str, action: &Action) -> Result<Vec<Update>, ConnectorError> {
    let mut left = Value::Null;
    for _ in 0..3 {
        match step(wire, world, chat, action, &left)? {
            Outcome::Done(updates) => return Ok(updates),
            Outcome::Next { left: next, .. } => left = next,
        }
    }
    panic!("it never ends")
}

pub fn message(updates: &[Update]) -> &RemoteMessage {
    let mut found = updates.iter().filter_map(|update| match update {
        Update::Message(message) => Some(message),
        _ => None,
    });
    found.next().unwrap_or_else(|| panic!("{updates:?}"))
}

/// A thread that Bruno has begun with Ana. Gives its id.
pub fn begun(gmail: &Emulated) -> String {
    gmail.act_send(BRUNO, ANA, "The roof", "It leaks.").unwrap();
    gmail.mailbox(ANA).unwrap().messages.last().unwrap().thread.clone()
}

fn code(sent: Result<Vec<Update>, ConnectorError>) -> String {
    match sent {
        Err(ConnectorError::Refused(problem)) => problem.code,
        other => panic!("refused, not {other:?}"),
    }
}

/// Bytes of which no two stretches are alike.
pub fn noise(length: usize) -> Vec<u8> {
    (0..length as u64).map(|place| (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

#[test]
fn an_answer_with_files_arrives_whole_in_its_thread_by_one_call() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let mut world = World::at(&gmail);
    let (plan, empty) = (noise(300_001), Vec::new());
    let files = [world.uploads.keep("Plan für's Dach.pdf", &plan), world.uploads.keep("empty.pdf", &empty)];
    let wire = Wire::to(&gmail);
    let told = send(&wire, &world, &thread, &action("See the plan.", &files, Envelope::default())).unwrap();
    let sent: Vec<_> = wire.calls().into_iter().filter(|call| call.path.contains("send")).collect();
    assert_eq!((sent.len(), sent[0].units, sent[0].path.as_str()), (1, 100, "messages/send?uploadType=multipart"));
    let shown = message(&told);
    assert_eq!((shown.chat.as_str(), shown.mark.as_deref()), (thread.as_str(), Some(MARK)));
    assert_eq!(
        shown.content.attachments.iter().map(|file| file.size_bytes).collect::<Vec<_>>(),
        [Some(300_001), Some(0)]
    );
    let there = gmail.mailbox(BRUNO).unwrap();
    let came = there.messages.last().unwrap();
    assert_eq!((came.subject.as_str(), came.text.as_str(), there.messages.len()), ("Re: The roof", "See the plan.", 2));
    assert_eq!(came.thread, there.messages[0].thread, "in the thread that it answers");
    let raw = gmail.raw(BRUNO, &came.id).unwrap();
    let read = mail::read(&raw, &mail::Wanted::default());
    let bytes = |place: usize| mail::part(&raw, &read.attachments[place].path).unwrap().bytes;
    assert_eq!(read.attachments[0].name, "Plan für's Dach.pdf");
    assert!(bytes(0) == plan && bytes(1) == empty, "byte for byte");
}

#[test]
fn a_long_mail_without_files_is_uploaded_and_a_short_one_goes_in_json() {
    for (text, path) in
        [("short".to_owned(), "messages/send"), ("long ".repeat(400_000), "messages/send?uploadType=multipart")]
    {
        let gmail = quiet();
        let thread = begun(&gmail);
        let wire = Wire::to(&gmail);
        send(&wire, &World::at(&gmail), &thread, &action(&text, &[], Envelope::default())).unwrap();
        assert!(wire.calls().iter().any(|call| call.path == path), "{path}");
        assert_eq!(gmail.mailbox(BRUNO).unwrap().messages.last().unwrap().text.trim(), text.trim());
    }
}

#[test]
fn a_mail_is_handed_on_with_its_files() {
    let gmail = quiet();
    gmail.act_raw("carla@elsewhere.example", mixed().replace('\n', "\r\n").as_bytes()).unwrap();
    let original = gmail.mailbox(ANA).unwrap().messages.last().unwrap().clone();
    let forward = |envelope: Envelope| Envelope { manner: Manner::Forward, ..envelope };
    let mut world = World::at(&gmail);
    let more = world.uploads.keep("more.pdf", b"more");
    let wish = action("Look.", &[more], forward(Envelope { to: Some(people(&[BRUNO])), ..Envelope::default() }));
    let told = send(&Wire::to(&gmail), &world, &original.thread, &wish).unwrap();
    assert_eq!(message(&told).chat.as_str(), original.thread);
    let came = gmail.mailbox(BRUNO).unwrap().messages.last().unwrap().clone();
    assert_eq!((came.subject.as_str(), came.from.as_deref()), ("Fwd: All of it", Some(ANA)));
    let (before, after) = (gmail.raw(ANA, &original.id).unwrap(), gmail.raw(BRUNO, &came.id).unwrap());
    let files = |raw: &[u8]| {
        let read = mail::read(raw, &mail::Wanted::default());
        let file = |file: &mail::Attachment| (file.name.clone(), mail::part(raw, &file.path).unwrap().bytes);
        read.attachments.iter().map(file).collect::<Vec<_>>()
    };
    let mut wanted = files(&before);
    wanted.push(("more.pdf".to_owned(), b"more".to_vec()));
    assert!(files(&after) == wanted, "all its files, then what was added");
    assert_eq!(
        code(send(&Wire::to(&gmail), &world, &original.thread, &action("x", &[], forward(Envelope::default())))),
        "gmail.no_recipient"
    );
}

#[test]
fn a_new_thread_gives_its_chat_a_name() {
    let gmail = quiet();
    let envelope = Envelope {
        manner: Manner::New,
        to: Some(people(&[BRUNO])),
        bcc: people(&["carla@x.example"]),
        subject: Some("Zürich".to_owned()),
        ..Envelope::default()
    };
    let told = send(&Wire::to(&gmail), &World::at(&gmail), "new:1", &action("Hello", &[], envelope.clone())).unwrap();
    let mine = gmail.mailbox(ANA).unwrap().messages.last().unwrap().clone();
    let Update::ChatMoved { from, into, .. } = &told[0] else { panic!("{told:?}") };
    assert_eq!((from.as_str(), into.as_str()), ("new:1", mine.thread.as_str()));
    let Update::Chat { chat, facts, .. } = &told[1] else { panic!("{told:?}") };
    assert_eq!((chat.as_str(), facts.name.as_deref()), (mine.thread.as_str(), Some("Zürich")));
    assert_eq!((message(&told).chat.as_str(), message(&told).id.as_str()), (mine.thread.as_str(), mine.id.as_str()));
    assert_eq!(message(&told).content.letter.as_ref().unwrap().bcc[0].id.as_str(), "carla@x.example");
    assert!(gmail.mailbox(BRUNO).unwrap().messages[0].bcc.is_empty());
    let wire = Wire::json(|_| panic!("nobody is asked"));
    assert_eq!(code(send(&wire, &World::new(), "19aa", &action("x", &[], envelope))), "gmail.thread_has_begun");
    assert_eq!(
        code(send(&wire, &World::new(), "new:1", &action("x", &[], Envelope::default()))),
        "gmail.thread_not_begun"
    );
}

#[test]
fn what_is_written_on_it_counts() {
    let gmail = quiet();
    gmail.act_send(BRUNO, &format!("{ANA}, rui@x.example"), "The roof", "It leaks.").unwrap();
    let first = gmail.mailbox(ANA).unwrap().messages.last().unwrap().clone();
    let own = gmail.act_reply_all(ANA, &first.id, "Really?").unwrap().unwrap();
    let world = World::at(&gmail);
    let sent = |envelope: Envelope| {
        let told = send(&Wire::to(&gmail), &world, &first.thread, &action("Yes.", &[], envelope)).unwrap();
        let id = message(&told).id.to_string();
        let mail = gmail.mailbox(ANA).unwrap().message(&id).unwrap().clone();
        let about = mail.references.last().cloned();
        (mail.to, mail.cc, mail.subject, about, mail.thread == first.thread)
    };
    let name_of = |id: &str| gmail.mailbox(ANA).unwrap().message(id).unwrap().message_id.clone();
    let all = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let re = "Re: The roof".to_owned();
    // By itself, to all who have the newest; which is an own one.
    let to_all = (all(&[BRUNO, "rui@x.example"]), all(&[]), re.clone(), name_of(&own), true);
    assert_eq!(sent(Envelope { about: Some(ExternalId::from(own.as_str())), ..Envelope::default() }), to_all);
    let about = Some(ExternalId::from(first.id.as_str()));
    let reply = Envelope { manner: Manner::Reply, about: about.clone(), ..Envelope::default() };
    assert_eq!(sent(reply), (all(&[BRUNO]), all(&[]), re.clone(), name_of(&first.id), true));
    let other = Envelope {
        about,
        to: Some(people(&["rui@x.example"])),
        cc: Some(people(&["eva@x.example"])),
        subject: Some("RE: The roof".to_owned()),
        ..Envelope::default()
    };
    let wanted =
        (all(&["rui@x.example"]), all(&["eva@x.example"]), "RE: The roof".to_owned(), name_of(&first.id), true);
    assert_eq!(sent(other), wanted);
    // Who is written to needs no copy.
    let once = Envelope {
        about: Some(ExternalId::from(first.id.as_str())),
        to: Some(people(&["rui@x.example"])),
        ..Envelope::default()
    };
    assert_eq!(sent(once).1, all(&[]));
}

#[test]
fn an_alias_answers_what_was_written_to_it() {
    let gmail = quiet();
    let alias = |address: &str, accepted: bool| {
        let deed = Deed::AddAlias { address: address.to_owned(), name: "Desk".to_owned(), accepted };
        gmail.act_as(Act { user: ANA.to_owned(), deed }).unwrap();
    };
    alias("desk@acme.example", true);
    alias("other@acme.example", false);
    let mut world = World::at(&gmail);
    let person = [ANA, "desk@acme.example", "other@acme.example"];
    world.connection.person = person.iter().map(|id| ExternalId::from(*id)).collect();
    for (to, from, asked) in [
        ("desk@acme.example", ("desk@acme.example", "Desk"), true),
        (ANA, (ANA, "Ana"), false),
        // Gmail would put in the main address for one that nobody proved.
        ("other@acme.example", (ANA, "Ana"), true),
    ] {
        let raw = format!("From: bruno@x.example\r\nTo: {to}\r\nCc: {ANA}\r\nSubject: {to}\r\n\r\nhi\r\n");
        gmail.act_raw("bruno@x.example", raw.as_bytes()).unwrap();
        let thread = gmail.mailbox(ANA).unwrap().about(to)[0].thread.clone();
        let wire = Wire::to(&gmail);
        let told = send(&wire, &world, &thread, &action("Yes.", &[], Envelope::default())).unwrap();
        let sent = gmail.mailbox(ANA).unwrap().message(message(&told).id.as_str()).unwrap().clone();
        let name = sent.from_name.unwrap_or_default();
        assert_eq!((sent.from.as_deref(), name.starts_with(from.1)), (Some(from.0), true), "{name}");
        assert_eq!(wire.lines().iter().any(|line| line.contains("sendAs")), asked, "one unit, where it is needed");
        assert_eq!(sent.to, ["bruno@x.example"]);
    }
}

/// Gmail, with a thread of one mail that is answered, and an answer to its sending.
fn scripted(sending: impl Fn(&Call) -> Result<model::http::Response, HttpError> + Send + Sync + 'static) -> Wire {
    let raw = "From: Bruno <bruno@x.example>\r\nTo: ana@acme.example\r\nSubject: The roof\r\nMessage-ID: <a@x.example>\r\n\r\nIt leaks.\r\n";
    Wire::new(move |call| {
        let shown = json!({ "id": "19aa", "threadId": "19aa", "historyId": "7", "internalDate": "1767607200000", "labelIds": ["INBOX"] });
        match call.path.split('?').next().unwrap() {
            path if path.ends_with("send") => sending(call),
            "threads/19aa" => Ok(answer(200, &json!({ "id": "19aa", "historyId": "7", "messages": [shown] }))),
            "messages/19aa" => {
                let mut whole = shown;
                whole["raw"] = json!(URL_SAFE.encode(raw));
                Ok(answer(200, &whole))
            }
            other => panic!("{other}"),
        }
    })
}

fn taken(_: &Call) -> Result<model::http::Response, HttpError> {
    Ok(answer(200, &json!({ "id": "19ab", "threadId": "19aa", "labelIds": ["SENT"] })))
}

#[test]
fn the_bytes_of_an_answer_are_these() {
    let wire = scripted(taken);
    let wish = action("Yes, **it** leaks.\nStill.", &[], Envelope::default());
    let left = match step(&wire, &World::new(), "19aa", &wish, &Value::Null).unwrap() {
        Outcome::Next { left, files } if files.is_empty() => left,
        other => panic!("{other:?}"),
    };
    assert_eq!(left, json!({ "id": "19ab", "thread": "19aa" }));
    let sent = wire.calls().pop().unwrap().json();
    assert_eq!(sent["threadId"], "19aa");
    let raw = String::from_utf8(URL_SAFE.decode(sent["raw"].as_str().unwrap()).unwrap()).unwrap();
    snapshot("answer", &raw.replace("\r\n", "\n"));
}

#[test]
fn the_bytes_of_an_upload_are_these() {
    let wire = scripted(taken);
    let mut world = World::new();
    let file = world.uploads.keep("plan.pdf", b"%PDF-1.4 and so on, for more than one line of base64 in the mail");
    step(&wire, &world, "19aa", &action("See.", &[file], Envelope::default()), &Value::Null).unwrap();
    let call = wire.calls().pop().unwrap();
    let raw = String::from_utf8(call.body).unwrap();
    let boundary = raw[2..].split("\r\n").next().unwrap();
    assert_eq!(call.headers["content-type"], format!("multipart/related; boundary=\"{boundary}\""));
    snapshot("upload", &raw.replace("\r\n", "\n"));
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../fixtures/snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn what_would_not_be_sent_as_it_was_meant_is_refused_before_any_call_that_sends() {
    let refused = |files: &[SentFile], envelope: Envelope| {
        let wire = scripted(|_| panic!("nothing is sent"));
        code(send(&wire, &World::new(), "19aa", &action("x", files, envelope)))
    };
    let envelope = Envelope::default;
    let subject = |text: &str| Envelope { subject: Some(text.to_owned()), ..envelope() };
    assert_eq!(refused(&[], subject("Another matter")), "gmail.subject_breaks_thread");
    assert_eq!(
        refused(&[], Envelope { manner: Manner::Forward, to: Some(people(&[BRUNO])), ..subject("FYI") }),
        "gmail.subject_breaks_thread"
    );
    assert_eq!(refused(&[], subject("Re: The roof\r\nBcc: eve@x.example")), "gmail.subject_breaks_thread");
    let named = |name: &str, address: &str| {
        let who = Correspondent { id: ExternalId::from(address), name: Some(name.to_owned()) };
        Envelope { to: Some(vec![who]), ..envelope() }
    };
    assert_eq!(refused(&[], named("Bruno\r\nBcc: eve@x.example", BRUNO)), "gmail.not_written");
    assert_eq!(refused(&[], named("Bruno", "bruno@x.example\r\nBcc: eve@x.example")), "gmail.bad_address");
    assert_eq!(refused(&[], named("Bruno", "nobody")), "gmail.bad_address");
    assert_eq!(refused(&[], named("Bruno", "bjørn@x.example")), "gmail.bad_address");
    assert_eq!(refused(&[], Envelope { to: Some(Vec::new()), ..envelope() }), "gmail.no_recipient");
    let many: Vec<_> = (0..501).map(|number| format!("p{number}@x.example")).collect();
    let many = people(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(refused(&[], Envelope { to: Some(many), ..envelope() }), "gmail.too_many_recipients");
    let gone = World::new().uploads.keep("gone.pdf", b"x");
    assert_eq!(refused(std::slice::from_ref(&gone), envelope()), "upload_gone");
    let large = SentFile { size_bytes: (25 << 20) + 1, ..gone };
    assert_eq!(refused(&[large], envelope()), "gmail.files_too_large");
    let named = World::new().uploads.keep("a\r\nX-Evil: 1.pdf", b"x");
    assert!(matches!(refused(&[named], envelope()).as_str(), "upload_gone"));
}

#[test]
fn a_new_thread_takes_no_line_breaks_either() {
    let wire = Wire::json(|_| panic!("nothing is sent"));
    let mut world = World::new();
    let new = |subject: &str| Envelope {
        manner: Manner::New,
        to: Some(people(&[BRUNO])),
        subject: Some(subject.to_owned()),
        ..Envelope::default()
    };
    let evil = action("x", &[], new("a\r\nBcc: eve@x.example"));
    assert_eq!(code(send(&wire, &world, "new:1", &evil)), "gmail.not_written");
    let file = world.uploads.keep("a\r\nX-Evil: 1.pdf", b"x");
    assert_eq!(code(send(&wire, &world, "new:1", &action("x", &[file], new("a")))), "gmail.not_written");
}

#[test]
fn a_mail_that_is_too_large_to_be_handed_on_is_refused() {
    let shown = json!({ "id": "19aa", "threadId": "19aa", "historyId": "7", "internalDate": "1767607200000", "sizeEstimate": 36 << 20 });
    let file = json!({ "partId": "", "mimeType": "application/zip", "filename": "a.zip",
        "headers": [{ "name": "Content-Type", "value": "application/zip; name=a.zip" }],
        "body": { "attachmentId": "ANGjdJ8", "size": (25 << 20) + 1 } });
    let raw = URL_SAFE
        .encode("From: carla@x.example\r\nSubject: Large\r\nContent-Type: application/zip; name=a.zip\r\n\r\nUEsD");
    let wire = Wire::json(move |call| match call.path.as_str() {
        "threads/19aa?format=minimal" => json!({ "id": "19aa", "historyId": "7", "messages": [shown] }),
        path if path.contains("format=raw") => json!({ "raw": raw }),
        path if path.contains("format=full") => {
            let mut whole = shown.clone();
            whole["payload"] = file.clone();
            whole
        }
        other => panic!("{other}"),
    });
    let envelope = Envelope { manner: Manner::Forward, to: Some(people(&[BRUNO])), ..Envelope::default() };
    assert_eq!(code(send(&wire, &World::new(), "19aa", &action("x", &[], envelope))), "gmail.files_too_large");
}

#[test]
fn an_upload_that_is_not_as_long_as_was_said_never_becomes_a_mail() {
    for size in [4, 6] {
        let gmail = quiet();
        let thread = begun(&gmail);
        let mut world = World::at(&gmail);
        let file = SentFile { size_bytes: size, ..world.uploads.keep("a.pdf", b"12345") };
        let sent = send(&Wire::to(&gmail), &world, &thread, &action("x", &[file], Envelope::default()));
        assert!(matches!(sent, Err(ConnectorError::Unknown(HttpError::Broken(_)))), "{sent:?}");
        assert_eq!(gmail.sent().len(), 1, "only Bruno's");
    }
}

#[test]
fn what_gmail_says_to_a_mail_leads_to_what_is_done_next() {
    let said = |response: fn() -> Result<model::http::Response, HttpError>| {
        let wire = scripted(move |_| response());
        step(&wire, &World::new(), "19aa", &action("x", &[], Envelope::default()), &Value::Null)
    };
    let refused = |response| match said(response) {
        Err(ConnectorError::Refused(problem)) => problem.code,
        other => panic!("refused, not {other:?}"),
    };
    assert_eq!(refused(|| Ok(error(400, "invalidArgument", "Recipient address required"))), "gmail.recipients");
    assert_eq!(refused(|| Ok(error(400, "invalidArgument", "Invalid To header"))), "gmail.recipients");
    assert_eq!(refused(|| Ok(error(400, "invalidArgument", "Invalid id value"))), "gmail.declined");
    assert_eq!(refused(|| Ok(error(413, "uploadTooLarge", "Request is too large."))), "gmail.too_large");
    assert_eq!(refused(|| Ok(error(404, "notFound", "Requested entity was not found."))), "gmail.not_found");
    let busy =
        said(|| Ok(error(429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after 2026-01-05T10:05:00.000Z")));
    assert!(matches!(busy, Err(ConnectorError::Busy { after }) if after == Duration::from_secs(240)), "{busy:?}");
    assert!(matches!(said(|| Ok(error(503, "backendError", "x"))), Err(ConnectorError::Unknown(_))));
    assert!(matches!(said(|| Err(HttpError::Broken("gone".to_owned()))), Err(ConnectorError::Unknown(_))));
    assert!(matches!(said(|| Err(HttpError::NotSent("gone".to_owned()))), Err(ConnectorError::Busy { .. })));
    assert!(matches!(said(|| Ok(answer(200, &json!([])))), Err(ConnectorError::Unreadable(_))));
}

#[test]
fn a_mail_that_was_taken_is_not_sent_again_because_it_cannot_be_read_back() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let (world, wish) = (World::at(&gmail), action("Yes.", &[], Envelope::default()));
    let Ok(Outcome::Next { left, .. }) = step(&Wire::to(&gmail), &world, &thread, &wish, &Value::Null) else {
        panic!()
    };
    for response in [error(404, "notFound", "x"), error(403, "rateLimitExceeded", "x"), error(503, "backendError", "x")]
    {
        let wire = Wire::new(move |_| Ok(response.clone()));
        let again = step(&wire, &world, &thread, &wish, &left);
        assert!(matches!(again, Err(ConnectorError::Busy { .. })), "{again:?}");
        assert!(!wire.lines().iter().any(|line| line.contains("send")));
    }
    assert!(matches!(step(&Wire::to(&gmail), &world, &thread, &wish, &left), Ok(Outcome::Done(_))));
    assert_eq!(gmail.sent().len(), 2, "Bruno's, and one answer");
}

#[test]
fn what_gmail_puts_into_another_thread_stands_there() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let elsewhere = gmail.clone();
    // A thread that is full goes on in another one.
    let wire = Wire::new(move |call| {
        let mut call = call.clone();
        if call.path == "messages/send" {
            let mut json = call.json();
            json.as_object_mut().unwrap().remove("threadId");
            let raw = String::from_utf8(URL_SAFE.decode(json["raw"].as_str().unwrap()).unwrap()).unwrap();
            let raw =
                raw.replace("In-Reply-To:", "X-Was:").replace("References:", "X-Were:").replace("The roof", "Roof");
            json["raw"] = json!(URL_SAFE.encode(raw));
            call.body = json.to_string().into_bytes();
        }
        emulated(&elsewhere, &call)
    });
    let told = send(&wire, &World::at(&gmail), &thread, &action("Yes.", &[], Envelope::default())).unwrap();
    let Update::Chat { chat, .. } = &told[0] else { panic!("{told:?}") };
    assert_ne!(chat.as_str(), thread);
    assert_eq!(message(&told).chat, *chat);
}

#[test]
fn what_is_answered_must_be_there() {
    let gmail = quiet();
    let thread = begun(&gmail);
    gmail.act_send(BRUNO, ANA, "Another", "matter").unwrap();
    let other = gmail.mailbox(ANA).unwrap().messages.iter().find(|one| one.subject == "Another").unwrap().id.clone();
    let about = |id: &str| {
        let envelope = Envelope { about: Some(ExternalId::from(id)), ..Envelope::default() };
        code(send(&Wire::to(&gmail), &World::at(&gmail), &thread, &action("x", &[], envelope)))
    };
    assert_eq!(about(&other), "gmail.about_elsewhere");
    assert_eq!(about("19aa00000000beef"), "gmail.about_gone");
}

//! Files of mails, as they come in.

use super::{ANA, BRUNO, Wire, World, answer, arrived, drained, error, mixed, quiet, run};
use crate::{gmail::Gmail, mail};
use model::{
    attachment::{Attachment, Rendition},
    connector::{Connector, ConnectorError},
    http::HttpError,
};
use serde_json::{Value, json};

fn open(wire: &Wire, world: &World, file: &Attachment) -> Result<Vec<u8>, ConnectorError> {
    let opened = run(Gmail.open_file(&world.access(wire), file, Rendition::Whole, None))?;
    let (size, bytes) = (opened.size_bytes, drained(opened.chunks));
    let bytes = bytes.map_err(|error| ConnectorError::Unknown(HttpError::Broken(error.0)))?;
    assert!(size.is_none_or(|size| size == bytes.len() as u64), "it is as long as was said");
    Ok(bytes)
}

#[test]
fn every_file_of_a_mail_comes_as_the_mail_has_it() {
    let gmail = quiet();
    let (id, files) = arrived(&gmail, &mixed());
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["pic.png", "latin.txt", "inner.eml", "Shown.eml", "big.bin"]);
    let raw = gmail.raw(ANA, &id).unwrap();
    let (world, wire) = (World::at(&gmail), Wire::to(&gmail));
    for file in &files {
        let path = file.source["part"].as_str().unwrap().parse().unwrap();
        let wanted = mail::part(&raw, &path).unwrap().bytes;
        assert_eq!(file.size_bytes, Some(wanted.len() as u64), "{}", file.name);
        assert!(open(&wire, &world, file).unwrap() == wanted, "{}", file.name);
    }
    let mut fetched: Vec<_> = wire.calls().into_iter().map(|call| (call.line(), call.units)).collect();
    fetched.retain(|(line, _)| line.contains("/attachments/"));
    assert_eq!(fetched.len(), 3, "mails within the mail are read out of the mail itself");
    assert!(fetched.iter().all(|(_, units)| *units == 20));
    let latin = open(&wire, &world, &files[1]).unwrap();
    assert_eq!(latin, b"Z\xfcrich sagt = ja", "the bytes of a text stay in its own letters");
}

#[test]
fn the_only_part_of_a_mail_may_be_a_file() {
    let gmail = quiet();
    let (_, files) = arrived(
        &gmail,
        "From: bruno@elsewhere.example\nTo: ana@acme.example\nSubject: Scan\nContent-Type: application/pdf; name=scan.pdf\n\
         Content-Transfer-Encoding: base64\n\nJVBERi0xLjQ=\n",
    );
    assert_eq!(files[0].source["part"], "1");
    assert_eq!(open(&Wire::to(&gmail), &World::at(&gmail), &files[0]).unwrap(), b"%PDF-1.4");
}

fn plan(size: u64) -> Attachment {
    let source = json!({ "message": "19aa", "part": "2" });
    let mut file: Attachment = serde_json::from_value(json!({
        "external_id": "19aa:2", "name": "plan.pdf", "media_type": "application/pdf", "state": "available", "source": source,
        "size_bytes": size, "link": null, "preview": null,
    }))
    .unwrap();
    file.size_bytes = Some(size);
    file
}

fn shown(part: &Value, estimate: u64) -> Value {
    let text = json!({ "partId": "0", "mimeType": "text/plain", "body": { "size": 2, "data": "aGk" } });
    let root = json!({ "partId": "", "mimeType": "multipart/mixed", "body": { "size": 0 }, "parts": [text, part] });
    json!({ "id": "19aa", "sizeEstimate": estimate, "payload": root })
}

fn part(size: u64) -> Value {
    let body = json!({ "attachmentId": "ANGjdJ8-_x", "size": size });
    json!({ "partId": "1", "mimeType": "application/pdf", "filename": "plan.pdf", "body": body })
}

/// Gmail, with this answer to the file's own call.
fn handing_out(text: &'static str) -> Wire {
    Wire::new(move |call| match call.path.contains("/attachments/") {
        true => Ok(model::http::Response { status: 200, headers: Vec::new(), body: text.into() }),
        false => Ok(answer(200, &shown(&part(5), 400))),
    })
}

#[test]
fn a_file_is_asked_for_by_its_name_of_the_moment_and_no_more_is_asked_than_that() {
    let wire = handing_out(r#"{"size":5,"data":"aGVsbG8="}"#);
    assert_eq!(open(&wire, &World::new(), &plan(5)).unwrap(), b"hello");
    let fields = "id%2CsizeEstimate%2Cpayload%28partId%2CmimeType%2Cbody%2Cparts%28partId%2CmimeType%2Cbody%29%29";
    assert_eq!(
        wire.lines(),
        [
            format!("GET messages/19aa?format=full&fields={fields}"),
            "GET messages/19aa/attachments/ANGjdJ8-_x?prettyPrint=false".to_owned(),
        ]
    );
    assert_eq!(wire.calls().iter().map(|call| call.units).collect::<Vec<_>>(), [20, 20]);
}

#[test]
fn a_file_that_breaks_off_is_never_taken_for_a_whole_one() {
    for text in [
        r#"{"size":5,"data":"aGVsbG8="#,
        r#"{"size":5,"data":"aGVs"}"#,
        r#"{"size":5,"data":"aGVs*G8="}"#,
        r#"{"size":5}"#,
        r#"{"size":4,"data":"aGVsbG8="}"#,
        "<html>",
    ] {
        let opened = open(&handing_out(text), &World::new(), &plan(5));
        assert!(matches!(opened, Err(ConnectorError::Unknown(HttpError::Broken(_)))), "{text}: {opened:?}");
    }
}

#[test]
fn what_cannot_be_had_says_why() {
    let code = |wire: &Wire, file: &Attachment| match open(wire, &World::new(), file) {
        Err(ConnectorError::Refused(problem)) => problem.code,
        other => panic!("refused, not {other:?}"),
    };
    let gone = Wire::new(|_| Ok(error(404, "notFound", "Requested entity was not found.")));
    assert_eq!(code(&gone, &plan(5)), "gmail.mail_gone");
    let between = Wire::new(|call| match call.path.contains("/attachments/") {
        true => Ok(error(404, "notFound", "Requested entity was not found.")),
        false => Ok(answer(200, &shown(&part(5), 400))),
    });
    assert_eq!(code(&between, &plan(5)), "gmail.mail_gone");
    // A mail too large to be read whole, in which the file is not where it was.
    let elsewhere = Wire::json(|_| shown(&json!({ "partId": "1", "mimeType": "image/png" }), 30 << 20));
    assert_eq!(code(&elsewhere, &plan(5)), "gmail.part_not_given");
    let withheld = json!({ "partId": "1", "mimeType": "application/pdf", "body": { "size": 5 } });
    assert_eq!(code(&Wire::json(move |_| shown(&withheld, 400)), &plan(5)), "gmail.part_gone");
    // A small one is read whole, and has no such part either.
    let small = Wire::json(|call| match call.path.contains("format=raw") {
        true => json!({ "raw": "U3ViamVjdDogYQ0KDQp0ZXh0" }),
        false => shown(&json!({ "partId": "1", "mimeType": "image/png" }), 400),
    });
    assert_eq!(code(&small, &plan(5)), "gmail.part_gone");
    let nowhere = Attachment { source: Value::Null, ..plan(5) };
    assert_eq!(code(&gone, &nowhere), "gmail.no_source");
    let tired = Wire::new(|_| Ok(error(403, "rateLimitExceeded", "User-rate limit exceeded.")));
    assert!(matches!(open(&tired, &World::new(), &plan(5)), Err(ConnectorError::Busy { .. })));
    let expired = Wire::new(|_| Ok(error(401, "authError", "Invalid Credentials")));
    assert!(matches!(open(&expired, &World::new(), &plan(5)), Err(ConnectorError::TokenExpired { .. })));
    let preview = run(Gmail.open_file(&World::new().access(&gone), &plan(5), Rendition::Preview, None));
    assert!(matches!(preview, Err(ConnectorError::Refused(problem)) if problem.code == "no_preview"));
}

#[test]
fn a_size_that_differs_by_what_gmail_made_of_the_part_is_not_announced() {
    let wire = Wire::new(|call| match call.path.contains("/attachments/") {
        true => Ok(answer(200, &json!({ "size": 5, "data": "aGVsbG8=" }))),
        false => Ok(answer(200, &shown(&part(5), 30 << 20))),
    });
    let opened = run(Gmail.open_file(&World::new().access(&wire), &plan(4), Rendition::Whole, None)).unwrap();
    assert_eq!((opened.size_bytes, drained(opened.chunks).unwrap()), (None, b"hello".to_vec()));
}

#[test]
fn the_other_side_of_a_mail_is_no_way_to_its_files() {
    let gmail = quiet();
    let (_, files) = arrived(&gmail, &mixed());
    let scopes = "https://www.googleapis.com/auth/gmail.modify";
    let mut world = World::at(&gmail);
    world.logins[0].secret = crate::gmail::login::secret(&crate::gmail::login::Tokens {
        access_token: gmail.grant(BRUNO, scopes).unwrap().access_token,
        refresh_token: String::new(),
    });
    let opened = open(&Wire::to(&gmail), &world, &files[0]);
    assert!(matches!(opened, Err(ConnectorError::Refused(problem)) if problem.code == "gmail.mail_gone"));
}

/// Bytes as they come from somewhere.
pub fn reopened(bytes: &[u8]) -> Box<dyn model::http::Chunks> {
    Box::new(super::Pieces(bytes::Bytes::copy_from_slice(bytes)))
}

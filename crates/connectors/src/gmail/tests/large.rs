//! Mails that are too large to be held say the same as if they were.

use super::{ANA, Wire, World, answer, arrived, mixed, quiet, run};
use crate::gmail::{client::Client, convert, large};
use crate::mail::{self, Own};
use model::{id::ExternalId, update::Update};
use serde_json::json;

/// What is told of a mail that is read whole, and of the same one that is not.
fn both(raw: &str) -> (Vec<Update>, Vec<Update>, Wire) {
    let gmail = quiet();
    let (id, _) = arrived(&gmail, raw);
    let (world, wire) = (World::at(&gmail), Wire::to(&gmail));
    let client = Client::of(&world.access(&wire)).unwrap();
    let chat = ExternalId::from("19aa");
    let (shown, read) = run(large::in_parts(&client, &id)).unwrap();
    let whole = mail::read(&gmail.raw(ANA, &id).unwrap(), &convert::WANTED);
    (
        convert::message(&chat, &shown, &whole, &Own::default()),
        convert::message(&chat, &shown, &read, &Own::default()),
        wire,
    )
}

const HEAD: &str = "From: =?utf-8?Q?FooCorp=2C_Inc=2E?= <bruno@elsewhere.example>\nTo: ana@acme.example, =?utf-8?B?SsO8cmdlbg==?= <j@x.example>\n\
    Cc: \"Dias, Rui\" <rui@x.example>\nSubject: =?utf-8?Q?Z=C3=BCrich?=\nMessage-ID: <a@x.example>\nReferences: <b@x.example>\n <c@x.example>\n\
    X-Bothways-Mark: m.1\nDate: Mon, 5 Jan 2026 10:00:00 +0000\nMIME-Version: 1.0\n";

#[test]
fn the_same_is_told_of_a_mail_however_it_was_read() {
    let long: String = (0..9_000).map(|number| format!("line {number} of a text that is long\n")).collect();
    let cases = [
        ("mixed", mixed()),
        ("plain", format!("{HEAD}Content-Type: text/plain; charset=utf-8\n\nHello ü\n\nOn Monday, Ana wrote:\n> hi\n")),
        (
            "old letters",
            format!(
                "{HEAD}Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nZ=FCrich=\n!\n"
            ),
        ),
        (
            "html",
            format!(
                "{HEAD}Content-Type: text/html; charset=utf-8\n\n<p>Hello <b>you</b></p><img src=\"https://x.example/p.png\">\n"
            ),
        ),
        ("long", format!("{HEAD}Content-Type: text/plain\n\n{long}")),
        ("untold", format!("{HEAD}\nno type at all\n")),
        (
            "a file alone",
            format!(
                "{HEAD}Content-Type: application/pdf; name=scan.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQ=\n"
            ),
        ),
        (
            "long beside a file",
            format!(
                "{HEAD}Content-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/plain; format=flowed\n\n{long}\n--q\n\
                Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''%C3%BC.pdf\n\
                Content-Transfer-Encoding: base64\n\nJVBERi0xLjQ=\n--q--\n"
            ),
        ),
        (
            "an invitation",
            format!(
                "{HEAD}Content-Type: multipart/alternative; boundary=q\n\n--q\nContent-Type: text/plain\n\nCome\n--q\n\
                Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Plan\n\
                DTSTART:20260105T100000Z\nEND:VEVENT\nEND:VCALENDAR\n--q--\n"
            ),
        ),
        (
            "signed",
            format!(
                "{HEAD}Content-Type: multipart/signed; boundary=q\n\n--q\n\nwords\n--q\n\
                Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN\n--q--\n"
            ),
        ),
    ];
    for (name, raw) in cases {
        let (whole, parts, _) = both(&raw);
        assert!(whole.iter().any(|update| matches!(update, Update::Message(_))), "{name}");
        assert_eq!(parts, whole, "{name}");
    }
}

#[test]
fn no_byte_of_a_file_is_fetched_with_its_mail() {
    let (_, _, wire) = both(&mixed());
    let lines = wire.lines();
    assert_eq!(lines.iter().filter(|line| line.contains("/attachments/")).count(), 0, "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("fields=raw")), "the head is read as it stands: {lines:?}");
}

#[test]
fn only_a_mail_too_large_to_be_held_is_read_in_parts() {
    let read = |size: u64| {
        let wire = Wire::json(move |call| match call.path.contains("format=raw") {
            true => json!({ "id": "19aa", "raw": "U3ViamVjdDogYQ0KDQp0ZXh0" }),
            false => json!({ "id": "19aa", "payload": { "partId": "", "mimeType": "text/plain",
                "headers": [{ "name": "Subject", "value": "another" }], "body": { "size": 4, "data": "dGV4dA" } } }),
        });
        let world = World::new();
        let client = Client::of(&world.access(&wire)).unwrap();
        let shown = crate::gmail::wire::Message { id: "19aa".to_owned(), size_estimate: size, ..Default::default() };
        let (_, mail) = run(large::read(&client, &shown)).unwrap();
        assert_eq!((mail.subject.as_str(), mail.text.new.as_str()), ("a", "text"));
        wire.calls().into_iter().map(|call| call.path.split('&').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(read(16 << 20), ["messages/19aa?format=raw"]);
    assert_eq!(read((16 << 20) + 1), ["messages/19aa?format=full", "messages/19aa?format=raw"]);
}

#[test]
fn a_head_that_never_ends_and_a_mail_without_parts_are_read_as_far_as_they_go() {
    let endless = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE, "X".repeat(3 << 20));
    let wire = Wire::new(move |call| match call.path.contains("format=raw") {
        true => Ok(answer(200, &json!({ "raw": endless }))),
        false => Ok(answer(200, &json!({ "id": "19aa", "sizeEstimate": 20 << 20 }))),
    });
    let world = World::new();
    let client = Client::of(&world.access(&wire)).unwrap();
    let (shown, mail) = run(large::in_parts(&client, "19aa")).unwrap();
    assert_eq!((shown.id.as_str(), mail.subject.as_str()), ("19aa", ""));
}

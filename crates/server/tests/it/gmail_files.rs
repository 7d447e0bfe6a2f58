//! Files of mails, both ways: byte for byte, and once.

use crate::{
    house::{Feed, House},
    mailhouse::{ANA, connect, with_mail},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use sandbox::gmail::{Fault, FaultKind, Gmail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const BRUNO: &str = "bruno@acme.example";
/// Larger than what is passed on at once, and than what goes in JSON.
const LARGE_BYTES: usize = 6_000_001;

/// More than Gmail lets anybody send, and as large as what it takes in from elsewhere.
const HUGE_BYTES: usize = 50 << 20;

/// Bytes that are no text, of which no two stretches are alike.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u64).map(|place| (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// A mail with a large file and a small one, whose text has its own letters.
fn letter(large: &[u8]) -> String {
    let lines: Vec<_> = large.chunks(57).map(|line| STANDARD.encode(line)).collect();
    format!(
        "From: Bruno <{BRUNO}>\r\nTo: {ANA}\r\nSubject: The plans\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nBoth.\r\n--q\r\n\
         Content-Type: application/zip; name=plans.zip\r\nContent-Disposition: attachment; filename=plans.zip\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--q\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
         Content-Disposition: attachment; filename*=utf-8''Stra%C3%9Fe.txt\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe 1=\r\n2\r\n--q--\r\n",
        lines.join("\r\n")
    )
}

/// A house in which Ana has imported that thread.
async fn with_plans(large: &[u8]) -> (House, Gmail, tokio::sync::oneshot::Sender<()>, String) {
    let (house, gmail, stop) = with_mail().await;
    gmail.act_raw(BRUNO, letter(large).as_bytes()).unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    let plans = chats.iter().find(|chat| chat["name"] == "The plans").unwrap_or_else(|| panic!("{chats:?}"));
    let chat = house.import("ana", &connection, plans["external_id"].as_str().unwrap()).await;
    (house, gmail, stop, chat)
}

fn path_of(file: &Value) -> String {
    format!("/v1/attachments/{}", file["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_mail_come_byte_for_byte() {
    let large = noise(LARGE_BYTES);
    let (house, gmail, stop, chat) = with_plans(&large).await;
    let mail = house.messages("ana", &chat).await.remove(0);
    let files = mail["attachments"].as_array().unwrap();
    let shown: Vec<_> = files.iter().map(|file| (&file["name"], &file["size_bytes"], &file["state"])).collect();
    let available = json!("available");
    assert_eq!(
        shown,
        [(&json!("plans.zip"), &json!(LARGE_BYTES), &available), (&json!("Straße.txt"), &json!(9), &available)],
        "{mail}"
    );
    for (file, bytes) in files.iter().zip([&large[..], b"Stra\xdfe 12"]) {
        let came = house.download("ana", &path_of(file), None).await;
        assert_eq!(
            (came.status, came.headers["content-length"].to_str().unwrap()),
            (200, bytes.len().to_string().as_str())
        );
        assert!(came.bytes == bytes, "{}", file["name"]);
    }
    // Gmail gives no part of a file, so all of it comes.
    let part = house.download("ana", &path_of(&files[1]), Some("bytes=1-2")).await;
    assert_eq!((part.status, part.bytes.len()), (200, 9));
    house.ask("bruno", Method::GET, &path_of(&files[0]), None).await.refused(404, "not_found");
    // A limit is waited for, and a mail that is gone is said to be.
    let limited = FaultKind::RateLimited { retry_after_secs: 5 };
    gmail.faults().push(Fault { method: Some("messages.attachments.get".to_owned()), kind: limited, times: 1 });
    house.ask("ana", Method::GET, &path_of(&files[0]), None).await.refused(503, "platform_busy");
    gmail.faults().once(Some("messages.get"), FaultKind::NotFound);
    house.ask("ana", Method::GET, &path_of(&files[0]), None).await.refused(422, "gmail.mail_gone");
    drop(stop);
    house.close().await;
}

/// It is never held as a whole: its words are read without its file, and its file is passed on piece by piece.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_of_fifty_megabytes_is_read_and_its_file_comes_byte_for_byte() {
    let huge = noise(HUGE_BYTES);
    let (house, _gmail, stop, chat) = with_plans(&huge).await;
    let mail = house.messages("ana", &chat).await.remove(0);
    assert_eq!((&mail["body"]["text"], &mail["subject"]), (&json!("Both."), &json!("The plans")), "{mail}");
    let file = &mail["attachments"][0];
    assert_eq!((&file["name"], &file["size_bytes"]), (&json!("plans.zip"), &json!(HUGE_BYTES)), "{mail}");
    let came = house.download("ana", &path_of(file), None).await;
    assert!(came.status == 200 && came.bytes == huge, "{} bytes", came.bytes.len());
    // It is too large to be handed on, which is said, and nothing is sent.
    let mut feed = Feed::open(&house, "ana", 0).await;
    let to = json!([{ "address": BRUNO }]);
    let wish = json!({ "text": "See below.", "mail": { "manner": "forward", "to": to } });
    let sent = house.ask("ana", Method::POST, &format!("/v1/chats/{chat}/messages"), Some(wish)).await.good();
    let failed = feed.message(&sent["id"], |message| message["status"] == "failed").await["object"].clone();
    assert_eq!(failed["error"]["code"], "gmail.files_too_large", "{failed}");
    drop((feed, stop));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_out_with_an_answer_and_arrives_whole_and_once() {
    let large = noise(LARGE_BYTES);
    let (house, gmail, stop, chat) = with_plans(b"small").await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    let upload = house.upload("ana", "answer.bin", large.clone()).await.good();
    let wish = json!({ "text": "And mine.", "attachments": [upload["id"]] });
    // Gmail does not show it at once: it is read again, and not sent again.
    gmail.faults().once(Some("messages.send"), FaultKind::RateLimited { retry_after_secs: 1 });
    let path = format!("/v1/chats/{chat}/messages");
    let sent = house.ask("ana", Method::POST, &path, Some(wish)).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let sent = feed.message(&sent.body["id"], |message| message["status"] == "sent").await["object"].clone();
    assert_eq!((&sent["subject"], &sent["direction"]), (&json!("Re: The plans"), &json!("outgoing")), "{sent}");
    let there = gmail.mailbox(BRUNO).unwrap();
    let came = there.about("The plans");
    let last: Vec<_> = came.iter().filter(|one| one.text.contains("And mine.")).collect();
    assert_eq!(last.len(), 1, "it arrived once");
    let file = &last[0].files[0];
    assert_eq!((file.name.as_str(), file.size), ("answer.bin", LARGE_BYTES));
    assert_eq!(file.digest, hex::encode(Sha256::digest(&large)), "byte for byte");
    // What was sent can be fetched again, from Gmail.
    let file = &sent["attachments"][0];
    let again = house.download("ana", &path_of(file), None).await;
    assert!(again.status == 200 && again.bytes == large, "{file}");
    drop((feed, stop));
    house.close().await;
}

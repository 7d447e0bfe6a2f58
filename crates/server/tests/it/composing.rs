//! Mail through the API: what a mail says, and how one is written.

use crate::{
    house::{Feed, House},
    mailhouse::{ANA, connect, with_mail},
};
use reqwest::Method;
use sandbox::gmail::{FaultKind, Gmail};
use serde_json::{Value, json};
use tokio::sync::oneshot;

const RUI: &str = "rui@outside.example";
const TOM: &str = "tom@outside.example";

/// What an outside server hands over, with HTML of its own and two subjects' worth of history.
const LETTER: &str = concat!(
    "From: Rui <rui@outside.example>\r\nTo: Ana <ana@acme.example>, Tom <tom@outside.example>\r\n",
    "Subject: The harbour\r\nDate: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <harbour@outside.example>\r\n",
    "List-Id: Boats <boats.outside.example>\r\nPrecedence: list\r\nMIME-Version: 1.0\r\n",
    "Content-Type: multipart/related; boundary=\"rel\"\r\n\r\n--rel\r\n",
    "Content-Type: text/html; charset=utf-8\r\n\r\n",
    "<p onclick=\"alert(1)\">The <b>harbour</b> is closed.</p><script>alert(1)</script>",
    "<img src=\"https://outside.example/pixel.gif\"><table bgcolor=\"red\"><tr><td>Tariff</td></tr></table>",
    "<img src=\"cid:logo@outside.example\">\r\n--rel\r\n",
    "Content-Type: image/png\r\nContent-ID: <logo@outside.example>\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    "iVBORw0KGgo=\r\n--rel--\r\n",
);

#[tokio::test(flavor = "multi_thread")]
async fn a_mails_own_html_stands_apart_from_the_words_that_are_written_here() {
    let (house, gmail, stop) = with_mail().await;
    gmail.act_raw(RUI, LETTER.as_bytes()).unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    let harbour = chats.iter().find(|chat| chat["name"] == "The harbour").unwrap();
    let chat = house.import("ana", &connection, harbour["external_id"].as_str().unwrap()).await;

    let mail = house.messages("ana", &chat).await.remove(0);
    assert_eq!(mail["body"]["html"], json!(null), "words alone have no look: {mail}");
    assert!(mail["body"]["text"].as_str().unwrap().contains("The harbour is closed."), "{mail}");
    let html = mail["mail_html"].as_str().unwrap();
    assert!(html.contains("<b>harbour</b>") && html.contains("<table"), "{html}");
    for bad in ["script", "onclick", " src=\"http", "alert"] {
        assert!(!html.contains(bad), "{bad} in {html}");
    }
    assert!(html.contains("<img data-remote-src=\"https://outside.example/pixel.gif\">"), "{html}");
    assert_eq!(mail["remote_images"], true);
    assert!(html.contains("src=\"cid:logo@outside.example\""), "{html}");
    assert_eq!(mail["attachments"][0]["content_id"], "logo@outside.example", "{mail}");
    assert_eq!((&mail["list"], &mail["automatic"]), (&json!("boats.outside.example"), &json!(true)), "{mail}");
    let shown = house.get("ana", &format!("/v1/chats/{chat}")).await;
    let people: Vec<_> = shown["participants"].as_array().unwrap().iter().map(|one| &one["external_id"]).collect();
    assert_eq!(people, [ANA, RUI, "tom@outside.example"], "{shown}");
    drop(stop);
    house.close().await;
}

/// An invitation as calendars send it.
const INVITATION: &str = concat!(
    "From: Rui <rui@outside.example>\r\nTo: Ana <ana@acme.example>\r\nSubject: Invitation: The pier\r\n",
    "Date: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <pier@outside.example>\r\nMIME-Version: 1.0\r\n",
    "Content-Type: multipart/alternative; boundary=\"alt\"\r\n\r\n--alt\r\n",
    "Content-Type: text/plain; charset=utf-8\r\n\r\nCome and see.\r\n--alt\r\n",
    "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n",
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:The pier\r\nLOCATION:Harbour\r\n",
    "DTSTART;TZID=Europe/Lisbon:20260702T100000\r\nDTEND;TZID=Europe/Lisbon:20260702T110000\r\n",
    "ORGANIZER:mailto:ana@acme.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--alt--\r\n",
);

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_says_what_it_is_to_and_keeps_its_file() {
    let (house, gmail, stop) = with_mail().await;
    gmail.act_raw(RUI, INVITATION.as_bytes()).unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    let pier = chats.iter().find(|chat| chat["name"] == "Invitation: The pier").unwrap();
    let chat = house.import("ana", &connection, pier["external_id"].as_str().unwrap()).await;
    let mail = house.messages("ana", &chat).await.remove(0);
    let meeting = &mail["invitation"];
    assert_eq!((&meeting["method"], &meeting["summary"]), (&json!("invite"), &json!("The pier")), "{mail}");
    assert_eq!(meeting["starts_at"], json!({ "at": "2026-07-02T09:00:00.000Z" }), "{mail}");
    assert_eq!(meeting["ends_at"], json!({ "at": "2026-07-02T10:00:00.000Z" }), "{mail}");
    assert_eq!((&meeting["location"], &meeting["repeats"]), (&json!("Harbour"), &json!(false)), "{mail}");
    assert_eq!((&meeting["organizer"]["address"], &meeting["organizer"]["me"]), (&json!(ANA), &json!(true)), "{mail}");
    assert_eq!(mail["attachments"][0]["media_type"], "text/calendar", "{mail}");
    drop(stop);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_without_a_subject_is_called_after_its_people() {
    let (house, gmail, stop) = with_mail().await;
    gmail.act_send(RUI, ANA, "", "No subject at all.").unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    assert!(chats.iter().any(|chat| chat["name"] == RUI), "{chats:?}");
    drop(stop);
    house.close().await;
}

/// A house with a thread that Ana has: Rui wrote to her and to Tom.
async fn with_thread() -> (House, Gmail, oneshot::Sender<()>, String, String) {
    let (house, gmail, stop) = with_mail().await;
    gmail.act_raw(RUI, LETTER.as_bytes()).unwrap();
    let connection = connect(&house, "ana", ANA).await;
    let chats = house.all("ana", &format!("/v1/chats/available?connection_id={connection}")).await;
    let harbour = chats.iter().find(|chat| chat["name"] == "The harbour").unwrap();
    let chat = house.import("ana", &connection, harbour["external_id"].as_str().unwrap()).await;
    (house, gmail, stop, connection, chat)
}

fn addresses(of: &Value) -> Vec<&str> {
    of.as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shows_at_once_to_whom_it_goes_and_what_it_is_about() {
    let (house, _, stop, _, chat) = with_thread().await;
    let about = house.messages("ana", &chat).await[0]["id"].clone();
    let path = format!("/v1/chats/{chat}/messages");
    let write = async |mail: Value| {
        let wish = json!({ "text": "Noted.", "mail": mail });
        let answer = house.ask("ana", Method::POST, &path, Some(wish)).await;
        assert_eq!((answer.status, &answer.body["status"]), (202, &json!("pending")), "{answer:?}");
        answer.body
    };
    let all = write(json!({ "about": about })).await;
    assert_eq!(all["subject"], "Re: The harbour");
    assert_eq!((addresses(&all["recipients"]["to"]), addresses(&all["recipients"]["cc"])), (vec![RUI], vec![TOM]));
    let one = write(json!({ "manner": "reply", "about": about, "subject": "Elsewhere" })).await;
    assert_eq!((&one["subject"], addresses(&one["recipients"]["cc"])), (&json!("Elsewhere"), vec![]));
    let eva = json!([{ "address": " eva@x.example ", "name": "Eva" }]);
    let forward = write(json!({ "manner": "forward", "about": about, "to": eva, "bcc": [{ "address": TOM }] })).await;
    assert_eq!(forward["subject"], "Fwd: The harbour");
    assert_eq!(forward["recipients"]["to"], json!([{ "name": "Eva", "address": "eva@x.example", "me": false }]));
    assert_eq!(addresses(&forward["recipients"]["bcc"]), [TOM]);
    drop(stop);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_stand_on_a_mail_is_refused_and_nothing_is_kept_of_it() {
    let (house, _, stop, connection, chat) = with_thread().await;
    let before = house.messages("ana", &chat).await.len();
    let path = format!("/v1/chats/{chat}/messages");
    let refused = async |mail: Value, code: &str| {
        let wish = json!({ "text": "Noted.", "mail": mail });
        house.ask("ana", Method::POST, &path, Some(wish)).await.refused(422, code);
    };
    let to = |address: &str| json!([{ "address": address }]);
    refused(json!({ "manner": "forward" }), "no_recipient").await;
    refused(json!({ "to": [] }), "no_recipient").await;
    refused(json!({ "to": to("nobody") }), "bad_address").await;
    refused(json!({ "cc": to("eva@x.example\r\nBcc: all@x.example") }), "bad_address").await;
    refused(json!({ "to": [{ "address": RUI, "name": "Rui\nBcc: all@x.example" }] }), "bad_name").await;
    refused(json!({ "subject": "Hello\r\nBcc: all@x.example" }), "bad_subject").await;
    refused(json!({ "bcc": vec![json!({ "address": RUI }); 101] }), "too_many_recipients").await;
    refused(json!({ "manner": "new" }), "wrong_shape").await;
    let begin = async |wish: Value| house.ask("ana", Method::POST, "/v1/chats", Some(wish)).await;
    begin(json!({ "connection_id": connection, "text": "x" })).await.refused(422, "no_recipient");
    let to_rui = json!({ "connection_id": connection, "to": to(RUI), "subject": "a\u{0}b", "text": "x" });
    begin(to_rui).await.refused(422, "bad_subject");
    begin(json!({ "connection_id": connection, "to": to(RUI) })).await.refused(400, "one_wording");
    assert_eq!(house.messages("ana", &chat).await.len(), before);

    let slack = house.connect("ana", &house.person(0)).await;
    let channel = house.import("ana", &slack, &house.shared_channel(&[&house.person(0)])).await;
    let about = house.messages("ana", &channel).await[0]["id"].clone();
    refused(json!({ "about": about }), "about_elsewhere").await;
    let wish = json!({ "text": "x", "mail": { "subject": "x" } });
    let there = format!("/v1/chats/{channel}/messages");
    house.ask("ana", Method::POST, &there, Some(wish)).await.refused(422, "not_possible");
    begin(json!({ "connection_id": slack, "to": to(RUI), "text": "x" })).await.refused(422, "not_possible");
    let strange = json!({ "connection_id": connection, "to": to(RUI), "text": "x" });
    house.ask("bo", Method::POST, "/v1/chats", Some(strange)).await.refused(404, "not_found");
    drop(stop);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_cannot_be_begun_is_here_to_be_changed_tried_again_and_deleted() {
    let (house, gmail, stop, connection, _) = with_thread().await;
    gmail.faults().once(Some("messages.send"), FaultKind::NotFound);
    let mut feed = Feed::open(&house, "ana", 0).await;
    let wish = json!({
        "connection_id": connection, "subject": "The pier", "text": "It is closed.",
        "to": [{ "address": "Rui@Outside.example", "name": "Rui" }],
    });
    let begin = async || {
        let headers = [("idempotency-key", "pier")];
        house.ask_with("ana", Method::POST, "/v1/chats", &headers, Some(wish.clone())).await
    };
    let begun = begin().await;
    assert_eq!(begun.status, 202, "{begun:?}");
    let (chat, message) = (begun.body["chat"].clone(), begun.body["message"].clone());
    assert_eq!((&chat["name"], &chat["kind"]), (&json!("The pier"), &json!("email_thread")));
    assert_eq!(chat["participants"].as_array().unwrap().len(), 2, "{chat}");
    assert!(chat["external_id"].as_str().unwrap().starts_with("new:"), "{chat}");
    assert_eq!((&message["status"], &message["subject"]), (&json!("pending"), &json!("The pier")));
    assert_eq!(addresses(&message["recipients"]["to"]), ["Rui@Outside.example"]);
    let again = begin().await;
    assert_eq!(again.body["message"]["id"], message["id"], "the same call begins one thread");
    assert_eq!(again.body["chat"]["id"], chat["id"]);

    let created = feed.until(|event| event["object_id"] == chat["id"]).await;
    assert_eq!(created["kind"], "chat.created");
    feed.message(&message["id"], |message| message["status"] == "failed").await;
    let id = message["id"].as_str().unwrap();
    let path = format!("/v1/messages/{id}");
    let edited = house.ask("ana", Method::PATCH, &path, Some(json!({ "text": "It is shut." }))).await.good();
    assert_eq!((&edited["body"]["text"], &edited["subject"]), (&json!("It is shut."), &json!("The pier")));
    let sync = format!("/v1/chats/{}/sync", chat["id"].as_str().unwrap());
    house.ask("ana", Method::POST, &sync, None).await.refused(422, "chat_not_sent");
    let retried = house.ask("ana", Method::POST, &format!("{path}/retry"), Some(json!({}))).await.good();
    assert_eq!((&retried["status"], &retried["subject"]), (&json!("pending"), &json!("The pier")), "{retried}");
    let sent = feed.message(&message["id"], |message| message["status"] == "sent").await["object"].clone();
    assert_eq!(sent["body"]["text"], "It is shut.", "{sent}");
    let left = gmail.sent().into_iter().filter(|mail| mail.subject.contains("The pier")).count();
    assert_eq!(left, 1, "it left once, with what was written on it at first");
    house.ask("ana", Method::DELETE, &path, None).await.good();
    feed.message(&message["id"], |message| message["deleted_at"].is_string()).await;
    let gone = format!("/v1/chats/{}", chat["id"].as_str().unwrap());
    assert_eq!(house.ask("ana", Method::DELETE, &gone, None).await.status, 204);
    drop((feed, stop));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_is_begun_is_one_chat_from_then_on_with_all_that_is_answered() {
    let (house, gmail, stop, connection, _) = with_thread().await;
    let bruno = gmail.addresses().into_iter().find(|address| address != ANA).unwrap();
    let mut feed = Feed::open(&house, "ana", 0).await;
    let wish = json!({
        "connection_id": connection, "subject": "A bridge", "markdown": "Shall we **build** one?",
        "to": [{ "address": bruno }], "cc": [{ "address": TOM, "name": "Tom, of the yard" }],
    });
    let begun = house.ask("ana", Method::POST, "/v1/chats", Some(wish)).await.good();
    let (chat, message) = (begun["chat"]["id"].clone(), begun["message"]["id"].clone());
    let is_there = |event: &Value| {
        event["kind"] == "chat.updated"
            && event["object"]["external_id"].as_str().is_some_and(|id| !id.contains("new:"))
    };
    feed.until(|event| event["object_id"] == chat && is_there(event)).await;
    let sent = feed.message(&message, |message| message["status"] != "pending").await["object"].clone();
    assert_eq!((&sent["status"], &sent["chat_id"]), (&json!("sent"), &chat), "{sent}");
    assert_eq!(
        (addresses(&sent["recipients"]["to"]), addresses(&sent["recipients"]["cc"])),
        (vec![&*bruno], vec![TOM])
    );

    let there: Vec<_> =
        gmail.mailbox(&bruno).unwrap().messages.into_iter().filter(|one| one.subject == "A bridge").collect();
    assert_eq!(there.len(), 1, "it arrived once");
    gmail.act_reply_all(&bruno, &there[0].id, "Yes, of stone.").unwrap();
    let id = chat.as_str().unwrap();
    let shown = house.get("ana", &format!("/v1/chats/{id}")).await;
    assert_eq!((&shown["name"], shown["completeness"].is_object()), (&json!("A bridge"), true), "{shown}");
    house.ask("ana", Method::POST, &format!("/v1/chats/{id}/sync"), None).await.good();
    feed.until(|event| event["chat_id"] == chat && event["object"]["direction"] == "incoming").await;
    let texts: Vec<_> = house.messages("ana", id).await.iter().map(|one| one["body"]["text"].clone()).collect();
    assert_eq!(texts, [json!("Yes, of stone."), json!("Shall we build one?")]);
    let named =
        house.all("ana", "/v1/chats?limit=50").await.into_iter().filter(|one| one["name"] == "A bridge").count();
    assert_eq!(named, 1, "nobody began a second chat for it");
    drop((feed, stop));
    house.close().await;
}

/// The answer of the send is lost, and the mailbox's news tell of the thread before anybody finds out.
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_is_heard_of_before_its_answer_is_one_chat() {
    let (house, gmail, stop, connection, _) = with_thread().await;
    gmail.faults().once(Some("messages.send"), FaultKind::AnswerLost);
    let wish = json!({ "connection_id": connection, "subject": "A dock", "text": "Dry?", "to": [{ "address": RUI }] });
    let begun = house.ask("ana", Method::POST, "/v1/chats", Some(wish)).await.good();
    let chats = async || -> Vec<Value> {
        let all = house.all("ana", "/v1/chats?limit=50").await;
        all.into_iter().filter(|one| one["name"] == "A dock").collect()
    };
    house.until(async || chats().await.len() == 2).await;
    house.clock.set_seconds(120);
    house.until(async || chats().await.len() == 1).await;
    let chat = chats().await.remove(0);
    assert_eq!(chat["id"], begun["chat"]["id"], "the one that was begun stands for both");
    let messages = async || house.messages("ana", chat["id"].as_str().unwrap()).await;
    house.until(async || messages().await[0]["status"] == "sent").await;
    assert_eq!(messages().await.len(), 1);
    assert_eq!(messages().await[0]["id"], begun["message"]["id"]);
    assert_eq!(gmail.sent().into_iter().filter(|mail| mail.subject == "A dock").count(), 1, "it left once");
    drop(stop);
    house.close().await;
}

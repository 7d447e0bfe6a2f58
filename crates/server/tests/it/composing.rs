//! Mail through the API: what a mail says, and how one is written.

use crate::mailhouse::{ANA, connect, with_mail};
use serde_json::json;

const RUI: &str = "rui@outside.example";

/// What an outside server hands over, with HTML of its own and two subjects' worth of history.
const LETTER: &str = concat!(
    "From: Rui <rui@outside.example>\r\nTo: Ana <ana@acme.example>, Tom <tom@outside.example>\r\n",
    "Subject: The harbour\r\nDate: Mon, 02 Mar 2026 12:00:00 +0000\r\nMessage-ID: <harbour@outside.example>\r\n",
    "List-Id: Boats <boats.outside.example>\r\nPrecedence: list\r\nMIME-Version: 1.0\r\n",
    "Content-Type: text/html; charset=utf-8\r\n\r\n",
    "<p onclick=\"alert(1)\">The <b>harbour</b> is closed.</p><script>alert(1)</script>",
    "<img src=\"https://outside.example/pixel.gif\"><table bgcolor=\"red\"><tr><td>Tariff</td></tr></table>\r\n",
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
    for bad in ["script", "onclick", "pixel", "alert"] {
        assert!(!html.contains(bad), "{bad} in {html}");
    }
    assert_eq!(mail["remote_images"], true);
    assert_eq!((&mail["list"], &mail["automatic"]), (&json!("boats.outside.example"), &json!(true)), "{mail}");
    let shown = house.get("ana", &format!("/v1/chats/{chat}")).await;
    let people: Vec<_> = shown["participants"].as_array().unwrap().iter().map(|one| &one["external_id"]).collect();
    assert_eq!(people, [ANA, RUI, "tom@outside.example"], "{shown}");
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

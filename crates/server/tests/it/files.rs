//! Files, both ways.

use crate::house::{Answer, Feed, House};
use bytes::Bytes;
use reqwest::{Method, header};
use sandbox::slack::{Fault, FaultKind, NewFile};
use serde_json::{Value, json};

/// A file of a person's, not all of whose bytes are text.
fn drawing() -> NewFile {
    NewFile {
        name: "Übersicht \"1\".png".to_owned(),
        bytes: Bytes::from_static(b"\x89PNG\r\n\x1a\n\0drawing"),
        ..NewFile::default()
    }
}

pub struct Download {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub bytes: Bytes,
}

impl House {
    pub async fn download(&self, customer: &str, path: &str, range: Option<&str>) -> Download {
        let call = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.key);
        let call = call.header("bothways-customer", customer);
        let call = range.into_iter().fold(call, |call, range| call.header("range", range));
        let answer = call.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Download { status, headers, bytes: answer.bytes().await.unwrap() }
    }
}

impl House {
    pub async fn upload(&self, customer: &str, name: &str, bytes: impl Into<reqwest::Body>) -> Answer {
        let call = self.client.post(format!("{}/v1/attachments?name={name}", self.base));
        let call =
            call.bearer_auth(&self.key).header("bothways-customer", customer).header("content-type", "text/plain");
        crate::house::read(call.body(bytes).send().await.unwrap()).await
    }
}

/// Ana, in a chat that she imported and shares with Bruno.
async fn begun(house: &House) -> (String, String, String, Feed) {
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let feed = Feed::open(house, "ana", house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await;
    (bruno, channel, chat, feed)
}

fn path_of(attachment: &Value) -> String {
    format!("/v1/attachments/{}", attachment["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_straight_from_its_platform_as_a_harmless_download() {
    let house = House::new().await;
    let (bruno, channel, _, mut feed) = begun(&house).await;
    house.slack.act_share(&bruno, &channel, "see", None, vec![drawing()]).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "see").await;
    let file = &told["object"]["attachments"][0];
    assert_eq!(
        (&file["name"], &file["media_type"], &file["state"]),
        (&"Übersicht \"1\".png".into(), &"image/png".into(), &"available".into())
    );
    assert_eq!(file["size_bytes"], drawing().bytes.len());
    let whole = house.download("ana", &path_of(file), None).await;
    assert_eq!((whole.status, &whole.bytes), (200, &drawing().bytes));
    let told_by = |name: &str| whole.headers[name].to_str().unwrap().to_owned();
    assert_eq!(told_by("content-type"), "image/png");
    assert_eq!(told_by("content-length"), drawing().bytes.len().to_string());
    assert_eq!(
        told_by("content-disposition"),
        "attachment; filename=\"_bersicht _1_.png\"; filename*=UTF-8''%C3%9Cbersicht%20%221%22.png"
    );
    assert_eq!(told_by("x-content-type-options"), "nosniff");
    assert_eq!(told_by("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(told_by("cache-control"), "private, no-store");

    let part = house.download("ana", &path_of(file), Some("bytes=1-3")).await;
    assert_eq!((part.status, &part.bytes[..]), (206, &b"PNG"[..]));
    assert_eq!(part.headers["content-range"], format!("bytes 1-3/{}", drawing().bytes.len()));
    let preview = house.download("ana", &format!("{}?preview=true", path_of(file)), None).await;
    assert_eq!((preview.status, preview.headers["content-type"].to_str().unwrap()), (200, "image/svg+xml"));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customers_file_is_not_found() {
    let house = House::new().await;
    let (bruno, channel, _, mut feed) = begun(&house).await;
    house.slack.act_share(&bruno, &channel, "see", None, vec![drawing()]).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "see").await;
    let path = path_of(&told["object"]["attachments"][0]);
    let ask = async |customer: &str, path: &str| -> Answer { house.ask(customer, Method::GET, path, None).await };
    ask("bruno", &path).await.refused(404, "not_found");
    ask("ana", "/v1/attachments/att_x").await.refused(404, "not_found");
    let another = path.replace(&path[path.len() - 4..], "0000");
    ask("ana", &another).await.refused(404, "not_found");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_fetched_says_why() {
    let house = House::new().await;
    let (bruno, channel, _, mut feed) = begun(&house).await;
    let share = |text: &str, file: NewFile| house.slack.act_share(&bruno, &channel, text, None, vec![file]).unwrap();
    share("stub", NewFile { stub: true, ..drawing() });
    share("slow", NewFile { processing_micros: 3_600_000_000, ..drawing() });
    share("elsewhere", NewFile { external_url: Some("https://docs.example/1".to_owned()), ..drawing() });
    let (_, gone) = share("gone", drawing());
    // Slack tells them in any order.
    let mut told: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
    while told.len() < 4 {
        let event = feed.until(|event| event["kind"] == "message.created").await;
        let text = event["object"]["body"]["text"].as_str().unwrap().to_owned();
        told.insert(text, event["object"]["attachments"][0].clone());
    }
    let path = |text: &str| (path_of(&told[text]), told[text].clone());
    let (stub, shown) = path("stub");
    assert_eq!(shown["name"], drawing().name, "what was only named is completed");
    assert_eq!(house.download("ana", &stub, None).await.bytes, drawing().bytes);
    let ask = async |path: &str| house.ask("ana", Method::GET, path, None).await;
    let (slow, shown) = path("slow");
    assert_eq!(shown["state"], "processing");
    ask(&slow).await.refused(503, "platform_busy");
    let (elsewhere, shown) = path("elsewhere");
    assert_eq!((&shown["state"], &shown["link"]), (&"elsewhere".into(), &"https://docs.example/1".into()));
    ask(&elsewhere).await.refused(422, "slack.file_elsewhere");
    let (path, _) = path("gone");
    house.slack.act_delete_file(&bruno, &gone[0]).unwrap();
    feed.until(|event| event["object"]["attachments"][0]["state"] == "gone").await;
    ask(&path).await.refused(422, "slack.file_deleted");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_uploaded_go_out_with_one_message_whatever_answers_are_lost() {
    let house = House::new().await;
    let (_, channel, chat, mut feed) = begun(&house).await;
    let (one, two) = ("a".repeat(300_000), "b".repeat(10));
    let first = house.upload("ana", "one.txt", one.clone()).await.good();
    let second = house.upload("ana", "two.txt", two.clone()).await.good();
    assert_eq!(house.download("ana", &path_of(&first), None).await.bytes, one.as_bytes());
    for method in ["files.getUploadURLExternal", "upload", "files.info"] {
        let fault = Fault { method: Some(method.to_owned()), kind: FaultKind::AnswerLost, times: 1 };
        house.slack.faults().push(fault);
    }
    let wish = json!({ "attachments": [first["id"], second["id"]] });
    let path = format!("/v1/chats/{chat}/messages");
    let sent = house.ask("ana", Method::POST, &path, Some(wish.clone())).await.good();
    assert_eq!((&sent["status"], &sent["attachments"][0]["name"]), (&json!("pending"), &json!("one.txt")));
    house.ask("ana", Method::POST, &path, Some(wish)).await.refused(422, "upload_taken");
    let told = feed.message(&sent["id"], |message| message["status"] == "sent").await;
    let files = told["object"]["attachments"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(house.download("ana", &path_of(&files[1]), None).await.bytes, two.as_bytes());
    let held = house.slack.channel(&channel).unwrap();
    let with_files: Vec<_> = held.messages.iter().filter(|message| !message.files.is_empty()).collect();
    assert_eq!((with_files.len(), with_files[0].files[0].size), (1, 300_000));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_cannot_be_sent_says_why() {
    let house = House::with(|config| config.limits.attachment_bytes = 1000, |_| {}).await;
    let (_, _, chat, _) = begun(&house).await;
    house.upload("ana", "large", "x".repeat(1001)).await.refused(413, "file_too_large");
    house.upload("ana", "empty", "").await.refused(422, "empty_file");
    house.upload("ana", "a%0Ab", "x").await.refused(400, "bad_name");
    let held = house.upload("ana", "just%20right", "x".repeat(1000)).await.good();
    let path = format!("/v1/chats/{chat}/messages");
    house.ask("bruno", Method::GET, &path_of(&held), None).await.refused(404, "not_found");
    let nothing = |words: Value| json!({ "attachments": [], "text": words });
    house.ask("ana", Method::POST, &path, Some(nothing("".into()))).await.refused(422, "empty_text");
    house.ask("ana", Method::POST, &path, Some(nothing(Value::Null))).await.refused(400, "one_wording");
    let bruno = house.person(1);
    let connection = house.connect("bruno", &bruno).await;
    let channel = house.slack.act_create_channel(&bruno, "own", false).unwrap();
    let elsewhere = house.import("bruno", &connection, &channel).await;
    let theirs = json!({ "attachments": [held["id"]] });
    let path = format!("/v1/chats/{elsewhere}/messages");
    house.ask("bruno", Method::POST, &path, Some(theirs)).await.refused(404, "not_found");
    // Whatever is not sent is forgotten, with its bytes.
    house.clock.set_seconds(25 * 60 * 60);
    while house.running.server.engine.forget_turn().await.unwrap() == engine::Turn::Worked {}
    house.ask("ana", Method::GET, &path_of(&held), None).await.refused(404, "not_found");
    let folder = house.running.server.config.uploads_folder();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    // So are bytes that no row leads to, as after a restore.
    let kept = house.upload("ana", "kept", "x").await.good();
    std::fs::write(folder.join("att_0189aaaabbbb7cccdddd000011112222"), "left over").unwrap();
    assert_eq!(house.running.server.engine.remove_stray_files().await.unwrap(), 1);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    assert_eq!(house.download("ana", &path_of(&kept), None).await.bytes, "x");
    house.clock.set_seconds(0);
    house.close().await;
}

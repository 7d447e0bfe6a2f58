//! Files, both ways.

use crate::house::{Answer, Feed, House};
use bytes::Bytes;
use reqwest::{Method, header};
use sandbox::slack::NewFile;
use serde_json::Value;

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

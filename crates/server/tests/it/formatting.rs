//! What a message looks like, on its way to Slack and from it.

use crate::house::{Feed, House};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn looks_go_both_ways() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = Feed::open(&house, "ana", house.get("ana", "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await;
    let path = format!("/v1/chats/{chat}/messages");
    let send = async |body: Value| house.ask("ana", Method::POST, &path, Some(body)).await;

    let markdown = "**Dear** <all>, 2\\*3 at https://x.org\n\n- one\n- two\n\n> said";
    let sent = send(json!({ "markdown": markdown })).await.good();
    let html = "<p><strong>Dear</strong> &lt;all&gt;, 2*3 at <a href=\"https://x.org\" rel=\"noopener noreferrer nofollow\">\
                https://x.org</a></p><ul><li>one</li><li>two</li></ul><blockquote><p>said</p></blockquote>";
    assert_eq!((&sent["status"], &sent["body"]["html"]), (&json!("pending"), &json!(html)));
    let sent = feed.message(&sent["id"], |message| message["status"] == "sent").await["object"].clone();
    assert_eq!(sent["body"]["html"], html);
    assert_eq!(sent["body"]["text"], "Dear <all>, 2*3 at https://x.org\n• one\n• two\n> said");
    let there = || house.slack.channel(&channel).unwrap().messages.pop().unwrap();
    let elements = there().blocks[0]["elements"].clone();
    let kinds: Vec<_> = elements.as_array().unwrap().iter().map(|element| element["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["rich_text_section", "rich_text_list", "rich_text_quote"]);
    assert_eq!(elements[0]["elements"][0], json!({ "type": "text", "text": "Dear", "style": { "bold": true } }));

    let message = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
    let edit = json!({ "html": "<p>now <code>x &lt; y</code></p><script>alert(1)</script>" });
    house.ask("ana", Method::PATCH, &message, Some(edit)).await.good();
    let edited = feed.message(&sent["id"], |message| message["edited_at"].is_string()).await["object"].clone();
    assert_eq!(edited["body"]["markdown"], "now `x < y`\n\nalert(1)");
    assert_eq!(there().blocks[0]["elements"][0]["elements"][1]["style"]["code"], true);

    house.slack.act_post(&bruno, &channel, "*so* <b>\n- a\n- `b`", None).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "so <b>\n• a\n• b").await;
    assert_eq!(
        told["object"]["body"]["html"],
        "<p><strong>so</strong> &lt;b&gt;</p><ul><li>a</li><li><code>b</code></li></ul>"
    );
    assert_eq!(told["object"]["body"]["markdown"], "**so** \\<b>\n\n- a\n- `b`");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_words_stay_plain_and_are_said_once() {
    let house = House::new().await;
    let ana = house.person(0);
    let channel = house.shared_channel(&[&ana]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let path = format!("/v1/chats/{chat}/messages");
    let send = async |body: Value| house.ask("ana", Method::POST, &path, Some(body)).await;
    let mut feed = Feed::open(&house, "ana", 0).await;

    let sent = send(json!({ "text": "*not bold* <b> `x`" })).await.good();
    let sent = feed.message(&sent["id"], |message| message["status"] == "sent").await["object"].clone();
    assert_eq!(sent["body"]["text"], "*not bold* <b> `x`");
    assert_eq!(sent["body"]["markdown"], "\\*not bold\\* \\<b> \\`x\\`");
    assert_eq!(sent["body"]["html"], Value::Null);

    send(json!({})).await.refused(400, "one_wording");
    send(json!({ "text": "a", "markdown": "a" })).await.refused(400, "one_wording");
    send(json!({ "markdown": "> \n\n" })).await.refused(422, "empty_text");
    send(json!({ "markdown": "x".repeat(12_001) })).await.refused(422, "text_too_long");
    let path = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
    house.ask("ana", Method::PATCH, &path, Some(json!({ "html": "a", "text": "a" }))).await.refused(400, "one_wording");
    house.close().await;
}

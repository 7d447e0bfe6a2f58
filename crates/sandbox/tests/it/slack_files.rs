//! Files: shared by people, uploaded by the app, handed out to those who may have them.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use sandbox::slack::{Fault, FaultKind, NewFile};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{World, run};

const FILES: &[&str] = &["channels:history", "channels:read", "files:read", "files:write", "chat:write"];
/// Longer than an upload needs to appear.
const A_WHILE_MICROS: i64 = 1_000_000;

fn plan() -> NewFile {
    NewFile { name: "Plan.png".into(), bytes: "drawing".into(), ..NewFile::default() }
}

/// A world whose bot may handle files.
fn world() -> World {
    let mut world = World::new();
    world.installed = world.slack.install(&world.ana, FILES, &[]).unwrap();
    world.events();
    world
}

struct Handed {
    status: u16,
    kind: String,
    body: Vec<u8>,
    lost: bool,
}

impl World {
    fn handed(&self, request: Request<Body>) -> Handed {
        run(async {
            let answer = self.slack.router().oneshot(request).await.unwrap();
            let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
            let lost = answer.extensions().get::<sandbox::slack::AnswerLost>().is_some();
            let status = answer.status().as_u16();
            Handed { status, kind, lost, body: answer.into_body().collect().await.unwrap().to_bytes().to_vec() }
        })
    }

    fn fetch(&self, url: &Value, token: &str) -> Handed {
        let path = url.as_str().unwrap().strip_prefix("https://files.slack.invalid").unwrap().to_owned();
        self.handed(Request::get(path).header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap())
    }

    fn put(&self, url: &Value, kind: &str, body: &str) -> Handed {
        let path = url.as_str().unwrap().strip_prefix("https://files.slack.invalid").unwrap().to_owned();
        self.handed(Request::post(path).header("content-type", kind).body(Body::from(body.to_owned())).unwrap())
    }

    fn upload(&self, name: &str, body: &str) -> Value {
        let begun = self.call("files.getUploadURLExternal", json!({ "filename": name, "length": body.len() }));
        let answer = self.put(&begun["upload_url"], "application/octet-stream", body);
        assert_eq!((answer.status, answer.body), (200, format!("OK - {}", body.len()).into_bytes()));
        begun["file_id"].clone()
    }

    fn complete(&self, files: &[&Value], text: &str) -> Value {
        let files: Vec<_> = files.iter().map(|id| json!({ "id": id })).collect();
        let files = Value::from(files).to_string();
        let wish = json!({ "files": files, "channel_id": self.channel, "initial_comment": text });
        self.call("files.completeUploadExternal", wish)
    }
}

#[test]
fn a_file_that_is_shared_is_told_in_its_message_and_by_itself() {
    let world = world();
    let (ts, files) = world.slack.act_share(&world.bruno, &world.channel, "look", None, vec![plan()]).unwrap();
    let events: Vec<Value> = world.events().into_iter().map(|body| body["event"].clone()).collect();
    let message = events.iter().find(|event| event["type"] == "message").unwrap();
    assert_eq!(
        (&message["subtype"], &message["ts"], &message["text"]),
        (&json!("file_share"), &json!(ts), &json!("look"))
    );
    assert_eq!((&message["files"][0]["name"], &message["files"][0]["size"]), (&json!("Plan.png"), &json!(7)));
    let shared = events.iter().find(|event| event["type"] == "file_shared").unwrap();
    assert_eq!((&shared["file_id"], &shared["channel_id"]), (&json!(files[0]), &json!(world.channel)));
    let info = world.call("files.info", json!({ "file": files[0] }));
    assert_eq!(info["file"]["shares"]["public"][&world.channel][0]["ts"], ts.as_str());
    let listed = world.call("files.list", json!({ "channel": world.channel }));
    assert_eq!(listed["files"][0]["id"], files[0].as_str());
}

#[test]
fn only_a_token_that_may_read_gets_the_file_and_all_others_a_page() {
    let world = world();
    let (_, files) = world.slack.act_share(&world.bruno, &world.channel, "", None, vec![plan()]).unwrap();
    let file = world.call("files.info", json!({ "file": files[0] }))["file"].clone();
    for name in ["url_private", "url_private_download"] {
        let whole = world.fetch(&file[name], world.bot());
        assert_eq!((whole.status, whole.kind.as_str(), &whole.body[..]), (200, "image/png", &b"drawing"[..]));
    }
    assert_eq!(world.fetch(&file["thumb_360"], world.bot()).kind, "image/svg+xml");
    let narrow = world.slack.install(&world.bruno, &[], &["channels:history"]).unwrap().user_token.unwrap();
    for token in ["", "xoxb-wrong", &narrow] {
        let page = world.fetch(&file["url_private"], token);
        assert_eq!((page.status, page.kind.as_str()), (200, "text/html; charset=utf-8"), "{token}");
        assert!(page.body.starts_with(b"<!DOCTYPE html>"));
    }
}

#[test]
fn an_upload_may_bear_blocks_where_it_has_no_comment() {
    let world = world();
    let leaves =
        json!([{ "type": "text", "text": "see " }, { "type": "link", "url": "https://x.example", "text": "it" }]);
    let section = json!({ "type": "rich_text_section", "elements": leaves });
    let blocks = json!([{ "type": "rich_text", "block_id": "own", "elements": [section] }]);
    let wish = |file: &Value, comment: &str, blocks: &Value| {
        let files = json!([{ "id": file }]).to_string();
        let wish = json!({ "files": files, "channel_id": world.channel, "initial_comment": comment });
        let blocks = json!({ "blocks": blocks.to_string() });
        let all = wish.as_object().unwrap().iter().chain(blocks.as_object().unwrap());
        world.call("files.completeUploadExternal", all.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    assert_eq!(wish(&world.upload("one.txt", "one"), "", &blocks)["ok"], true);
    assert_eq!(wish(&world.upload("two.txt", "two"), "said", &blocks)["ok"], true);
    let wrong = json!([{ "type": "rich_text", "elements": [{ "type": "rich_text_poem" }] }]);
    assert_eq!(wish(&world.upload("three.txt", "three"), "", &wrong)["error"], "invalid_blocks");
    world.pass(A_WHILE_MICROS);
    assert_eq!(world.call("files.list", json!({}))["files"].as_array().map(Vec::len), Some(2));
    let channel = world.slack.channel(&world.channel).unwrap();
    let sent = channel.messages.iter().filter(|one| !one.files.is_empty());
    let shown: Vec<_> = sent.map(|one| (one.text.as_str(), one.blocks[0]["block_id"] == "own")).collect();
    assert_eq!(shown, [("see it", true), ("said", false)]);
}

#[test]
fn an_upload_takes_three_steps_and_appears_a_while_later() {
    let world = world();
    let (one, two) = (world.upload("one.txt", "one"), world.upload("two.txt", "two!"));
    assert_eq!(world.call("files.info", json!({ "file": one }))["error"], "file_not_found");
    let answer = world.complete(&[&one, &two], "both");
    assert_eq!((&answer["ok"], &answer["files"][0]["shares"]), (&json!(true), &json!({})));
    assert_eq!(world.texts(), Vec::<String>::new());
    world.pass(A_WHILE_MICROS);
    let info = world.call("files.info", json!({ "file": one }));
    let ts = info["file"]["shares"]["public"][&world.channel][0]["ts"].as_str().unwrap();
    let channel = world.slack.channel(&world.channel).unwrap();
    let message = channel.message(ts).unwrap();
    assert_eq!((message.text.as_str(), message.files.len()), ("both", 2));
    assert_eq!((message.files[1].name.as_str(), message.files[1].size), ("two.txt", 4));
    // Slack guards nobody who completes twice.
    world.complete(&[&one], "again");
    world.pass(A_WHILE_MICROS);
    let info = world.call("files.info", json!({ "file": one }));
    assert_eq!(info["file"]["shares"]["public"][&world.channel].as_array().unwrap().len(), 2);
}

#[test]
fn uploads_that_are_not_as_was_said_are_refused() {
    let world = world();
    let begin = |length: i64| world.call("files.getUploadURLExternal", json!({ "filename": "x", "length": length }));
    assert_eq!(begin(0)["error"], "file_upload_size_restricted");
    let begun = begin(5);
    assert_eq!(world.put(&begun["upload_url"], "application/octet-stream", "four").status, 400);
    assert_eq!(world.complete(&[&begun["file_id"]], "")["error"], "file_not_found");
    let wrong = json!(format!("{}x", begun["upload_url"].as_str().unwrap()));
    assert_eq!(world.put(&wrong, "application/octet-stream", "fiver").status, 404);
    let form = "--b\r\nContent-Disposition: form-data; name=\"body\"; filename=\"x\"\r\n\r\nfiver\r\n--b--\r\n";
    assert_eq!(world.put(&begun["upload_url"], "multipart/form-data; boundary=b", form).status, 200);
}

#[test]
fn the_answer_to_the_bytes_can_be_lost() {
    let world = world();
    let begun = world.call("files.getUploadURLExternal", json!({ "filename": "x", "length": 3 }));
    for (kind, took_effect) in [(FaultKind::CallLost, false), (FaultKind::AnswerLost, true)] {
        world.slack.faults().push(Fault { method: Some("upload".into()), kind, times: 1 });
        assert!(world.put(&begun["upload_url"], "application/octet-stream", "abc").lost);
        assert_eq!(world.complete(&[&begun["file_id"]], "")["ok"], json!(took_effect));
    }
}

#[test]
fn a_deleted_file_leaves_its_place_in_the_message() {
    let world = world();
    let (ts, files) = world.slack.act_share(&world.bruno, &world.channel, "mine", None, vec![plan()]).unwrap();
    world.events();
    assert_eq!(world.call("files.delete", json!({ "file": files[0] }))["error"], "cant_delete_file");
    world.slack.act_delete_file(&world.bruno, &files[0]).unwrap();
    let events: Vec<Value> = world.events().into_iter().map(|body| body["event"].clone()).collect();
    let changed = events.iter().find(|event| event["subtype"] == "message_changed").unwrap();
    assert_eq!(changed["message"]["ts"], ts.as_str());
    assert_eq!(changed["message"]["files"], json!([{ "id": files[0], "mode": "tombstone" }]));
    assert_eq!(changed["previous_message"]["files"][0]["mode"], "hosted");
    assert!(events.iter().any(|event| event["type"] == "file_deleted"));
    assert_eq!(world.call("files.info", json!({ "file": files[0] }))["error"], "file_deleted");
}

#[test]
fn a_stub_and_a_file_that_is_not_ready_tell_more_later() {
    let world = world();
    let files = vec![NewFile { stub: true, ..plan() }, NewFile { processing_micros: A_WHILE_MICROS, ..plan() }];
    let (_, files) = world.slack.act_share(&world.bruno, &world.channel, "", None, files).unwrap();
    let told = world.events();
    let message = told.iter().find(|body| body["event"]["type"] == "message").unwrap();
    assert_eq!(message["event"]["files"][0]["file_access"], "check_file_info");
    assert!(message["event"]["files"][1].get("url_private").is_none());
    assert_eq!(world.call("files.info", json!({ "file": files[0] }))["file"]["name"], "Plan.png");
    world.pass(A_WHILE_MICROS);
    assert!(world.call("files.info", json!({ "file": files[1] }))["file"]["url_private"].is_string());
    assert!(world.events().iter().any(|body| body["event"]["type"] == "file_change"));
}

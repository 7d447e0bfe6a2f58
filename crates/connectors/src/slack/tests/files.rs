//! Files: what is said of them, and how they are fetched.

use super::{Call, FakeSlack, World, answer, declined, drained, response, run};
use crate::slack::{Slack, file, wire};
use model::{
    attachment::{Attachment, FileState, Rendition},
    connector::{Connector, ConnectorError},
    http::{HttpError, Response},
};
use serde_json::{Value, json};

const URL: &str = "https://files.slack.com/files-pri/T111-F111/download/plan.png";

fn hosted() -> Value {
    json!({
        "id": "F111", "created": 1_626_342_127, "name": "plan.png", "mimetype": "image/png", "mode": "hosted", "size": 4,
        "url_private": "https://files.slack.com/files-pri/T111-F111/plan.png", "url_private_download": URL,
        "thumb_360": "https://files.slack.com/files-tmb/T111-F111/plan_360.png", "thumb_360_w": 360, "thumb_360_h": 200,
        "permalink": "https://acme.slack.com/files/U222/F111/plan.png",
    })
}

fn read(value: &Value) -> Attachment {
    file::attachment(&serde_json::from_value::<wire::File>(value.clone()).unwrap())
}

fn typed(kind: &str, body: &str) -> Result<Response, HttpError> {
    let mut response = response(200, body);
    response.headers.push(("content-type".to_owned(), kind.to_owned()));
    response.headers.push(("content-length".to_owned(), body.len().to_string()));
    Ok(response)
}

fn login_page() -> Result<Response, HttpError> {
    typed("text/html; charset=utf-8", "<!DOCTYPE html><html>Sign in</html>")
}

fn redirected(target: &str) -> Result<Response, HttpError> {
    let mut response = response(302, "");
    response.headers.push(("location".to_owned(), target.to_owned()));
    Ok(response)
}

fn open(slack: &FakeSlack, file: &Attachment, rendition: Rendition) -> Result<Vec<u8>, ConnectorError> {
    let world = World::of_a_person();
    run(Slack.open_file(&world.access(slack), file, rendition, None)).map(|open| drained(open.chunks))
}

fn code(outcome: Result<Vec<u8>, ConnectorError>) -> String {
    match outcome {
        Err(ConnectorError::Refused(problem)) => problem.code,
        other => panic!("refused, not {other:?}"),
    }
}

#[test]
fn the_state_of_a_file_is_what_slack_says_of_it() {
    let with = |fields: Value| {
        let mut file = hosted();
        for (name, value) in fields.as_object().unwrap() {
            file[name] = value.clone();
        }
        read(&file)
    };
    assert_eq!(with(json!({})).state, FileState::Available);
    assert_eq!(with(json!({ "mode": "snippet" })).state, FileState::Available);
    assert_eq!(with(json!({ "mode": "tombstone" })).state, FileState::Gone);
    assert_eq!(with(json!({ "mode": "hidden_by_limit" })).state, FileState::Gone);
    assert_eq!(with(json!({ "file_access": "check_file_info" })).state, FileState::Unknown);
    assert_eq!(with(json!({ "url_private": null, "url_private_download": null })).state, FileState::Processing);
    assert_eq!(read(&json!({ "id": "F1" })).state, FileState::Unknown);
    let external = with(json!({ "mode": "external", "is_external": true, "url_private": "https://docs.example/d/1" }));
    assert_eq!((external.state, external.link.as_deref()), (FileState::Elsewhere, Some("https://docs.example/d/1")));
    assert_eq!((external.source, external.preview), (Value::Null, None));
    assert_eq!(with(json!({ "permalink": "javascript:alert(1)" })).link, None);
}

#[test]
fn a_file_and_its_small_picture_come_with_the_token() {
    let slack = FakeSlack::raw(|call| typed("image/png", if call.method == URL { "file" } else { "tiny" }));
    assert_eq!(open(&slack, &read(&hosted()), Rendition::Whole).unwrap(), b"file");
    assert_eq!(open(&slack, &read(&hosted()), Rendition::Preview).unwrap(), b"tiny");
    let calls = slack.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.token == "Bearer xoxp-1" && call.argument("reach") == Some("Platform")));
}

#[test]
fn a_sign_in_page_is_never_taken_for_the_file() {
    let page = |info: fn() -> Value| {
        FakeSlack::raw(move |call| if call.method == "files.info" { Ok(answer(&info())) } else { login_page() })
    };
    let lacking = page(|| json!({ "ok": false, "error": "missing_scope", "needed": "files:read" }));
    assert_eq!(code(open(&lacking, &read(&hosted()), Rendition::Whole)), "slack.missing_scope");
    let gone = page(|| declined("file_deleted"));
    assert_eq!(code(open(&gone, &read(&hosted()), Rendition::Whole)), "slack.file_deleted");
    // It was made a moment ago, so it may only not be ready.
    let young = page(|| json!({ "ok": true, "file": hosted() }));
    assert!(matches!(open(&young, &read(&hosted()), Rendition::Whole), Err(ConnectorError::Busy { .. })));
    let old = page(|| {
        let mut file = hosted();
        file["created"] = json!(1_626_000_000);
        json!({ "ok": true, "file": file })
    });
    assert_eq!(code(open(&old, &read(&hosted()), Rendition::Whole)), "slack.file_withheld");
    assert_eq!(old.methods().len(), 2, "the same address is not tried twice");
}

#[test]
fn a_file_that_is_a_page_itself_comes_if_it_has_its_size() {
    let mut file = hosted();
    (file["mimetype"], file["size"]) = (json!("text/html"), json!(6));
    let slack = FakeSlack::raw(|_| typed("text/html", "<p></p>".get(..6).unwrap()));
    assert_eq!(open(&slack, &read(&file), Rendition::Whole).unwrap(), b"<p></p");
    let page = FakeSlack::raw(|call| match call.method.as_str() {
        "files.info" => Ok(answer(&declined("missing_scope"))),
        _ => login_page(),
    });
    assert_eq!(code(open(&page, &read(&file), Rendition::Whole)), "slack.missing_scope");
}

#[test]
fn a_file_that_is_only_named_is_asked_for() {
    let stub = read(&json!({ "id": "F111", "mode": "file_access", "file_access": "check_file_info" }));
    let slack = FakeSlack::raw(|call| match call.method.as_str() {
        "files.info" => Ok(answer(&json!({ "ok": true, "file": hosted() }))),
        URL => typed("image/png", "file"),
        other => panic!("{other}"),
    });
    assert_eq!(open(&slack, &stub, Rendition::Whole).unwrap(), b"file");
    assert_eq!(slack.calls()[0].argument("file"), Some("F111"));
    for (mode, expected) in [("tombstone", "slack.file_deleted"), ("external", "slack.file_elsewhere")] {
        let slack = FakeSlack::new(move |_| {
            let mut file = hosted();
            file["mode"] = json!(mode);
            json!({ "ok": true, "file": file })
        });
        assert_eq!(code(open(&slack, &stub, Rendition::Whole)), expected);
    }
}

#[test]
fn a_redirect_takes_no_token_to_another_host() {
    let slack = FakeSlack::raw(|call| match call.method.as_str() {
        URL => redirected("/elsewhere"),
        "https://files.slack.com/elsewhere" => redirected("https://cdn.example/x"),
        "https://cdn.example/x" => typed("image/png", "file"),
        other => panic!("{other}"),
    });
    assert_eq!(open(&slack, &read(&hosted()), Rendition::Whole).unwrap(), b"file");
    let shown: Vec<_> = slack
        .calls()
        .iter()
        .map(|call: &Call| (call.token.clone(), call.argument("reach").map(str::to_owned)))
        .collect();
    let (token, none) = ("Bearer xoxp-1".to_owned(), String::new());
    let (home, away) = (Some("Platform".to_owned()), Some("Anywhere".to_owned()));
    assert_eq!(shown, [(token.clone(), home.clone()), (token, home), (none, away)]);
    let circle = FakeSlack::raw(|call| match call.method.as_str() {
        "files.info" => Ok(answer(&declined("file_not_found"))),
        _ => redirected(URL),
    });
    assert_eq!(code(open(&circle, &read(&hosted()), Rendition::Whole)), "slack.file_not_found");
    let inward = FakeSlack::raw(|call| match call.method.as_str() {
        "files.info" => Ok(answer(&declined("file_not_found"))),
        URL => redirected("http://10.0.0.1/x"),
        _ => Err(HttpError::Forbidden("10.0.0.1".to_owned())),
    });
    assert_eq!(code(open(&inward, &read(&hosted()), Rendition::Whole)), "slack.file_not_found");
}

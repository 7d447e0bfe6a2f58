//! The emulator beside Google's own description of the API, where the variable `SPECS_DIR` says where that is.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sandbox::gmail::METHODS;
use serde_json::{Value, json};

use crate::mailboxes::{ANA, Mailboxes, TOPIC, encoded};

fn described() -> Option<Value> {
    let folder = PathBuf::from(std::env::var_os("SPECS_DIR")?);
    Some(serde_json::from_slice(&std::fs::read(folder.join("gmail.v1.json")).unwrap()).unwrap())
}

/// The description of `messages.attachments.get`.
fn method<'a>(document: &'a Value, id: &str) -> &'a Value {
    let mut names: Vec<&str> = id.split('.').collect();
    let last = names.pop().unwrap();
    let resource = names.into_iter().fold(&document["resources"]["users"], |above, name| &above["resources"][name]);
    &resource["methods"][last]
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str)).collect()
}

#[test]
fn every_method_is_where_and_what_google_says() {
    let Some(document) = described() else { return };
    for own in METHODS {
        let official = method(&document, own.id);
        assert_eq!(official["httpMethod"], own.verb, "{}", own.id);
        assert_eq!(official["path"], format!("gmail/v1/users/{{userId}}/{}", own.path), "{}", own.id);
        let parameters = official["parameters"].as_object().unwrap().iter();
        let query: BTreeSet<&str> =
            parameters.filter(|(_, about)| about["location"] == "query").map(|(name, _)| name.as_str()).collect();
        assert_eq!(own.query.iter().copied().collect::<BTreeSet<_>>(), query, "{}", own.id);
        let official_scopes = official["scopes"].as_array().unwrap().iter();
        let scopes: BTreeSet<&str> = official_scopes
            .map(|scope| scope.as_str().unwrap().trim_start_matches("https://www.googleapis.com/auth/"))
            .collect();
        assert_eq!(own.scopes.iter().copied().collect::<BTreeSet<_>>(), scopes, "{}", own.id);
        let request = official["request"]["$ref"].as_str();
        let fields = request.map(|name| names(&document["schemas"][name]["properties"])).unwrap_or_default();
        assert_eq!(own.body.iter().copied().collect::<BTreeSet<_>>(), fields, "{}", own.id);
        let most = official["mediaUpload"]["maxSize"].as_str().map(|size| size.parse().unwrap());
        assert_eq!(own.media, most, "{}", own.id);
    }
}

/// Checks that an answer has only the fields that its schema names, of the type that it names.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return check(document, &document["schemas"][name], value, place);
    }
    match schema["type"].as_str().unwrap() {
        "object" => {
            for (name, inner) in value.as_object().unwrap_or_else(|| panic!("{place}: {value}")) {
                let about = &schema["properties"][name];
                assert!(about.is_object(), "{place}.{name} is not in the schema");
                check(document, about, inner, &format!("{place}.{name}"));
            }
        }
        "array" => {
            for item in value.as_array().unwrap_or_else(|| panic!("{place}: {value}")) {
                check(document, &schema["items"], item, &format!("{place}[]"));
            }
        }
        "string" => {
            let text = value.as_str().unwrap_or_else(|| panic!("{place}: {value}"));
            if matches!(schema["format"].as_str(), Some("uint64" | "int64")) {
                assert!(text.parse::<i64>().is_ok(), "{place}: {text}");
            }
        }
        "integer" => assert!(value.is_i64(), "{place}: {value}"),
        "boolean" => assert!(value.is_boolean(), "{place}: {value}"),
        other => panic!("{place}: {other}"),
    }
}

#[test]
fn answers_have_only_the_fields_that_google_names() {
    let Some(document) = described() else { return };
    let world = Mailboxes::new();
    let mut seen = BTreeSet::new();
    let mut call = |id: &'static str, verb: &str, path: &str, body: Value| {
        seen.insert(id);
        let answer = world.call(verb, path, body);
        let schema = &method(&document, id)["response"];
        assert!((200..300).contains(&answer.status), "{id}: {}", answer.text);
        if !schema.is_object() {
            assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{id}");
            return json!(null);
        }
        check(&document, schema, &answer.body, id);
        answer.body
    };
    let start = call("getProfile", "GET", "profile", json!(null))["historyId"].as_str().unwrap().to_owned();
    let files = json!([{ "name": "a.pdf", "kind": "application/pdf", "content": "SGFsbG8=" }]);
    world.act(
        "x@customer.example",
        json!({ "do": "send", "to": ANA, "subject": "Hi", "text": "one", "html": "<p>one", "files": files }),
    );
    let listed = call("messages.list", "GET", "messages", json!(null));
    let id = listed["messages"][0]["id"].as_str().unwrap().to_owned();
    for format in ["minimal", "metadata", "raw", "full"] {
        call("messages.get", "GET", &format!("messages/{id}?format={format}"), json!(null));
    }
    let full = call("messages.get", "GET", &format!("messages/{id}"), json!(null));
    let file = full["payload"]["parts"][1]["body"]["attachmentId"].as_str().unwrap();
    call("messages.attachments.get", "GET", &format!("messages/{id}/attachments/{file}"), json!(null));
    let raw = encoded("To: bruno@acme.example\nSubject: x\n\nx");
    for (name, path) in
        [("messages.send", "messages/send"), ("messages.insert", "messages"), ("messages.import", "messages/import")]
    {
        call(name, "POST", path, json!({ "raw": raw }));
    }
    let star = json!({ "addLabelIds": ["STARRED"] });
    call("messages.modify", "POST", &format!("messages/{id}/modify"), star.clone());
    call("messages.batchModify", "POST", "messages/batchModify", json!({ "ids": [id], "removeLabelIds": ["STARRED"] }));
    call("messages.trash", "POST", &format!("messages/{id}/trash"), json!(null));
    call("messages.untrash", "POST", &format!("messages/{id}/untrash"), json!(null));
    call("threads.list", "GET", "threads", json!(null));
    call("threads.get", "GET", &format!("threads/{id}"), json!(null));
    call("threads.modify", "POST", &format!("threads/{id}/modify"), star);
    call("threads.trash", "POST", &format!("threads/{id}/trash"), json!(null));
    call("threads.untrash", "POST", &format!("threads/{id}/untrash"), json!(null));
    let color = json!({ "textColor": "#000000", "backgroundColor": "#ffffff" });
    let label = call("labels.create", "POST", "labels", json!({ "name": "L", "color": color }))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    call("labels.list", "GET", "labels", json!(null));
    call("labels.get", "GET", &format!("labels/{label}"), json!(null));
    call("labels.update", "PUT", &format!("labels/{label}"), json!({ "name": "M" }));
    call("labels.patch", "PATCH", &format!("labels/{label}"), json!({ "name": "N" }));
    call("labels.delete", "DELETE", &format!("labels/{label}"), json!(null));
    let message = json!({ "message": { "raw": raw } });
    let draft = |made: Value| made["id"].as_str().unwrap().to_owned();
    let (one, other) = (
        draft(call("drafts.create", "POST", "drafts", message.clone())),
        draft(call("drafts.create", "POST", "drafts", message.clone())),
    );
    call("drafts.list", "GET", "drafts", json!(null));
    call("drafts.get", "GET", &format!("drafts/{one}"), json!(null));
    call("drafts.update", "PUT", &format!("drafts/{one}"), message);
    call("drafts.send", "POST", "drafts/send", json!({ "id": one }));
    call("drafts.delete", "DELETE", &format!("drafts/{other}"), json!(null));
    call("settings.sendAs.list", "GET", "settings/sendAs", json!(null));
    call("settings.sendAs.get", "GET", "settings/sendAs/ana%40acme.example", json!(null));
    call("watch", "POST", "watch", json!({ "topicName": TOPIC }));
    call("stop", "POST", "stop", json!(null));
    call("history.list", "GET", &format!("history?startHistoryId={start}"), json!(null));
    call("messages.batchDelete", "POST", "messages/batchDelete", json!({ "ids": ["19aa00000000beef"] }));
    call("threads.delete", "DELETE", &format!("threads/{id}"), json!(null));
    let last = call("messages.insert", "POST", "messages", json!({ "raw": raw }))["id"].as_str().unwrap().to_owned();
    call("messages.delete", "DELETE", &format!("messages/{last}"), json!(null));
    let all: BTreeSet<&str> = METHODS.iter().map(|method| method.id).collect();
    assert_eq!(seen, all);
}

//! History: records, their shapes and pages, and when they end.

use serde_json::{Value, json};

use sandbox::gmail::Config;

use crate::mailboxes::{ANA, Mailboxes, empty};

fn kinds(record: &Value) -> Vec<&str> {
    let fields = record.as_object().unwrap().keys().map(String::as_str);
    fields.filter(|key| !matches!(*key, "id" | "messages")).collect()
}

#[test]
fn what_happens_is_recorded_in_gmails_shapes() {
    let world = Mailboxes::new();
    let start = world.history_id();
    assert_eq!(
        world.get(&format!("history?startHistoryId={start}")),
        json!({ "historyId": start }),
        "nothing, and no list"
    );
    world.act("x@customer.example", json!({ "do": "send", "to": ANA, "subject": "Hi", "text": "one" }));
    let id = world.gmail.mailbox(ANA).unwrap().messages[0].id.clone();
    world.post(&format!("messages/{id}/modify"), json!({ "removeLabelIds": ["STARRED"] }));
    world.post(&format!("messages/{id}/trash"), json!(null));
    world.call("DELETE", &format!("messages/{id}"), json!(null));
    let records = world.history_since(&start);
    let shapes: Vec<Vec<&str>> = records.iter().map(kinds).collect();
    assert_eq!(
        shapes,
        [vec!["messagesAdded"], vec![], vec!["labelsAdded"], vec!["labelsRemoved"], vec!["messagesDeleted"]]
    );
    let ids: Vec<u64> = records.iter().map(|record| record["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]) && ids[0] > start.parse().unwrap(), "{ids:?}");
    let added = &records[2]["labelsAdded"][0];
    assert_eq!(
        (&added["labelIds"], &added["message"]["labelIds"]),
        (&json!(["TRASH"]), &json!(["UNREAD", "CATEGORY_PERSONAL", "INBOX", "TRASH"]))
    );
    let removed = &records[3]["labelsRemoved"][0];
    assert_eq!(
        (&removed["labelIds"], &removed["message"]["labelIds"]),
        (&json!(["INBOX"]), &json!(["UNREAD", "CATEGORY_PERSONAL", "TRASH"]))
    );
    assert_eq!(records[1], json!({ "id": records[1]["id"], "messages": [{ "id": id, "threadId": id }] }));
}

#[test]
fn a_mail_may_leave_a_record_that_tells_nothing() {
    let world = Mailboxes::with(Config { history_noise: 1.0, ..empty() });
    let start = world.history_id();
    world.mail("To: bruno@acme.example\nSubject: Plan\n\nx");
    let records = world.history_since(&start);
    assert_eq!(records.iter().map(|record| kinds(record).len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(world.history_since(records[0]["id"].as_str().unwrap()), records[1..]);
}

#[test]
fn a_record_may_be_of_several_messages() {
    let world = Mailboxes::new();
    let first = world.mail("To: bruno@acme.example\nSubject: Plan\n\nfirst");
    let message_id = world.header(first["id"].as_str().unwrap(), "Message-ID").unwrap();
    world.mail(&format!("To: bruno@acme.example\nSubject: Re: Plan\nReferences: {message_id}\n\nsecond"));
    let start = world.history_id();
    world.post(
        &format!("threads/{}/modify", first["threadId"].as_str().unwrap()),
        json!({ "addLabelIds": ["STARRED"] }),
    );
    let records = world.history_since(&start);
    assert_eq!((records.len(), records[0]["labelsAdded"].as_array().unwrap().len()), (1, 2));
}

#[test]
fn a_page_may_be_empty_and_go_on() {
    let world = Mailboxes::new();
    let start = world.history_id();
    let id = world.mail("To: bruno@acme.example\nSubject: a\n\nx")["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        world.post(&format!("messages/{id}/modify"), json!({ "addLabelIds": ["STARRED"] }));
        world.post(&format!("messages/{id}/modify"), json!({ "removeLabelIds": ["STARRED"] }));
    }
    world.mail("To: bruno@acme.example\nSubject: b\n\nx");
    let path = format!("history?startHistoryId={start}&maxResults=2&historyTypes=messageAdded");
    let (mut found, mut empty_pages, mut token) = (0, 0, String::new());
    loop {
        let page = world.get(&format!("{path}{token}"));
        assert_eq!(page["historyId"], world.history_id(), "every page says how far the mailbox is");
        let count = page["history"].as_array().map_or(0, Vec::len);
        found += count;
        let Some(next) = page["nextPageToken"].as_str() else { break };
        empty_pages += usize::from(count == 0);
        token = format!("&pageToken={next}");
    }
    assert_eq!(found, 2);
    assert!(empty_pages > 0);
    assert_eq!(
        world.call("GET", &format!("history?startHistoryId={start}&historyTypes=messagesAdded"), json!(null)).status,
        400
    );
}

#[test]
fn history_that_is_too_old_is_not_found() {
    let world = Mailboxes::with(Config { history_life: std::time::Duration::from_secs(600), ..empty() });
    let start = world.history_id();
    world.mail("To: bruno@acme.example\nSubject: a\n\nx");
    let middle = world.history_id();
    world.pass(601_000_000);
    let status = |start: &str| world.call("GET", &format!("history?startHistoryId={start}"), json!(null)).status;
    assert_eq!((status(&start), status(&middle)), (404, 200));
    world.mail("To: bruno@acme.example\nSubject: b\n\nx");
    world.gmail.expire_history(ANA);
    assert_eq!((status(&middle), status(&world.history_id())), (404, 200));
    assert_eq!(status("99999999"), 404);
    assert_eq!(status(""), 400);
}

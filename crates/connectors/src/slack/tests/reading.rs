//! History and single messages, page by page, and what errors lead to.

use super::{DATE, FakeSlack, SEEN, World, answer, declined, response, run};
use crate::slack::Slack;
use bytes::Bytes;
use model::{
    compare::Stretch,
    connector::{Connector, ConnectorError, Page, Reading},
    facets::Version,
    http::{HttpError, Response},
    id::{Cursor, ExternalId},
    time::Timestamp,
    update::Update,
};
use serde_json::{Value, json};
use std::time::Duration;

pub fn pull(
    world: &World,
    slack: &FakeSlack,
    reading: &Reading,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    run(Slack.pull(&world.access(slack), reading, cursor))
}

/// All pages; the number is a guard against a cursor that goes round in circles.
pub fn pull_all(world: &World, slack: &FakeSlack, reading: &Reading) -> Vec<Vec<Update>> {
    let mut pages = Vec::new();
    let mut cursor = None;
    for _ in 0..20 {
        let page = pull(world, slack, reading, cursor.as_ref()).unwrap();
        pages.push(page.updates);
        cursor = page.next;
        if cursor.is_none() {
            return pages;
        }
    }
    panic!("the pages never end")
}

fn history() -> Reading {
    Reading::History { chat: ExternalId::from("C1"), since: None }
}

fn post(ts: &str) -> Value {
    json!({ "type": "message", "user": "U222", "text": format!("at {ts}"), "ts": ts })
}

fn names(page: &[Update]) -> Vec<String> {
    page.iter()
        .filter_map(|update| match update {
            Update::Message(message) => Some(message.id.as_str().to_owned()),
            Update::Deleted { message, .. } => Some(format!("-{message}")),
            _ => None,
        })
        .collect()
}

/// Two pages of the main line; the first has a thread of two pages and one that is gone by now.
fn channel_with_threads() -> FakeSlack {
    FakeSlack::new(|call| {
        let cursor = call.argument("cursor");
        match (call.method.as_str(), call.argument("ts"), cursor) {
            ("conversations.history", None, None) => {
                let mut parent = post("300.000000");
                parent["reply_count"] = json!(2);
                let mut gone = post("200.000000");
                gone["reply_count"] = json!(1);
                json!({ "ok": true, "messages": [parent, gone, { "text": "no ts" }],
                        "response_metadata": { "next_cursor": "bWFpbg==" } })
            }
            ("conversations.history", None, Some("bWFpbg==")) => {
                let tombstone = json!({ "subtype": "tombstone", "ts": "100.000000", "user": "USLACKBOT" });
                json!({ "ok": true, "messages": [tombstone], "response_metadata": { "next_cursor": "" } })
            }
            ("conversations.replies", Some("300.000000"), None) => {
                json!({ "ok": true, "messages": [post("300.000000"), reply("301.000000")], "has_more": true,
                        "response_metadata": { "next_cursor": "cmVwbGllcw==" } })
            }
            ("conversations.replies", Some("300.000000"), Some("cmVwbGllcw==")) => {
                json!({ "ok": true, "messages": [reply("302.000000")], "has_more": false })
            }
            ("conversations.replies", Some("200.000000"), None) => declined("thread_not_found"),
            other => panic!("{other:?}"),
        }
    })
}

fn reply(ts: &str) -> Value {
    let mut reply = post(ts);
    reply["thread_ts"] = json!("300.000000");
    reply
}

#[test]
fn the_threads_of_a_page_are_read_before_the_next_page() {
    let pages = pull_all(&World::of_a_person(), &channel_with_threads(), &history());
    let named: Vec<_> = pages.iter().map(|page| names(page)).collect();
    let expected: [&[&str]; 5] = [
        &["C1:300.000000", "C1:200.000000"],
        &["C1:300.000000", "C1:301.000000"],
        &["C1:302.000000"],
        &[],
        &["-C1:100.000000"],
    ];
    assert_eq!(named, expected);
}

/// What each page vouches for, in seconds: thread, from, before.
fn vouched(world: &World, slack: &FakeSlack, reading: &Reading) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let page = pull(world, slack, reading, cursor.as_ref()).unwrap();
        let seconds = |position: &str| position.trim_start_matches('0').to_owned();
        let end = |position: &str| if position.starts_with('9') { "end".to_owned() } else { seconds(position) };
        let told = |one: &Stretch| {
            let line = one.thread.as_ref().map_or("main", |thread| thread.as_str());
            format!("{line} {}..{}", seconds(&one.from), end(&one.before))
        };
        let since = page.since.map(|since| format!("since {}", since.micros() / 1_000_000));
        pages.push(page.whole.iter().map(told).chain(since).collect());
        cursor = page.next;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[test]
fn a_page_vouches_for_what_it_listed_whole() {
    let pages = vouched(&World::of_a_person(), &channel_with_threads(), &history());
    let expected: [&[&str]; 5] = [
        // Both messages have threads, so nothing is said of these yet.
        &["main 200.000000..end"],
        &["C1:300.000000 .000000..301.000001"],
        &["C1:300.000000 301.000001..end"],
        &["C1:200.000000 .000000..end", "since 200"],
        &["C1:100.000000 100.000000..end", "main .000000..200.000000", "since 0"],
    ];
    assert_eq!(pages, expected);
}

#[test]
fn a_window_asks_for_its_part_and_vouches_for_no_more() {
    let slack = FakeSlack::new(|call| match call.method.as_str() {
        "conversations.history" => json!({ "ok": true, "messages": [post("250.000000")] }),
        _ => panic!("a quiet chat is one call"),
    });
    let at = |seconds: i64| Some(Timestamp::from_micros(seconds * 1_000_000));
    let window = Reading::Window { chat: ExternalId::from("C1"), from: at(200), to: at(300) };
    let pages = vouched(&World::of_a_person(), &slack, &window);
    let expected = ["C1:250.000000 250.000000..300.000000", "main 200.000000..300.000000", "since 200"];
    assert_eq!(pages, [expected]);
    let call = slack.calls().remove(0);
    let arguments = ["oldest", "latest", "inclusive"].map(|name| call.argument(name));
    assert_eq!(arguments, [Some("200.000000"), Some("299.999999"), Some("true")]);
}

#[test]
fn a_thread_by_itself_is_read_from_a_time_on() {
    let slack = FakeSlack::new(|call| match call.argument("ts") {
        Some("300.000000") => json!({ "ok": true, "messages": [post("300.000000"), reply("302.000000")] }),
        _ => declined("thread_not_found"),
    });
    let replies = |root: &str| Reading::Replies {
        chat: ExternalId::from("C1"),
        thread: ExternalId(format!("C1:{root}")),
        from: Some(Timestamp::from_micros(301_000_000)),
        to: None,
    };
    let world = World::of_a_person();
    let page = pull(&world, &slack, &replies("300.000000"), None).unwrap();
    assert_eq!(names(&page.updates), ["C1:300.000000", "C1:302.000000"]);
    assert_eq!(slack.calls()[0].argument("oldest"), Some("301.000000"));
    assert_eq!(vouched(&world, &slack, &replies("300.000000")), [["C1:300.000000 301.000000..end", "since 301"]]);
    // A thread that is gone has nothing, which is vouched for too.
    assert_eq!(vouched(&world, &slack, &replies("200.000000")), [["C1:200.000000 301.000000..end", "since 301"]]);
}

#[test]
fn what_a_plan_hides_is_not_vouched_for() {
    let slack = FakeSlack::new(|_| json!({ "ok": true, "messages": [post("250.000000")], "is_limited": true }));
    let page = pull(&World::of_a_person(), &slack, &history(), None).unwrap();
    assert_eq!(page.hidden.map(|problem| problem.code).as_deref(), Some("slack.history_limited"));
    assert_eq!(page.whole.last().map(|one| one.from.clone()), Some("0000000000250.000000".to_owned()));
    assert_eq!(page.since, Some(Timestamp::from_micros(250_000_000)));
}

#[test]
fn a_place_that_tells_no_bounds_vouches_for_nothing() {
    let slack = FakeSlack::new(|_| json!({ "ok": true, "messages": [post("250.000000")] }));
    let cursor = Cursor::from(r#"{"main":"of an earlier version"}"#);
    assert_eq!(pull(&World::of_a_person(), &slack, &history(), Some(&cursor)).unwrap().whole, []);
}

#[test]
fn a_reply_knows_its_thread_and_a_parent_is_in_none() {
    let pages = pull_all(&World::of_a_person(), &channel_with_threads(), &history());
    let Some(Update::Message(reply)) = pages[2].first() else { panic!("a reply") };
    assert_eq!(reply.content.thread_root, Some(ExternalId::from("C1:300.000000")));
    let Some(Update::Message(parent)) = pages[1].first() else { panic!("a parent") };
    assert_eq!(parent.content.thread_root, None);
}

#[test]
fn an_import_since_a_time_asks_for_nothing_older() {
    let slack = FakeSlack::new(|_| json!({ "ok": true, "messages": [] }));
    let since = Some(Timestamp::from_micros(1_626_342_128_008_700));
    let page = pull(&World::of_a_person(), &slack, &Reading::History { chat: "C1".into(), since }, None).unwrap();
    assert_eq!((page.updates, page.next, page.since), (Vec::new(), None, since));
    let call = slack.calls().remove(0);
    assert_eq!(call.argument("oldest"), Some("1626342128.008700"));
    assert_eq!(call.argument("include_all_metadata"), Some("true"));
    assert_eq!(call.token, "Bearer xoxp-1");
}

#[test]
fn an_empty_page_with_a_cursor_is_not_the_end() {
    let slack = FakeSlack::new(|call| match call.argument("cursor") {
        None => json!({ "ok": true, "messages": [], "response_metadata": { "next_cursor": "more==" } }),
        Some(_) => json!({ "ok": true, "messages": [post("1.000000")] }),
    });
    let pages = pull_all(&World::of_a_person(), &slack, &history());
    assert_eq!(pages.iter().map(|page| names(page).len()).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_cursor_that_slack_forgot_or_that_is_not_ours_begins_again() {
    let slack = FakeSlack::new(|_| declined("invalid_cursor"));
    for cursor in [r#"{"main":"old"}"#, "", "dGVhbQ==", r#"{"threads":["x"]}"#, "[]", "7"] {
        let cursor = Cursor::from(cursor);
        let pulled = pull(&World::of_a_person(), &slack, &history(), Some(&cursor));
        assert!(matches!(pulled, Err(ConnectorError::CursorLost)), "{cursor}");
    }
}

/// The one message of a channel, as a history shows it.
fn seen(message: Value) -> Vec<Update> {
    let slack = FakeSlack::new(move |_| json!({ "ok": true, "messages": [message.clone()] }));
    pull(&World::of_a_person(), &slack, &history(), None).unwrap().updates
}

fn version(updates: &[Update]) -> i64 {
    match updates.first() {
        Some(Update::Message(message)) => message.version.0,
        other => panic!("a message, not {other:?}"),
    }
}

#[test]
fn what_was_seen_holds_as_of_slacks_clock_less_a_margin() {
    assert_eq!(version(&seen(post("1626342128.008700"))), SEEN);
    // Younger than the margin: as of itself, which is what its event will say.
    assert_eq!(version(&seen(post("1626342142.000700"))), 1_626_342_142_000_700);
    let mut edited = post("1626342142.000700");
    edited["edited"] = json!({ "user": "U222", "ts": "1626342142.000000" });
    assert_eq!(version(&seen(edited)), 1_626_342_142_000_701);
}

#[test]
fn a_history_states_all_reactions_also_that_there_are_none() {
    let updates = seen(post("1.000000"));
    assert!(matches!(&updates[1], Update::Reactions { set, .. } if set.is_empty()));
    let mut message = post("1.000000");
    message["reactions"] = json!([
        { "name": "+1", "users": ["U1", "U2"], "count": 2 }, { "name": "party_parrot", "users": ["U1"], "count": 1 },
    ]);
    let updates = seen(message);
    let Update::Reactions { set, version, .. } = &updates[1] else { panic!("reactions") };
    assert_eq!(set.keys().collect::<Vec<_>>(), [":party_parrot:", "👍"]);
    assert_eq!(set["👍"].len(), 2);
    assert_eq!(*version, Version(SEEN));
}

fn cut_short(full: Value) -> (FakeSlack, Vec<Update>) {
    let slack = FakeSlack::new(move |call| {
        let mut message = post("1.000000");
        message["reactions"] = json!([{ "name": "+1", "users": ["U1"], "count": 3 }]);
        match call.method.as_str() {
            "conversations.history" => json!({ "ok": true, "messages": [message] }),
            _ => full.clone(),
        }
    });
    let updates = pull(&World::of_a_person(), &slack, &history(), None).unwrap().updates;
    (slack, updates)
}

#[test]
fn reactions_that_slack_cut_short_are_asked_for() {
    let whole =
        json!({ "ok": true, "message": { "reactions": [{ "name": "+1", "users": ["U1", "U2", "U3"], "count": 3 }] } });
    let (slack, updates) = cut_short(whole);
    assert_eq!(slack.calls()[1].argument("full"), Some("true"));
    assert!(matches!(&updates[1], Update::Reactions { set, .. } if set["👍"].len() == 3));
}

#[test]
fn of_reactions_that_stay_cut_short_only_those_named_are_told() {
    let still_cut =
        json!({ "ok": true, "message": { "reactions": [{ "name": "+1", "users": ["U1", "U2"], "count": 3 }] } });
    for full in [still_cut, declined("missing_scope")] {
        let (_, updates) = cut_short(full);
        let told = &updates[1..];
        assert!(!told.is_empty());
        assert!(told.iter().all(|update| matches!(update, Update::Reacted { present: true, .. })), "{told:?}");
    }
}

fn look_up(slack: &FakeSlack) -> Result<Page, ConnectorError> {
    let reading = Reading::Message { chat: "C1".into(), message: "C1:50.000000".into() };
    pull(&World::of_a_person(), slack, &reading, None)
}

#[test]
fn a_message_is_looked_up_in_the_main_line_and_then_in_threads() {
    let slack = FakeSlack::new(|call| match call.method.as_str() {
        // An older one comes in its place.
        "conversations.history" => json!({ "ok": true, "messages": [post("40.000000")] }),
        _ => json!({ "ok": true, "messages": [post("10.000000"), post("50.000000")] }),
    });
    assert_eq!(names(&look_up(&slack).unwrap().updates), ["C1:50.000000"]);
    let slack = FakeSlack::new(|_| json!({ "ok": true, "messages": [post("50.000000")] }));
    assert_eq!(names(&look_up(&slack).unwrap().updates), ["C1:50.000000"]);
    assert_eq!(slack.methods(), ["conversations.history"]);
}

#[test]
fn a_message_that_is_nowhere_is_deleted() {
    let slack = FakeSlack::new(|call| match call.method.as_str() {
        "conversations.history" => json!({ "ok": true, "messages": [] }),
        _ => declined("thread_not_found"),
    });
    let updates = look_up(&slack).unwrap().updates;
    assert_eq!(
        updates,
        [Update::Deleted { chat: "C1".into(), message: "C1:50.000000".into(), version: Version(SEEN) }]
    );
}

/// To call it deleted would be for ever.
#[test]
fn a_message_that_may_not_be_seen_is_not_called_deleted() {
    let hidden = FakeSlack::new(|call| match call.method.as_str() {
        "conversations.history" => json!({ "ok": true, "messages": [], "is_limited": true }),
        _ => declined("thread_not_found"),
    });
    let hidden_in_its_thread =
        FakeSlack::new(|_| json!({ "ok": true, "messages": [post("1.000000")], "is_limited": true }));
    let no_channel = FakeSlack::new(|_| declined("channel_not_found"));
    for slack in [hidden, hidden_in_its_thread, no_channel] {
        assert!(matches!(look_up(&slack), Err(ConnectorError::Refused(_))));
    }
}

fn failing(script: impl Fn() -> Result<Response, HttpError> + Send + Sync + 'static) -> ConnectorError {
    let slack = FakeSlack::raw(move |_| script());
    pull(&World::of_a_person(), &slack, &history(), None).unwrap_err()
}

#[test]
fn a_reading_that_breaks_off_is_asked_again() {
    let busy: [fn() -> Result<Response, HttpError>; 6] = [
        || Err(HttpError::Broken("gone".to_owned())),
        || Err(HttpError::NotSent("no way".to_owned())),
        || Ok(response(503, "<!DOCTYPE html><p>Sorry")),
        || Ok(response(200, "<!DOCTYPE html><p>Sign in")),
        || Ok(answer(&declined("internal_error"))),
        || Ok(response(500, "[]")),
    ];
    for script in busy {
        assert!(matches!(failing(script), ConnectorError::Busy { .. }));
    }
}

#[test]
fn slack_is_given_the_time_that_it_asks_for() {
    let limited = |status: u16, body: &'static str| Response {
        status,
        headers: vec![("retry-after".to_owned(), "30".to_owned()), ("date".to_owned(), DATE.to_owned())],
        body: Bytes::from_static(body.as_bytes()),
    };
    for (status, body) in
        [(429, ""), (429, r#"{"ok":false,"error":"ratelimited"}"#), (200, r#"{"ok":false,"error":"rate_limited"}"#)]
    {
        let error = failing(move || Ok(limited(status, body)));
        assert!(matches!(error, ConnectorError::Busy { after } if after == Duration::from_secs(30)), "{error}");
    }
}

#[test]
fn errors_say_what_to_do_next() {
    for error in ["invalid_auth", "token_revoked", "account_inactive"] {
        assert!(matches!(failing(move || Ok(answer(&declined(error)))), ConnectorError::LoginLost { .. }), "{error}");
    }
    let error = failing(|| Ok(answer(&json!({ "ok": false, "error": "missing_scope", "needed": "im:history" }))));
    let ConnectorError::Refused(problem) = error else { panic!("{error}") };
    assert_eq!(problem.code, "slack.missing_scope");
    assert!(problem.detail.contains("im:history"), "{}", problem.detail);
    let error = failing(|| Ok(answer(&declined("Never seen\n<b>"))));
    let ConnectorError::Refused(problem) = error else { panic!("{error}") };
    assert_eq!(problem.code, "slack.never_seen__b_");
    let error = failing(|| Err(HttpError::Forbidden("evil.example".to_owned())));
    assert!(matches!(error, ConnectorError::Refused(_)));
}

#[test]
fn a_lost_login_reads_nothing() {
    let mut world = World::of_a_person();
    world.logins[1].login.lost = true;
    let slack = FakeSlack::new(|_| panic!("nobody may be asked"));
    assert!(matches!(pull(&world, &slack, &history(), None), Err(ConnectorError::LoginLost { .. })));
}

#[test]
fn ids_that_are_not_ours_are_refused_before_anybody_is_asked() {
    let slack = FakeSlack::new(|_| panic!("nobody may be asked"));
    let foreign = || ExternalId::from("19:abc@thread.tacv2");
    let readings = [
        Reading::Person(foreign()),
        Reading::Chat(foreign()),
        Reading::History { chat: foreign(), since: None },
        Reading::Message { chat: "C1".into(), message: foreign() },
        Reading::Membership(foreign()),
    ];
    for reading in readings {
        assert!(
            matches!(pull(&World::of_a_person(), &slack, &reading, None), Err(ConnectorError::Refused(_))),
            "{reading:?}"
        );
    }
}

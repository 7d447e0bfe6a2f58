//! Chats, who is in them, and people.

use super::{
    FakeSlack, SEEN, World, declined,
    reading::{pull, pull_all},
    snapshot,
};
use model::{
    chat::ChatKind,
    connector::{ConnectorError, Page, Reading},
    facets::Version,
    id::ExternalId,
    update::Update,
};
use serde_json::json;

#[test]
fn chats_come_with_their_names_and_people() {
    let slack = FakeSlack::new(|call| match call.method.as_str() {
        "users.conversations" => json!({ "ok": true, "channels": [
            { "id": "C1", "name": "general", "is_channel": true, "is_archived": true, "topic": { "value": "a &amp; b" } },
            { "id": "D1", "is_im": true, "user": "U222" },
            { "id": "D2", "is_im": true, "user": "U111" },
            { "id": "G1", "name": "mpdm-ana--bo--cy-1", "is_mpim": true, "is_private": true },
            { "name": "no id" },
        ] }),
        "conversations.info" => {
            json!({ "ok": true, "channel": { "id": "G1", "name": "mpdm-ana--bo--cy-1", "is_mpim": true } })
        }
        _ => json!({ "ok": true, "members": ["U333", "U111", "U222"] }),
    });
    let pages = pull_all(&World::of_a_person(), &slack, &Reading::Chats(Default::default()));
    let shown: Vec<_> = pages
        .iter()
        .flatten()
        .map(|update| match update {
            Update::Chat { chat, facts, version } => {
                assert_eq!(*version, Version(SEEN));
                let people: Vec<_> = facts.people.iter().map(ExternalId::as_str).collect();
                (chat.as_str(), facts.kind, facts.name.as_deref(), people.join(" "), facts.archived)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        ("C1", ChatKind::Channel, Some("general"), String::new(), true),
        ("D1", ChatKind::Direct, None, "U111 U222".to_owned(), false),
        ("D2", ChatKind::Direct, None, "U111".to_owned(), false),
        ("G1", ChatKind::Group, None, "U111 U222 U333".to_owned(), false),
    ];
    assert_eq!(shown, expected);
    assert_eq!(slack.calls()[0].argument("types"), Some("public_channel,private_channel,mpim,im"));
    assert_eq!(slack.calls()[0].argument("user"), None);
}

#[test]
fn a_bot_lists_only_the_chats_that_the_person_is_in_too() {
    let slack = FakeSlack::new(|_| json!({ "ok": true, "channels": [] }));
    pull(&World::of_a_person_behind_a_bot(), &slack, &Reading::Chats(Default::default()), None).unwrap();
    pull(&World::of_a_bot(), &slack, &Reading::Chats(Default::default()), None).unwrap();
    let users: Vec<_> = slack.calls().iter().map(|call| call.argument("user").map(str::to_owned)).collect();
    assert_eq!(users, [Some("U111".to_owned()), None]);
}

fn membership(world: &World, slack: &FakeSlack) -> Result<Vec<bool>, ConnectorError> {
    let page = pull(world, slack, &Reading::Membership("C1".into()), None)?;
    let member = |update: &Update| match update {
        Update::Member { person, member, version: Version(SEEN), .. } => {
            assert!(world.connection.person.contains(person));
            *member
        }
        other => panic!("{other:?}"),
    };
    Ok(page.updates.iter().map(member).collect())
}

#[test]
fn whoever_asks_for_themself_is_told_at_once() {
    for (channel, member) in [
        (json!({ "id": "C1", "is_member": true }), true),
        (json!({ "id": "C1", "is_member": false }), false),
        (json!({ "id": "C1", "is_im": true, "user": "U222" }), true),
    ] {
        let slack = FakeSlack::new(move |_| json!({ "ok": true, "channel": channel.clone() }));
        assert_eq!(membership(&World::of_a_person(), &slack).unwrap(), [member]);
        assert_eq!(slack.methods(), ["conversations.info"]);
    }
}

#[test]
fn a_bot_looks_for_the_person_among_the_members() {
    let members = |last: &'static str| {
        FakeSlack::new(move |call| match call.argument("cursor") {
            None => json!({ "ok": true, "members": ["U222"], "response_metadata": { "next_cursor": "more==" } }),
            Some(_) => json!({ "ok": true, "members": [last] }),
        })
    };
    let world = World::of_a_person_behind_a_bot();
    assert_eq!(membership(&world, &members("U111")).unwrap(), [true]);
    assert_eq!(membership(&world, &members("U333")).unwrap(), [false]);
    let endless =
        FakeSlack::new(|_| json!({ "ok": true, "members": ["U2"], "response_metadata": { "next_cursor": "x" } }));
    assert!(matches!(membership(&world, &endless), Err(ConnectorError::Refused(_))));
}

#[test]
fn nobody_is_a_member_of_what_may_not_be_seen() {
    for error in ["channel_not_found", "not_in_channel"] {
        let slack = FakeSlack::new(move |_| declined(error));
        assert_eq!(membership(&World::of_a_person(), &slack).unwrap(), [false]);
        assert_eq!(membership(&World::of_a_person_behind_a_bot(), &slack).unwrap(), [false]);
    }
}

#[test]
fn people_and_bots_are_told_with_all_their_ids() {
    let slack = FakeSlack::new(|call| match call.method.as_str() {
        "users.list" => json!({ "ok": true, "members": [
            { "id": "U1", "name": "ana", "profile": { "display_name": "", "real_name": "Ana Silva", "email": "ana@example.com" } },
            { "id": "U2", "name": "app", "is_bot": true, "profile": { "real_name": "App", "bot_id": "B2" } },
            { "id": "USLACKBOT", "name": "slackbot", "is_bot": false, "deleted": true },
        ] }),
        "users.info" => declined("user_not_found"),
        _ => json!({ "ok": true, "bot": { "id": "B2", "user_id": "U2", "name": "App" } }),
    });
    let world = World::of_a_person();
    let page = pull(&world, &slack, &Reading::People, None).unwrap();
    snapshot("people", &page.updates);
    let bot = pull(&world, &slack, &Reading::Person("B2".into()), None).unwrap();
    assert!(matches!(&bot.updates[..], [Update::Person { ids, .. }] if ids.len() == 2));
    assert_eq!(pull(&world, &slack, &Reading::Person("U9".into()), None).unwrap(), Page::default());
    assert_eq!(slack.methods(), ["users.list", "bots.info", "users.info"]);
}

#[test]
fn an_organizations_token_lists_one_workspace_after_the_other() {
    let mut world = World::of_a_bot();
    world.logins[0].login.facts = json!({ "team_id": "E1", "user_id": "U999", "bot_id": "B999" });
    let slack = FakeSlack::new(|call| match (call.method.as_str(), call.argument("team_id")) {
        ("auth.teams.list", None) => json!({ "ok": true, "teams": [{ "id": "T1" }, { "id": "T2" }] }),
        ("users.conversations", Some("T1")) if call.argument("cursor").is_none() => json!({ "ok": true,
            "channels": [{ "id": "C1", "name": "one" }], "response_metadata": { "next_cursor": "more" } }),
        ("users.conversations", Some("T1")) => json!({ "ok": true, "channels": [{ "id": "C2", "name": "two" }] }),
        ("users.conversations", Some("T2")) => json!({ "ok": true, "channels": [{ "id": "C3", "name": "three" }] }),
        ("users.list", Some(team)) => json!({ "ok": true, "members": [{ "id": format!("U{team}") }] }),
        other => panic!("{other:?}"),
    });
    let read = |reading: &Reading| -> Vec<String> {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = pull(&world, &slack, reading, cursor.as_ref()).unwrap();
            seen.extend(page.updates.iter().map(|update| match update {
                Update::Chat { chat, .. } => chat.0.clone(),
                Update::Person { ids, .. } => ids[0].0.clone(),
                other => panic!("{other:?}"),
            }));
            cursor = page.next;
            if cursor.is_none() {
                return seen;
            }
        }
    };
    assert_eq!(read(&Reading::Chats(Default::default())), ["C1", "C2", "C3"]);
    assert_eq!(read(&Reading::People), ["UT1", "UT2"]);
    assert_eq!(slack.methods().iter().filter(|method| *method == "auth.teams.list").count(), 2);
}

#[test]
fn a_workspaces_own_emoji_are_listed_with_what_stands_for_them() {
    let long = format!("https://x.org/{}", "x".repeat(2_000));
    let slack = FakeSlack::new(move |call| {
        assert_eq!(call.method, "emoji.list");
        json!({ "ok": true, "cache_ts": "1.2", "emoji": {
            "party_parrot": "https://emoji.slack-edge.com/T1/party_parrot/1.gif", "bird": "alias:party_parrot",
            "yes": "alias:thumbsup",
            "unsafe": "http://x.org/a.png", "script": "javascript:alert(1)", "long": long, "odd name": "alias:party_parrot",
        } })
    });
    let page = pull(&World::of_a_person(), &slack, &Reading::Emoji, None).unwrap();
    assert_eq!(page.next, None);
    snapshot("emoji_list", &page.updates);
    let without_scope = FakeSlack::new(|_| declined("missing_scope"));
    assert_eq!(pull(&World::of_a_bot(), &without_scope, &Reading::Emoji, None).unwrap(), Page::default());
}

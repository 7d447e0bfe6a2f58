//! What became of mails whose answers were lost.

use super::{
    ANA, BRUNO, NOW, Wire, World, emulated, quiet, run,
    sending::{MARK, action, begun, message, people, send, step},
};
use crate::gmail::Gmail;
use model::{
    command::{Action, Attempt},
    connector::{Connector, ConnectorError, Proof, Step},
    http::HttpError,
    id::ExternalId,
    letter::{Envelope, Manner},
    update::Update,
};
use sandbox::gmail::{Act, Deed, FaultKind, Gmail as Emulated};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

fn prove(wire: &Wire, world: &World, chat: &str, action: &Action, left: &Value, mark: &str) -> Proof {
    let attempt = Attempt::new(1, NOW, NOW);
    let chat = ExternalId::from(chat);
    let step = Step { action, chat: &chat, message: None, mark, progress: left };
    run(Gmail.prove(&world.access(wire), &step, &attempt)).unwrap()
}

fn new_mail() -> Action {
    let to = Some(people(&[BRUNO]));
    let envelope = Envelope { manner: Manner::New, to, subject: Some("Hello".to_owned()), ..Envelope::default() };
    action("Hello", &[], envelope)
}

/// Sends a mail whose answer is lost.
fn lost(gmail: &Emulated, world: &World, chat: &str, wish: &Action) {
    gmail.faults().once(Some("messages.send"), FaultKind::AnswerLost);
    let sent = step(&Wire::to(gmail), world, chat, wish, &Value::Null);
    assert!(matches!(sent, Err(ConnectorError::Unknown(_))), "{sent:?}");
}

#[test]
fn a_lost_answer_is_found_in_its_thread_and_another_mark_is_not() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let (world, mut wish) = (World::at(&gmail), action("Yes.", &[], Envelope::default()));
    let wire = Wire::to(&gmail);
    assert_eq!(prove(&wire, &world, &thread, &wish, &Value::Null, MARK), Proof::NotThere);
    lost(&gmail, &world, &thread, &wish);
    let Proof::Happened(told) = prove(&wire, &world, &thread, &wish, &Value::Null, MARK) else { panic!() };
    assert_eq!((message(&told).mark.as_deref(), message(&told).chat.as_str()), (Some(MARK), thread.as_str()));
    assert_eq!(prove(&wire, &world, &thread, &wish, &Value::Null, "another"), Proof::NotThere);
    // The same with a file, which went by the other door.
    let mut world = World::at(&gmail);
    let file = world.uploads.keep("a.pdf", b"a");
    wish = action("And this.", &[file], Envelope::default());
    lost(&gmail, &world, &thread, &wish);
    assert!(matches!(prove(&wire, &world, &thread, &wish, &Value::Null, MARK), Proof::Happened(_)));
}

#[test]
fn the_first_mail_of_a_thread_is_found_among_what_was_sent() {
    let gmail = quiet();
    let world = World::at(&gmail);
    let wire = Wire::to(&gmail);
    for number in 0..3 {
        gmail.act_send(ANA, BRUNO, &format!("Others {number}"), "by hand").unwrap();
    }
    assert_eq!(prove(&wire, &world, "new:1", &new_mail(), &Value::Null, MARK), Proof::NotThere);
    lost(&gmail, &world, "new:1", &new_mail());
    let sent = gmail.mailbox(ANA).unwrap().about("Hello")[0].clone();
    let Proof::Happened(told) = prove(&wire, &world, "new:1", &new_mail(), &Value::Null, MARK) else { panic!() };
    assert!(
        matches!(&told[0], Update::ChatMoved { from, into, .. } if from.as_str() == "new:1" && into.as_str() == sent.thread)
    );
    assert_eq!(message(&told).id.as_str(), sent.id);
    // Somebody may have told of the move before.
    let Proof::Happened(told) = prove(&wire, &world, &sent.thread, &new_mail(), &Value::Null, MARK) else { panic!() };
    assert!(!told.iter().any(|update| matches!(update, Update::ChatMoved { .. })));
    // And the person may have trashed it since.
    gmail.act_as(Act { user: ANA.to_owned(), deed: Deed::Trash { messages: vec![sent.id.clone()] } }).unwrap();
    let Proof::Happened(told) = prove(&wire, &world, "new:1", &new_mail(), &Value::Null, MARK) else { panic!() };
    assert!(told.iter().any(|update| matches!(update, Update::Deleted { message, .. } if message.as_str() == sent.id)));
}

#[test]
fn a_mail_that_gmail_put_into_another_thread_is_found_as_well() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let world = World::at(&gmail);
    lost(&gmail, &world, "new:1", &new_mail());
    let wish = action("Yes.", &[], Envelope::default());
    let Proof::Happened(told) = prove(&Wire::to(&gmail), &world, &thread, &wish, &Value::Null, MARK) else { panic!() };
    assert_ne!(message(&told).chat.as_str(), thread);
    // Also where the thread is gone altogether.
    let found = prove(&Wire::to(&gmail), &world, "19aa00000000beef", &wish, &Value::Null, MARK);
    assert!(matches!(found, Proof::Happened(_)));
}

#[test]
fn a_mail_that_was_taken_is_known_by_its_id() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let (world, wish) = (World::at(&gmail), action("Yes.", &[], Envelope::default()));
    let told = send(&Wire::to(&gmail), &world, &thread, &wish).unwrap();
    let left = json!({ "id": message(&told).id.as_str(), "thread": thread });
    let wire = Wire::to(&gmail);
    assert_eq!(prove(&wire, &world, &thread, &wish, &left, MARK), Proof::Happened(told));
    assert!(!wire.lines().iter().any(|line| line.contains("labelIds")), "nothing has to be sought");
}

#[test]
fn who_sent_too_much_since_to_look_at_all_of_it_cannot_tell() {
    let gmail = quiet();
    let world = World::at(&gmail);
    lost(&gmail, &world, "new:1", &new_mail());
    let count = |number: usize| {
        for number in 0..number {
            gmail.act_send(ANA, BRUNO, &format!("Others {number}"), "by hand").unwrap();
        }
        prove(&Wire::to(&gmail), &world, "new:1", &new_mail(), &Value::Null, MARK)
    };
    assert!(matches!(count(199), Proof::Happened(_)));
    assert_eq!(count(1), Proof::CannotTell);
}

#[test]
fn a_mail_that_is_listed_and_not_yet_found_is_looked_for_again() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let (world, wish) = (World::at(&gmail), action("Yes.", &[], Envelope::default()));
    lost(&gmail, &world, &thread, &wish);
    let chat = ExternalId::from(thread.as_str());
    let attempt = Attempt::new(1, NOW, NOW);
    let step = Step { action: &wish, chat: &chat, message: None, mark: MARK, progress: &Value::Null };
    gmail.faults().once(Some("messages.get"), FaultKind::NotFound);
    let wire = Wire::to(&gmail);
    let proven = || run(Gmail.prove(&world.access(&wire), &step, &attempt));
    assert!(matches!(proven(), Err(ConnectorError::Busy { .. })));
    assert!(matches!(proven(), Ok(Proof::Happened(_))));
}

#[test]
fn a_long_search_goes_on_where_there_was_no_more_room() {
    let gmail = quiet();
    let (world, wish, chat) = (World::at(&gmail), new_mail(), ExternalId::from("new:1"));
    lost(&gmail, &world, chat.as_str(), &wish);
    (0..5).for_each(|number| drop(gmail.act_send(ANA, BRUNO, &format!("Others {number}"), "by hand").unwrap()));
    let step = Step { action: &wish, chat: &chat, message: None, mark: MARK, progress: &Value::Null };
    // There is room for the list and two looks at a time.
    let wire = |from: usize| {
        let (gmail, made) = (gmail.clone(), AtomicUsize::new(0));
        Wire::new(move |call| match made.fetch_add(1, Ordering::Relaxed) {
            calls if calls > 2 => Err(HttpError::NoRoom { after: Duration::from_secs(from as u64) }),
            _ => emulated(&gmail, call),
        })
    };
    let mut attempt = Attempt::new(1, NOW, NOW);
    for looked in [2, 4] {
        let Proof::Unfinished { looked_at, after } =
            run(Gmail.prove(&world.access(&wire(looked)), &step, &attempt)).unwrap()
        else {
            panic!("{looked}")
        };
        assert_eq!((looked_at.len(), after.as_secs()), (looked, looked as u64));
        attempt.looked_at = looked_at;
    }
    let found = run(Gmail.prove(&world.access(&Wire::to(&gmail)), &step, &attempt)).unwrap();
    assert!(matches!(found, Proof::Happened(_)));
}

#[test]
fn mails_from_before_the_attempt_are_not_looked_at() {
    let wire = Wire::json(|call| match call.path.split('?').next().unwrap() {
        "messages" => json!({ "messages": [{ "id": "3" }, { "id": "2" }, { "id": "1" }], "nextPageToken": "0" }),
        "messages/3" => json!({ "id": "3", "internalDate": NOW.millis().to_string() }),
        "messages/2" => json!({ "id": "2", "internalDate": (NOW.millis() - 600_000).to_string() }),
        other => panic!("{other}"),
    });
    let wish = new_mail();
    assert_eq!(prove(&wire, &World::new(), "new:1", &wish, &Value::Null, MARK), Proof::NotThere);
    let lines = wire.lines();
    assert_eq!(lines[0], "GET messages?includeSpamTrash=true&labelIds=SENT");
    assert_eq!(lines[1], "GET messages/3?format=metadata&metadataHeaders=X-Bothways-Mark");
    assert_eq!(wire.calls().iter().map(|call| call.units).collect::<Vec<_>>(), [5, 20, 20]);
}

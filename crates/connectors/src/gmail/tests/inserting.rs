//! Mails that are put in and sent to nobody.

use super::{ANA, BRUNO, Wire, World, drained, files::reopened, quiet, run, sending::noise};
use crate::{
    gmail::insert::{Inserted, Wanted, find, insert},
    mail::{self, Address, Draft, Enclosure, Mailbox, MessageId},
};
use model::{body::Body, connector::ConnectorError, time::Timestamp};
use sandbox::gmail::FaultKind;

fn mailbox(address: &str) -> Mailbox {
    Mailbox { name: None, address: Address::parse(address).unwrap() }
}

fn old_mail() -> Draft {
    Draft {
        from: Some(mailbox("carla@x.example")),
        to: vec![mailbox(BRUNO)],
        subject: "From before".to_owned(),
        body: Body::plain("It was so."),
        message_id: MessageId::new("<old.1@crm.example>"),
        date: Timestamp::parse("2024-02-03T04:05:06Z"),
        ..Draft::default()
    }
}

fn wanted<'a>(draft: Draft, thread: Option<&'a str>) -> Wanted<'a> {
    Wanted { draft, contents: Vec::new(), labels: &["INBOX", "UNREAD"], thread, mark: "m.9" }
}

#[test]
fn a_mail_is_put_in_as_it_is_and_goes_to_nobody() {
    let gmail = quiet();
    let (world, wire) = (World::at(&gmail), Wire::to(&gmail));
    let Inserted { id, thread } = run(insert(&world.access(&wire), wanted(old_mail(), None))).unwrap();
    let held = gmail.mailbox(ANA).unwrap().message(&id).unwrap().clone();
    assert_eq!((held.subject.as_str(), held.from.as_deref()), ("From before", Some("carla@x.example")));
    assert_eq!((held.message_id.as_deref(), held.internal_millis), (Some("old.1@crm.example"), 1_706_933_106_000));
    assert_eq!(
        (held.thread, held.labels.into_iter().collect::<Vec<_>>()),
        (thread.clone(), vec!["INBOX".to_owned(), "UNREAD".to_owned()])
    );
    assert!(gmail.sent().is_empty() && gmail.mailbox(BRUNO).unwrap().messages.is_empty());
    let call = &wire.calls()[0];
    assert_eq!(
        (call.units, call.line()),
        (25, "POST messages?uploadType=multipart&internalDateSource=dateHeader".to_owned())
    );
    // An answer to it, with a file, in its thread.
    let file = noise(100_000);
    let answer = Draft {
        subject: "Re: From before".to_owned(),
        message_id: MessageId::new("<old.2@crm.example>"),
        in_reply_to: MessageId::new("<old.1@crm.example>"),
        references: MessageId::new("<old.1@crm.example>").into_iter().collect(),
        files: vec![Enclosure {
            name: "a.bin".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            size_bytes: file.len() as u64,
            content_id: None,
        }],
        ..old_mail()
    };
    let with_file = Wanted { contents: vec![reopened(&file)], ..wanted(answer, Some(&thread)) };
    let second = run(insert(&world.access(&wire), with_file)).unwrap();
    assert_eq!(second.thread, thread);
    let raw = gmail.raw(ANA, &second.id).unwrap();
    let read = mail::read(&raw, &mail::Wanted::default());
    assert!(mail::part(&raw, &read.attachments[0].path).unwrap().bytes == file);
    assert!(drained(reopened(&file)).unwrap() == file);
}

#[test]
fn a_mail_that_was_put_in_is_found_by_its_name_and_mark() {
    let gmail = quiet();
    let (world, wire) = (World::at(&gmail), Wire::to(&gmail));
    let id = MessageId::new("<old.1@crm.example>").unwrap();
    let look = |mark: &str| run(find(&world.access(&wire), &id, mark)).unwrap();
    assert_eq!(look("m.9"), None);
    gmail.faults().once(Some("messages.insert"), FaultKind::AnswerLost);
    let put = run(insert(&world.access(&wire), wanted(old_mail(), None)));
    assert!(matches!(put, Err(ConnectorError::Unknown(_))), "{put:?}");
    let there = gmail.mailbox(ANA).unwrap().messages[0].clone();
    assert_eq!(look("m.9"), Some(Inserted { id: there.id, thread: there.thread }));
    assert_eq!(look("m.8"), None, "others may bear the same Message-ID");
    let nameless = Draft { message_id: None, ..old_mail() };
    let put = run(insert(&world.access(&wire), wanted(nameless, None)));
    assert!(matches!(put, Err(ConnectorError::Refused(problem)) if problem.code == "gmail.no_name_or_time"));
}

//! Mail in the trash, and mail that was taken for spam: deleted, unless the customer chose to see it.

use super::{
    ANA, BRUNO, NOW, Wire, World, quiet, run,
    sending::{MARK, action, begun, message, send},
};
use crate::gmail::Gmail;
use model::{
    command::{Action, Attempt},
    connector::{Connector, Outcome, Proof, Reading, Step},
    id::ExternalId,
    letter::Envelope,
    sync_status::Selection,
    update::Update,
};
use sandbox::gmail::{Act, Deed, Gmail as Emulated};
use serde_json::Value;

fn seeing(gmail: &Emulated, trash_and_spam: bool) -> World {
    let mut world = World::at(gmail);
    world.connection.include_trash_and_spam = trash_and_spam;
    world
}

fn act(gmail: &Emulated, deed: Deed) {
    gmail.act_as(Act { user: ANA.to_owned(), deed }).unwrap();
}

fn spam(id: &str) -> Deed {
    Deed::Label { messages: vec![id.to_owned()], add: vec!["SPAM".to_owned()], remove: Vec::new() }
}

fn newest(gmail: &Emulated) -> String {
    gmail.mailbox(ANA).unwrap().messages.last().unwrap().id.clone()
}

fn pull(wire: &Wire, world: &World, reading: &Reading) -> Vec<Update> {
    run(Gmail.pull(&world.access(wire), reading, None)).unwrap().updates
}

fn history(thread: &str) -> Reading {
    Reading::History { chat: ExternalId::from(thread), since: None }
}

/// What is told of a mail: that it says something, that it is there again, that it is deleted.
fn told(updates: &[Update], id: &str) -> (bool, bool, bool) {
    let of = |wanted: fn(&Update) -> bool| {
        updates.iter().any(|update| update.message().is_some_and(|named| named.as_str() == id) && wanted(update))
    };
    (
        of(|update| matches!(update, Update::Message(_))),
        of(|update| matches!(update, Update::Restored { .. })),
        of(|update| matches!(update, Update::Deleted { .. })),
    )
}

const SAYS: (bool, bool, bool) = (true, false, false);
const THERE: (bool, bool, bool) = (true, true, false);
const DELETED: (bool, bool, bool) = (false, false, true);

#[test]
fn a_thread_of_spam_is_listed_and_read_only_where_that_was_chosen() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let id = newest(&gmail);
    act(&gmail, spam(&id));
    let listed = |world: &World| {
        let wire = Wire::to(&gmail);
        let chats = pull(&wire, world, &Reading::Chats(Selection::default()));
        (chats.len(), wire.lines()[0].clone())
    };
    let (off, on) = (seeing(&gmail, false), seeing(&gmail, true));
    assert_eq!(listed(&off), (0, "GET threads?maxResults=20".to_owned()));
    assert_eq!(listed(&on), (1, "GET threads?maxResults=20&includeSpamTrash=true".to_owned()));
    let wire = Wire::to(&gmail);
    let labels = |world: &World| {
        let all = run(Gmail.labels(&world.access(&wire))).unwrap();
        all.iter().filter(|label| ["Spam", "Trash"].contains(&label.name.as_str())).count()
    };
    assert_eq!((labels(&off), labels(&on)), (0, 2));
    assert_eq!(told(&pull(&wire, &off, &history(&thread)), &id), DELETED);
    assert_eq!(told(&pull(&wire, &on, &history(&thread)), &id), SAYS);
    let one = Reading::Chat(ExternalId::from(thread.as_str()));
    assert!(pull(&wire, &off, &one).is_empty(), "none of its mails is to be seen");
    let chat = pull(&wire, &on, &one);
    let labels = chat.iter().find_map(|update| match update {
        Update::Chat { facts, .. } => Some(facts.platform_data["labels"].clone()),
        _ => None,
    });
    assert!(labels.unwrap().as_array().unwrap().contains(&Value::from("SPAM")), "{chat:?}");
}

#[test]
fn what_lies_in_the_trash_is_never_said_to_exist_and_what_is_taken_out_of_it_is() {
    let gmail = quiet();
    let thread = begun(&gmail);
    let id = newest(&gmail);
    let (world, wire) = (seeing(&gmail, true), Wire::to(&gmail));
    let look = Reading::Message { chat: ExternalId::from(thread.as_str()), message: ExternalId::from(id.as_str()) };
    for reading in [&look, &history(&thread)] {
        assert_eq!(told(&pull(&wire, &world, reading), &id), THERE);
        act(&gmail, Deed::Trash { messages: vec![id.clone()] });
        assert_eq!(told(&pull(&wire, &world, reading), &id), SAYS);
        act(&gmail, Deed::Untrash { messages: vec![id.clone()] });
    }
    act(&gmail, Deed::Delete { messages: vec![id.clone()] });
    assert_eq!(told(&pull(&wire, &world, &look), &id), DELETED, "for good");
}

#[test]
fn a_deletion_from_here_is_one_whatever_is_seen_of_the_trash() {
    for chosen in [false, true] {
        let gmail = quiet();
        let thread = begun(&gmail);
        let id = newest(&gmail);
        let (world, wire) = (seeing(&gmail, chosen), Wire::to(&gmail));
        let (chat, name) = (ExternalId::from(thread.as_str()), ExternalId::from(id.as_str()));
        let (action, progress) = (Action::Delete, Value::Null);
        let step = Step { action: &action, chat: &chat, message: Some(&name), mark: MARK, progress: &progress };
        let attempt = Attempt::new(1, NOW, NOW);
        let prove = || run(Gmail.prove(&world.access(&wire), &step, &attempt)).unwrap();
        assert_eq!(prove(), Proof::NotThere);
        let Outcome::Done(done) = run(Gmail.perform(&world.access(&wire), &step)).unwrap() else { panic!() };
        assert_eq!(told(&done, &id), DELETED);
        assert!(gmail.mailbox(ANA).unwrap().messages[0].labels.contains("TRASH"));
        let Proof::Happened(proven) = prove() else { panic!() };
        assert_eq!(told(&proven, &id), DELETED);
    }
}

#[test]
fn an_answer_is_to_what_is_not_put_away_and_to_that_only_where_nothing_else_is_left() {
    let gmail = quiet();
    let thread = begun(&gmail);
    gmail.act_reply_all(BRUNO, &gmail.mailbox(BRUNO).unwrap().messages[0].id, "And the cellar.").unwrap();
    let mut mails = gmail.mailbox(ANA).unwrap().messages;
    mails.sort_by_key(|one| (one.internal_millis, one.id.clone()));
    let ids: Vec<_> = mails.iter().map(|one| one.id.clone()).collect();
    act(&gmail, spam(&ids[1]));
    let (world, wire) = (seeing(&gmail, true), Wire::to(&gmail));
    let answered = || {
        let sent = send(&wire, &world, &thread, &action("Yes.", &[], Envelope::default())).unwrap();
        message(&sent).content.letter.clone().unwrap().references.pop().unwrap()
    };
    let named = mails[0].message_id.as_deref().unwrap();
    assert_eq!(answered(), named.trim_matches(['<', '>']), "the newer one was put away");
    let all = gmail.mailbox(ANA).unwrap().messages.into_iter().map(|one| one.id).collect();
    act(&gmail, Deed::Trash { messages: all });
    assert!(!answered().is_empty(), "what lies in the trash, where nothing else is left");
}

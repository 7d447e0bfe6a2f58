//! The labels by which threads are chosen.

use super::{ANA, Wire, World, is_of_schema, quiet, reading::fixture, run};
use crate::gmail::Gmail;
use model::connector::Connector;
use sandbox::gmail::{Act, Deed};

fn named(wire: &Wire, world: &World) -> Vec<(String, String)> {
    let labels = run(Gmail.labels(&world.access(wire))).unwrap();
    labels.into_iter().map(|label| (label.id, label.name)).collect()
}

#[test]
fn labels_bear_the_names_of_gmails_page_and_those_of_what_is_never_imported_are_left_out() {
    let listed = fixture(include_str!("../fixtures/labels.json"));
    is_of_schema("ListLabelsResponse", &listed);
    let wire = Wire::json(move |_| listed.clone());
    let offered = named(&wire, &World::new());
    let offered: Vec<_> = offered.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let wanted = [
        ("INBOX", "Inbox"),
        ("STARRED", "Starred"),
        ("IMPORTANT", "Important"),
        ("UNREAD", "Unread"),
        ("SENT", "Sent"),
        ("CATEGORY_PERSONAL", "Primary"),
        ("CATEGORY_UPDATES", "Updates"),
        ("Label_7", "Invoices"),
        ("Label_12", "projects/roof"),
    ];
    assert_eq!(offered, wanted);
    assert_eq!((wire.lines(), wire.calls()[0].units), (vec!["GET labels?".to_owned()], 1));
}

#[test]
fn a_mailbox_without_labels_offers_none() {
    assert_eq!(named(&Wire::json(|_| serde_json::json!({})), &World::new()), []);
}

#[test]
fn a_label_that_its_owner_made_is_offered_by_its_name() {
    let gmail = quiet();
    gmail.act_as(Act { user: ANA.to_owned(), deed: Deed::MakeLabel { name: "Roofs".to_owned() } }).unwrap();
    let offered = named(&Wire::to(&gmail), &World::at(&gmail));
    assert_eq!(offered.last().map(|(_, name)| name.as_str()), Some("Roofs"), "{offered:?}");
    assert_eq!(offered[0], ("INBOX".to_owned(), "Inbox".to_owned()));
}

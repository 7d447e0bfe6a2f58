//! What others say of our marks and files counts for nothing.

use super::*;

#[test]
fn a_mark_from_somebody_else_counts_for_nothing() {
    let mut held = Held::new();
    let command = sending(&mut held);
    let mut forged = remote("C:9", 5, "U1", "theirs");
    forged.mark = Some("mark".into());
    held.take(&[Update::Message(forged)], None, &[("mark", command.message_id)], false);
    assert_eq!(held.messages[&command.message_id].external_id, None);
    assert_eq!(held.messages[&held.names[&ExternalId::from("C:9")]].direction, Direction::Incoming);
}

#[test]
fn a_file_from_somebody_else_or_shared_again_is_a_message_of_its_own() {
    let mut held = Held::new();
    let command = sending(&mut held);
    held.files = BTreeMap::from([("F1".into(), command.message_id)]);
    let theirs = Update::Message(bearing(remote("C:7", 4, "U1", "theirs"), &["F1"]));
    let ours = Update::Message(bearing(remote("C:9", 5, "ME", ""), &["F1"]));
    let again = Update::Message(bearing(remote("C:8", 6, "ME", ""), &["F1"]));
    held.take(&[theirs, ours.clone()], None, &[], false);
    held.take(&[], done(&command), &[], false);
    held.take(&[again, ours], None, &[], false);
    assert_eq!(held.messages[&command.message_id].external_id, Some("C:9".into()));
    assert_eq!(held.messages[&held.names[&ExternalId::from("C:7")]].direction, Direction::Incoming);
    assert_ne!(held.names[&ExternalId::from("C:8")], command.message_id);
    assert_eq!(held.messages.len(), 3);
}

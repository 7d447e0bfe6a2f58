//! Customers say who else they are at Slack, and what these people wrote turns.

use crate::{
    asks::What,
    world::{Party, World},
};
use model::{connection::Connection, decide::direction_of, id::ExternalId, message::Message};
use std::collections::BTreeSet;

/// A customer says that somebody else is them too, or takes it back.
pub fn say_who(world: &mut World) -> Option<String> {
    if !world.chance.one_in(4) {
        return None;
    }
    let party = world.chance.pick(&world.parties).cloned()?;
    let mine = |id| id == party.connection;
    let users = world.memory.all_user_platforms();
    let user = users.iter().find(|user| mine(user.connection_id))?;
    let mut ids = user.external_user_ids.clone();
    if world.chance.one_in(2) {
        let people = world.memory.all_participants().into_iter().filter(|person| mine(person.connection_id));
        let people: Vec<_> = people.flat_map(|person| person.external_ids).collect();
        ids.push(world.chance.pick(&people)?.clone());
    }
    Some(world.ask(&party.customer, What::SayWho { user: user.id, ids }))
}

impl World {
    /// What was written by whom the customer says to be is theirs, and nothing else is; unless somebody else
    /// was proven to be that person.
    pub fn compare_directions(&mut self, party: &Party) -> Result<(), String> {
        let connections = self.memory.all_connections();
        let Some(own) = connections.iter().find(|one| one.id == party.connection) else { return Ok(()) };
        let proven = |id: &ExternalId| {
            connections.iter().any(|other| other.customer_id != own.customer_id && other.person.contains(id))
        };
        let mine: BTreeSet<_> = own.own_ids().filter(|id| !proven(id)).cloned().collect();
        let rows = self.memory.all_messages().into_iter();
        // Whoever was proven to be somebody until they were erased: what that person wrote before stays as it was.
        let was_proven = |id: &ExternalId| self.leaving.iter().any(|gone| gone.user == id.as_str());
        let is_open = |row: &Message| !sender(row).is_some_and(was_proven);
        let rows: Vec<_> =
            rows.filter(|row| row.connection_id == own.id && is_told(row, own) && is_open(row)).collect();
        for row in &rows {
            let Some(content) = &row.facets.content else { continue };
            let wanted = direction_of(&content.value, &mine);
            if row.direction != wanted {
                return Err(format!("{} of {} is {:?}, not {wanted:?}", row.id, party.customer, row.direction));
            }
        }
        let linked = |row: &&Message| sender(row).is_some_and(|sender| own.linked.contains(sender));
        let turned = rows.iter().filter(linked).count();
        self.count("messages of people who were linked", turned);
        Ok(())
    }
}

fn sender(row: &Message) -> Option<&ExternalId> {
    row.facets.content.as_ref().and_then(|content| content.value.sender.as_ref())
}

/// Whether it is no doing of the app itself.
fn is_told(row: &Message, own: &Connection) -> bool {
    row.is_shown() && sender(row).is_some_and(|sender| !own.senders.contains(sender))
}

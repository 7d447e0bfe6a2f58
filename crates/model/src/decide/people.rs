//! People: one row may bear several external ids, and two rows may turn out to be one person.

use super::work::{Row, Work};
use crate::{
    changes::{Naming, Thing, Write},
    facets::{Facet, Version},
    id::{ExternalId, ParticipantId},
    participant::{Participant, PersonFacts},
};

impl Work<'_> {
    pub(super) fn take_person(&mut self, ids: &[ExternalId], facts: &PersonFacts, version: Version) {
        if ids.is_empty() {
            return;
        }
        let bears_one = |row: &Row<Participant>| row.after.external_ids.iter().any(|id| ids.contains(id));
        let found: Vec<_> = self.people.values().filter(|row| bears_one(row)).map(|row| row.after.id).collect();
        // The oldest row stays, so that every order of merges keeps the same one.
        let id = found.first().copied().unwrap_or_else(|| self.new_person());
        let connection_id = self.known.connection.id;
        let name = |external_id| Naming { connection_id, external_id, thing: Thing::Participant(id) };
        for other in found.iter().skip(1) {
            let Some(other) = self.people.get_mut(other) else { continue };
            let (taken, facts) = (std::mem::take(&mut other.after.external_ids), other.after.facts.take());
            for external_id in taken {
                self.beside.push(Write::Rename(name(external_id.clone())));
                self.bear(id, external_id);
            }
            if let (Some(row), Some(facts)) = (self.people.get_mut(&id), facts) {
                Facet::tell(&mut row.after.facts, facts);
            }
        }
        for external_id in ids {
            if self.bear(id, external_id.clone()) {
                self.beside.push(Write::Name(name(external_id.clone())));
            }
        }
        if let Some(row) = self.people.get_mut(&id) {
            Facet::tell(&mut row.after.facts, Facet::new(version, facts.clone()));
        }
    }

    /// Gives a person an id. False if they bear it already.
    fn bear(&mut self, id: ParticipantId, external_id: ExternalId) -> bool {
        let Some(row) = self.people.get_mut(&id) else { return false };
        let new = !row.after.external_ids.contains(&external_id);
        if new {
            row.after.external_ids.push(external_id);
            row.after.external_ids.sort();
        }
        new
    }

    fn new_person(&mut self) -> ParticipantId {
        let id = ParticipantId::from((self.context.ids)());
        let row = Participant {
            id,
            customer_id: self.known.connection.customer_id.clone(),
            connection_id: self.known.connection.id,
            revision: 0,
            external_ids: Vec::new(),
            facts: None,
            asked_at: self.context.now,
        };
        self.people.insert(id, Row::new(row));
        id
    }
}

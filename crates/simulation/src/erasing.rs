//! A customer leaves in the middle of it all, and takes everything along.

use crate::{
    asks::What,
    world::{Party, World},
};
use engine::Within;
use model::{erasure::Erasures, files::Files, store::Paging, upload::Upload, world::Clock};
use std::{collections::BTreeSet, sync::Arc};

/// Somebody asks to be erased, in some of the worlds.
pub fn erase(world: &mut World) -> Option<String> {
    if !world.seed.is_multiple_of(5) || world.parties.len() < 2 || !world.chance.one_in(3) {
        return None;
    }
    let number = world.chance.below(world.parties.len());
    let party = world.parties.remove(number);
    let said = world.ask(&party.customer, What::Erase);
    let left_at = Some(world.server_clock.now());
    let mailboxes = world.mail.as_mut().map(|mail| mail.leave(&party.customer)).unwrap_or_default();
    world.leaving.extend(mailboxes.into_iter().chain([party]).map(|party| Party { left_at, ..party }));
    Some(said)
}

impl World {
    /// Whether somebody is not wholly gone who was told that they would be.
    pub fn is_erasing(&mut self) -> bool {
        let memory = Arc::clone(&self.memory);
        self.drive(memory.erasures(1)).is_ok_and(|open| !open.is_empty())
    }

    /// P11: nothing is left of who left, and nothing came back.
    pub fn compare_erased(&mut self) -> Result<(), String> {
        let Some((_, engine)) = self.any_server() else { return Err("no server is up".to_owned()) };
        // As the next start does it: a server died between the bytes and what it meant to do with them.
        self.drive(engine.remove_stray_files()).map_err(|error| format!("stray files stay: {error}"))?;
        let kept = self.drive(self.files.clone().kept()).map_err(|error| format!("files cannot be listed: {error}"))?;
        let known: BTreeSet<_> = self.memory.all_uploads().into_iter().map(|upload| upload.id).collect();
        if let Some(stray) = kept.iter().find(|id| !known.contains(id)) {
            return Err(format!("P11: the bytes of {stray} stayed, and nothing leads to them"));
        }
        let used: BTreeSet<_> = self.memory.all_connections().into_iter().flat_map(|one| one.logins).collect();
        if let Some(login) = self.memory.all_logins().into_iter().find(|login| !used.contains(&login.id)) {
            return Err(format!("P11: the login of {} stayed, and nobody stands on it", login.account));
        }
        for party in self.leaving.clone() {
            if let Some(left) = self.left_of(&party) {
                return Err(format!("P11: {} was erased, and left {left}", party.customer));
            }
            let (within, paging) = (Within::default(), Paging { after: None, limit: 1 });
            if self
                .drive(engine.search(&party.customer, "w", &within, &paging))
                .is_ok_and(|found| !found.hits.is_empty())
            {
                return Err(format!("P11: {} was erased, and is found", party.customer));
            }
            self.count("erased", 1);
        }
        Ok(())
    }

    /// What is stored of a customer, if anything is. A file that came only afterwards is somebody's new one, and
    /// waits its time.
    fn left_of(&self, party: &Party) -> Option<&'static str> {
        let (memory, customer) = (&self.memory, &party.customer);
        let came_before = |upload: &Upload| party.left_at.is_some_and(|left| upload.created_at <= left);
        let rows = [
            ("connections", memory.all_connections().iter().any(|row| row.customer_id == *customer)),
            ("chats", memory.all_chats().iter().any(|row| row.customer_id == *customer)),
            ("messages", memory.all_messages().iter().any(|row| row.customer_id == *customer)),
            ("commands", memory.all_commands().iter().any(|row| row.customer_id == *customer)),
            ("events", memory.all_events().iter().any(|row| row.customer_id == *customer)),
            ("parts", memory.all_parts().iter().any(|row| row.customer_id == *customer)),
            ("people", memory.all_participants().iter().any(|row| row.customer_id == *customer)),
            ("identities", memory.all_user_platforms().iter().any(|row| row.customer_id == *customer)),
            ("uploads", memory.all_uploads().iter().any(|row| row.customer_id == *customer && came_before(row))),
            ("runs", memory.all_sync_statuses().iter().any(|row| row.customer_id == *customer)),
            ("spans", memory.all_completeness().iter().any(|row| row.customer_id == *customer)),
            ("emoji", memory.all_emoji().iter().any(|row| row.customer_id == *customer)),
        ];
        rows.into_iter().find_map(|(what, left)| left.then_some(what))
    }
}

//! What is found when all has settled: exactly the messages that hold a word by then, by the platforms' account.

use crate::{
    slack::theirs,
    world::{Party, World, integration},
};
use engine::{Through, Within};
use model::{index::Index, store::Paging, store::Store};
use std::collections::{BTreeMap, BTreeSet};

/// How many words are sought for each customer.
const SOUGHT: u64 = 25;
/// More than one word can find.
const PAGE: usize = 200;

impl World {
    /// Whether there is anything that the index has not taken in.
    pub fn index_is_behind(&mut self) -> bool {
        let (memory, index) = (std::sync::Arc::clone(&self.memory), std::sync::Arc::clone(&self.index));
        let progress = self.drive(index.progress()).unwrap_or_default();
        let last = self.drive(memory.last_position()).unwrap_or_default();
        !progress.begun || progress.sweep.is_some() || !progress.chats.is_empty() || progress.position != last
    }

    /// Words that were written at any time are found where they stand by now, and nowhere else.
    pub fn compare_search(&mut self, party: &Party) -> Result<(), String> {
        let chats = self.memory.all_chats().into_iter().filter(|chat| chat.connection_id == party.connection);
        let chats: Vec<_> = chats.filter(|chat| chat.is_imported()).collect();
        let whole: BTreeSet<_> =
            chats.iter().filter(|chat| self.reason_to_exclude(party, chat).is_none()).map(|chat| chat.id).collect();
        let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for chat in chats.iter().filter(|chat| whole.contains(&chat.id)) {
            for (name, text) in self.texts_there(party, chat.external_id.as_str()) {
                for word in text.split(|letter: char| !letter.is_alphanumeric()) {
                    there.entry(word.to_owned()).or_default().insert(name.clone());
                }
            }
        }
        let Some((_, engine)) = self.any_server() else { return Err("no server is up".to_owned()) };
        for _ in 0..SOUGHT {
            let number = 1 + self.chance.below(usize::try_from(self.texts.max(1)).unwrap_or(1));
            let word = format!("w{number}");
            let (within, paging) = (Within::default(), Paging { after: None, limit: PAGE });
            let quoted = format!("\"{word}\"");
            let found = self.drive(engine.search(&party.customer, &quoted, &within, &paging));
            let found = found.map_err(|error| format!("a search failed: {error}"))?;
            let of_whole =
                found.hits.into_iter().map(|hit| hit.sighting.message).filter(|row| whole.contains(&row.chat_id));
            // What Slack never had stands here alone, with the reason.
            let here: BTreeSet<_> = of_whole.filter_map(|row| row.external_id.map(|name| name.0)).collect();
            let there = there.get(&word).cloned().unwrap_or_default();
            if here != there {
                return Err(format!("{} finds {word} in {here:?}, and it stands in {there:?}", party.customer));
            }
            self.count("searches", 1);
            self.count("found", here.len());
        }
        self.compare_timeline(party, &engine)
    }

    /// What each message of a chat says, by its name here.
    fn texts_there(&self, party: &Party, chat: &str) -> Vec<(String, String)> {
        if party.integration != integration() {
            return self.mails_there(party, chat);
        }
        let Some(channel) = self.slack.channel(chat) else { return Vec::new() };
        theirs(&channel, &channel.id).into_iter().map(|(name, message)| (name, message.text)).collect()
    }

    /// The timeline is all that the chats show, by time.
    fn compare_timeline(&mut self, party: &Party, engine: &engine::Engine) -> Result<(), String> {
        let rows = self.memory.all_messages().into_iter();
        let mut shown: Vec<_> = rows.filter(|row| row.customer_id == party.customer && row.is_shown()).collect();
        shown.sort_by_key(|row| std::cmp::Reverse((row.sent_at(), row.id)));
        let (mut listed, mut paging) = (Vec::new(), Paging { after: None, limit: 37 });
        loop {
            let page = self.drive(engine.timeline(&party.customer, &Through::default(), &paging));
            let page = page.map_err(|error| format!("the timeline cannot be read: {error}"))?;
            listed.extend(page.items.into_iter().map(|sighting| sighting.message.id));
            match page.next {
                Some(next) => paging.after = Some(next),
                None => break,
            }
        }
        if listed != shown.iter().map(|row| row.id).collect::<Vec<_>>() {
            return Err(format!("the timeline of {} is not what its chats show", party.customer));
        }
        self.count("listed", listed.len());
        Ok(())
    }
}

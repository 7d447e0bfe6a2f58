//! What Slack and we hold, compared when all has settled.

use crate::{
    check::LATEST_OWN,
    files::compare_files,
    looks,
    world::{Party, World},
};
use engine::MEMBERSHIP_TRUSTED_FOR;
use model::{
    chat::{Chat, ChatKind},
    message::{Message, Status},
    time::Timestamp,
};
use sandbox::slack::{ChannelSnapshot, MessageSnapshot};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How late an event can be, and a message still be let through after its person left.
const LATEST_EVENT: Duration = Duration::from_secs(8 * 60);
/// The reactions that are compared.
const EMOJI: &[(&str, &str)] = &[("+1", "👍"), ("tada", "🎉")];

impl World {
    /// All that a party imported from Slack is as it stands there.
    pub fn compare_slack(&mut self, party: &Party) -> Result<(), String> {
        for chat in self.memory.all_chats() {
            if chat.connection_id == party.connection && chat.is_imported() {
                self.compare_absence(party, &chat)?;
                match self.reason_to_exclude(party, &chat) {
                    Some(reason) => *self.report.excluded.entry(reason).or_default() += 1,
                    None => {
                        self.compare_chat(&chat)?;
                        self.compare_read(party, &chat)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// P11: what was written while the person was away is not for them.
    fn compare_absence(&mut self, party: &Party, chat: &Chat) -> Result<(), String> {
        let Some(since) = self.seen.away_since(&party.user, chat.external_id.as_str()) else { return Ok(()) };
        let closed = since + MEMBERSHIP_TRUSTED_FOR + LATEST_EVENT;
        for row in self.memory.all_messages().iter().filter(|row| row.chat_id == chat.id && row.external_id.is_some()) {
            let sent_at = row.facets.content.as_ref().map(|content| content.value.sent_at);
            // A call of their own that was under way when they left ends when it ends.
            let closed = if self.seen.is_ours(row.id) { closed.max(since + LATEST_OWN) } else { closed };
            if sent_at.is_some_and(|sent_at: Timestamp| sent_at > closed) {
                return Err(format!("P11: {} has {:?}, written after they left", party.customer, row.external_id));
            }
        }
        self.count("absences", 1);
        Ok(())
    }

    /// The chat itself is as it is there.
    fn compare_facts(&mut self, chat: &Chat, channel: &ChannelSnapshot) -> Result<(), String> {
        let Some(facts) = chat.facts.as_ref().map(|facts| &facts.value) else { return Ok(()) };
        if facts.kind == ChatKind::Channel && facts.name.as_deref() != Some(channel.name.as_str()) {
            return Err(format!(
                "{} of {} is called {:?}, there {}",
                chat.id, chat.customer_id, facts.name, channel.name
            ));
        }
        if facts.archived != channel.is_archived {
            return Err(format!("{} of {} is archived: {}", channel.id, chat.customer_id, facts.archived));
        }
        self.count("facts", 1);
        Ok(())
    }

    /// P3, P4, P5: Slack and we hold the same messages, with the same words and reactions.
    fn compare_chat(&mut self, chat: &Chat) -> Result<(), String> {
        let Some(channel) = self.slack.channel(chat.external_id.as_str()) else {
            return Err(format!("{} is no channel", chat.external_id));
        };
        let theirs = theirs(&channel, chat.named_under().as_str());
        self.compare_facts(chat, &channel)?;
        let mut ours = BTreeMap::new();
        for row in self.memory.all_messages().into_iter().filter(|row| row.chat_id == chat.id && row.is_shown()) {
            match &row.external_id {
                Some(name) if !row.facets.is_deleted() => drop(ours.insert(name.as_str().to_owned(), row)),
                Some(_) => {}
                None if row.status == Status::Pending => return Err(format!("{} is still pending", row.id)),
                None => {}
            }
        }
        for (name, their) in &theirs {
            let our = ours.remove(name).ok_or_else(|| {
                format!(
                    "P3: {} of {} lacks {name} ({:?}, {})",
                    chat.customer_id, chat.external_id, their.subtype, their.text
                )
            })?;
            compare_message(their, &our)
                .map_err(|what| format!("P3: {} has {name} otherwise: {what}", chat.customer_id))?;
        }
        if let Some((name, row)) = ours.first_key_value() {
            return Err(format!("P3: {} has {name}, and Slack has not: {row:?}", chat.customer_id));
        }
        self.count("chats", 1);
        self.count("messages", theirs.len());
        self.count_guest(chat, &channel);
        Ok(())
    }
}

/// The living messages, by the names that they have here: under the first id that their chat had.
pub fn theirs(channel: &ChannelSnapshot, named_under: &str) -> BTreeMap<String, MessageSnapshot> {
    let living = channel.messages.iter().filter(|message| message.subtype.as_deref() != Some("tombstone"));
    living.map(|message| (format!("{named_under}:{}", message.ts), message.clone())).collect()
}

fn compare_message(their: &MessageSnapshot, our: &Message) -> Result<(), String> {
    let Some(content) = our.facets.shown() else { return Err("it says nothing".to_owned()) };
    let (there, here) = (looks::theirs(&their.blocks), looks::ours(&content.body));
    // What history brings is the connector's own tests'.
    if there.iter().any(|said| looks::is_word(&said.words)) && there != here {
        return Err(format!("{there:?} there, {here:?} here"));
    }
    compare_files(their, content)?;
    let held = our.facets.reactions.now();
    for (name, emoji) in EMOJI {
        let there: BTreeSet<_> = their.reactions.get(*name).into_iter().flatten().cloned().collect();
        let here: BTreeSet<_> = held.get(*emoji).into_iter().flatten().map(|actor| actor.as_str().to_owned()).collect();
        if there != here {
            return Err(format!("{emoji} by {there:?} there, by {here:?} here"));
        }
    }
    Ok(())
}

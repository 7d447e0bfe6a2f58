//! What people do at Slack, and what customers ask of us.

use crate::{
    asks::What,
    connect, emoji, erasing,
    files::{delete_file, send_files, share},
    identity, mail,
    world::{Party, World},
};
use model::{
    chat::Chat,
    id::ExternalId,
    message::{Direction, Message, Status},
};
use sandbox::slack::{ChannelKind, ChannelSnapshot};

/// Looks of words, as typed at Slack and in Markdown. `%` stands for the word.
const LOOKS: &[(&str, &str)] = &[
    ("%", "%"),
    ("%", "%"),
    ("%", "%"),
    ("*%* and _so_ on", "**%** and *so* on"),
    ("`%`", "`%`"),
    ("see\n> %", "see\n\n> %"),
    ("- %\n- ~gone~", "1. %\n   - ~~gone~~\n2. last"),
    ("```%```", "```\n%\n```"),
];

pub type Act = fn(&mut World) -> Option<String>;

/// Everything that is done, by name. None means that there was nothing to do it to.
pub const ACTS: &[(&str, Act)] = &[
    ("post", post),
    ("post", post),
    ("reply", reply),
    ("share", share),
    ("delete_file", delete_file),
    ("edit", edit),
    ("delete", delete),
    ("react", react),
    ("unreact", unreact),
    ("read", read),
    ("send_read", send_read),
    ("rename", rename),
    ("archive", archive),
    ("change_id", change_id),
    ("leave", leave),
    ("join", join),
    ("import", import),
    ("import", import),
    ("import_foreign", import_foreign),
    ("import_all", import_all),
    ("delete_chat", delete_chat),
    ("pause", connect::pause),
    ("go_on", connect::go_on),
    ("revoke", connect::revoke),
    ("connect_again", connect::connect_again),
    ("erase", erasing::erase),
    ("compare_chat", compare_chat),
    ("say_who", identity::say_who),
    ("change_emoji", emoji::change_emoji),
    ("send", send),
    ("send", send),
    ("send_reply", send_reply),
    ("send_files", send_files),
    ("send_edit", send_edit),
    ("send_delete", send_delete),
    ("send_reaction", send_reaction),
    ("take_reaction_back", take_reaction_back),
];

const EMOJI: &[(&str, &str)] = &[("thumbsup", "👍"), ("tada", "🎉")];

impl World {
    /// Does one thing of chance. False if there was nothing to do it to.
    pub fn act(&mut self) -> bool {
        let acts = if self.mail.is_some() && self.chance.one_in(2) { mail::ACTS } else { ACTS };
        let Some((name, act)) = self.chance.pick(acts).copied() else { return false };
        let Some(done) = act(self) else { return false };
        *self.report.actions.entry(name).or_default() += 1;
        self.say(|| format!("{name}: {done}"));
        true
    }

    /// A word that nobody used before.
    pub fn word(&mut self) -> String {
        self.texts += 1;
        format!("w{}", self.texts)
    }

    /// Words that nobody used before, now and then with a look: as one types them there, and in Markdown.
    fn words(&mut self) -> (String, String) {
        let word = self.word();
        let (typed, markdown) = *self.chance.pick(LOOKS).unwrap_or(&("%", "%"));
        (typed.replace('%', &word), markdown.replace('%', &word))
    }

    /// As a person types at Slack.
    pub fn typed(&mut self) -> String {
        self.words().0
    }

    /// In Markdown, as a customer sends it.
    pub fn markdown(&mut self) -> String {
        self.words().1
    }

    pub fn a_channel(&self) -> Option<ChannelSnapshot> {
        self.chance.pick(&self.slack.channels()).cloned()
    }

    /// A person's message somewhere, with its channel.
    fn a_message(&self) -> Option<(ChannelSnapshot, String, String)> {
        let channel = self.a_channel()?;
        let people: Vec<_> = channel
            .messages
            .iter()
            .filter(|message| message.bot_id.is_none() && message.subtype.is_none())
            .map(|message| (message.ts.clone(), message.user.clone()))
            .collect();
        let (ts, user) = self.chance.pick(&people)?.clone();
        Some((channel, ts, user))
    }

    pub fn a_party(&self) -> Option<Party> {
        self.chance.pick(&self.parties).cloned()
    }

    /// An imported chat of somebody at Slack.
    pub fn a_chat(&self) -> Option<(Party, Chat)> {
        let party = self.a_party()?;
        let chat = self.a_chat_of(&party)?;
        Some((party, chat))
    }

    /// An imported chat of a party.
    pub fn a_chat_of(&self, party: &Party) -> Option<Chat> {
        let mine = |chat: &Chat| chat.connection_id == party.connection && chat.is_imported();
        let chats: Vec<_> = self.memory.all_chats().into_iter().filter(mine).collect();
        self.chance.pick(&chats).cloned()
    }

    fn a_message_here(&self, wanted: impl Fn(&Message) -> bool) -> Option<(Party, Message)> {
        let (party, chat) = self.a_chat()?;
        let message = self.a_message_of(&chat, wanted)?;
        Some((party, message))
    }

    pub fn a_message_of(&self, chat: &Chat, wanted: impl Fn(&Message) -> bool) -> Option<Message> {
        let rows = self.memory.all_messages().into_iter();
        let rows: Vec<_> = rows
            .filter(|row| row.chat_id == chat.id && row.is_shown() && !row.facets.is_deleted() && wanted(row))
            .collect();
        self.chance.pick(&rows).cloned()
    }
}

fn post(world: &mut World) -> Option<String> {
    let channel = world.a_channel()?;
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    let text = world.typed();
    let ts = world.slack.act_post(&user, &channel.id, &text, None).ok()?;
    Some(format!("{user} writes {text} in {} at {ts}", channel.id))
}

fn reply(world: &mut World) -> Option<String> {
    let (channel, ts, _) = world.a_message()?;
    let root = channel.message(&ts)?.thread_ts.clone().unwrap_or(ts);
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    let text = world.typed();
    let ts = world.slack.act_post(&user, &channel.id, &text, Some(&root)).ok()?;
    Some(format!("{user} answers {root} with {text} in {} at {ts}", channel.id))
}

fn edit(world: &mut World) -> Option<String> {
    let (channel, ts, user) = world.a_message()?;
    let text = world.typed();
    world.slack.act_edit(&user, &channel.id, &ts, &text).ok()?;
    Some(format!("{user} makes {ts} in {} say {text}", channel.id))
}

fn delete(world: &mut World) -> Option<String> {
    let (channel, ts, user) = world.a_message()?;
    world.slack.act_delete(&user, &channel.id, &ts).ok()?;
    Some(format!("{user} deletes {ts} in {}", channel.id))
}

fn react(world: &mut World) -> Option<String> {
    let (channel, ts, _) = world.a_message()?;
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    let (name, _) = *world.chance.pick(EMOJI)?;
    world.slack.act_react(&user, &channel.id, &ts, name).ok()?;
    Some(format!("{user} reacts to {ts} in {} with {name}", channel.id))
}

fn unreact(world: &mut World) -> Option<String> {
    let channel = world.a_channel()?;
    let reacted = channel.messages.iter().flat_map(|message| {
        let each = |(name, users): (&String, &std::collections::BTreeSet<String>)| {
            users.iter().map(|user| (message.ts.clone(), name.clone(), user.clone())).collect::<Vec<_>>()
        };
        message.reactions.iter().flat_map(each).collect::<Vec<_>>()
    });
    let reacted: Vec<_> = reacted.collect();
    let (ts, name, user) = world.chance.pick(&reacted)?.clone();
    world.slack.act_unreact(&user, &channel.id, &ts, &name).ok()?;
    Some(format!("{user} takes {name} back from {ts} in {}", channel.id))
}

/// A person reads on at Slack, never back: that would be no reading.
fn read(world: &mut World) -> Option<String> {
    let (party, channel) = (world.a_party()?, world.a_channel()?);
    let ts = world.chance.pick(&channel.messages)?.ts.clone();
    if channel.read.get(&party.user).is_some_and(|held| *held >= ts) {
        return None;
    }
    world.slack.act_read(&party.user, &channel.id, &ts).ok()?;
    Some(format!("{} reads {} up to {ts}", party.user, channel.id))
}

fn send_read(world: &mut World) -> Option<String> {
    let (party, message) = world.a_message_here(|_| true)?;
    Some(world.ask(&party.customer, What::MarkRead { chat: message.chat_id, message: message.id }))
}

fn rename(world: &mut World) -> Option<String> {
    let channel = world.a_channel()?;
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    if !matches!(channel.kind, ChannelKind::Public | ChannelKind::Private) {
        return None; // Chats of people have no name.
    }
    let name = format!("named-{}", world.word());
    world.slack.act_rename(&user, &channel.id, &name).ok()?;
    Some(format!("{user} names {} {name}", channel.id))
}

/// Most archived channels are soon opened again, so that there are always some to write in.
fn archive(world: &mut World) -> Option<String> {
    let channel = world.a_channel()?;
    if !channel.is_archived && !world.chance.one_in(6) {
        return None;
    }
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    if !matches!(channel.kind, ChannelKind::Public | ChannelKind::Private) {
        return None;
    }
    world.slack.act_archive(&user, &channel.id, !channel.is_archived).ok()?;
    Some(format!("{user} archives {}: {}", channel.id, !channel.is_archived))
}

fn change_id(world: &mut World) -> Option<String> {
    if !world.chance.one_in(6) {
        return None;
    }
    let channel = world.a_channel()?;
    let into = world.slack.act_change_channel_id(&channel.id).ok()?;
    world.seen.moved(&channel.id, &into);
    Some(format!("{} becomes {into}", channel.id))
}

fn leave(world: &mut World) -> Option<String> {
    if !world.chance.one_in(4) {
        return None;
    }
    let party = world.a_party()?;
    let channel = world.a_channel()?;
    if !matches!(channel.kind, ChannelKind::Public | ChannelKind::Private) {
        return None; // Nobody can leave a direct chat.
    }
    world.slack.act_leave(&party.user, &channel.id).ok()?;
    world.seen.left(&party.user, &channel.id, world.clock.as_ref());
    Some(format!("{} leaves {}", party.user, channel.id))
}

fn join(world: &mut World) -> Option<String> {
    let party = world.a_party()?;
    let away: Vec<_> = world.slack.channels().into_iter().filter(|one| !one.members.contains(&party.user)).collect();
    let channel = world.chance.pick(&away)?.clone();
    if channel.kind != ChannelKind::Public {
        return None;
    }
    world.slack.act_join(&party.user, &channel.id).ok()?;
    world.seen.joined(&party.user, &channel.id);
    Some(format!("{} joins {}", party.user, channel.id))
}

fn import(world: &mut World) -> Option<String> {
    let party = world.a_party()?;
    let mine: Vec<_> = world.slack.channels().into_iter().filter(|one| one.members.contains(&party.user)).collect();
    let channel = world.chance.pick(&mine)?.clone();
    let held = |chat: &Chat| chat.external_id.as_str() == channel.id && chat.connection_id == party.connection;
    if world.memory.all_chats().iter().any(|chat| held(chat) && chat.is_imported()) && !world.chance.one_in(8) {
        return None;
    }
    let chats = vec![ExternalId::from(channel.id.as_str())];
    Some(world.ask(&party.customer, What::Import { connection: party.connection, chats }))
}

/// Somebody tries to import what they are not a member of. The bot that they share may well be.
fn import_foreign(world: &mut World) -> Option<String> {
    let party = world.a_party()?;
    let others: Vec<_> = world.slack.channels().into_iter().filter(|one| !one.members.contains(&party.user)).collect();
    let channel = world.chance.pick(&others)?.clone();
    let chats = vec![ExternalId::from(channel.id.as_str())];
    Some(world.ask(&party.customer, What::Import { connection: party.connection, chats }))
}

fn import_all(world: &mut World) -> Option<String> {
    if !world.chance.one_in(6) {
        return None;
    }
    let party = world.a_party()?;
    Some(world.ask(&party.customer, What::ImportAll { connection: party.connection }))
}

fn delete_chat(world: &mut World) -> Option<String> {
    if !world.chance.one_in(6) {
        return None;
    }
    let (party, chat) = world.a_chat()?;
    Some(world.ask(&party.customer, What::DeleteChat { chat: chat.id }))
}

fn compare_chat(world: &mut World) -> Option<String> {
    if !world.chance.one_in(4) {
        return None;
    }
    let (party, chat) = world.a_chat()?;
    Some(world.ask(&party.customer, What::Compare { chat: chat.id }))
}

fn send(world: &mut World) -> Option<String> {
    let (party, chat) = world.a_chat()?;
    let text = world.markdown();
    Some(world.ask(&party.customer, What::Send { chat: chat.id, text, root: None }))
}

fn send_reply(world: &mut World) -> Option<String> {
    let (party, root) = world.a_message_here(|row| row.external_id.is_some() && row.direction != Direction::System)?;
    let text = world.markdown();
    Some(world.ask(&party.customer, What::Send { chat: root.chat_id, text, root: Some(root.id) }))
}

/// One of ours, whether it has left or not.
pub fn ours(row: &Message) -> bool {
    row.direction == Direction::Outgoing && row.status != Status::Uncertain
}

fn send_edit(world: &mut World) -> Option<String> {
    let (party, message) = world.a_message_here(ours)?;
    let text = world.markdown();
    Some(world.ask(&party.customer, What::Edit { message: message.id, text }))
}

fn send_delete(world: &mut World) -> Option<String> {
    let (party, message) = world.a_message_here(ours)?;
    Some(world.ask(&party.customer, What::Delete { message: message.id }))
}

fn send_reaction(world: &mut World) -> Option<String> {
    let (party, message) = world.a_message_here(|row| row.direction != Direction::System)?;
    let (_, emoji) = *world.chance.pick(EMOJI)?;
    Some(world.ask(&party.customer, What::React { message: message.id, emoji, present: true }))
}

fn take_reaction_back(world: &mut World) -> Option<String> {
    let (party, message) = world.a_message_here(|row| !row.facets.reactions.now().is_empty())?;
    let (_, emoji) = *world.chance.pick(EMOJI)?;
    Some(world.ask(&party.customer, What::React { message: message.id, emoji, present: false }))
}

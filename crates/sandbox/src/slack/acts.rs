//! What people and apps do with messages: the rules, and the change that follows from each act.
//!
//! The errors are Slack's own strings.

use serde_json::{Value, json};

use super::change::Change;
use super::emoji;
use super::state::{Later, State};
use super::text::{self, Rules};
use super::world::{Channel, ChannelKind, Edited, Message, User, parse_ts, ts};

/// Slack's word for why something was not done.
pub type Refusal = &'static str;

/// Past this many characters Slack cuts a message.
const TEXT_CUT_AT: usize = 40_000;

/// More kinds of emoji than this do not fit on a message.
const REACTION_KINDS_MAX: usize = 50;

/// A message on its way into a channel, its text already in the form that Slack keeps.
#[derive(Default)]
pub struct Posting {
    pub user: String,
    pub bot_id: Option<String>,
    pub text: String,
    pub blocks: Option<Vec<Value>>,
    pub attachments: Vec<Value>,
    pub thread_ts: Option<String>,
    pub broadcast: bool,
    pub subtype: Option<String>,
    pub metadata: Option<Value>,
    pub username: Option<String>,
    pub unfurl: bool,
    pub files: Vec<String>,
}

/// The new content of a message.
pub struct Edit {
    pub text: String,
    pub blocks: Option<Vec<Value>>,
    pub attachments: Vec<Value>,
    pub metadata: Option<Value>,
    /// Who is named as the editor; `None` where Slack does not call it an edit.
    pub editor: Option<String>,
}

impl State {
    /// A new time in a channel, later than everything that has happened there.
    pub fn moment(&self, now_micros: i64, channel: &str) -> i64 {
        self.world.channel(channel).map_or(now_micros, |channel| channel.next_micros(now_micros))
    }

    pub fn channel(&self, id: &str) -> Result<&Channel, Refusal> {
        self.world.channel(id).ok_or("channel_not_found")
    }

    fn message(&self, channel: &str, ts: &str) -> Result<&Message, Refusal> {
        let message = self.channel(channel)?.messages.get(ts).ok_or("message_not_found")?;
        if message.subtype.as_deref() == Some("tombstone") { Err("message_not_found") } else { Ok(message) }
    }

    /// A channel in which this user may act now.
    pub fn open_to(&self, channel: &str, user: &str) -> Result<&Channel, Refusal> {
        let channel = self.channel(channel)?;
        if channel.is_archived {
            return Err("is_archived");
        }
        if !channel.members.contains(user) {
            return Err(if channel.kind == ChannelKind::Public { "not_in_channel" } else { "channel_not_found" });
        }
        Ok(channel)
    }

    /// Reads what a person typed in their client.
    pub fn typed(&self, user: &str, typed: &str) -> String {
        self.read_text(user, &text::with_bullets(typed), Rules { escaped: false, link_urls: true, link_names: true })
    }

    /// Reads a text with the names that this user's workspace knows.
    pub fn read_text(&self, user: &str, text: &str, rules: Rules) -> String {
        let names = |name: &str| -> Option<String> {
            let team = self.world.workspace_of(user)?;
            match name.strip_prefix('@') {
                Some(name) => {
                    let bears = |user: &&User| user.name == name || user.display_name == name;
                    team.users.values().find(bears).map(|user| user.id.clone())
                }
                None => {
                    let name = name.strip_prefix('#')?;
                    team.channels.values().find(|channel| channel.name == name).map(|channel| channel.id.clone())
                }
            }
        };
        text::take_in(text, rules, &names)
    }

    pub fn post(&mut self, now_micros: i64, channel: &str, posting: Posting) -> Result<String, Refusal> {
        self.open_to(channel, &posting.user)?;
        self.post_anywhere(now_micros, channel, posting)
    }

    /// Posts without asking whether the author is a member.
    pub fn post_anywhere(&mut self, now_micros: i64, channel: &str, posting: Posting) -> Result<String, Refusal> {
        let bare = posting.blocks.is_none() && posting.attachments.is_empty() && posting.files.is_empty();
        if posting.text.trim().is_empty() && bare {
            return Err("no_text");
        }
        let found = self.channel(channel)?;
        if let Some(thread) = &posting.thread_ts {
            let parent = found.messages.get(thread).ok_or("thread_not_found")?;
            if parent.subtype.as_deref().is_some_and(|subtype| subtype.starts_with("channel_")) {
                return Err("cannot_reply_to_message");
            }
        }
        let at_micros = found.next_micros(now_micros);
        let broadcast = posting.broadcast && posting.thread_ts.is_some();
        let text: String = posting.text.chars().take(TEXT_CUT_AT).collect();
        let links = if posting.unfurl { text::links(&text) } else { Vec::new() };
        let subtype = if broadcast { Some("thread_broadcast".to_owned()) } else { posting.subtype };
        let by_person = posting.bot_id.is_none();
        let message = Message {
            ts: ts(at_micros),
            user: posting.user,
            bot_id: posting.bot_id,
            subtype,
            text,
            blocks: posting.blocks,
            attachments: posting.attachments,
            thread_ts: posting.thread_ts,
            metadata: posting.metadata,
            client_msg_id: by_person.then(|| self.uuid()),
            username: posting.username,
            files: posting.files,
            ..Message::default()
        };
        self.change(now_micros, Change::Posted { channel: channel.to_owned(), message });
        if let Some(after) = self.config.unfurl_after.filter(|_| !links.is_empty()) {
            let after_micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
            let later = Later::Unfurl { channel: channel.to_owned(), ts: ts(at_micros) };
            self.schedule_in(now_micros, after_micros, later);
        }
        Ok(ts(at_micros))
    }

    fn uuid(&self) -> String {
        let hex = hex::encode(self.digest("client"));
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
    }

    /// The preview of a message's links appears; nobody calls that an edit.
    pub fn unfurl(&mut self, now_micros: i64, channel: &str, message_ts: &str) {
        let Ok(message) = self.message(channel, message_ts) else { return };
        let attachments: Vec<Value> = text::links(&message.text)
            .into_iter()
            .enumerate()
            .map(|(index, url)| {
                let host = url.split('/').nth(2).unwrap_or_default().to_owned();
                json!({
                    "id": index + 1, "from_url": url, "original_url": url, "title": host, "title_link": url,
                    "fallback": host, "service_name": host, "text": "A page somewhere on the web.",
                })
            })
            .collect();
        if attachments.is_empty() {
            return;
        }
        let at_micros = self.moment(now_micros, channel);
        let (channel, ts) = (channel.to_owned(), message_ts.to_owned());
        self.change(now_micros, Change::Unfurled { channel, ts, at_micros, attachments });
    }

    pub fn edit(
        &mut self,
        now_micros: i64,
        channel: &str,
        message_ts: &str,
        user: &str,
        edit: Edit,
    ) -> Result<(), Refusal> {
        let message = self.message(channel, message_ts)?;
        if message.user != user || message.subtype.as_deref().is_some_and(is_system) {
            return Err("cant_update_message");
        }
        let at_micros = self.moment(now_micros, channel);
        let edited = edit.editor.map(|user| Edited { user, ts: format!("{}.000000", at_micros.div_euclid(1_000_000)) });
        self.change(
            now_micros,
            Change::Edited {
                channel: channel.to_owned(),
                ts: message_ts.to_owned(),
                at_micros,
                text: edit.text,
                blocks: edit.blocks,
                attachments: edit.attachments,
                metadata: edit.metadata,
                edited,
            },
        );
        Ok(())
    }

    /// A person edits what they wrote, in their client.
    pub fn retype(
        &mut self,
        now_micros: i64,
        channel: &str,
        message_ts: &str,
        user: &str,
        typed: &str,
    ) -> Result<(), Refusal> {
        let message = self.message(channel, message_ts)?;
        let (attachments, metadata) = (message.attachments.clone(), message.metadata.clone());
        let text = self.typed(user, typed);
        if text.trim().is_empty() {
            return Err("no_text");
        }
        let editor = Some(user.to_owned());
        self.edit(now_micros, channel, message_ts, user, Edit { text, blocks: None, attachments, metadata, editor })
    }

    pub fn delete(&mut self, now_micros: i64, channel: &str, message_ts: &str, user: &str) -> Result<(), Refusal> {
        let message = self.message(channel, message_ts)?;
        if message.user != user || message.subtype.as_deref().is_some_and(is_system) {
            return Err("cant_delete_message");
        }
        let at_micros = self.moment(now_micros, channel);
        let (channel, ts) = (channel.to_owned(), message_ts.to_owned());
        self.change(now_micros, Change::Deleted { channel, ts, at_micros });
        Ok(())
    }

    /// The one name under which a reaction is kept; custom emoji have no other names.
    pub fn emoji_name(&self, team: &str, name: &str) -> Result<String, Refusal> {
        let name = name.trim_matches(':');
        let custom = self.world.workspaces.get(team).is_some_and(|team| team.emoji.contains_key(name));
        if custom { Ok(name.to_owned()) } else { emoji::canonical(name).ok_or("invalid_name") }
    }

    pub fn react(
        &mut self,
        now_micros: i64,
        channel: &str,
        message_ts: &str,
        user: &str,
        name: &str,
    ) -> Result<(), Refusal> {
        let found = self.open_to(channel, user)?;
        let team = self.world.workspace_of(user).map_or(&found.team, |team| &team.id);
        let name = self.emoji_name(team, name)?;
        let message = self.message(channel, message_ts)?;
        match message.reactions.iter().find(|reaction| reaction.name == name) {
            Some(reaction) if reaction.users.iter().any(|other| other == user) => return Err("already_reacted"),
            None if message.reactions.len() >= REACTION_KINDS_MAX => return Err("too_many_emoji"),
            _ => {}
        }
        let at_micros = self.moment(now_micros, channel);
        let (channel, ts, user) = (channel.to_owned(), message_ts.to_owned(), user.to_owned());
        self.change(now_micros, Change::Reacted { channel, ts, at_micros, user, name });
        Ok(())
    }

    pub fn unreact(
        &mut self,
        now_micros: i64,
        channel: &str,
        message_ts: &str,
        user: &str,
        name: &str,
    ) -> Result<(), Refusal> {
        let found = self.open_to(channel, user)?;
        let team = self.world.workspace_of(user).map_or(&found.team, |team| &team.id);
        let name = self.emoji_name(team, name)?;
        let message = self.message(channel, message_ts)?;
        let bears = |reaction: &super::world::Reaction| {
            reaction.name == name && reaction.users.iter().any(|other| other == user)
        };
        if !message.reactions.iter().any(bears) {
            return Err("no_reaction");
        }
        let at_micros = self.moment(now_micros, channel);
        let (channel, ts, user) = (channel.to_owned(), message_ts.to_owned(), user.to_owned());
        self.change(now_micros, Change::Unreacted { channel, ts, at_micros, user, name });
        Ok(())
    }
}

/// Whether a message is Slack's own and belongs to nobody.
fn is_system(subtype: &str) -> bool {
    !matches!(subtype, "thread_broadcast" | "me_message" | "bot_message" | "file_share")
}

/// The `ts` of a message as a caller gave it, if it is one.
pub fn checked_ts(given: &str) -> Option<String> {
    parse_ts(given).map(|_| given.to_owned())
}

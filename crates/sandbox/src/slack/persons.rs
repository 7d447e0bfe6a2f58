//! People acting directly in their Slack client, for tests and simulations.

use super::acts::{Posting, Refusal};
use super::change::Change;
use super::files::NewFile;
use super::world::User;
use super::{Slack, state::State};

impl Slack {
    /// Somebody types a message: `@name` and `#channel` become mentions, links are found, and
    /// `/me …` is an action. Gives the `ts`.
    pub fn act_post(&self, user: &str, channel: &str, text: &str, thread_ts: Option<&str>) -> Result<String, Refusal> {
        self.type_message(user, channel, text, thread_ts, false)
    }

    /// Somebody answers in a thread and ticks "also send to the channel".
    pub fn act_broadcast(&self, user: &str, channel: &str, text: &str, thread_ts: &str) -> Result<String, Refusal> {
        self.type_message(user, channel, text, Some(thread_ts), true)
    }

    fn type_message(
        &self,
        user: &str,
        channel: &str,
        typed: &str,
        thread_ts: Option<&str>,
        broadcast: bool,
    ) -> Result<String, Refusal> {
        self.act(|state, now| {
            let (typed, subtype) = match typed.strip_prefix("/me ") {
                Some(action) => (action, Some("me_message".to_owned())),
                None => (typed, None),
            };
            let text = state.typed(user, typed);
            let bot_id = state.world.user(user).and_then(|user| user.bot_id.clone());
            state.post(
                now,
                channel,
                Posting {
                    user: user.to_owned(),
                    bot_id,
                    text,
                    thread_ts: thread_ts.map(str::to_owned),
                    broadcast,
                    subtype,
                    unfurl: true,
                    ..Posting::default()
                },
            )
        })
    }

    /// Somebody shares files, with words or without. Gives the `ts`, and the ids of the files.
    pub fn act_share(
        &self,
        user: &str,
        channel: &str,
        text: &str,
        thread_ts: Option<&str>,
        files: Vec<NewFile>,
    ) -> Result<(String, Vec<String>), Refusal> {
        self.act(|state, now| {
            state.open_to(channel, user)?;
            let made: Result<Vec<_>, _> = files.into_iter().map(|file| state.make_file(now, user, file)).collect();
            let files = made?;
            let posting = Posting {
                user: user.to_owned(),
                text: state.typed(user, text),
                thread_ts: thread_ts.map(str::to_owned),
                ..Posting::default()
            };
            Ok((state.share_files(now, channel, &files, posting)?, files))
        })
    }

    /// Somebody deletes a file of theirs. Its messages stay.
    pub fn act_delete_file(&self, user: &str, file: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.delete_file(now, file, user))
    }

    pub fn act_edit(&self, user: &str, channel: &str, ts: &str, text: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.retype(now, channel, ts, user, text))
    }

    pub fn act_delete(&self, user: &str, channel: &str, ts: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.delete(now, channel, ts, user))
    }

    pub fn act_react(&self, user: &str, channel: &str, ts: &str, emoji: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.react(now, channel, ts, user, emoji))
    }

    pub fn act_unreact(&self, user: &str, channel: &str, ts: &str, emoji: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.unreact(now, channel, ts, user, emoji))
    }

    pub fn act_join(&self, user: &str, channel: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.join(now, channel, user, None))
    }

    pub fn act_leave(&self, user: &str, channel: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.leave(now, channel, user))
    }

    /// A member lets somebody else in, also into a private channel.
    pub fn act_invite(&self, inviter: &str, channel: &str, user: &str) -> Result<(), Refusal> {
        self.act(|state, now| {
            if !state.channel(channel)?.members.contains(inviter) {
                return Err("not_in_channel");
            }
            if state.world.user(user).is_none() {
                return Err("user_not_found");
            }
            state.join(now, channel, user, Some(inviter))
        })
    }

    /// Opens the chat of a person with others, or finds it. Gives its id.
    pub fn act_open(&self, user: &str, others: &[&str]) -> Result<String, Refusal> {
        let mut members: Vec<String> = others.iter().map(|other| (*other).to_owned()).collect();
        members.push(user.to_owned());
        self.act(|state, now| state.open_chat(now, &members).map(|(id, _)| id))
    }

    /// Makes a channel with its maker as the only member. Gives its id.
    pub fn act_create_channel(&self, user: &str, name: &str, private: bool) -> Result<String, Refusal> {
        self.act(|state, now| state.create_channel(now, user, name, private))
    }

    pub fn act_rename(&self, user: &str, channel: &str, name: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.rename(now, channel, user, name))
    }

    pub fn act_archive(&self, user: &str, channel: &str, archived: bool) -> Result<(), Refusal> {
        self.act(|state, now| state.archive(now, channel, user, archived))
    }

    /// A person reads up to a message, in their client.
    pub fn act_read(&self, user: &str, channel: &str, ts: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.mark(now, channel, user, ts))
    }

    pub fn act_set_topic(&self, user: &str, channel: &str, topic: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.describe(now, channel, user, topic, false))
    }

    pub fn act_set_purpose(&self, user: &str, channel: &str, purpose: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.describe(now, channel, user, purpose, true))
    }

    /// A public channel becomes a private one.
    pub fn act_make_private(&self, user: &str, channel: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.make_private(now, channel, user))
    }

    /// Deletes a channel for good, which only admins of a workspace can do.
    pub fn act_delete_channel(&self, user: &str, channel: &str) -> Result<(), Refusal> {
        self.act(|state, now| state.delete_channel(now, channel, user))
    }

    /// Slack gives a channel another id, as it may when shared channels are converted.
    pub fn act_change_channel_id(&self, channel: &str) -> Result<String, Refusal> {
        self.act(|state, now| {
            let at_micros = state.channel(channel)?.next_micros(now);
            let (old, new) = (channel.to_owned(), state.new_id("C0", "channel", 9));
            state.change(now, Change::ChannelIdChanged { old, new: new.clone(), at_micros });
            Ok(new)
        })
    }

    /// Somebody takes another name.
    pub fn act_rename_user(&self, user: &str, real_name: &str, display_name: &str) -> Result<(), Refusal> {
        self.change_person(user, |user| {
            user.real_name = real_name.to_owned();
            user.display_name = display_name.to_owned();
        })
    }

    /// Somebody's account is switched off, or on again. Their tokens sleep meanwhile.
    pub fn act_deactivate(&self, user: &str, deleted: bool) -> Result<(), Refusal> {
        self.change_person(user, |user| user.deleted = deleted)
    }

    /// Somebody new comes into a workspace, and into its general channel. Gives their id.
    pub fn act_new_person(&self, team: &str, name: &str, real_name: &str) -> Result<String, Refusal> {
        self.act(|state, now| {
            let general = state.world.workspaces.get(team).ok_or("team_not_found")?;
            let general =
                general.channels.values().find(|channel| channel.is_general).map(|channel| channel.id.clone());
            let user = User {
                id: state.new_id("U0", "user", 9),
                team: team.to_owned(),
                name: name.to_owned(),
                real_name: real_name.to_owned(),
                display_name: String::new(),
                email: Some(format!("{name}@{}.example", state.world.workspaces[team].domain)),
                timezone: "Europe/Lisbon".into(),
                deleted: false,
                is_admin: false,
                bot_id: None,
                updated_secs: now.div_euclid(1_000_000),
            };
            let id = user.id.clone();
            state.change(now, Change::Person { user });
            if let Some(general) = general {
                state.join(now, &general, &id, None)?;
            }
            Ok(id)
        })
    }

    fn change_person(&self, user: &str, change: impl FnOnce(&mut User)) -> Result<(), Refusal> {
        self.act(|state: &mut State, now| {
            let mut user = state.world.user(user).ok_or("user_not_found")?.clone();
            change(&mut user);
            user.updated_secs = now.div_euclid(1_000_000);
            state.change(now, Change::Person { user });
            Ok(())
        })
    }
}

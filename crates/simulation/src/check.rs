//! What must hold at every step.

use crate::{
    files::{content, digest},
    follow::Follower,
    world::{World, integration, lock},
};
use engine::MEMBERSHIP_TRUSTED_FOR;
use model::{
    command::Command,
    connection::Login,
    customer::CustomerId,
    event::Event,
    id::{ConnectionId, ExternalId, MessageId},
    time::Timestamp,
    world::Clock,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How many steps lie between two looks at everything that is stored.
const LOOK_EVERY: u64 = 150;
/// How long a call can be under way since it was found that its person is in the chat: time may fly in
/// between, and more than once.
const LATEST_POST: Duration = Duration::from_secs(30 * 60);
/// How long after a person left a send of their own may take effect.
pub const LATEST_OWN: Duration = Duration::from_secs(MEMBERSHIP_TRUSTED_FOR.as_secs() + LATEST_POST.as_secs());

/// By how many commands a bound may be passed: a chat that is deleted gives its commands' numbers free, so
/// one who counted before may come with such a number after others.
const AT_THE_SAME_MOMENT: usize = 2;

/// What was seen in the course of the run.
#[derive(Default)]
pub struct Seen {
    /// Where each mark of ours appeared: one place, for one effect.
    pub marks: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Which mark each text bore when it first appeared. No two asks have the same text.
    texts: BTreeMap<String, String>,
    /// How many messages each of our files ever stood in.
    pub files: BTreeMap<String, usize>,
    shared: BTreeSet<(String, String)>,
    shares: u64,
    /// What an app that follows the feed holds.
    pub follower: Follower,
    /// Somebody took tokens back, so that logins may be lost.
    pub revoked: bool,
    /// In which channels a person ever was.
    members: BTreeMap<String, BTreeSet<String>>,
    /// When a person last left a channel.
    left: BTreeMap<(String, String), Timestamp>,
    /// The channels that a person left at any time.
    ever_left: BTreeSet<(String, String)>,
    /// Which id a channel had before, and which one after.
    became: BTreeMap<String, String>,
    seqs: BTreeMap<CustomerId, u64>,
    position: u64,
    posts: u64,
}

impl Seen {
    pub fn joined(&mut self, user: &str, channel: &str) {
        self.members.entry(user.to_owned()).or_default().insert(channel.to_owned());
        self.left.remove(&(user.to_owned(), channel.to_owned()));
    }

    pub fn left(&mut self, user: &str, channel: &str, clock: &dyn Clock) {
        let key = (user.to_owned(), channel.to_owned());
        self.left.insert(key.clone(), clock.now());
        self.ever_left.insert(key);
    }

    /// A channel has another id: what was seen under the old one was seen under this one.
    pub fn moved(&mut self, from: &str, into: &str) {
        self.became.insert(from.to_owned(), into.to_owned());
        for channels in self.members.values_mut().filter(|channels| channels.contains(from)) {
            channels.insert(into.to_owned());
        }
        let left: Vec<_> = self.left.iter().filter(|((_, channel), _)| channel == from).collect();
        let left: Vec<_> = left.into_iter().map(|((user, _), at)| ((user.clone(), into.to_owned()), *at)).collect();
        self.left.extend(left);
        let ever: Vec<_> = self.ever_left.iter().filter(|(_, channel)| channel == from).cloned().collect();
        self.ever_left.extend(ever.into_iter().map(|(user, _)| (user, into.to_owned())));
        for places in self.marks.values_mut() {
            let now = |(channel, ts): (String, String)| (if channel == from { into.to_owned() } else { channel }, ts);
            *places = std::mem::take(places).into_iter().map(now).collect();
        }
    }

    /// A mark of ours is seen somewhere. Whether it is for the first time.
    pub fn appeared(&mut self, mark: &str, place: (&str, &str), text: &str) -> Result<bool, String> {
        let new = !self.marks.contains_key(mark);
        let places = self.marks.entry(mark.to_owned()).or_default();
        places.insert((place.0.to_owned(), place.1.to_owned()));
        if places.len() > 1 {
            return Err(format!("P6: one send took effect twice: {places:?} ({text})"));
        }
        if new && let Some(held) = self.texts.insert(text.to_owned(), mark.to_owned()) {
            return Err(format!("P6: one ask became two sends: {held} and {mark} ({text})"));
        }
        Ok(new)
    }

    /// Whether a command of ours made this message.
    pub fn is_ours(&self, id: MessageId) -> bool {
        let id = id.to_string();
        self.marks.keys().any(|mark| mark.split_once('.').is_some_and(|(of, _)| of == id))
    }

    pub fn was_in(&self, user: &str, channel: &str) -> bool {
        self.members.get(user).is_some_and(|channels| channels.contains(channel))
    }

    /// When a person left a channel, if they are still away.
    pub fn away_since(&self, user: &str, channel: &str) -> Option<Timestamp> {
        self.left.get(&(user.to_owned(), self.by_now(channel).to_owned())).copied()
    }

    pub fn ever_left(&self, user: &str, channel: &str) -> bool {
        self.ever_left.contains(&(user.to_owned(), self.by_now(channel).to_owned()))
    }

    /// The id that a channel has in the end.
    pub fn by_now<'a>(&'a self, channel: &'a str) -> &'a str {
        self.became.get(channel).map_or(channel, |next| self.by_now(next))
    }
}

impl World {
    pub fn check_step(&mut self) -> Result<(), String> {
        if let Some(wrong) = lock(&self.wrong).first() {
            return Err(wrong.clone());
        }
        self.check_posts()?;
        self.check_mails_sent()?;
        self.check_shares()?;
        if self.executor.steps.is_multiple_of(LOOK_EVERY) {
            self.check_feed()?;
            self.check_rows()?;
            self.check_mail_rows()?;
            self.check_logins()?;
        }
        self.follow(LOOK_EVERY);
        Ok(())
    }

    /// A call was made: what it posted is looked at before anybody can change it.
    fn check_posts(&mut self) -> Result<(), String> {
        let posts = self.slack.calls().get("chat.postMessage").copied().unwrap_or(0);
        if posts == self.seen.posts {
            return Ok(());
        }
        self.seen.posts = posts;
        self.check_marks()
    }

    /// P6: a file appears once, with all its bytes, whatever became of the answers to its steps.
    fn check_shares(&mut self) -> Result<(), String> {
        let shares = self.slack.shares();
        if shares == self.seen.shares {
            return Ok(());
        }
        self.seen.shares = shares;
        for channel in self.slack.channels() {
            for message in &channel.messages {
                for file in &message.files {
                    if !self.seen.shared.insert((message.ts.clone(), file.id.clone())) {
                        continue;
                    }
                    let times = self.seen.files.entry(file.name.clone()).or_default();
                    *times += 1;
                    if *times > 1 {
                        return Err(format!("P6: {} was shared twice", file.name));
                    }
                    if file.digest != digest(&content(&file.name)) {
                        return Err(format!("{} stands at Slack with other bytes", file.name));
                    }
                }
            }
        }
        Ok(())
    }

    /// P6: what we send appears once, whatever became of its answer and however often it was asked for.
    pub fn check_marks(&mut self) -> Result<(), String> {
        for channel in self.slack.channels() {
            for message in &channel.messages {
                let payload = message.metadata.as_ref().map(|metadata| &metadata["event_payload"]);
                let Some(mark) = payload.and_then(|payload| payload["mark"].as_str()) else { continue };
                if self.seen.appeared(mark, (&channel.id, &message.ts), &message.text)? {
                    self.check_sender(mark, &channel.id)?;
                }
            }
        }
        Ok(())
    }

    /// P11: nobody writes where they no longer are. A bot that they share may still be there.
    fn check_sender(&self, mark: &str, channel: &str) -> Result<(), String> {
        let id = mark.split_once('.').and_then(|(id, _)| id.parse::<MessageId>().ok());
        let row = self.memory.all_messages().into_iter().find(|row| Some(row.id) == id);
        let party = row.and_then(|row| self.parties.iter().find(|party| party.connection == row.connection_id));
        let Some(party) = party else { return Ok(()) }; // Its chat was deleted here.
        let closed = self.seen.away_since(&party.user, channel).map(|since| since + LATEST_OWN);
        if closed.is_some_and(|closed| self.now() > closed) {
            return Err(format!("P11: {} wrote in {channel} long after they left", party.customer));
        }
        Ok(())
    }

    /// No gap in `seq`, and none in the app's log. What a power failure takes was heard by nobody.
    pub fn check_feed(&mut self) -> Result<(), String> {
        let events = self.memory.synced_events();
        // Of who is being erased, events go in no order that anybody hears.
        let stays = |event: &&Event| self.leaving.iter().all(|gone| gone.customer != event.customer_id);
        for event in events.iter().filter(|event| event.position > self.seen.position).filter(stays) {
            let last = self.seen.seqs.entry(event.customer_id.clone()).or_default();
            if event.seq != *last + 1 {
                return Err(format!("the feed of {} goes from {last} to {}", event.customer_id, event.seq));
            }
            *last = event.seq;
        }
        self.seen.position = events.last().map_or(self.seen.position, |event| event.position);
        Ok(())
    }

    /// No login dies by our fault, however often its tokens end and whatever becomes of the refreshing.
    pub fn check_logins(&self) -> Result<(), String> {
        // Who leaves takes their own token back, and whoever calls with it just then is told so.
        let connections = self.memory.all_connections();
        let is_used =
            |login: &Login| connections.iter().any(|one| !one.standing.ended && one.logins.contains(&login.id));
        let revoked = |login: &Login| match login.integration == integration() {
            true => self.seen.revoked,
            false => self.is_mail_revoked(),
        };
        let lost = |login: &Login| login.lost && !revoked(login) && is_used(login);
        match self.memory.all_logins().into_iter().find(lost) {
            Some(login) => Err(format!("the login of {} was lost, and nobody revoked it", login.account)),
            None => Ok(()),
        }
    }

    /// P2, P11 and P14, on everything that is stored.
    pub fn check_rows(&self) -> Result<(), String> {
        let chats: BTreeMap<_, _> = self.memory.all_chats().into_iter().map(|chat| (chat.id, chat)).collect();
        let mut named: BTreeSet<(ConnectionId, ExternalId)> = BTreeSet::new();
        for message in self.memory.all_messages() {
            let chat = chats.get(&message.chat_id).ok_or_else(|| format!("{} stands in no chat", message.id))?;
            if !chat.is_imported() {
                return Err(format!("P14: {} is in {}, which is {:?}", message.id, chat.external_id, chat.state));
            }
            if let Some(name) = &message.external_id
                && !named.insert((message.connection_id, name.clone()))
            {
                return Err(format!("P2: {} has {name} twice", message.customer_id));
            }
        }
        let everybody = self.everybody();
        for chat in chats.values() {
            let party = everybody.iter().chain(&self.leaving).find(|party| party.connection == chat.connection_id);
            let Some(party) = party else { return Err(format!("{} belongs to nobody", chat.external_id)) };
            if party.integration == integration() && !self.seen.was_in(&party.user, chat.external_id.as_str()) {
                return Err(format!("P11: {} sees {}, where they never were", party.customer, chat.external_id));
            }
        }
        let commands = self.memory.all_commands();
        for party in &self.parties {
            let mine = |command: &&Command| command.customer_id == party.customer && command.is_open();
            let open = commands.iter().filter(mine).count();
            if open > self.bounds().outbox + AT_THE_SAME_MOMENT {
                return Err(format!("P13: {open} commands of {} are open", party.customer));
            }
        }
        Ok(())
    }
}

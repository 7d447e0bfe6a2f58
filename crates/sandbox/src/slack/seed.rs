//! Makes a world from a seed: people with names in several scripts, channels, chats, and a history
//! that lies before the start.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::config::WorldSize;
use super::people::{ANSWERS, REMARKS};
use super::reach::Organization;
use super::text::{Rules, take_in};
use super::world::{Bot, Channel, ChannelKind, Edited, Message, Reaction, User, Workspace, World, parse_ts, ts};

/// Handle, whole name, display name (often empty, as it is).
const PEOPLE: &[(&str, &str, &str)] = &[
    ("ana", "Ana Silva", ""),
    ("bruno", "Bruno Müller", "Bruno"),
    ("chiyo", "田中 千代", "ちよ"),
    ("dmitri", "Дмитрий Орлов", ""),
    ("eleni", "Ελένη Παπαδοπούλου", "Eleni"),
    ("farid", "فريد حداد", ""),
    ("grace", "Grace O'Connor", "grace"),
    ("hana", "김하나", "하나"),
    ("ines", "Inês d'Ávila", ""),
    ("jai", "जय शर्मा", "Jai"),
    ("karl", "Karl-Heinz Groß", "kh"),
    ("lea", "לאה כהן", ""),
    ("mei", "陈美", "Mei"),
    ("nam", "Nguyễn Văn Nam", ""),
    ("olga", "Olga Żółkiewska", "Olga 🌻"),
    ("pim", "พิมพ์ใจ แสงทอง", ""),
];

const CHANNELS: &[&str] = &["general", "random", "support", "sales", "engineering", "design", "café", "news"];
const PRIVATE: &[&str] = &["leads", "finance", "hiring", "incident-42"];
const BOTS: &[&str] = &["Deploys", "Weather", "Tickets", "Polls"];
const TEAMS: &[(&str, &str)] = &[("Acme", "acme"), ("Globex", "globex"), ("Initech", "initech")];
const EMOJI: &[&str] = &["+1", "heart", "tada", "eyes", "joy", "white_check_mark", "acme"];

struct Maker<'a> {
    rng: ChaCha12Rng,
    size: &'a WorldSize,
    at_micros: i64,
    count: u64,
}

/// Fills an empty world. The same arguments give the same world.
pub fn fill(world: &mut World, seed: u64, size: &WorldSize, at_micros: i64) {
    world.seed = seed;
    let mut maker = Maker { rng: ChaCha12Rng::seed_from_u64(seed), size, at_micros, count: 0 };
    for index in 0..size.workspaces {
        let team = maker.workspace(index);
        world.workspaces.insert(team.id.clone(), team);
    }
    if size.organization {
        organize(world);
    }
}

/// Makes one company of all workspaces, whose first person is in each of them.
fn organize(world: &mut World) {
    let id = "E0SEED00001".to_owned();
    let (name, domain) = ("Acme Holding".to_owned(), "acme-holding".to_owned());
    let first = world.workspaces.values().flat_map(|team| team.users.values()).find(|user| user.bot_id.is_none());
    let first = first.cloned();
    for team in world.workspaces.values_mut() {
        team.organization = Some(id.clone());
        let Some(first) = first.as_ref().filter(|first| first.team != team.id) else { continue };
        team.users.insert(first.id.clone(), first.clone());
        for channel in team.channels.values_mut().filter(|channel| channel.kind == ChannelKind::Public) {
            channel.members.insert(first.id.clone());
        }
    }
    world.organizations.insert(id.clone(), Organization { id, name, domain, app_bot: None });
}

impl Maker<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.next_u64() % (limit.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'b, T>(&mut self, items: &'b [T]) -> &'b T {
        let index = self.below(items.len());
        &items[index]
    }

    /// Ids of a seeded world are counted, so that they stay short and comparable.
    fn id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}0SEED{:05}", self.count)
    }

    fn start_secs(&self) -> i64 {
        self.at_micros.div_euclid(1_000_000) - i64::from(self.size.days) * 86_400
    }

    fn workspace(&mut self, index: usize) -> Workspace {
        let (name, domain) = TEAMS.get(index).copied().unwrap_or(("Acme", "acme"));
        let more = if index < TEAMS.len() { String::new() } else { format!("-{index}") };
        let mut team = Workspace {
            id: self.id("T"),
            name: format!("{name}{more}"),
            domain: format!("{domain}{more}"),
            ..Workspace::default()
        };
        team.emoji.insert("acme".into(), "https://emoji.slack-edge.invalid/acme.png".into());
        team.emoji.insert("acme_logo".into(), "alias:acme".into());
        self.people(&mut team);
        self.bots(&mut team);
        let people: Vec<String> =
            team.users.values().filter(|user| user.bot_id.is_none()).map(|user| user.id.clone()).collect();
        self.channels(&mut team, &people);
        self.chats(&mut team, &people);
        team
    }

    fn people(&mut self, team: &mut Workspace) {
        for index in 0..self.size.people {
            let (handle, real_name, display_name) = PEOPLE[index % PEOPLE.len()];
            let round = index / PEOPLE.len();
            let suffix = if round == 0 { String::new() } else { format!("{}", round + 1) };
            let user = User {
                id: self.id("U"),
                team: team.id.clone(),
                name: format!("{handle}{suffix}"),
                real_name: format!("{real_name}{suffix}"),
                display_name: if display_name.is_empty() { String::new() } else { format!("{display_name}{suffix}") },
                email: Some(format!("{handle}{suffix}@{}.example", team.domain)),
                timezone: "Europe/Lisbon".into(),
                deleted: false,
                is_admin: index == 0,
                bot_id: None,
                updated_secs: self.start_secs(),
            };
            team.users.insert(user.id.clone(), user);
        }
    }

    fn bots(&mut self, team: &mut Workspace) {
        for index in 0..self.size.bots {
            let name = BOTS[index % BOTS.len()];
            let (id, user, app_id) = (self.id("B"), self.id("U"), self.id("A"));
            let updated_secs = self.start_secs();
            let bot = Bot {
                id: id.clone(),
                team: team.id.clone(),
                app_id,
                user: user.clone(),
                name: name.into(),
                updated_secs,
            };
            team.users.insert(
                user.clone(),
                User {
                    id: user,
                    team: team.id.clone(),
                    name: name.to_lowercase(),
                    real_name: name.into(),
                    display_name: String::new(),
                    email: None,
                    timezone: "Europe/Lisbon".into(),
                    deleted: false,
                    is_admin: false,
                    bot_id: Some(id.clone()),
                    updated_secs,
                },
            );
            team.bots.insert(id, bot);
        }
    }

    fn channels(&mut self, team: &mut Workspace, people: &[String]) {
        let size = self.size;
        for index in 0..size.public_channels + size.private_channels {
            let public = index < size.public_channels;
            let (names, index) = if public { (CHANNELS, index) } else { (PRIVATE, index - size.public_channels) };
            let kind = if public { ChannelKind::Public } else { ChannelKind::Private };
            let round = index / names.len();
            let name = if round == 0 {
                names[index % names.len()].to_owned()
            } else {
                format!("{}-{round}", names[index % names.len()])
            };
            let mut members: BTreeSet<String> =
                people.iter().filter(|_| name == "general" || self.below(4) > 0).cloned().collect();
            members.extend(people.first().cloned());
            if public {
                members.extend(team.bots.values().map(|bot| bot.user.clone()));
            }
            let mut channel = self.channel(team, kind, &name, members);
            self.history(team, &mut channel, size.messages_per_channel, size.threads_per_channel);
            team.channels.insert(channel.id.clone(), channel);
        }
    }

    fn chats(&mut self, team: &mut Workspace, people: &[String]) {
        let size = self.size;
        let mut taken: BTreeSet<BTreeSet<String>> = BTreeSet::new();
        for index in 0..size.direct_chats + size.group_chats {
            let direct = index < size.direct_chats;
            let wanted = if direct { 2 } else { 3 };
            let mut members = BTreeSet::new();
            for _ in 0..64 {
                members.insert(self.pick(people).clone());
                if members.len() == wanted {
                    break;
                }
            }
            if members.len() < wanted || !taken.insert(members.clone()) {
                continue;
            }
            let kind = if direct { ChannelKind::Direct } else { ChannelKind::Group };
            let handles: Vec<&str> = members.iter().map(|user| team.users[user].name.as_str()).collect();
            let name = if direct { String::new() } else { format!("mpdm-{}-1", handles.join("--")) };
            let mut channel = self.channel(team, kind, &name, members);
            self.history(team, &mut channel, size.messages_per_chat, 0);
            team.channels.insert(channel.id.clone(), channel);
        }
    }

    fn channel(&mut self, team: &Workspace, kind: ChannelKind, name: &str, members: BTreeSet<String>) -> Channel {
        Channel {
            id: self.id(if kind == ChannelKind::Direct { "D" } else { "C" }),
            team: team.id.clone(),
            kind,
            name: name.to_owned(),
            creator: members.first().cloned().unwrap_or_default(),
            created_secs: self.start_secs(),
            updated_millis: self.start_secs() * 1000,
            is_archived: false,
            is_general: name == "general",
            topic: String::new(),
            purpose: if name.is_empty() { String::new() } else { format!("All about {name}") },
            previous_names: Vec::new(),
            members,
            shared_with: BTreeSet::new(),
            messages: Default::default(),
            threads: Default::default(),
            deleted: Vec::new(),
            read: Default::default(),
            last_micros: 0,
        }
    }

    /// Messages spread evenly over the days before the start, with threads, edits and reactions.
    fn history(&mut self, team: &Workspace, channel: &mut Channel, messages: usize, threads: usize) {
        let members: Vec<String> = channel.members.iter().cloned().collect();
        if members.is_empty() || messages == 0 {
            return;
        }
        let first = self.start_secs() * 1_000_000;
        // The last hour stays free, for the replies of the last thread.
        let step = (self.at_micros - 3_600_000_000 - first) / i64::try_from(messages).unwrap_or(1).max(1);
        let every = messages.checked_div(threads).map_or(usize::MAX, |every| every.max(1));
        for index in 0..messages {
            let jitter = i64::try_from(self.below(usize::try_from(step / 2).unwrap_or(1))).unwrap_or(0);
            let at = first + step * i64::try_from(index).unwrap_or(0) + jitter;
            let author = self.pick(&members).clone();
            let message = self.message(team, &members, at, &author, None);
            let parent = message.ts.clone();
            channel.put(message);
            if index % every == every - 1 {
                for reply in 0..self.size.replies_per_thread {
                    let at = at + 1_000_000 * (i64::try_from(reply).unwrap_or(0) + 1) + 17;
                    let author = self.pick(&members).clone();
                    let message = self.message(team, &members, at, &author, Some(parent.clone()));
                    channel.put(message);
                }
            }
        }
        let last = channel.messages.keys().next_back().and_then(|last| parse_ts(last));
        channel.last_micros = last.unwrap_or(0);
    }

    fn message(
        &mut self,
        team: &Workspace,
        members: &[String],
        at_micros: i64,
        author: &str,
        thread_ts: Option<String>,
    ) -> Message {
        let phrases = if thread_ts.is_some() { ANSWERS } else { REMARKS };
        let typed = *self.pick(phrases);
        let names = |name: &str| {
            let name = name.strip_prefix('@')?;
            team.users.values().find(|user| user.name == name).map(|user| user.id.clone())
        };
        let text = take_in(typed, Rules { escaped: false, link_urls: true, link_names: true }, &names);
        let bot_id = team.users.get(author).and_then(|user| user.bot_id.clone());
        let edited = (self.below(12) == 0).then(|| Edited {
            user: author.to_owned(),
            ts: format!("{}.000000", at_micros.div_euclid(1_000_000) + 30),
        });
        let mut reactions = Vec::new();
        if self.below(5) == 0 {
            let name = (*self.pick(EMOJI)).to_owned();
            let users = members.iter().take(1 + self.below(3)).cloned().collect();
            reactions.push(Reaction { name, users });
        }
        let client_msg_id = bot_id.is_none().then(|| format!("00000000-0000-4000-a000-{at_micros:012x}"));
        Message {
            ts: ts(at_micros),
            user: author.to_owned(),
            bot_id,
            text,
            thread_ts,
            edited,
            reactions,
            client_msg_id,
            ..Message::default()
        }
    }
}

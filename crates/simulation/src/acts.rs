//! What people do at Slack, and what customers ask of us.

use crate::{
    executor::Owner,
    world::{Party, REDIRECT, World, integration, lock},
};
use axum::body::Body;
use engine::{Draft, Engine, EngineError, Idempotency};
use model::{
    chat::Chat,
    connection::Connection,
    connector::Grant,
    customer::CustomerId,
    event::{Origin, Subject},
    id::{ChatId, ConnectionId, ExternalId, MessageId},
    message::{Direction, Message, Status},
    world::Secret,
};
use sandbox::slack::{ChannelKind, ChannelSnapshot};
use std::{
    collections::BTreeMap,
    future::Future,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tower::ServiceExt;

type Act = fn(&mut World) -> Option<String>;

/// Everything that is done, by name. None means that there was nothing to do it to.
pub const ACTS: &[(&str, Act)] = &[
    ("post", post),
    ("post", post),
    ("reply", reply),
    ("edit", edit),
    ("delete", delete),
    ("react", react),
    ("unreact", unreact),
    ("leave", leave),
    ("join", join),
    ("import", import),
    ("import", import),
    ("import_foreign", import_foreign),
    ("import_all", import_all),
    ("delete_chat", delete_chat),
    ("compare_chat", compare_chat),
    ("send", send),
    ("send", send),
    ("send_reply", send_reply),
    ("send_edit", send_edit),
    ("send_delete", send_delete),
    ("send_reaction", send_reaction),
    ("take_reaction_back", take_reaction_back),
];

const EMOJI: &[(&str, &str)] = &[("thumbsup", "👍"), ("tada", "🎉")];

/// Something that a customer asks of us, until it is answered.
#[derive(Clone, Debug)]
pub enum What {
    Send { chat: ChatId, text: String, root: Option<MessageId> },
    Edit { message: MessageId, text: String },
    Delete { message: MessageId },
    React { message: MessageId, emoji: &'static str, present: bool },
    Import { connection: ConnectionId, chats: Vec<ExternalId> },
    ImportAll { connection: ConnectionId },
    DeleteChat { chat: ChatId },
    Compare { chat: ChatId },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Flying(Owner),
    /// The message that it is about, where it is about one.
    Accepted(Option<MessageId>),
    Refused(String),
}

#[derive(Clone, Debug)]
struct Ask {
    customer: CustomerId,
    what: What,
    state: State,
}

/// All that was asked.
#[derive(Default)]
pub struct Asks {
    all: BTreeMap<u64, Ask>,
}

impl Asks {
    /// A server died: who waited for it asks again, with the same key.
    pub fn lost(&mut self, owner: Owner) {
        for ask in self.all.values_mut().filter(|ask| ask.state == State::Flying(owner)) {
            ask.state = State::Waiting;
        }
    }

    pub fn are_answered(&self) -> bool {
        self.all.values().all(|ask| !matches!(ask.state, State::Waiting | State::Flying(_)))
    }

    /// The texts of accepted sends, with their message.
    pub fn sent(&self) -> Vec<(CustomerId, MessageId, String)> {
        let sent = |ask: &Ask| match (&ask.what, &ask.state) {
            (What::Send { text, .. }, State::Accepted(Some(id))) => Some((ask.customer.clone(), *id, text.clone())),
            _ => None,
        };
        self.all.values().filter_map(sent).collect()
    }
}

impl World {
    /// Does one thing of chance. False if there was nothing to do it to.
    pub fn act(&mut self) -> bool {
        let Some((name, act)) = self.chance.pick(ACTS).copied() else { return false };
        let Some(done) = act(self) else { return false };
        *self.report.actions.entry(name).or_default() += 1;
        self.say(|| format!("{name}: {done}"));
        true
    }

    /// Lets a future run to its end while nothing else happens.
    pub fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = Box::pin(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            self.memory.sync();
            self.pass(Duration::from_micros(100));
        }
    }

    /// Two customers connect to one workspace: one with a token of their own, one by the bot alone.
    pub fn connect_parties(&mut self) -> Result<(), String> {
        let users: Vec<_> = self.slack.users().into_iter().filter(|user| !user.is_bot && !user.deleted).collect();
        for (number, user) in users.iter().take(2).enumerate() {
            let customer = CustomerId::new(format!("customer-{number}")).map_err(|error| error.to_string())?;
            let (_, engine) = self.any_server().ok_or("no server is up")?;
            let code = self.allow(&engine, &user.id, number == 0)?;
            let grant = Grant::Code { code: Secret(code), redirect_uri: REDIRECT.to_owned() };
            let slack = integration();
            let connected = self.drive(engine.connect(&customer, &slack, &grant));
            let connection: Connection = connected.map_err(|error| format!("cannot connect: {error:?}"))?;
            self.parties.push(Party { customer, user: user.id.clone(), connection: connection.id });
            if number == 0 {
                self.invite_bot(&connection);
            }
        }
        Ok(())
    }

    /// The bot is invited everywhere but into direct chats, by whoever is there.
    fn invite_bot(&mut self, connection: &Connection) {
        let login = self.memory.all_logins().into_iter().find(|login| {
            connection.logins.contains(&login.id) && !login.account.as_str().contains('/')
        });
        let bot = login.and_then(|login| login.facts["user_id"].as_str().map(str::to_owned));
        for channel in self.slack.channels() {
            if let (Some(bot), Some(inviter)) = (&bot, channel.members.iter().next())
                && matches!(channel.kind, ChannelKind::Public | ChannelKind::Private)
            {
                // Refused only where the bot is already.
                let _: Result<(), _> = self.slack.act_invite(inviter, &channel.id, bot);
            }
        }
        for channel in self.slack.channels() {
            for user in &channel.members {
                self.seen.joined(user, &channel.id);
            }
        }
    }

    /// A person allows the app on Slack's page, with a token of their own or without.
    fn allow(&mut self, engine: &Engine, user: &str, own_token: bool) -> Result<String, String> {
        let address = engine.authorize(&integration(), "state", REDIRECT).map_err(|error| error.to_string())?;
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let fields = query.split('&').filter(|field| own_token || !field.starts_with("user_scope="));
        let form: Vec<_> = fields.map(str::to_owned).chain([format!("user={user}"), "decision=allow".into()]).collect();
        let request = axum::http::Request::post("/oauth/v2/authorize")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.join("&")))
            .map_err(|error| error.to_string())?;
        let router = self.slack.router();
        let answer = self.drive(router.oneshot(request)).map_err(|never| never.to_string())?;
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let code = location.split(['?', '&']).find_map(|field| field.strip_prefix("code="));
        code.map(str::to_owned).ok_or_else(|| format!("Slack gave no code: {location}"))
    }

    fn ask(&mut self, customer: &CustomerId, what: What) -> String {
        let mut asks = lock(&self.asks);
        let key = asks.all.len() as u64 + 1;
        let said = format!("{customer} asks {key}: {what:?}");
        asks.all.insert(key, Ask { customer: customer.clone(), what, state: State::Waiting });
        said
    }

    /// Brings what is asked to a server that is up.
    pub fn send_asks(&mut self) {
        let Some((owner, engine)) = self.any_server() else { return };
        let asks = Arc::clone(&self.asks);
        let next = {
            let mut asks = lock(&self.asks);
            let Some((key, ask)) = asks.all.iter_mut().find(|(_, ask)| ask.state == State::Waiting) else { return };
            ask.state = State::Flying(owner);
            (*key, ask.clone())
        };
        let (memory, wrong) = (Arc::clone(&self.memory), Arc::clone(&self.wrong));
        let (key, ask) = next;
        self.executor.spawn(owner, "ask", async move {
            let answered = bring(&engine, key, &ask).await;
            let state = match answered {
                Ok(about) => {
                    if let (What::Send { .. }, Some(id)) = (&ask.what, about)
                        && !memory.synced_events().iter().any(|event| event.event.subject == Subject::Message(id))
                    {
                        lock(&wrong).push(format!("P1: send {key} was answered before it was on disk"));
                    }
                    State::Accepted(about)
                }
                Err(EngineError::Refused(problem)) => State::Refused(problem.code),
                Err(EngineError::NotFound) => State::Refused("not_found".to_owned()),
                Err(EngineError::KeyReused) => {
                    lock(&wrong).push(format!("the key of ask {key} was taken for another one's"));
                    State::Refused("key_reused".to_owned())
                }
                Err(_) => State::Waiting, // Busy, no room, or Slack did not answer: asked again.
            };
            if let Some(held) = lock(&asks).all.get_mut(&key) {
                held.state = state;
            }
        });
    }

    fn text(&mut self) -> String {
        self.texts += 1;
        format!("w{}", self.texts)
    }

    fn a_channel(&self) -> Option<ChannelSnapshot> {
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

    fn a_party(&self) -> Option<Party> {
        self.chance.pick(&self.parties).cloned()
    }

    /// An imported chat of a party whose person is in it.
    fn a_chat(&self) -> Option<(Party, Chat)> {
        let party = self.a_party()?;
        let mine = |chat: &Chat| chat.customer_id == party.customer && chat.is_imported();
        let chats: Vec<_> = self.memory.all_chats().into_iter().filter(mine).collect();
        let chat = self.chance.pick(&chats)?.clone();
        Some((party, chat))
    }

    fn a_message_here(&self, wanted: impl Fn(&Message) -> bool) -> Option<(Party, Message)> {
        let (party, chat) = self.a_chat()?;
        let rows = self.memory.all_messages().into_iter();
        let rows: Vec<_> = rows
            .filter(|row| row.chat_id == chat.id && row.is_shown() && !row.facets.is_deleted() && wanted(row))
            .collect();
        Some((party, self.chance.pick(&rows)?.clone()))
    }
}

/// Does what was asked. The key makes its repeat the same.
async fn bring(engine: &Engine, key: u64, ask: &Ask) -> Result<Option<MessageId>, EngineError> {
    let key = Idempotency { key: format!("ask-{key}"), request_hash: format!("{:?}", ask.what) };
    let (customer, app) = (&ask.customer, Origin::App);
    let message = match &ask.what {
        What::Send { chat, text, root } => {
            let draft = Draft { text: text.clone(), thread_root: *root };
            engine.send(customer, *chat, draft, app, Some(&key)).await?
        }
        What::Edit { message, text } => engine.edit(customer, *message, text, app, Some(&key)).await?,
        What::Delete { message } => engine.delete(customer, *message, app, Some(&key)).await?,
        What::React { message, emoji, present } => {
            engine.react(customer, *message, emoji, *present, app, Some(&key)).await?
        }
        What::Import { connection, chats } => {
            return engine.import_chats(customer, *connection, chats, None).await.map(|_| None);
        }
        What::ImportAll { connection } => return engine.import_all(customer, *connection, None).await.map(|_| None),
        What::DeleteChat { chat } => return engine.delete_chat(customer, *chat).await.map(|()| None),
        What::Compare { chat } => return engine.sync_chat(customer, *chat).await.map(|_| None),
    };
    Ok(Some(message.id))
}

fn post(world: &mut World) -> Option<String> {
    let channel = world.a_channel()?;
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    let text = world.text();
    let ts = world.slack.act_post(&user, &channel.id, &text, None).ok()?;
    Some(format!("{user} writes {text} in {} at {ts}", channel.id))
}

fn reply(world: &mut World) -> Option<String> {
    let (channel, ts, _) = world.a_message()?;
    let root = channel.message(&ts)?.thread_ts.clone().unwrap_or(ts);
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    let text = world.text();
    let ts = world.slack.act_post(&user, &channel.id, &text, Some(&root)).ok()?;
    Some(format!("{user} answers {root} with {text} in {} at {ts}", channel.id))
}

fn edit(world: &mut World) -> Option<String> {
    let (channel, ts, user) = world.a_message()?;
    let text = world.text();
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
    let held = |chat: &Chat| chat.external_id.as_str() == channel.id && chat.customer_id == party.customer;
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
    let text = world.text();
    Some(world.ask(&party.customer, What::Send { chat: chat.id, text, root: None }))
}

fn send_reply(world: &mut World) -> Option<String> {
    let (party, root) = world.a_message_here(|row| row.external_id.is_some() && row.direction != Direction::System)?;
    let text = world.text();
    Some(world.ask(&party.customer, What::Send { chat: root.chat_id, text, root: Some(root.id) }))
}

/// One of ours, whether it has left or not.
fn ours(row: &Message) -> bool {
    row.direction == Direction::Outgoing && row.status != Status::Uncertain
}

fn send_edit(world: &mut World) -> Option<String> {
    let (party, message) = world.a_message_here(ours)?;
    let text = world.text();
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

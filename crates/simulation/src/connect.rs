//! Two customers connect to one workspace, or to two that share channels, before anything goes wrong.

use crate::{
    asks::What,
    world::{Party, REDIRECT, World, integration},
};
use axum::{Router, body::Body, extract::Query, http::Uri};
use engine::{Engine, EngineError};
use model::{
    chat::Chat,
    connection::{Connection, ConnectionState},
    connector::Grant,
    customer::CustomerId,
    world::Secret,
};
use sandbox::slack::{ChannelKind, ChannelSnapshot};
use std::{
    collections::BTreeMap,
    future::Future,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tower::ServiceExt;

impl World {
    /// Lets a future run to its end while nothing else happens.
    pub fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = Box::pin(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            self.sync();
            self.pass(Duration::from_micros(100));
        }
    }

    /// Two customers connect, to one workspace or to two: one with a token of their own, one by the bot alone.
    pub fn connect_parties(&mut self) -> Result<(), String> {
        let users: Vec<_> = self.slack.users().into_iter().filter(|user| !user.is_bot && !user.deleted).collect();
        let first = users.first().ok_or("nobody is there")?;
        let second = users.iter().find(|user| user.team != first.team).or(users.get(1)).ok_or("one is alone")?;
        if second.team != first.team {
            self.share_channels(&second.team, &second.id);
        }
        for (number, user) in [first, second].into_iter().enumerate() {
            let customer = CustomerId::new(format!("customer-{number}")).map_err(|error| error.to_string())?;
            let (_, engine) = self.any_server().ok_or("no server is up")?;
            let code = self.allow_slack(&engine, &user.id, number == 0)?;
            let grant = Grant::Code { code: Secret(code), redirect_uri: REDIRECT.to_owned() };
            let slack = integration();
            let connected = self.drive(engine.connect(&customer, &slack, &grant));
            let connection: Connection = connected.map_err(|error| format!("cannot connect: {error:?}"))?;
            let own_token = number == 0;
            self.parties.push(Party {
                customer,
                integration: slack,
                user: user.id.clone(),
                connection: connection.id,
                own_token,
                left_at: None,
            });
            if number == 0 || second.team != first.team {
                self.invite_bot(&connection);
            }
        }
        Ok(())
    }

    /// All channels of the first workspace but the general one are shared with another company, one of whose
    /// people comes in.
    fn share_channels(&mut self, team: &str, guest: &str) {
        for channel in self.slack.channels().into_iter().filter(|channel| channel.team != team) {
            if let Some(member) = channel.members.iter().next() {
                // Direct chats cannot be shared.
                if self.slack.act_share_channel(member, &channel.id, team).is_ok() {
                    let _: Result<(), _> = self.slack.act_invite(member, &channel.id, guest);
                }
            }
        }
    }

    /// Counts a chat that another company's workspace shares with the customer's.
    pub fn count_guest(&mut self, chat: &Chat, channel: &ChannelSnapshot) {
        let party = self.parties.iter().find(|party| party.connection == chat.connection_id);
        let user = party.and_then(|party| self.slack.users().into_iter().find(|user| user.id == party.user));
        self.count("chats of another company", usize::from(user.is_some_and(|user| user.team != channel.team)));
    }

    pub fn needs_login(&self, party: &Party) -> bool {
        let mine = |connection: &Connection| connection.id == party.connection;
        let held = self.memory.all_connections().into_iter().find(mine);
        held.is_some_and(|held| held.state == ConnectionState::NeedsLogin)
    }

    /// A person goes the whole way again, as the first time. They get the same connection back.
    pub fn connect_again(&mut self, party: &Party) -> Result<(), String> {
        let (_, engine) = self.any_server().ok_or("no server is up")?;
        let code = self.allow(&engine, party)?;
        let grant = Grant::Code { code: Secret(code), redirect_uri: REDIRECT.to_owned() };
        let connected = self.drive(engine.connect(&party.customer, &party.integration, &grant));
        if let Err(EngineError::Busy(after)) = connected {
            self.pass(after); // No room within the platform's limits: they wait as they are told, and come again.
            return Ok(());
        }
        let connection = connected.map_err(|error| error.to_string())?;
        if connection.id != party.connection {
            return Err(format!("{} got another connection", party.customer));
        }
        Ok(())
    }

    /// The bot is invited everywhere but into direct chats, by whoever is there.
    fn invite_bot(&mut self, connection: &Connection) {
        let login = self
            .memory
            .all_logins()
            .into_iter()
            .find(|login| connection.logins.contains(&login.id) && !login.account.as_str().contains('/'));
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

    /// A person allows the app once more, on their platform's page. Gives the code.
    fn allow(&mut self, engine: &Engine, party: &Party) -> Result<String, String> {
        if party.integration == integration() {
            self.allow_slack(engine, &party.user, party.own_token)
        } else {
            self.allow_mail(engine, &party.user)
        }
    }

    /// A person allows the app on Slack's page, with a token of their own or without.
    fn allow_slack(&mut self, engine: &Engine, user: &str, own_token: bool) -> Result<String, String> {
        let address = engine.authorize(&integration(), "state", REDIRECT).map_err(|error| error.to_string())?;
        let query = address.split_once('?').map_or("", |(_, query)| query);
        let fields = query.split('&').filter(|field| own_token || !field.starts_with("user_scope="));
        let form: Vec<_> = fields.map(str::to_owned).chain([format!("user={user}"), "decision=allow".into()]).collect();
        self.code_from(self.slack.router(), "/oauth/v2/authorize", form.join("&"))
    }

    /// Sends the form of a platform's page, and takes the code out of the address that it leads back to.
    pub fn code_from(&mut self, router: Router, page: &str, form: String) -> Result<String, String> {
        let request = axum::http::Request::post(page)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .map_err(|error| error.to_string())?;
        let answer = self.drive(router.oneshot(request)).map_err(|never| never.to_string())?;
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let address: Uri = location.parse().map_err(|_| format!("{location:?} is no address"))?;
        let fields = Query::<BTreeMap<String, String>>::try_from_uri(&address).map_err(|error| error.to_string())?;
        fields.0.get("code").cloned().ok_or_else(|| format!("there is no code in {location}"))
    }
}

pub fn pause(world: &mut World) -> Option<String> {
    if !world.chance.one_in(6) {
        return None;
    }
    let party = world.a_party()?;
    Some(world.ask(&party.customer, What::Pause { connection: party.connection, on: true }))
}

pub fn go_on(world: &mut World) -> Option<String> {
    let paused = world.memory.all_connections().into_iter().find(|connection| connection.standing.paused)?;
    Some(world.ask(&paused.customer_id, What::Pause { connection: paused.id, on: false }))
}

/// A person takes their own token back, or somebody takes the app out of the workspace.
pub fn revoke(world: &mut World) -> Option<String> {
    if !world.chance.one_in(100) {
        return None;
    }
    let everything = world.chance.one_in(2);
    let user = world.parties.first()?.user.clone();
    world.seen.revoked = true;
    if everything {
        let team = world.slack.users().into_iter().find(|one| one.id == user)?.team;
        world.slack.uninstall(&team);
        return Some(format!("the app is taken out of {team}"));
    }
    world.slack.revoke_person(&user);
    Some(format!("{user} takes their token back"))
}

pub fn connect_again(world: &mut World) -> Option<String> {
    let lost = world.parties.clone().into_iter().find(|party| world.needs_login(party))?;
    come_back(world, &lost)
}

/// Whoever lost their login goes the whole way again.
pub fn come_back(world: &mut World, lost: &Party) -> Option<String> {
    // Whether it worked, the state tells; else it is tried again later.
    let connected = world.connect_again(lost);
    Some(format!("{} connects again: {connected:?}", lost.customer))
}

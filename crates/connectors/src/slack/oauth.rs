//! Makes logins, by OAuth or out of pasted tokens, and gives them back.

use crate::slack::{
    client::{self, Client},
    id, login,
    problem::CallError,
    wire,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    abilities::Abilities,
    connector::{Authorized, ConnectorError, Grant, Identity, NewLogin, OpenLogin, Settings, Threshold},
    message::Problem,
    time::Timestamp,
    world::Secret,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What the app's bot asks for, with why. The setting `bot_scopes` replaces the list.
pub const BOT_SCOPES: &[(&str, &str)] = &[
    ("channels:read", "names of public channels"),
    ("channels:history", "messages in public channels"),
    ("groups:read", "names of private channels"),
    ("groups:history", "messages in private channels"),
    ("mpim:read", "group chats"),
    ("mpim:history", "messages in group chats"),
    ("im:read", "direct chats"),
    ("im:history", "messages in direct chats"),
    ("chat:write", "to write, edit and delete"),
    ("reactions:read", "reactions"),
    ("reactions:write", "to react"),
    ("files:read", "files of messages"),
    ("files:write", "to send files"),
    ("users:read", "names and pictures of people"),
    ("users:read.email", "mail addresses, to know a person again"),
    ("emoji:read", "pictures of the workspace's own emoji"),
    ("team:read", "the workspace's name"),
    ("metadata.message:read", "our own mark on what we sent"),
];

/// What a person is asked for, so that they read and write as themselves. `user_scopes` replaces the list.
pub const USER_SCOPES: &[(&str, &str)] = &[
    ("channels:read", "names of public channels"),
    ("channels:history", "messages in public channels"),
    ("groups:read", "names of private channels"),
    ("groups:history", "messages in private channels"),
    ("mpim:read", "group chats"),
    ("mpim:history", "messages in group chats"),
    ("im:read", "direct chats"),
    ("im:history", "messages in direct chats"),
    ("chat:write", "to write, edit and delete"),
    ("reactions:read", "reactions"),
    ("reactions:write", "to react"),
    ("files:read", "files of messages"),
    ("files:write", "to send files"),
    ("users:read", "names and pictures of people"),
    ("users:read.email", "mail addresses, to know a person again"),
    ("emoji:read", "pictures of the workspace's own emoji"),
    ("channels:write", "how far you have read in public channels"),
    ("groups:write", "how far you have read in private channels"),
    ("mpim:write", "how far you have read in group chats"),
    ("im:write", "how far you have read in direct chats"),
];

/// What lets a person's own token say how far they have read, by the kind of chat.
const MARK_SCOPES: &[&str] = &["channels:write", "groups:write", "im:write", "mpim:write"];

/// The address where a person grants access.
pub fn authorize(settings: &Settings, state: &str, redirect_uri: &str) -> Result<String, ConnectorError> {
    let client_id = settings.get("client_id").ok_or_else(|| not_configured("client_id"))?;
    settings.get("client_secret").ok_or_else(|| not_configured("client_secret"))?;
    let wanted = |setting: &str, all: &[(&str, &str)]| match settings.get(setting) {
        Some(chosen) => client::scopes(chosen).join(","),
        None => all.iter().map(|(scope, _)| *scope).collect::<Vec<_>>().join(","),
    };
    let query = serde_urlencoded::to_string([
        ("client_id", client_id),
        ("scope", &wanted("bot_scopes", BOT_SCOPES)),
        ("user_scope", &wanted("user_scopes", USER_SCOPES)),
        ("redirect_uri", redirect_uri),
        ("state", state),
    ]);
    let query = query.map_err(|error| ConnectorError::Unreadable(error.to_string()))?;
    Ok(format!("{}/oauth/v2/authorize?{query}", client::base_url(settings)))
}

/// A token that was granted, and for what.
struct Granted {
    access_token: String,
    refresh_token: Option<String>,
    expires_at: Option<Timestamp>,
    scopes: Vec<String>,
    app_id: Option<String>,
}

/// Turns what a person brought back into logins.
pub async fn complete(threshold: &Threshold<'_>, grant: &Grant) -> Result<Authorized, ConnectorError> {
    let (bot, person, who) = match grant {
        Grant::Code { code, redirect_uri } => exchange(threshold, code, redirect_uri).await?,
        Grant::Pasted(fields) => pasted(fields)?,
    };
    let bot = match bot {
        Some(granted) => Some(Tested::new(threshold, granted).await?),
        None => None,
    };
    let person = match person {
        Some(granted) => Some(Tested::new(threshold, granted).await?),
        None => None,
    };
    authorized(threshold, bot, person, who).await
}

async fn exchange(
    threshold: &Threshold<'_>,
    code: &Secret,
    redirect_uri: &str,
) -> Result<(Option<Granted>, Option<Granted>, Option<String>), ConnectorError> {
    let asked_at = threshold.clock.now();
    let arguments = vec![("code", code.0.clone()), ("redirect_uri", redirect_uri.to_owned())];
    let answer = client::oauth_v2_access(threshold, &basic(threshold)?, arguments).await?;
    let access: wire::OAuthAccess = serde_json::from_value(answer.value)
        .map_err(|error| ConnectorError::Unreadable(format!("Slack's grant has another shape: {error}")))?;
    let app_id = access.app_id.clone();
    let granted = |access_token: Option<String>, refresh_token: Option<String>, expires_in, scope: &str| {
        let (scopes, app_id, expires_at) = (client::scopes(scope), app_id.clone(), ends_at(asked_at, expires_in));
        access_token.map(|access_token| Granted { access_token, refresh_token, expires_at, scopes, app_id })
    };
    let user = access.authed_user;
    let bot = granted(access.access_token, access.refresh_token, access.expires_in, &access.scope);
    let person = granted(user.access_token, user.refresh_token, user.expires_in, &user.scope);
    Ok((bot, person, user.id))
}

/// What the app proves itself with.
pub fn basic(threshold: &Threshold<'_>) -> Result<String, ConnectorError> {
    let setting = |name: &str| threshold.settings.get(name).ok_or_else(|| not_configured(name));
    let credentials = format!("{}:{}", setting("client_id")?, setting("client_secret")?);
    Ok(format!("Basic {}", STANDARD.encode(credentials)))
}

/// When tokens end that were asked for at this time, by our own clock.
pub fn ends_at(asked_at: Timestamp, expires_in: Option<u64>) -> Option<Timestamp> {
    expires_in.map(|seconds| asked_at + Duration::from_secs(seconds))
}

type Pasted = (Option<Granted>, Option<Granted>, Option<String>);

fn pasted(fields: &BTreeMap<String, Secret>) -> Result<Pasted, ConnectorError> {
    let token = |field: &str, kind: &str, says: &str| -> Result<Option<Granted>, ConnectorError> {
        let Some(token) = fields.get(field).map(|token| token.0.trim()).filter(|token| !token.is_empty()) else {
            return Ok(None);
        };
        // A token that expires is marked so before its kind.
        if !token.strip_prefix("xoxe.").unwrap_or(token).starts_with(kind) {
            return Err(declined("wrong_token_kind", says));
        }
        let access_token = token.to_owned();
        Ok(Some(Granted { access_token, refresh_token: None, expires_at: None, scopes: Vec::new(), app_id: None }))
    };
    let bot = token(
        "bot_token",
        "xoxb-",
        "The bot token of a Slack app begins with xoxb-. Copy it from OAuth & Permissions.",
    )?;
    let person = token(
        "user_token",
        "xoxp-",
        "The user token of a Slack app begins with xoxp-. Copy it from OAuth & Permissions.",
    )?;
    if bot.is_none() && person.is_none() {
        return Err(declined("no_token", "Paste the bot token, the user token, or both."));
    }
    Ok((bot, person, None))
}

/// A token that Slack accepted, and whose it is.
struct Tested {
    granted: Granted,
    team: String,
    team_name: Option<String>,
    whose: wire::AuthTest,
}

impl Tested {
    async fn new(threshold: &Threshold<'_>, mut granted: Granted) -> Result<Self, ConnectorError> {
        let client = Client::with_token(threshold, &granted.access_token);
        let answer = client.auth_test().await.map_err(not_accepted)?;
        let whose: wire::AuthTest = serde_json::from_value(answer.value)
            .map_err(|error| ConnectorError::Unreadable(format!("Slack's auth.test has another shape: {error}")))?;
        if granted.scopes.is_empty() {
            granted.scopes = answer.scopes;
        }
        let organization = whose.enterprise_id.clone().filter(|_| whose.is_enterprise_install);
        let team = organization.or_else(|| whose.team_id.clone());
        let team = team.ok_or_else(|| ConnectorError::Unreadable("auth.test names no workspace".to_owned()))?;
        Ok(Self { granted, team, team_name: whose.team.clone(), whose })
    }

    fn login(&self, is_person: bool) -> NewLogin {
        let facts = login::Facts {
            team_id: self.team.clone(),
            user_id: self.whose.user_id.clone(),
            bot_id: self.whose.bot_id.clone(),
            app_id: self.whose.app_id.clone().or_else(|| self.granted.app_id.clone()),
            url: self.whose.url.clone(),
        };
        NewLogin {
            account: match is_person {
                true => id::member(&self.team, &self.whose.user_id),
                false => id::workspace(&self.team),
            },
            secret: login::secret(&self.granted.access_token, self.granted.refresh_token.as_deref()),
            expires_at: self.granted.expires_at,
            scopes: self.granted.scopes.clone(),
            facts: serde_json::to_value(facts).expect("texts always serialise"),
        }
    }

    fn may(&self, scope: &str) -> bool {
        // Slack names the scopes in every answer; where it did not, a call will tell.
        self.granted.scopes.is_empty() || self.granted.scopes.iter().any(|held| held == scope)
    }
}

async fn authorized(
    threshold: &Threshold<'_>,
    bot: Option<Tested>,
    person: Option<Tested>,
    who: Option<String>,
) -> Result<Authorized, ConnectorError> {
    if let (Some(bot), Some(person)) = (&bot, &person)
        && bot.team != person.team
    {
        return Err(declined("two_workspaces", "The two tokens are for different workspaces. Paste two of the same."));
    }
    let either = person.as_ref().or(bot.as_ref());
    let either =
        either.ok_or_else(|| declined("nothing_granted", "Slack granted no token. Begin the connection again."))?;
    let team = either.team.clone();
    let user = person.as_ref().map(|person| person.whose.user_id.clone()).or(who);
    // Without a token of their own that may write, the app's bot speaks for them.
    let sender = person.as_ref().filter(|person| person.may("chat:write")).or(bot.as_ref()).unwrap_or(either);
    let senders: Vec<_> = [Some(&sender.whose.user_id), sender.whose.bot_id.as_ref()]
        .into_iter()
        .flatten()
        .map(|id| id::person(id))
        .collect();
    let identity = identity(threshold, either, user.as_deref().unwrap_or(&either.whose.user_id)).await?;
    let scopes: BTreeSet<String> =
        [&bot, &person].into_iter().flatten().flat_map(|tested| tested.granted.scopes.clone()).collect();
    Ok(Authorized {
        account: user.as_deref().map_or_else(|| id::workspace(&team), |user| id::member(&team, user)),
        account_name: either.team_name.clone().unwrap_or_else(|| team.clone()),
        listens_to: vec![id::workspace(&team)],
        logins: [bot.as_ref().map(|bot| bot.login(false)), person.as_ref().map(|person| person.login(true))]
            .into_iter()
            .flatten()
            .collect(),
        person: user.map_or_else(|| senders.clone(), |user| vec![id::person(&user)]),
        abilities: abilities(sender, either),
        senders,
        identity,
        scopes: scopes.into_iter().collect(),
        cursor: None,
    })
}

fn abilities(sender: &Tested, reader: &Tested) -> Abilities {
    let all = super::abilities();
    let write = sender.may("chat:write");
    let read = ["channels:history", "groups:history", "mpim:history", "im:history"];
    let read = read.iter().any(|scope| reader.may(scope) || sender.may(scope));
    Abilities {
        send: write,
        reply: write,
        edit: write,
        delete: write,
        files: sender.may("files:write") && sender.may("files:read"),
        react: sender.may("reactions:write"),
        mark_read: sender.whose.bot_id.is_none() && MARK_SCOPES.iter().any(|scope| sender.may(scope)),
        read_back: read,
        ..all
    }
}

/// Name and addresses. They are a kindness to the reader, so a missing scope is no obstacle.
async fn identity(threshold: &Threshold<'_>, tested: &Tested, user: &str) -> Result<Identity, ConnectorError> {
    let client = Client::with_token(threshold, &tested.granted.access_token);
    let fallback = tested.whose.user.clone().filter(|_| tested.whose.user_id == user);
    let unknown = Identity { name: fallback.unwrap_or_else(|| user.to_owned()), emails: Vec::new() };
    let answer = match client.users_info(user).await {
        Ok(answer) => answer,
        Err(CallError::Declined { .. }) => return Ok(unknown),
        Err(error) => return Err(error.into()),
    };
    let known: wire::User = answer.field("user")?;
    let update = super::convert::person(&known, model::facets::Version(answer.seen));
    Ok(match update {
        model::update::Update::Person { facts, .. } => Identity { name: facts.name, emails: facts.emails },
        _ => unknown,
    })
}

/// Gives a login back. One that Slack no longer knows is gone already.
pub async fn revoke(threshold: &Threshold<'_>, login: &OpenLogin) -> Result<(), ConnectorError> {
    let token = match login::token(login) {
        Err(ConnectorError::LoginLost { .. }) => return Ok(()),
        token => token?,
    };
    match Client::with_token(threshold, &token).auth_revoke().await.map_err(ConnectorError::from) {
        Ok(_) | Err(ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A token that never worked is no login that was lost.
fn not_accepted(error: CallError) -> ConnectorError {
    match ConnectorError::from(error) {
        ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. } => declined(
            "token_not_accepted",
            "Slack does not accept this token. Check that it was copied whole and was not revoked.",
        ),
        other => other,
    }
}

fn not_configured(setting: &str) -> ConnectorError {
    declined("not_configured", &format!("The setting {setting} of this Slack integration is missing."))
}

fn declined(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(Problem { code: format!("slack.{code}"), detail: detail.to_owned() })
}

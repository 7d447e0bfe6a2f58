//! Puts the app into a workspace and takes it out again: its bot, and its tokens.

use std::collections::BTreeSet;

use super::acts::Refusal;
use super::change::Change;
use super::state::State;
use super::world::{Bot, Code, Token, User};

/// How long a code may be exchanged.
const CODE_LIFE_MICROS: i64 = 600_000_000;

/// What an installation gives to the app.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Installed {
    /// The workspace, or the organization.
    pub team_id: String,
    pub user_id: String,
    pub bot_token: Option<String>,
    pub user_token: Option<String>,
    pub bot_user_id: String,
    pub bot_id: String,
}

impl State {
    /// Installs the app for a person. Installing again adds scopes and keeps the tokens.
    pub fn install(
        &mut self,
        now_micros: i64,
        team: &str,
        user: &str,
        bot_scopes: &BTreeSet<String>,
        user_scopes: &BTreeSet<String>,
    ) -> Result<Installed, Refusal> {
        if !self.world.workspaces_of(team).any(|team| team.users.contains_key(user)) {
            return Err("user_not_found");
        }
        let bot = self.app_bot(now_micros, team);
        let bot_token = (!bot_scopes.is_empty()).then(|| self.token(now_micros, &bot, &bot.user, true, bot_scopes));
        let user_token = (!user_scopes.is_empty()).then(|| self.token(now_micros, &bot, user, false, user_scopes));
        Ok(Installed {
            team_id: team.to_owned(),
            user_id: user.to_owned(),
            bot_token,
            user_token,
            bot_user_id: bot.user,
            bot_id: bot.id,
        })
    }

    /// The app's bot in a workspace, which the first installation makes.
    fn app_bot(&mut self, now_micros: i64, team: &str) -> Bot {
        if let Some(bot) = self.world.app_bot(team) {
            return bot.clone();
        }
        let name = self.config.app.name.clone();
        let updated_secs = now_micros.div_euclid(1_000_000);
        let bot = Bot {
            id: self.new_id("B0", "bot", 9),
            team: team.to_owned(),
            app_id: self.config.app.app_id.clone(),
            user: self.new_id("U0", "bot user", 9),
            name: name.clone(),
            updated_secs,
        };
        let user = User {
            id: bot.user.clone(),
            team: team.to_owned(),
            name: name.to_lowercase().replace(' ', "_"),
            real_name: name,
            display_name: String::new(),
            email: None,
            timezone: "Europe/Lisbon".into(),
            deleted: false,
            is_admin: false,
            bot_id: Some(bot.id.clone()),
            updated_secs,
        };
        self.record(Change::AppBot { bot: bot.clone(), user });
        bot
    }

    fn token(&mut self, now_micros: i64, bot: &Bot, user: &str, is_bot: bool, scopes: &BTreeSet<String>) -> String {
        let rotates = self.world.rotation.is_some();
        let prefix = match (rotates, is_bot) {
            (false, true) => "xoxb-",
            (false, false) => "xoxp-",
            (true, true) => "xoxe.xoxb-1-",
            (true, false) => "xoxe.xoxp-1-",
        };
        let fresh = self.new_id(prefix, "token", 24);
        let living =
            |token: &&Token| !token.revoked && token.user == user && token.is_bot == is_bot && token.team == bot.team;
        let mut token = match self.world.tokens.values().find(living) {
            Some(token) => token.clone(),
            None => Token {
                token: fresh.clone(),
                team: bot.team.clone(),
                user: user.to_owned(),
                bot_id: bot.id.clone(),
                is_bot,
                scopes: BTreeSet::new(),
                revoked: false,
                expires_micros: None,
                refresh: None,
            },
        };
        if rotates {
            (token.refresh, token.expires_micros) = self.pair_for(now_micros, &fresh);
            token.token = fresh;
        }
        token.scopes.extend(scopes.iter().cloned());
        let text = token.token.clone();
        self.give(token);
        text
    }

    /// What a person's "Allow" gives to the app: a code for the tokens.
    pub fn allow(
        &mut self,
        now_micros: i64,
        user: &str,
        organization: Option<&str>,
        redirect_uri: Option<String>,
        bot_scopes: BTreeSet<String>,
        user_scopes: BTreeSet<String>,
    ) -> Result<String, Refusal> {
        let own = self.world.workspace_of(user).ok_or("user_not_found")?;
        let team = match organization {
            None => own.id.clone(),
            // Only an admin installs for a whole organization, and only for their own.
            Some(wanted) if own.organization.as_deref() != Some(wanted) => return Err("org_login_required"),
            Some(_) if !own.users[user].is_admin => return Err("restricted_action"),
            Some(wanted) => wanted.to_owned(),
        };
        let code = Code {
            code: self.new_id("", "code", 28),
            team,
            user: user.to_owned(),
            redirect_uri,
            bot_scopes,
            user_scopes,
            expires_micros: now_micros + CODE_LIFE_MICROS,
            used: false,
        };
        let text = code.code.clone();
        self.record(Change::CodeGiven { code });
        Ok(text)
    }

    /// Takes the app out of a workspace, with all its tokens.
    pub fn uninstall(&mut self, now_micros: i64, team: &str) {
        let living = |token: &&Token| token.team == team && !token.revoked;
        let tokens = self.world.tokens.values().filter(living).map(|token| token.token.clone()).collect();
        self.change(now_micros, Change::TokensRevoked { tokens, uninstalled: true });
    }
}

/// Reads a list of scopes as the addresses of OAuth write it.
pub fn scopes(list: &str) -> BTreeSet<String> {
    list.split([',', ' ']).map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

//! What people allow the app, and the tokens that come of it.
//!
//! A refresh token is handed out at the first consent, or when the app asks for consent again. Taking a grant back
//! kills everything that was made with it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::change::Change;
use super::keys;
use super::state::{State, micros};
use super::world::{Code, Refresh, Token};

const SECOND_MICROS: i64 = 1_000_000;
const CODE_MICROS: i64 = 600 * SECOND_MICROS;
const TESTING_MICROS: i64 = 7 * 86_400 * SECOND_MICROS;
/// How many refresh tokens one person's grant may have; the oldest dies silently.
const LIVING_MAX: usize = 100;
const ACCOUNT_TOKEN_MICROS: i64 = 3_599 * SECOND_MICROS;
/// How far a service account's clock may be off.
const LEEWAY_SECS: i64 = 300;
const LONGEST_ASSERTION_SECS: i64 = 3_600;

pub const PUBSUB: &str = "https://www.googleapis.com/auth/pubsub";

/// What the token endpoint answers when it does not give a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    pub status: u16,
    pub error: &'static str,
    pub description: &'static str,
}

const fn denied(error: &'static str, description: &'static str) -> Denied {
    Denied { status: 400, error, description }
}

const BAD_GRANT: Denied = denied("invalid_grant", "Bad Request");
pub const DEAD_GRANT: Denied = denied("invalid_grant", "Token has been expired or revoked.");
const BAD_CLIENT: Denied = Denied { status: 401, error: "invalid_client", description: "Unauthorized" };

/// What a person allows on the consent page.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    pub owner: String,
    pub scopes: BTreeSet<String>,
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    pub wants_offline: bool,
    pub asks_again: bool,
}

/// The tokens of a person, made without the pages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Granted {
    pub address: String,
    pub access_token: String,
    pub refresh_token: String,
}

/// Scopes as Google names them in its answers.
pub fn scopes(list: &str) -> BTreeSet<String> {
    let long = |scope: &str| match scope {
        "email" | "profile" => format!("https://www.googleapis.com/auth/userinfo.{scope}"),
        other => other.to_owned(),
    };
    list.split_whitespace().map(long).collect()
}

impl State {
    /// A person allows something. Gives the code that the app fetches tokens with.
    pub fn consent(&mut self, now_micros: i64, consent: Consent) -> String {
        let lives = |refresh: &&Refresh| refresh.owner == consent.owner && !refresh.revoked;
        let is_first = self.world.refreshes.values().find(lives).is_none();
        let code = Code {
            code: format!("4/0A{}", self.new_letters("code", 68)),
            owner: consent.owner,
            redirect_uri: consent.redirect_uri,
            scopes: consent.scopes,
            challenge: consent.challenge,
            nonce: consent.nonce,
            offline: consent.wants_offline && (is_first || consent.asks_again),
            expires_micros: now_micros + CODE_MICROS,
            used: false,
        };
        let text = code.code.clone();
        self.record(Change::CodeGiven { code });
        text
    }

    /// What a person allowed the app before, and did not take back.
    pub fn allowed_before(&self, owner: &str) -> BTreeSet<String> {
        let living = self.world.refreshes.values().filter(|one| one.owner == owner && !one.revoked);
        living.flat_map(|one| one.scopes.iter().cloned()).collect()
    }

    pub fn check_client(&self, id: &str, secret: &str) -> Result<(), Denied> {
        let app = &self.config.app;
        if id == app.client_id && secret == app.client_secret { Ok(()) } else { Err(BAD_CLIENT) }
    }

    pub fn exchange(
        &mut self,
        now_micros: i64,
        code: &str,
        redirect: &str,
        verifier: Option<&str>,
    ) -> Result<Value, Denied> {
        let found = self.world.codes.get(code).filter(|code| !code.used && code.expires_micros > now_micros);
        let found = found.cloned().ok_or(denied("invalid_grant", "Malformed auth code."))?;
        if found.redirect_uri != redirect {
            return Err(denied("redirect_uri_mismatch", "Bad Request"));
        }
        if let Some(challenge) = &found.challenge {
            let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.unwrap_or_default()));
            if made != *challenge {
                return Err(denied("invalid_grant", "Invalid code verifier."));
            }
        }
        self.record(Change::CodeUsed { code: code.to_owned() });
        let refresh = found.offline.then(|| self.give_refresh(now_micros, &found.owner, &found.scopes));
        let mut answer = self.give_access(now_micros, &found.owner, &found.scopes, refresh.as_deref());
        if let Some(refresh) = refresh {
            answer["refresh_token"] = json!(refresh);
            if self.config.app.testing {
                answer["refresh_token_expires_in"] = json!(TESTING_MICROS / SECOND_MICROS - 1);
            }
        }
        if found.scopes.contains("openid") {
            answer["id_token"] = json!(self.id_token(now_micros, &found.owner, &found.scopes, found.nonce.as_deref()));
        }
        Ok(answer)
    }

    pub fn refresh(&mut self, now_micros: i64, token: &str) -> Result<Value, Denied> {
        let found = self.world.refreshes.get(token).cloned().ok_or(BAD_GRANT)?;
        if found.revoked || found.expires_micros.is_some_and(|ends| ends <= now_micros) {
            return Err(DEAD_GRANT);
        }
        let mut answer = self.give_access(now_micros, &found.owner, &found.scopes, Some(token));
        if found.scopes.contains("openid") {
            answer["id_token"] = json!(self.id_token(now_micros, &found.owner, &found.scopes, None));
        }
        Ok(answer)
    }

    fn give_refresh(&mut self, now_micros: i64, owner: &str, scopes: &BTreeSet<String>) -> String {
        let token = format!("1//0g{}", self.new_letters("refresh", 90));
        let refresh = Refresh {
            token: token.clone(),
            owner: owner.to_owned(),
            scopes: scopes.clone(),
            given_micros: now_micros,
            expires_micros: self.config.app.testing.then_some(now_micros + TESTING_MICROS),
            revoked: false,
        };
        self.record(Change::RefreshGiven { refresh });
        let living = self.world.refreshes.values().filter(|one| one.owner == owner && !one.revoked);
        let mut living: Vec<(i64, String)> = living.map(|one| (one.given_micros, one.token.clone())).collect();
        living.sort();
        let too_many = living.len().saturating_sub(LIVING_MAX);
        let refreshes: Vec<String> = living.into_iter().take(too_many).map(|(_, token)| token).collect();
        if !refreshes.is_empty() {
            self.record(Change::RefreshesRevoked { refreshes });
        }
        token
    }

    fn give_access(&mut self, now_micros: i64, owner: &str, scopes: &BTreeSet<String>, refresh: Option<&str>) -> Value {
        let token = format!("ya29.a0{}", self.new_letters("access", 160));
        let life_micros = micros(self.config.app.access_life);
        let (owner, scopes) = (owner.to_owned(), scopes.clone());
        let scope = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let expires_micros = now_micros + life_micros;
        let refresh = refresh.map(str::to_owned);
        let given = Token { token: token.clone(), owner, scopes, expires_micros, refresh, revoked: false };
        self.record(Change::TokenGiven { token: given });
        json!({
            "access_token": token, "expires_in": life_micros / SECOND_MICROS, "scope": scope, "token_type": "Bearer",
        })
    }

    /// Who the person is, signed.
    fn id_token(&self, now_micros: i64, owner: &str, scopes: &BTreeSet<String>, nonce: Option<&str>) -> String {
        let (client, now_secs) = (&self.config.app.client_id, now_micros.div_euclid(SECOND_MICROS));
        let mut claims = json!({
            "iss": "https://accounts.google.com", "azp": client, "aud": client, "iat": now_secs, "exp": now_secs + 3_600,
        });
        for (name, value) in self.person(owner, scopes).as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        keys::signed(&claims)
    }

    /// What the scopes let the app know of a person.
    pub fn person(&self, owner: &str, scopes: &BTreeSet<String>) -> Value {
        let Some(mailbox) = self.world.mailbox(owner) else { return json!({}) };
        let mut shown = json!({ "sub": mailbox.sub });
        if scopes.contains("https://www.googleapis.com/auth/userinfo.email") {
            shown["email"] = json!(mailbox.address);
            shown["email_verified"] = json!(true);
            let domain = mailbox.address.rsplit_once('@').map(|(_, domain)| domain);
            if let Some(domain) = domain.filter(|domain| *domain != "gmail.com") {
                shown["hd"] = json!(domain);
            }
        }
        if scopes.contains("https://www.googleapis.com/auth/userinfo.profile") {
            let (given, family) = mailbox.name.split_once(' ').unwrap_or((&mailbox.name, ""));
            shown["name"] = json!(mailbox.name);
            shown["given_name"] = json!(given);
            shown["family_name"] = json!(family);
        }
        shown
    }

    /// A token for a service account that signed its wish itself.
    pub fn grant_assertion(&mut self, now_micros: i64, assertion: &str) -> Result<Value, Denied> {
        let claims = keys::checked(assertion).ok_or(denied("invalid_grant", "Invalid JWT Signature."))?;
        let now_secs = now_micros.div_euclid(SECOND_MICROS);
        let (begun, ends) = (claims["iat"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
        if begun > now_secs + LEEWAY_SECS || ends + LEEWAY_SECS < now_secs || ends - begun > LONGEST_ASSERTION_SECS {
            let words = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
                         Check your iat and exp values in the JWT claim.";
            return Err(denied("invalid_grant", words));
        }
        let account = claims["iss"].as_str().unwrap_or_default().to_owned();
        if account != self.config.app.service_account {
            return Err(denied("invalid_grant", "Invalid grant: account not found"));
        }
        if !claims["aud"].as_str().is_some_and(|aud| aud.ends_with("/token")) {
            return Err(denied("invalid_grant", "Invalid JWT: Failed audience check."));
        }
        let scopes = scopes(claims["scope"].as_str().unwrap_or_default());
        if scopes.is_empty() {
            return Err(denied("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
        }
        let mut answer = self.give_access(now_micros, &account, &scopes, None);
        answer["expires_in"] = json!(ACCOUNT_TOKEN_MICROS / SECOND_MICROS);
        Ok(answer)
    }

    /// Takes back what a token belongs to: everything that this person ever allowed. False where it is no live token.
    pub fn revoke(&mut self, now_micros: i64, token: &str) -> bool {
        let access = self.world.tokens.get(token).filter(|token| !token.revoked && token.expires_micros > now_micros);
        let refresh = self.world.refreshes.get(token).filter(|refresh| !refresh.revoked);
        let owner = access.map(|token| token.owner.clone()).or_else(|| refresh.map(|refresh| refresh.owner.clone()));
        owner.map(|owner| self.revoke_owner(&owner)).is_some()
    }

    pub fn revoke_owner(&mut self, owner: &str) {
        let tokens = self.world.tokens.values().filter(|token| token.owner == owner && !token.revoked);
        let tokens: Vec<String> = tokens.map(|token| token.token.clone()).collect();
        let refreshes = self.world.refreshes.values().filter(|one| one.owner == owner && !one.revoked);
        let refreshes: Vec<String> = refreshes.map(|one| one.token.clone()).collect();
        self.record(Change::TokensRevoked { tokens });
        self.record(Change::RefreshesRevoked { refreshes });
    }

    /// Ends access tokens at once, of one person or of all.
    pub fn expire(&mut self, now_micros: i64, owner: Option<&str>) {
        let living = self.world.tokens.values().filter(|token| token.expires_micros > now_micros);
        let wanted = living.filter(|token| owner.is_none_or(|owner| token.owner == owner));
        let tokens: Vec<String> = wanted.map(|token| token.token.clone()).collect();
        if !tokens.is_empty() {
            self.record(Change::TokensEnded { tokens, at_micros: now_micros });
        }
    }

    /// Lets a person allow something without the pages.
    pub fn grant(&mut self, now_micros: i64, owner: &str, scopes: &BTreeSet<String>) -> Granted {
        let refresh_token = self.give_refresh(now_micros, owner, scopes);
        let answer = self.give_access(now_micros, owner, scopes, Some(&refresh_token));
        let access_token = answer["access_token"].as_str().unwrap_or_default().to_owned();
        Granted { address: owner.to_owned(), access_token, refresh_token }
    }
}

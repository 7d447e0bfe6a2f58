//! Tokens that end, where the app rotates them: pairs of an access token and a refresh token.
//!
//! A refresh token is good once; the one before stays good for a short grace, for whoever lost the answer.
//! At most two access tokens of one installation live at a time.

use serde::{Deserialize, Serialize};

use super::acts::Refusal;
use super::change::Change;
use super::state::State;
use super::world::{Refresh, Token, World};

/// How many access tokens of one installation live at a time.
const LIVING_MAX: usize = 2;

/// How the app's tokens end. Slack lets nobody switch it off again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    pub expires_in_secs: i64,
    /// How long a used refresh token is taken once more.
    #[serde(default = "minute")]
    pub grace_secs: i64,
}

fn minute() -> i64 {
    60
}

impl Default for Rotation {
    fn default() -> Rotation {
        Rotation { expires_in_secs: 43_200, grace_secs: minute() }
    }
}

impl State {
    /// The refresh token and the end of a new access token, where tokens rotate.
    pub fn pair_for(&self, now_micros: i64, label: &str) -> (Option<String>, Option<i64>) {
        let Some(rotation) = self.world.rotation else { return (None, None) };
        let ends_micros = now_micros + rotation.expires_in_secs * 1_000_000;
        (Some(self.new_id("xoxe-1-", &format!("refresh {label}"), 32)), Some(ends_micros))
    }

    /// Gives out a token. Where tokens rotate, the oldest of too many ends.
    pub fn give(&mut self, token: Token) {
        let (user, is_bot, text) = (token.user.clone(), token.is_bot, token.token.clone());
        self.record(Change::TokenGiven { token });
        if self.world.rotation.is_none() {
            return;
        }
        let living = self.world.tokens.values().filter(|one| !one.revoked && one.user == user && one.is_bot == is_bot);
        let mut living: Vec<_> = living.filter(|one| one.token != text).collect();
        living.sort_by_key(|one| (one.expires_micros.unwrap_or(i64::MIN), one.token.clone()));
        let too_many = (living.len() + 1).saturating_sub(LIVING_MAX);
        let tokens: Vec<_> = living.into_iter().take(too_many).map(|one| one.token.clone()).collect();
        if !tokens.is_empty() {
            self.record(Change::TokensEnded { tokens });
        }
    }

    /// Makes a new pair out of a refresh token.
    pub fn refresh(&mut self, now_micros: i64, given: &str) -> Result<Token, Refusal> {
        let grace = self.world.rotation.unwrap_or_default().grace_secs * 1_000_000;
        let held: Refresh = self.world.refreshes.get(given).cloned().ok_or("invalid_refresh_token")?;
        if held.revoked || held.used_micros.is_some_and(|used| now_micros > used + grace) {
            return Err("invalid_refresh_token");
        }
        let before = self.world.tokens.get(&held.token).cloned().ok_or("invalid_refresh_token")?;
        self.record(Change::RefreshUsed { refresh: given.to_owned(), at_micros: now_micros });
        let prefix = if before.is_bot { "xoxe.xoxb-1-" } else { "xoxe.xoxp-1-" };
        let text = self.new_id(prefix, "token", 32);
        let (refresh, expires_micros) = self.pair_for(now_micros, &text);
        let token = Token { token: text, refresh, expires_micros, revoked: false, ..before };
        self.give(token.clone());
        Ok(token)
    }

    /// Ends access tokens at once, of a workspace or of all: their refresh tokens stay good.
    pub fn expire(&mut self, now_micros: i64, team: Option<&str>) {
        let ends = |token: &&Token| token.expires_micros.is_some() && team.is_none_or(|team| token.team == team);
        let tokens = self.world.tokens.values().filter(ends).map(|token| token.token.clone()).collect();
        self.record(Change::TokensExpired { tokens, at_micros: now_micros });
    }
}

impl World {
    /// Applies a change of tokens.
    pub(super) fn apply_to_tokens(&mut self, change: &Change) {
        match change {
            Change::TokenGiven { token } => {
                if let Some(refresh) = &token.refresh {
                    let held = Refresh { token: token.token.clone(), used_micros: None, revoked: false };
                    self.refreshes.insert(refresh.clone(), held);
                }
                self.tokens.insert(token.token.clone(), token.clone());
            }
            Change::TokensRevoked { tokens, .. } => {
                for text in tokens {
                    let Some(token) = self.tokens.get_mut(text) else { continue };
                    token.revoked = true;
                    let (user, is_bot) = (token.user.clone(), token.is_bot);
                    // Whoever takes a token back takes all of this installation.
                    let same = |held: &&mut Token| held.user == user && held.is_bot == is_bot && held.refresh.is_some();
                    for token in self.tokens.values_mut().filter(same) {
                        token.revoked = true;
                        if let Some(refresh) = token.refresh.as_ref().and_then(|one| self.refreshes.get_mut(one)) {
                            refresh.revoked = true;
                        }
                    }
                }
            }
            Change::RotationOn { rotation } => self.rotation = Some(*rotation),
            Change::TokensEnded { tokens } => {
                for text in tokens {
                    if let Some(token) = self.tokens.get_mut(text) {
                        token.revoked = true;
                    }
                }
            }
            Change::TokensExpired { tokens, at_micros } => {
                for text in tokens {
                    if let Some(token) = self.tokens.get_mut(text) {
                        token.expires_micros = token.expires_micros.map(|ends| ends.min(*at_micros));
                    }
                }
            }
            Change::RefreshUsed { refresh, at_micros } => {
                if let Some(refresh) = self.refreshes.get_mut(refresh) {
                    refresh.used_micros.get_or_insert(*at_micros);
                }
            }
            _ => {}
        }
    }
}

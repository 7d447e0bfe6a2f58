//! What proves who is calling: API keys, customer tokens, sessions and one-time addresses.
//!
//! Of what a holder shows, only a hash is kept, and it is compared in constant time.

use crate::vault::KeyVault;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use model::{customer::CustomerId, time::Timestamp, world::Random};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// What an API key begins with.
pub const API_KEY_PREFIX: &str = "bw_";
/// How long the key of `bothways login-link` is good.
const CONTROL_FOR: Duration = Duration::from_secs(60);
const CONTROL_SUBJECT: &str = "login-link";

/// A new secret text, not to be guessed: 32 random bytes.
pub fn fresh(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of a secret text: its SHA-256, in hex.
pub fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Compares without telling by its time where the difference is.
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
}

/// The keys that this server signs with.
///
/// The newest key signs; what was signed with an older one is good until it ends.
pub struct Keys {
    tokens: Vec<[u8; 32]>,
    control: Vec<[u8; 32]>,
    cursors: [u8; 32],
}

impl Keys {
    /// Derives them from the vault's key, so that they outlive a restart.
    pub fn of(vault: &KeyVault) -> Self {
        Self {
            tokens: vault.derive_all("tokens"),
            control: vault.derive_all("control"),
            cursors: vault.derive("cursors"),
        }
    }

    /// A token with which a browser speaks for one customer.
    pub fn customer_token(&self, customer: &CustomerId, until: Timestamp) -> String {
        sign(newest(&self.tokens), customer.as_str(), until)
    }

    /// The customer of a token that has not ended.
    pub fn customer_of(&self, token: &str, now: Timestamp) -> Option<CustomerId> {
        self.tokens.iter().find_map(|key| verify(key, token, now)).and_then(|subject| CustomerId::new(subject).ok())
    }

    /// What `bothways login-link` shows to the running server.
    pub fn control_token(&self, now: Timestamp) -> String {
        sign(newest(&self.control), CONTROL_SUBJECT, now + CONTROL_FOR)
    }

    /// Whether it was shown by somebody who can read the server's key.
    pub fn is_control(&self, token: &str, now: Timestamp) -> bool {
        let subject = self.control.iter().find_map(|key| verify(key, token, now));
        subject.is_some_and(|subject| subject == CONTROL_SUBJECT)
    }

    /// Makes a place in a list unforgeable, and good for this list only.
    pub fn cursor(&self, list: &str, place: &str) -> String {
        format!("{}.{}", URL_SAFE_NO_PAD.encode(place), self.cursor_mac(list, place))
    }

    /// The place in a list that a cursor stands for, if it was given for this list.
    pub fn place(&self, list: &str, cursor: &str) -> Option<String> {
        let (place, mac) = cursor.split_once('.')?;
        let place = String::from_utf8(URL_SAFE_NO_PAD.decode(place).ok()?).ok()?;
        same(mac, &self.cursor_mac(list, &place)).then_some(place)
    }

    fn cursor_mac(&self, list: &str, place: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.cursors).expect("HMAC takes keys of any length");
        mac.update(format!("{}\n{list}\n{place}", list.len()).as_bytes());
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..12])
    }
}

fn newest(keys: &[[u8; 32]]) -> &[u8; 32] {
    keys.first().expect("a vault has a current key")
}

fn sign(key: &[u8; 32], subject: &str, until: Timestamp) -> String {
    let claims = Claims { sub: subject.to_owned(), exp: until.millis() / 1_000 };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key))
        .expect("two plain claims always sign")
}

fn verify(key: &[u8; 32], token: &str, now: Timestamp) -> Option<String> {
    let mut rules = Validation::new(Algorithm::HS256);
    // Our own clock judges below.
    rules.validate_exp = false;
    let token = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(key), &rules).ok()?;
    (token.claims.exp > now.millis() / 1_000).then_some(token.claims.sub)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{vault::Key, world::SystemRandom};
    use std::sync::Arc;

    fn keys(digit: &str) -> Keys {
        Keys::of(&KeyVault::new(Key::parse(&digit.repeat(64)).unwrap(), Vec::new(), Arc::new(SystemRandom)))
    }

    #[test]
    fn a_customer_token_names_its_customer_until_it_ends() {
        let (keys, now) = (keys("a"), Timestamp::from_millis(1_000_000));
        let customer = CustomerId::new("ana").unwrap();
        let token = keys.customer_token(&customer, now + Duration::from_secs(60));
        assert_eq!(keys.customer_of(&token, now), Some(customer));
        assert_eq!(keys.customer_of(&token, now + Duration::from_secs(61)), None);
        assert!(!keys.is_control(&token, now));
    }

    #[test]
    fn a_token_of_another_key_or_without_a_signature_is_refused() {
        let now = Timestamp::from_millis(0);
        let customer = CustomerId::new("ana").unwrap();
        let token = keys("b").customer_token(&customer, now + Duration::from_secs(60));
        assert_eq!(keys("a").customer_of(&token, now), None);
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"ana","exp":99999999999}"#);
        assert_eq!(keys("a").customer_of(&format!("{header}.{claims}."), now), None);
    }

    #[test]
    fn a_token_of_an_old_key_is_good_until_it_ends() {
        let now = Timestamp::from_millis(0);
        let customer = CustomerId::new("ana").unwrap();
        let token = keys("b").customer_token(&customer, now + Duration::from_secs(60));
        let key = |digit: &str| Key::parse(&digit.repeat(64)).unwrap();
        let renewed = Keys::of(&KeyVault::new(key("a"), vec![key("b")], Arc::new(SystemRandom)));
        assert_eq!(renewed.customer_of(&token, now), Some(customer));
        assert_eq!(renewed.customer_of(&token, now + Duration::from_secs(61)), None);
        assert!(keys("b").customer_of(&renewed.customer_token(&CustomerId::new("bo").unwrap(), now), now).is_none());
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let keys = keys("a");
        let cursor = keys.cursor("chats\nana", "17");
        assert_eq!(keys.place("chats\nana", &cursor).as_deref(), Some("17"));
        assert_eq!(keys.place("chats\nbruno", &cursor), None);
        assert_eq!(keys.place("chats\nana", "17"), None);
        assert_eq!(keys.place("chats\nana", "MTc.forged"), None);
    }
}

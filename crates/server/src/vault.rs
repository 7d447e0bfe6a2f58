//! Encrypts what is stored, and keeps the key for it.
//!
//! A ciphertext names its key, so that old keys still read, and is bound to the place where it stands,
//! so that it opens in no other row.

use anyhow::{Context, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use hmac::{Hmac, Mac};
use model::{
    connection::Sealed,
    world::{CannotOpen, Random, Secret, Vault},
};
use sha2::{Digest, Sha256};
use std::{fs, io::Write, path::Path, sync::Arc};

/// The version of the form of a ciphertext.
const FORM: &str = "v1";
const NONCE_BYTES: usize = 24;
/// How many characters a MAC is cut to.
const MAC_CHARACTERS: usize = 32;

/// A key that secrets are sealed with.
#[derive(Clone)]
pub struct Key {
    id: String,
    bytes: [u8; 32],
}

impl Key {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = hex::decode(text.trim()).ok()?.try_into().ok()?;
        let id = hex::encode(&Sha256::digest(bytes)[..4]);
        Some(Self { id, bytes })
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        hmac(&self.bytes, purpose)
    }
}

fn hmac(key: &[u8; 32], text: &str) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Seals with the first key, opens with any.
pub struct KeyVault {
    current: Key,
    old: Vec<Key>,
    random: Arc<dyn Random>,
}

/// Which key a text was sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedWith {
    /// The one that seals now.
    Current,
    /// One from before, which still opens.
    Old,
    /// One that we do not have.
    Unknown,
}

impl KeyVault {
    /// A vault that seals with `current`.
    pub fn new(current: Key, old: Vec<Key>, random: Arc<dyn Random>) -> Self {
        Self { current, old, random }
    }

    /// A key for another purpose, which tells nothing of the vault's own.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        self.current.derive(purpose)
    }

    /// Whether a text was sealed with the current key, with an old one, or with none that we have.
    pub fn sealed_with(&self, sealed: &Sealed) -> SealedWith {
        match sealed.0.split('.').nth(1) {
            Some(id) if id == self.current.id => SealedWith::Current,
            Some(id) if self.old.iter().any(|key| key.id == id) => SealedWith::Old,
            Some(_) | None => SealedWith::Unknown,
        }
    }

    /// The same under every key, the newest first: what an old key signed is still good.
    pub fn derive_all(&self, purpose: &str) -> Vec<[u8; 32]> {
        std::iter::once(&self.current).chain(&self.old).map(|key| key.derive(purpose)).collect()
    }

    fn try_open(&self, place: &str, sealed: &str) -> Option<Secret> {
        let mut pieces = sealed.splitn(3, '.');
        let (form, id, rest) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(rest).ok()?;
        let (nonce, msg) = bytes.split_at_checked(NONCE_BYTES)?;
        let key = std::iter::once(&self.current).chain(&self.old).find(|key| key.id == id)?;
        let nonce = XNonce::try_from(nonce).ok().filter(|_| form == FORM)?;
        let cipher = XChaCha20Poly1305::new(&key.derive("seal").into());
        let opened = cipher.decrypt(&nonce, Payload { msg, aad: place.as_bytes() }).ok()?;
        String::from_utf8(opened).ok().map(Secret)
    }
}

impl Vault for KeyVault {
    fn seal(&self, place: &str, secret: &Secret) -> Sealed {
        let mut nonce = [0; NONCE_BYTES];
        self.random.fill(&mut nonce);
        let cipher = XChaCha20Poly1305::new(&self.current.derive("seal").into());
        let payload = Payload { msg: secret.0.as_bytes(), aad: place.as_bytes() };
        let sealed = cipher.encrypt(&XNonce::from(nonce), payload).expect("a token is far shorter than the limit");
        let bytes = [nonce.as_slice(), sealed.as_slice()].concat();
        Sealed(format!("{FORM}.{}.{}", self.current.id, URL_SAFE_NO_PAD.encode(bytes)))
    }

    fn open(&self, place: &str, sealed: &Sealed) -> Result<Secret, CannotOpen> {
        self.try_open(place, &sealed.0).ok_or(CannotOpen)
    }

    fn mac(&self, text: &str) -> String {
        shown_mac(&self.derive("mac"), text)
    }

    fn macs(&self, text: &str) -> Vec<String> {
        self.derive_all("mac").iter().map(|key| shown_mac(key, text)).collect()
    }
}

fn shown_mac(key: &[u8; 32], text: &str) -> String {
    let mut shown = hex::encode(hmac(key, text));
    shown.truncate(MAC_CHARACTERS);
    shown
}

/// Reads the keys of a file, the current one first. Makes the file where there is none.
///
/// `in_use` says that something was sealed before: then a missing file is not replaced.
pub fn keys_in(file: &Path, in_use: bool, random: &dyn Random) -> anyhow::Result<Vec<Key>> {
    let shown = file.display();
    match fs::read_to_string(file) {
        Ok(text) => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let keys: Option<Vec<_>> = lines.map(Key::parse).collect();
            let keys = keys.filter(|keys| !keys.is_empty());
            keys.with_context(|| format!("{shown} must hold one key of 64 hexadecimal digits per line."))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && in_use => bail!(
            "{shown} is missing, and the stored logins cannot be read without it. Put it back; or, to give the \
             logins up and connect anew, write 64 random hexadecimal digits into it."
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            random.fill(&mut bytes);
            let text = hex::encode(bytes);
            write_private(file, &text).with_context(|| format!("Cannot write {shown}."))?;
            Ok(Key::parse(&text).into_iter().collect())
        }
        Err(error) => Err(error).with_context(|| format!("Cannot read {shown}.")),
    }
}

/// Writes a new file that only its owner may read, and returns once it is on disk.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(file)?;
    opened.write_all(format!("{text}\n").as_bytes())?;
    opened.sync_all()?;
    // Without its folder's entry the file would be gone after a power failure, and with it the logins.
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::SystemRandom;

    fn key(digit: char) -> Key {
        Key::parse(&digit.to_string().repeat(64)).unwrap()
    }

    fn vault(current: Key, old: Vec<Key>) -> KeyVault {
        KeyVault::new(current, old, Arc::new(SystemRandom))
    }

    #[test]
    fn a_secret_opens_only_in_its_own_place_and_unchanged() {
        let vault = vault(key('a'), Vec::new());
        let sealed = vault.seal("logins/1", &Secret("xoxb-1".to_owned()));
        assert!(!sealed.0.contains("xoxb"));
        assert_eq!(vault.open("logins/1", &sealed), Ok(Secret("xoxb-1".to_owned())));
        assert_eq!(vault.open("logins/2", &sealed), Err(CannotOpen));
        let mut changed = sealed.0.clone();
        let last = changed.pop();
        changed.push(if last == Some('A') { 'B' } else { 'A' });
        assert_eq!(vault.open("logins/1", &Sealed(changed)), Err(CannotOpen));
        assert_eq!(vault.open("logins/1", &Sealed("v1.zz".to_owned())), Err(CannotOpen));
    }

    #[test]
    fn old_keys_still_read_and_unknown_ones_do_not() {
        let sealed = vault(key('a'), Vec::new()).seal("x", &Secret("s".to_owned()));
        assert!(vault(key('b'), vec![key('a')]).open("x", &sealed).is_ok());
        assert!(vault(key('b'), Vec::new()).open("x", &sealed).is_err());
    }

    #[test]
    fn marks_of_old_keys_are_still_known() {
        let mark = vault(key('a'), Vec::new()).mac("message");
        let renewed = vault(key('b'), vec![key('a')]);
        assert_ne!(renewed.mac("message"), mark, "the newest key marks");
        assert_eq!(renewed.macs("message"), [renewed.mac("message"), mark.clone()]);
        assert!(!vault(key('b'), Vec::new()).macs("message").contains(&mark));
    }

    #[test]
    fn the_same_secret_never_looks_the_same_twice() {
        let vault = vault(key('a'), Vec::new());
        let secret = Secret("s".to_owned());
        assert_ne!(vault.seal("x", &secret), vault.seal("x", &secret));
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_not_replaced_when_lost() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret.key");
        let made = keys_in(&file, false, &SystemRandom).unwrap();
        let again = keys_in(&file, true, &SystemRandom).unwrap();
        assert_eq!(made[0].bytes, again[0].bytes);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove_file(&file).unwrap();
        assert!(keys_in(&file, true, &SystemRandom).is_err());
    }
}

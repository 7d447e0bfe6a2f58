//! Addresses and the people behind them, out of every legal and most illegal forms of a header.
//!
//! An `Address` can always be written into a header: it holds no space, line break or bracket. Whose it is, is for
//! `own`; nothing here compares names.

use super::{
    bounds::{LONGEST_ADDRESS_BYTES, LONGEST_ADDRESSES_BYTES, LONGEST_NAME, MOST_MAILBOXES, cut_letters},
    fields::{Fields, unfolded},
    words,
};
use mail_parser::{Addr, HeaderValue, parsers::MessageStream};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Ordering,
    collections::BTreeSet,
    fmt,
    hash::{Hash, Hasher},
};

/// A mail address. Two that differ in their letters' case alone are equal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// As it was written, but for the domain, which is in lower case and in ASCII.
    text: String,
    at: usize,
}

impl Address {
    /// Reads one address. What surrounds it in careless headers (brackets, `mailto:`, a route) is taken off.
    pub fn parse(text: &str) -> Option<Self> {
        let mut text = text.trim().trim_matches(['<', '>', ' ', '\t']);
        if text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
            text = text[7..].split('?').next().unwrap_or_default();
        }
        if text.starts_with('@') {
            text = text.rsplit_once(':').map_or(text, |(_route, address)| address);
        }
        let text = text.trim_matches(['\'', ',', ';']);
        let at = lone_at(text)?;
        let (local, domain) = (text[..at].trim(), text[at + 1..].trim());
        if !is_local(local) {
            return None;
        }
        let domain = domain_of(domain)?;
        let address = Self { at: local.len(), text: format!("{local}@{domain}") };
        (address.text.len() <= LONGEST_ADDRESS_BYTES).then_some(address)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, as it was written.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The domain, in lower case and in ASCII.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The form in which it is compared and stored.
    pub fn key(&self) -> String {
        self.letters().collect()
    }

    fn letters(&self) -> impl Iterator<Item = char> {
        self.text.chars().flat_map(char::to_lowercase)
    }
}

/// Where the only `@` stands that is not in quotes.
fn lone_at(text: &str) -> Option<usize> {
    let (mut found, mut is_quoted, mut is_escaped) = (None, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '@' if !is_quoted && found.is_some() => return None,
            '@' if !is_quoted => found = Some(at),
            _ => {}
        }
    }
    found.filter(|_| !is_quoted)
}

fn is_local(local: &str) -> bool {
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let is_odd = |letter: char| {
        letter.is_control() || !is_quoted && (letter.is_whitespace() || "()<>[]:;,\\\"@".contains(letter))
    };
    !local.is_empty() && !local.contains(is_odd)
}

/// A domain in its one form: lower case, ASCII, without a last dot. A literal stays as it is.
fn domain_of(domain: &str) -> Option<String> {
    if domain.starts_with('[') {
        let inside = domain.strip_prefix('[')?.strip_suffix(']')?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".:-".contains(&byte);
        return (!inside.is_empty() && inside.bytes().all(fits)).then(|| domain.to_ascii_lowercase());
    }
    let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
    let fits = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    (!domain.is_empty() && domain.split('.').all(fits)).then_some(domain)
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.letters().eq(other.letters())
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.letters().for_each(|letter| letter.hash(state));
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.letters().cmp(other.letters())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}

impl TryFrom<String> for Address {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a mail address")
    }
}

/// A person or program that writes or reads mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mailbox {
    /// The name beside the address, if there is one.
    pub name: Option<String>,
    /// Where they are reached.
    pub address: Address,
}

impl Mailbox {
    /// Whether the name is the address of somebody else, which is how people are led astray.
    pub fn is_misleading(&self) -> bool {
        let named =
            self.name.iter().flat_map(|name| name.split(|one: char| one.is_whitespace() || "<>()\"'".contains(one)));
        named.filter_map(Address::parse).any(|address| address != self.address)
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{name} <{}>", self.address),
            None => write!(formatter, "{}", self.address),
        }
    }
}

/// Reads all mailboxes of the fields of a name, each address once. Says whether there were more than are read.
pub(super) fn all(fields: &Fields<'_>, name: &str) -> (Vec<Mailbox>, bool) {
    let (mut found, mut is_cut) = (Vec::new(), false);
    let mut seen = BTreeSet::new();
    for value in fields.all(name) {
        let (value, is_long) = unfolded(value, LONGEST_ADDRESSES_BYTES);
        is_cut |= is_long;
        for mailbox in mailboxes(&value) {
            if seen.contains(&mailbox.address) {
                continue;
            }
            if found.len() == MOST_MAILBOXES {
                return (found, true);
            }
            seen.insert(mailbox.address.clone());
            found.push(mailbox);
        }
    }
    (found, is_cut)
}

/// Reads a list of mailboxes. What has no address that could be one is left out.
pub fn mailboxes(value: &str) -> Vec<Mailbox> {
    let mut line = words::joined(value).replace(['\r', '\n'], " ");
    line.push('\n');
    let HeaderValue::Address(list) = MessageStream::new(line.as_bytes()).parse_address() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // `Dias, Guilherme <a@b.c>`: what stands before a careless comma belongs to the name.
    let mut before: Option<String> = None;
    for entry in list.iter() {
        match read(entry) {
            (name, Some(address)) => {
                let name = match (before.take(), name) {
                    (Some(before), Some(name)) => Some(format!("{before}, {name}")),
                    (_, name) => name,
                };
                found.push(Mailbox { name, address });
            }
            (name, None) => before = name.filter(|name| !name.contains('@')),
        }
    }
    found
}

fn read(entry: &Addr<'_>) -> (Option<String>, Option<Address>) {
    let name = entry.name.as_deref().and_then(named);
    match entry.address.as_deref().map(|text| (text, Address::parse(text))) {
        Some((_, Some(address))) => {
            // A name that only repeats the address says nothing.
            let name = name.filter(|name| Address::parse(name).as_ref() != Some(&address));
            (name, Some(address))
        }
        // `"john doe"@example.com`: the quoted half was taken for a name.
        Some((domain, None)) if let Some(name) = name.as_deref().filter(|_| domain.starts_with('@')) => (
            None,
            Address::parse(&format!("{name}{domain}")).or_else(|| Address::parse(&format!("\"{name}\"{domain}"))),
        ),
        // `Ana ana@x.org`: the brackets are missing.
        Some((text, None))
            if let Some((before, Some(address))) =
                text.rsplit_once(' ').map(|(before, last)| (before, Address::parse(last))) =>
        {
            (name.or_else(|| named(before)), Some(address))
        }
        Some((text, None)) => (Some(named(text).unwrap_or_default()), None),
        // `Foo (foo@bar.com)` and `"foo@bar.com"` alone: the address is where a name should be.
        None => match entry.name.as_deref().and_then(Address::parse) {
            Some(address) => (None, Some(address)),
            None => (name, None),
        },
    }
}

/// A name as people write it: one line, without quotes around it, not too long.
pub fn named(text: &str) -> Option<String> {
    let clean: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let mut name = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    for quote in ['"', '\''] {
        if let Some(inside) = name.strip_prefix(quote).and_then(|name| name.strip_suffix(quote)) {
            name = inside.trim().to_owned();
        }
    }
    name = name.trim_matches(['<', '>', ' ']).to_owned();
    cut_letters(&mut name, LONGEST_NAME);
    (!name.is_empty()).then_some(name)
}

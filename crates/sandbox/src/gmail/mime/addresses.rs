//! Reads the people out of address headers.

use super::words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub name: String,
    pub address: String,
}

impl Address {
    pub fn new(name: &str, address: &str) -> Address {
        Address { name: name.to_owned(), address: address.to_owned() }
    }

    /// As it stands in a header.
    pub fn written(&self) -> String {
        if self.name.is_empty() {
            return self.address.clone();
        }
        if !self.name.is_ascii() {
            return format!("{} <{}>", words::encode(&self.name), self.address);
        }
        let is_plain = self.name.chars().all(|letter| letter.is_ascii_alphanumeric() || " -'_".contains(letter));
        if is_plain {
            return format!("{} <{}>", self.name, self.address);
        }
        let name = self.name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{name}\" <{}>", self.address)
    }
}

/// What has been read of one entry of a list.
#[derive(Default)]
struct Entry {
    outside: String,
    inside: Option<String>,
    comment: String,
}

impl Entry {
    fn finish(self, found: &mut Vec<Address>) {
        let outside = self.outside.trim();
        let (name, address) = match &self.inside {
            Some(address) => (outside, address.trim()),
            None => (self.comment.trim(), outside),
        };
        if address.contains('@') && !address.contains(char::is_whitespace) {
            let name = if name.is_empty() { self.comment.trim() } else { name };
            found.push(Address { name: words::decode(name).trim().to_owned(), address: address.to_owned() });
        }
    }
}

/// Everybody whom an address header names. Groups give their members; what has no address is left out.
pub fn read(header: &str) -> Vec<Address> {
    let (mut found, mut entry) = (Vec::new(), Entry::default());
    let (mut quoted, mut escaped, mut comments) = (false, false, 0usize);
    for letter in header.chars() {
        let is_outside = entry.inside.is_none();
        let place = match &mut entry.inside {
            _ if comments > 0 => &mut entry.comment,
            Some(inside) if !inside.ends_with('>') => inside,
            _ => &mut entry.outside,
        };
        if escaped {
            escaped = false;
            place.push(letter);
            continue;
        }
        match letter {
            '\\' => escaped = true,
            '"' if comments == 0 => quoted = !quoted,
            _ if quoted => place.push(letter),
            '(' => comments += 1,
            ')' if comments > 0 => comments -= 1,
            _ if comments > 0 => place.push(letter),
            '<' => entry.inside = Some(String::new()),
            '>' => {
                if let Some(inside) = &mut entry.inside {
                    inside.push('>');
                }
            }
            ',' | ';' => std::mem::take(&mut entry).closed().finish(&mut found),
            // The name of a group; its members follow.
            ':' if is_outside => entry = Entry::default(),
            '\r' | '\n' => {}
            other => place.push(other),
        }
    }
    entry.closed().finish(&mut found);
    found
}

impl Entry {
    fn closed(mut self) -> Entry {
        self.inside = self.inside.map(|inside| inside.trim_end_matches('>').to_owned());
        self
    }
}

/// Addresses that lead to one mailbox have one key: case is nothing, a tag is nothing, at Gmail itself dots are nothing.
pub fn key(address: &str) -> String {
    let address = address.trim().to_lowercase();
    let Some((local, domain)) = address.rsplit_once('@') else { return address };
    let local = local.split('+').next().unwrap_or(local);
    if domain == "gmail.com" || domain == "googlemail.com" {
        return format!("{}@gmail.com", local.replace('.', ""));
    }
    format!("{local}@{domain}")
}

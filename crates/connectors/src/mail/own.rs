//! Whether two addresses lead to the same mailbox, and which are one's own.
//!
//! Pure: only of the addresses. What is merely alike may be suggested to a person; it opens nothing.

use super::{
    address::{Address, Mailbox},
    read::Mail,
};

/// Domains of one service that knows neither dots nor its own name from another.
const GMAIL: [&str; 2] = ["gmail.com", "googlemail.com"];

/// How near one address is to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sameness {
    /// Nothing says that they have to do with each other.
    Different,
    /// They differ by a tag (`ana+shop@x.org`), which most servers deliver to the same mailbox, but not all.
    Alike,
    /// The service that has them delivers both to the same mailbox: Gmail's dots, tags and its second domain.
    SameMailbox,
    /// They are the same, but for their letters' case.
    Same,
}

/// How near two addresses are.
pub fn sameness(one: &Address, other: &Address) -> Sameness {
    if one == other {
        return Sameness::Same;
    }
    let is_gmail = |address: &Address| GMAIL.contains(&address.domain());
    if is_gmail(one) && is_gmail(other) {
        let is_same = undotted(one) == undotted(other);
        return if is_same { Sameness::SameMailbox } else { Sameness::Different };
    }
    let is_alike = one.domain() == other.domain() && untagged(one) == untagged(other);
    if is_alike { Sameness::Alike } else { Sameness::Different }
}

/// The local part without its tag, in lower case.
fn untagged(address: &Address) -> String {
    let local = address.local().to_lowercase();
    match local.split_once('+') {
        Some((base, _tag)) if !base.is_empty() && !local.starts_with('"') => base.to_owned(),
        _ => local,
    }
}

fn undotted(address: &Address) -> String {
    untagged(address).replace('.', "")
}

/// The addresses under which somebody writes and is reached.
#[derive(Clone, Debug, Default)]
pub struct Own(pub Vec<Address>);

impl Own {
    /// How near an address is to one's own.
    pub fn sameness(&self, address: &Address) -> Sameness {
        self.0.iter().map(|own| sameness(own, address)).max().unwrap_or(Sameness::Different)
    }

    /// Whether an address is one's own for certain.
    pub fn has(&self, address: &Address) -> bool {
        self.sameness(address) >= Sameness::SameMailbox
    }

    /// How near its author is to oneself: whether it is one's own mail, as far as the addresses say. Anybody can write
    /// any address into a mail, so where a platform knows what was sent, that counts.
    pub fn wrote(&self, mail: &Mail) -> Sameness {
        mail.from.as_ref().map_or(Sameness::Different, |from| self.sameness(&from.address))
    }

    /// The mailboxes that are not one's own, each once.
    pub(super) fn others<'a>(&self, mailboxes: impl IntoIterator<Item = &'a Mailbox>) -> Vec<Mailbox> {
        let mut others: Vec<Mailbox> = Vec::new();
        for mailbox in mailboxes {
            if !self.has(&mailbox.address) && !others.iter().any(|other| other.address == mailbox.address) {
                others.push(mailbox.clone());
            }
        }
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_same_by_levels() {
        use Sameness::{Alike, Different, Same, SameMailbox};
        for (one, other, wanted) in [
            ("ana@x.org", "ANA@X.ORG", Same),
            ("ana@x.org", "ana@y.org", Different),
            ("ana@x.org", "an.a@x.org", Different),
            ("ana@x.org", "ana+shop@x.org", Alike),
            ("ana+a@x.org", "ana+b@x.org", Alike),
            ("+a@x.org", "+b@x.org", Different),
            ("ana.costa@gmail.com", "anacosta@gmail.com", SameMailbox),
            ("Ana.Costa+x@googlemail.com", "anacosta@gmail.com", SameMailbox),
            ("ana@gmail.com", "rui@gmail.com", Different),
            ("ana@gmail.com", "ana@x.org", Different),
            ("ana@münchen.example", "ana@xn--mnchen-3ya.example", Same),
            ("\"a+b\"@x.org", "\"a+c\"@x.org", Different),
        ] {
            let parse = |text| Address::parse(text).unwrap();
            assert_eq!(sameness(&parse(one), &parse(other)), wanted, "{one} {other}");
            assert_eq!(sameness(&parse(other), &parse(one)), wanted, "{other} {one}");
        }
    }
}

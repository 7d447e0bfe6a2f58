//! Who a customer is on a platform: what the authorization proved, and what was stated beside it.
//!
//! What is stated changes how things are shown, and never what may be seen: membership is asked for the person
//! that the authorization proved.

use crate::{
    connection::Connection,
    customer::CustomerId,
    id::{ConnectionId, ExternalId, UserPlatformId},
    message::Problem,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many ids a customer may have at one connection.
pub const MOST_IDS: usize = 20;
/// How many mail addresses a customer may have at one connection.
pub const MOST_EMAILS: usize = 20;
/// How long a name may be, in characters.
pub const LONGEST_NAME: usize = 200;
/// How long a mail address may be, in bytes.
const LONGEST_EMAIL_BYTES: usize = 320;

/// Who a customer is on a platform, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPlatform {
    /// Our id.
    pub id: UserPlatformId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Raised by one with every write.
    pub revision: u64,
    /// Where.
    pub platform: String,
    /// The platform's ids of them, as the authorization proved them.
    pub external_user_ids: Vec<ExternalId>,
    /// Their name, as the platform says.
    pub name: String,
    /// Their mail addresses, as the platform says.
    pub emails: Vec<String>,
    /// What was stated beside it.
    #[serde(default)]
    pub stated: Stated,
}

/// What the app or the customer says of who they are on a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Further ids that they write under.
    pub ids: Vec<ExternalId>,
    /// Their name, in place of the platform's.
    pub name: Option<String>,
    /// Their mail addresses, in place of the platform's.
    pub emails: Option<Vec<String>>,
}

impl Stated {
    /// Checks what is stated of a connection's customer. `ids` are all of theirs, the proven ones among them.
    pub fn check(
        connection: &Connection,
        ids: &[ExternalId],
        name: Option<String>,
        emails: Option<Vec<String>>,
    ) -> Result<Self, Problem> {
        let wanted: BTreeSet<_> = ids.iter().collect();
        if wanted.len() > MOST_IDS {
            return Err(problem("too_many_ids", format!("At one connection a customer has {MOST_IDS} ids at most.")));
        }
        if let Some(proven) = connection.person.iter().find(|proven| !wanted.contains(proven)) {
            let detail =
                format!("The connection was authorized as {proven}. That id stays; others can stand beside it.");
            return Err(problem("proven_id_missing", detail));
        }
        let mut further: Vec<ExternalId> = Vec::new();
        for id in ids.iter().filter(|id| !connection.person.contains(id)) {
            if connection.senders.contains(id) {
                let detail = format!("{id} is the app itself, which writes for all of its customers.");
                return Err(problem("id_of_the_app", detail));
            }
            if !further.contains(id) {
                further.push(id.clone());
            }
        }
        let name = name.map(checked_name).transpose()?;
        let emails = emails.map(checked_emails).transpose()?;
        Ok(Self { ids: further, name, emails })
    }
}

fn checked_name(name: String) -> Result<String, Problem> {
    let name = name.trim().to_owned();
    let fits = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control);
    let wrong =
        || problem("bad_name", format!("A name has 1 to {LONGEST_NAME} characters, and no control characters."));
    fits.then_some(name).ok_or_else(wrong)
}

fn checked_emails(emails: Vec<String>) -> Result<Vec<String>, Problem> {
    if emails.len() > MOST_EMAILS {
        let detail = format!("At one connection a customer has {MOST_EMAILS} mail addresses at most.");
        return Err(problem("too_many_emails", detail));
    }
    let wrong = emails.iter().find(|email| {
        let has_both = email.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        let odd = |one: char| one.is_control() || one.is_whitespace();
        !has_both || email.len() > LONGEST_EMAIL_BYTES || email.contains(odd)
    });
    match wrong {
        Some(email) => Err(problem("bad_email", format!("{email:?} is no mail address."))),
        None => Ok(emails),
    }
}

fn problem(code: &str, detail: String) -> Problem {
    Problem { code: code.to_owned(), detail }
}

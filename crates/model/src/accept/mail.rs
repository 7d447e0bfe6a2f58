//! Mail that somebody writes: what may stand on it, and how it shows before it leaves.
//!
//! Pure, and light: a connector is stricter about addresses, and has the last word on whom an answer goes to.

use super::{check_able, problem};
use crate::{
    abilities::Abilities,
    chat::{Chat, ChatFacts, ChatKind, ChatState, Membership},
    connection::Connection,
    facets::{Content, Facet, Version},
    id::{ChatId, ExternalId},
    letter::{Correspondent, Envelope, Letter, Manner},
    message::Problem,
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many people one mail is written to at most.
pub const MOST_RECIPIENTS: usize = 100;
/// The longest address, in bytes.
pub const LONGEST_ADDRESS: usize = 254;
/// The longest name of a recipient, in characters.
pub const LONGEST_NAME: usize = 200;
/// The longest subject, in characters.
pub const LONGEST_SUBJECT: usize = 900;

/// Refuses what cannot be written on a mail. What is a control character here would be another header there.
pub fn check_envelope(abilities: &Abilities, envelope: &Envelope) -> Result<(), Problem> {
    check_able(abilities.mail, "take a subject and recipients")?;
    let recipients = || envelope.to.iter().chain(&envelope.cc).flatten().chain(&envelope.bcc);
    let answers = match envelope.manner {
        Manner::Reply | Manner::ReplyAll => envelope.to.is_none(),
        Manner::Forward | Manner::New => false,
    };
    if !answers && recipients().next().is_none() {
        return Err(problem("no_recipient", "Say to whom it goes: name at least one address."));
    }
    let count = recipients().count();
    if count > MOST_RECIPIENTS {
        let detail = format!("{count} recipients are too many; at most {MOST_RECIPIENTS} are possible.");
        return Err(problem("too_many_recipients", detail));
    }
    if let Some(bad) = recipients().find(|one| !is_address(one.id.as_str())) {
        return Err(problem("bad_address", format!("{:?} is no address of mail.", shortened(bad.id.as_str()))));
    }
    let names = recipients().filter_map(|one| one.name.as_deref());
    check_line("bad_name", "A recipient's name", LONGEST_NAME, names)?;
    check_line("bad_subject", "The subject", LONGEST_SUBJECT, envelope.subject.as_deref())
}

fn check_line<'a>(
    code: &str,
    what: &str,
    longest: usize,
    lines: impl IntoIterator<Item = &'a str>,
) -> Result<(), Problem> {
    let is_good = |line: &str| !line.contains(char::is_control) && line.chars().count() <= longest;
    if lines.into_iter().all(is_good) {
        return Ok(());
    }
    Err(problem(code, format!("{what} is one line of at most {longest} characters, none of them for control.")))
}

fn is_address(text: &str) -> bool {
    let stands_out = |letter: char| letter.is_control() || letter.is_whitespace() || "<>,;\"()".contains(letter);
    let parts: Vec<_> = text.split('@').collect();
    let [local, domain] = parts[..] else { return false };
    text.len() <= LONGEST_ADDRESS && !local.is_empty() && !domain.is_empty() && !text.contains(stands_out)
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_ADDRESS).collect()
}

/// The chat of a thread that is begun. Its id is ours until the platform gives it one, and what the platform says of it
/// is newer than all of this.
pub fn begun(connection: &Connection, envelope: &Envelope, id: ChatId, now: Timestamp) -> Chat {
    let written = envelope.to.iter().chain(&envelope.cc).flatten();
    let others = written.map(|one| ExternalId(one.id.as_str().to_lowercase()));
    let people: BTreeSet<_> = connection.person.first().cloned().into_iter().chain(others).collect();
    let facts = ChatFacts {
        kind: ChatKind::EmailThread,
        name: envelope.subject.clone().filter(|subject| !subject.trim().is_empty()),
        people: people.into_iter().collect(),
        archived: false,
        made_at: None,
        platform_data: serde_json::json!({}),
    };
    let before_all = Version(i64::MIN);
    Chat {
        id,
        customer_id: connection.customer_id.clone(),
        connection_id: connection.id,
        revision: 1,
        external_id: ExternalId(format!("new:{}", id.uuid())),
        state: ChatState::Imported,
        generation: 1,
        facts: Some(Facet::new(before_all, facts)),
        member: Some(Membership { version: before_all, member: true, asked_at: now }),
        imported_as_of: None,
        named_under: None,
        read: None,
        read_there: None,
        read_as_of: None,
        mark_due_at: None,
        aliases: BTreeMap::new(),
        begun_here: true,
        gone: None,
        created_at: now,
        updated_at: now,
    }
}

/// How a mail shows before it left: what was asked to stand on it, and for the rest what an answer has by itself.
pub fn letter(envelope: Option<&Envelope>, about: Option<&Content>, own: &BTreeSet<ExternalId>) -> Letter {
    let manner = envelope.map(|envelope| envelope.manner).unwrap_or_default();
    let (to, cc) = about.map(|about| answered(about, manner, own)).unwrap_or_default();
    let subject = about.and_then(|about| about.letter.as_ref()).map(|letter| letter.subject.as_str());
    Letter {
        subject: envelope
            .and_then(|envelope| envelope.subject.clone())
            .or_else(|| subject.map(|subject| marked(subject, manner)))
            .unwrap_or_default(),
        to: envelope.and_then(|envelope| envelope.to.clone()).unwrap_or(to),
        cc: envelope.and_then(|envelope| envelope.cc.clone()).unwrap_or(cc),
        bcc: envelope.map(|envelope| envelope.bcc.clone()).unwrap_or_default(),
        envelope: envelope.cloned().map(Box::new),
        ..Letter::default()
    }
}

/// Whom an answer goes to, and who else gets it.
fn answered(about: &Content, manner: Manner, own: &BTreeSet<ExternalId>) -> (Vec<Correspondent>, Vec<Correspondent>) {
    let Some(letter) = about.letter.as_deref() else { return Default::default() };
    let others = |of: &[Correspondent]| -> Vec<Correspondent> {
        of.iter().filter(|one| !own.contains(&one.id)).cloned().collect()
    };
    let is_own = about.sender.as_ref().is_some_and(|sender| own.contains(sender));
    let to = if is_own {
        Some(others(&letter.to)).filter(|to| !to.is_empty()).unwrap_or_else(|| letter.to.clone())
    } else if letter.reply_to.is_empty() {
        about.sender.iter().map(|sender| Correspondent { id: sender.clone(), name: None }).collect()
    } else {
        letter.reply_to.clone()
    };
    match manner {
        Manner::Reply => (to, Vec::new()),
        Manner::ReplyAll => {
            let mut cc = if is_own { others(&letter.cc) } else { others(&[letter.to.as_slice(), &letter.cc].concat()) };
            cc.retain(|one| !to.iter().any(|other| other.id == one.id));
            (to, cc)
        }
        Manner::Forward | Manner::New => Default::default(),
    }
}

/// A subject with the mark of an answer or a forward, if it does not bear it already.
fn marked(subject: &str, manner: Manner) -> String {
    let mark = match manner {
        Manner::Reply | Manner::ReplyAll => "Re:",
        Manner::Forward => "Fwd:",
        Manner::New => return subject.to_owned(),
    };
    let bears_it = subject.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark));
    if bears_it { subject.to_owned() } else { format!("{mark} {subject}").trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{abilities::History, body::Body};

    fn people(ids: &[&str]) -> Vec<Correspondent> {
        ids.iter().map(|id| Correspondent { id: (*id).into(), name: None }).collect()
    }

    fn abilities(mail: bool) -> Abilities {
        Abilities {
            send: true,
            reply: false,
            broadcast: false,
            edit: false,
            delete: true,
            files: true,
            largest_file_bytes: 1,
            most_files: 1,
            react: false,
            mark_read: false,
            mark_unread: false,
            mail,
            read_back: true,
            longest_text: 100,
            longest_edit: 0,
            history: History::Pages,
            news: Vec::new(),
        }
    }

    fn code(envelope: &Envelope) -> Option<String> {
        check_envelope(&abilities(true), envelope).err().map(|problem| problem.code)
    }

    fn about(sender: &str, letter: Letter) -> Content {
        Content {
            sender: Some(sender.into()),
            body: Body::default(),
            sent_at: Timestamp::default(),
            edited_at: None,
            thread_root: None,
            broadcast: false,
            system: false,
            attachments: Vec::new(),
            letter: Some(Box::new(letter)),
            platform_data: serde_json::Value::Null,
        }
    }

    #[test]
    fn nothing_on_an_envelope_becomes_another_header() {
        let to = |id: &str| Envelope { to: Some(people(&[id])), ..Envelope::default() };
        assert_eq!(code(&to("rui@x.example")), None);
        for bad in ["", "rui", "rui@", "@x", "a@b@c", "a@x\r\nBcc: eve@x", "Rui <a@x>", "a@x,b@x", &"a@".repeat(200)] {
            assert_eq!(code(&to(bad)).as_deref(), Some("bad_address"), "{bad}");
        }
        let mut named = to("rui@x.example");
        named.to.as_mut().unwrap()[0].name = Some("Rui\r\nBcc: eve@x.example".into());
        assert_eq!(code(&named).as_deref(), Some("bad_name"));
        let subject = |subject: &str| Envelope { subject: Some(subject.into()), ..Envelope::default() };
        assert_eq!(code(&subject("The roof")), None);
        assert_eq!(code(&subject("Roof\nBcc: eve@x.example")).as_deref(), Some("bad_subject"));
        assert_eq!(code(&subject(&"x".repeat(901))).as_deref(), Some("bad_subject"));
        let many = Envelope { bcc: people(&["a@x.example"; 101]), ..Envelope::default() };
        assert_eq!(code(&many).as_deref(), Some("too_many_recipients"));
    }

    #[test]
    fn only_an_answer_knows_by_itself_to_whom() {
        for (manner, to, wanted) in [
            (Manner::ReplyAll, None, None),
            (Manner::Reply, None, None),
            (Manner::Reply, Some(Vec::new()), Some("no_recipient")),
            (Manner::Forward, None, Some("no_recipient")),
            (Manner::New, None, Some("no_recipient")),
            (Manner::New, Some(people(&["rui@x.example"])), None),
        ] {
            let envelope = Envelope { manner, to, ..Envelope::default() };
            assert_eq!(code(&envelope).as_deref(), wanted, "{envelope:?}");
        }
        let plain = check_envelope(&abilities(false), &Envelope::default());
        assert_eq!(plain.unwrap_err().code, "not_possible");
    }

    #[test]
    fn an_answer_shows_at_once_to_whom_it_goes() {
        let own = BTreeSet::from(["ana@x".into()]);
        let mail = Letter {
            subject: "The roof".into(),
            to: people(&["ana@x", "tom@x"]),
            cc: people(&["eva@x", "rui@x"]),
            ..Letter::default()
        };
        let by = |manner| Envelope { manner, ..Envelope::default() };
        let from_rui = about("rui@x", mail.clone());
        let all = letter(None, Some(&from_rui), &own);
        assert_eq!((&all.to, &all.cc), (&people(&["rui@x"]), &people(&["tom@x", "eva@x"])));
        assert_eq!((all.subject.as_str(), all.envelope), ("Re: The roof", None));
        let one = letter(Some(&by(Manner::Reply)), Some(&from_rui), &own);
        assert_eq!((one.to, one.cc), (people(&["rui@x"]), Vec::new()));
        let own_mail = letter(None, Some(&about("ana@x", mail.clone())), &own);
        assert_eq!((own_mail.to, own_mail.cc), (people(&["tom@x"]), people(&["eva@x", "rui@x"])));
        let elsewhere = Letter { reply_to: people(&["desk@x"]), subject: "re: The roof".into(), ..mail.clone() };
        let there = letter(None, Some(&about("rui@x", elsewhere)), &own);
        assert_eq!((there.to, there.subject.as_str()), (people(&["desk@x"]), "re: The roof"));
        let forward = Envelope { to: Some(people(&["leo@x"])), ..by(Manner::Forward) };
        let handed_on = letter(Some(&forward), Some(&from_rui), &own);
        assert_eq!(
            (handed_on.to, handed_on.cc, handed_on.subject.as_str()),
            (people(&["leo@x"]), vec![], "Fwd: The roof")
        );
        assert_eq!(handed_on.envelope.as_deref(), Some(&forward));
    }
}

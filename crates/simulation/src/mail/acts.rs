//! What people do in their mailboxes, and customers with their mail.

use super::{compare::is_shown, letters};
use crate::{
    acts::{Act, ours},
    asks::What,
    connect,
    world::{Party, World},
};
use model::{chat::Chat, id::ExternalId};
use sandbox::calendar::mail_date;
use sandbox::gmail::{Act as Order, Deed, MessageSnapshot, Writing};

/// Somebody whose mail is kept elsewhere.
const OUTSIDE: &str = "Guilherme Dias <guilherme@customer.example>";
pub const OUTSIDE_ADDRESS: &str = "guilherme@customer.example";

/// Everything that is done with mail, by name.
pub const ACTS: &[(&str, Act)] = &[
    ("mail_write", write),
    ("mail_write", write),
    ("mail_from_outside", from_outside),
    ("mail_answer", answer),
    ("mail_answer", answer),
    ("mail_answer", answer),
    ("mail_answer_from_outside", answer_from_outside),
    ("mail_add_person", add_person),
    ("mail_drop_people", drop_people),
    ("mail_draft", draft),
    ("mail_trash", trash),
    ("mail_restore", restore),
    ("mail_spam", spam),
    ("mail_delete", delete),
    ("mail_read", read),
    ("mail_unread", unread),
    ("mail_label", label),
    ("mail_import", import),
    ("mail_import", import),
    ("mail_import", import),
    ("mail_import_foreign", import_foreign),
    ("mail_import_all", import_all),
    ("mail_delete_chat", delete_chat),
    ("mail_compare_chat", compare_chat),
    ("mail_send", send),
    ("mail_send", send),
    ("mail_send", send),
    ("mail_send", send),
    ("mail_begin", letters::begin),
    ("mail_write_about", letters::write_about),
    ("mail_write_about", letters::write_about),
    ("mail_send_delete", send_delete),
    ("mail_send_read", send_read),
    ("mail_choose_trash", choose_trash),
    ("mail_pause", pause),
    ("mail_revoke", revoke),
    ("mail_connect_again", connect_again),
];

impl World {
    pub fn a_mail_party(&self) -> Option<Party> {
        self.chance.pick(&self.mail.as_ref()?.parties).cloned()
    }

    /// Mostly one that a customer is connected to.
    fn a_mailbox(&self) -> Option<String> {
        let connected = self.a_mail_party().filter(|_| !self.chance.one_in(4)).map(|party| party.user);
        connected.or_else(|| self.chance.pick(&self.gmail()?.addresses()).cloned())
    }

    /// A mail in somebody's mailbox, and whose it is. No draft.
    fn a_mail(&self, wanted: impl Fn(&MessageSnapshot) -> bool) -> Option<(String, MessageSnapshot)> {
        let address = self.a_mailbox()?;
        let held = self.gmail()?.mailbox(&address)?;
        let mails = held.messages.into_iter().filter(|mail| !mail.labels.contains("DRAFT") && wanted(mail));
        let mails: Vec<_> = mails.collect();
        Some((address, self.chance.pick(&mails)?.clone()))
    }

    pub fn a_mail_chat(&self) -> Option<(Party, Chat)> {
        let party = self.a_mail_party()?;
        let chat = self.a_chat_of(&party)?;
        Some((party, chat))
    }

    pub fn others(&self, than: &str) -> Option<Vec<String>> {
        let others: Vec<_> = self.gmail()?.addresses().into_iter().filter(|address| address != than).collect();
        let first = self.chance.pick(&others)?.clone();
        let second = self.chance.pick(&others).filter(|second| **second != first && self.chance.one_in(2)).cloned();
        Some([first].into_iter().chain(second).collect())
    }

    /// Lets a person act at Gmail. What came of it.
    fn order(&self, user: &str, deed: Deed) -> Option<serde_json::Value> {
        self.gmail()?.act_as(Order { user: user.to_owned(), deed }).ok()
    }
}

fn write(world: &mut World) -> Option<String> {
    let user = world.a_mailbox()?;
    write_as(world, &user)
}

fn from_outside(world: &mut World) -> Option<String> {
    write_as(world, OUTSIDE)
}

fn write_as(world: &mut World, user: &str) -> Option<String> {
    let others = world.others(user)?;
    let (text, subject) = (world.word(), format!("About {}", world.texts));
    let cc = if world.chance.one_in(3) && user != OUTSIDE { OUTSIDE.to_owned() } else { String::new() };
    let writing =
        Writing { to: others.join(", "), cc, subject: subject.clone(), text: text.clone(), ..Writing::default() };
    world.order(user, Deed::Send(writing))?;
    Some(format!("{user} writes {text} to {others:?}: {subject}"))
}

fn answer(world: &mut World) -> Option<String> {
    let (quote, text) = (world.chance.one_in(2), world.word());
    reply(world, true, quote, Writing { text, ..Writing::default() })
}

fn drop_people(world: &mut World) -> Option<String> {
    let text = world.word();
    reply(world, false, false, Writing { text, ..Writing::default() })
}

/// Somebody is told from now on who was not before.
fn add_person(world: &mut World) -> Option<String> {
    let (text, cc) = (world.word(), OUTSIDE.to_owned());
    reply(world, true, false, Writing { text, cc, ..Writing::default() })
}

fn reply(world: &mut World, all: bool, quote: bool, writing: Writing) -> Option<String> {
    let (user, mail) = world.a_mail(is_shown)?;
    let said = format!("{user} answers {} of {} with {} (all: {all})", mail.id, mail.thread, writing.text);
    world.order(&user, Deed::Reply { message: mail.id, all, quote, writing })?;
    Some(said)
}

/// Who is outside answers what they were sent, to all.
fn answer_from_outside(world: &mut World) -> Option<String> {
    let told = |mail: &MessageSnapshot| mail.to.iter().chain(&mail.cc).any(|address| address == OUTSIDE_ADDRESS);
    let (_, mail) = world.a_mail(|mail| is_shown(mail) && told(mail))?;
    let (text, id) = (world.word(), mail.message_id?);
    let people = mail.from.iter().chain(&mail.to).chain(&mail.cc).filter(|one| *one != OUTSIDE_ADDRESS);
    let people: Vec<_> = people.cloned().collect();
    let subject = if mail.subject.starts_with("Re: ") { mail.subject } else { format!("Re: {}", mail.subject) };
    let references: Vec<_> = mail.references.iter().chain([&id]).map(|id| format!("<{id}>")).collect();
    let (to, date) = (people.join(", "), mail_date(world.now().micros()));
    let head = format!("From: {OUTSIDE}\r\nTo: {to}\r\nDate: {date}\r\nMessage-ID: <{text}@customer.example>");
    let thread = format!("In-Reply-To: <{id}>\r\nReferences: {}", references.join("\r\n "));
    let kind = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8";
    let raw = format!("{head}\r\nSubject: {}\r\n{thread}\r\n{kind}\r\n\r\n{text}\r\n", subject_line(&subject)?);
    world.gmail()?.act_raw(OUTSIDE_ADDRESS, raw.as_bytes()).ok()?;
    Some(format!("{OUTSIDE_ADDRESS} answers {id} with {text}"))
}

/// This writer writes no subject that would have to be encoded.
fn subject_line(subject: &str) -> Option<&str> {
    subject.is_ascii().then_some(subject)
}

/// Somebody writes a draft, writes it anew, or sends it: as another message, or as the one that it is.
fn draft(world: &mut World) -> Option<String> {
    let waiting = world.mail.as_ref().map(|mail| mail.drafts.clone()).unwrap_or_default();
    let (user, held) = match world.chance.pick(&waiting).cloned() {
        Some((user, draft)) => (user, Some(draft)),
        None => (world.a_mailbox()?, None),
    };
    if let Some(draft) = held.clone().filter(|_| world.chance.one_in(2)) {
        let in_place = world.chance.one_in(2);
        world.mail.iter_mut().for_each(|mail| mail.drafts.retain(|(_, waiting)| *waiting != draft));
        world.order(&user, Deed::SendDraft { draft: draft.clone(), in_place })?;
        return Some(format!("{user} sends the draft {draft} (in place: {in_place})"));
    }
    let (text, to) = (world.word(), world.others(&user)?.join(", "));
    let subject = format!("Drafted {text}");
    let writing = Writing { to, subject, text: text.clone(), ..Writing::default() };
    let made = world.order(&user, Deed::Draft { draft: held, writing })?;
    let draft = made["draft"].as_str()?.to_owned();
    let mail = world.mail.as_mut()?;
    if !mail.drafts.iter().any(|(_, waiting)| *waiting == draft) {
        mail.drafts.push((user.clone(), draft.clone()));
    }
    Some(format!("{user} writes {text} into the draft {draft}"))
}

fn trash(world: &mut World) -> Option<String> {
    let (user, mail) = world.a_mail(is_shown)?;
    world.order(&user, Deed::Trash { messages: vec![mail.id.clone()] })?;
    Some(format!("{user} throws {} of {} away", mail.id, mail.thread))
}

fn restore(world: &mut World) -> Option<String> {
    let (user, mail) = world.a_mail(|mail| !is_shown(mail))?;
    if mail.labels.contains("SPAM") {
        return relabel(world, &user, &mail, &["INBOX"], &["SPAM"]);
    }
    world.order(&user, Deed::Untrash { messages: vec![mail.id.clone()] })?;
    Some(format!("{user} takes {} of {} out of the trash", mail.id, mail.thread))
}

fn spam(world: &mut World) -> Option<String> {
    let (user, mail) = world.a_mail(|mail| is_shown(mail) && !mail.labels.contains("SENT"))?;
    relabel(world, &user, &mail, &["SPAM"], &[])
}

/// What the app sent stays: whoever deletes it for good before the app could look makes it seem never sent.
fn delete(world: &mut World) -> Option<String> {
    let (user, mail) = world.a_mail(|mail| mail.extra.is_empty())?;
    world.mail.iter_mut().for_each(super::Mail::note_all);
    world.order(&user, Deed::Delete { messages: vec![mail.id.clone()] })?;
    Some(format!("{user} deletes {} of {} for good", mail.id, mail.thread))
}

fn read(world: &mut World) -> Option<String> {
    let (user, mail) = world.a_mail(|mail| mail.labels.contains("UNREAD"))?;
    relabel(world, &user, &mail, &[], &["UNREAD"])
}

fn unread(world: &mut World) -> Option<String> {
    let (user, mail) = world.a_mail(|mail| is_shown(mail) && !mail.labels.contains("UNREAD"))?;
    relabel(world, &user, &mail, &["UNREAD"], &[])
}

fn label(world: &mut World) -> Option<String> {
    let (user, mail) = world.a_mail(is_shown)?;
    let name = *world.chance.pick(&["STARRED", "Label_1"])?;
    match mail.labels.contains(name) {
        true => relabel(world, &user, &mail, &[], &[name]),
        false => relabel(world, &user, &mail, &[name], &[]),
    }
}

fn relabel(world: &World, user: &str, mail: &MessageSnapshot, add: &[&str], remove: &[&str]) -> Option<String> {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    world.order(user, Deed::Label { messages: vec![mail.id.clone()], add: names(add), remove: names(remove) })?;
    Some(format!("{user} labels {} of {}: {add:?} and not {remove:?}", mail.id, mail.thread))
}

fn import(world: &mut World) -> Option<String> {
    let party = world.a_mail_party()?;
    let held = world.gmail()?.mailbox(&party.user)?;
    let thread = world.chance.pick(&held.messages)?.thread.clone();
    let here = |chat: &Chat| chat.external_id.as_str() == thread && chat.connection_id == party.connection;
    if world.memory.all_chats().iter().any(|chat| here(chat) && chat.is_imported()) && !world.chance.one_in(8) {
        return None;
    }
    let chats = vec![ExternalId::from(thread.as_str())];
    Some(world.ask(&party.customer, What::Import { connection: party.connection, chats }))
}

/// Somebody tries to import a thread of another's mailbox, by its id there.
fn import_foreign(world: &mut World) -> Option<String> {
    let party = world.a_mail_party()?;
    let gmail = world.gmail()?;
    let other = gmail.addresses().into_iter().find(|address| *address != party.user)?;
    let threads: Vec<_> = gmail.places(&other).into_values().collect();
    let thread = world.chance.pick(&threads)?;
    if gmail.places(&party.user).values().any(|own| own == thread) {
        return None;
    }
    let chats = vec![ExternalId::from(thread.as_str())];
    Some(world.ask(&party.customer, What::Import { connection: party.connection, chats }))
}

fn import_all(world: &mut World) -> Option<String> {
    if !world.chance.one_in(3) {
        return None;
    }
    let party = world.a_mail_party()?;
    Some(world.ask(&party.customer, What::ImportAll { connection: party.connection }))
}

fn delete_chat(world: &mut World) -> Option<String> {
    if !world.chance.one_in(4) {
        return None;
    }
    let (party, chat) = world.a_mail_chat()?;
    Some(world.ask(&party.customer, What::DeleteChat { chat: chat.id }))
}

fn compare_chat(world: &mut World) -> Option<String> {
    let (party, chat) = world.a_mail_chat()?;
    Some(world.ask(&party.customer, What::Compare { chat: chat.id }))
}

fn send(world: &mut World) -> Option<String> {
    let (party, chat) = world.a_mail_chat()?;
    let text = world.markdown();
    Some(world.ask(&party.customer, What::Send { chat: chat.id, text, root: None }))
}

fn send_delete(world: &mut World) -> Option<String> {
    let (party, chat) = world.a_mail_chat()?;
    let message = world.a_message_of(&chat, ours)?;
    Some(world.ask(&party.customer, What::Delete { message: message.id }))
}

fn send_read(world: &mut World) -> Option<String> {
    let (party, chat) = world.a_mail_chat()?;
    let message = world.a_message_of(&chat, |row| row.external_id.is_some())?;
    Some(world.ask(&party.customer, What::MarkRead { chat: chat.id, message: message.id }))
}

fn choose_trash(world: &mut World) -> Option<String> {
    let (party, on) = (world.a_mail_party()?, world.chance.one_in(2));
    Some(world.ask(&party.customer, What::ChooseTrash { connection: party.connection, on }))
}

fn pause(world: &mut World) -> Option<String> {
    if !world.chance.one_in(6) {
        return None;
    }
    let party = world.a_mail_party()?;
    Some(world.ask(&party.customer, What::Pause { connection: party.connection, on: true }))
}

/// A person takes back all that they allowed the app.
fn revoke(world: &mut World) -> Option<String> {
    if !world.chance.one_in(30) {
        return None;
    }
    let party = world.a_mail_party()?;
    world.gmail()?.revoke(&party.user);
    world.mail.iter_mut().for_each(|mail| mail.seen.revoked = true);
    Some(format!("{} takes the grant back", party.user))
}

fn connect_again(world: &mut World) -> Option<String> {
    let lost = world.mail.as_ref()?.parties.clone().into_iter().find(|party| world.needs_login(party))?;
    connect::come_back(world, &lost)
}

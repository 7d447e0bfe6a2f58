//! How a mail program answers: to whom, about what, in which thread, with what it quotes; and how it reacts.

use super::mailbox::{Mailbox, Message};
use super::mime::addresses::{self, Address};
use super::mime::write::Letter;
use crate::answers::escape;

/// Turns a letter into an answer to a message, as a mail program does.
pub fn answer(letter: &mut Letter, own: &Mailbox, parent: &Message, all: bool) {
    let head = &parent.head;
    let is_other = |person: &&Address| !own.answers_to(&addresses::key(&person.address));
    let others = |list: &[Address]| -> Vec<Address> { list.iter().filter(is_other).cloned().collect() };
    // Who answers an own mail writes to those that it went to.
    letter.to = others(&head.from);
    if letter.to.is_empty() {
        letter.to = others(&head.to);
    } else if all {
        letter.to.extend(others(&head.to));
    }
    if all {
        letter.cc = others(&head.cc);
    }
    let is_answer = head.subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    letter.subject = if is_answer { head.subject.clone() } else { format!("Re: {}", head.subject) };
    letter.in_reply_to = head.message_id.as_ref().map(|id| format!("<{id}>"));
    let mut references: Vec<String> = Vec::new();
    for id in head.references.iter().chain(&head.message_id) {
        let id = format!("<{id}>");
        if !references.contains(&id) {
            references.push(id);
        }
    }
    letter.references = references;
}

/// Adds people to an answer who do not get it anyway.
pub fn add(letter: &mut Letter, (to, cc): (Vec<Address>, Vec<Address>)) {
    let is_told = |letter: &Letter, person: &Address| {
        let key = addresses::key(&person.address);
        letter.to.iter().chain(&letter.cc).any(|told| addresses::key(&told.address) == key)
    };
    for person in to {
        if !is_told(letter, &person) {
            letter.to.push(person);
        }
    }
    for person in cc {
        if !is_told(letter, &person) {
            letter.cc.push(person);
        }
    }
}

/// Puts what is answered below the answer, as Gmail's own page does.
pub fn quote(letter: &mut Letter, parent: &Message) {
    let head = &parent.head;
    let who = head.from.first().map(Address::written).unwrap_or_default();
    let date = head.date_secs.map(|secs| crate::calendar::mail_date(secs * 1_000_000)).unwrap_or_default();
    let line = format!("On {}, {who} wrote:", date.trim_end_matches(" +0000"));
    let quoted: String = head.words.lines().map(|line| format!("> {line}\n")).collect();
    let html = |text: &str| escape(text).replace("\r\n", "\n").replace('\n', "<br>");
    letter.html = Some(format!(
        "<div dir=\"ltr\">{}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" \
         class=\"gmail_attr\">{}<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex\">{}\
         </blockquote></div>",
        html(&letter.text),
        html(&line),
        html(&head.words),
    ));
    letter.text = format!("{}\n\n{line}\n\n{quoted}", letter.text);
}

/// Makes a letter the reaction with an emoji: a mail with a part that says so to those who understand it.
pub fn react(letter: &mut Letter, emoji: &str) {
    let name = letter.from.as_ref().map(|from| from.name.clone()).unwrap_or_default();
    letter.text = format!("{emoji}\n\n{name} reacted via Gmail");
    letter.html =
        Some(format!("<div><p style=\"font-size:50px\">{emoji}</p><p>{} reacted via Gmail</p></div>", escape(&name)));
    letter.reaction = Some(serde_json::json!({ "emoji": emoji, "version": 1 }).to_string());
}

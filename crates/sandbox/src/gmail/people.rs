//! People who write now and then, and who answer what the app writes to them.

use super::acts::{Deed, Writing};
use super::mime::addresses;
use super::state::State;

pub const CHATTER_EVERY_MICROS: i64 = 60_000_000;
pub const REPLY_AFTER_MICROS: i64 = 4_000_000;
/// Longer threads are left to rest, so that two who always answer do not answer for ever.
const THREAD_MOST: usize = 12;

/// What people write about, and what they say of it.
pub const MATTERS: &[(&str, &str)] = &[
    (
        "Offer for the new office",
        "Hello,\n\nplease find our offer below. It is valid until the end of the month.\n\nBest regards",
    ),
    ("Reunião de quinta-feira", "Olá!\n\nPodemos passar a reunião para as 15h? Já avisei a equipa.\n\nAbraço"),
    (
        "Rechnung Nr. 2026-118",
        "Guten Tag,\n\nanbei die Rechnung über 1.240,50 € für den Oktober.\n\nMit freundlichen Grüßen",
    ),
    ("Lunch on Friday? 🍕", "Shall we try the new place by the river? I'd book a table for 12:30."),
    ("Numbers for October", "The numbers are in: visits +12 %, orders +4 %.\nI'll bring the details on Monday."),
    ("お問い合わせの件", "お世話になっております。\nご質問の件、明日までに回答いたします。"),
    ("Договор", "Добрый день!\n\nДоговор подписан, оригинал отправлен почтой."),
    ("Your order 4711 <urgent>", "The parcel left our house today & should arrive on Thursday."),
    (
        "Interview notes",
        "Three things stood out:\n\n1. the way she explains\n2. her questions\n3. \"why not?\" as a principle",
    ),
    ("Server maintenance tonight", "The server will be away from 22:00 until about 23:00. Nothing to do for you."),
];

/// What people answer.
pub const ANSWERS: &[&str] = &[
    "Thanks, that works for me!",
    "Sim, perfeito. Até lá!",
    "Können wir morgen kurz telefonieren?",
    "Got it, I'll come back to you by Friday.",
    "Great news 🎉",
    "I'd rather wait until next week. Is that all right?",
    "承知しました。",
    "One question: who else should know?",
];

/// Somebody writes to somebody else.
pub fn chat(state: &mut State, now_micros: i64) {
    let people: Vec<String> = state.world.mailboxes.keys().cloned().collect();
    let Some(writer) = state.pick(&people).cloned() else { return };
    let others: Vec<String> = people.into_iter().filter(|one| *one != writer).collect();
    let Some(reader) = state.pick(&others).cloned() else { return };
    let (subject, text) = *state.pick(MATTERS).unwrap_or(&MATTERS[0]);
    let writing = Writing { to: reader, subject: subject.into(), text: text.into(), ..Writing::default() };
    // Nobody minds if a mailbox was closed in the meantime.
    let _ = state.act_as(now_micros, &writer, Deed::Send(writing));
}

/// Somebody answers a mail, if a person wrote it to them.
pub fn reply(state: &mut State, now_micros: i64, mailbox: &str, id: &str) {
    let Some(held) = state.world.mailbox(mailbox) else { return };
    let Some(message) = held.messages.get(id).filter(|message| message.has("INBOX")) else { return };
    let is_for_me = message.head.to.iter().any(|person| held.answers_to(&addresses::key(&person.address)));
    let length = held.in_thread(&message.thread).count();
    // The app's own people are the ones whom others answer.
    let is_connected = state.world.refreshes.values().any(|refresh| refresh.owner == mailbox && !refresh.revoked);
    if !is_for_me || length >= THREAD_MOST || is_connected {
        return;
    }
    let text = (*state.pick(ANSWERS).unwrap_or(&"Yes.")).to_owned();
    let writing = Writing { text, ..Writing::default() };
    // A mail without a sender to answer stays unanswered.
    let _ = state.act_as(now_micros, mailbox, Deed::Reply { message: id.to_owned(), all: true, quote: true, writing });
}

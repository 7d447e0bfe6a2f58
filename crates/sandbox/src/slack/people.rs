//! People who write now and then, and who answer what the app asks them.

use super::acts::Posting;
use super::state::State;
use super::world::{Channel, ChannelKind};

pub const CHATTER_EVERY_MICROS: i64 = 25_000_000;
pub const REPLY_AFTER_MICROS: i64 = 2_000_000;

/// What people say of themselves.
pub const REMARKS: &[&str] = &[
    "Good morning everyone 👋",
    "The new release is out 🚀 thanks to all who helped!",
    "Has anybody seen the numbers for October?",
    "Bom dia! Hoje vou trabalhar de casa.",
    "Kann jemand kurz über mein Angebot schauen? Größe < 2 MB & nur drei Seiten.",
    "おはようございます、会議は10時からです。",
    "Встреча переносится на завтра.",
    "Notes from the call: https://docs.example.com/notes?id=7&view=all",
    "@ana could you answer the customer in Porto, please?",
    "*Important:* the office is closed on _Friday_.",
    "I pushed a fix, run `make test` and tell me 🙏",
    "Lunch? 🍕",
    "> We never got the invoice\nThat is from their last mail.",
    "```\nerror: connection reset\n```\nDoes this ring a bell?",
    "Η παραγγελία έφυγε σήμερα το πρωί.",
    "تم إرسال العقد، شكراً لكم",
    "오늘 배포는 오후 3시에 합니다.",
    "Whoever took the projector: bring it back :eyes:",
    "I will be late, train again ~on time~ cancelled.",
    "@here the demo starts in five minutes",
];

/// What people answer.
pub const ANSWERS: &[&str] = &[
    "Yes, I'll take it.",
    "Done ✅",
    "Not yet, give me an hour.",
    "Thanks! 🎉",
    "I think @bruno knows more about that.",
    "Sim, claro!",
    "Ja, passt 👍",
    "はい、大丈夫です。",
    "See https://wiki.example.com/faq, it is all there.",
    "Hmm, why not 🤔",
];

/// Somebody writes something somewhere.
pub fn chat(state: &mut State, now_micros: i64) {
    let places: Vec<(String, String)> = state
        .world
        .workspaces
        .values()
        .flat_map(|team| team.channels.values())
        .filter(|channel| !channel.is_archived)
        .flat_map(|channel| channel.members.iter().map(|user| (channel.id.clone(), user.clone())))
        .filter(|(_, user)| state.world.user(user).is_some_and(|user| user.bot_id.is_none() && !user.deleted))
        .collect();
    let Some((channel, user)) = pick(state, &places).cloned() else { return };
    let typed = *pick(state, REMARKS).unwrap_or(&"Hello!");
    say(state, now_micros, &channel, &user, typed, None);
}

/// Somebody answers a message of the app, if it asks something or stands in a chat with them.
pub fn reply(state: &mut State, now_micros: i64, channel: &str, ts: &str, thread: Option<String>) {
    let Some(found) = state.world.channel(channel) else { return };
    let Some(message) = found.messages.get(ts) else { return };
    let private = matches!(found.kind, ChannelKind::Direct | ChannelKind::Group);
    if !private && !message.text.contains(['?', '？']) && !message.text.contains("<@U") {
        return;
    }
    let (text, author) = (message.text.clone(), message.user.clone());
    let others = others(state, found, &author);
    let Some(user) = others.iter().find(|user| text.contains(&format!("<@{user}>"))).or(others.first()).cloned() else {
        return;
    };
    let typed = *pick(state, ANSWERS).unwrap_or(&"Yes.");
    say(state, now_micros, channel, &user, typed, thread);
}

fn others(state: &State, channel: &Channel, author: &str) -> Vec<String> {
    let person = |user: &&String| {
        *user != author && state.world.user(user).is_some_and(|user| user.bot_id.is_none() && !user.deleted)
    };
    channel.members.iter().filter(person).cloned().collect()
}

fn say(state: &mut State, now_micros: i64, channel: &str, user: &str, typed: &str, thread_ts: Option<String>) {
    let text = state.typed(user, typed);
    let posting = Posting { user: user.to_owned(), text, thread_ts, unfurl: true, ..Posting::default() };
    // Nobody minds if the channel was archived in the meantime.
    let _ = state.post(now_micros, channel, posting);
}

fn pick<'a, T>(state: &mut State, items: &'a [T]) -> Option<&'a T> {
    let index = state.below(i64::try_from(items.len()).unwrap_or(i64::MAX));
    items.get(usize::try_from(index).unwrap_or(0))
}

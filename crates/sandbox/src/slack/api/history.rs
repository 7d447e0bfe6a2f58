//! `conversations.history` (newest first, without replies) and `conversations.replies` (oldest first).

use std::ops::Bound;

use serde_json::{Value, json};

use super::{Call, Refused};
use crate::slack::render;
use crate::slack::world::{Channel, Message, parse_ts, ts};

/// The part of a channel's time that was asked for.
struct Span {
    oldest: Bound<String>,
    latest: Bound<String>,
}

impl Span {
    fn range(&self) -> (Bound<String>, Bound<String>) {
        (self.oldest.clone(), self.latest.clone())
    }

    /// Whether nothing can lie in it, which a range of a map does not forgive.
    fn is_empty(&self) -> bool {
        match (&self.oldest, &self.latest) {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Excluded(low) | Bound::Included(low), Bound::Excluded(high) | Bound::Included(high)) => low >= high,
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        }
    }
}

pub fn history(call: &mut Call<'_>) -> Result<Value, Refused> {
    let channel = call.readable()?;
    let span = span(call)?;
    let limit = call.limit(None, call.state.config.history_page())?;
    let list = format!("next_ts-{}", channel.id);
    let below = call.cursor(&list)?;
    let mut messages: Vec<&Message> = between(channel, &span)
        .rev()
        .filter(|message| Channel::in_timeline(message))
        .filter(|message| below.as_ref().is_none_or(|below| message.ts < *below))
        .take(limit + 1)
        .collect();
    let more = messages.len() > limit;
    messages.truncate(limit);
    let mut answer = json!({
        "messages": messages.iter().map(|message| shown(call, channel, message)).collect::<Vec<_>>(),
        "has_more": more, "pin_count": 0, "channel_actions_ts": null, "channel_actions_count": 0,
    });
    if let Some(latest) = call.arguments.text("latest") {
        answer["latest"] = json!(latest);
    }
    if let Some(last) = messages.last().filter(|_| more) {
        answer["response_metadata"] = json!({ "next_cursor": call.next_cursor(&list, &last.ts) });
    }
    Ok(answer)
}

pub fn replies(call: &mut Call<'_>) -> Result<Value, Refused> {
    let channel = call.readable()?;
    let given = call.argument("ts")?;
    let parent = channel
        .messages
        .get(&given)
        .and_then(|message| match &message.thread_ts {
            Some(thread) => channel.messages.get(thread),
            None => Some(message),
        })
        .filter(|parent| !parent.subtype.as_deref().is_some_and(|subtype| subtype.ends_with("_join")))
        .ok_or("thread_not_found")?;
    let span = span(call)?;
    let limit = call.limit(Some(1000), call.state.config.history_page())?;
    let list = format!("replies-{}", parent.ts);
    let after = call.cursor(&list)?;
    let thread = channel.threads.get(&parent.ts);
    let mut messages: Vec<&Message> = thread
        .into_iter()
        .filter(|_| !span.is_empty())
        .flat_map(|thread| thread.range(span.range()))
        .filter(|ts| after.as_ref().is_none_or(|after| *ts > after))
        .filter_map(|ts| channel.messages.get(ts))
        .take(limit + 1)
        .collect();
    // The first message comes with the first page, whatever the span.
    if after.is_none() {
        messages.insert(0, parent);
    }
    let more = messages.len() > limit;
    messages.truncate(limit);
    let mut answer = json!({
        "messages": messages.iter().map(|message| shown(call, channel, message)).collect::<Vec<_>>(),
        "has_more": more,
    });
    if let Some(last) = messages.last().filter(|_| more) {
        answer["response_metadata"] = json!({ "next_cursor": call.next_cursor(&list, &last.ts) });
    }
    Ok(answer)
}

fn shown(call: &Call<'_>, channel: &Channel, message: &Message) -> Value {
    let mut shown = render::message(&call.state.world, &call.state.config, channel, message);
    if call.arguments.flag("include_all_metadata") != Some(true)
        && let Some(metadata) = shown.get_mut("metadata")
    {
        *metadata = json!({ "event_type": metadata["event_type"] });
    }
    shown
}

fn between<'a>(channel: &'a Channel, span: &Span) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
    let messages = (!span.is_empty()).then(|| channel.messages.range(span.range()));
    messages.into_iter().flatten().map(|(_, message)| message)
}

fn span(call: &Call<'_>) -> Result<Span, Refused> {
    let inclusive = call.arguments.flag("inclusive") == Some(true);
    let bound = |name: &str, error: &'static str| -> Result<Bound<String>, Refused> {
        match call.arguments.text(name) {
            None => Ok(Bound::Unbounded),
            Some(text) if text == "now" => Ok(Bound::Unbounded),
            Some(text) => {
                let micros = parse_ts(&text).ok_or(error)?;
                // An `oldest` of zero is the beginning of time.
                let ts = if micros == 0 { String::new() } else { ts(micros) };
                Ok(if inclusive { Bound::Included(ts) } else { Bound::Excluded(ts) })
            }
        }
    };
    let span = Span { oldest: bound("oldest", "invalid_ts_oldest")?, latest: bound("latest", "invalid_ts_latest")? };
    Ok(span)
}

//! The workspace's own emoji: what stands for a `:name:` that no character stands for.

use crate::slack::{client::Client, convert::unreadable, emoji};
use model::{
    connector::{Access, ConnectorError, Page},
    emoji::Picture,
    facets::Version,
    update::Update,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// How many emoji one account may have here. What is beyond, by name, stays a name.
const MOST_EMOJI: usize = 20_000;
/// The longest address of a picture, in bytes.
const LONGEST_ADDRESS: usize = 2_000;
/// An emoji with this in front of its value is another name of one.
const ALIAS: &str = "alias:";

/// Lists all of them. A login that may not list them shows their names, as it always did.
pub async fn list(access: &Access<'_>) -> Result<Page, ConnectorError> {
    let answer = match Client::reading(access)?.emoji_list().await {
        Err(error) if error.is(&["missing_scope", "not_allowed_token_type"]) => return Ok(Page::default()),
        answer => answer?,
    };
    let all: BTreeMap<String, Value> = answer.field("emoji")?;
    let (version, is_whole) = (Version(answer.seen), all.len() <= MOST_EMOJI);
    let told = |(name, value): (String, Value)| told(&name, picture(value.as_str()?), version);
    let mut updates: Vec<_> = all.into_iter().take(MOST_EMOJI).filter_map(told).collect();
    if is_whole {
        updates.push(Update::EmojiListed { version });
    }
    Ok(Page { updates, ..Page::default() })
}

/// What an event says of them. One that does not say what changed lets them be listed.
pub async fn changed(access: &Access<'_>, event: &Value, at: i64) -> Result<Vec<Update>, ConnectorError> {
    let version = Version(at);
    let text = |field: &str| {
        let text = event[field].as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| unreadable(&format!("an event about emoji lacks its {field}")))
    };
    let updates = match event["subtype"].as_str() {
        Some("add") => vec![told(text("name")?, picture(text("value")?), version)],
        Some("remove") => {
            let names = event["names"].as_array().ok_or_else(|| unreadable("an event about emoji lacks its names"))?;
            names.iter().filter_map(Value::as_str).map(|name| told(name, None, version)).collect()
        }
        Some("rename") => {
            vec![told(text("old_name")?, None, version), told(text("new_name")?, picture(text("value")?), version)]
        }
        _ => return Ok(list(access).await?.updates),
    };
    Ok(updates.into_iter().flatten().collect())
}

fn told(name: &str, picture: Option<Picture>, version: Version) -> Option<Update> {
    emoji::is_name(name).then(|| Update::Emoji { name: name.to_owned(), picture, version })
}

/// What stands for it. None for an address that nobody should be led to.
fn picture(value: &str) -> Option<Picture> {
    if let Some(name) = value.strip_prefix(ALIAS) {
        return Some(emoji::character(name).map_or_else(|| Picture::Alias(name.to_owned()), Picture::Character));
    }
    let fits = value.starts_with("https://") && value.len() <= LONGEST_ADDRESS && !value.contains(char::is_whitespace);
    fits.then(|| Picture::Address(value.to_owned()))
}

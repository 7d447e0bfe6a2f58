//! Cursor pagination: how many items a page holds, and cursors that only their own method can read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Call, Refused};

/// How many items a page holds if nobody says.
const DEFAULT_LIMIT: usize = 100;

/// No page is larger.
const LIMIT_MAX: usize = 999;

impl Call<'_> {
    /// The wanted size of a page, which may be cut to `most`.
    pub fn limit(&self, default: Option<usize>, most: usize) -> Result<usize, Refused> {
        let limit = match self.arguments.text("limit") {
            Some(text) => text.parse::<i64>().map_err(|_| "invalid_limit")?,
            None => return Ok(default.unwrap_or(DEFAULT_LIMIT).min(most)),
        };
        match usize::try_from(limit) {
            Ok(0) => Ok(default.unwrap_or(DEFAULT_LIMIT).min(most)),
            Ok(limit) => Ok(limit.min(LIMIT_MAX + 1).min(most)),
            Err(_) => Err("invalid_limit".into()),
        }
    }

    /// Where a page begins: behind the item that the cursor names.
    pub fn cursor(&self, list: &str) -> Result<Option<String>, Refused> {
        let Some(cursor) = self.arguments.text("cursor") else { return Ok(None) };
        let plain = STANDARD.decode(&cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let plain = plain.ok_or("invalid_cursor")?;
        let mut parts = plain.trim_end().splitn(3, ':');
        let (Some(of), Some(made), Some(after)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("invalid_cursor".into());
        };
        let made_secs: i64 = made.parse().map_err(|_| "invalid_cursor")?;
        let life =
            self.state.config.cursor_life.map_or(i64::MAX, |life| i64::try_from(life.as_secs()).unwrap_or(i64::MAX));
        if of != list || self.now_micros / 1_000_000 - made_secs > life {
            return Err("invalid_cursor".into());
        }
        Ok(Some(after.to_owned()))
    }

    /// The cursor that leads behind `last`. It ends in `=`, as Slack's do.
    pub fn next_cursor(&self, list: &str, last: &str) -> String {
        let mut plain = format!("{list}:{}:{last}", self.now_micros / 1_000_000);
        while plain.len() % 3 == 0 {
            plain.push(' ');
        }
        STANDARD.encode(plain)
    }

    /// Cuts one page out of items that are sorted by their key.
    pub fn page<T>(
        &self,
        list: &str,
        items: Vec<T>,
        limit: usize,
        key: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Value), Refused> {
        let after = self.cursor(list)?;
        let mut rest: Vec<T> =
            items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after)).collect();
        let more = rest.len() > limit;
        rest.truncate(limit);
        let next = match rest.last().filter(|_| more) {
            Some(last) => self.next_cursor(list, &key(last)),
            None => String::new(),
        };
        Ok((rest, json!({ "next_cursor": next })))
    }
}

//! Reads a call: which method it is, whose mailbox, with which token, and what it brings.

use axum::http::{HeaderMap, Method as Verb, header};
use serde_json::{Value, json};

use super::errors::Refused;
use super::methods::{self, Method};

/// What every method takes.
const EVERYWHERE: &[&str] = &[
    "$.xgafv",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_id",
    "upload_protocol",
    "userIp",
];
/// The largest JSON body.
const JSON_MOST_BYTES: usize = 5 * 1024 * 1024;

#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static Method,
    /// `me`, or an address.
    pub user: String,
    /// What stands at the braces of its path.
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    pub token: Option<String>,
    pub body: Value,
    /// The mail that was uploaded beside the JSON.
    pub media: Option<Vec<u8>>,
}

/// What was wrong before there was a request.
#[derive(Debug, Clone)]
pub enum Unread {
    NoSuchPath,
    Refused(Refused),
}

impl From<Refused> for Unread {
    fn from(refused: Refused) -> Unread {
        Unread::Refused(refused)
    }
}

impl Request {
    /// Everything but the body. `path` is what follows `/gmail/v1/users/`.
    pub fn read(verb: &Verb, path: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Request, Unread> {
        let mut segments = path.split('/').map(decoded);
        let user = segments.next().unwrap_or_default();
        let segments: Vec<String> = segments.collect();
        let Some((method, captured)) = methods::find(verb, &segments) else { return Err(Unread::NoSuchPath) };
        let query: Vec<(String, String)> = serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
        for (name, _) in &query {
            if !method.query.contains(&name.as_str()) && !EVERYWHERE.contains(&name.as_str()) {
                return Err(unknown_name(name, "Cannot bind query parameter. Field").into());
            }
        }
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let given = query.iter().find(|(name, _)| name == "access_token" || name == "oauth_token");
        let token = bearer.map(str::to_owned).or_else(|| given.map(|(_, token)| token.clone()));
        Ok(Request { method, user, path: captured, query, token, body: json!({}), media: None })
    }

    pub fn read_json(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if bytes.len() > JSON_MOST_BYTES && self.media.is_none() {
            return Err(Refused::too_large());
        }
        let parsed: Value = serde_json::from_slice(bytes)
            .map_err(|error| Refused::invalid(format!("Invalid JSON payload received. {error}")))?;
        let Value::Object(fields) = &parsed else {
            return Err(Refused::invalid("Invalid JSON payload received. Root element must be a message."));
        };
        if let Some(name) = fields.keys().find(|name| !self.method.body.contains(&name.as_str())) {
            return Err(unknown_name(name, "Cannot find field."));
        }
        self.body = parsed;
        Ok(())
    }

    pub fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.query.iter().filter(|(found, _)| found == name).map(|(_, value)| value.clone()).collect()
    }

    pub fn flag(&self, name: &str) -> Result<bool, Refused> {
        match self.one(name) {
            None | Some("") => Ok(false),
            Some(word) if word.eq_ignore_ascii_case("true") || word == "1" => Ok(true),
            Some(word) if word.eq_ignore_ascii_case("false") || word == "0" => Ok(false),
            Some(word) => Err(Refused::invalid(format!("Invalid value at '{name}' (TYPE_BOOL), \"{word}\""))),
        }
    }

    /// The size of a page: what is asked for, but no more than there may be.
    pub fn page_size(&self, usual: usize, most: usize) -> Result<usize, Refused> {
        let Some(word) = self.one("maxResults") else { return Ok(usual) };
        let number: i64 = word
            .parse()
            .map_err(|_| Refused::invalid(format!("Invalid value at 'max_results' (TYPE_UINT32), \"{word}\"")))?;
        match usize::try_from(number) {
            Ok(0) => Ok(usual),
            Ok(number) => Ok(number.min(most)),
            Err(_) => Err(Refused::invalid("Invalid value for maxResults")),
        }
    }

    /// A list of words in the JSON.
    pub fn words(&self, name: &str) -> Result<Vec<String>, Refused> {
        match &self.body[name] {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| Refused::invalid(format!("Invalid value at '{name}' (TYPE_STRING)"))),
            _ => Err(Refused::invalid(format!("Invalid value at '{name}' (TYPE_STRING)"))),
        }
    }
}

fn unknown_name(name: &str, why: &str) -> Refused {
    Refused::invalid(format!("Invalid JSON payload received. Unknown name \"{name}\": {why}"))
}

fn decoded(segment: &str) -> String {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(&format!("s={}", segment.replace('+', "%2B"))).unwrap_or_default();
    pairs.into_iter().next().map_or_else(|| segment.to_owned(), |(_, value)| value)
}

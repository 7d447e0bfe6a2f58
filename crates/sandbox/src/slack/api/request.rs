//! Reads a call to the Web API: where its arguments and its token stand, and what each argument says.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method as HttpMethod, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Method;

#[derive(Debug, Clone)]
pub struct Request {
    pub method: &'static Method,
    pub token: Option<String>,
    /// Client id and secret, if they came by HTTP Basic.
    pub basic: Option<(String, String)>,
    pub arguments: Arguments,
    /// JSON came without saying that it is UTF-8, which Slack warns of.
    pub missing_charset: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Arguments(BTreeMap<String, Value>);

impl Request {
    pub fn read(
        method: &'static Method,
        http_method: &HttpMethod,
        headers: &HeaderMap,
        query: Option<&str>,
        body: &[u8],
    ) -> Result<Request, &'static str> {
        let mut arguments = BTreeMap::new();
        form(query.unwrap_or_default().as_bytes(), &mut arguments)?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let mut missing_charset = false;
        if *http_method == HttpMethod::POST && !body.is_empty() {
            if kind.starts_with("application/json") {
                missing_charset = method.writes && !kind.contains("charset");
                // Reading methods do not look at JSON at all.
                if method.writes {
                    match serde_json::from_slice(body).map_err(|_| "invalid_json")? {
                        Value::Object(fields) => arguments.extend(fields),
                        _ => return Err("json_not_object"),
                    }
                }
            } else if kind.starts_with("application/x-www-form-urlencoded") {
                form(body, &mut arguments)?;
            } else {
                return Err(if kind.is_empty() { "missing_post_type" } else { "invalid_post_type" });
            }
        }
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let field = arguments.remove("token").and_then(|token| token.as_str().map(str::to_owned));
        let bearer = authorization.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
        let basic = authorization.and_then(|value| value.strip_prefix("Basic ")).and_then(basic);
        Ok(Request {
            method,
            token: bearer.or(field).filter(|token| !token.is_empty()),
            basic,
            arguments: Arguments(arguments),
            missing_charset,
        })
    }
}

fn form(encoded: &[u8], arguments: &mut BTreeMap<String, Value>) -> Result<(), &'static str> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(encoded).map_err(|_| "invalid_form_data")?;
    arguments.extend(pairs.into_iter().map(|(name, value)| (name, Value::String(value))));
    Ok(())
}

fn basic(encoded: &str) -> Option<(String, String)> {
    let plain = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = plain.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

impl Arguments {
    /// An argument as text; one that is empty was not given.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
        .filter(|text| !text.is_empty())
    }

    pub fn given(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        Some(matches!(self.text(name)?.as_str(), "1" | "true" | "True" | "TRUE"))
    }

    /// A nested argument: in a form it is JSON as a string.
    pub fn json(&self, name: &str) -> Result<Option<Value>, &'static str> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| "invalid_arguments"),
            Some(other) => Ok(Some(other.clone())),
        }
    }

    pub fn list(&self, name: &str, error: &'static str) -> Result<Option<Vec<Value>>, &'static str> {
        match self.json(name).map_err(|_| error)? {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(error),
        }
    }

    /// A comma list, or in JSON an array.
    pub fn words(&self, name: &str) -> Option<Vec<String>> {
        let words: Vec<String> = match self.0.get(name)? {
            Value::Array(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            Value::String(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
            _ => return None,
        };
        Some(words.into_iter().filter(|word| !word.is_empty()).collect())
    }

    pub fn each(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }
}

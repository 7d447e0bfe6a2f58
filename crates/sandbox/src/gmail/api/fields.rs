//! Partial answers: `fields=messages(id,payload/headers),nextPageToken`.

use serde_json::{Map, Value};

use super::errors::Refused;

/// The names that are wanted, and what is wanted below each. Nothing below means all of it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Mask(Vec<(String, Mask)>);

/// Keeps of an answer what is asked for.
pub fn keep(answer: Value, fields: &str) -> Result<Value, Refused> {
    let mut letters = fields.chars().peekable();
    let mask = list(&mut letters).filter(|_| letters.next().is_none());
    let mask = mask.ok_or_else(|| Refused::invalid(format!("Invalid field selection {fields}")))?;
    Ok(masked(answer, &mask))
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn list(letters: &mut Letters<'_>) -> Option<Mask> {
    let mut mask = Mask::default();
    loop {
        mask.0.push(one(letters)?);
        if letters.peek() != Some(&',') {
            return Some(mask);
        }
        letters.next();
    }
}

fn one(letters: &mut Letters<'_>) -> Option<(String, Mask)> {
    let mut name = String::new();
    while let Some(letter) = letters.peek().filter(|letter| letter.is_ascii_alphanumeric() || "*_".contains(**letter)) {
        name.push(*letter);
        letters.next();
    }
    if name.is_empty() {
        return None;
    }
    let below = match letters.peek() {
        Some('/') => {
            letters.next();
            Mask(vec![one(letters)?])
        }
        Some('(') => {
            letters.next();
            let below = list(letters)?;
            (letters.next() == Some(')')).then_some(below)?
        }
        _ => Mask::default(),
    };
    Some((name, below))
}

fn masked(value: Value, mask: &Mask) -> Value {
    if mask.0.is_empty() {
        return value;
    }
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|item| masked(item, mask)).collect()),
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let wanted: Vec<&Mask> =
                    mask.0.iter().filter(|(one, _)| *one == name || one == "*").map(|(_, mask)| mask).collect();
                if wanted.is_empty() {
                    continue;
                }
                // Named twice is wanted for both.
                let merged = if wanted.iter().any(|mask| mask.0.is_empty()) {
                    value
                } else {
                    let parts = wanted.iter().flat_map(|mask| &mask.0);
                    masked(value, &Mask(parts.cloned().collect()))
                };
                kept.insert(name, merged);
            }
            Value::Object(kept)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let answer = json!({ "messages": [{ "id": "1", "payload": { "headers": [{ "name": "A", "value": "b" }], "body": {} } }],
            "nextPageToken": "0", "resultSizeEstimate": 3 });
        let kept = keep(answer.clone(), "messages(id,payload/headers/name),nextPageToken").ok();
        assert_eq!(
            kept,
            Some(
                json!({ "messages": [{ "id": "1", "payload": { "headers": [{ "name": "A" }] } }], "nextPageToken": "0" })
            )
        );
        assert_eq!(keep(answer.clone(), "*").ok(), Some(answer.clone()));
        for wrong in ["messages(", "messages)", ",", "a,,b", "a b"] {
            assert!(keep(answer.clone(), wrong).is_err(), "{wrong}");
        }
    }
}

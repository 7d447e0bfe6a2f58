//! Spans as OTLP writes them in JSON. Ids are hexadecimal, numbers of 64 bits are texts.

use super::tree::{Kind, Place, Shown, Value};
use serde_json::{Value as Json, json};
use std::time::SystemTime;

/// A request of the collector's with these spans.
pub fn request(resource: &[(&str, &str)], spans: &[Shown]) -> Json {
    let resource: Vec<_> =
        resource.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect();
    let spans: Vec<_> = spans.iter().map(span).collect();
    let scope = json!({ "name": "bothways", "version": env!("CARGO_PKG_VERSION") });
    let of_scope = json!({ "scope": scope, "spans": spans });
    json!({ "resourceSpans": [{ "resource": { "attributes": resource }, "scopeSpans": [of_scope] }] })
}

fn span(shown: &Shown) -> Json {
    let span = &shown.span;
    let attributes: Vec<_> =
        span.fields.iter().map(|(key, field)| json!({ "key": key, "value": value(field) })).collect();
    let links: Vec<_> = shown.links.iter().map(link).collect();
    let mut json = json!({
        "traceId": format!("{:032x}", shown.trace),
        "spanId": format!("{:016x}", span.id),
        "name": span.name,
        "kind": match span.kind { Kind::Internal => 1, Kind::Server => 2, Kind::Client => 3 },
        "startTimeUnixNano": nanos(span.began),
        "endTimeUnixNano": nanos(span.ended),
        "attributes": attributes,
        "links": links,
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    if span.fields.iter().any(|(key, _)| *key == "error") {
        json["status"] = json!({ "code": 2 });
    }
    json
}

fn link(place: &Place) -> Json {
    json!({ "traceId": format!("{:032x}", place.trace), "spanId": format!("{:016x}", place.span) })
}

fn value(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Flag(flag) => json!({ "boolValue": flag }),
    }
}

fn nanos(at: SystemTime) -> String {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos()).to_string()
}

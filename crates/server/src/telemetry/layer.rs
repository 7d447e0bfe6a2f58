//! Listens to the spans of a turn, and hands them on when the turn ends.

use super::{
    export::Exporter,
    tree::{self, Kind, MOST_SPANS, Named, Place, Value},
};
use std::{
    collections::BTreeSet,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Gathers spans.
pub struct Follow {
    exporter: Arc<Exporter>,
    sample_percent: u64,
}

/// The spans of a turn that ended so far.
#[derive(Clone, Default)]
struct Ended(Arc<Mutex<Vec<tree::Span>>>);

impl Ended {
    fn lock(&self) -> MutexGuard<'_, Vec<tree::Span>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A span that has not ended.
struct Open {
    span: tree::Span,
    ended: Ended,
}

impl Follow {
    pub fn new(exporter: Arc<Exporter>, sample_percent: u64) -> Self {
        Self { exporter, sample_percent }
    }

    /// By the part of the id that is chance, so that all servers choose the same.
    fn is_sampled(&self, trace: u128) -> bool {
        let chance = trace & u128::from(u32::MAX);
        (chance * 100) >> 32 < u128::from(self.sample_percent)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Follow {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(held) = context.span(id) else { return };
        let around = held.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Open>().map(|open| (open.span.id, open.ended.clone()))
        });
        let (parent, ended) = around.map_or((None, Ended::default()), |(id, ended)| (Some(id), ended));
        let now = SystemTime::now();
        let mut span = tree::Span {
            id: fresh(),
            parent,
            name: attributes.metadata().name(),
            kind: Kind::Internal,
            began: now,
            ended: now,
            named: BTreeSet::new(),
            caller: None,
            fields: Vec::new(),
        };
        attributes.record(&mut Said(&mut span));
        held.extensions_mut().insert(Open { span, ended });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(held) = context.span(id) else { return };
        if let Some(open) = held.extensions_mut().get_mut::<Open>() {
            values.record(&mut Said(&mut open.span));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let open = context.span(&id).and_then(|held| held.extensions_mut().remove::<Open>());
        let Some(Open { mut span, ended }) = open else { return };
        span.ended = SystemTime::now();
        let is_outermost = span.parent.is_none();
        let mut spans = ended.lock();
        // The outermost always has room: it says what all of it was.
        if spans.len() < MOST_SPANS || is_outermost {
            spans.push(span);
        }
        // A span is not closed before those in it, so this is all.
        if is_outermost {
            for shown in tree::traces(&spans, |trace| self.is_sampled(trace), fresh) {
                self.exporter.put(shown);
            }
        }
    }
}

/// A new id of a span.
fn fresh() -> u64 {
    let mut bytes = [0; 8];
    // Without chance two spans of a trace may look like one, which harms nobody.
    let _ = getrandom::fill(&mut bytes);
    u64::from_ne_bytes(bytes).max(1)
}

/// Takes what a span says.
struct Said<'a>(&'a mut tree::Span);

impl Said<'_> {
    fn say(&mut self, field: &Field, value: Value) {
        if let Value::Text(text) = &value {
            match field.name() {
                "kind" if text == "client" => return self.0.kind = Kind::Client,
                "kind" if text == "server" => return self.0.kind = Kind::Server,
                "traceparent" => return self.0.caller = caller(text),
                "message_id" | "into_id" => self.0.named.extend(uuid(text).map(Named::Message)),
                "intake_id" => self.0.named.extend(uuid(text).map(Named::Intake)),
                _ => {}
            }
        }
        self.0.fields.push((field.name(), value));
    }
}

impl Visit for Said<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.say(field, Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.say(field, Value::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.say(field, Value::Number(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.say(field, Value::Number(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.say(field, Value::Flag(value));
    }
}

/// The number in one of our ids.
fn uuid(id: &str) -> Option<u128> {
    let (_, digits) = id.rsplit_once('_')?;
    u128::from_str_radix(digits, 16).ok()
}

/// The place of a caller, as W3C writes it: version, trace, span and flags.
fn caller(text: &str) -> Option<Place> {
    let mut pieces = text.split('-');
    let mut piece = |length: usize| pieces.next().filter(|piece| piece.len() == length);
    piece(2).filter(|version| *version != "ff")?;
    let trace = u128::from_str_radix(piece(32)?, 16).ok().filter(|trace| *trace != 0)?;
    let span = u64::from_str_radix(piece(16)?, 16).ok().filter(|span| *span != 0)?;
    Some(Place { trace, span })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_read_as_w3c_writes_it() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let place = Place { trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, span: 0x00f0_67aa_0ba9_02b7 };
        assert_eq!(caller(good), Some(place));
        for bad in ["", "00-4bf9-00f0-01", "hush", &good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32))] {
            assert_eq!(caller(bad), None, "{bad}");
        }
    }
}

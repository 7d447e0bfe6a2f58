//! What goes wrong on demand, whatever the platform: orders that wait for their turn, and how often each kind had it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A kind of fault of one platform.
pub trait Kind: Clone {
    /// The kind without its figures, to count by.
    type Name: Ord;

    fn name(&self) -> Self::Name;

    /// Whether it befalls news on their way to the app, and not a call.
    fn is_of_news(&self) -> bool;
}

/// An order that something goes wrong, for the next calls or news that it concerns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault<K> {
    /// The method or the kind of news it concerns; `None` is any.
    #[serde(default)]
    pub method: Option<String>,
    #[serde(flatten)]
    pub kind: K,
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// The faults that wait for their turn, and the count of those that had it.
#[derive(Debug)]
pub struct FaultBook<K: Kind> {
    pub waiting: Vec<Fault<K>>,
    pub fired: BTreeMap<K::Name, u64>,
}

impl<K: Kind> Default for FaultBook<K> {
    fn default() -> Self {
        Self { waiting: Vec::new(), fired: BTreeMap::new() }
    }
}

impl<K: Kind> FaultBook<K> {
    pub fn take_call(&mut self, method: &str) -> Option<K> {
        self.take(method, |kind| !kind.is_of_news())
    }

    /// Takes only what can be carried out there, so that nothing counts as done that was not.
    pub fn take_call_if(&mut self, method: &str, can: impl Fn(&K) -> bool) -> Option<K> {
        self.take(method, |kind| !kind.is_of_news() && can(kind))
    }

    pub fn take_event(&mut self, kind: &str) -> Option<K> {
        self.take(kind, |kind| kind.is_of_news())
    }

    pub fn count(&mut self, kind: &K) {
        *self.fired.entry(kind.name()).or_default() += 1;
    }

    fn take(&mut self, what: &str, fits: impl Fn(&K) -> bool) -> Option<K> {
        let index = self.waiting.iter().position(|fault| {
            fits(&fault.kind) && fault.times > 0 && fault.method.as_deref().is_none_or(|method| method == what)
        })?;
        let fault = &mut self.waiting[index];
        fault.times -= 1;
        let kind = fault.kind.clone();
        if fault.times == 0 {
            self.waiting.remove(index);
        }
        self.count(&kind);
        Some(kind)
    }
}

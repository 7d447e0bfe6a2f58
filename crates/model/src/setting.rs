//! What an integration is configured with, and what a person may paste to connect.

use crate::world::Secret;
use std::collections::BTreeMap;

/// One setting of an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Whether it must appear in no log.
    pub secret: bool,
}

/// One field of a form in which a person pastes a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastedField {
    /// Its name in the request.
    pub name: &'static str,
    /// What the form says.
    pub label: &'static str,
    /// Whether it may stay empty.
    pub optional: bool,
}

/// An integration's settings, as configured.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// By name.
    pub values: BTreeMap<String, Secret>,
}

impl Settings {
    /// A setting, unless it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|secret| secret.0.as_str()).filter(|value| !value.is_empty())
    }
}

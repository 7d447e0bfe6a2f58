//! What a person decides about their server: defaults, then a file, then the environment.
//!
//! A wrong key or value is one clear sentence with its place, and nothing starts.

use crate::bounds::{Limits, Retention};
use crate::checks::Checks;
use crate::proxies::Trusted;
use crate::sockets;
use crate::telemetry::Telemetry;
use anyhow::{Context, anyhow, bail};
use engine::UploadBounds;
use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format, Serialized, Toml},
    value::{Dict, Map, Value},
};
use model::{connector::Settings, customer::CustomerId, world::Secret};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The file that is read where none is named.
pub const FILE: &str = "bothways.toml";
/// What the names of variables begin with; `__` leads into a section.
pub const PREFIX: &str = "BOTHWAYS_";
/// Variables that begin so and are not configuration: the file's place, and the server of the page's workshop.
const NOT_CONFIGURATION: &[&str] = &["CONFIG", "URL"];
/// The setting that leads an integration to another host than the platform's own.
pub const BASE_URL: &str = "base_url";

/// All that can be decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// How platforms and browsers reach it, without a slash at the end. Without it, only this computer does.
    pub public_url: Option<String>,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The name of the app, as people see it when they connect.
    pub app_name: String,
    /// The customer that the person who runs the server is.
    pub owner: CustomerId,
    /// The key that secrets are sealed with, 64 hexadecimal digits. Without it, `secret.key` in `data_dir`.
    #[serde(skip_serializing)]
    pub secret_key: Option<Secret>,
    /// Keys that were used before, and still open what they sealed.
    #[serde(skip_serializing, default, deserialize_with = "list")]
    pub old_secret_keys: Vec<String>,
    /// Addresses beyond our own that a connect page may return to; each allows what begins with it.
    #[serde(deserialize_with = "list")]
    pub return_to: Vec<String>,
    /// Other sites whose pages may call the API from a browser, each as its exact origin.
    #[serde(deserialize_with = "list")]
    pub allowed_origins: Vec<String>,
    /// Proxies whose word on who calls is believed: addresses, or networks as in 10.0.0.0/8.
    #[serde(deserialize_with = "list")]
    pub trusted_proxies: Vec<String>,
    /// What is logged.
    pub log: Log,
    /// Who may read the metrics.
    pub metrics: Metrics,
    /// Where traces go.
    pub telemetry: Telemetry,
    /// Bounds of the API.
    pub limits: Limits,
    /// How long things are kept.
    pub retention: Retention,
    /// How often chats are compared with their platform.
    pub checks: Checks,
    /// The credentials of each platform's app.
    pub integrations: BTreeMap<String, BTreeMap<String, Secret>>,
}

/// What is logged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,engine=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// Who may read the metrics.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Whoever bears it. Without it, only this computer may, and only where no public address is named.
    #[serde(skip_serializing)]
    pub token: Option<Secret>,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            public_url: None,
            data_dir: PathBuf::from("data"),
            app_name: "Bothways".to_owned(),
            owner: CustomerId::new("me").expect("two letters are a customer id"),
            secret_key: None,
            old_secret_keys: Vec::new(),
            return_to: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            log: Log { level: "info".to_owned(), format: LogFormat::Text },
            metrics: Metrics::default(),
            telemetry: Telemetry::default(),
            limits: Limits::default(),
            retention: Retention::default(),
            checks: Checks::default(),
            integrations: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads the file, if there is one, and the environment. A file that was named must be there.
    pub fn load(file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let path = file.unwrap_or(Path::new(FILE));
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        match std::fs::read_to_string(path) {
            Ok(text) => figment = figment.merge(Named { name: path.display().to_string(), inner: Toml::string(&text) }),
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(anyhow!("Cannot read {}: {error}.", path.display())),
        }
        let config: Self = figment.merge(Variables::of(variables)).extract().map_err(|error| sentence(&error))?;
        config.checked()
    }

    fn checked(mut self) -> anyhow::Result<Self> {
        if let Some(url) = &mut self.public_url {
            *url = url.trim_end_matches('/').to_owned();
            if !is_origin(url) {
                bail!("public_url must look like https://messages.example.com, without a path.");
            }
        }
        if let Some(entry) = self.return_to.iter().find(|entry| !is_web(entry)) {
            bail!("return_to: {entry} must begin with https:// or http://.");
        }
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            bail!("allowed_origins: {origin} must look like https://app.example.com, without a path.");
        }
        self.trusted().context("trusted_proxies")?;
        if let Some(url) = self.telemetry.otlp_endpoint.as_ref().filter(|url| !is_web(url)) {
            bail!("telemetry.otlp_endpoint: {url} must begin with https:// or http://.");
        }
        let keys = self.secret_key.iter().map(|key| key.0.as_str());
        if keys
            .chain(self.old_secret_keys.iter().map(String::as_str))
            .any(|key| crate::vault::Key::parse(key).is_none())
        {
            bail!("secret_key and old_secret_keys must be 64 hexadecimal digits each.");
        }
        let limits = &self.limits;
        for (name, value) in [
            ("limits.body_bytes", limits.body_bytes),
            ("limits.request_seconds", limits.request_seconds),
            ("limits.requests_at_once", limits.requests_at_once),
            ("limits.streams_per_customer", limits.streams_per_customer),
            ("limits.transfers_at_once", limits.transfers_at_once),
            ("limits.sockets_per_app", limits.sockets_per_app),
            ("limits.intake", limits.intake),
            ("limits.outbox_per_customer", limits.outbox_per_customer),
            ("limits.attachment_bytes", limits.attachment_bytes),
            ("limits.uploads_bytes_per_customer", limits.uploads_bytes_per_customer),
            ("limits.upload_seconds", limits.upload_seconds),
            ("retention.uploads_hours", self.retention.uploads_hours),
            ("retention.raw_days", self.retention.raw_days),
            ("retention.events_days", self.retention.events_days),
            ("retention.parked_days", self.retention.parked_days),
            ("retention.runs_days", self.retention.runs_days),
            ("retention.done_days", self.retention.done_days),
            ("checks.shortest_seconds", self.checks.shortest_seconds),
            ("checks.longest_seconds", self.checks.longest_seconds),
            ("checks.outage_seconds", self.checks.outage_seconds),
            ("checks.poll_seconds", self.checks.poll_seconds),
            ("telemetry.sample_percent", self.telemetry.sample_percent),
        ] {
            if value == 0 {
                bail!("{name} must be at least 1.");
            }
        }
        if limits.sockets_per_app > sockets::MOST {
            bail!("limits.sockets_per_app must be at most {}.", sockets::MOST);
        }
        self.check_integrations()?;
        Ok(self)
    }

    fn check_integrations(&self) -> anyhow::Result<()> {
        let connectors = connectors::all();
        for (name, values) in &self.integrations {
            let (_, connector) = connectors.iter().find(|(platform, _)| platform == name).with_context(|| {
                let known: Vec<_> = connectors.iter().map(|(platform, _)| *platform).collect();
                format!("integrations.{name}: there is no such platform; there is {}.", known.join(", "))
            })?;
            let settings = connector.describe().settings;
            let known = |key: &str| key == BASE_URL || settings.iter().any(|setting| setting.name == key);
            if let Some(key) = values.keys().find(|key| !known(key)) {
                let names: Vec<_> = settings.iter().map(|setting| setting.name).collect();
                bail!("integrations.{name}.{key}: there is no such setting; there are {}.", names.join(", "));
            }
            if let Some(url) = values.get(BASE_URL).filter(|url| !url.0.is_empty() && !is_web(&url.0)) {
                bail!("integrations.{name}.{BASE_URL}: {} must begin with https:// or http://.", url.0);
            }
        }
        Ok(())
    }

    /// An integration's settings.
    pub fn settings(&self, integration: &str) -> Settings {
        Settings { values: self.integrations.get(integration).cloned().unwrap_or_default() }
    }

    /// The proxies that are believed.
    pub fn trusted(&self) -> anyhow::Result<Trusted> {
        Trusted::parse(&self.trusted_proxies)
    }

    /// How much may be uploaded.
    pub fn uploads(&self) -> UploadBounds {
        UploadBounds {
            file_bytes: self.limits.attachment_bytes,
            customer_bytes: self.limits.uploads_bytes_per_customer,
            kept: self.retention.uploads(),
            ..UploadBounds::default()
        }
    }

    /// The folder that uploads wait in.
    pub fn uploads_folder(&self) -> PathBuf {
        self.data_dir.join("uploads")
    }

    /// The file that everything is kept in.
    pub fn database(&self) -> PathBuf {
        self.data_dir.join("bothways.db")
    }

    /// The file that holds the key, unless `secret_key` does.
    pub fn key_file(&self) -> PathBuf {
        self.data_dir.join("secret.key")
    }
}

fn is_web(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

fn is_origin(url: &str) -> bool {
    is_web(url) && reqwest::Url::parse(url).is_ok_and(|parsed| parsed.origin().ascii_serialization() == url)
}

/// One sentence with the place of what is wrong.
fn sentence(error: &figment::Error) -> anyhow::Error {
    let place = error.path.join(".");
    let source = error.metadata.as_ref().map_or_else(|| FILE.to_owned(), |metadata| metadata.name.to_string());
    let place = if place.is_empty() { source } else { format!("{source}: {place}") };
    match &error.kind {
        Kind::UnknownField(field, known) => {
            anyhow!("{place}: there is no setting {field}; there are {}.", known.join(", "))
        }
        Kind::MissingField(field) => anyhow!("{place}: {field} is missing."),
        Kind::InvalidType(found, wanted) => anyhow!("{place}: {wanted} is wanted, not {found}."),
        Kind::InvalidValue(found, wanted) => anyhow!("{place}: {wanted} is wanted, not {found}."),
        other => anyhow!("{place}: {}.", other.to_string().trim_end_matches('.')),
    }
}

/// A provider under the name that a person knows it by.
struct Named<P> {
    name: String,
    inner: P,
}

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        self.inner.data()
    }
}

/// Variables of the environment. Their values stay text, since a client id may look like a number.
struct Variables(Dict);

impl Variables {
    fn of(variables: impl Iterator<Item = (String, String)>) -> Self {
        let mut dict = Dict::new();
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(PREFIX).filter(|key| !NOT_CONFIGURATION.contains(key)) else { continue };
            let path: Vec<_> = key.split("__").map(str::to_ascii_lowercase).collect();
            insert(&mut dict, &path, value);
        }
        Self(dict)
    }
}

fn insert(dict: &mut Dict, path: &[String], value: String) {
    match path {
        [] => {}
        [last] => drop(dict.insert(last.clone(), Value::from(value))),
        [first, rest @ ..] => {
            let inner = dict.entry(first.clone()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("{PREFIX}… in the environment"))
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, self.0.clone())]))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ListOrText {
    List(Vec<String>),
    Text(String),
}

/// A list, or its items with commas between them, as variables bear it.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match ListOrText::deserialize(deserializer) {
        Ok(ListOrText::List(items)) => Ok(items),
        Ok(ListOrText::Text(text)) => {
            Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        Err(_) => Err(D::Error::custom("a list of texts is wanted")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bothways.toml");
        std::fs::write(&path, file).unwrap();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Config::load(Some(&path), variables.into_iter())
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = "app_name = \"File\"\n[limits]\nbody_bytes = 10\n";
        let config = load(file, &[("BOTHWAYS_APP_NAME", "2024"), ("BOTHWAYS_LIMITS__REQUEST_SECONDS", "5")]).unwrap();
        assert_eq!((config.app_name.as_str(), config.limits.body_bytes), ("2024", 10));
        assert_eq!((config.limits.request_seconds, config.limits.streams_per_customer), (5, 16));
    }

    #[test]
    fn every_number_can_come_from_the_environment() {
        let defaults = serde_json::to_value(Config::default()).unwrap();
        for (section, settings) in defaults.as_object().unwrap() {
            let numbers = settings.as_object().into_iter().flatten().filter(|(_, value)| value.is_number());
            for (name, _) in numbers {
                let variable = format!("BOTHWAYS_{section}__{name}").to_uppercase();
                let loaded = serde_json::to_value(load("", &[(&variable, " 7 ")]).unwrap()).unwrap();
                assert_eq!(loaded[section][name], 7, "{variable}");
                let wrong = load("", &[(&variable, "many")]).unwrap_err().to_string();
                assert!(wrong.contains("a whole number is wanted"), "{variable}: {wrong}");
            }
        }
        assert_eq!(load("", &[("BOTHWAYS_CHECKS__PUSHED", "false")]).unwrap().checks.pushed, Some(false));
        let wrong = load("", &[("BOTHWAYS_CHECKS__PUSHED", "no")]).unwrap_err().to_string();
        assert!(wrong.contains("checks.pushed") && wrong.contains("true or false"), "{wrong}");
    }

    #[test]
    fn a_client_id_that_looks_like_a_number_stays_as_it_is() {
        let id = "1000000000001.2000000000002";
        let config = load("", &[("BOTHWAYS_INTEGRATIONS__SLACK__CLIENT_ID", id)]).unwrap();
        assert_eq!(config.settings("slack").get("client_id"), Some(id));
    }

    #[test]
    fn a_wrong_key_or_value_is_one_sentence_with_its_place() {
        let told = |file: &str| load(file, &[]).unwrap_err().to_string();
        let unknown = told("[limits]\nbody_byte = 1\n");
        assert!(
            unknown.contains("bothways.toml") && unknown.contains("limits") && unknown.contains("body_byte"),
            "{unknown}"
        );
        let wrong = told("[limits]\nbody_bytes = \"many\"\n");
        assert!(wrong.contains("limits.body_bytes") && wrong.contains("whole number"), "{wrong}");
        let zero = told("[limits]\nbody_bytes = 0\n");
        assert!(zero.contains("limits.body_bytes"), "{zero}");
        let sockets = told("[limits]\nsockets_per_app = 11\n");
        assert!(sockets.contains("limits.sockets_per_app must be at most 10"), "{sockets}");
        let url = told("public_url = \"messages.example.com\"\n");
        assert!(url.contains("public_url"), "{url}");
        let platform = told("[integrations.slak]\nclient_id = \"1\"\n");
        assert!(platform.contains("integrations.slak"), "{platform}");
        let setting = told("[integrations.slack]\nclient = \"1\"\n");
        assert!(setting.contains("integrations.slack.client"), "{setting}");
        let variable = load("", &[("BOTHWAYS_LISTEN", "everywhere")]).unwrap_err().to_string();
        assert!(variable.contains("listen") && variable.contains("BOTHWAYS_"), "{variable}");
    }

    #[test]
    fn no_secret_is_shown_when_a_configuration_is_printed() {
        let key = "ab".repeat(32);
        let file = format!("secret_key = \"{key}\"\n[integrations.slack]\nclient_secret = \"hush\"\n");
        let shown = format!("{:?}", load(&file, &[]).unwrap());
        assert!(!shown.contains(&key) && !shown.contains("hush"), "{shown}");
    }
}

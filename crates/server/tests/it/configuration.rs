//! The page that lists every setting says what the code does.

use serde_json::Value;
use server::config::Config;
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../../../docs/configuration.md");

/// The settings that the page lists, with what it says is their default.
fn listed() -> BTreeMap<String, String> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split(" | ").map(|cell| cell.trim_matches([' ', '|', '`'])).collect::<Vec<_>>());
    cells.map(|cells| (cells[0].to_owned(), cells[1].to_owned())).collect()
}

/// The settings of a section, as the program names them when it meets one that it does not know.
fn fields(section: &str) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bothways.toml");
    let header = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
    std::fs::write(&file, format!("{header}no_such_setting = 1\n")).unwrap();
    let error = Config::load(Some(&file), std::iter::empty()).unwrap_err().to_string();
    let (_, known) = error.split_once("there is no setting no_such_setting; there are ")?;
    Some(known.trim_end_matches('.').split(", ").map(|name| name.trim_matches('`').to_owned()).collect())
}

fn shown(default: &Value) -> String {
    match default {
        Value::Null => "none".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn the_page_lists_every_setting_with_its_default() {
    let defaults = serde_json::to_value(Config::default()).unwrap();
    let mut settings = BTreeMap::new();
    for name in fields("").unwrap() {
        match fields(&name).filter(|_| name != "integrations") {
            Some(inner) => settings.extend(inner.into_iter().map(|field| {
                let default = shown(&defaults[&name][&field]);
                (format!("{name}.{field}"), default)
            })),
            None if name == "integrations" => {}
            None => drop(settings.insert(name.clone(), shown(&defaults[&name]))),
        }
    }
    assert!(settings.contains_key("limits.body_bytes") && settings.len() > 15, "{settings:?}");
    let mut listed = listed();
    for (platform, connector) in connectors::all() {
        for setting in connector.describe().settings {
            let key = format!("integrations.{platform}.{}", setting.name);
            assert!(listed.remove(&key).is_some(), "{key} is not on the page");
        }
    }
    assert_eq!(listed, settings, "docs/configuration.md (left) and the code (right)");
}

//! The laws of the layout that the compiler does not know.

use crate::root;
use anyhow::bail;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Which of our crates a crate may use. Nothing points sideways or up.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("connectors", &["model"]),
    ("store", &["model"]),
    ("engine", &["model"]),
    ("sandbox", &[]),
    ("server", &["model", "connectors", "store", "engine", "sandbox"]),
    ("simulation", &["model", "connectors", "store", "engine", "sandbox"]),
    ("bench", &["model", "connectors", "store", "engine", "sandbox", "server"]),
];
/// What only some crates may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("reqwest", &["server", "sandbox", "bench"]),
    ("rusqlite", &["store", "bench"]),
    ("anyhow", &["server", "simulation", "bench"]),
];
/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "types", "handlers", "manager", "misc"];
/// How long a file may be, without its tests.
const MOST_LINES: usize = 400;

/// Checks all laws, and names every place where one is broken.
pub fn check() -> anyhow::Result<()> {
    let mut broken = Vec::new();
    for (name, uses) in dependencies()? {
        let ours = MAY_USE.iter().find(|(one, _)| *one == name);
        let Some((_, allowed)) = ours else {
            broken.push(format!("crates/{name}: say in xtask/src/tidy.rs which crates it may use"));
            continue;
        };
        for used in uses {
            if MAY_USE.iter().any(|(one, _)| *one == used) && !allowed.contains(&used.as_str()) {
                broken.push(format!("crates/{name} must not use {used}"));
            }
            let reserved = RESERVED.iter().find(|(one, _)| *one == used);
            if reserved.is_some_and(|(_, holders)| !holders.contains(&name.as_str())) {
                broken.push(format!("crates/{name} must not name {used}"));
            }
        }
    }
    let mut files = Vec::new();
    for folder in ["crates", "xtask/src", "ui/src", "ui/e2e", "clients/typescript/src"] {
        collect(&root().join(folder), &mut files)?;
    }
    for file in files {
        check_file(&file, &mut broken)?;
    }
    if !broken.is_empty() {
        bail!("the layout is not as it should be:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// What each crate uses outside its tests.
fn dependencies() -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(root().join("crates"))? {
        let folder = entry?;
        let manifest = fs::read_to_string(folder.path().join("Cargo.toml"))?;
        let section = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let lines = section.lines().take_while(|line| !line.starts_with('['));
        let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty());
        all.insert(folder.file_name().to_string_lossy().into_owned(), names.map(str::to_owned).collect());
    }
    Ok(all)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "node_modules" {
            collect(&path, files)?;
        } else if [".rs", ".ts", ".tsx", ".mjs"].iter().any(|ending| name.ends_with(ending)) && name != "schema.ts" {
            files.push(path);
        }
    }
    Ok(())
}

fn check_file(file: &Path, broken: &mut Vec<String>) -> anyhow::Result<()> {
    let shown = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    if EMPTY_NAMES.contains(&stem.as_ref()) {
        broken.push(format!("{shown}: name it after what it is about"));
    }
    let is_test =
        shown.contains("/tests/") || shown.contains(".test.") || stem == "laws" || shown.contains("/contract/");
    let text = fs::read_to_string(file)?;
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().count();
    if lines > MOST_LINES && !is_test {
        broken.push(format!("{shown}: {lines} lines; a file is about one noun, in at most {MOST_LINES}"));
    }
    Ok(())
}

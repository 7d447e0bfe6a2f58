//! What is on this computer: the folder, the file, the key, and how the connections do. Makes nothing.

use super::Findings;
use crate::{
    config::Config,
    vault::{Key, KeyVault, SealedWith, keys_in},
    world::SystemRandom,
};
use ::store::sqlite::{Inspection, Sqlite};
use model::connector::Finding;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

/// So much room should be free at least, beside what a copy of the file takes.
const ROOM_BYTES: u64 = 1 << 30;
const FOLDER: &str = "data folder";
const KEY: &str = "key";

/// Looks at what is kept here.
pub fn examine(config: &Config, findings: &mut Findings) {
    if !config.data_dir.exists() {
        let says = format!("{} is not there yet; the first start makes it, and the key.", config.data_dir.display());
        return findings.note(FOLDER, Finding::good(says));
    }
    findings.note(FOLDER, writable(&config.data_dir));
    if let Some(finding) = private(&config.data_dir, "The folder") {
        findings.note(FOLDER, finding);
    }
    let kept = match config.database().exists() {
        true => Sqlite::inspect(&config.database()).map(Some),
        false => Ok(None),
    };
    let bytes = kept.as_ref().ok().and_then(|kept| kept.as_ref()).map_or(0, |kept| kept.bytes);
    findings.note(FOLDER, room(&config.data_dir, bytes));
    match kept {
        Ok(None) => findings.note(FOLDER, Finding::good("Nothing is kept yet.")),
        Ok(Some(kept)) => {
            let behind = kept.schema < Sqlite::schema_version();
            let upgrade = if behind { "; the next start upgrades it, after a copy" } else { "" };
            let says = format!("The file is whole: {} bytes, schema {}{upgrade}.", kept.bytes, kept.schema);
            findings.note(FOLDER, Finding::good(says));
            examine_key(config, Some(&kept), findings);
            examine_connections(&kept, findings);
            return;
        }
        Err(error) => findings.note(FOLDER, Finding::bad(format!("{error}."))),
    }
    examine_key(config, None, findings);
}

fn writable(folder: &Path) -> Finding {
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let tried = fs::OpenOptions::new().write(true).create_new(true).open(&probe).and_then(|_| fs::remove_file(&probe));
    match tried {
        Ok(()) => Finding::good(format!("{} can be written to.", folder.display())),
        Err(error) => Finding::bad(format!("{} cannot be written to ({error}). Mend its owner.", folder.display())),
    }
}

/// What to say where others than the owner may read.
fn private(path: &Path, what: &str) -> Option<Finding> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
        let mend = if path.is_dir() { "700" } else { "600" };
        let says = format!("{what} may be read by others ({mode:o}). Run: chmod {mend} {}", path.display());
        (mode & 0o077 != 0).then(|| Finding::doubtful(says))
    }
    #[cfg(not(unix))]
    {
        let _ = (path, what);
        None
    }
}

fn room(folder: &Path, bytes: u64) -> Finding {
    let free = match rustix::fs::statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => return Finding::doubtful(format!("How much room there is cannot be told ({error}).")),
    };
    let says = format!("{} MiB are free.", free >> 20);
    match free {
        0..ROOM_BYTES => Finding::bad(format!("{says} Make room: nothing can be taken in when it is full.")),
        // An upgrade and a backup each take as much again.
        free if free < bytes + ROOM_BYTES => Finding::doubtful(format!("{says} An upgrade or a backup may not fit.")),
        _ => Finding::good(says),
    }
}

fn examine_key(config: &Config, kept: Option<&Inspection>, findings: &mut Findings) {
    let file = config.key_file();
    let keys = match &config.secret_key {
        Some(key) => Ok(Key::parse(&key.0).into_iter().collect()),
        None if !file.exists() && kept.is_none() => {
            return findings.note(KEY, Finding::good("There is none yet; the first start makes it."));
        }
        // The file is there, or may not be made: nothing is written here.
        None => keys_in(&file, true, &SystemRandom),
    };
    let mut keys: Vec<Key> = match keys {
        Ok(keys) => keys,
        Err(error) => return findings.note(KEY, Finding::bad(format!("{error:#}"))),
    };
    keys.extend(config.old_secret_keys.iter().filter_map(|key| Key::parse(key)));
    if config.secret_key.is_none()
        && let Some(finding) = private(&file, "It")
    {
        findings.note(KEY, finding);
    }
    if keys.is_empty() {
        return findings.note(KEY, Finding::bad("There is no key to seal secrets with."));
    }
    let vault = KeyVault::new(keys.remove(0), keys, Arc::new(SystemRandom));
    let logins = kept.map_or(&[][..], |kept| &kept.logins);
    let with = |wanted: SealedWith| logins.iter().filter(|login| vault.sealed_with(&login.secret) == wanted).count();
    findings.note(
        KEY,
        match (with(SealedWith::Unknown), with(SealedWith::Old)) {
            (0, 0) => Finding::good(format!("It opens all {} logins.", logins.len())),
            (0, old) => Finding::good(format!("It opens all {} logins, {old} of them with an old key.", logins.len())),
            (lost, _) => Finding::bad(format!(
                "{lost} of {} logins were sealed with another key. Put that one below the present one.",
                logins.len()
            )),
        },
    );
}

fn examine_connections(kept: &Inspection, findings: &mut Findings) {
    let mut states: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for connection in &kept.connections {
        let state = serde_json::to_value(connection.state).ok();
        let state = state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default();
        *states.entry((connection.integration.as_str(), state)).or_default() += 1;
    }
    for ((integration, state), count) in states {
        let says = format!("{count} of {integration} {} {state}.", if count == 1 { "is" } else { "are" });
        let finding = match state.as_str() {
            "needs_login" => Finding::doubtful(format!("{says} Their people must connect again.")),
            "degraded" => Finding::doubtful(says),
            _ => Finding::good(says),
        };
        findings.note("connections", finding);
    }
}

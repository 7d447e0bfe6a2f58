//! `bothways backup` and `bothways restore`: says what was done, and what a person must know of it.
//!
//! The key is never copied: who finds a backup must not find the logins in it.

use crate::{
    cli::{Place, open_vault},
    config::Config,
    vault::{KeyVault, SealedWith},
    world::SystemClock,
};
use ::store::sqlite::{Inspection, Sqlite};
use anyhow::{Context, bail};
use clap::Args;
use model::world::Clock;
use std::path::PathBuf;

/// What can be chosen for `backup`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The file to write; it must not be there yet
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// What can be chosen for `restore`.
#[derive(Args, Clone, Debug)]
pub struct Return {
    /// The backup
    file: PathBuf,
    /// Restore although the key is lost. Every connection must then be connected again
    #[arg(long)]
    without_key: bool,
    #[command(flatten)]
    place: Place,
}

/// Copies everything but the key.
pub fn back_up(options: &Options) -> anyhow::Result<()> {
    let config = options.place.load()?;
    let backup = Sqlite::back_up(&config.database(), &options.file)?;
    println!("Wrote {} ({} bytes, schema {}).", options.file.display(), backup.bytes, backup.schema);
    println!("The key is not in it. Keep {} elsewhere: without it, everybody must connect again.", key_of(&config));
    Ok(())
}

/// Puts a backup in the place of what is kept.
pub fn restore(options: &Return) -> anyhow::Result<()> {
    let config = options.place.load()?;
    let inspection = Sqlite::inspect(&options.file)?;
    let vault = vault_for(&inspection, &config, options.without_key)?;
    // A mark is made with the current key, so only with that one can it be told what was sent.
    let provable = with(&inspection, |with| with == SealedWith::Current, &vault);
    let restored = Sqlite::restore(&config.database(), &options.file, SystemClock.now(), provable)?;
    println!("Restored {} ({} connections).", options.file.display(), inspection.connections.len());
    if let Some(kept) = restored.kept {
        println!("What was there before is now {}.", kept.display());
    }
    match restored.open_commands {
        0 => {}
        count if provable => {
            println!("{count} commands were open. Each is looked for at its platform before it is sent.")
        }
        count => {
            println!("{count} commands were open, and become uncertain: somebody must say whether they were sent.")
        }
    }
    if !with(&inspection, |with| with != SealedWith::Unknown, &vault) {
        println!("The logins cannot be read with this key: every connection must be connected again.");
    }
    println!("Whoever follows the feed is told to begin anew (410), since it goes on at new numbers.");
    Ok(())
}

/// The vault that the backup's logins are read with; with the key lost, one that reads none of them.
fn vault_for(inspection: &Inspection, config: &Config, without_key: bool) -> anyhow::Result<KeyVault> {
    let has_key = config.secret_key.is_some() || config.key_file().exists();
    if !has_key && !without_key && !inspection.logins.is_empty() {
        bail!(
            "There is no key at {}. Put the one there that the server had when the backup was made. If it is lost, \
             --without-key restores all the same, and every connection must be connected again.",
            key_of(config)
        );
    }
    let vault = open_vault(config, false).context("The key cannot be used.")?;
    if !without_key && !with(inspection, |with| with != SealedWith::Unknown, &vault) {
        bail!(
            "The key at {} is not the one that this backup's logins were sealed with. Put that one there, or below \
             the present one. If it is lost, --without-key restores all the same, and every connection must be \
             connected again.",
            key_of(config)
        );
    }
    Ok(vault)
}

fn with(inspection: &Inspection, wanted: impl Fn(SealedWith) -> bool, vault: &KeyVault) -> bool {
    inspection.logins.iter().all(|login| wanted(vault.sealed_with(&login.secret)))
}

fn key_of(config: &Config) -> String {
    match &config.secret_key {
        Some(_) => "the setting secret_key".to_owned(),
        None => config.key_file().display().to_string(),
    }
}

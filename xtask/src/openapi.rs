//! The API's description and the client's types, which are generated, committed and kept in step.

use crate::{ci::command, root};
use anyhow::{Context, bail};
use std::{
    fs,
    process::{Command, Stdio},
};

const DESCRIPTION: &str = "openapi.json";
const TYPES: &str = "clients/typescript/src/schema.ts";

/// Writes both.
pub fn write() -> anyhow::Result<()> {
    let mut print = Command::new("cargo");
    print.args(["run", "--quiet", "--package", "server", "--bin", "bothways", "--", "openapi"]);
    let printed = print.current_dir(root()).stderr(Stdio::inherit()).output().context("cargo cannot be run")?;
    if !printed.status.success() {
        bail!("the API could not be described");
    }
    fs::write(root().join(DESCRIPTION), printed.stdout)?;
    command("npm", &["run", "generate", "--prefix", "ui"])
}

/// Writes both and says whether either was behind.
pub fn check() -> anyhow::Result<()> {
    let read = |path: &str| fs::read_to_string(root().join(path)).with_context(|| format!("{path} cannot be read"));
    let before = (read(DESCRIPTION)?, read(TYPES)?);
    write()?;
    if before != (read(DESCRIPTION)?, read(TYPES)?) {
        bail!("{DESCRIPTION} or {TYPES} was behind the handlers; both are written anew, commit them");
    }
    Ok(())
}

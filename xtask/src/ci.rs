//! Everything but the tests.

use crate::{openapi, root, tidy};
use anyhow::{Context, bail};
use std::process::Command;

/// Runs all checks, in the order in which they are likely to fail.
pub fn run() -> anyhow::Result<()> {
    command("cargo", &["fmt", "--all", "--check"])?;
    tidy::check()?;
    command("cargo", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    document()?;
    command("npm", &["ci", "--prefix", "ui", "--no-audit", "--no-fund"])?;
    command("npm", &["run", "check", "--prefix", "ui"])?;
    openapi::check()
}

fn document() -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    command.args(["doc", "--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings");
    finish(command, "cargo doc")
}

/// Runs a command in the workspace's folder. One that fails ends everything.
pub fn command(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments);
    finish(command, &format!("{program} {}", arguments.join(" ")))
}

fn finish(mut command: Command, shown: &str) -> anyhow::Result<()> {
    println!("› {shown}");
    let status = command.current_dir(root()).status().with_context(|| format!("{shown} cannot be run"))?;
    if !status.success() {
        bail!("{shown} failed");
    }
    Ok(())
}

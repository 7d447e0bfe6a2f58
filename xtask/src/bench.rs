//! Builds what is measured as it is shipped, and measures it.

use crate::ci::command;
use clap::Args;

#[derive(Args)]
pub struct Bench {
    /// Passed on to the bench: `cargo xtask bench -- --help` tells what it knows
    #[arg(last = true)]
    passed_on: Vec<String>,
}

impl Bench {
    pub fn run(&self) -> anyhow::Result<()> {
        command("cargo", &["build", "--quiet", "--release", "--package", "server", "--bin", "bothways"])?;
        let mut arguments = vec!["run", "--quiet", "--release", "--package", "bench", "--"];
        arguments.extend(self.passed_on.iter().map(String::as_str));
        command("cargo", &arguments)
    }
}

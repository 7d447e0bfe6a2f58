//! What is not `cargo build`: the checks of a change, the generated files, the simulation at length.

mod bench;
mod ci;
mod openapi;
mod simulate;
mod tidy;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What is not `cargo build`")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything but the tests: format, lints, docs, layout, page, generated files
    Ci,
    /// Writes openapi.json and the typed client out of the handlers
    Openapi,
    /// Checks the layout: who may use whom, how long a file is, what it is called
    Tidy,
    /// Measures a release build, and prints a table with ratios against limits taken in the same run
    Bench(bench::Bench),
    /// Runs the simulation over many seeds. One that fails prints its seed and replays from it
    Simulate(simulate::Simulate),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Ci => ci::run(),
        Task::Openapi => openapi::write(),
        Task::Tidy => tidy::check(),
        Task::Bench(bench) => bench.run(),
        Task::Simulate(simulate) => simulate.run(),
    }
}

/// The folder that holds the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

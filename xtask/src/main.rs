//! What is not `cargo build`: the simulation at length, the style's laws, everything but tests.

mod simulate;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What is not `cargo build`")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs the simulation over many seeds. One that fails prints its seed and replays from it.
    Simulate(simulate::Simulate),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Simulate(simulate) => simulate.run(),
    }
}

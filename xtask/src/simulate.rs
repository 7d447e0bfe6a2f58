//! The simulation at length.

use anyhow::bail;
use clap::Args;
use simulation::{Plan, Report};

#[derive(Args)]
pub struct Simulate {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many things happen in each run.
    #[arg(long, default_value_t = 300)]
    actions: usize,
    /// Goes on after a failure, and counts.
    #[arg(long)]
    keep_going: bool,
    /// Prints what happens. For one seed.
    #[arg(long)]
    loud: bool,
}

impl Simulate {
    pub fn run(self) -> anyhow::Result<()> {
        let plan = Plan { actions: self.actions, loud: self.loud };
        let (mut report, mut failed) = (Report::default(), 0);
        for seed in self.from..self.from + self.seeds {
            match simulation::run(seed, plan) {
                Ok(one) => report.add(&one),
                Err(failure) if self.keep_going => {
                    failed += 1;
                    println!("seed {}: {}", failure.seed, failure.what);
                }
                Err(failure) => {
                    println!("{failure}");
                    bail!(
                        "replay with: cargo xtask simulate --from {seed} --seeds 1 --actions {} --loud",
                        self.actions
                    );
                }
            }
        }
        println!("{report}");
        println!("{} seeds, {failed} failed", self.seeds);
        if failed > 0 {
            bail!("{failed} of {} seeds failed", self.seeds);
        }
        Ok(())
    }
}

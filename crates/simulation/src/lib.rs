//! The simulation: engine, store, connectors and emulators in one process, on one thread, out of one seed.
//!
//! Random people write, edit, delete and react on all sides while answers are lost, webhooks repeated,
//! delayed and reordered, and servers killed and paused. What is promised is checked at every step, and
//! once more when all has settled. The same seed gives the same run.

mod acts;
mod asks;
mod chance;
mod check;
mod connect;
#[cfg(test)]
mod crowd;
mod emoji;
mod erasing;
mod executor;
mod files;
mod flights;
mod follow;
mod given;
mod identity;
mod looks;
mod mail;
mod pace;
mod read_marks;
mod search;
mod servers;
mod settle;
mod sight;
mod slack;
mod sockets;
mod wire;
mod world;

use std::{collections::BTreeMap, fmt};

/// How a run is made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many things people, apps and fate do.
    pub actions: usize,
    /// Whether each step is printed as it happens.
    pub loud: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { actions: 300, loud: false }
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How often each kind of fault fired.
    pub faults: BTreeMap<String, u64>,
    /// How often each kind of action was done.
    pub actions: BTreeMap<&'static str, u64>,
    /// What was compared at the end, by what it is.
    pub compared: BTreeMap<&'static str, u64>,
    /// What could not be compared, by the reason.
    pub excluded: BTreeMap<&'static str, u64>,
    /// How many times a task was polled.
    pub steps: u64,
}

impl Report {
    /// Adds another run's figures.
    pub fn add(&mut self, other: &Report) {
        self.steps += other.steps;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind.clone()).or_default() += count;
        }
        let pairs = [
            (&mut self.actions, &other.actions),
            (&mut self.compared, &other.compared),
            (&mut self.excluded, &other.excluded),
        ];
        for (mine, theirs) in pairs {
            for (kind, count) in theirs {
                *mine.entry(kind).or_default() += count;
            }
        }
    }

    /// The kinds of faults and actions that never happened.
    pub fn missing(&self) -> Vec<String> {
        let faults = world::FAULTS.iter().chain(mail::FAULTS).filter(|kind| !self.faults.contains_key(**kind));
        let actions =
            acts::ACTS.iter().chain(mail::ACTS).map(|(name, _)| name).filter(|name| !self.actions.contains_key(*name));
        faults.map(|name| (*name).to_owned()).chain(actions.map(|name| (*name).to_owned())).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "steps: {}", self.steps)?;
        writeln!(out, "actions: {:?}", self.actions)?;
        writeln!(out, "faults: {:?}", self.faults)?;
        writeln!(out, "compared: {:?}", self.compared)?;
        write!(out, "excluded: {:?}", self.excluded)
    }
}

/// A promise that did not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Runs the same again.
    pub seed: u64,
    /// What did not hold.
    pub what: String,
    /// What happened last.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(out, "  {line}")?;
        }
        write!(out, "seed {}: {}", self.seed, self.what)
    }
}

/// Runs one seed until all has settled.
pub fn run(seed: u64, plan: Plan) -> Result<Report, Failure> {
    let mut world = world::World::new(seed, plan);
    let outcome = world.live().and_then(|()| world.settle());
    match outcome {
        Ok(()) => Ok(world.report()),
        Err(what) => Err(Failure { seed, what, trace: world.trace() }),
    }
}

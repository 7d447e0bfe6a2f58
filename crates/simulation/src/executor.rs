//! Polls tasks in an order of chance, and drops them wherever they wait: a killed server.

use crate::chance::Chance;
use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// Who does a task. Killing the owner drops the task at the await where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner(pub usize);

/// What a task is, so that a world can see what came of it.
pub type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Running {
    owner: Owner,
    name: &'static str,
    task: Task,
}

/// The tasks of all servers.
#[derive(Default)]
pub struct Executor {
    running: Vec<Running>,
    paused: BTreeSet<Owner>,
    pub steps: u64,
}

impl Executor {
    pub fn spawn(&mut self, owner: Owner, name: &'static str, task: impl Future<Output = ()> + 'static) {
        self.running.push(Running { owner, name, task: Box::pin(task) });
    }

    /// How many tasks of this name an owner has.
    pub fn count(&self, owner: Owner, name: &str) -> usize {
        self.running.iter().filter(|task| task.owner == owner && task.name == name).count()
    }

    /// How many tasks there are.
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Lets one task that may run go on to its next await. False if none may.
    pub fn step(&mut self, chance: &Chance) -> bool {
        let may_run = |task: &&Running| !self.paused.contains(&task.owner);
        let ready = self.running.iter().filter(may_run).count();
        if ready == 0 {
            return false;
        }
        let nth = chance.below(ready);
        let places = self.running.iter().enumerate().filter(|(_, task)| !self.paused.contains(&task.owner));
        let Some(place) = places.map(|(place, _)| place).nth(nth) else { return false };
        self.steps += 1;
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(()) = self.running[place].task.as_mut().poll(&mut context) {
            drop(self.running.remove(place));
        }
        true
    }

    /// Drops all tasks of an owner where they are.
    pub fn kill(&mut self, owner: Owner) {
        self.running.retain(|task| task.owner != owner);
        self.paused.remove(&owner);
    }

    /// Lets an owner's tasks stand still, as a machine that swaps or a process that was stopped does.
    pub fn pause(&mut self, owner: Owner) {
        self.paused.insert(owner);
    }

    pub fn resume(&mut self, owner: Owner) {
        self.paused.remove(&owner);
    }
}

/// Waits once, so that others may run or kill us here.
pub async fn pause() {
    let mut waited = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

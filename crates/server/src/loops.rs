//! Runs the engine's turns until the server stops. Decides nothing about the work itself.

use crate::announcer::Wakers;
use engine::{Announcer, Engine, EngineError, Loop, Turn};
use model::store::StoreError;
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

/// How many workers route; one at a time is let in, so a second would only wait.
const ROUTERS: usize = 1;
/// How many lines of news are read at once.
const FOLLOWERS: usize = 2;
/// How many lanes are read at once. They mostly wait for the disk, and who waits together waits once.
const READERS: usize = 16;
/// How many imports run at once.
const IMPORTERS: usize = 2;
/// How many chats are written to at once.
const SENDERS: usize = 4;
/// How many workers follow the feed for the search; one at a time is let in.
const INDEXERS: usize = 1;
/// How many read marks are brought at once.
const MARKERS: usize = 1;
/// How many workers keep things in order.
const KEEPERS: usize = 1;
/// How many logins are refreshed at once.
const REFRESHERS: usize = 2;
/// How many chats are compared at once.
const RECONCILERS: usize = 1;
/// How many workers forget what has been kept for its time.
const FORGETTERS: usize = 1;
/// The longest rest, so that what another server commits is found.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// The shortest rest of the alarm, so that what is due and held by somebody else is not asked for in a circle.
const SHORTEST_REST: Duration = Duration::from_millis(20);
/// How often it is looked for what has been kept for its time.
const FORGET_EVERY: Duration = Duration::from_secs(60);
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

type Turning = Pin<Box<dyn Future<Output = Result<Turn, EngineError>> + Send>>;

/// A kind of work.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    workers: usize,
    take: fn(Engine) -> Turning,
    /// As what it is woken; none for what only follows the clock.
    woken_as: Option<Loop>,
    longest_rest: Duration,
}

impl Kind {
    const fn new(name: &'static str, kind: Loop, workers: usize, take: fn(Engine) -> Turning) -> Self {
        Self { name, workers, take, woken_as: Some(kind), longest_rest: LONGEST_REST }
    }
}

const KINDS: [Kind; 13] = [
    Kind::new("route", Loop::Route, ROUTERS, |engine| Box::pin(async move { engine.route_turn().await })),
    Kind::new("follow", Loop::Follow, FOLLOWERS, |engine| Box::pin(async move { engine.follow_turn().await })),
    Kind::new("read", Loop::Read, READERS, |engine| Box::pin(async move { engine.read_turn().await })),
    Kind::new("import", Loop::Import, IMPORTERS, |engine| Box::pin(async move { engine.import_turn().await })),
    Kind::new("outbound", Loop::Outbound, SENDERS, |engine| Box::pin(async move { engine.outbound_turn().await })),
    Kind::new("index", Loop::Index, INDEXERS, |engine| Box::pin(async move { engine.index_turn().await })),
    Kind::new("marks", Loop::Marks, MARKERS, |engine| Box::pin(async move { engine.marks_turn().await })),
    Kind::new("upkeep", Loop::Upkeep, KEEPERS, |engine| Box::pin(async move { engine.upkeep_turn().await })),
    Kind::new("look_after", Loop::LookAfter, KEEPERS, |engine| Box::pin(async move { engine.look_after_turn().await })),
    Kind::new("reconcile", Loop::Reconcile, RECONCILERS, |engine| {
        Box::pin(async move { engine.reconcile_turn().await })
    }),
    Kind::new("refresh", Loop::Refresh, REFRESHERS, |engine| Box::pin(async move { engine.refresh_turn().await })),
    Kind::new("erase", Loop::Erase, FORGETTERS, |engine| Box::pin(async move { engine.erase_turn().await })),
    Kind {
        name: "forget",
        workers: FORGETTERS,
        take: |engine| Box::pin(async move { engine.forget_turn().await }),
        woken_as: None,
        longest_rest: FORGET_EVERY,
    },
];

/// Starts all loops. They end by themselves, after the turn in hand, once `stop` says so.
pub fn start(engine: &Engine, wakers: &Arc<Wakers>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for kind in KINDS {
        let bell = kind.woken_as.map(|woken_as| wakers.add_loop(woken_as)).unwrap_or_default();
        for _ in 0..kind.workers {
            let worker = Worker { kind, engine: engine.clone(), bell: Arc::clone(&bell), stop: stop.clone() };
            running.spawn(worker.run());
        }
    }
    running.spawn(alarm(engine.clone(), Arc::clone(wakers), stop.clone()));
    running.spawn(remove_strays(engine.clone()));
    running
}

/// Once. What it leaves, because it failed or was stopped, the next start finds.
async fn remove_strays(engine: Engine) {
    match engine.remove_stray_files().await {
        Ok(0) => {}
        Ok(removed) => tracing::info!(removed, "Removed {removed} files that nothing here leads to"),
        Err(error) => tracing::warn!("Files that nothing leads to could not be looked for: {error}"),
    }
}

struct Worker {
    kind: Kind,
    engine: Engine,
    bell: Arc<Notify>,
    stop: watch::Receiver<bool>,
}

impl Worker {
    async fn run(mut self) {
        let mut failures = 0;
        while !*self.stop.borrow() {
            // A turn of its own task, so that a panic in it ends neither the loop nor the server.
            match tokio::spawn((self.kind.take)(self.engine.clone())).await {
                Ok(Ok(Turn::Worked)) => {
                    failures = 0;
                    // There may be more than one can do.
                    self.bell.notify_one();
                }
                Ok(Ok(Turn::Idle)) => {
                    failures = 0;
                    self.rest(self.kind.longest_rest, true).await;
                }
                Ok(Err(error)) => {
                    failures += 1;
                    self.tell(&error, failures);
                    self.rest(back_off(failures), false).await;
                }
                Err(_) => {
                    failures += 1;
                    tracing::error!(turn = self.kind.name, "A turn of {} panicked", self.kind.name);
                    self.rest(back_off(failures), false).await;
                }
            }
        }
    }

    /// A row of failures is told once, when it begins.
    fn tell(&self, error: &EngineError, failures: u32) {
        let turn = self.kind.name;
        match error {
            EngineError::Store(StoreError::Stale) => tracing::debug!(turn, "A turn of {turn} came too late"),
            _ if failures == 1 => tracing::warn!(turn, "A turn of {turn} failed: {error}"),
            _ => tracing::debug!(turn, failures, "A turn of {turn} failed again: {error}"),
        }
    }

    async fn rest(&mut self, longest: Duration, wakes: bool) {
        tokio::select! {
            () = self.bell.notified(), if wakes => {}
            () = tokio::time::sleep(longest) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }
}

fn back_off(failures: u32) -> Duration {
    FIRST_BACK_OFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_BACK_OFF)
}

/// Wakes the loops when something that waits becomes due.
async fn alarm(engine: Engine, wakers: Arc<Wakers>, mut stop: watch::Receiver<bool>) {
    let bell = wakers.add_loop(Loop::Alarm);
    while !*stop.borrow() {
        let due = engine.store().next_due().await.ok().flatten();
        let until = due.map_or(LONGEST_REST, |due| due.since(engine.now()));
        let rest = until.clamp(SHORTEST_REST, LONGEST_REST);
        tokio::select! {
            () = bell.notified() => {}
            () = tokio::time::sleep(rest) => if until <= LONGEST_REST {
                wakers.work(&Loop::ALL.into());
            },
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

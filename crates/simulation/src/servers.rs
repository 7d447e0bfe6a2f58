//! Servers: started, killed, and made to stand still.

use crate::{
    chance::Chance,
    executor::Owner,
    flights::Flight,
    given::{Checking, PlainVault},
    mail,
    pace::Paced,
    sockets::{VirtualSockets, Wires, listens},
    wire::Wire,
    world::{Server, World, integration, lock},
};
use axum::Router;
use engine::{Bounds, Ears, Engine, EngineError, Offered, Parts, Retention, Turn, UploadBounds};
use model::{
    completeness::Pace,
    time::Timestamp,
    world::{Clock, Secret},
};
use sandbox::slack::{RateLimits, Reason};
use std::{sync::Arc, time::Duration};

/// How often emoji are listed anew: several times in a run.
const EMOJI_EVERY: Duration = Duration::from_secs(20 * 60);

impl World {
    /// Starts a server process on the common store. It knows nothing but what is stored.
    pub fn start(&mut self, number: usize) {
        self.started += 1;
        let chance = Arc::new(Chance::new(self.seed.wrapping_mul(1_000).wrapping_add(self.started)));
        let offered = Offered {
            connector: Arc::new(connectors::slack::Slack),
            settings: self.settings(),
            http: Arc::new(self.wire(self.slack.router(), &chance)),
            pushed: true,
            ears: listens(self.seed).then(|| Arc::new(Ears::new(Arc::new(self.sockets(&chance))))),
        };
        let store = Paced {
            memory: Arc::clone(&self.memory),
            chance: Arc::clone(&chance),
            may_fill: Arc::clone(&self.may_fail),
            filled: Arc::clone(&self.filled),
            held_off: Arc::clone(&self.held_off),
        };
        let announcer = Checking {
            memory: Arc::clone(&self.memory),
            wrong: Arc::clone(&self.wrong),
            told: std::sync::Arc::default(),
        };
        let slack = (integration(), offered);
        let mail = self.offered_mail(&chance).map(|mail| (mail::integration(), mail));
        self.servers[number] = Server {
            engine: Some(Engine::new(Parts {
                store: Arc::new(store),
                index: Arc::clone(&self.index) as Arc<dyn model::index::Index>,
                clock: Arc::clone(&self.server_clock) as Arc<dyn Clock>,
                random: chance,
                vault: Arc::new(PlainVault),
                files: Arc::new(self.files.clone()),
                uploads: UploadBounds::default(),
                announcer: Arc::new(announcer),
                integrations: [slack].into_iter().chain(mail).collect(),
                retention: Retention::default(),
                pace: Pace { emoji_every: EMOJI_EVERY, ..Pace::default() },
                bounds: self.bounds(),
                holder: format!("server-{number}-{}", self.started),
            })),
            back_at: Timestamp::default(),
            paused: false,
        };
    }

    /// A server's wire to a platform.
    pub fn wire(&self, router: Router, chance: &Arc<Chance>) -> Wire {
        Wire {
            router,
            clock: Arc::clone(&self.server_clock),
            chance: Arc::clone(chance),
            may_fail: Arc::clone(&self.may_fail),
            slow: Arc::clone(&self.slow),
        }
    }

    fn sockets(&self, chance: &Arc<Chance>) -> VirtualSockets {
        VirtualSockets(Arc::new(Wires {
            slack: self.slack.clone(),
            clock: Arc::clone(&self.clock),
            server_clock: Arc::clone(&self.server_clock),
            chance: Arc::clone(chance),
            may_fail: Arc::clone(&self.may_fail),
            memory: Arc::clone(&self.memory),
            faults: Arc::clone(&self.turned_away),
            wrong: Arc::clone(&self.wrong),
        }))
    }

    /// In every fourth world little may wait.
    pub fn bounds(&self) -> Bounds {
        if self.seed.is_multiple_of(4) { Bounds { intake: 12, outbox: 2 } } else { Bounds::default() }
    }

    fn settings(&self) -> model::connector::Settings {
        let app = &self.slack.config().app;
        let values = [
            ("client_id", app.client_id.as_str()),
            ("client_secret", app.client_secret.as_str()),
            ("signing_secret", app.signing_secret.as_str()),
            ("base_url", "http://slack.invalid"),
        ];
        let listens = listens(self.seed).then_some(("app_token", app.app_token.as_str()));
        let sold_outside = self.slack.config().rate_limits == RateLimits::OutsideMarketplace;
        let values = values.into_iter().chain(sold_outside.then_some(("outside_marketplace", "true"))).chain(listens);
        let values = values.map(|(name, value)| (name.to_owned(), Secret(value.to_owned())));
        model::connector::Settings { values: values.collect() }
    }

    /// A server that is up, if there is one.
    pub fn any_server(&self) -> Option<(Owner, Engine)> {
        let up = |(number, server): (usize, &Server)| Some((Owner(number), server.engine.clone()?, server.paused));
        let up: Vec<_> = self.servers.iter().enumerate().filter_map(up).filter(|(_, _, paused)| !paused).collect();
        self.chance.pick(&up).map(|(owner, engine, _)| (*owner, engine.clone()))
    }

    /// Begins turns of the loops, as a server's tasks do.
    pub fn start_turns(&mut self) {
        let Some((owner, engine)) = self.any_server() else { return };
        let turns = [
            "route",
            "read",
            "import",
            "outbound",
            "refresh",
            "look_after",
            "reconcile",
            "marks",
            "follow",
            "upkeep",
            "index",
            "erase",
        ];
        let Some(name) = self.chance.pick(&turns).copied() else { return };
        if self.executor.count(owner, name) >= 2 {
            return;
        }
        self.executor.spawn(owner, name, async move {
            let turned = match name {
                "route" => engine.route_turn().await,
                "read" => engine.read_turn().await,
                "import" => engine.import_turn().await,
                "outbound" => engine.outbound_turn().await,
                "look_after" => engine.look_after_turn().await,
                "reconcile" => engine.reconcile_turn().await,
                "refresh" => engine.refresh_turn().await,
                "index" => engine.index_turn().await,
                "marks" => engine.marks_turn().await,
                "follow" => engine.follow_turn().await,
                "erase" => engine.erase_turn().await,
                _ => engine.upkeep_turn().await,
            };
            // What a turn could not do now, it finds again: the store was full, or somebody was faster.
            let _: Result<Turn, EngineError> = turned;
        });
    }

    /// Fate: servers die, stand still, or lose their power together.
    pub fn fate(&mut self) {
        self.mail_fate();
        if self.calm || !self.chance.one_in(600) {
            return;
        }
        if self.chance.one_in(20) {
            return self.long_outage();
        }
        if listens(self.seed) && self.chance.one_in(4) {
            return self.end_sockets();
        }
        let number = self.chance.below(self.servers.len());
        match self.chance.below(5) {
            0 | 1 => self.kill(number),
            2 | 3 => self.stand_still(number),
            _ => {
                for number in 0..self.servers.len() {
                    self.kill(number);
                }
                self.memory.power_failure();
                self.index.power_failure();
                self.count_fault("power_failed");
                self.say(|| "the power failed".to_owned());
            }
        }
    }

    /// Every server is down for longer than Slack tells again what failed.
    fn long_outage(&mut self) {
        for number in 0..self.servers.len() {
            self.kill(number);
            let minutes = 60 + self.chance.below(30) as u64;
            self.servers[number].back_at = self.now() + Duration::from_secs(minutes * 60);
        }
        self.count_fault("long_outage");
        self.say(|| "all servers are down for an hour".to_owned());
    }

    pub fn kill(&mut self, number: usize) {
        if self.servers[number].engine.take().is_none() {
            return;
        }
        let owner = Owner(number);
        self.executor.kill(owner);
        self.servers[number].paused = false;
        self.servers[number].back_at = self.now() + Duration::from_millis(self.chance.below(20_000) as u64);
        if !self.calm && self.chance.one_in(4) {
            self.index.lose();
            self.count_fault("index_lost");
        }
        let (lost, flying) = std::mem::take(&mut self.flights).into_iter().partition(|flight| flight.owner == owner);
        self.flights = flying;
        let lost: Vec<Flight> = lost;
        for flight in lost {
            // The answer may have left just before the end.
            let landed = *lock(&flight.landed);
            match landed {
                Some(true) => self.acked(&flight.news),
                Some(false) | None => self.failed(&flight.news, Reason::ConnectionFailed),
            }
        }
        lock(&self.asks).lost(owner);
        self.count_fault("server_killed");
        self.say(|| format!("server {number} was killed"));
    }

    fn stand_still(&mut self, number: usize) {
        if self.servers[number].engine.is_none() || self.servers[number].paused {
            return;
        }
        self.executor.pause(Owner(number));
        self.servers[number].paused = true;
        self.servers[number].back_at = self.now() + Duration::from_millis(self.chance.below(90_000) as u64);
        self.count_fault("server_paused");
        self.say(|| format!("server {number} stands still"));
    }

    pub fn bring_back(&mut self) {
        for number in 0..self.servers.len() {
            if self.servers[number].back_at > self.now() {
                continue;
            }
            if self.servers[number].engine.is_none() {
                self.start(number);
                self.say(|| format!("server {number} is up"));
            } else if self.servers[number].paused {
                self.executor.resume(Owner(number));
                self.servers[number].paused = false;
                self.say(|| format!("server {number} goes on"));
            }
        }
    }
}

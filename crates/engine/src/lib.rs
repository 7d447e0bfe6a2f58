//! The loops between platforms, store and feed. Knows no platform, no SQL, no clock and no runtime.
//!
//! Each loop is a *turn*: an async function that takes one piece of work, does it, and says whether
//! there was any. The server calls turns from its tasks, the simulation in an order of its choosing. A
//! turn may be dropped at any await: what is committed is found again.

mod bounds;
mod check;
mod choices;
mod compose;
mod connect;
mod entries;
mod erase;
mod error;
mod expect;
mod files;
mod flow;
mod follow;
mod hindered;
mod identity;
mod import;
mod inbound;
mod index;
mod kept;
mod keyring;
mod known;
mod limits;
mod logins;
mod marks;
mod names;
mod outbound;
mod outbox;
mod pick;
mod proof;
mod read;
mod reconcile;
mod reread;
mod search;
mod seek;
mod seen;
mod show;
mod sockets;
mod states;
mod take_in;
mod tally;
mod turns;
mod upkeep;
mod uploads;
mod verdict;
mod waking;

pub use bounds::Bounds;
pub use choices::Choices;
pub use compose::Mail;
pub use connect::Available;
pub use error::{Backlogged, EngineError};
pub use files::Fetched;
pub use flow::FLOW;
pub use identity::Statement;
pub use inbound::Admitted;
pub use index::IndexLag;
pub use outbox::{Draft, Idempotency, Resolution, Wording};
pub use read::MEMBERSHIP_TRUSTED_FOR;
pub use search::{SearchPage, Within};
pub use seen::Through;
pub use sockets::{Ear, Ears, Taken};
pub use tally::{Errands, Step, Tally};
pub use upkeep::Retention;
pub use uploads::UploadBounds;
pub use waking::Loop;

use bounds::Gauge;
use flow::Committing;
use keyring::Keyring;
use limits::Limited;
use model::{
    abilities::{Abilities, News},
    changes::Changes,
    completeness::Pace,
    connection::{Connection, Login},
    connector::{Access, Connector, OpenLogin, Settings, Threshold},
    customer::CustomerId,
    files::Files,
    http::Http,
    id::{ConnectionId, Integration},
    index::Index,
    store::{Committed, Store, StoreError},
    time::Timestamp,
    world::{Clock, Random, Vault},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use turns::LastServed;
use uuid::Uuid;

/// How long a call to a platform may take. No lease is shorter.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// A file may take longer, by its size: no slower transfer is waited for.
pub const SLOWEST_BYTES_PER_SECOND: u64 = 1024 * 1024;
/// How long one holder may work on one piece.
pub const LEASE: Duration = Duration::from_secs(120);
/// How often a decision is made anew before it is left for the next turn.
pub const MOST_DECISIONS: usize = 8;

/// A platform as this installation offers it.
#[derive(Clone)]
pub struct Offered {
    /// Its connector.
    pub connector: Arc<dyn Connector>,
    /// Its credentials.
    pub settings: Settings,
    /// The wire, which sends only to the platform's hosts.
    pub http: Arc<dyn Http>,
    /// Whether the platform can reach us. Otherwise it is asked for news.
    pub pushed: bool,
    /// The sockets through which it tells news in place of requests, where it does so.
    pub ears: Option<Arc<Ears>>,
}

impl Offered {
    /// What can be done at best, here: without a way to us no platform pushes.
    pub fn abilities(&self) -> Abilities {
        Abilities { news: vec![self.news()], ..self.connector.describe().abilities }
    }

    /// How news arrive, here and now.
    fn news(&self) -> News {
        match &self.ears {
            _ if self.is_polled() || self.follows() && !self.is_watched() => News::Polling,
            Some(_) => News::Socket,
            None => News::Webhook,
        }
    }

    /// Whether the news of an account stand in one line.
    fn follows(&self) -> bool {
        self.connector.describe().follows
    }

    /// Whether the platform can be asked to tell that there is something new in that line.
    fn is_watched(&self) -> bool {
        self.pushed && self.connector.can_watch(&self.settings)
    }

    /// Whether news have to be asked for chat by chat: nobody can tell them, there is no line to read them from,
    /// or no socket was open for long.
    fn is_polled(&self) -> bool {
        match &self.ears {
            _ if self.follows() => false,
            Some(ears) => ears.are_away(),
            None => !self.pushed || !self.connector.describe().abilities.news.contains(&News::Webhook),
        }
    }
}

/// Hears of what was committed. It may be called often, and must not block.
pub trait Announcer: Send + Sync {
    /// Something was committed for this customer.
    fn committed(&self, customer: &CustomerId, committed: &Committed);
    /// There may be work for these loops.
    fn work(&self, loops: &BTreeSet<Loop>);
    /// A commit did this, for whoever counts.
    fn counted(&self, _tally: &Tally) {}
}

/// All that the engine needs of the world.
#[derive(Clone)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What finds it.
    pub index: Arc<dyn Index>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Encryption and marks.
    pub vault: Arc<dyn Vault>,
    /// Where the bytes of uploads are kept.
    pub files: Arc<dyn Files>,
    /// How much may be uploaded.
    pub uploads: UploadBounds,
    /// Who hears of commits.
    pub announcer: Arc<dyn Announcer>,
    /// The platforms that are offered.
    pub integrations: BTreeMap<Integration, Offered>,
    /// How long things are kept.
    pub retention: Retention,
    /// How often chats are compared with their platform.
    pub pace: Pace,
    /// How much may wait.
    pub bounds: Bounds,
    /// This server's name in leases; no two servers have the same.
    pub holder: String,
}

/// What a turn did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A piece of work. There may be more.
    Worked,
    /// Nothing: nothing was due, or somebody else has it.
    Idle,
}

/// Keeps messages in step. Cheap to clone; every clone is the same engine.
#[derive(Clone)]
pub struct Engine {
    parts: Arc<Parts>,
    /// Whose work was done last. Losing it costs nothing.
    last: Arc<LastServed>,
    /// How much waits to be read, as last counted.
    gauge: Arc<Gauge>,
    /// Keys that platforms publish, as last fetched. Losing them costs a call.
    keyring: Arc<Keyring>,
}

impl Engine {
    /// An engine over these parts.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), last: Arc::default(), gauge: Arc::default(), keyring: Arc::default() }
    }

    /// Where everything is kept.
    pub fn store(&self) -> &dyn Store {
        &*self.parts.store
    }

    /// What finds what is kept.
    pub fn index(&self) -> &dyn Index {
        &*self.parts.index
    }

    /// The platforms that are offered, by name.
    pub fn integrations(&self) -> &BTreeMap<Integration, Offered> {
        &self.parts.integrations
    }

    /// The time by now.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn offered(&self, integration: &Integration) -> Result<&Offered, EngineError> {
        self.parts.integrations.get(integration).ok_or(EngineError::NotFound)
    }

    fn uuid(&self) -> Uuid {
        let mut random = [0; 10];
        self.parts.random.fill(&mut random);
        model::id::uuid_v7(self.now(), random)
    }

    fn chance(&self) -> u8 {
        let mut byte = [0];
        self.parts.random.fill(&mut byte);
        byte[0]
    }

    /// Commits, and only then lets it be heard.
    async fn commit(&self, changes: Changes) -> Result<Committed, StoreError> {
        let (customer, tally, woken) = (changes.customer.clone(), Tally::of(&changes), Loop::woken(&changes));
        let committing = Committing::of(&changes);
        let committed = self.store().commit(changes).await;
        committing.ended(&committed);
        let committed = committed?;
        self.parts.announcer.counted(&tally);
        if let Some(customer) = customer {
            self.parts.announcer.committed(&customer, &committed);
        }
        self.parts.announcer.work(&woken);
        Ok(committed)
    }

    /// Does a piece of work, unless somebody else is at it: another server, or another worker of this one.
    /// None if so.
    async fn alone<T>(
        &self,
        name: &str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<Option<Result<T, EngineError>>, EngineError> {
        self.alone_for(name, LEASE, work).await
    }

    async fn alone_for<T>(
        &self,
        name: &str,
        span: Duration,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<Option<Result<T, EngineError>>, EngineError> {
        let holder = format!("{}/{}", self.parts.holder, self.uuid().simple());
        let now = self.now();
        if !self.store().lease(name, &holder, now, now + span).await? {
            return Ok(None);
        }
        let done = work.await;
        self.store().release(name, &holder).await?;
        Ok(Some(done))
    }

    /// The customer's connection; another customer's is not found.
    async fn own_connection(&self, customer: &CustomerId, id: ConnectionId) -> Result<Connection, EngineError> {
        self.store().connection(customer, id).await?.ok_or(EngineError::NotFound)
    }

    fn access<'a>(
        &'a self,
        offered: &'a Offered,
        connection: &'a Connection,
        logins: &'a [OpenLogin],
        wire: &'a Limited<'a>,
        deadline: Timestamp,
    ) -> Access<'a> {
        let (clock, files) = (&*self.parts.clock, &*self.parts.files);
        Access { connection, logins, settings: &offered.settings, http: wire, files, clock, deadline }
    }

    fn threshold<'a>(&'a self, offered: &'a Offered, wire: &'a Limited<'a>) -> Threshold<'a> {
        let (clock, deadline) = (&*self.parts.clock, self.now() + CALL_TIMEOUT);
        Threshold { settings: &offered.settings, http: wire, clock, deadline }
    }
}

/// What a login's secret is bound to, so that it opens in no other row.
fn place(login: &Login) -> String {
    format!("logins/{}/{}/{}", login.integration, login.account, login.id)
}

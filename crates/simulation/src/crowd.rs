//! Many customers at a platform that counts all calls of a workspace together: what one of them has to do
//! holds up another's by no more than a few calls, however much it is.

use crate::{
    chance::Chance,
    files::MemoryFiles,
    given::{PlainVault, SimClock},
    world::{Shared, lock},
};
use async_trait::async_trait;
use bytes::Bytes;
use engine::{Announcer, Bounds, Draft, Engine, Loop, Offered, Parts, Retention, Turn, UploadBounds, Wording};
use model::{
    abilities::{Abilities, History, News},
    attachment::{Attachment, Rendition},
    authorization::{Authorized, Grant, Identity, NewLogin, Refreshed},
    body::Body,
    chat::{ChatFacts, ChatKind},
    command::{Action, Attempt},
    completeness::Pace,
    connection::Connection,
    connector::{
        Access, Admission, Connector, ConnectorError, Description, Finding, OpenFile, OpenLogin, Outcome, Page, Proof,
        Reading, Refusal, Settings, Step, Threshold, Trust,
    },
    customer::CustomerId,
    event::Origin,
    facets::{Content, Version},
    http::{Http, HttpError, Incoming, Method, Request, Response, Transfer},
    id::{Cursor, ExternalAccount, ExternalId, Integration},
    intake::{Part, RawRequest},
    limits::{Quota, Rule},
    store::{Committed, Paging, Store},
    sync_status::{SyncState, SyncStatus},
    time::Timestamp,
    update::{RemoteMessage, Update},
    world::{Clock, Secret},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::memory::{Memory, MemoryIndex};

/// What the platform allows all customers together.
const RULE: Rule = Rule::a_minute(60);
/// How many pages a million messages are.
const PAGES: u64 = 5_000;
const PAGE: u64 = 200;
/// How many calls of others may leave between a send and its own: what is in hand, and one turn.
const MOST_CALLS_AHEAD: usize = 2;
const BEGIN_MICROS: i64 = 1_767_600_000_000_000;

/// A platform with one count for everything. It makes up its pages, and remembers nothing.
struct Board;

impl Board {
    async fn call(access: &Access<'_>, what: &str) -> Result<(), ConnectorError> {
        let quota = Quota { method: "any".to_owned(), key: "W1".to_owned(), rule: RULE, units: 1 };
        let request = Request {
            method: Method::Post,
            url: format!("https://board.invalid/{what}"),
            headers: Vec::new(),
            body: Bytes::new(),
            deadline: access.deadline,
            quotas: vec![quota],
        };
        match access.http.send(request).await {
            Ok(_) => Ok(()),
            Err(HttpError::NoRoom { after }) => Err(ConnectorError::Busy { after }),
            Err(error) => Err(ConnectorError::Unknown(error)),
        }
    }
}

fn posted(chat: &ExternalId, number: u64, mark: Option<&str>, at: Timestamp) -> Update {
    let content = Content {
        sender: Some(ExternalId::from("U1")),
        body: Body::plain(format!("number {number}")),
        sent_at: at,
        edited_at: None,
        thread_root: None,
        broadcast: false,
        system: false,
        attachments: Vec::new(),
        letter: None,
        platform_data: serde_json::Value::Null,
    };
    Update::Message(RemoteMessage {
        chat: chat.clone(),
        id: ExternalId(format!("{chat}:{number}")),
        position: format!("{number:020}"),
        content,
        version: Version(at.micros()),
        mark: mark.map(str::to_owned),
    })
}

#[async_trait]
impl Connector for Board {
    fn describe(&self) -> Description {
        let abilities = Abilities {
            send: true,
            reply: false,
            broadcast: false,
            edit: false,
            delete: false,
            react: false,
            mark_read: false,
            mail: false,
            mark_unread: false,
            files: false,
            most_files: 0,
            largest_file_bytes: 0,
            read_back: false,
            longest_text: 1_000,
            longest_edit: 0,
            history: History::Pages,
            news: vec![News::Webhook],
        };
        Description {
            platform: "board",
            name: "Board",
            hosts: vec!["board.invalid".to_owned()],
            abilities,
            settles_after: Duration::from_secs(1),
            sighting_margin: 0,
            limits: &[],
            settings: &[],
            pasted: &[],
            follows: false,
            searches: false,
            imports_new_chats: false,
        }
    }

    fn authorize(&self, _: &Settings, _: &str, _: &str) -> Result<String, ConnectorError> {
        Err(ConnectorError::Unreadable("nobody is led there".to_owned()))
    }

    async fn complete(&self, _: &Threshold<'_>, grant: &Grant) -> Result<Authorized, ConnectorError> {
        let Grant::Pasted(fields) = grant else { return Err(ConnectorError::LoginLost { account: None }) };
        let account = ExternalAccount::from("W1");
        let person: Vec<_> = fields.keys().map(|name| ExternalId::from(name.as_str())).collect();
        let login = NewLogin {
            account: account.clone(),
            secret: Secret("secret".to_owned()),
            expires_at: None,
            scopes: Vec::new(),
            facts: serde_json::Value::Null,
        };
        Ok(Authorized {
            account: account.clone(),
            account_name: "One".to_owned(),
            listens_to: vec![account],
            logins: vec![login],
            senders: person.clone(),
            person,
            identity: Identity::default(),
            abilities: self.describe().abilities,
            scopes: Vec::new(),
            cursor: None,
        })
    }

    async fn refresh(&self, _: &Threshold<'_>, _: &OpenLogin) -> Result<Refreshed, ConnectorError> {
        Err(ConnectorError::LoginLost { account: None })
    }

    async fn check(&self, _: &Threshold<'_>, _: &OpenLogin) -> Result<(), ConnectorError> {
        Ok(())
    }

    async fn revoke(&self, _: &Threshold<'_>, _: &OpenLogin) -> Result<(), ConnectorError> {
        Ok(())
    }

    async fn examine(&self, _: &Threshold<'_>) -> Vec<Finding> {
        Vec::new()
    }

    fn admit(&self, _: &RawRequest, _: &Trust<'_>) -> Admission {
        Admission::Refuse(Refusal::NotConfigured)
    }

    fn route(&self, _: &RawRequest) -> Result<Vec<Part>, ConnectorError> {
        Ok(Vec::new())
    }

    async fn read(&self, _: &Access<'_>, _: &Part) -> Result<Vec<Update>, ConnectorError> {
        Ok(Vec::new())
    }

    async fn pull(
        &self,
        access: &Access<'_>,
        reading: &Reading,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError> {
        let version = Version(access.clock.now().micros());
        let updates = match reading {
            Reading::History { chat, .. } => {
                Self::call(access, &format!("history/{chat}")).await?;
                let page: u64 = cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
                let number = |of: u64| (PAGES - page) * PAGE - of;
                // A day a page. The last was written in 1983.
                let at = |of: u64| Timestamp::from_micros(i64::try_from(number(of)).unwrap_or(0) * 432_000_000);
                let next = (chat.as_str() == "C1" && page + 1 < PAGES).then(|| Cursor((page + 1).to_string()));
                let since = next.is_some().then(|| at(PAGE - 1));
                let updates = (0..PAGE).map(|of| posted(chat, number(of), None, at(of))).collect();
                return Ok(Page { updates, next, since, ..Page::default() });
            }
            Reading::Membership(chat) => {
                Self::call(access, "membership").await?;
                let person = access.connection.person.first().cloned().unwrap_or_else(|| ExternalId::from("U1"));
                vec![Update::Member { chat: chat.clone(), person, member: true, version }]
            }
            Reading::Chat(chat) => {
                Self::call(access, "chat").await?;
                let made_at = Some(Timestamp::from_micros(1));
                let kind = ChatKind::Channel;
                let name = Some(chat.to_string());
                let platform_data = serde_json::Value::Null;
                let facts = ChatFacts { kind, name, people: Vec::new(), archived: false, made_at, platform_data };
                vec![Update::Chat { chat: chat.clone(), facts, version }]
            }
            Reading::Chats(_)
            | Reading::People
            | Reading::Emoji
            | Reading::Person(_)
            | Reading::Window { .. }
            | Reading::Replies { .. }
            | Reading::ReadMark(_)
            | Reading::Message { .. } => {
                Self::call(access, "other").await?;
                Vec::new()
            }
        };
        Ok(Page { updates, ..Page::default() })
    }

    async fn open_file(
        &self,
        _: &Access<'_>,
        _: &Attachment,
        _: Rendition,
        _: Option<&str>,
    ) -> Result<OpenFile, ConnectorError> {
        Err(ConnectorError::Unreadable("there are no files".to_owned()))
    }

    async fn perform(&self, access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError> {
        Self::call(access, "post").await?;
        let now = access.clock.now();
        Ok(Outcome::Done(match step.action {
            Action::Send { .. } => vec![posted(step.chat, now.micros().unsigned_abs(), Some(step.mark), now)],
            _ => Vec::new(),
        }))
    }

    async fn prove(&self, _: &Access<'_>, _: &Step<'_>, _: &Attempt) -> Result<Proof, ConnectorError> {
        Ok(Proof::CannotTell)
    }
}

/// Every call that left, in order.
struct Line(Shared<Vec<String>>);

#[async_trait]
impl Http for Line {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        lock(&self.0).push(request.url);
        Ok(Response { status: 200, headers: Vec::new(), body: Bytes::new() })
    }

    async fn transfer(&self, _: Transfer) -> Result<Incoming, HttpError> {
        Err(HttpError::NotSent("there are no files".to_owned()))
    }
}

struct Silent;

impl Announcer for Silent {
    fn committed(&self, _: &CustomerId, _: &Committed) {}
    fn work(&self, _: &BTreeSet<Loop>) {}
}

/// One server, and the platform.
struct Crowd {
    engine: Engine,
    memory: Arc<Memory>,
    micros: Arc<AtomicI64>,
    calls: Shared<Vec<String>>,
}

impl Crowd {
    fn new() -> Self {
        let (memory, micros) = (Arc::new(Memory::new()), Arc::new(AtomicI64::new(BEGIN_MICROS)));
        let calls: Shared<Vec<String>> = Arc::default();
        let offered = Offered {
            connector: Arc::new(Board),
            settings: Settings::default(),
            http: Arc::new(Line(Arc::clone(&calls))),
            pushed: true,
            ears: None,
        };
        let engine = Engine::new(Parts {
            store: Arc::clone(&memory) as Arc<dyn Store>,
            index: Arc::new(MemoryIndex::default()),
            clock: Arc::new(SimClock { micros: Arc::clone(&micros), skew_micros: 0 }) as Arc<dyn Clock>,
            random: Arc::new(Chance::new(1)),
            vault: Arc::new(PlainVault),
            announcer: Arc::new(Silent),
            integrations: BTreeMap::from([(Integration::from("board"), offered)]),
            retention: Retention::default(),
            files: Arc::new(MemoryFiles::default()),
            uploads: UploadBounds::default(),
            pace: Pace::default(),
            bounds: Bounds::default(),
            holder: "server".to_owned(),
        });
        Self { engine, memory, micros, calls }
    }

    async fn connect(&self, name: &str, chat: &str) -> Connection {
        let customer = CustomerId::new(name).unwrap();
        let grant = Grant::Pasted(BTreeMap::from([(format!("U-{name}"), Secret("token".to_owned()))]));
        let connection = self.engine.connect(&customer, &Integration::from("board"), &grant).await.unwrap();
        self.engine.import_chats(&customer, connection.id, &[ExternalId::from(chat)], None).await.unwrap();
        connection
    }

    /// One round of the loops, as unkind to a send as can be: first all is imported that can be. Where nothing
    /// can be done, time goes on.
    async fn round(&self) {
        let mut idle = true;
        while self.engine.import_turn().await.unwrap() == Turn::Worked {
            idle = false;
        }
        if self.engine.outbound_turn().await.unwrap() == Turn::Idle && idle {
            self.micros.fetch_add(100_000, Ordering::Relaxed);
        }
    }

    /// The run that reads a connection's one chat.
    async fn run(&self, connection: &Connection) -> SyncStatus {
        let paging = Paging { after: None, limit: 10 };
        let runs = self.memory.sync_statuses(&connection.customer_id, Some(connection.id), &paging).await.unwrap();
        runs.items.into_iter().find(|run| run.chat_id.is_some()).unwrap()
    }

    fn count(&self, end: &str) -> usize {
        lock(&self.calls).iter().filter(|url| url.ends_with(end)).count()
    }
}

#[tokio::test]
async fn an_import_of_a_million_messages_holds_up_nobodys_send() {
    let crowd = Crowd::new();
    let small = crowd.connect("small", "C2").await;
    while crowd.count("history/C2") == 0 {
        crowd.round().await;
    }
    let large = crowd.connect("large", "C1").await;
    let mut worst = 0;
    for sent in 1..=12 {
        // The import has all the room that it may have, and waits for more.
        let read = crowd.count("history/C1");
        while crowd.count("history/C1") < read + 7 || crowd.run(&large).await.state != SyncState::Waiting {
            crowd.round().await;
        }
        let chat = crowd.memory.chats_named(&small.customer_id, small.id, &[ExternalId::from("C2")]).await.unwrap();
        let draft = Draft {
            wording: Wording::Text("hello".to_owned()),
            files: Vec::new(),
            thread_root: None,
            broadcast: false,
            mail: None,
        };
        crowd.engine.send(&small.customer_id, chat[0].id, draft, Origin::App, None).await.unwrap();
        let before = crowd.count("history/C1");
        while crowd.count("/post") < sent {
            crowd.round().await;
        }
        worst = worst.max(crowd.count("history/C1") - before);
    }
    assert!(worst <= MOST_CALLS_AHEAD, "{worst} calls of the import left before a send that came first");

    let run = crowd.run(&large).await;
    assert!(run.is_open() && run.pages > 80, "{run:?}");
    // Sixty calls a minute, less what is left to the more urgent: 5,000 pages take about an hour and a half.
    let left = run.expected_end.unwrap().since(crowd.engine.now());
    assert!((70 * 60..4 * 60 * 60).contains(&left.as_secs()), "{left:?}");
}

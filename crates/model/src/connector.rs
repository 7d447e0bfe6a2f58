//! One platform, as the engine sees it.

use crate::{
    abilities::Abilities,
    attachment::{Attachment, Rendition},
    chat::ReadMark,
    command::{Action, Attempt},
    compare::Stretch,
    connection::{Connection, Login},
    files::Files,
    http::{Chunks, Http, HttpError, Response},
    id::{Cursor, ExternalAccount, ExternalId},
    intake::{Part, RawRequest},
    label::Label,
    limits::{MethodLimit, asked_pause},
    message::Problem,
    sockets::{Frame, SocketAddress},
    sync_status::Selection,
    time::Timestamp,
    update::Update,
    world::{Clock, Secret},
};
pub use crate::{
    admission::{Admission, Refusal, Trust},
    authorization::{Authorized, Grant, Identity, NewLogin, Refreshed},
    finding::{Finding, Grade},
    following::Followed,
    proof::Proof,
    setting::{PastedField, Setting, Settings},
};
use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// The status by which most platforms refuse a call that was one too many.
const TOO_MANY: u16 = 429;

/// What never changes about a platform while the server runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// The platform's name in the API: `slack`.
    pub platform: &'static str,
    /// Its name for people: `Slack`.
    pub name: &'static str,
    /// The hosts that its tokens may be sent to.
    pub hosts: Vec<String>,
    /// What it can do at best; a connection may do less.
    pub abilities: Abilities,
    /// How long after a call's deadline its effect may still appear, so that "not found" counts after it.
    pub settles_after: Duration,
    /// By how much a sighting's version is put back behind the time of the answer, on the versions' scale.
    pub sighting_margin: i64,
    /// How often each of its methods may be called, as it publishes it.
    pub limits: &'static [MethodLimit],
    /// The settings that an integration needs, and which of them are secret.
    pub settings: &'static [Setting],
    /// What a person pastes to connect without OAuth; empty where the platform gives nothing to paste.
    pub pasted: &'static [PastedField],
    /// It keeps the news of an account in one line, which is read on from a cursor (`Connector::follow`).
    pub follows: bool,
    /// Its chats can be searched, by words and by labels.
    pub searches: bool,
    /// New chats are imported by themselves, unless the customer says otherwise.
    pub imports_new_chats: bool,
}

/// A login with its tokens in the clear, for the time of a call.
#[derive(Clone, Debug)]
pub struct OpenLogin {
    /// The login.
    pub login: Login,
    /// The tokens, as the connector made them.
    pub secret: Secret,
}

/// All that a connector needs to speak for a connection.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// For whom.
    pub connection: &'a Connection,
    /// With which logins.
    pub logins: &'a [OpenLogin],
    /// As which app.
    pub settings: &'a Settings,
    /// By which wire.
    pub http: &'a dyn Http,
    /// Where the bytes of files that go out are kept.
    pub files: &'a dyn Files,
    /// By which clock.
    pub clock: &'a dyn Clock,
    /// No call leaves after this.
    pub deadline: Timestamp,
}

/// All that a connector needs to make or end a login.
#[derive(Clone, Copy)]
pub struct Threshold<'a> {
    /// As which app.
    pub settings: &'a Settings,
    /// By which wire.
    pub http: &'a dyn Http,
    /// By which clock.
    pub clock: &'a dyn Clock,
    /// No call leaves after this.
    pub deadline: Timestamp,
}

/// What is asked of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The chats that the connection can see, those that are wanted.
    Chats(Selection),
    /// The people that the connection can see.
    People,
    /// The emoji that only this account has.
    Emoji,
    /// One person or bot.
    Person(ExternalId),
    /// One chat, with its people.
    Chat(ExternalId),
    /// A chat's history with all its threads, newest first.
    History {
        /// The chat.
        chat: ExternalId,
        /// Nothing older.
        since: Option<Timestamp>,
    },
    /// A part of a chat's history with the threads that begin in it, newest first, to compare it with what is
    /// stored.
    Window {
        /// The chat.
        chat: ExternalId,
        /// From this time on.
        from: Option<Timestamp>,
        /// Up to, and without, this time.
        to: Option<Timestamp>,
    },
    /// A part of one thread, to compare it with what is stored.
    Replies {
        /// The chat.
        chat: ExternalId,
        /// The thread, by its first message.
        thread: ExternalId,
        /// From this time on.
        from: Option<Timestamp>,
        /// Up to, and without, this time.
        to: Option<Timestamp>,
    },
    /// One message by itself. It is called deleted if it is not there.
    Message {
        /// The chat.
        chat: ExternalId,
        /// The message.
        message: ExternalId,
    },
    /// Whether the person of the connection is in a chat.
    Membership(ExternalId),
    /// How far the person of the connection has read a chat; nothing where the platform does not say.
    ReadMark(ExternalId),
}

/// A page of what was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// What was read.
    pub updates: Vec<Update>,
    /// What comes next; none at the end.
    pub next: Option<Cursor>,
    /// How many items there are in all, where the platform says.
    pub total: Option<u64>,
    /// What it vouches for: of these stretches it listed every message that the platform has.
    pub whole: Vec<Stretch>,
    /// Since when all that was asked for has been listed by now, threads included. None where that cannot
    /// be said.
    pub since: Option<Timestamp>,
    /// Why nothing older can be had, where the platform hides it.
    pub hidden: Option<Problem>,
}

/// One step of a command.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// What is wanted.
    pub action: &'a Action,
    /// In which chat.
    pub chat: &'a ExternalId,
    /// About which message, once it has a name at the platform.
    pub message: Option<&'a ExternalId>,
    /// The mark to put on what is sent, so that it is known when it comes back.
    pub mark: &'a str,
    /// What the steps before left.
    pub progress: &'a serde_json::Value,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The command is done; this is what the platform holds now.
    Done(Vec<Update>),
    /// There is one more step.
    Next {
        /// What the next step needs. Only the connector reads it.
        left: serde_json::Value,
        /// Files that this step made. They will stand in the message and were in no other, so they are names
        /// of it: by them it is known when it comes back.
        files: Vec<ExternalId>,
    },
}

/// A file that a platform hands out.
pub struct OpenFile {
    /// How many bytes come, where that is known.
    pub size_bytes: Option<u64>,
    /// The media type of what comes, where it is another one than the file's own.
    pub media_type: Option<String>,
    /// Which part of the file comes, as HTTP writes it; none for the whole.
    pub content_range: Option<String>,
    /// The bytes.
    pub chunks: Box<dyn Chunks>,
}

/// Why a platform did not do what we asked, sorted by what we do next.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// Nothing happened. Ask again later.
    #[error("busy, try again in {after:?}")]
    Busy {
        /// How long the platform wants us to wait.
        after: Duration,
    },
    /// Only a person can bring the login back.
    #[error("the login was revoked or has expired")]
    LoginLost {
        /// Whose login; none where the connection has none that could speak.
        account: Option<ExternalAccount>,
    },
    /// Nothing happened: the login's token has ended. Refresh it, then ask again.
    #[error("the login's token has ended")]
    TokenExpired {
        /// Whose login.
        account: ExternalAccount,
    },
    /// Understood and declined. Asking again will not help.
    #[error("refused: {}", .0.detail)]
    Refused(Problem),
    /// The cursor is no longer known: begin again.
    #[error("the platform no longer knows the place in its history")]
    CursorLost,
    /// The call broke off, so it may or may not have happened. Look before asking again.
    #[error("outcome unknown")]
    Unknown(#[source] HttpError),
    /// The platform said something that is not understood. Park it.
    #[error("not understood: {0}")]
    Unreadable(String),
}

/// One platform, as the engine sees it.
///
/// A connector translates and talks. It stores nothing, decides nothing and remembers nothing
/// between calls, so that any server may make any call.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The platform's hosts, abilities and settings. Never changes while the server runs.
    fn describe(&self) -> Description;
    /// The address at the platform where a person grants access. Refused where settings are missing.
    fn authorize(&self, settings: &Settings, state: &str, redirect_uri: &str) -> Result<String, ConnectorError>;
    /// Turns what a person brought back into logins.
    async fn complete(&self, threshold: &Threshold<'_>, grant: &Grant) -> Result<Authorized, ConnectorError>;
    /// Fresh tokens for a login whose tokens end. A repeat with the same login, after a lost answer, must
    /// be tried as soon as can be. `LoginLost` only if the platform refuses for good.
    async fn refresh(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<Refreshed, ConnectorError>;
    /// Whether the platform still accepts a login: asked where late news say that it does not.
    async fn check(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<(), ConnectorError>;
    /// Gives a login back to the platform. One that is gone already is no error.
    async fn revoke(&self, threshold: &Threshold<'_>, login: &OpenLogin) -> Result<(), ConnectorError>;
    /// Finds out whether what was configured is good, as far as that can be seen without changing anything.
    async fn examine(&self, threshold: &Threshold<'_>) -> Vec<Finding>;
    /// Checks a request's raw bytes, and says what to answer and whether to keep it. Calls nobody.
    fn admit(&self, request: &RawRequest, trust: &Trust<'_>) -> Admission;
    /// The parts of a request and the accounts that they are for. Calls nobody.
    fn route(&self, request: &RawRequest) -> Result<Vec<Part>, ConnectorError>;
    /// Whether, with these settings, the platform tells its news through sockets in place of requests.
    fn has_sockets(&self, _settings: &Settings) -> bool {
        false
    }
    /// Asks where a socket is opened. `Refused` means that only a person can help; anything else, that it may go
    /// better later.
    async fn socket(&self, _threshold: &Threshold<'_>) -> Result<SocketAddress, ConnectorError> {
        Err(ConnectorError::Unreadable("this platform has no sockets".to_owned()))
    }
    /// What a frame of such a socket means. Calls nobody.
    fn frame(&self, _frame: &Bytes, _received_at: Timestamp) -> Frame {
        Frame::Nothing { acknowledgement: None }
    }
    /// How long the platform wants no more calls like the one that it answered so; none where it refused none for
    /// being too many. Calls nobody.
    fn rest(&self, answer: &Response, _now: Timestamp) -> Option<Duration> {
        (answer.status == TOO_MANY).then(|| asked_pause(answer.header("retry-after")))
    }
    /// The name that a message has while its chat has this id. Calls nobody.
    fn named_in(&self, message: &ExternalId, _chat: &ExternalId) -> ExternalId {
        message.clone()
    }
    /// Reads the line of an account's news on from a cursor; without one, says where it ends by now.
    /// `CursorLost` where the platform no longer knows the place. Called only where the description has it.
    async fn follow(&self, _access: &Access<'_>, _cursor: Option<&Cursor>) -> Result<Followed, ConnectorError> {
        Err(ConnectorError::Unreadable("this platform keeps no line of news".to_owned()))
    }
    /// Whether these settings name a way for the platform to tell that there is something new in that line.
    fn can_watch(&self, _settings: &Settings) -> bool {
        false
    }
    /// Asks the platform to do so, and says how long it will. Called only where it can.
    async fn watch(&self, _access: &Access<'_>) -> Result<Timestamp, ConnectorError> {
        Err(ConnectorError::Unreadable("this platform does not tell of news in a line".to_owned()))
    }
    /// The keys by which its requests are checked, where it publishes them and changes them.
    async fn keys(&self, _threshold: &Threshold<'_>) -> Result<Bytes, ConnectorError> {
        Err(ConnectorError::Unreadable("this platform publishes no keys".to_owned()))
    }
    /// Turns a part into updates, asking the platform where the news is thin.
    async fn read(&self, access: &Access<'_>, part: &Part) -> Result<Vec<Update>, ConnectorError>;
    /// Reads the page of what was asked for that follows `cursor`.
    async fn pull(
        &self,
        access: &Access<'_>,
        reading: &Reading,
        cursor: Option<&Cursor>,
    ) -> Result<Page, ConnectorError>;
    /// The labels by which chats can be chosen; none where the platform has none.
    async fn labels(&self, _access: &Access<'_>) -> Result<Vec<Label>, ConnectorError> {
        Ok(Vec::new())
    }
    /// Begins to fetch a file of a message. `range` is what HTTP's header of that name says; a platform may
    /// disregard it.
    async fn open_file(
        &self,
        access: &Access<'_>,
        file: &Attachment,
        rendition: Rendition,
        range: Option<&str>,
    ) -> Result<OpenFile, ConnectorError>;
    /// Does one step of a command, and reports what the platform holds now.
    async fn perform(&self, access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError>;
    /// Tells the platform how far the person has read a chat, and says how far it is read there by now. What is
    /// read further there stays so, unless the mark goes `back`: then what stands after it is unread again.
    /// Called only where the abilities have it.
    async fn mark_read(
        &self,
        _access: &Access<'_>,
        _chat: &ExternalId,
        _mark: &ReadMark,
        _back: bool,
    ) -> Result<Vec<Update>, ConnectorError> {
        Err(ConnectorError::Unreadable("this platform has no read marks".to_owned()))
    }
    /// Finds out what became of an attempt. It changes nothing at the platform.
    async fn prove(&self, access: &Access<'_>, step: &Step<'_>, attempt: &Attempt) -> Result<Proof, ConnectorError>;
}

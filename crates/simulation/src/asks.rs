//! What customers ask of us, until it is answered. Who gets no answer asks again, with the same key.

use crate::{
    executor::Owner,
    files::content,
    flights::turned_away,
    mail::Letter,
    wire::Pieces,
    world::{World, lock},
};
use bytes::Bytes;
use engine::{Choices, Draft, Engine, EngineError, Idempotency, Statement, Wording};
use model::{
    customer::CustomerId,
    event::{Origin, Subject},
    id::{ChatId, ConnectionId, ExternalId, MessageId, UploadId, UserPlatformId},
    time::Timestamp,
    world::Clock,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// When a customer comes again who found too much waiting.
const COMES_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Something that a customer asks of us, until it is answered.
#[derive(Clone, Debug)]
pub enum What {
    Send {
        chat: ChatId,
        text: String,
        root: Option<MessageId>,
    },
    /// A message with files, which are uploaded first.
    SendFiles {
        chat: ChatId,
        text: String,
        files: Vec<String>,
    },
    /// A mail in a thread.
    SendMail {
        chat: ChatId,
        letter: Letter,
    },
    /// The first mail of a thread.
    BeginThread {
        connection: ConnectionId,
        letter: Letter,
    },
    Edit {
        message: MessageId,
        text: String,
    },
    Delete {
        message: MessageId,
    },
    React {
        message: MessageId,
        emoji: &'static str,
        present: bool,
    },
    Import {
        connection: ConnectionId,
        chats: Vec<ExternalId>,
    },
    ImportAll {
        connection: ConnectionId,
    },
    DeleteChat {
        chat: ChatId,
    },
    Pause {
        connection: ConnectionId,
        on: bool,
    },
    /// Whether what lies in the trash, or was taken for spam, is imported as well.
    ChooseTrash {
        connection: ConnectionId,
        on: bool,
    },
    Compare {
        chat: ChatId,
    },
    MarkRead {
        chat: ChatId,
        message: MessageId,
    },
    SayWho {
        user: UserPlatformId,
        ids: Vec<ExternalId>,
    },
    /// Nothing of the customer may be left.
    Erase,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Flying(Owner),
    /// Too much waits already: it is asked again then.
    Later(Timestamp),
    /// The message that it is about, where it is about one.
    Accepted(Option<MessageId>),
    Refused(String),
}

#[derive(Clone, Debug)]
struct Ask {
    customer: CustomerId,
    what: What,
    state: State,
}

impl Ask {
    fn is_due(&self, now: Timestamp) -> bool {
        match self.state {
            State::Waiting => true,
            State::Later(at) => at <= now,
            State::Flying(_) | State::Accepted(_) | State::Refused(_) => false,
        }
    }
}

/// All that was asked.
#[derive(Default)]
pub struct Asks {
    all: BTreeMap<u64, Ask>,
}

impl Asks {
    /// A server died: who waited for it asks again, with the same key.
    pub fn lost(&mut self, owner: Owner) {
        for ask in self.all.values_mut().filter(|ask| ask.state == State::Flying(owner)) {
            ask.state = State::Waiting;
        }
    }

    pub fn are_answered(&self) -> bool {
        self.all.values().all(|ask| !matches!(ask.state, State::Waiting | State::Flying(_) | State::Later(_)))
    }

    /// When the next one is asked again that found too much waiting; long ago where one is under way.
    pub fn next_due(&self) -> Option<Timestamp> {
        let open = self.all.values().filter_map(|ask| match ask.state {
            State::Waiting | State::Flying(_) => Some(Timestamp::default()),
            State::Later(at) => Some(at),
            State::Accepted(_) | State::Refused(_) => None,
        });
        open.min()
    }

    /// The files of accepted sends, with their message.
    pub fn sent_files(&self) -> Vec<(MessageId, Vec<String>)> {
        let sent = |ask: &Ask| match (&ask.what, &ask.state) {
            (What::SendFiles { files, .. }, State::Accepted(Some(id))) => Some((*id, files.clone())),
            _ => None,
        };
        self.all.values().filter_map(sent).collect()
    }

    /// The texts of accepted sends, with their message.
    pub fn sent(&self) -> Vec<(CustomerId, MessageId, String)> {
        let sent = |ask: &Ask| match (&ask.what, &ask.state) {
            (
                What::Send { text, .. }
                | What::SendMail { letter: Letter { text, .. }, .. }
                | What::BeginThread { letter: Letter { text, .. }, .. },
                State::Accepted(Some(id)),
            ) => Some((ask.customer.clone(), *id, text.clone())),
            _ => None,
        };
        self.all.values().filter_map(sent).collect()
    }

    /// What was asked for as a mail that says this.
    pub fn letter(&self, said: &str) -> Option<Letter> {
        let letters = self.all.values().filter_map(|ask| match &ask.what {
            What::SendMail { letter, .. } | What::BeginThread { letter, .. } => Some(letter),
            _ => None,
        });
        letters.into_iter().find(|letter| letter.text == said).cloned()
    }
}

impl World {
    pub fn ask(&mut self, customer: &CustomerId, what: What) -> String {
        let mut asks = lock(&self.asks);
        let key = asks.all.len() as u64 + 1;
        let said = format!("{customer} asks {key}: {what:?}");
        asks.all.insert(key, Ask { customer: customer.clone(), what, state: State::Waiting });
        said
    }

    /// Brings what is asked to a server that is up.
    pub fn send_asks(&mut self) {
        let Some((owner, engine)) = self.any_server() else { return };
        let (asks, clock, now) = (Arc::clone(&self.asks), Arc::clone(&self.clock), self.now());
        let next = {
            let mut asks = lock(&self.asks);
            let Some((key, ask)) = asks.all.iter_mut().find(|(_, ask)| ask.is_due(now)) else { return };
            ask.state = State::Flying(owner);
            (*key, ask.clone())
        };
        let (memory, wrong) = (Arc::clone(&self.memory), Arc::clone(&self.wrong));
        let full = Arc::clone(&self.turned_away);
        let (key, ask) = next;
        self.executor.spawn(owner, "ask", async move {
            let answered = bring(&engine, key, &ask).await;
            let state = match answered {
                Ok(about) => {
                    let sends = matches!(ask.what, What::Send { .. } | What::SendMail { .. } | What::BeginThread { .. });
                    if let Some(id) = about.filter(|_| sends)
                        && !memory.synced_events().iter().any(|event| event.event.subject == Subject::Message(id))
                        // Of who leaves, nothing is on disk for long.
                        && memory.all_connections().iter().any(|one| one.customer_id == ask.customer && !one.standing.ended)
                    {
                        lock(&wrong).push(format!("P1: send {key} was answered before it was on disk"));
                    }
                    State::Accepted(about)
                }
                Err(EngineError::Refused(problem)) => State::Refused(problem.code),
                Err(EngineError::NotFound) => State::Refused("not_found".to_owned()),
                Err(EngineError::KeyReused) => {
                    lock(&wrong).push(format!("the key of ask {key} was taken for another one's"));
                    State::Refused("key_reused".to_owned())
                }
                Err(error @ EngineError::Full(_)) => {
                    turned_away(&full, &error);
                    State::Later(clock.now() + COMES_AGAIN_AFTER)
                }
                Err(_) => State::Waiting, // Busy, no room, or Slack did not answer: asked again.
            };
            if let Some(held) = lock(&asks).all.get_mut(&key) {
                held.state = state;
            }
        });
    }
}

/// Does what was asked. The key makes its repeat the same.
async fn bring(engine: &Engine, key: u64, ask: &Ask) -> Result<Option<MessageId>, EngineError> {
    let key = Idempotency { key: format!("ask-{key}"), request_hash: format!("{:?}", ask.what) };
    let (customer, app) = (&ask.customer, Origin::App);
    let message = match &ask.what {
        What::Send { chat, text, root } => {
            let wording = Wording::Markdown(text.clone());
            let draft = Draft { wording, thread_root: *root, broadcast: false, files: Vec::new(), mail: None };
            engine.send(customer, *chat, draft, app, Some(&key)).await?
        }
        What::SendFiles { chat, text, files } => {
            let (wording, files) = (Wording::Markdown(text.clone()), uploaded(engine, customer, files).await?);
            let draft = Draft { wording, thread_root: None, broadcast: false, files, mail: None };
            engine.send(customer, *chat, draft, app, Some(&key)).await?
        }
        What::SendMail { chat, letter } => {
            engine.send(customer, *chat, written(engine, customer, letter).await?, app, Some(&key)).await?
        }
        What::BeginThread { connection, letter } => {
            let draft = written(engine, customer, letter).await?;
            engine.begin_thread(customer, *connection, draft, app, Some(&key)).await?
        }
        What::Edit { message, text } => {
            engine.edit(customer, *message, &Wording::Markdown(text.clone()), app, Some(&key)).await?
        }
        What::Delete { message } => engine.delete(customer, *message, app, Some(&key)).await?,
        What::React { message, emoji, present } => {
            engine.react(customer, *message, emoji, *present, app, Some(&key)).await?
        }
        What::Import { connection, chats } => {
            return engine.import_chats(customer, *connection, chats, None).await.map(|_| None);
        }
        What::ImportAll { connection } => {
            return engine.import_all(customer, *connection, Default::default()).await.map(|_| None);
        }
        What::Pause { connection, on } => {
            return engine.set_paused(customer, *connection, *on).await.map(|_| None);
        }
        What::ChooseTrash { connection, on } => {
            let choices = Choices { include_trash_and_spam: Some(*on), ..Choices::default() };
            return engine.choose(customer, *connection, choices).await.map(|_| None);
        }
        What::DeleteChat { chat } => return engine.delete_chat(customer, *chat).await.map(|()| None),
        What::MarkRead { chat, message } => {
            return engine.mark_read(customer, *chat, Some(*message), app).await.map(|()| None);
        }
        What::SayWho { user, ids } => {
            let statement = Statement { ids: ids.clone(), name: None, emails: None };
            return engine.state_identity(customer, *user, &statement, app).await.map(|_| None);
        }
        What::Compare { chat } => return engine.sync_chat(customer, *chat).await.map(|_| None),
        What::Erase => return engine.erase(customer).await.map(|()| None),
    };
    Ok(Some(message.id))
}

async fn uploaded(engine: &Engine, customer: &CustomerId, names: &[String]) -> Result<Vec<UploadId>, EngineError> {
    let mut uploaded = Vec::new();
    for name in names {
        let mut bytes = Pieces(Bytes::from(content(name)));
        uploaded.push(engine.upload(customer, name.clone(), "text/plain".to_owned(), None, &mut bytes).await?.id);
    }
    Ok(uploaded)
}

async fn written(engine: &Engine, customer: &CustomerId, letter: &Letter) -> Result<Draft, EngineError> {
    let Letter { text, files, mail, .. } = letter;
    let (wording, files) = (Wording::Text(text.clone()), uploaded(engine, customer, files).await?);
    Ok(Draft { wording, thread_root: None, broadcast: false, files, mail: Some(mail.clone()) })
}

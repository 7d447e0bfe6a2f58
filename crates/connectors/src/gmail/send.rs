//! Does what the app wants. Sending is the one call that must not be made twice, so each mail bears a mark in a header
//! of its own (Gmail gives it another Message-ID and Date), and is read back by a step that may be repeated.

use crate::gmail::{
    client::{Client, path},
    convert::{self, MARK},
    draft, large,
    problem::{self, CallError, Effect, problem},
    threads,
    upload::{self, Contents},
    wire,
};
use crate::mail::Mail;
use model::{
    body::Body,
    command::Action,
    connector::{Access, ConnectorError, Outcome, Step},
    facets::Version,
    id::ExternalId,
    letter::{Envelope, Manner},
    update::Update,
    upload::SentFile,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What the id of a chat begins with that is still to get its thread.
const NEW_CHAT: &str = "new:";

/// A mail that Gmail has taken, as its step leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The mail.
    pub id: String,
    /// The thread that it stands in.
    pub thread: String,
}

impl Sent {
    /// What the step before left.
    pub fn of(step: &Step<'_>) -> Option<Self> {
        serde_json::from_value(step.progress.clone()).ok()
    }
}

/// A mail that is to be sent.
struct Parcel<'a> {
    body: &'a Body,
    files: &'a [SentFile],
    envelope: Envelope,
}

/// Does one step of a command.
pub async fn perform(access: &Access<'_>, step: &Step<'_>) -> Result<Outcome, ConnectorError> {
    let client = Client::of(access)?;
    match step.action {
        Action::Send { body, files, envelope, thread_root: _, broadcast: _ } => {
            if let Some(sent) = Sent::of(step) {
                return Ok(Outcome::Done(read_back(&client, step.chat, &sent).await?));
            }
            let envelope = envelope.as_deref().cloned().unwrap_or_default();
            let sent = send(access, &client, step, &Parcel { body, files, envelope }).await?;
            let left = json!(Sent { id: sent.id, thread: sent.thread_id });
            Ok(Outcome::Next { left, files: Vec::new() })
        }
        Action::Delete => {
            let id = step.message.ok_or_else(|| refused("no_message", "The mail has no name at Gmail."))?;
            let path = format!("{}/trash", path("messages", id.as_str())?);
            match client.post::<wire::Message>("messages.trash", &path, &json!({}), Effect::Repeatable).await {
                Ok(_) | Err(CallError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(Outcome::Done(match threads::deletion(&client, step.chat, id.as_str()).await? {
                Some(deleted) => vec![deleted],
                // Somebody took it out of the trash at once.
                None => threads::message(&client, step.chat, id.as_str()).await?,
            }))
        }
        Action::Edit { .. } => Err(refused("no_edit", "A mail that was sent cannot be changed by anyone.")),
        Action::React { .. } => Err(refused("no_reaction", "Reactions by mail are not sent.")),
    }
}

/// Sends a mail: all there is to it, in one call.
async fn send(
    access: &Access<'_>,
    client: &Client<'_>,
    step: &Step<'_>,
    parcel: &Parcel<'_>,
) -> Result<wire::Message, ConnectorError> {
    let person = &access.connection.person;
    let about = about(client, step.chat, &parcel.envelope).await?;
    let mail = about.as_ref().map(|(_, mail)| mail);
    let mut draft = draft::draft(&parcel.envelope, parcel.body, mail, person)?;
    // Gmail itself puts in whose mailbox it is. Only an alias has to be named.
    if let Some(alias) = mail.and_then(|mail| draft::alias(mail, person)) {
        draft.from = draft::writer(&alias, &client.send_as().await?);
    }
    draft.mark = Some((MARK.to_owned(), step.mark.to_owned()));
    let mut contents = Contents::new();
    if let (Manner::Forward, Some((shown, mail))) = (parcel.envelope.manner, &about) {
        upload::hand_on(client, &shown.id, mail, &mut draft, &mut contents).await?;
    }
    upload::enclose(access, parcel.files, &mut draft, &mut contents).await?;
    let meta = match about {
        Some(_) => json!({ "threadId": step.chat.as_str() }),
        None => json!({}),
    };
    upload::bring(client, &upload::SEND, meta, &draft, contents).await
}

/// The mail that is answered or handed on: the one that is named, or the newest of the thread. None for a new thread.
async fn about(
    client: &Client<'_>,
    chat: &ExternalId,
    envelope: &Envelope,
) -> Result<Option<(wire::Message, Mail)>, ConnectorError> {
    let begins = envelope.manner == Manner::New;
    match (begins, is_new(chat)) {
        (true, true) => return Ok(None),
        (true, false) => return Err(refused("thread_has_begun", "This thread has begun already. Answer in it.")),
        (false, true) => return Err(refused("thread_not_begun", "This thread has no mail yet that can be answered.")),
        (false, false) => {}
    }
    let gone = || refused("about_gone", "The mail that this is about is no longer in the mailbox.");
    let shown = match &envelope.about {
        Some(id) => match client.message(id.as_str(), "minimal").await {
            Err(CallError::NotFound(_)) => return Err(gone()),
            shown => shown?,
        },
        None => {
            let thread = client.thread(chat.as_str(), &[]).await?;
            let seen = thread.messages.into_iter().filter(|one| client.sight().is_seen(one));
            // What lies in the trash may have been deleted from here.
            let newest = seen.max_by_key(|one| (!convert::is_put_away(one), convert::position(one)));
            newest.ok_or_else(|| refused("thread_is_empty", "No mail is left in this thread to answer."))?
        }
    };
    if envelope.about.is_some() && shown.thread_id != chat.as_str() {
        return Err(refused("about_elsewhere", "The mail that this is about stands in another thread."));
    }
    match large::read(client, &shown).await {
        Err(CallError::NotFound(_)) => Err(gone()),
        read => Ok(Some(read?)),
    }
}

/// Reads a mail back that Gmail has taken. What it does not show at once, it shows a moment later.
async fn read_back(client: &Client<'_>, chat: &ExternalId, sent: &Sent) -> Result<Vec<Update>, ConnectorError> {
    match client.message(&sent.id, "minimal").await {
        Err(CallError::NotFound(_)) => Err(problem::broken("Gmail does not show the mail yet", Effect::Repeatable)),
        Err(error) => Err(error.into()),
        Ok(_) => told(client, chat, sent).await,
    }
}

/// What there is to say of a mail that was sent in a chat. One that began its thread gives the chat its name; one that
/// Gmail put into another thread stands there.
pub async fn told(client: &Client<'_>, chat: &ExternalId, sent: &Sent) -> Result<Vec<Update>, ConnectorError> {
    let thread = ExternalId::from(sent.thread.as_str());
    let mut updates = Vec::new();
    if *chat != thread {
        updates = threads::one(client, &thread).await?.updates;
        let versions = updates.iter().filter_map(|update| match update {
            Update::Chat { version, .. } => Some(*version),
            _ => None,
        });
        if is_new(chat) {
            let version = versions.max().unwrap_or(Version(0));
            updates.insert(0, Update::ChatMoved { from: chat.clone(), into: thread.clone(), version });
        }
    }
    updates.extend(threads::message(client, &thread, &sent.id).await?);
    Ok(updates)
}

/// Whether a chat is still to get its thread.
pub fn is_new(chat: &ExternalId) -> bool {
    chat.as_str().starts_with(NEW_CHAT)
}

fn refused(code: &str, detail: &str) -> ConnectorError {
    ConnectorError::Refused(problem(code, detail.to_owned()))
}

//! Accepts what the app or a person wants: refuses what cannot be, and lets the rest be seen at once.
//!
//! Pure. What is accepted waits in the outbox; its message shows as `pending` from the same commit on.

pub mod mail;

use crate::{
    abilities::Abilities,
    attachment::Attachment,
    body::{Body, Nameless},
    changes::{Changes, Write},
    chat::Chat,
    command::{Action, Command, Progress},
    connection::Connection,
    event::{EventKind, NewEvent, Origin, Subject},
    facets::{Content, Facet, Facets, Version},
    id::{CommandId, ExternalId, MessageId},
    letter::{Envelope, Letter},
    message::{Direction, Message, PendingChange, Problem, Status},
    time::Timestamp,
    upload::{SentFile, Upload, UploadState},
};
use std::time::Duration;
use uuid::Uuid;

/// The longest name of an emoji that is taken, in bytes.
pub const LONGEST_EMOJI: usize = 100;

/// How long the file of a message is kept before it is looked at whether the message still wants it.
const TAKEN_FOR: Duration = Duration::from_secs(60 * 60);

/// What every acceptance needs.
pub struct Desk<'a> {
    /// Through which connection.
    pub connection: &'a Connection,
    /// In which chat.
    pub chat: &'a Chat,
    /// The number that the command takes.
    pub number: u64,
    /// The time by now.
    pub now: Timestamp,
    /// By the app, or by a person on the page.
    pub origin: Origin,
    /// Makes ids.
    pub ids: &'a dyn Fn() -> Uuid,
}

/// The thread that a new message answers in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Its first message.
    pub root: ExternalId,
    /// Whether the answer stands in the chat's main line as well.
    pub broadcast: bool,
}

/// A command that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The message as it is from now on.
    pub message: Message,
    /// What is to be committed.
    pub changes: Changes,
}

fn problem(code: &str, detail: impl Into<String>) -> Problem {
    Problem { code: code.to_owned(), detail: detail.into() }
}

/// Refuses what the platform cannot do, or what was not granted there.
fn check_able(able: bool, what: &str) -> Result<(), Problem> {
    able.then_some(()).ok_or_else(|| problem("not_possible", format!("This connection cannot {what}.")))
}

/// Refuses what says nothing or is too long. Lengths are in characters, without marks.
fn check_text(body: &Body, longest: u32) -> Result<(), Problem> {
    let text = body.text(&Nameless);
    if text.trim().is_empty() {
        return Err(problem("empty_text", "The text is empty. Write something."));
    }
    let length = text.chars().count();
    if length > longest as usize {
        let detail = format!("The text has {length} characters; at most {longest} are possible here.");
        return Err(problem("text_too_long", detail));
    }
    Ok(())
}

/// Refuses a new message that cannot be written. One with files may do without words.
pub fn check_send(
    abilities: &Abilities,
    body: &Body,
    thread: Option<&Answers>,
    files: &[Upload],
) -> Result<(), Problem> {
    check_able(abilities.send, "take new messages")?;
    check_able(abilities.reply || thread.is_none(), "answer in threads")?;
    let broadcast = thread.is_some_and(|thread| thread.broadcast);
    check_able(abilities.broadcast || !broadcast, "show an answer outside of its thread")?;
    if files.is_empty() {
        return check_text(body, abilities.longest_text);
    }
    check_able(abilities.files, "take files")?;
    check_able(!broadcast, "show an answer with files outside of its thread")?;
    if files.len() > abilities.most_files as usize {
        let detail = format!("{} files are too many; at most {} are possible here.", files.len(), abilities.most_files);
        return Err(problem("too_many_files", detail));
    }
    if let Some(large) = files.iter().find(|file| file.size_bytes > abilities.largest_file_bytes) {
        let detail = format!("{} is larger than {} bytes.", large.name, abilities.largest_file_bytes);
        return Err(problem("file_too_large", detail));
    }
    if body.is_empty() { Ok(()) } else { check_text(body, abilities.longest_text) }
}

/// Whether a message failed and no platform has it, so that it is changed and deleted here alone.
fn never_left(message: &Message) -> bool {
    message.external_id.is_none() && message.status == Status::Failed
}

/// Refuses a text that cannot replace what a message says.
pub fn check_edit(abilities: &Abilities, message: &Message, body: &Body) -> Result<(), Problem> {
    if never_left(message) {
        return check_text(body, abilities.longest_text);
    }
    check_able(abilities.edit, "change messages")?;
    check_text(body, abilities.longest_edit)
}

/// Puts our words into a message that no platform has. Whatever a platform says of it is newer.
fn write(message: &mut Message, content: Content) {
    message.facets.content = Some(Facet::new(Version(i64::MIN), content));
}

/// What was asked to be written on a mail that never reached its platform.
fn envelope_of(content: &Content) -> Option<Box<Envelope>> {
    content.letter.as_ref().and_then(|letter| letter.envelope.clone())
}

/// The files of a message that never reached its platform: they bear our own ids.
fn sent_files(content: &Content) -> Vec<SentFile> {
    let sent = |file: &Attachment| {
        Some(SentFile {
            upload: file.external_id.as_str().parse().ok()?,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size_bytes: file.size_bytes?,
        })
    };
    content.attachments.iter().filter_map(sent).collect()
}

impl Desk<'_> {
    /// Refuses what a closed connection or a chat that is not imported cannot do.
    fn check_open(&self) -> Result<(), Problem> {
        if !self.connection.takes_commands() {
            let detail = "The connection is closed. Connect again, then repeat this.";
            return Err(problem("connection_closed", detail));
        }
        if !self.chat.is_imported() {
            return Err(problem("chat_not_imported", "The chat is not imported. Import it first."));
        }
        if self.chat.gone.is_some() {
            return Err(problem("chat_gone", "The platform deleted the chat; nothing can be written in it."));
        }
        if self.chat.is_archived() {
            return Err(problem("chat_archived", "The chat is archived; nothing can be written in it."));
        }
        Ok(())
    }

    fn command(&self, message: MessageId, action: Action) -> Command {
        Command {
            id: CommandId::from((self.ids)()),
            customer_id: self.connection.customer_id.clone(),
            connection_id: self.connection.id,
            chat_id: self.chat.id,
            generation: self.chat.generation,
            message_id: message,
            revision: 1,
            number: self.number,
            action,
            origin: self.origin,
            progress: Progress::Waiting,
            steps: serde_json::Value::Null,
            attempts: 0,
            due_at: self.now,
            accepted_at: self.now,
        }
    }

    /// The message, the command and what is told of them, in one commit.
    fn accepted(&self, mut message: Message, command: Option<Command>, kind: Option<EventKind>) -> Accepted {
        message.revision += 1;
        message.updated_at = self.now;
        let mut changes = Changes::of(&self.connection.customer_id);
        changes.writes.push(Write::Expect { chat_id: self.chat.id, generation: self.chat.generation });
        changes.writes.push(Write::Message(message.clone()));
        changes.writes.extend(command.map(Write::Command));
        changes.events.extend(kind.map(|kind| NewEvent {
            kind,
            subject: Subject::Message(message.id),
            revision: message.revision,
            connection_id: Some(self.connection.id),
            chat_id: Some(self.chat.id),
            origin: self.origin,
            merged_from: None,
            at: self.now,
        }));
        Accepted { message, changes }
    }

    /// Accepts a new message; a mail with what stands on it.
    pub fn send(
        &self,
        body: Body,
        thread: Option<Answers>,
        files: Vec<Upload>,
        letter: Option<Letter>,
    ) -> Result<Accepted, Problem> {
        self.check_open()?;
        let broadcast = thread.as_ref().is_some_and(|thread| thread.broadcast);
        let thread_root = thread.map(|thread| thread.root);
        let id = MessageId::from((self.ids)());
        let mut message = Message {
            id,
            customer_id: self.connection.customer_id.clone(),
            connection_id: self.connection.id,
            chat_id: self.chat.id,
            revision: 0,
            external_id: None,
            position: Message::pending_position(self.now),
            direction: Direction::Outgoing,
            facets: Facets::default(),
            status: Status::Pending,
            error: None,
            pending_change: None,
            merged_into: None,
            created_at: self.now,
            updated_at: self.now,
        };
        let content = Content {
            sender: self.connection.senders.first().cloned(),
            body: body.clone(),
            sent_at: self.now,
            edited_at: None,
            thread_root: thread_root.clone(),
            broadcast,
            system: false,
            attachments: files.iter().map(Upload::attachment).collect(),
            letter: letter.map(Box::new),
            platform_data: serde_json::Value::Null,
        };
        let envelope = envelope_of(&content);
        write(&mut message, content);
        let sent = files.iter().map(Upload::sent).collect();
        let command = self.command(id, Action::Send { body, thread_root, broadcast, files: sent, envelope });
        let mut accepted = self.accepted(message, Some(command), Some(EventKind::MessageCreated));
        accepted.changes.writes.push(Write::Active { chat_id: self.chat.id, at: self.now });
        for file in files {
            let state = UploadState::Taken { message: id };
            let due_at = self.now + TAKEN_FOR;
            let file = Upload { state, due_at, revision: file.revision + 1, ..file };
            accepted.changes.writes.push(Write::Upload(file));
        }
        Ok(accepted)
    }

    /// Accepts a change of what a message says. One that never left is changed here.
    pub fn edit(&self, message: &Message, body: Body) -> Result<Accepted, Problem> {
        self.check_open()?;
        self.check_changeable(message)?;
        let mut message = message.clone();
        if let (true, Some(held)) = (never_left(&message), message.facets.shown().cloned()) {
            write(&mut message, Content { body, sent_at: self.now, ..held });
            return Ok(self.accepted(message, None, Some(EventKind::MessageUpdated)));
        }
        let command = self.command(message.id, Action::Edit { body: body.clone() });
        message.pending_change =
            Some(PendingChange { command: command.id, body: Some(body), status: Status::Pending, error: None });
        Ok(self.accepted(message, Some(command), Some(EventKind::MessageUpdated)))
    }

    /// Accepts a deletion. A message that never left is deleted here.
    pub fn delete(&self, message: &Message) -> Result<Accepted, Problem> {
        self.check_open()?;
        self.check_changeable(message)?;
        check_able(self.connection.abilities.delete, "delete messages")?;
        let mut message = message.clone();
        if never_left(&message) {
            message.facets.tell_deleted(Version(i64::MIN));
            return Ok(self.accepted(message, None, Some(EventKind::MessageDeleted)));
        }
        let command = self.command(message.id, Action::Delete);
        message.pending_change =
            Some(PendingChange { command: command.id, body: None, status: Status::Pending, error: None });
        Ok(self.accepted(message, Some(command), Some(EventKind::MessageUpdated)))
    }

    /// Accepts a reaction, or taking one back.
    pub fn react(&self, message: &Message, emoji: &str, present: bool) -> Result<Accepted, Problem> {
        self.check_open()?;
        check_able(self.connection.abilities.react, "take reactions")?;
        if emoji.is_empty() || emoji.len() > LONGEST_EMOJI || emoji.contains(char::is_whitespace) {
            return Err(problem("bad_emoji", "A reaction is one Unicode emoji, or :name: for a custom one."));
        }
        if message.facets.is_deleted() {
            return Err(problem("message_deleted", "The message is deleted."));
        }
        let command = self.command(message.id, Action::React { emoji: emoji.to_owned(), present });
        Ok(self.accepted(message.clone(), Some(command), None))
    }

    /// Accepts that a message which failed, or of which nobody can tell, is sent again.
    pub fn send_again(&self, message: &Message) -> Result<Accepted, Problem> {
        self.check_open()?;
        if !matches!(message.status, Status::Failed | Status::Uncertain) || message.external_id.is_some() {
            return Err(problem("nothing_to_retry", "Only a message that failed or is uncertain can be sent again."));
        }
        let Some(content) = message.facets.shown() else {
            return Err(problem("message_deleted", "The message is deleted."));
        };
        let action = Action::Send {
            body: content.body.clone(),
            thread_root: content.thread_root.clone(),
            broadcast: content.broadcast,
            files: sent_files(content),
            envelope: envelope_of(content),
        };
        let command = self.command(message.id, action);
        let mut message = message.clone();
        (message.status, message.error) = (Status::Pending, None);
        Ok(self.accepted(message, Some(command), Some(EventKind::MessageUpdated)))
    }

    /// Accepts a person's word on a message of which nobody can tell.
    pub fn resolve(&self, message: &Message, sent: bool) -> Result<Accepted, Problem> {
        if message.status != Status::Uncertain {
            return Err(problem("nothing_to_settle", "Only a message that is uncertain can be settled."));
        }
        let mut message = message.clone();
        if sent {
            (message.status, message.error) = (Status::Sent, None);
        } else {
            let detail = "Given up by a person.";
            (message.status, message.error) = (Status::Failed, Some(problem("given_up", detail)));
        }
        Ok(self.accepted(message, None, Some(EventKind::MessageUpdated)))
    }

    fn check_changeable(&self, message: &Message) -> Result<(), Problem> {
        if message.direction != Direction::Outgoing {
            return Err(problem("not_yours", "Only messages that you wrote can be changed."));
        }
        let sender = message.facets.content.as_ref().and_then(|content| content.value.sender.as_ref());
        if sender.is_some_and(|sender| self.connection.linked.contains(sender)) {
            let detail = "You wrote it as somebody whom this connection cannot speak for. Change it at the platform.";
            return Err(problem("not_by_this_connection", detail));
        }
        if message.facets.is_deleted() {
            return Err(problem("message_deleted", "The message is deleted."));
        }
        Ok(())
    }
}

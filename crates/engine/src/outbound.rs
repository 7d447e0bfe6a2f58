//! Brings commands to their platform: in order per chat, each once, whatever crashes when.
//!
//! An attempt is committed before its call. Where the answer is lost, the platform is asked what became
//! of it before anything is sent again.

use crate::{
    CALL_TIMEOUT, Engine, EngineError, FLOW, Offered, SLOWEST_BYTES_PER_SECOND, Turn,
    names::MOVE_AGAIN_AFTER,
    read::{SET_BACK, Unread},
    take_in::News,
    verdict::verdict,
};
use model::{
    changes::{Changes, Naming, Thing, Write},
    chat::Chat,
    command::{Attempt, Command, Progress},
    connection::Connection,
    connector::{Access, ConnectorError, OpenLogin, Outcome, Reading, Step},
    customer::CustomerId,
    decide::Settled,
    id::{ChatId, ExternalId},
    limits::Purpose,
    message::{Message, Problem},
    retry,
    store::StoreError,
    time::Timestamp,
    update::Update,
};
use std::time::Duration;
use tracing::{Instrument, debug_span};

/// How many chats one turn looks at.
const CHATS_AT_ONCE: usize = 16;

/// A command with all that it is about.
pub(crate) struct Errand {
    pub connection: Connection,
    pub chat: Chat,
    pub message: Message,
    pub command: Command,
    /// The message's name at the platform by now.
    pub name_there: Option<ExternalId>,
}

impl Engine {
    /// Does the next thing that is due in one chat's outbox.
    pub async fn outbound_turn(&self) -> Result<Turn, EngineError> {
        let after = self.last.outbound.customer();
        for (customer, chat) in self.store().due_chats(self.now(), after.as_ref(), CHATS_AT_ONCE).await? {
            self.last.outbound.was(&customer);
            let name = format!("outbox/{chat}");
            match self.alone(&name, self.perform_next(&customer, chat)).await? {
                None => continue,
                // Another server has it by now; what it did is seen at the next look.
                Some(Err(EngineError::Store(StoreError::Stale)) | Ok(())) => {}
                Some(Err(EngineError::Store(error))) => return Err(error.into()),
                Some(Err(error)) => {
                    tracing::error!(chat.id = %chat, %error, "Cannot perform the commands of {chat}");
                    for command in self.store().open_commands(&customer, chat).await?.iter().take(1) {
                        self.put_off_command(command, self.now() + SET_BACK).await?;
                    }
                }
            }
            return Ok(Turn::Worked);
        }
        Ok(Turn::Idle)
    }

    async fn perform_next(&self, customer_id: &CustomerId, chat: ChatId) -> Result<(), EngineError> {
        let open = self.store().open_commands(customer_id, chat).await?;
        let Some(command) = open.into_iter().next().filter(|command| command.due_at <= self.now()) else {
            return Ok(());
        };
        let (command_id, message_id, connection_id) = (command.id, command.message_id, command.connection_id);
        let performing = debug_span!(
            target: FLOW, "perform", %message_id, %command_id, %customer_id, %connection_id, chat_id = %chat
        );
        self.perform_command(command).instrument(performing).await
    }

    async fn perform_command(&self, command: Command) -> Result<(), EngineError> {
        let Some(errand) = self.errand(command.clone()).await? else {
            let error = problem("chat_deleted", "The chat or the message is no longer here.");
            return self.put_command(Command { progress: Progress::Failed { error }, ..command }).await;
        };
        if let Progress::Attempting(attempt) = errand.command.progress.clone() {
            return self.find_out(&errand, &attempt).await;
        }
        if let Some(verdict) = verdict(&errand) {
            return self.settle_without_call(&errand, verdict).await;
        }
        if !errand.connection.is_open() {
            return self.put_off_command(&errand.command, self.now() + retry::LONGEST_WAIT).await;
        }
        // While nobody could bring it, its time stood still.
        let back_at = errand.connection.standing().last_silence().and_then(|silence| silence.until);
        let since = back_at.map_or(errand.command.accepted_at, |back_at| back_at.max(errand.command.accepted_at));
        if self.now().since(since) > retry::GIVE_UP_AFTER {
            let error = problem("gave_up", "It could not be brought to the platform in time. Send it again.");
            return self.give_up(&errand, error).await;
        }
        self.attempt(errand).await
    }

    async fn errand(&self, command: Command) -> Result<Option<Errand>, EngineError> {
        let (store, customer) = (self.store(), &command.customer_id);
        let Some(connection) = store.connection(customer, command.connection_id).await? else { return Ok(None) };
        let chat = store.chat(customer, command.chat_id).await?;
        let Some(chat) = chat.filter(|chat| chat.is_imported() && chat.generation == command.generation) else {
            return Ok(None);
        };
        let Some(mut message) = store.message(customer, command.message_id).await? else { return Ok(None) };
        while let Some(into) = message.merged_into {
            let Some(kept) = store.message(customer, into).await? else { return Ok(None) };
            message = kept;
        }
        let name = message.external_id.as_ref();
        let name_there = name.map(|name| self.name_there(&connection, &chat, name)).transpose()?;
        Ok(Some(Errand { connection, chat, message, command, name_there }))
    }

    /// Makes one call. That it is made is on disk before it leaves.
    async fn attempt(&self, errand: Errand) -> Result<(), EngineError> {
        let offered = self.offered(&errand.connection.integration)?.clone();
        let logins = match self.open_logins(&errand.connection).await {
            Err(EngineError::LoginLost) => {
                self.need_login(&errand.connection).await?;
                return self.put_off_command(&errand.command, self.now() + retry::LONGEST_WAIT).await;
            }
            Err(EngineError::Busy(after)) => {
                return self.put_off_command(&errand.command, self.now() + after).await;
            }
            logins => logins?,
        };
        if !self.is_surely_member(&errand.chat) {
            match self.ask_membership(&offered, &errand, &logins).await? {
                Ok(true) => {}
                Ok(false) => {
                    let error = problem("not_a_member", "You are not a member of this chat any more.");
                    return self.give_up(&errand, error).await;
                }
                Err(due_at) => return self.put_off_command(&errand.command, due_at).await,
            }
        }
        let started_at = self.now();
        let file_bytes = errand.command.file_bytes(&errand.connection.abilities);
        let for_files = Duration::from_secs(file_bytes / SLOWEST_BYTES_PER_SECOND);
        let deadline = started_at + CALL_TIMEOUT + for_files;
        let number = errand.command.attempts + 1;
        let command = Command {
            progress: Progress::Attempting(Attempt::new(number, started_at, deadline)),
            attempts: number,
            due_at: deadline,
            ..errand.command
        };
        self.put_command(command.clone()).await?;
        let command = Command { revision: command.revision + 1, ..command };
        let errand = Errand { command, ..errand };
        let wire = self.wire(&offered, &errand.connection, Purpose::Asked);
        let access = self.access(&offered, &errand.connection, &logins, &wire, deadline);
        let mark = self.mark(&errand.connection, errand.chat.id, errand.message.id);
        let attempt = debug_span!(target: FLOW, "attempt", number);
        let outcome = offered.connector.perform(&access, &step(&errand, &mark)).instrument(attempt).await;
        self.take_outcome(&offered, &access, &errand, outcome).await
    }

    /// Whether the person is in the chat: a bot that several customers share may still be where they are
    /// not. Where the platform does not answer now, the time to ask again.
    async fn ask_membership(
        &self,
        offered: &Offered,
        errand: &Errand,
        logins: &[OpenLogin],
    ) -> Result<Result<bool, Timestamp>, EngineError> {
        let asked_at = self.now();
        let wire = self.wire(offered, &errand.connection, Purpose::Asked);
        let access = self.access(offered, &errand.connection, logins, &wire, asked_at + CALL_TIMEOUT);
        let reading = Reading::Membership(errand.chat.external_id.clone());
        match offered.connector.pull(&access, &reading, None).await {
            Ok(page) => {
                let member = page.updates.iter().any(|update| matches!(update, Update::Member { member: true, .. }));
                let news = News::new(&errand.connection, page.updates, errand.command.origin);
                self.take_in(&News { asked_at: Some(asked_at), ..news }).await?;
                self.ease(&errand.connection).await?;
                match member {
                    true => Ok(Ok(true)),
                    false => self.has_moved(offered, &access, errand).await,
                }
            }
            Err(ConnectorError::Refused(_)) => self.has_moved(offered, &access, errand).await,
            Err(error @ (ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. })) => {
                Ok(Err(self.login_refused(&access, &error).await?))
            }
            Err(error) => {
                self.meet(&errand.connection, &error).await?;
                let due_at = match error {
                    ConnectorError::Busy { after } => retry::after_busy(self.now(), after, self.chance()),
                    _ => retry::next_try(self.now(), 3, self.chance()),
                };
                Ok(Err(due_at))
            }
        }
    }

    /// Where the platform no longer shows the chat: it may be there under another id, and is asked for again
    /// under that one.
    pub(crate) async fn has_moved(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        errand: &Errand,
    ) -> Result<Result<bool, Timestamp>, EngineError> {
        match self.follow_move(offered, access, &errand.chat).await {
            Ok(true) => Ok(Err(self.now())),
            Ok(false) => Ok(Ok(false)),
            // Whoever came sooner would use up the room that the search needs as a whole.
            Err(Unread::Platform(ConnectorError::Busy { after })) => {
                Ok(Err(retry::after_busy(self.now(), after, self.chance())))
            }
            Err(Unread::Platform(_)) => Ok(Err(retry::next_try(self.now(), 3, self.chance()))),
            Err(Unread::Failed(error)) => Err(error),
        }
    }

    async fn take_outcome(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        errand: &Errand,
        outcome: Result<Outcome, ConnectorError>,
    ) -> Result<(), EngineError> {
        let waiting = |due_at: Timestamp| Command { progress: Progress::Waiting, due_at, ..errand.command.clone() };
        match outcome {
            Ok(Outcome::Done(mut updates)) => {
                self.look_up_people(&*offered.connector, access, &mut updates).await?;
                self.settle(errand, updates, Progress::Done).await?;
                self.ease(&errand.connection).await
            }
            Ok(Outcome::Next { left, files }) => {
                let command = Command { steps: left, ..waiting(self.now()) };
                self.put_step(errand, command, files).await
            }
            Err(error @ ConnectorError::Busy { after }) => {
                self.meet(&errand.connection, &error).await?;
                self.put_command(waiting(retry::after_busy(self.now(), after, self.chance()))).await
            }
            Err(ConnectorError::Refused(error)) => match self.follow_move(offered, access, &errand.chat).await {
                Ok(true) => self.put_command(waiting(self.now())).await,
                Ok(false) | Err(Unread::Platform(_)) => self.give_up(errand, error).await,
                Err(Unread::Failed(error)) => Err(error),
            },
            Err(error @ (ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. })) => {
                let due_at = self.login_refused(access, &error).await?;
                self.put_command(waiting(due_at)).await
            }
            Err(error @ (ConnectorError::Unknown(_) | ConnectorError::Unreadable(_) | ConnectorError::CursorLost)) => {
                // It stays an attempt of unknown outcome, which is looked into once its time is over.
                tracing::info!(command.id = %errand.command.id, %error, "No answer to {}", errand.command.id);
                self.meet(&errand.connection, &error).await
            }
        }
    }

    /// Closes a command in one commit with what its answer says.
    pub(crate) async fn settle(
        &self,
        errand: &Errand,
        updates: Vec<Update>,
        progress: Progress,
    ) -> Result<(), EngineError> {
        if self.must_wait(&errand.connection, &updates).await? {
            return self.put_off_command(&errand.command, self.now() + MOVE_AGAIN_AFTER).await;
        }
        let settled = Settled { command: errand.command.clone(), progress };
        let chat = errand.chat.named_under().clone();
        let news = News::new(&errand.connection, updates, errand.command.origin);
        self.take_in(&News { settled: Some((settled, chat)), ..news }).await?;
        if errand.command.is_send() {
            self.take_up(&errand.connection, errand.chat.id).await?;
        }
        Ok(())
    }

    pub(crate) async fn put_command(&self, command: Command) -> Result<(), EngineError> {
        let command = Command { revision: command.revision + 1, ..command };
        let mut changes = Changes::of(&command.customer_id);
        changes.writes.push(Write::Command(command));
        Ok(self.commit(changes).await.map(drop)?)
    }

    /// What a step left, with the names that it gave the message: they must be known before it is seen.
    async fn put_step(&self, errand: &Errand, command: Command, files: Vec<ExternalId>) -> Result<(), EngineError> {
        let mut changes = Changes::of(&command.customer_id);
        let (connection_id, thing) = (command.connection_id, Thing::Message(errand.message.id));
        changes
            .writes
            .extend(files.into_iter().map(|file| Write::Name(Naming { connection_id, external_id: file, thing })));
        changes.writes.push(Write::Command(Command { revision: command.revision + 1, ..command }));
        Ok(self.commit(changes).await.map(drop)?)
    }

    pub(crate) async fn put_off_command(&self, command: &Command, due_at: Timestamp) -> Result<(), EngineError> {
        self.put_command(Command { due_at, ..command.clone() }).await
    }
}

pub(crate) fn step<'a>(errand: &'a Errand, mark: &'a str) -> Step<'a> {
    Step {
        action: &errand.command.action,
        chat: &errand.chat.external_id,
        message: errand.name_there.as_ref(),
        mark,
        progress: &errand.command.steps,
    }
}

pub(crate) fn problem(code: &str, detail: &str) -> Problem {
    Problem { code: code.to_owned(), detail: detail.to_owned() }
}

//! Finds out what became of what was sent: nothing is called failed that may stand at the platform.

use crate::{
    CALL_TIMEOUT, Engine, EngineError, FLOW, Offered,
    outbound::{Errand, step},
};
use model::{
    command::{Attempt, Command, Progress},
    connector::{ConnectorError, Proof},
    id::ExternalId,
    limits::Purpose,
    message::Problem,
    retry,
    time::Timestamp,
};
use std::{borrow::Cow, time::Duration};
use tracing::{Instrument, debug_span};

impl Engine {
    /// Looks what became of an attempt whose answer never came.
    pub(crate) async fn find_out(&self, errand: &Errand, attempt: &Attempt) -> Result<(), EngineError> {
        if errand.command.is_send() && errand.message.external_id.is_some() {
            return self.settle(errand, Vec::new(), Progress::Done).await; // Its news came before its answer.
        }
        // A login may come back and prove it, unless that was waited for already.
        if !errand.connection.is_open() && !is_hopeless(attempt, self.now()) {
            return self.put_off_command(&errand.command, self.now() + retry::LONGEST_WAIT).await;
        }
        let offered = self.offered(&errand.connection.integration)?;
        let asked_at = self.now();
        let settled_at = attempt.deadline + offered.connector.describe().settles_after;
        let proof = match self.ask_for_proof(offered, errand, attempt).await? {
            Ok(proof) => proof,
            Err(due_at) => return self.put_off_command(&errand.command, due_at).await,
        };
        let in_vain = Attempt { looks: attempt.looks + 1, ..attempt.clone() };
        match proof {
            Some(Proof::Happened(updates)) => self.settle(errand, updates, Progress::Done).await,
            Some(Proof::NotThere) if asked_at >= settled_at => {
                let due_at = retry::next_try(self.now(), errand.command.attempts, self.chance());
                self.put_command(Command { progress: Progress::Waiting, due_at, ..errand.command.clone() }).await
            }
            Some(Proof::NotThere) => self.put_off_command(&errand.command, settled_at).await,
            Some(Proof::Unfinished { looked_at, after }) => self.look_further(errand, attempt, looked_at, after).await,
            Some(Proof::CannotTell) | None if is_hopeless(&in_vain, self.now()) => {
                self.settle(errand, Vec::new(), Progress::Uncertain { attempt: in_vain }).await
            }
            Some(Proof::CannotTell) | None => {
                let due_at = retry::next_try(self.now(), in_vain.looks + 2, self.chance());
                let progress = Progress::Attempting(in_vain);
                self.put_command(Command { progress, due_at, ..errand.command.clone() }).await
            }
        }
    }

    /// Ends a command that cannot go on. The last of its steps may have been taken all the same, and is looked
    /// for first.
    pub(crate) async fn give_up(&self, errand: &Errand, error: Problem) -> Result<(), EngineError> {
        let failed = Progress::Failed { error };
        if errand.command.steps.is_null() {
            return self.settle(errand, Vec::new(), failed).await;
        }
        let offered = self.offered(&errand.connection.integration)?;
        let (number, now) = (errand.command.attempts, self.now());
        let attempt = Attempt::new(number, now, now);
        match self.ask_for_proof(offered, errand, &attempt).await? {
            Ok(Some(Proof::Happened(updates))) => self.settle(errand, updates, Progress::Done).await,
            Ok(Some(Proof::NotThere)) => self.settle(errand, Vec::new(), failed).await,
            Ok(Some(Proof::Unfinished { looked_at, after })) => {
                self.look_further(errand, &attempt, looked_at, after).await
            }
            Ok(Some(Proof::CannotTell) | None) => {
                let progress = Progress::Attempting(attempt);
                let due_at = retry::next_try(now, 2, self.chance());
                self.put_command(Command { progress, due_at, ..errand.command.clone() }).await
            }
            Err(due_at) => self.put_off_command(&errand.command, due_at).await,
        }
    }

    /// Goes on with a look later where it broke off for want of room.
    async fn look_further(
        &self,
        errand: &Errand,
        attempt: &Attempt,
        looked_at: Vec<ExternalId>,
        after: Duration,
    ) -> Result<(), EngineError> {
        let due_at = retry::after_busy(self.now(), after, self.chance());
        let progress = Progress::Attempting(Attempt { looked_at, ..attempt.clone() });
        self.put_command(Command { progress, due_at, ..errand.command.clone() }).await
    }

    /// What the platform says of an attempt; none where it does not answer now. While there is no login to ask
    /// with, and no room within the platform's limits, the time to look again.
    async fn ask_for_proof(
        &self,
        offered: &Offered,
        errand: &Errand,
        attempt: &Attempt,
    ) -> Result<Result<Option<Proof>, Timestamp>, EngineError> {
        let logins = match self.open_logins(&errand.connection).await {
            Err(EngineError::LoginLost) => {
                self.need_login(&errand.connection).await?;
                let later = self.now() + retry::LONGEST_WAIT;
                return Ok(if is_hopeless(attempt, self.now()) { Ok(None) } else { Err(later) });
            }
            Err(EngineError::Busy(after)) => return Ok(Err(self.now() + after)),
            logins => logins?,
        };
        let wire = self.wire(offered, &errand.connection, Purpose::Asked);
        let access = self.access(offered, &errand.connection, &logins, &wire, self.now() + CALL_TIMEOUT);
        let (mut not_there, mut attempt) = (false, Cow::Borrowed(attempt));
        // It may have left under the mark of a key that was replaced since.
        for mark in self.marks(&errand.connection, errand.chat.id, errand.message.id) {
            let looking = debug_span!(target: FLOW, "prove", looks = attempt.looks);
            match offered.connector.prove(&access, &step(errand, &mark), &attempt).instrument(looking).await {
                Ok(Proof::NotThere) => {
                    not_there = true;
                    // What was looked at for one mark may bear another.
                    attempt.to_mut().looked_at.clear();
                }
                Ok(Proof::Unfinished { after, .. }) if not_there => {
                    return Ok(Err(retry::after_busy(self.now(), after, self.chance())));
                }
                Ok(Proof::CannotTell) => {
                    let moved = self.has_moved(offered, &access, errand).await?;
                    // A search for which there is never room ends like a look that told nothing.
                    let sought_long = self.now().since(attempt.deadline) >= retry::UNCERTAIN_AFTER;
                    let moved = moved.or_else(|due| if sought_long && due > self.now() { Ok(false) } else { Err(due) });
                    return Ok(moved.map(|_| Some(Proof::CannotTell)));
                }
                Ok(proof) => return Ok(Ok(Some(proof))),
                Err(error @ (ConnectorError::LoginLost { .. } | ConnectorError::TokenExpired { .. })) => {
                    return Ok(Err(self.login_refused(&access, &error).await?));
                }
                // Whoever could not look has seen nothing.
                Err(ConnectorError::Busy { after }) if self.now().since(attempt.deadline) < retry::GIVE_UP_AFTER => {
                    return Ok(Err(retry::after_busy(self.now(), after, self.chance())));
                }
                Err(error) => {
                    let id = errand.command.id;
                    tracing::info!(command.id = %id, %error, "Cannot look into {id} now");
                    return Ok(Ok(None));
                }
            }
        }
        Ok(Ok(not_there.then_some(Proof::NotThere)))
    }
}

/// Looked into often and for long enough: only a person can tell.
fn is_hopeless(attempt: &Attempt, now: Timestamp) -> bool {
    attempt.looks >= retry::LOOKS_BEFORE_UNCERTAIN && now.since(attempt.deadline) >= retry::UNCERTAIN_AFTER
}

//! When people and fate have stopped, everything comes to rest, and every side must hold the same.

use crate::{
    asks::What,
    world::{Party, World, integration, lock},
};
use model::{
    chat::Chat,
    command::{Action, Command, Progress},
    compare::ON_ITS_WAY,
    completeness::Completeness,
    connection::Connection,
    event::{EventKind, Subject},
    id::{ChatId, MessageId},
    intake::PartState,
    message::Status,
    store::{Intakes, Store},
    sync_status::{SyncKind, SyncState},
    time::Timestamp,
    world::Clock,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// All must have come to rest after so much simulated time.
const SETTLED_WITHIN: Duration = Duration::from_secs(4 * 60 * 60);
/// How many calls may be one too many for a platform, and as many more each time that the power fails. A call can be
/// slow, and arrive with later ones; a machine that lost its power has forgotten what it had counted.
const MOST_REFUSED_CALLS: u64 = 16;
/// How many threads of Gmail are read in one request.
const THREADS_A_REQUEST: u64 = 10;

impl World {
    /// Ends all faults, waits until nothing is left to do, and compares.
    pub fn settle(&mut self) -> Result<(), String> {
        self.recover();
        // By a server's clock, and later than anything that a comparison begun before can have listed.
        self.recovered_at = self.server_clock.now() + ON_ITS_WAY;
        self.say(|| "everything settles".to_owned());
        let deadline = self.now() + SETTLED_WITHIN;
        let mut ticks = 0_u64;
        loop {
            self.tick()?;
            ticks += 1;
            if ticks.is_multiple_of(20) {
                self.sync();
                match self.unsettled() {
                    None => break,
                    Some(what) if self.now() > deadline => {
                        let open = self.memory.all_commands().into_iter().find(Command::is_open);
                        return Err(format!("did not settle in time: {what} ({open:?})"));
                    }
                    Some(_) => {
                        self.bring_parties_back()?;
                        self.skip_idle_time();
                    }
                }
            }
        }
        self.check_feed()?;
        self.check_rows()?;
        self.check_logins()?;
        self.check_marks()?;
        self.check_limits()?;
        self.follow(0);
        self.compare()
    }

    /// Whoever paused goes on, and whoever lost their login connects again.
    fn bring_parties_back(&mut self) -> Result<(), String> {
        for party in self.everybody() {
            if self.needs_login(&party) {
                self.connect_again(&party)?;
            }
            let paused = |connection: &Connection| connection.id == party.connection && connection.standing.paused;
            if self.memory.all_connections().iter().any(paused) && !self.is_asked() {
                self.ask(&party.customer, What::Pause { connection: party.connection, on: false });
            }
        }
        Ok(())
    }

    /// P8: platforms hardly ever had to refuse a call.
    fn check_limits(&mut self) -> Result<(), String> {
        let slack: Vec<_> =
            self.slack.refused_calls().into_iter().map(|(method, count)| (method.to_owned(), count)).collect();
        let mail = self.gmail().map(|gmail| gmail.refused_calls()).unwrap_or_default();
        // Ten threads are read in one request: where one is too many, so are those that left with it.
        let requests = |(method, count): (String, u64)| match method.as_str() {
            "threads.get" => (method, count.div_ceil(THREADS_A_REQUEST)),
            _ => (method, count),
        };
        let mail: Vec<_> = mail.into_iter().map(requests).collect();
        let failures = self.report.faults.get("power_failed").copied().unwrap_or(0);
        let most = MOST_REFUSED_CALLS * (1 + failures);
        for (platform, refused) in [("Slack", slack), ("Gmail", mail)] {
            let count: u64 = refused.iter().map(|(_, count)| count).sum();
            *self.report.excluded.entry("calls that were one too many").or_default() += count;
            if count > most {
                return Err(format!("P8: {platform} refused {count} calls that were one too many: {refused:?}"));
            }
        }
        Ok(())
    }

    /// Goes on to the time when something is due, if nothing is due now.
    fn skip_idle_time(&mut self) {
        let memory = std::sync::Arc::clone(&self.memory);
        let slack = self.slack.next_due_micros().map(Timestamp::from_micros);
        let mail = self.gmail().and_then(|gmail| gmail.next_due_micros()).map(Timestamp::from_micros);
        let store = self.drive(memory.next_due()).ok().flatten();
        let asked = lock(&self.asks).next_due();
        let sockets = lock(&self.socket_waits).iter().min().copied();
        // What is on a socket is on its way to a server, or nobody is there and it comes again soon.
        let busy = !self.flights.is_empty() || self.slack.unanswered_events() > 0 || self.is_asked();
        if let Some(due) = slack
            .into_iter()
            .chain(mail)
            .chain(store)
            .chain(asked)
            .chain(sockets)
            .min()
            .filter(|due| !busy && *due > self.now())
        {
            self.pass(due.since(self.now()));
        }
    }

    /// Whether an ask is under way, or could be.
    fn is_asked(&self) -> bool {
        lock(&self.asks).next_due().is_some_and(|due| due <= self.now())
    }

    /// What is still to be done, if anything is.
    fn unsettled(&mut self) -> Option<String> {
        let memory = std::sync::Arc::clone(&self.memory);
        let unrouted = self.drive(memory.unrouted(1)).map(|rows| rows.len());
        let news = [
            (!self.flights.is_empty() || self.slack.pending_events() > 0, "events are on their way"),
            (self.slack.next_due_micros().is_some(), "something will happen at Slack"),
            (self.gmail().is_some_and(|gmail| gmail.next_due_micros().is_some()), "something will happen at Gmail"),
            (self.gmail().is_some_and(|gmail| gmail.pending_pushes() > 0), "pushes are on their way"),
            (unrouted.is_ok_and(|count| count > 0), "requests are not routed"),
            (memory.all_parts().iter().any(|part| part.state == PartState::Waiting), "parts are not read"),
        ];
        if news.iter().any(|(waits, _)| *waits) {
            // A comparison may have come before late news that it would have found to be wrong.
            self.recovered_at = self.server_clock.now() + ON_ITS_WAY;
        }
        let waits = [
            (memory.all_commands().iter().any(Command::is_open), "commands are open"),
            (memory.all_sync_statuses().iter().any(|sync| sync.is_open()), "runs are open"),
            (!memory.all_asides().is_empty(), "news are set aside"),
            (memory.all_chats().iter().any(|chat| chat.mark_due_at.is_some()), "marks are not told"),
            (memory.all_connections().iter().any(|one| !one.is_open()), "a connection is not open"),
            (!self.are_compared(), "chats are not compared"),
            (!self.are_emoji_listed(), "emoji are not listed anew"),
            (self.index_is_behind(), "the search index is behind"),
            (self.is_erasing(), "customers are not erased"),
            (!lock(&self.asks).are_answered(), "customers wait for an answer"),
        ];
        news.into_iter().chain(waits).find_map(|(waits, what)| waits.then(|| what.to_owned()))
    }

    /// Whether each chat was compared with Slack since all faults ended, by itself and in its own time.
    fn are_compared(&self) -> bool {
        let chats = self.memory.all_chats();
        let whole = |row: &Completeness| {
            let chat = chats.iter().find(|chat| chat.id == row.chat_id);
            let party = self.parties.iter().find(|party| party.connection == row.connection_id);
            let away = chat
                .zip(party)
                .is_some_and(|(chat, party)| self.seen.ever_left(&party.user, chat.external_id.as_str()));
            let gone = chat.is_none_or(|chat| !chat.is_imported() || self.is_out_of_sight(chat));
            gone || away
                || row.since.is_none()
                || [row.until, row.checked_at, Some(row.recent_at)]
                    .iter()
                    .all(|at| at.is_some_and(|at| at >= self.recovered_at))
        };
        self.memory.all_completeness().iter().all(whole)
    }

    fn compare(&mut self) -> Result<(), String> {
        if let Some(part) = self.memory.all_parts().first() {
            return Err(format!("a part was parked: {:?}", part.state));
        }
        // All but the parties' own authorizations made fresh tokens out of old ones.
        let granted = self.slack.calls().get("oauth.v2.access").copied().unwrap_or(0);
        let refreshes = granted.saturating_sub(self.everybody_ever(&integration()) as u64);
        self.count("refreshes", usize::try_from(refreshes).unwrap_or(usize::MAX));
        self.compare_sends()?;
        self.compare_order()?;
        self.compare_sent_files()?;
        self.compare_erased()?;
        for party in self.parties.clone() {
            self.compare_replay(&party)?;
            self.compare_follower(&party)?;
            self.compare_search(&party)?;
            self.compare_directions(&party)?;
            self.compare_emoji(&party)?;
            self.compare_slack(&party)?;
        }
        self.compare_mail()?;
        Ok(())
    }

    pub fn count(&mut self, what: &'static str, count: usize) {
        *self.report.compared.entry(what).or_default() += count as u64;
    }

    /// P6: every accepted send took effect once, or failed with a reason.
    fn compare_sends(&mut self) -> Result<(), String> {
        let sent = lock(&self.asks).sent();
        let rows: BTreeMap<_, _> = self.memory.all_messages().into_iter().map(|row| (row.id, row)).collect();
        let appeared: BTreeSet<_> =
            self.seen.marks.keys().filter_map(|mark| mark.split_once('.')).map(|(id, _)| id.to_owned()).collect();
        for (_, id, text) in &sent {
            let Some(mut row) = rows.get(id) else { continue }; // Its chat was deleted here.
            let appeared = appeared.contains(&id.to_string());
            while let Some(into) = row.merged_into.and_then(|into| rows.get(&into)) {
                row = into;
            }
            match row.status {
                Status::Sent if appeared => {}
                Status::Sent => return Err(format!("P6: {text} is called sent, and Slack never had it")),
                Status::Failed if appeared => return Err(format!("P6: {text} is called failed, and Slack has it")),
                Status::Failed => {}
                Status::Pending => return Err(format!("{text} is still pending")),
                Status::Uncertain => match self.why_uncertain(row) {
                    Some(reason) => *self.report.excluded.entry(reason).or_default() += 1,
                    None => return Err(format!("P6: {text} stayed uncertain, and Slack could tell")),
                },
            }
        }
        self.count("sends", sent.len());
        Ok(())
    }

    /// P7: what one chat sent stands at Slack in the order in which it was accepted.
    fn compare_order(&mut self) -> Result<(), String> {
        let rows: BTreeMap<_, _> = self.memory.all_messages().into_iter().map(|row| (row.id, row)).collect();
        let mut last: BTreeMap<ChatId, (u64, String)> = BTreeMap::new();
        let mut commands = self.memory.all_commands();
        commands.sort_by_key(|command| (command.customer_id.clone(), command.number));
        for command in commands {
            let sent = matches!(command.action, Action::Send { .. }) && command.progress == Progress::Done;
            let place = rows.get(&command.message_id).filter(|row| row.merged_into.is_none());
            let Some(place) = place.filter(|row| sent && row.external_id.is_some()) else { continue };
            if let Some((number, before)) = last.get(&command.chat_id)
                && *before >= place.position
            {
                return Err(format!("P7: command {} overtook {number} in {}", command.number, command.chat_id));
            }
            last.insert(command.chat_id, (command.number, place.position.clone()));
            self.count("ordered", 1);
        }
        Ok(())
    }

    /// Whoever follows the feed knows of exactly what a list shows.
    fn compare_replay(&mut self, party: &Party) -> Result<(), String> {
        let mut replayed: BTreeMap<MessageId, ChatId> = BTreeMap::new();
        for event in self.memory.all_events().into_iter().filter(|event| event.customer_id == party.customer) {
            match (event.event.subject, event.event.kind, event.event.chat_id) {
                (Subject::Message(id), kind, Some(chat)) => {
                    replayed.insert(id, chat);
                    if kind == EventKind::MessageMerged {
                        let gone = event.event.merged_from.as_ref().and_then(|from| from.parse().ok());
                        gone.and_then(|gone: MessageId| replayed.remove(&gone));
                    }
                }
                (Subject::Chat(chat), EventKind::ChatDeleted, _) => replayed.retain(|_, held| *held != chat),
                _ => {}
            }
        }
        let shown: BTreeMap<_, _> = self
            .memory
            .all_messages()
            .into_iter()
            .filter(|row| row.customer_id == party.customer && row.is_shown())
            .map(|row| (row.id, row.chat_id))
            .collect();
        if replayed != shown {
            let missing: Vec<_> = shown.keys().filter(|id| !replayed.contains_key(id)).collect();
            let extra: Vec<_> = replayed.keys().filter(|id| !shown.contains_key(id)).collect();
            return Err(format!("the feed of {} lacks {missing:?} and has {extra:?} too many", party.customer));
        }
        self.count("replayed", shown.len());
        Ok(())
    }

    pub fn reason_to_exclude(&self, party: &Party, chat: &Chat) -> Option<&'static str> {
        let runs = self.memory.all_sync_statuses();
        let whole = runs.iter().any(|run| {
            run.chat_id == Some(chat.id)
                && run.generation == chat.generation
                && run.kind == SyncKind::Import
                && run.state == SyncState::Completed
        });
        if self.seen.revoked {
            Some("nobody listened for a while")
        } else if self.seen.ever_left(&party.user, chat.external_id.as_str()) {
            Some("the person was away")
        } else if !whole && !chat.begun_here {
            Some("the import did not end")
        } else if self.is_out_of_sight(chat) {
            Some("nothing told of a move")
        } else {
            None
        }
    }
}

//! Compares a part of a chat with the platform, a page at a time. Commits nothing.

use crate::{Engine, EngineError, Offered, read::Unread};
use model::{
    chat::Chat,
    compare::{self, Check, Comparison, Listing, Stretch},
    connector::{Access, ConnectorError, Page, Reading},
    id::ExternalId,
    message::{Message, Problem},
    time::Timestamp,
    update::Update,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How many stored messages one page is compared with. A page whose stretch holds more is read again once
/// those that are gone are called deleted.
const MOST_STORED: usize = 2_000;
/// How many suspects of one page are looked up before what was found is committed.
const MOST_LOOK_UPS: usize = 20;
/// How many wait for room within the platform's limits. Those beyond are found by a later comparison.
const MOST_LEFT: usize = 200;
/// How many threads that the main line does not lead to one comparison reads.
const MOST_THREADS: usize = 100;

/// What one page of a comparison came to.
pub(crate) struct Checked {
    /// What is to be taken in.
    pub updates: Vec<Update>,
    /// When the platform was asked.
    pub asked_at: Timestamp,
    /// The comparison, as it goes on.
    pub next: Check,
    /// Whether it is at its end.
    pub done: bool,
    /// Since when everything was listed by now.
    pub since: Option<Timestamp>,
    /// Why nothing older can be had.
    pub hidden: Option<Problem>,
}

impl Engine {
    /// Reads one page, compares it, and looks up what it lacks.
    pub(crate) async fn check_page(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
        check: &Check,
    ) -> Result<Checked, Unread> {
        let asked_at = self.now();
        if !check.suspects.is_empty() {
            return self.check_suspects(offered, access, chat, check).await;
        }
        let facts = if check.is_at_its_start() { self.facts(offered, access, chat).await? } else { Vec::new() };
        let reading = self.reading(access, chat, check)?;
        let page = offered.connector.pull(access, &reading, check.cursor.as_ref()).await?;
        let page = self.page_under_our_names(access.connection, chat, page).await?;
        let stored = self.stored(chat, &page).await?;
        let listing = Listing { updates: &page.updates, whole: &page.whole, asked_at };
        let Comparison { news, suspects, checked, missed } = compare::compare(&listing, &stored);
        let looked = self.look_up(offered, access, chat, &suspects).await?;
        let deleted = looked.gone.iter().filter_map(|name| stored.get(name));
        let deleted = deleted.filter(|row| compare::is_missed_deletion(row, asked_at)).count() as u64;
        let mut updates = [news, looked.updates].concat();
        self.complete(offered, access, chat, &mut updates).await?;
        updates.splice(0..0, facts);
        // With those that are gone called deleted, the same page has fewer suspects the next time.
        let again = looked.stopped && !looked.gone.is_empty();
        let mut next = Check { missed: check.missed + missed + deleted, suspects: looked.left, ..check.clone() };
        if !again {
            next.checked += checked;
            self.go_on(chat, &page, &looked.gone, &mut next).await?;
        }
        let done = next.is_done();
        Ok(Checked { updates, asked_at, next, done, since: page.since, hidden: page.hidden })
    }

    /// Goes on with the look-ups that the platform's limits had no room for after their page. Where they leave
    /// room for one call at a time, a page that is read again each time would never end.
    async fn check_suspects(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
        check: &Check,
    ) -> Result<Checked, Unread> {
        let asked_at = self.now();
        let looked = self.look_up(offered, access, chat, &check.suspects).await?;
        if looked.left.len() == check.suspects.len() {
            return Err(ConnectorError::Busy { after: looked.busy }.into());
        }
        let left = if looked.left.is_empty() {
            check.suspects.iter().skip(MOST_LOOK_UPS).cloned().collect()
        } else {
            looked.left
        };
        let gone: Vec<_> = looked.gone.iter().cloned().collect();
        let rows = self.store().messages_named(&chat.customer_id, chat.connection_id, &gone).await;
        let rows = rows.map_err(EngineError::from)?;
        let missed = rows.iter().filter(|row| compare::is_missed_deletion(row, asked_at)).count() as u64;
        let mut updates = looked.updates;
        self.complete(offered, access, chat, &mut updates).await?;
        let next = Check { missed: check.missed + missed, suspects: left, ..check.clone() };
        let done = next.is_done();
        Ok(Checked { updates, asked_at, next, done, since: None, hidden: None })
    }

    /// Adds what news of messages need: that the person is in the chat, and who the people are.
    async fn complete(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
        updates: &mut Vec<Update>,
    ) -> Result<(), Unread> {
        if !updates.is_empty() {
            updates.extend(self.confirm_member(offered, access, chat).await?);
            self.look_up_people(&*offered.connector, access, updates).await?;
        }
        Ok(())
    }

    /// What the platform says of the chat itself, if it says anything else by now.
    async fn facts(&self, offered: &Offered, access: &Access<'_>, chat: &Chat) -> Result<Vec<Update>, Unread> {
        let page = match offered.connector.pull(access, &Reading::Chat(chat.external_id.clone()), None).await {
            // What is left of a chat that says nothing of itself, its listing tells.
            Err(ConnectorError::Refused(_)) => return Ok(Vec::new()),
            page => page?,
        };
        let held = chat.facts.as_ref().map(|facts| &facts.value);
        let is_new = |update: &Update| match update {
            Update::Chat { facts, .. } => Some(facts) != held,
            Update::Read { mark, .. } => Some(mark) != chat.read_there.as_ref(),
            _ => false,
        };
        let news = page.updates.into_iter().filter(is_new).collect();
        Ok(self.under_our_names(access.connection, news).await?)
    }

    fn reading(&self, access: &Access<'_>, chat: &Chat, check: &Check) -> Result<Reading, EngineError> {
        let (from, to) = (check.from, check.to);
        let thread = check.threads.as_ref().and_then(|threads| threads.first());
        let thread = thread.map(|thread| self.name_there(access.connection, chat, thread)).transpose()?;
        let chat = chat.external_id.clone();
        Ok(match thread {
            Some(thread) => Reading::Replies { chat, thread, from, to },
            None => Reading::Window { chat, from, to },
        })
    }

    /// The stored messages that a page names or vouches for.
    async fn stored(&self, chat: &Chat, page: &Page) -> Result<BTreeMap<ExternalId, Message>, EngineError> {
        let names: BTreeSet<_> = page.updates.iter().filter_map(Update::message).cloned().collect();
        let names: Vec<_> = names.into_iter().collect();
        let mut rows = self.store().messages_in(&chat.customer_id, chat.id, &page.whole, MOST_STORED).await?;
        if !names.is_empty() {
            rows.extend(self.store().messages_named(&chat.customer_id, chat.connection_id, &names).await?);
        }
        Ok(compare::by_name(chat, rows))
    }

    /// A listing may lack what is there, so each message that it lacks is asked for by itself.
    async fn look_up(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
        suspects: &[ExternalId],
    ) -> Result<LookedUp, Unread> {
        let mut looked = LookedUp { stopped: suspects.len() > MOST_LOOK_UPS, ..LookedUp::default() };
        for (place, message) in suspects.iter().enumerate().take(MOST_LOOK_UPS) {
            let named = self.name_there(access.connection, chat, message)?;
            let reading = Reading::Message { chat: chat.external_id.clone(), message: named };
            match offered.connector.pull(access, &reading, None).await {
                Ok(page) => {
                    let page = self.page_under_our_names(access.connection, chat, page).await?;
                    let gone =
                        |update: &Update| matches!(update, Update::Deleted { message: gone, .. } if gone == message);
                    if page.updates.iter().any(gone) {
                        looked.gone.insert(message.clone());
                    }
                    looked.updates.extend(page.updates);
                }
                Err(ConnectorError::Refused(_) | ConnectorError::Unreadable(_)) => {} // Nobody can tell.
                // What was found so far is not lost, and those that are left are asked about first the next time.
                Err(ConnectorError::Busy { after }) => {
                    looked.busy = after;
                    return Ok(looked.without(&suspects[place..]));
                }
                Err(_) if !looked.gone.is_empty() => return Ok(looked.without(&suspects[place..])),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(looked)
    }

    /// Only who is in a chat may hear what is new in it. That nothing is new, was no news.
    async fn confirm_member(
        &self,
        offered: &Offered,
        access: &Access<'_>,
        chat: &Chat,
    ) -> Result<Vec<Update>, ConnectorError> {
        if self.is_surely_member(chat) {
            return Ok(Vec::new());
        }
        let reading = Reading::Membership(chat.external_id.clone());
        let asked = offered.connector.pull(access, &reading, None).await?.updates;
        match asked.iter().any(|update| matches!(update, Update::Member { member: true, .. })) {
            true => Ok(asked),
            false => Err(ConnectorError::Refused(not_a_member())),
        }
    }

    /// Goes on to the next page, to the threads that are left, or to the end.
    async fn go_on(
        &self,
        chat: &Chat,
        page: &Page,
        gone: &BTreeSet<ExternalId>,
        next: &mut Check,
    ) -> Result<(), EngineError> {
        next.cursor.clone_from(&page.next);
        if page.next.is_some() {
            return Ok(());
        }
        match &mut next.threads {
            Some(threads) if threads.is_empty() => {}
            Some(threads) => drop(threads.remove(0)),
            None => next.threads = Some(self.left_threads(chat, page, gone).await?),
        }
        Ok(())
    }

    async fn left_threads(
        &self,
        chat: &Chat,
        page: &Page,
        gone: &BTreeSet<ExternalId>,
    ) -> Result<Vec<ExternalId>, EngineError> {
        let main: Option<&Stretch> = page.whole.iter().find(|stretch| stretch.thread.is_none());
        let from = main.map_or("", |stretch| stretch.from.as_str());
        let (customer, connection) = (&chat.customer_id, chat.connection_id);
        let threads = self.store().threads_in(customer, chat.id, from, MOST_THREADS).await?;
        if threads.is_empty() {
            return Ok(threads);
        }
        let mut roots = compare::by_name(chat, self.store().messages_named(customer, connection, &threads).await?);
        roots.retain(|name, _| !gone.contains(name));
        Ok(compare::left_threads(threads, &roots, main))
    }
}

/// What look-ups found.
#[derive(Default)]
struct LookedUp {
    updates: Vec<Update>,
    gone: BTreeSet<ExternalId>,
    /// There are more to look up.
    stopped: bool,
    /// Those that could not be asked about now, and how long the platform's limits have no room for it.
    left: Vec<ExternalId>,
    busy: Duration,
}

impl LookedUp {
    fn without(self, left: &[ExternalId]) -> Self {
        Self { left: left.iter().take(MOST_LEFT).cloned().collect(), stopped: false, ..self }
    }
}

pub(crate) fn not_a_member() -> Problem {
    let detail = "You are not a member of this chat there. Join it, then import it again.";
    Problem { code: "not_a_member".to_owned(), detail: detail.to_owned() }
}

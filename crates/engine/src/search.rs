//! Full-text search: the index says where to look, and the rows themselves say what is found.

use crate::{
    Engine, EngineError,
    seen::{MOST_ROUNDS, Seen, Through, can_be_read},
};
use model::{
    changes::Thing,
    connection::Connection,
    customer::CustomerId,
    id::{ChatId, ConnectionId, MessageId},
    index::{Field, Found, Lookup, Needle},
    search::{Haystack, Question, chat_mark, connection_mark, snippet},
    store::{NamedKind, Paging},
    time::Timestamp,
    view,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many people a word may stand for.
const PEOPLE_OF_WORD: usize = 64;
/// How many chats are looked at, and how many of them are shown.
const CHATS_LOOKED_AT: usize = 60;
const CHATS_SHOWN: usize = 10;

/// Where is sought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Within {
    /// Through which connections.
    pub through: Through,
    /// In this chat only.
    pub chat: Option<ChatId>,
    /// Nothing older.
    pub since: Option<Timestamp>,
    /// Nothing from then on.
    pub until: Option<Timestamp>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// Messages, the latest first.
    pub hits: Vec<view::Hit>,
    /// Chats, the most recently active first. On the first page only.
    pub chats: Vec<view::ChatHit>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// The customer's feed up to this number is contained.
    pub indexed_to_seq: u64,
    /// The number of the customer's last event.
    pub as_of_seq: u64,
    /// Older things may be missing, too, since the index is being made anew.
    pub rebuilding: bool,
}

impl Engine {
    /// Finds what holds all that was asked for.
    pub async fn search(
        &self,
        customer: &CustomerId,
        sought: &str,
        within: &Within,
        paging: &Paging,
    ) -> Result<SearchPage, EngineError> {
        let (indexed_to_seq, as_of_seq, rebuilding) = self.indexed(customer).await?;
        let mut page = SearchPage { indexed_to_seq, as_of_seq, rebuilding, ..SearchPage::default() };
        let question = Question::parse(sought);
        if question.is_empty() || paging.limit == 0 {
            return Ok(page);
        }
        let all = self.store().connections(customer).await?;
        let clauses = self.clauses(customer, &question, &all, within).await?;
        if paging.after.is_none() && within.chat.is_none() && within.since.is_none() && within.until.is_none() {
            page.chats = self.find_chats(customer, &question, &clauses).await?;
        }
        (page.hits, page.next) = self.find_messages(customer, (&question, clauses), &all, within, paging).await?;
        Ok(page)
    }

    /// What the index is asked: all terms, where they may stand.
    async fn clauses(
        &self,
        customer: &CustomerId,
        question: &Question,
        all: &[Connection],
        within: &Within,
    ) -> Result<Vec<Vec<Needle>>, EngineError> {
        let mut clauses = Vec::new();
        for term in &question.terms {
            let mut bears = BTreeSet::new();
            for word in term.words_alone() {
                let lookup = lookup(customer, NamedKind::Participant, vec![vec![word]], PEOPLE_OF_WORD);
                bears.extend(self.index().find(lookup).await?.into_iter().flat_map(|found| found.bears));
            }
            clauses.extend(term.clauses(&bears.into_iter().collect::<Vec<_>>()));
        }
        let mark = |mark: String| Needle { field: Field::Marks, tokens: vec![mark], begins: false };
        clauses.extend(within.chat.map(|chat| vec![mark(chat_mark(chat))]));
        if within.through != Through::default() {
            clauses.push(self.chosen(all, &within.through).into_iter().map(|id| mark(connection_mark(id))).collect());
        }
        Ok(clauses)
    }

    async fn find_messages(
        &self,
        customer: &CustomerId,
        (question, clauses): (&Question, Vec<Vec<Needle>>),
        all: &[Connection],
        within: &Within,
        paging: &Paging,
    ) -> Result<(Vec<view::Hit>, Option<String>), EngineError> {
        let mut lookup = Lookup {
            since: within.since,
            until: within.until,
            ..lookup(customer, NamedKind::Message, clauses, paging.limit + 1)
        };
        lookup.before = match &paging.after {
            None => None,
            Some(place) => match place.parse() {
                Ok(place) => Some(place),
                Err(_) => return Ok((Vec::new(), None)),
            },
        };
        // In a chat, what another connection shows elsewhere is not shown.
        let wanted = if within.chat.is_some() { BTreeSet::new() } else { self.chosen(all, &within.through) };
        let mut hits = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let found = self.index().find(lookup.clone()).await?;
            let whole = found.len() < lookup.limit;
            for (place, hit) in self.confirmed(customer, question, all, &wanted, &found).await? {
                if hits.len() == paging.limit {
                    return Ok((hits, lookup.before.map(|place| place.to_string())));
                }
                lookup.before = Some(place);
                hits.push(hit);
            }
            if whole {
                return Ok((hits, None));
            }
            lookup.before = found.last().map(|found| found.place);
        }
        Ok((hits, lookup.before.map(|place| place.to_string())))
    }

    /// Those of the candidates that hold what was asked, as they are by now, each once.
    async fn confirmed(
        &self,
        customer: &CustomerId,
        question: &Question,
        all: &[Connection],
        wanted: &BTreeSet<ConnectionId>,
        found: &[Found],
    ) -> Result<Vec<(i64, view::Hit)>, EngineError> {
        let mut places: BTreeMap<MessageId, i64> = BTreeMap::new();
        for Found { place, thing, .. } in found {
            if let Thing::Message(id) = thing {
                places.insert(*id, *place);
            }
        }
        let rows = self.readable(customer, &places.keys().copied().collect::<Vec<_>>()).await?;
        let mut seen: Vec<Seen> = self.seen_once(customer, all, wanted, rows, can_be_read).await?;
        seen.sort_by_key(|(row, _)| std::cmp::Reverse(places.get(&row.id).copied()));
        let mut hits = Vec::new();
        for sighting in self.show_seen(customer, &seen).await? {
            if question.is_met(texts(&sighting.message).iter()) {
                let place = places.get(&sighting.message.id).copied().unwrap_or_default();
                hits.push((place, view::Hit { snippet: snippet(question, &sighting.message.body.text), sighting }));
            }
        }
        Ok(hits)
    }

    async fn find_chats(
        &self,
        customer: &CustomerId,
        question: &Question,
        clauses: &[Vec<Needle>],
    ) -> Result<Vec<view::ChatHit>, EngineError> {
        let found = self.index().find(lookup(customer, NamedKind::Chat, clauses.to_vec(), CHATS_LOOKED_AT)).await?;
        let ids = found.into_iter().filter_map(|found| match found.thing {
            Thing::Chat(id) => Some(id),
            Thing::Message(_) | Thing::Participant(_) => None,
        });
        let rows = self.listed_chats(customer, ids.collect()).await?;
        let mut chats = self.show_chats(customer, &rows).await?;
        chats.retain(|chat| {
            let others = chat.participants.iter().filter(|person| !person.me).flat_map(names);
            let texts: Vec<_> = others.chain([chat.name.as_str()]).map(Haystack::new).collect();
            question.is_met(texts.iter())
        });
        chats.sort_by_key(|chat| std::cmp::Reverse((chat.active_at, chat.id)));
        chats.truncate(CHATS_SHOWN);
        Ok(chats.into_iter().map(|chat| view::ChatHit { name: snippet(question, &chat.name), chat }).collect())
    }

    /// How far of the customer's feed the index contains, and how far there is.
    async fn indexed(&self, customer: &CustomerId) -> Result<(u64, u64, bool), EngineError> {
        let progress = self.index().progress().await?;
        let as_of_seq = self.store().last_seq(customer).await?;
        let rebuilding = !progress.begun || progress.sweep.is_some();
        let (mut low, mut high) = (self.store().forgotten_seq(customer).await?, as_of_seq);
        if progress.position >= self.store().last_position().await? {
            low = high;
        }
        // The customer's events grow in both numbers alike.
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let event = self.store().events(customer, middle - 1, 1).await?;
            if event.first().is_some_and(|event| event.position <= progress.position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok((if rebuilding { 0 } else { low }, as_of_seq, rebuilding))
    }
}

fn lookup(customer: &CustomerId, kind: NamedKind, clauses: Vec<Vec<Needle>>, limit: usize) -> Lookup {
    Lookup { customer: customer.clone(), kind, clauses, since: None, until: None, before: None, limit }
}

fn names(person: &view::Participant) -> impl Iterator<Item = &str> {
    let emails = person.emails.iter().map(String::as_str);
    [person.name.as_str()].into_iter().chain(person.handle.as_deref()).chain(emails)
}

/// What a message is found in.
fn texts(message: &view::Message) -> Vec<Haystack> {
    let files = message.attachments.iter().map(|file| file.name.as_str());
    let sender = message.sender.iter().flat_map(names);
    [message.body.text.as_str()].into_iter().chain(files).chain(sender).map(Haystack::new).collect()
}

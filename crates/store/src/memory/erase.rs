//! Erases customers.

use super::{Memory, state::State};
use async_trait::async_trait;
use model::{
    customer::CustomerId,
    erasure::{Erasure, Erasures, Through},
    id::IntakeId,
    store::StoreError,
    time::Timestamp,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Erasures for Memory {
    async fn begin_erasure(&self, customer: &CustomerId, now: Timestamp) -> Answer<()> {
        let begun = Erasure { customer_id: customer.clone(), begun_at: now, requests: Through::UpTo(None) };
        self.write(move |state| {
            if !state.erasures.has(&begun.customer_id) {
                state.erasures.put(begun.customer_id.clone(), begun.clone());
            }
            Ok(())
        })
        .await
    }

    async fn erasures(&self, limit: usize) -> Answer<Vec<Erasure>> {
        let mut found: Vec<_> = self.read(|state| state.erasures.rows().cloned().collect());
        found.sort_by_key(|erasure| erasure.begun_at);
        found.truncate(limit);
        Ok(found)
    }

    async fn erase_rows(&self, customer: &CustomerId, limit: usize) -> Answer<usize> {
        let customer = customer.clone();
        self.write(move |state| Ok(state.erase_rows(&customer, limit))).await
    }

    async fn erase_requests(&self, customer: &CustomerId, requests: &[IntakeId], through: Through) -> Answer<()> {
        let (customer, requests) = (customer.clone(), requests.to_vec());
        self.write(move |state| {
            for request in &requests {
                let unclaimed: Vec<_> =
                    state.unclaimed.range((*request, 0)..=(*request, u32::MAX)).map(|(key, _)| *key).collect();
                unclaimed.iter().for_each(|key| state.unclaimed.remove(key));
                state.unrouted.remove(request);
                state.intakes.remove(request);
            }
            if let Some(held) = state.erasures.get(&customer).cloned() {
                state.erasures.put(customer.clone(), Erasure { requests: through, ..held });
            }
            Ok(())
        })
        .await
    }

    async fn end_erasure(&self, customer: &CustomerId) -> Answer<()> {
        let customer = customer.clone();
        self.write(move |state| {
            state.end_erasure(&customer);
            Ok(())
        })
        .await
    }
}

/// Removes rows of a table, as long as some may go.
macro_rules! erase {
    ($state:ident, $left:ident, $customer:ident: $($table:ident)*) => {$(
        let theirs: Vec<_> =
            $state.$table.iter().map(|(key, _)| key).filter(|key| key.0 == *$customer).take($left).cloned().collect();
        $left -= theirs.len();
        theirs.iter().for_each(|key| $state.$table.remove(key));
    )*};
}

impl State {
    fn erase_rows(&mut self, customer: &CustomerId, limit: usize) -> usize {
        let mut left = limit;
        erase!(self, left, customer: parts asides);
        let commands: Vec<_> =
            self.commands.rows().filter(|row| row.customer_id == *customer).take(left).cloned().collect();
        commands.iter().for_each(|row| self.remove_command(row));
        left -= commands.len();
        erase!(self, left, customer: remembered sync_statuses completeness followings);
        let messages: Vec<_> =
            self.messages.rows().filter(|row| row.customer_id == *customer).take(left).cloned().collect();
        messages.iter().for_each(|row| self.remove_message(row));
        left -= messages.len();
        erase!(self, left, customer: names participants emoji chats user_platforms uploads);
        let theirs = self.events.iter().filter(|(_, event)| event.customer_id == *customer).take(left);
        let events: Vec<_> = theirs.map(|(position, event)| (*position, event.seq)).collect();
        for (position, seq) in &events {
            self.events.remove(position);
            self.event_of_seq.remove(&(customer.clone(), *seq));
        }
        left -= events.len();
        if left > 0 && self.feeds.has(customer) {
            self.feeds.remove(customer);
            left -= 1;
        }
        let is_theirs = |document: &serde_json::Value| document["customer"] == customer.as_str();
        let theirs = self.tickets.iter().filter(|(_, ticket)| is_theirs(&ticket.document)).take(left);
        let tickets: Vec<_> = theirs.map(|(key, _)| key.clone()).collect();
        tickets.iter().for_each(|key| self.tickets.remove(key));
        limit - (left - tickets.len())
    }

    fn end_erasure(&mut self, customer: &CustomerId) {
        let theirs: Vec<_> = self.connections.rows().filter(|row| row.customer_id == *customer).cloned().collect();
        for row in &theirs {
            self.connections.remove(&(customer.clone(), row.id));
            let place = (customer.clone(), row.integration.clone(), row.account.clone());
            self.connection_of_account.remove(&place);
        }
        for login in theirs.iter().flat_map(|row| &row.logins) {
            let is_stood_on = self.connections.rows().any(|other| other.logins.contains(login));
            if let Some(held) = self.logins.get(login).filter(|_| !is_stood_on).cloned() {
                self.login_of_account.remove(&(held.integration, held.account));
                self.logins.remove(login);
            }
        }
        self.erasures.remove(customer);
    }
}

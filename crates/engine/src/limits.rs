//! The wire as connectors get it: no call leaves before the platform's limits have room for it.
//!
//! It waits for nobody: a call without room did not happen, and its errand comes again when it was told.
//! What a platform refuses pauses that one bucket, for everybody.

use crate::{Engine, Offered};
use async_trait::async_trait;
use bytes::Bytes;
use model::{
    connection::Connection,
    connector::Connector,
    customer::CustomerId,
    http::{Http, HttpError, Incoming, Request, Response, Transfer},
    id::Integration,
    limits::{Ask, BucketName, Permit, Purpose, Quota, Rule, Wanted},
    store::{Store, StoreError},
    world::Clock,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The wire for one errand.
pub(crate) struct Limited<'a> {
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    inner: &'a dyn Http,
    connector: &'a dyn Connector,
    integration: &'a Integration,
    customer: Option<&'a CustomerId>,
    purpose: Purpose,
    errand: Mutex<Errand>,
}

/// What an errand has had so far.
#[derive(Default)]
struct Errand {
    begun: BTreeMap<BucketName, Begun>,
    /// What there was no room in, the last time that it was refused.
    refused: Option<Quota>,
}

/// What it has had out of one bucket.
struct Begun {
    units: u32,
    rule: Rule,
}

impl Engine {
    /// The wire for one errand of a connection's customer.
    pub(crate) fn wire<'a>(
        &'a self,
        offered: &'a Offered,
        connection: &'a Connection,
        purpose: Purpose,
    ) -> Limited<'a> {
        self.wire_for(offered, &connection.integration, Some(&connection.customer_id), purpose)
    }

    /// The wire for one errand of a customer who may have no connection yet, or of nobody's in particular.
    pub(crate) fn wire_for<'a>(
        &'a self,
        offered: &'a Offered,
        integration: &'a Integration,
        customer: Option<&'a CustomerId>,
        purpose: Purpose,
    ) -> Limited<'a> {
        let (store, clock, inner) = (self.store(), &*self.parts.clock, &*offered.http);
        let connector = &*offered.connector;
        Limited { store, clock, inner, connector, integration, customer, purpose, errand: Mutex::default() }
    }
}

impl Limited<'_> {
    /// What this errand waits for, if it was refused for the platform's limits.
    pub(crate) fn refused(&self) -> Option<Quota> {
        self.errand().refused.clone()
    }

    /// How long the platform's limits make errands like this one last each, where many follow each other and
    /// customers who want the same take turns.
    pub(crate) async fn lasts(&self) -> Result<Duration, StoreError> {
        let had: Vec<_> =
            self.errand().begun.iter().map(|(name, begun)| (name.clone(), begun.rule.pace() * begun.units)).collect();
        let mut longest = Duration::ZERO;
        for (name, alone) in had {
            let bucket = self.store.bucket(&name).await?;
            let others =
                bucket.map_or(0, |bucket| bucket.others_waiting(self.purpose, self.customer, self.clock.now()));
            longest = longest.max(alone.saturating_mul(u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1)));
        }
        Ok(longest)
    }

    fn errand(&self) -> MutexGuard<'_, Errand> {
        self.errand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, quotas: &[Quota]) -> Ask {
        let errand = self.errand();
        let begun = |quota: &Quota| errand.begun.get(&quota.bucket(self.integration)).map_or(0, |begun| begun.units);
        let wanted = |quota: &Quota| Wanted { quota: quota.clone(), begun: begun(quota) };
        Ask {
            integration: self.integration.clone(),
            customer: self.customer.cloned(),
            purpose: self.purpose,
            wanted: quotas.iter().map(wanted).collect(),
            now: self.clock.now(),
        }
    }

    async fn pass(&self, quotas: &[Quota]) -> Result<(), HttpError> {
        let ask = self.ask(quotas);
        let permit = self.store.permit(&ask).await.map_err(|error| HttpError::NotSent(error.to_string()))?;
        let mut errand = self.errand();
        match permit {
            Permit::Granted => {
                for quota in quotas {
                    let first = Begun { units: 0, rule: quota.rule };
                    errand.begun.entry(quota.bucket(self.integration)).or_insert(first).units += quota.units;
                }
                Ok(())
            }
            Permit::ComeAgain { at, quota } => {
                errand.refused = Some(quota);
                Err(HttpError::NoRoom { after: at.since(ask.now) })
            }
        }
    }

    /// The platform counts otherwise than we do. It is believed.
    async fn learn(&self, quotas: Vec<Quota>, answer: &Response) {
        let now = self.clock.now();
        // Which of several was full is not told. The wider ones we keep by ourselves.
        let Some((full, rest)) = quotas.into_iter().next_back().zip(self.connector.rest(answer, now)) else { return };
        let (bucket, until) = (full.bucket(self.integration), now + rest);
        tracing::info!(method = full.method, key = full.key, "{} wants a rest of {}", self.integration, full.method);
        if let Err(error) = self.store.pause(&bucket, now, until).await {
            tracing::warn!(%error, "Cannot keep the rest that {} asked for", self.integration);
        }
        self.errand().refused = Some(full);
    }
}

#[async_trait]
impl Http for Limited<'_> {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let quotas = request.quotas.clone();
        if !quotas.is_empty() {
            self.pass(&quotas).await?;
        }
        let response = self.inner.send(request).await?;
        self.learn(quotas, &response).await;
        Ok(response)
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError> {
        let quotas = transfer.quotas.clone();
        if !quotas.is_empty() {
            self.pass(&quotas).await?;
        }
        let answer = self.inner.transfer(transfer).await?;
        let head = Response { status: answer.status, headers: answer.headers.clone(), body: Bytes::new() };
        self.learn(quotas, &head).await;
        Ok(answer)
    }
}

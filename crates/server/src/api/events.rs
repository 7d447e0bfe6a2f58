//! The feed: by page, or as a stream of server-sent events.
//!
//! The store is the truth and is asked again at least once a second, so that what another server
//! commits is told as well; a wake-up only makes it quicker.

use crate::{
    announcer::Seat,
    api::{ask::Asked, auth::Reader, error::ApiError},
    serve::Server,
};
use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::stream;
use model::{customer::CustomerId, event, view};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use tokio::{sync::watch, time::Instant};
use utoipa::{IntoParams, ToSchema};

/// How many events a page has, unless asked otherwise, and how many a stream reads at once.
const USUAL_EVENTS: usize = 100;
/// How many events a page has at most.
const MOST_EVENTS: usize = 500;
/// How often the store is asked when nothing wakes us.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often a silent stream shows that it lives.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// When a stream ends, so that who may read it is asked again.
const LONGEST_STREAM: Duration = Duration::from_secs(15 * 60);
/// How many streams over all customers there may be.
const MOST_STREAMS_OF_ALL: usize = 16;

/// Which events are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Only later ones: after this `seq` of a customer, or this `position` over all customers. 0 by itself.
    pub after: Option<u64>,
    /// How many at most; 100 by itself, 500 at most.
    pub limit: Option<usize>,
}

/// Where a stream begins.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Only later ones, unless `Last-Event-ID` says otherwise. Without both, from now on.
    pub after: Option<u64>,
}

/// A page of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events {
    /// The events, in order.
    pub items: Vec<view::Event>,
    /// Ask with this as `after` to go on.
    pub next_after: u64,
    /// The last number there was when this was read.
    pub as_of_seq: u64,
}

/// A feed, and where one is in it.
struct Place<'a> {
    server: &'a Server,
    customer: Option<&'a CustomerId>,
    after: u64,
}

impl Place<'_> {
    async fn last(&self) -> Result<u64, ApiError> {
        let store = self.server.engine.store();
        Ok(match self.customer {
            Some(customer) => store.last_seq(customer).await?,
            None => store.last_position().await?,
        })
    }

    async fn read(&self, limit: usize) -> Result<Vec<event::Event>, ApiError> {
        let store = self.server.engine.store();
        Ok(match self.customer {
            Some(customer) => store.events(customer, self.after, limit).await?,
            None => store.log(self.after, limit).await?,
        })
    }

    /// Refuses a place that the feed no longer reaches back to, or has not come to.
    async fn check(&self) -> Result<u64, ApiError> {
        let last = self.last().await?;
        let store = self.server.engine.store();
        let forgotten = match self.customer {
            Some(customer) => store.forgotten_seq(customer).await?,
            None => store.log(0, 1).await?.first().map_or(last, |oldest| oldest.position - 1),
        };
        if self.after < forgotten || self.after > last { Err(ApiError::Forgotten) } else { Ok(last) }
    }
}

/// The feed by page: of one customer, or with an API key and no customer, of all.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventsQuery), responses((status = 200, description = "A page of the feed", body = Events), (status = 410, description = "The feed no longer reaches back so far", body = crate::api::error::ProblemDetails, content_type = "application/problem+json")))]
pub async fn list_events(
    State(server): State<Server>,
    Reader(customer): Reader,
    Asked(query): Asked<EventsQuery>,
) -> Result<Json<Events>, ApiError> {
    let after = query.after.unwrap_or(0);
    let place = Place { server: &server, customer: customer.as_ref(), after };
    let as_of_seq = place.check().await?;
    let rows = place.read(query.limit.unwrap_or(USUAL_EVENTS).clamp(1, MOST_EVENTS)).await?;
    let next_after = rows.last().map_or(after, |event| number(&customer, event));
    let items = server.engine.show_events(&rows).await?;
    Ok(Json(Events { items, next_after, as_of_seq }))
}

fn number(customer: &Option<CustomerId>, event: &event::Event) -> u64 {
    if customer.is_some() { event.seq } else { event.position }
}

/// The feed as server-sent events. Each has its number as `id` and an event as JSON in `data`; resume
/// with `Last-Event-ID`.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events", params(StreamQuery, ("Last-Event-ID" = Option<u64>, Header)), responses((status = 200, description = "The feed", content_type = "text/event-stream", body = view::Event), (status = 410, description = "The feed no longer reaches back so far", body = crate::api::error::ProblemDetails, content_type = "application/problem+json")))]
pub async fn stream_events(
    State(server): State<Server>,
    Reader(customer): Reader,
    headers: HeaderMap,
    Asked(query): Asked<StreamQuery>,
) -> Result<Response, ApiError> {
    let seats = match customer {
        Some(_) => usize::try_from(server.config.limits.streams_per_customer).unwrap_or(usize::MAX),
        None => MOST_STREAMS_OF_ALL,
    };
    // The seat is taken before the feed is read, so that nothing falls between.
    let seat = server.wakers.sit(customer.clone(), seats);
    let seat = seat.map_err(|_| ApiError::TooMany("Too many streams of this feed are open."))?;
    let place = Place { server: &server, customer: customer.as_ref(), after: 0 };
    let after = match last_event_id(&headers)?.or(query.after) {
        Some(after) => Place { after, ..place }.check().await.map(|_| after)?,
        None => place.last().await?,
    };
    let (ends_at, stop) = (Instant::now() + LONGEST_STREAM, server.stop.clone());
    let follower = Follower { server, customer, after, told: VecDeque::new(), seat, ends_at, stop };
    let told = stream::unfold(follower, Follower::next);
    let alive = KeepAlive::new().interval(HEARTBEAT_EVERY);
    let headers = [("cache-control", "no-store"), ("x-accel-buffering", "no")];
    Ok((headers, Sse::new(told).keep_alive(alive)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.map(Some).ok_or_else(|| ApiError::malformed("bad_last_event_id", "Last-Event-ID is the number of an event."))
}

/// One who follows a feed.
struct Follower {
    server: Server,
    customer: Option<CustomerId>,
    after: u64,
    told: VecDeque<sse::Event>,
    seat: Seat,
    ends_at: Instant,
    stop: watch::Receiver<bool>,
}

impl Follower {
    async fn next(mut self) -> Option<(Result<sse::Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Some((Ok(event), self));
            }
            if *self.stop.borrow() || Instant::now() >= self.ends_at {
                return None;
            }
            match self.read().await {
                Ok(true) => {}
                Ok(false) => self.rest().await,
                Err(error) => {
                    tracing::warn!("A stream of events ends: {error}");
                    return None;
                }
            }
        }
    }

    /// Reads the next events. False when there are none.
    async fn read(&mut self) -> Result<bool, ApiError> {
        let place = Place { server: &self.server, customer: self.customer.as_ref(), after: self.after };
        let rows = place.read(USUAL_EVENTS).await?;
        let Some(last) = rows.last().map(|event| number(&self.customer, event)) else { return Ok(false) };
        let first = rows.first().map_or(0, |event| event.seq);
        if self.customer.is_some() && first != self.after + 1 {
            // It reads slower than the feed is forgotten. On its return it is told to begin anew.
            return Err(ApiError::Forgotten);
        }
        for event in rows.iter() {
            if let event::Subject::Message(message_id) = event.event.subject {
                let (seq, customer_id) = (event.seq, &event.customer_id);
                drop(tracing::debug_span!(target: engine::FLOW, "stream", %message_id, seq, %customer_id));
            }
        }
        for event in self.server.engine.show_events(&rows).await? {
            let id = if self.customer.is_some() { event.seq } else { event.position };
            let data = serde_json::to_string(&event).map_err(|_| ApiError::Broken)?;
            self.told.push_back(sse::Event::default().id(id.to_string()).data(data));
        }
        self.after = last;
        Ok(true)
    }

    async fn rest(&mut self) {
        tokio::select! {
            () = self.seat.news() => {}
            () = tokio::time::sleep(ASK_EVERY) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }
}

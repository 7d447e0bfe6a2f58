//! What guards every route: bounds, policies for browsers, and a log without secrets.

use crate::{
    api::{auth::CUSTOMER_HEADER, error::ApiError},
    config::Config,
    proxies::{self, Client},
    serve::Server,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use engine::FLOW;
use std::{any::Any, time::Duration};
use tokio::time::Instant;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};
use tracing::{Instrument, debug_span, field::Empty};

/// How long a browser remembers what another site's page may do.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10 * 60);

/// Guards all routes of a router.
pub fn guarded(router: Router<Server>, server: &Server) -> anyhow::Result<Router<Server>> {
    let trusted = server.config.trusted()?;
    let guarded = router
        .layer(DefaultBodyLimit::max(server.config.limits.body()))
        .layer(from_fn_with_state(server.clone(), bounded))
        .layer(CatchPanicLayer::custom(panicked));
    let guarded = shared(guarded, &server.config)
        .layer(from_fn(with_policies))
        .layer(from_fn_with_state(server.clone(), logged))
        .layer(from_fn_with_state(trusted, proxies::meet));
    Ok(guarded)
}

/// Lets pages of the listed sites call these routes from a browser. They bear a token of their own: no cookie
/// is sent along, so the session of our page serves nobody else.
fn shared(router: Router<Server>, config: &Config) -> Router<Server> {
    if config.allowed_origins.is_empty() {
        return router;
    }
    let origins = config.allowed_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let asks = [CUSTOMER_HEADER, "authorization", "content-type", "idempotency-key", "last-event-id"];
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(asks.map(HeaderName::from_static))
        .expose_headers([header::RETRY_AFTER])
        .max_age(ASKED_AGAIN_AFTER);
    router.layer(cors)
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::Broken.into_response()
}

/// Bounds how many requests are in hand, and how long each may take. A stream is in hand until it begins.
async fn bounded(State(server): State<Server>, request: Request, next: Next) -> Response {
    let Ok(_room) = server.room.try_acquire() else { return ApiError::Overloaded.into_response() };
    let is_upload = *request.method() == Method::POST && request.uri().path() == "/v1/attachments";
    let limits = &server.config.limits;
    let limit = if is_upload { limits.upload_seconds } else { limits.request_seconds };
    let limit = Duration::from_secs(limit);
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::TimedOut.into_response(),
    }
}

/// The policy for pages. People's pictures come from anywhere, and so do those of a mail, whose frame stands under this
/// policy as well as under its own: that one lets them in once somebody asks for them. The page's parts bring their
/// styles along as elements, which only 'unsafe-inline' allows.
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data: https: http:; style-src 'self' 'unsafe-inline'; \
                              object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

async fn with_policies(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Addresses here may hold a ticket.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Logs a request by its route, never by its address, which may hold a ticket.
async fn logged(State(server): State<Server>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("(page)".to_owned(), |path| path.as_str().to_owned());
    let client = request.extensions().get::<Client>().and_then(|client| client.address);
    let client = client.map(tracing::field::display);
    let caller = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let span = debug_span!(
        target: FLOW, "request", kind = "server", %method, route, status = Empty, traceparent = caller
    );
    let response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    let (status, took) = (response.status().as_u16(), began.elapsed());
    server.metrics.answered(method.as_str(), &route, status, took);
    let millis = took.as_millis();
    if response.status().is_server_error() {
        tracing::warn!(%method, route, status, millis, client, "Answered {method} {route} with {status}");
    } else {
        tracing::debug!(%method, route, status, millis, client, "Answered {method} {route} with {status}");
    }
    response
}

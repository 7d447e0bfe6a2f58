//! Webhooks in: a platform's raw bytes go to the engine, and are answered once they are on disk.

use crate::{
    api::{ask::unread, error::ApiError},
    serve::Server,
};
use axum::{
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::Admitted;
use model::{connector::Refusal, id::Integration, intake::RawRequest};

/// Takes in a platform's request. Nothing is answered 2xx before it is kept.
pub async fn take(
    State(server): State<Server>,
    Path(platform): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|error| unread(&error, &server))?;
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let request = RawRequest { headers, body, received_at: server.engine.now() };
    let admitted = server.engine.admit(&Integration(platform.clone()), request).await?;
    server.metrics.admitted(&platform, outcome(&admitted));
    Ok(match admitted {
        Admitted::Kept | Admitted::Hinted => StatusCode::OK.into_response(),
        Admitted::Answer { content_type, body } => ([(header::CONTENT_TYPE, content_type)], body).into_response(),
        Admitted::Refused(refusal) => refused(refusal).into_response(),
    })
}

fn outcome(admitted: &Admitted) -> &'static str {
    match admitted {
        Admitted::Kept => "kept",
        Admitted::Hinted => "hinted",
        Admitted::Answer { .. } => "answered",
        Admitted::Refused(_) => "refused",
    }
}

fn refused(refusal: Refusal) -> ApiError {
    tracing::info!("Refused a webhook: {refusal}");
    match refusal {
        Refusal::NotConfigured => ApiError::NotConfigured,
        Refusal::Untrusted => ApiError::Unauthorized,
        Refusal::Unreadable => ApiError::malformed("unreadable", format!("{refusal}.")),
        Refusal::WrongType => ApiError::WrongContentType,
    }
}

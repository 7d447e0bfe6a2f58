//! Why a call was not done, in the shapes in which Google says it.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::super::meter::TooMuch;
use crate::calendar::rfc3339;

#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    pub code: u16,
    pub status: &'static str,
    pub reason: &'static str,
    pub domain: &'static str,
    pub message: String,
    /// The header that is to blame.
    pub location: Option<&'static str>,
    pub details: Option<Box<Value>>,
}

impl Refused {
    fn new(code: u16, status: &'static str, reason: &'static str, message: impl Into<String>) -> Refused {
        Refused { code, status, reason, domain: "global", message: message.into(), location: None, details: None }
    }

    pub fn invalid(message: impl Into<String>) -> Refused {
        Refused::new(400, "INVALID_ARGUMENT", "invalidArgument", message)
    }

    pub fn precondition(message: impl Into<String>) -> Refused {
        Refused::new(400, "FAILED_PRECONDITION", "failedPrecondition", message)
    }

    pub fn not_found() -> Refused {
        Refused::new(404, "NOT_FOUND", "notFound", "Requested entity was not found.")
    }

    pub fn conflict(message: impl Into<String>) -> Refused {
        Refused::new(409, "ABORTED", "aborted", message)
    }

    pub fn forbidden(message: impl Into<String>) -> Refused {
        Refused::new(403, "PERMISSION_DENIED", "forbidden", message)
    }

    /// No token, or one that is worth nothing.
    pub fn unauthenticated(given: bool) -> Refused {
        let words = "Expected OAuth 2 access token, login cookie or other valid authentication credential. \
                     See https://developers.google.com/identity/sign-in/web/devconsole-project.";
        let message = if given {
            format!("Request had invalid authentication credentials. {words}")
        } else {
            format!("Request is missing required authentication credential. {words}")
        };
        let reason = if given { "authError" } else { "required" };
        Refused { location: Some("Authorization"), ..Refused::new(401, "UNAUTHENTICATED", reason, message) }
    }

    pub fn scope(method: &str) -> Refused {
        let message = "Request had insufficient authentication scopes.";
        let (service, whole) = ("gmail.googleapis.com", format!("caribou.api.proto.MailboxService.{method}"));
        let details = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com", "metadata": { "service": service, "method": whole },
        }]);
        let refused = Refused::new(403, "PERMISSION_DENIED", "insufficientPermissions", message);
        Refused { details: Some(Box::new(details)), ..refused }
    }

    pub fn too_much(why: TooMuch) -> Refused {
        let limit = |code, status, reason, message: String| Refused {
            domain: "usageLimits",
            ..Refused::new(code, status, reason, message)
        };
        match why {
            TooMuch::OfPerson { until_micros } => {
                // The two spaces are Google's.
                let message = format!("User-rate limit exceeded.  Retry after {}", rfc3339(until_micros));
                limit(403, "PERMISSION_DENIED", "rateLimitExceeded", message)
            }
            TooMuch::OfProject { until_micros } => {
                let message = format!("Rate Limit Exceeded.  Retry after {}", rfc3339(until_micros));
                limit(403, "PERMISSION_DENIED", "rateLimitExceeded", message)
            }
            TooMuch::AtOnce => {
                let message = "Too many concurrent requests for user.".to_owned();
                limit(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", message)
            }
        }
    }

    pub fn backend(code: u16) -> Refused {
        let (status, message) = match code {
            503 => ("UNAVAILABLE", "The service is currently unavailable."),
            _ => ("INTERNAL", "Internal error encountered."),
        };
        Refused::new(code, status, "backendError", message)
    }

    pub fn too_large() -> Refused {
        Refused::new(413, "INVALID_ARGUMENT", "uploadTooLarge", "Request Entity Too Large")
    }

    pub fn body(&self) -> Value {
        let first = match self.reason {
            "insufficientPermissions" => "Insufficient Permission",
            "authError" => "Invalid Credentials",
            "required" => "Login Required.",
            _ => &self.message,
        };
        let mut one = json!({ "message": first, "domain": self.domain, "reason": self.reason });
        if let Some(location) = self.location {
            one["location"] = json!(location);
            one["locationType"] = json!("header");
        }
        let mut error = json!({ "code": self.code, "message": self.message, "errors": [one], "status": self.status });
        if let Some(details) = &self.details {
            error["details"] = Value::clone(details);
        }
        json!({ "error": error })
    }

    pub fn response(&self) -> Response<Body> {
        let body = serde_json::to_string_pretty(&self.body()).unwrap_or_default();
        let mut response = Response::new(Body::from(body + "\n"));
        *response.status_mut() = StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json; charset=UTF-8"));
        if self.code == 401 {
            let value = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
            headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static(value));
        }
        response
    }
}
